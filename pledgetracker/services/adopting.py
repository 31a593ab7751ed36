"""Adopting what reviewers decided and chose in another installation, as files tell of it."""

from collections.abc import Sequence
from datetime import date, datetime
from itertools import pairwise
from typing import TypedDict

from pledgetracker.domain.errors import Invalid
from pledgetracker.domain.review import CounterClaim, Decision, Resolution, Review


class PastDecision(TypedDict, total=False):
    """What a reviewer decided elsewhere about an update."""

    before: Review
    review: Review
    reason: str | None
    counter_claim: CounterClaim | None
    decided_on: date
    decided_by: str | None


class PastChoice(TypedDict, total=False):
    """Which of several updates about one day a reviewer chose elsewhere."""

    as_of: date
    milestone: str | None
    chosen: int
    among: Sequence[int]
    reason: str | None
    decided_on: date
    decided_by: str | None


def reviewed(review: Review | None, decisions: Sequence[PastDecision]) -> Review:
    """What an update is in the end: what the last decision made of it, else `review`, else accepted.

    Raises:
        Invalid: the decisions do not follow from each other, or end elsewhere.
    """
    if not decisions:
        return review or Review.ACCEPTED
    for place, (one, following) in enumerate(pairwise(decisions), 1):
        if one["review"] is not following["before"]:
            raise Invalid.field(f"/decisions/{place}/before", "Not what the decision before it made of it.")
    if review not in {None, decisions[-1]["review"]}:
        raise Invalid.field("/review", "Not what the last of the decisions made of it.")
    return decisions[-1]["review"]


def adopt_decision(said: PastDecision, number: int, update: int, *, today: date, now: datetime) -> Decision:
    """The decision about an update that `said` amounts to, recorded at `now`.

    Raises:
        Invalid: it was taken later than `today`.
    """
    if said["decided_on"] > today:
        raise Invalid.field("/decided_on", "Lies ahead.")
    return Decision(
        number=number,
        update=update,
        before=said["before"],
        review=said["review"],
        decided_on=said["decided_on"],
        decided_by=said.get("decided_by"),
        reason=said.get("reason"),
        counter_claim=said.get("counter_claim"),
        recorded_at=now,
    )


def adopt_choice(said: PastChoice, number: int, *, last: int, today: date, now: datetime) -> Resolution:
    """The choice that `said` amounts to, recorded at `now`; `last` is the number of the last update.

    Raises:
        Invalid: it is between updates that there are not, or was made later than `today`.
    """
    among = tuple(said["among"])
    if said["chosen"] not in among or not all(1 <= one <= last for one in among):
        raise Invalid.field("/among", "Not updates that there are.")
    if said["decided_on"] > today:
        raise Invalid.field("/decided_on", "Lies ahead.")
    return Resolution(
        number=number,
        as_of=said["as_of"],
        milestone=said.get("milestone"),
        chosen=said["chosen"],
        among=among,
        decided_on=said["decided_on"],
        decided_by=said.get("decided_by"),
        reason=said.get("reason"),
        recorded_at=now,
    )
