"""Days about which accepted updates differ, and what a reviewer chose between them."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date

from pledgetracker.domain.record import Record
from pledgetracker.domain.review import Resolution
from pledgetracker.domain.update import ProgressUpdate


@dataclass(frozen=True, slots=True)
class Conflict:
    """Updates about one day that differ.

    Attributes:
        milestone: the event milestone that they speak of; None for the pledge itself.
        rivals: all of them, in order of their numbers.
        choice: what a reviewer last chose between them, if anything.
        is_open: whether some still differ: nobody chose, or others came later.
    """

    as_of: date
    milestone: str | None
    rivals: Sequence[ProgressUpdate]
    choice: Resolution | None
    is_open: bool


def conflicts(record: Record, *, today: date) -> tuple[Conflict, ...]:
    """Every conflict about `today` or an earlier day, settled ones too, the earliest first."""
    found = record.recall("conflicts", lambda: tuple(_conflicts(record)))
    return tuple(conflict for conflict in found if conflict.as_of <= today)


def _conflicts(record: Record) -> Iterator[Conflict]:
    for day, milestone in sorted(_subjects(record), key=lambda pair: (pair[0], pair[1] or "")):
        rivals = record.rivals(day, milestone)
        if rivals:
            left = {(u.value, u.done) for u in record.weighed(day, rivals, milestone)}
            yield Conflict(day, milestone, rivals, record.choice(day, milestone), len(left) > 1)


def _subjects(record: Record) -> set[tuple[date, str | None]]:
    """What two reports or more speak of: a day, and an event milestone or the pledge itself."""
    seen: set[tuple[date, str | None]] = set()
    twice: set[tuple[date, str | None]] = set()
    for update in record.reports:
        subject = (update.as_of, update.milestone)
        (twice if subject in seen else seen).add(subject)
    return twice
