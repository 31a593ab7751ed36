"""Reviewing: which updates make figures, and which of several that differ does."""

from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import TypedDict

from pledgetracker.domain.errors import (
    AlreadyReviewed,
    AlreadySuperseded,
    FieldProblem,
    Invalid,
    NoConflict,
    NotFound,
    Superseded,
)
from pledgetracker.domain.pledge import Pledge
from pledgetracker.domain.record import Record
from pledgetracker.domain.review import CounterClaim, Decision, Resolution, Review
from pledgetracker.domain.update import ProgressUpdate
from pledgetracker.services.changing import Change, Turn, change
from pledgetracker.services.reading import UpdateView, view_update
from pledgetracker.services.reporting import news
from pledgetracker.services.rules import Rules
from pledgetracker.storage.database import Transaction
from pledgetracker.storage.paging import Page, PageRequest
from pledgetracker.storage.reviews import WaitingFilter


class DecisionFields(TypedDict, total=False):
    """What a reviewer says of an update."""

    review: Review
    reason: str | None
    counter_claim: CounterClaim | None


class ChoiceFields(TypedDict, total=False):
    """Which of several updates about one day a reviewer chooses."""

    as_of: date
    milestone: str | None
    chosen: int
    reason: str | None


@dataclass(frozen=True, slots=True)
class Waiting:
    """An update that waits for a reviewer, with the pledge that it is of."""

    pledge: Pledge
    shown: UpdateView


def list_waiting(tx: Transaction, wanted: WaitingFilter, request: PageRequest) -> Page[Waiting]:
    """One page of what was submitted or is disputed, what waits longest first."""
    found = tx.reviews.waiting(wanted, request)
    keys = list({entry.pledge for entry in found.items})
    records = {record.pledge.id: record for record in tx.records.get_many(keys)}
    items = [
        Waiting(record.pledge, view_update(record, record.updates[entry.number - 1]))
        for entry in found.items
        for record in (records[entry.pledge],)
    ]
    return Page(items, found.positions, found.has_more)


def decide(
    tx: Transaction,
    key: str,
    number: int,
    fields: DecisionFields,
    rules: Rules,
    *,
    by: str | None,
    now: datetime,
) -> Decision:
    """Record what a reviewer, called `by`, decided about update `number` of pledge `key`.

    Raises:
        NotFound: there is no such pledge, or no such update.
        Invalid: it says submitted, or says no reason where one is needed.
        AlreadyReviewed: the update is that already.
        Superseded: it has been corrected or taken back.
        AlreadySuperseded: it was returned, and another correction has its place.
    """

    def review(record: Record, turn: Turn) -> Change:
        update = record.update(number)
        if update is None:
            raise NotFound("update", f"{key}/{number}")
        _check_decision(record, update, fields)
        decision = Decision(
            number=len(record.decisions) + 1,
            update=number,
            before=update.review,
            review=fields["review"],
            decided_on=turn.today,
            decided_by=by,
            reason=fields.get("reason"),
            counter_claim=fields.get("counter_claim"),
            recorded_at=turn.now,
        )
        tx.reviews.decide(key, decision)
        reviewed = replace(update, review=decision.review)
        updates = (*record.updates[: number - 1], reviewed, *record.updates[number:])
        after = replace(record, updates=updates, decisions=(*record.decisions, decision))
        return Change(after, news(reviewed))

    return change(tx, key, rules, review, now=now).decisions[-1]


def _check_decision(record: Record, update: ProgressUpdate, fields: DecisionFields) -> None:
    review, number = fields["review"], update.number
    if review is Review.SUBMITTED:
        raise Invalid.field("/review", "Decide: accepted, returned or disputed.")
    if review is Review.RETURNED and fields.get("reason") is None:
        raise Invalid.field("/reason", "Say what is wanted, so that whoever submitted it can mend it.")
    if review is not Review.DISPUTED and fields.get("counter_claim") is not None:
        raise Invalid.field("/counter_claim", "Only a disputed update has a counter-claim.")
    if review is Review.DISPUTED and fields.get("reason") is None and fields.get("counter_claim") is None:
        raise Invalid.field(
            "/counter_claim", "Say what others say instead, or in `reason` why it is disputed."
        )
    if (by := record.successors.get(number)) is not None:
        raise Superseded(number, by)
    if review is update.review:
        raise AlreadyReviewed(number, review.value)
    if (rival := record.corrections.rival(update)) is not None:
        raise AlreadySuperseded(rival.of, rival.by)


def resolve(
    tx: Transaction, key: str, fields: ChoiceFields, rules: Rules, *, by: str | None, now: datetime
) -> Resolution:
    """Record which of several accepted updates about one day makes the figure.

    Raises:
        NotFound: there is no such pledge.
        NoConflict: nothing reported for that day differs.
        Invalid: the chosen update is none of those.
    """

    def choose(record: Record, turn: Turn) -> Change:
        day, milestone, chosen = fields["as_of"], fields.get("milestone"), fields["chosen"]
        rivals = record.rivals(day, milestone)
        if not rivals:
            raise NoConflict(key, day.isoformat(), milestone)
        numbers = tuple(u.number for u in rivals)
        if chosen not in numbers:
            known = ", ".join(map(str, numbers))
            raise Invalid([FieldProblem("/chosen", f"Not one of the updates that differ: {known}.")])
        choice = Resolution(
            number=len(record.resolutions) + 1,
            as_of=day,
            milestone=milestone,
            chosen=chosen,
            among=numbers,
            decided_on=turn.today,
            decided_by=by,
            reason=fields.get("reason"),
            recorded_at=turn.now,
        )
        tx.reviews.resolve(key, choice)
        return Change(replace(record, resolutions=(*record.resolutions, choice)))

    return change(tx, key, rules, choose, now=now).resolutions[-1]
