"""Recording progress updates."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date, datetime
from decimal import Decimal
from typing import TypedDict

from pledgetracker.domain.alert import NewsKind
from pledgetracker.domain.errors import AlreadySuperseded, FieldProblem, Invalid
from pledgetracker.domain.pledge import Pledge, Source
from pledgetracker.domain.record import Record
from pledgetracker.domain.review import Review
from pledgetracker.domain.update import Claim, Correction, ProgressUpdate
from pledgetracker.services.changing import Change, News, Turn, change
from pledgetracker.services.rules import Rules
from pledgetracker.storage.database import Transaction

THINGS_SAID = ("value", "increment", "no_change", "done")


class ProgressFields(TypedDict, total=False):
    """What a reporter says; checked for form, not yet against the pledge."""

    as_of: date
    reported_at: date | None
    value: Decimal | None
    increment: Decimal | None
    no_change: bool | None
    done: bool | None
    milestone: str | None
    claim: Claim | None
    note: str | None
    reported_by: str | None
    evidence: tuple[Source, ...]
    supersedes: int | None
    reason: Correction | None


def record_progress(
    tx: Transaction,
    key: str,
    fields: ProgressFields,
    rules: Rules,
    *,
    now: datetime,
    review: Review = Review.ACCEPTED,
) -> tuple[Record, ProgressUpdate]:
    """Record one progress update of pledge `key`; returns the record with it, and the update.

    Args:
        tx: the transaction.
        key: the id of the pledge.
        fields: what is reported.
        rules: the operator's choices.
        now: the instant.
        review: whether it counts at once, or only once a reviewer has accepted it.

    Raises:
        NotFound: there is no such pledge.
        Invalid: it says nothing, or several things, or speaks of what the pledge does not have.
        AlreadySuperseded: the update it corrects has been corrected, or is about to be.
    """

    def report(record: Record, turn: Turn) -> Change:
        update = draft(record, fields, review=review, today=turn.today, now=turn.now)
        tx.progress.add(key, update)
        return Change(replace(record, updates=(*record.updates, update)), news(update))

    record = change(tx, key, rules, report, now=now)
    return record, record.updates[-1]


@dataclass(frozen=True, slots=True)
class Corrected:
    """An update that a correction points to, and the number of the one that has its place already, if any."""

    update: ProgressUpdate
    by: int | None


def draft(
    record: Record, fields: ProgressFields, *, today: date, now: datetime, review: Review = Review.ACCEPTED
) -> ProgressUpdate:
    """The update that `fields` amount to, numbered and complete.

    Raises:
        Invalid: see `record_progress`.
        AlreadySuperseded: see `record_progress`.
    """
    supersedes = fields.get("supersedes")
    found = None if supersedes is None else record.update(supersedes)
    corrected = None if found is None else Corrected(found, None)
    number = len(record.updates) + 1
    update = compose(record.pledge, fields, number, corrected, today=today, now=now, review=review)
    if (rival := record.corrections.rival(update)) is not None:
        raise AlreadySuperseded(rival.of, rival.by)
    return update


def compose(
    pledge: Pledge,
    fields: ProgressFields,
    number: int,
    corrected: Corrected | None,
    *,
    today: date,
    now: datetime,
    review: Review = Review.ACCEPTED,
) -> ProgressUpdate:
    """The update with this number that `fields` amount to; `corrected` is what they say that they supersede.

    Raises:
        Invalid: see `record_progress`.
        AlreadySuperseded: see `record_progress`.
    """
    problems = _problems(pledge, fields, corrected, today)
    if problems:
        raise Invalid(problems)
    before = None if corrected is None else corrected.update
    if corrected is not None and corrected.by is not None:
        raise AlreadySuperseded(corrected.update.number, corrected.by)
    return ProgressUpdate(
        number=number,
        as_of=fields.get("as_of") or _day_of(before),
        reported_at=before.reported_at if before else fields.get("reported_at") or today,
        recorded_at=now,
        value=fields.get("value"),
        increment=fields.get("increment"),
        no_change=bool(fields.get("no_change")),
        done=fields.get("done"),
        milestone=fields.get("milestone"),
        claim=fields.get("claim") or Claim.SELF_REPORTED,
        note=fields.get("note"),
        reported_by=fields.get("reported_by"),
        evidence=fields.get("evidence", ()),
        supersedes=fields.get("supersedes"),
        reason=fields.get("reason"),
        review=review,
    )


def _problems(
    pledge: Pledge, fields: ProgressFields, corrected: Corrected | None, today: date
) -> list[FieldProblem]:
    supersedes, reason = fields.get("supersedes"), fields.get("reason")
    if reason is Correction.RETRACTED:
        problems = list(_retraction_problems(fields))
    else:
        problems = [*_form_problems(fields, today), *_fit_problems(pledge, fields)]
    if supersedes is not None and corrected is None:
        problems.append(FieldProblem("/supersedes", f"There is no update {supersedes} of this pledge."))
    if supersedes is None and reason is not None:
        problems.append(FieldProblem("/supersedes", "Say which update this corrects, or give no reason."))
    if corrected is not None and corrected.update.is_retraction:
        detail = f"Update {supersedes} takes another one back and says nothing itself: report anew."
        problems.append(FieldProblem("/supersedes", detail))
    return problems


def _day_of(corrected: ProgressUpdate | None) -> date:
    assert corrected is not None
    return corrected.as_of


def _retraction_problems(fields: ProgressFields) -> Iterator[FieldProblem]:
    """What keeps a retraction from being one: it only takes back."""
    for name in (*THINGS_SAID, "milestone"):
        said: object = fields.get(name)
        if said is not None and not (name == "no_change" and said is False):
            yield FieldProblem(f"/{name}", "A retraction only takes back what was reported: leave this out.")


def _form_problems(fields: ProgressFields, today: date) -> list[FieldProblem]:
    problems = []
    if fields.get("as_of") is None:
        problems.append(FieldProblem("/as_of", "Say which day this describes."))
    # What GET shows says `no_change: false` of every other report; `done: false` is something said.
    said = [
        name
        for name in THINGS_SAID
        if fields.get(name) is not None and (name != "no_change" or fields.get(name))
    ]
    if len(said) != 1:
        found = f"this has {' and '.join(said)}" if said else "this has none"
        detail = f"Say exactly one of value, increment, no_change and done; {found}."
        problems.append(FieldProblem(f"/{said[1]}" if said else "", detail))
    for name in ("as_of", "reported_at"):
        day = fields.get(name)
        if isinstance(day, date) and day > today:
            problems.append(FieldProblem(f"/{name}", f"Later than today, {today}, where the pledge is."))
    return problems


def _fit_problems(pledge: Pledge, fields: ProgressFields) -> list[FieldProblem]:
    problems = []
    if pledge.is_event:
        problems += [
            FieldProblem(f"/{name}", "This pledge is an event: say done true or false instead.")
            for name in ("value", "increment")
            if fields.get(name) is not None
        ]
    milestone = fields.get("milestone")
    if milestone is not None:
        problems += _stone_problems(pledge, milestone, fields)
    if fields.get("done") is not None and milestone is None and not pledge.is_event:
        problems.append(
            FieldProblem("/done", "This pledge has a figure: report its value, or name an event milestone.")
        )
    return problems


def _stone_problems(pledge: Pledge, milestone: str, fields: ProgressFields) -> Iterator[FieldProblem]:
    events = [stone.id for stone in pledge.milestones if stone.target is None]
    if fields.get("done") is None:
        yield FieldProblem("/milestone", "Only 'done' speaks of a milestone; others follow from figures.")
    elif milestone not in events:
        known = f"its event milestones are {', '.join(events)}" if events else "it has no event milestones"
        yield FieldProblem("/milestone", f"Not an event milestone of this pledge; {known}.")


def news(update: ProgressUpdate) -> tuple[News, ...]:
    """What there is to tell of an update, once it is accepted."""
    if update.review is not Review.ACCEPTED:
        return ()
    if update.supersedes is not None:
        return (News(NewsKind.CORRECTED, update.as_of, update.number),)
    return (News(NewsKind.PROGRESS, update.as_of, update.number),) if update.is_movement else ()
