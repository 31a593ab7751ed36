"""Exchange rates: adding, reading, listing."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import ColumnElement, Connection, RowMapping, exists, insert, or_, select

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
    """

    currency: str | None = None
    on: date | None = None


class RateStore:
    """Writes and reads exchange rates."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def exists(self, key: str) -> bool:
        """Whether there is a rate `key`."""
        return bool(self._connection.scalar(select(exists().where(exchange_rates.c.id == key))))

    def get(self, key: str) -> ExchangeRate | None:
        """The rate `key`, or None."""
        query = select(exchange_rates).where(exchange_rates.c.id == key)
        row = self._connection.execute(query).mappings().first()
        return None if row is None else _rate(row)

    def all(self, wanted: RateFilter) -> Sequence[ExchangeRate]:
        """Every rate that matches."""
        query = select(exchange_rates).where(*_conditions(wanted)).order_by(exchange_rates.c.id)
        return [_rate(row) for row in self._connection.execute(query).mappings()]

    def page(self, wanted: RateFilter, request: PageRequest) -> Page[ExchangeRate]:
        """One page of the rates that match."""
        query = select(exchange_rates).where(*_conditions(wanted))
        sort = exchange_rates.c[request.sort]
        return fetch(self._connection, query, request, sort=sort, key=exchange_rates.c.id, read=_rate)

    def add(self, rate: ExchangeRate) -> None:
        """Store a rate; the table takes one a pair and day."""
        row = {
            "id": rate.id,
            "base": rate.base,
            "quote": rate.quote,
            "date": rate.date,
            "rate": rate.rate,
            "source": documents.source_to(rate.source),
            "recorded_at": rate.recorded_at,
        }
        self._connection.execute(insert(exchange_rates).values(row))


def _conditions(wanted: RateFilter) -> list[ColumnElement[bool]]:
    conditions: list[ColumnElement[bool]] = []
    if wanted.currency is not None:
        sides = (exchange_rates.c.base, exchange_rates.c.quote)
        conditions.append(or_(*(side == wanted.currency for side in sides)))
    if wanted.on is not None:
        conditions.append(exchange_rates.c.date == wanted.on)
    return conditions


def _rate(row: RowMapping) -> ExchangeRate:
    said: dict[str, Any] = dict(row)
    names = ("id", "base", "quote", "date", "rate", "recorded_at")
    source = documents.source_from(said["source"])
    assert source is not None
    return ExchangeRate(**{name: said[name] for name in names}, source=source)
