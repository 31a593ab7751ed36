"""One reported figure: what was said about a day, by whom, on what evidence."""

from dataclasses import dataclass, replace
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum

from pledgetracker.domain.pledge import Source


class Claim(StrEnum):
    """Who stands behind the figure."""

    SELF_REPORTED = "self_reported"
    THIRD_PARTY = "third_party"
    OFFICIAL_STATISTIC = "official_statistic"
    AUDITED = "audited"


@dataclass(frozen=True, slots=True)
class ProgressUpdate:
    """What one report says; exactly one of value, increment, no_change and done is set.

    Attributes:
        number: 1, 2, … within the pledge, in order of recording.
        as_of: the full day that the figure describes.
        reported_at: the day its source said it; a correction inherits it.
        recorded_at: the instant it was stored.
        value: the total to date, in the pledge's unit.
        increment: what came on top on that day or since the last report, in the pledge's unit.
        no_change: True for a report that nothing moved.
        done: for an event, whether it has happened.
        milestone: the event milestone that `done` speaks of; None for the pledge itself.
        supersedes: the number of the update that this one corrects.
    """

    number: int
    as_of: date
    reported_at: date
    recorded_at: datetime
    value: Decimal | None = None
    increment: Decimal | None = None
    no_change: bool = False
    done: bool | None = None
    milestone: str | None = None
    claim: Claim = Claim.SELF_REPORTED
    note: str | None = None
    reported_by: str | None = None
    evidence: tuple[Source, ...] = ()
    supersedes: int | None = None

    @property
    def is_movement(self) -> bool:
        """Whether it says that something happened, rather than that nothing did."""
        return not self.no_change

    def same_report(self, other: "ProgressUpdate") -> bool:
        """Whether both say the same, apart from when they were stored."""
        return replace(self, recorded_at=other.recorded_at) == other
