"""Pages of a list by key, not by offset: stable while rows come and go, and cheap at any depth."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Generic, TypeVar

from sqlalchemy import ColumnElement, Connection, RowMapping, Select, and_, or_

SortValue = str | int | date | datetime

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Position:
    """The last row of the page before: its sort value and its key."""

    value: SortValue
    key: str | int


@dataclass(frozen=True, slots=True)
class PageRequest:
    """Which page is wanted.

    Attributes:
        sort: a sort name that the list knows.
        descending: the other way round.
        after: where the page before ended, or None for the first.
        limit: rows at most.
    """

    sort: str
    descending: bool
    after: Position | None
    limit: int


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """One page of values.

    Attributes:
        positions: where each item is in the list.
        has_more: whether the list goes on.
    """

    items: Sequence[T]
    positions: Sequence[Position]
    has_more: bool

    @property
    def after(self) -> Position | None:
        """Where the next page begins, or None after the last."""
        return self.positions[-1] if self.has_more else None


def paged(positions: Iterable[Position], request: PageRequest) -> Page[Position]:
    """One page of what is at hand, by its positions in any order."""

    def order(position: Position) -> tuple[Any, Any]:
        return position.value, position.key

    in_order = sorted(positions, key=order, reverse=request.descending)
    if request.after is not None:
        edge = order(request.after)
        in_order = [p for p in in_order if (order(p) < edge if request.descending else order(p) > edge)]
    shown = in_order[: request.limit]
    return Page(shown, shown, len(in_order) > len(shown))


def fetch(
    connection: Connection,
    query: Select[Any],
    request: PageRequest,
    *,
    sort: ColumnElement[Any],
    key: ColumnElement[Any],
    read: Callable[[RowMapping], T],
) -> Page[T]:
    """One page of `query`, each row as `read` has it."""
    if request.after is not None:
        query = query.where(_beyond(request.after, sort, key, descending=request.descending))
    order = (sort.desc(), key.desc()) if request.descending else (sort, key)
    placed = query.add_columns(sort.label("sort_value"), key.label("sort_key"))
    rows = connection.execute(placed.order_by(*order).limit(request.limit + 1)).mappings().all()
    shown = rows[: request.limit]
    positions = [Position(row["sort_value"], row["sort_key"]) for row in shown]
    return Page([read(row) for row in shown], positions, len(rows) > len(shown))


def _beyond(
    after: Position, sort: ColumnElement[Any], key: ColumnElement[Any], *, descending: bool
) -> ColumnElement[bool]:
    if descending:
        return or_(sort < after.value, and_(sort == after.value, key < after.key))
    return or_(sort > after.value, and_(sort == after.value, key > after.key))
