"""One reported figure: what was said about a day, by whom, on what evidence."""

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum

from pledgetracker.domain.pledge import Source
from pledgetracker.domain.review import Review


class Claim(StrEnum):
    """Who stands behind the figure."""

    SELF_REPORTED = "self_reported"
    THIRD_PARTY = "third_party"
    OFFICIAL_STATISTIC = "official_statistic"
    AUDITED = "audited"


class Correction(StrEnum):
    """Why an update takes the place of an earlier one."""

    TYPO = "typo"
    RESTATED = "restated"
    SOURCE_CORRECTED = "source_corrected"
    DEFINITION_CHANGED = "definition_changed"
    RETRACTED = "retracted"


@dataclass(frozen=True, slots=True)
class ProgressUpdate:
    """What one report says; exactly one of value, increment, no_change and done is set.

    A retraction says nothing: it only takes back the update that it supersedes.

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
        supersedes: the number of the update that this one corrects, once it is accepted.
        reason: why it does.
        review: whether it makes figures.
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
    reason: Correction | None = None
    review: Review = Review.ACCEPTED

    @property
    def is_retraction(self) -> bool:
        """Whether it takes back an update and puts nothing in its place."""
        return self.reason is Correction.RETRACTED

    @property
    def is_movement(self) -> bool:
        """Whether it says that something happened, rather than that nothing did."""
        return not self.no_change
