"""One attempt to hand an alert over, as it is kept: when, how far it came, what the other side said."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class Phase(StrEnum):
    """How far a letter got."""

    BEFORE_FINAL_DOT = "before_final_dot"
    AFTER_FINAL_DOT = "after_final_dot"


class Outcome(StrEnum):
    """How an attempt ended."""

    SENT = "sent"
    REFUSED = "refused"
    PUT_OFF = "put_off"
    # The channel took nobody's letters: it does not count against this one.
    OUTAGE = "outage"
    # Whoever made it was killed; how far it came is not known.
    LOST = "lost"


@dataclass(frozen=True, slots=True)
class Result:
    """What became of an attempt.

    Attributes:
        phase: None where nobody knows.
        code: of the server's last answer; None if it gave none.
        words: of that answer, or what was met instead; one line.
    """

    outcome: Outcome
    phase: Phase | None = None
    code: int | None = None
    words: str | None = None


@dataclass(frozen=True, slots=True)
class Attempt:
    """One attempt.

    Attributes:
        number: 1, 2, … among those of its alert.
        result: None while it is under way, and until it is known that whoever made it was killed.
    """

    number: int
    begun_at: datetime
    ended_at: datetime | None
    result: Result | None

    @property
    def outcome(self) -> Outcome | None:
        """How it ended."""
        return None if self.result is None else self.result.outcome

    @property
    def phase(self) -> Phase | None:
        """How far it came."""
        return None if self.result is None else self.result.phase

    @property
    def code(self) -> int | None:
        """Of the server's last answer."""
        return None if self.result is None else self.result.code

    @property
    def words(self) -> str | None:
        """Of that answer, or what was met instead."""
        return None if self.result is None else self.result.words
