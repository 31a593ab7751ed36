"""What reviewers say of progress updates: whether they count, and which of several that differ does."""

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum

from pledgetracker.domain.pledge import Source


class Review(StrEnum):
    """Whether an update makes figures; only an accepted one does."""

    SUBMITTED = "submitted"
    ACCEPTED = "accepted"
    RETURNED = "returned"
    DISPUTED = "disputed"

    @property
    def is_open(self) -> bool:
        """Whether it still waits for a reviewer, or for those who differ."""
        return self in {Review.SUBMITTED, Review.DISPUTED}


@dataclass(frozen=True, slots=True)
class CounterClaim:
    """What somebody else says instead of a disputed update; at least one of the three is set.

    Attributes:
        value: the total to date by their account, in the pledge's unit.
    """

    value: Decimal | None = None
    text: str | None = None
    source: Source | None = None


@dataclass(frozen=True, slots=True)
class Decision:
    """What a reviewer decided about one update.

    Attributes:
        number: 1, 2, … within the pledge.
        update: the number of the update.
        before, review: what it was, and what it is from then on.
        decided_on: the pledge's local day of the decision.
        reason: why; of a returned update, what is wanted.
    """

    number: int
    update: int
    before: Review
    review: Review
    decided_on: date
    decided_by: str | None
    reason: str | None
    counter_claim: CounterClaim | None
    recorded_at: datetime


@dataclass(frozen=True, slots=True)
class Resolution:
    """Which of several updates about one day a reviewer chose.

    Attributes:
        number: 1, 2, … within the pledge.
        as_of: the day about which they differ.
        milestone: the event milestone that they speak of; None for the pledge itself.
        chosen: the number of the update that makes the figure.
        among: the numbers of all that the reviewer chose from; what comes later was not weighed.
        decided_on: the pledge's local day of the choice.
    """

    number: int
    as_of: date
    milestone: str | None
    chosen: int
    among: tuple[int, ...]
    decided_on: date
    decided_by: str | None
    reason: str | None
    recorded_at: datetime
