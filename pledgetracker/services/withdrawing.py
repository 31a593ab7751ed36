"""Taking pledges back, and standing by them after all; both stay on record."""

from dataclasses import replace
from datetime import date, datetime
from typing import TypedDict

from pledgetracker.domain.alert import NewsKind
from pledgetracker.domain.errors import AlreadyWithdrawn, Invalid, NotFound
from pledgetracker.domain.pledge import Source, Withdrawal
from pledgetracker.domain.record import Record
from pledgetracker.services.changing import Change, News, Turn, change
from pledgetracker.services.rules import Rules
from pledgetracker.storage.database import Transaction


class WithdrawalFields(TypedDict, total=False):
    """What is said of a withdrawal."""

    on: date | None
    reason: str | None
    source: Source | None


def withdraw(tx: Transaction, key: str, fields: WithdrawalFields, rules: Rules, *, now: datetime) -> Record:
    """Record that a pledge was taken back.

    Raises:
        NotFound: there is no such pledge.
        AlreadyWithdrawn: it was before.
        Invalid: the day lies before the announcement.
    """

    def take_back(record: Record, turn: Turn) -> Change:
        if record.withdrawal is not None:
            raise AlreadyWithdrawn(key)
        withdrawal = draft_withdrawal(record, fields, today=turn.today, now=turn.now)
        tx.pledges.withdraw(key, withdrawal)
        news = News(NewsKind.WITHDRAWN, withdrawal.on, record.pledge.version)
        return Change(replace(record, withdrawals=(*record.withdrawals, withdrawal)), (news,))

    return change(tx, key, rules, take_back, now=now)


def draft_withdrawal(record: Record, fields: WithdrawalFields, *, today: date, now: datetime) -> Withdrawal:
    """The withdrawal that `fields` amount to.

    Raises:
        Invalid: the day lies before the announcement.
    """
    on = fields.get("on") or today
    if on < record.pledge.announced_on:
        raise Invalid.field("/on", f"Before the announcement on {record.pledge.announced_on}.")
    number = len(record.withdrawals) + 1
    return Withdrawal(number, on, fields.get("reason"), fields.get("source"), now)


def rescind_withdrawal(tx: Transaction, key: str, rules: Rules, *, now: datetime) -> Record:
    """Record that a pledge stands after all; that it was withdrawn stays on record.

    Raises:
        NotFound: there is no such pledge, or it is not withdrawn.
    """

    def stand(record: Record, turn: Turn) -> Change:
        if record.withdrawal is None:
            raise NotFound("withdrawal of", key)
        tx.pledges.rescind_withdrawal(key, now=turn.now)
        rescinded = replace(record.withdrawal, rescinded_at=turn.now)
        return Change(replace(record, withdrawals=(*record.withdrawals[:-1], rescinded)))

    return change(tx, key, rules, stand, now=now)
