"""The one way to change a record: settle what the clock has brought, change, settle what that brings."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

from pledgetracker.domain.alert import NewsKind, Owed
from pledgetracker.domain.audit import Action
from pledgetracker.domain.days import local_day
from pledgetracker.domain.errors import NotFound
from pledgetracker.domain.pledge import Pledge
from pledgetracker.domain.record import Record
from pledgetracker.domain.standing import Delivery, standing
from pledgetracker.domain.update import ProgressUpdate
from pledgetracker.domain.verdict import Verdict
from pledgetracker.services import monitoring
from pledgetracker.services.rules import Rules
from pledgetracker.storage.database import Transaction

# The least by which two instants on record can differ.
INSTANT = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True)
class News:
    """Something that happened, to be told.

    Attributes:
        episode: the day it describes.
        number: of the update or move that it tells of.
    """

    kind: NewsKind
    episode: date
    number: int


@dataclass(frozen=True, slots=True)
class Turn:
    """The place in time of one change to a record.

    Attributes:
        now: the instant at which it is recorded; later than whatever is on record, so that what was known
            at an instant never changes afterwards.
        today: the pledge's local day.
    """

    now: datetime
    today: date


@dataclass(frozen=True, slots=True)
class Change:
    """What a change made of a record, and what there is to tell of it."""

    record: Record
    news: tuple[News, ...] = ()


def change(
    tx: Transaction,
    key: str,
    rules: Rules,
    alter: Callable[[Record, Turn], Change | None],
    *,
    now: datetime,
) -> Record:
    """Change the record of pledge `key` by `alter`, and settle flags and owed alerts before and after.

    `alter` gets the record and its turn, stores its own rows, and returns the record with them, or None where
    nothing changes.

    Raises:
        NotFound: there is no such pledge.
    """
    locked = tx.records.lock(key)
    if locked is None:
        raise NotFound("pledge", key)
    record = locked.record
    outlook = locked.outlook
    if outlook.next_check_at is not None and outlook.next_check_at <= now:
        # What fell due before this change is owed even if the change makes it moot.
        outlook = monitoring.look(tx, record, rules, now=now, appointed=outlook.next_check_at).outlook
    turn = turn_of(record.pledge, now)
    altered = alter(record, turn)
    if altered is None:
        return record
    pledge = replace(altered.record.pledge, version=record.pledge.version + 1, updated_at=turn.now)
    after = replace(altered.record, pledge=pledge)
    monitoring.look(tx, after, rules, now=now, before=outlook)
    news = (*altered.news, *_met_news(record, after, altered.news, rules, turn.today))
    _tell(tx, after, rules, news, now)
    _enter(tx, record, after, now)
    tx.records.remember(after)
    return after


def turn_of(pledge: Pledge, now: datetime) -> Turn:
    """The turn of whatever is recorded of a pledge at `now`."""
    last = pledge.updated_at
    instant = now if last is None else max(now, last + INSTANT)
    return Turn(instant, local_day(instant, pledge.time_zone))


def _enter(tx: Transaction, before: Record, after: Record, now: datetime) -> None:
    """Enter into the audit log what became of the record: a row of a ledger, or the pledge with its moves."""
    key = after.pledge.id
    for action, ledger in LEDGERS.items():
        rows = getattr(after, ledger)
        if len(rows) > len(getattr(before, ledger)):
            tx.audit.append(action, key, _corrected(before, rows[-1]), rows[-1], now=now)
            return
    was, became = _bare(before), _bare(after)
    tx.audit.append(_action(was, became), key, was, became, now=now)


# What has entries of its own in the audit log, row by row.
LEDGERS = {
    Action.PROGRESS_RECORD: "updates",
    Action.PROGRESS_REVIEW: "decisions",
    Action.CONFLICT_RESOLVE: "resolutions",
    Action.VERDICT_RECORD: "verdicts",
}


def _corrected(before: Record, row: object) -> ProgressUpdate | Verdict | None:
    if isinstance(row, Verdict):
        return next((v for v in before.verdicts if v.number == row.retracts), None)
    number = row.supersedes if isinstance(row, ProgressUpdate) else None
    return next((u for u in before.updates if u.number == number), None)


def _bare(record: Record) -> Record:
    """The record without what has entries of its own, or repeats what it says."""
    return replace(record, updates=(), decisions=(), resolutions=(), editions=(), verdicts=())


def _action(before: Record, after: Record) -> Action:
    if before.withdrawal is None and after.withdrawal is not None:
        return Action.PLEDGE_WITHDRAW
    if before.withdrawal is not None and after.withdrawal is None:
        return Action.PLEDGE_RESCIND_WITHDRAWAL
    is_move = before.pledge.same_promise(after.pledge)
    return Action.PLEDGE_RESCHEDULE if is_move else Action.PLEDGE_CHANGE


def _met_news(
    before: Record, after: Record, news: tuple[News, ...], rules: Rules, today: date
) -> tuple[News, ...]:
    """That the target is met, if what the news tells of made it so."""
    stands = standing(after, rules.policy, today=today).delivery
    if not news or stands is not Delivery.MET:
        return ()
    if standing(before, rules.policy, today=today).delivery is Delivery.MET:
        return ()
    latest = news[0]
    return (News(NewsKind.MET, latest.episode, latest.number),)


def _tell(tx: Transaction, record: Record, rules: Rules, news: tuple[News, ...], now: datetime) -> None:
    """Record that news is owed to everyone concerned; news is never folded into anything else.

    What is accepted anew after it was returned has been told.
    """
    if rules.tells_news:
        recipients = rules.recipients(record.pledge) if news else ()
        tx.alerts.plan_news(
            (
                Owed(record.pledge.id, None, item.kind, item.episode, item.number, recipient, now)
                for item in news
                for recipient in recipients
            ),
            now=now,
        )
