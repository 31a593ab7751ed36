"""Verdicts: what people rule on a pledge, under a named and versioned rubric."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime

from pledgetracker.domain.pledge import Source


@dataclass(frozen=True, slots=True)
class Verdict:
    """One row of a pledge's ledger of verdicts: a ruling, or that an earlier one was made by mistake.

    Attributes:
        number: 1, 2, … within the pledge, in order of recording.
        rubric, rubric_version: the scale that was used, by its permanent name and version.
        rating: the id of the rating given; None where the row takes an earlier one back.
        ruled_on: the local day from which the ruling holds.
        ruled_by: the person or panel that answers for it.
        reason: why, in the words of whoever ruled.
        evidence: what the ruling rests on.
        recorded_at: the instant it was stored.
        retracts: the number of the verdict that this row takes back, on every day.
    """

    number: int
    rubric: str
    rubric_version: int
    rating: str | None
    ruled_on: date
    ruled_by: str
    reason: str
    recorded_at: datetime
    evidence: tuple[Source, ...] = ()
    retracts: int | None = None


def retractions(verdicts: Iterable[Verdict]) -> Mapping[int, int]:
    """For each verdict taken back its number, and the number of the row that takes it back."""
    return {row.retracts: row.number for row in verdicts if row.retracts is not None}


def in_force(verdicts: Iterable[Verdict], day: date) -> tuple[Verdict, ...]:
    """The verdict in force on `day` under each version of each rubric, by name and version.

    The latest ruling counts, and of one day the last recorded; what was taken back never counts.
    """
    rows = tuple(verdicts)
    taken_back = retractions(rows)
    latest: dict[tuple[str, int], Verdict] = {}
    for row in sorted(rows, key=lambda row: (row.ruled_on, row.number)):
        if row.rating is not None and row.ruled_on <= day and row.number not in taken_back:
            latest[row.rubric, row.rubric_version] = row
    return tuple(latest[key] for key in sorted(latest))
