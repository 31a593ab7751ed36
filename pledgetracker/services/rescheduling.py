"""Moving deadlines: each move is a row of its own, and the date first promised stays."""

from dataclasses import replace
from datetime import date, datetime
from typing import TypedDict

from pledgetracker.domain.alert import NewsKind
from pledgetracker.domain.days import Due
from pledgetracker.domain.errors import FieldProblem, Invalid
from pledgetracker.domain.pledge import Reschedule, SetBy, Source
from pledgetracker.domain.record import Record
from pledgetracker.services.changing import Change, News, Turn, change
from pledgetracker.services.rules import Rules
from pledgetracker.storage.database import Transaction


class MoveFields(TypedDict, total=False):
    """What is said of a move of the deadline."""

    due: Due | None
    announced_on: date | None
    moved_by: SetBy
    reason: str | None
    source: Source | None


def reschedule(tx: Transaction, key: str, fields: MoveFields, rules: Rules, *, now: datetime) -> Record:
    """Record a move of the deadline; the one first promised stays on record.

    Raises:
        NotFound: there is no such pledge.
        Invalid: the new deadline is not after the baseline date and the milestones, is no change, or the
            announcement lies ahead.
    """

    def move(record: Record, turn: Turn) -> Change:
        if fields.get("due") == record.due_on(turn.today):
            raise Invalid.field("/due", "This is the deadline already.")
        after, news = moved(tx, record, fields, turn)
        return Change(after, news)

    return change(tx, key, rules, move, now=now)


def moved(tx: Transaction, record: Record, fields: MoveFields, turn: Turn) -> tuple[Record, tuple[News, ...]]:
    """The record with one more move of its deadline, stored.

    Raises:
        Invalid: see `reschedule`.
    """
    move = draft_move(record, fields, today=turn.today, now=turn.now)
    tx.pledges.reschedule(record.pledge.id, move)
    news = News(NewsKind.RESCHEDULED, move.announced_on, move.number)
    return replace(record, reschedules=(*record.reschedules, move)), (news,)


def draft_move(record: Record, fields: MoveFields, *, today: date, now: datetime) -> Reschedule:
    """The move that `fields` amount to, numbered and complete.

    Raises:
        Invalid: see `reschedule`.
    """
    pledge, due = record.pledge, fields.get("due")
    announced_on = fields.get("announced_on") or today
    found = []
    if due is not None and due.date <= pledge.baseline.date:
        found.append(FieldProblem("/due", f"Not after the baseline date, {pledge.baseline.date}."))
    found += [
        FieldProblem(
            "/due", f"The milestone {m.id!r} is due on {m.due.date}, not before it: change that first."
        )
        for m in pledge.milestones
        if due is not None and m.due.date >= due.date
    ]
    if announced_on > today:
        found.append(FieldProblem("/announced_on", f"Later than today, {today}, where the pledge is."))
    if announced_on < pledge.announced_on:
        found.append(FieldProblem("/announced_on", f"Before the pledge itself, {pledge.announced_on}."))
    if found:
        raise Invalid(found)
    return Reschedule(
        number=len(record.reschedules) + 1,
        due=due,
        announced_on=announced_on,
        moved_by=fields.get("moved_by", SetBy.PLEDGER),
        reason=fields.get("reason"),
        source=fields.get("source"),
        recorded_at=now,
    )
