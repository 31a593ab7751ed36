"""The one way to change a record: settle what the clock has brought, change, settle what that brings."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date, datetime

from pledgetracker.domain.alert import NewsKind, Owed
from pledgetracker.domain.audit import Action
from pledgetracker.domain.days import local_day
from pledgetracker.domain.errors import NotFound
from pledgetracker.domain.record import Record
from pledgetracker.domain.standing import Delivery, standing
from pledgetracker.services import monitoring
from pledgetracker.services.rules import Rules
from pledgetracker.storage.database import Transaction


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
class Change:
    """What a change made of a record, and what there is to tell of it."""

    record: Record
    news: tuple[News, ...] = ()


def change(
    tx: Transaction,
    key: str,
    rules: Rules,
    alter: Callable[[Record, date], Change | None],
    *,
    now: datetime,
) -> Record:
    """Change the record of pledge `key` by `alter`, and settle flags and owed alerts before and after.

    `alter` gets the record and the pledge's local day, stores its own rows, and returns the record with
    them, or None where nothing changes.

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
    today = local_day(now, record.pledge.time_zone)
    altered = alter(record, today)
    if altered is None:
        return record
    pledge = replace(altered.record.pledge, version=record.pledge.version + 1, updated_at=now)
    after = replace(altered.record, pledge=pledge)
    monitoring.look(tx, after, rules, now=now, before=outlook)
    _tell(tx, after, rules, (*altered.news, *_met_news(record, after, altered.news, rules, today)), now)
    _enter(tx, record, after, now)
    tx.records.remember(after)
    return after


def _enter(tx: Transaction, before: Record, after: Record, now: datetime) -> None:
    """Enter into the audit log what became of the record: an update, or the pledge with its moves."""
    key = after.pledge.id
    if len(after.updates) > len(before.updates):
        update = after.updates[-1]
        corrected = next((u for u in before.updates if u.number == update.supersedes), None)
        tx.audit.append(Action.PROGRESS_RECORD, key, corrected, update, now=now)
        return
    # Reports have entries of their own.
    was, became = replace(before, updates=()), replace(after, updates=())
    tx.audit.append(_action(was, became), key, was, became, now=now)


def _action(before: Record, after: Record) -> Action:
    if before.withdrawal is None and after.withdrawal is not None:
        return Action.PLEDGE_WITHDRAW
    if before.withdrawal is not None and after.withdrawal is None:
        return Action.PLEDGE_RESCIND_WITHDRAWAL
    counted = replace(before.pledge, version=after.pledge.version, updated_at=after.pledge.updated_at)
    return Action.PLEDGE_RESCHEDULE if counted == after.pledge else Action.PLEDGE_CHANGE


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
    """Record that news is owed to everyone concerned; news is never folded into anything else."""
    if not rules.tells_news:
        return
    for item in news:
        for recipient in rules.recipients(record.pledge):
            tx.alerts.plan(
                Owed(record.pledge.id, None, item.kind, item.episode, item.number, recipient, now), now=now
            )
