"""Explaining where a pledge stands, from the record and from the flags that are open on it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from pledgetracker.domain.alert import OpenFlag
from pledgetracker.domain.because import because
from pledgetracker.domain.days import local_day
from pledgetracker.domain.explanation import Explanation, explain
from pledgetracker.domain.policy import Policy
from pledgetracker.domain.record import Record
from pledgetracker.domain.vantage import Vantage
from pledgetracker.services.reading import get_record, known, rules_known
from pledgetracker.services.rules import Rules
from pledgetracker.storage.database import Transaction


@dataclass(frozen=True, slots=True)
class Case:
    """What an explanation is made of.

    Attributes:
        open_flags: those on record, where the day is the present one and all is known; else None.
    """

    record: Record
    policy: Policy
    today: date
    open_flags: Sequence[OpenFlag] | None


@dataclass(frozen=True, slots=True)
class ExplanationView:
    """What a standing follows from, and the one sentence why the pledge has its headline."""

    told: Explanation
    because: str


def open_case(tx: Transaction, key: str, rules: Rules, vantage: Vantage) -> Case:
    """What there is to explain of pledge `key`, as `vantage` may know it.

    Raises:
        NotFound: there is no such pledge, or it was begun later.
    """
    record = known(get_record(tx, key), vantage)
    today = vantage.today(record.pledge.time_zone)
    is_present = vantage.known_at is None and today == local_day(vantage.now, record.pledge.time_zone)
    open_flags = tx.flags.open_on(key) if is_present else None
    return Case(record, rules_known(tx, rules, vantage).policy, today, open_flags)


def explained(case: Case) -> ExplanationView:
    """The explanation of a case."""
    told = explain(case.record, case.policy, today=case.today, open_flags=case.open_flags)
    return ExplanationView(told, because(case.record, told.standing, case.policy))
