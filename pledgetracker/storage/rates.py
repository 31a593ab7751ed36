"""Exchange rates: adding, correcting, reading, listing; each version of one stays."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, RowMapping, and_, exists, insert, or_, select

from pledgetracker.domain.money import ExchangeRate
from pledgetracker.storage import documents
from pledgetracker.storage.paging import Page, PageRequest, fetch
from pledgetracker.storage.tables import exchange_rates


@dataclass(frozen=True, slots=True)
class RateFilter:
    """Which rates are wanted; None asks for all.

    Attributes:
        currency: on either side.
        on: of this day.
        known_at: those on record at this instant, as they were then.
    """

    currency: str | None = None
    on: date | None = None
    known_at: datetime | None = None


class RateStore:
    """Writes and reads exchange rates."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def exists(self, key: str) -> bool:
        """Whether there is a rate `key`, taken back or not."""
        return bool(self._connection.scalar(select(exists().where(exchange_rates.c.id == key))))

    def get(
        self, key: str, *, known_at: datetime | None = None, is_locked: bool = False
    ) -> ExchangeRate | None:
        """The rate `key` as it is, or was at `known_at`; None before it was recorded.

        `is_locked` keeps it from every other writer until the transaction ends.
        """
        query = select(exchange_rates).where(exchange_rates.c.id == key, _in_force(known_at))
        row = self._connection.execute(query.with_for_update() if is_locked else query).mappings().first()
        return None if row is None else _rate(row)

    def all(self, wanted: RateFilter) -> Sequence[ExchangeRate]:
        """Every rate that matches, as it is or was at the instant that is asked for."""
        query = select(exchange_rates).where(*_conditions(wanted)).order_by(exchange_rates.c.id)
        return [_rate(row) for row in self._connection.execute(query).mappings()]

    def versions(self) -> Sequence[ExchangeRate]:
        """Every version of every rate: those of one follow each other, the first before the others."""
        query = select(exchange_rates).order_by(exchange_rates.c.id, exchange_rates.c.version)
        return [_rate(row) for row in self._connection.execute(query).mappings()]

    def page(self, wanted: RateFilter, request: PageRequest) -> Page[ExchangeRate]:
        """One page of the rates that match."""
        query = select(exchange_rates).where(*_conditions(wanted))
        sort = exchange_rates.c[request.sort]
        return fetch(self._connection, query, request, sort=sort, key=exchange_rates.c.id, read=_rate)

    def add(self, rate: ExchangeRate) -> None:
        """Store a rate, or the next version of one; the table takes each version once."""
        row = {
            "id": rate.id,
            "version": rate.version,
            "base": rate.base,
            "quote": rate.quote,
            "date": rate.date,
            "rate": rate.rate,
            "source": documents.source_to(rate.source),
            "reason": rate.reason,
            "recorded_at": rate.recorded_at,
        }
        self._connection.execute(insert(exchange_rates).values(row))


def _in_force(known_at: datetime | None) -> ColumnElement[bool]:
    """That a version is the newest of its rate, or was at `known_at`."""
    later = exchange_rates.alias("later")
    newer = [later.c.id == exchange_rates.c.id, later.c.version > exchange_rates.c.version]
    if known_at is None:
        return ~exists().where(*newer)
    known = exchange_rates.c.recorded_at <= known_at
    return and_(known, ~exists().where(*newer, later.c.recorded_at <= known_at))


def _conditions(wanted: RateFilter) -> list[ColumnElement[bool]]:
    conditions = [_in_force(wanted.known_at)]
    if wanted.currency is not None:
        sides = (exchange_rates.c.base, exchange_rates.c.quote)
        conditions.append(or_(*(side == wanted.currency for side in sides)))
    if wanted.on is not None:
        conditions.append(exchange_rates.c.date == wanted.on)
    return conditions


def _rate(row: RowMapping) -> ExchangeRate:
    said: dict[str, Any] = dict(row)
    names = ("id", "base", "quote", "date", "rate", "recorded_at", "version", "reason")
    source = documents.source_from(said["source"])
    assert source is not None
    return ExchangeRate(**{name: said[name] for name in names}, source=source)
