"""Keeping exchange rates: each of one pair and day, with who published it; corrected, never overwritten."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any, TypedDict

from pledgetracker.domain.audit import Action
from pledgetracker.domain.days import latest_day
from pledgetracker.domain.errors import FieldProblem, Invalid, NotFound, RateExists
from pledgetracker.domain.money import ExchangeRate, rate_id
from pledgetracker.domain.pledge import Source
from pledgetracker.storage.database import Transaction

INSTANT = timedelta(microseconds=1)


class RateFields(TypedDict):
    """What is said of a rate."""

    base: str
    quote: str
    date: date
    rate: Decimal | None
    source: Source


class RateChange(TypedDict, total=False):
    """What is said of a correction; a rate of None takes it back."""

    base: str
    quote: str
    date: date
    rate: Decimal | None
    source: Source
    reason: str | None


def add_rate(tx: Transaction, fields: RateFields, *, now: datetime) -> ExchangeRate:
    """Record what one `base` was in `quote` on a day.

    Raises:
        Invalid: both are one currency, the rate is not above 0, or the day has not begun anywhere.
        RateExists: there is one of that pair and day.
    """
    rate = draft_rate(fields, now=now)
    keep_rate(tx, rate, now=now)
    return rate


def draft_rate(fields: RateFields, *, now: datetime) -> ExchangeRate:
    """The rate that `fields` amount to, recorded at `now`.

    Raises:
        Invalid: see `add_rate`.
    """
    if found := list(_problems(fields, now)):
        raise Invalid(found)
    key = rate_id(fields["base"], fields["quote"], fields["date"])
    return ExchangeRate(key, **fields, recorded_at=now)


def keep_rate(tx: Transaction, rate: ExchangeRate, *, now: datetime) -> None:
    """Store a rate, which comes to be known here at `now`.

    Raises:
        RateExists: there is one of that pair and day.
    """
    if tx.rates.exists(rate.id):
        raise RateExists(rate.base, rate.quote, rate.date.isoformat())
    tx.rates.add(rate)
    tx.audit.append(Action.RATE_CREATE, rate.id, None, rate, now=now)


def correct_rate(tx: Transaction, key: str, fields: RateChange, *, now: datetime) -> ExchangeRate:
    """Record that the rate `key` is another, or none at all; what it was before stays on record.

    Raises:
        NotFound: there is no such rate.
        Invalid: the rate is not above 0, no reason is given, or it would be of another pair or day.
    """
    before = get_rate(tx, key, is_locked=True)
    changed = draft_correction(before, fields, now=now)
    if changed is not before:
        keep_correction(tx, before, changed, now=now)
    return changed


def draft_correction(before: ExchangeRate, fields: RateChange, *, now: datetime) -> ExchangeRate:
    """The version after `before` that `fields` amount to, recorded at `now`; `before` if nothing changes.

    Raises:
        Invalid: see `correct_rate`.
    """
    said: dict[str, Any] = {name: value for name, value in fields.items() if name != "reason"}
    changed = replace(before, **said)
    if changed == before:
        return before
    if found := list(_change_problems(before, changed, fields.get("reason"))):
        raise Invalid(found)
    # Every version has an instant of its own, so that what was known at any stays the same.
    instant = max(now, before.recorded_at + INSTANT)
    return replace(changed, version=before.version + 1, reason=fields.get("reason"), recorded_at=instant)


def keep_correction(tx: Transaction, before: ExchangeRate, changed: ExchangeRate, *, now: datetime) -> None:
    """Store the next version of a rate, which comes to be known here at `now`."""
    tx.rates.add(changed)
    tx.audit.append(Action.RATE_CHANGE, changed.id, before, changed, now=now)


def get_rate(
    tx: Transaction, key: str, *, known_at: datetime | None = None, is_locked: bool = False
) -> ExchangeRate:
    """The rate `key` as it is, or was at `known_at`; `is_locked` keeps it from every other writer.

    Raises:
        NotFound: there is none, or it was recorded later.
    """
    found = tx.rates.get(key, known_at=known_at, is_locked=is_locked)
    if found is None:
        raise NotFound("exchange rate", key)
    return found


def _change_problems(before: ExchangeRate, after: ExchangeRate, reason: str | None) -> Iterator[FieldProblem]:
    for name in ("base", "quote", "date"):
        if getattr(before, name) != getattr(after, name):
            yield FieldProblem(f"/{name}", f"Is part of what {before.id} is; record another rate instead.")
    if after.rate is not None and after.rate <= 0:
        yield FieldProblem("/rate", "Must be above 0, or null to take the rate back.")
    if reason is None:
        yield FieldProblem("/reason", "Say why the rate on record is not right.")


def _problems(fields: RateFields, now: datetime) -> list[FieldProblem]:
    found = []
    if fields["base"] == fields["quote"]:
        found.append(FieldProblem("/quote", "The same as base: name two currencies."))
    if fields["rate"] is None or fields["rate"] <= 0:
        found.append(FieldProblem("/rate", "Must be above 0."))
    if fields["date"] > (today := latest_day(now)):
        found.append(FieldProblem("/date", f"Later than today, {today}: nobody knows that rate yet."))
    return found
