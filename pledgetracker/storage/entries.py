"""What pledgers and initiatives have in common: an id, a version, and one row each."""

from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import datetime
from functools import cache
from typing import Any, Generic, TypeVar

from sqlalchemy import Connection, Table, bindparam, delete, insert, select, update

from pledgetracker.storage.paging import Page, PageRequest, fetch
from pledgetracker.storage.prepared import Prepared

T = TypeVar("T")


class EntryStore(Generic[T]):
    """Rows of one table with a slug as key, read as values of one type."""

    def __init__(self, connection: Connection, table: Table, read: Callable[[Any], T]) -> None:
        self._connection = connection
        self._table = table
        self._read = read

    def get(self, key: str, *, is_locked: bool = False) -> T | None:
        """The entry `key`, or None; `is_locked` keeps it from other writers until this transaction ends."""
        row = _one(self._table, is_locked=is_locked).first(self._connection, {"key": key})
        return None if row is None else self._read(row._asdict())

    def get_many(self, keys: Collection[str]) -> Sequence[T]:
        """Those of the entries `keys` that there are, in no order; a few hundred at most."""
        query = select(self._table).where(self._table.c.id.in_(keys))
        return [self._read(row) for row in self._connection.execute(query).mappings()]

    def begun_by(self, instant: datetime) -> Sequence[str]:
        """The ids, in no order, of the entries that were begun by `instant` and are there still."""
        query = select(self._table.c.id).where(self._table.c.created_at <= instant)
        return self._connection.scalars(query).all()

    def lock(self, key: str) -> T | None:
        """The entry `key`, kept from every other writer until this transaction ends."""
        query = select(self._table).where(self._table.c.id == key).with_for_update()
        row = self._connection.execute(query).mappings().first()
        return None if row is None else self._read(row)

    def exists(self, key: str) -> bool:
        """Whether there is an entry `key`."""
        return _one(self._table).first(self._connection, {"key": key}) is not None

    def keys(self) -> Sequence[str]:
        """The ids of all entries, in no order."""
        return self._connection.scalars(select(self._table.c.id)).all()

    def page(self, request: PageRequest, wanted: Mapping[str, str | None]) -> Page[T]:
        """One page, sorted by one of the table's columns; of `wanted`, columns with None ask for all."""
        sort = self._table.c[request.sort]
        asked = {name: value for name, value in wanted.items() if value is not None}
        query = select(self._table).filter_by(**asked)
        return fetch(self._connection, query, request, sort=sort, key=self._table.c.id, read=self._read)

    def add(self, key: str, fields: Mapping[str, Any], *, now: datetime) -> None:
        """Store a new entry."""
        row = {"id": key, **fields, "version": 1, "created_at": now, "updated_at": now}
        _add(self._table).run(self._connection, row)

    def restore(self, entry: T) -> None:
        """Store an entry as it was elsewhere, with its version and instants."""
        row = {column.name: getattr(entry, column.name) for column in self._table.columns}
        _add(self._table).run(self._connection, row)

    def change(self, key: str, fields: Mapping[str, Any], *, now: datetime) -> None:
        """Store new content of an entry, as its next version."""
        table = self._table
        changed = {**fields, "version": table.c.version + 1, "updated_at": now}
        self._connection.execute(update(table).where(table.c.id == key).values(changed))

    def delete(self, key: str) -> None:
        """Remove an entry that nothing refers to."""
        self._connection.execute(delete(self._table).where(self._table.c.id == key))


@cache
def _one(table: Table, *, is_locked: bool = False) -> Prepared:
    query = select(table).where(table.c.id == bindparam("key"))
    return Prepared(query.with_for_update(key_share=True) if is_locked else query)


@cache
def _add(table: Table) -> Prepared:
    return Prepared(insert(table), columns=table.columns.keys())
