"""What is wrong with files, each thing by its place, the first hundred of them told."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from marshmallow import ValidationError

from pledgetracker.api.files.sheets import RowMalformed
from pledgetracker.api.parsing import Malformed, field_problems
from pledgetracker.domain.errors import FieldProblem, Invalid, Refusal

TOLD = 100
REFUSALS = (Refusal, ValidationError, Malformed)


@dataclass(frozen=True, slots=True)
class Complaint:
    """One thing that is wrong, and where: the file, and the place in it."""

    file: str
    place: str
    detail: str

    def __str__(self) -> str:
        return f"{self.file}{', ' if self.place else ''}{self.place}: {self.detail}"


class ImportRefused(Refusal):
    """Files hold what the record will not take; nothing of the import was kept."""

    def __init__(self, complaints: Sequence[Complaint], number: int) -> None:
        self.complaints = complaints
        self.number = number
        more = number - len(complaints)
        lines = [str(complaint) for complaint in complaints]
        super().__init__("\n".join([*lines, *([f"and {more:,} more"] if more else [])]))


@dataclass(frozen=True, slots=True)
class Place:
    """Where in which file.

    Attributes:
        row: the number of a row, in tables; names within are those of columns.
        pointer: a JSON Pointer, elsewhere; names within are appended to it.
    """

    file: str
    row: int | None = None
    pointer: str = ""

    def at(self, within: str) -> str:
        """The place that the pointer `within` names inside."""
        if self.row is None:
            return self.pointer + within
        column = within[1:].replace("/", ".")
        return f"row {self.row}, column {column}" if column else f"row {self.row}"


class Complaints:
    """Collects what is wrong, so that all of it is told and not only the first."""

    def __init__(self) -> None:
        self._told: list[Complaint] = []
        self.number = 0

    def add(self, place: Place, problem: FieldProblem) -> None:
        """Note one more."""
        self.number += 1
        if len(self._told) < TOLD:
            self._told.append(Complaint(place.file, place.at(problem.pointer), problem.detail))

    def note(self, place: Place, refusal: Exception) -> None:
        """Note everything that was refused there."""
        for problem in _problems(refusal):
            self.add(place, problem)

    @contextmanager
    def collecting(self, place: Place) -> Iterator[None]:
        """Note what is refused inside, and go on."""
        try:
            yield
        except REFUSALS as refusal:
            self.note(place, refusal)

    def settle(self) -> None:
        """Refuse, if there was anything.

        Raises:
            ImportRefused: there was.
        """
        if self.number:
            raise ImportRefused(self._told, self.number)


def _problems(refusal: Any) -> Iterator[FieldProblem]:
    match refusal:
        case ValidationError():
            yield from field_problems(refusal.messages)
        case Invalid():
            yield from refusal.problems
        case Malformed():
            yield FieldProblem("", str(refusal.description))
        case RowMalformed():
            yield FieldProblem("", f"Row {refusal.number}: {refusal.detail}")
        case _:
            yield FieldProblem("", str(refusal))
