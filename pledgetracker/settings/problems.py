"""What can be wrong with the settings, told to the operator all at once."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing wrong: the setting, where it was set, what is wrong with it, and the cure.

    No part of it ever holds a secret.
    """

    name: str
    source: str
    message: str
    cure: str

    def __str__(self) -> str:
        line = f"{self.source}: {self.message}. {self.cure}{'' if self.cure.endswith('?') else '.'}"
        # Names and values come from outside: a line break in one must not fake a second problem.
        return "".join(
            character if character.isprintable() else character.encode("unicode_escape").decode()
            for character in line
        )


class SettingsError(Exception):
    """The settings cannot be used: `problems` says why, and the text has a line for each."""

    def __init__(self, problems: tuple[Problem, ...]) -> None:
        super().__init__(problems)
        self.problems = problems

    def __str__(self) -> str:
        return "\n".join(map(str, self.problems))
