"""Keeping exchange rates: each of one pair and day, with who published it, and never changed."""

from datetime import date, datetime
from decimal import Decimal
from typing import TypedDict

from pledgetracker.domain.audit import Action
from pledgetracker.domain.days import local_day
from pledgetracker.domain.errors import FieldProblem, Invalid, NotFound, RateExists
from pledgetracker.domain.money import ExchangeRate, rate_id
from pledgetracker.domain.pledge import Source
from pledgetracker.storage.database import Transaction


class RateFields(TypedDict):
    """What is said of a rate."""

    base: str
    quote: str
    date: date
    rate: Decimal
    source: Source


def add_rate(tx: Transaction, fields: RateFields, *, now: datetime) -> ExchangeRate:
    """Record what one `base` was in `quote` on a day.

    Raises:
        Invalid: both are one currency, the rate is not above 0, or the day has not begun anywhere.
        RateExists: there is one of that pair and day.
    """
    if found := list(_problems(fields, now)):
        raise Invalid(found)
    key = rate_id(fields["base"], fields["quote"], fields["date"])
    if tx.rates.exists(key):
        raise RateExists(fields["base"], fields["quote"], fields["date"].isoformat())
    rate = ExchangeRate(key, **fields, recorded_at=now)
    tx.rates.add(rate)
    tx.audit.append(Action.RATE_CREATE, key, None, rate, now=now)
    return rate


def get_rate(tx: Transaction, key: str) -> ExchangeRate:
    """The rate `key`.

    Raises:
        NotFound: there is none.
    """
    found = tx.rates.get(key)
    if found is None:
        raise NotFound("exchange rate", key)
    return found


def _problems(fields: RateFields, now: datetime) -> list[FieldProblem]:
    found = []
    if fields["base"] == fields["quote"]:
        found.append(FieldProblem("/quote", "The same as base: name two currencies."))
    if fields["rate"] <= 0:
        found.append(FieldProblem("/rate", "Must be above 0."))
    # The day on the first calendar to reach it.
    if fields["date"] > (today := local_day(now, "Pacific/Kiritimati")):
        found.append(FieldProblem("/date", f"Later than today, {today}: nobody knows that rate yet."))
    return found
