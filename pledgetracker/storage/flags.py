"""Flags: opened once, cleared once, kept for ever."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from functools import partial

from sqlalchemy import ColumnElement, Connection, RowMapping, bindparam, insert, or_, select, update

from pledgetracker.domain.alert import OpenFlag
from pledgetracker.domain.flag import Flag, FlagKind
from pledgetracker.storage import dialects
from pledgetracker.storage.paging import Page, PageRequest, fetch
from pledgetracker.storage.prepared import Prepared
from pledgetracker.storage.tables import flags


@dataclass(frozen=True, slots=True)
class FlagEntry:
    """A flag as it stands in the record.

    Attributes:
        episode: the date that names the occurrence.
        opened_on: the local day from which it counts.
        opened_at, cleared_at: the instants at which it was recorded and cleared.
    """

    id: int
    pledge: str
    kind: FlagKind
    milestone: str | None
    episode: date
    opened_on: date
    opened_at: datetime
    cleared_at: datetime | None


@dataclass(frozen=True, slots=True)
class FlagFilter:
    """Which flags are wanted; None asks for all.

    Attributes:
        is_open: whether they are open, or were at `known_at`.
        known_at: those opened by this instant, as they were then.
    """

    pledge: str | None = None
    kind: FlagKind | None = None
    is_open: bool | None = None
    known_at: datetime | None = None


_OPEN = Prepared(
    select(flags.c.id, flags.c.kind, flags.c.milestone, flags.c.episode, flags.c.opened_on)
    .where(flags.c.pledge == bindparam("on"), flags.c.cleared_at.is_(None))
    .order_by(flags.c.id)
)

_COLUMNS = ("id", "pledge", "episode", "opened_on", "opened_at", "cleared_at")


class FlagStore:
    """Reads and writes flags."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def open_on(self, pledge: str) -> Sequence[OpenFlag]:
        """The open flags of a pledge."""
        return [
            OpenFlag(row.id, FlagKind(row.kind), row.milestone or None, row.episode, row.opened_on)
            for row in _OPEN.all(self._connection, {"on": pledge})
        ]

    def open(self, pledge: str, flag: Flag, *, opened_on: date, now: datetime) -> OpenFlag:
        """Record that a condition was found."""
        row = {
            "pledge": pledge,
            "kind": flag.kind.value,
            "milestone": flag.milestone or "",
            "episode": flag.episode,
            "opened_on": opened_on,
            "opened_at": now,
        }
        key = self._connection.execute(insert(flags).values(row).returning(flags.c.id)).scalar_one()
        return OpenFlag(key, flag.kind, flag.milestone, flag.episode, opened_on)

    def restore(self, found: Sequence[FlagEntry]) -> None:
        """Store flags as they stood elsewhere, under their ids; further ones get ids beyond those."""
        rows = [
            {name: getattr(flag, name) for name in _COLUMNS}
            | {"kind": flag.kind.value, "milestone": flag.milestone or ""}
            for flag in found
        ]
        if rows:
            self._connection.execute(insert(flags), rows)
            dialects.of(self._connection).count_on(self._connection, flags)

    def clear(self, ids: Iterable[int], *, now: datetime) -> None:
        """Record that conditions are gone."""
        still_open = (flags.c.id.in_(list(ids)), flags.c.cleared_at.is_(None))
        self._connection.execute(update(flags).where(*still_open).values(cleared_at=now))

    def page(self, wanted: FlagFilter, request: PageRequest) -> Page[FlagEntry]:
        """One page of the stored record."""
        query = select(flags)
        if wanted.pledge is not None:
            query = query.where(flags.c.pledge == wanted.pledge)
        if wanted.kind is not None:
            query = query.where(flags.c.kind == wanted.kind.value)
        is_open: ColumnElement[bool] = flags.c.cleared_at.is_(None)
        if wanted.known_at is not None:
            query = query.where(flags.c.opened_at <= wanted.known_at)
            is_open = or_(is_open, flags.c.cleared_at > wanted.known_at)
        if wanted.is_open is not None:
            query = query.where(is_open if wanted.is_open else ~is_open)
        sort = flags.c[request.sort]
        read = partial(_entry_at, instant=wanted.known_at)
        return fetch(self._connection, query, request, sort=sort, key=flags.c.id, read=read)

    def known_of(self, pledge: str, instant: datetime) -> Sequence[FlagEntry]:
        """Every flag that was on record of a pledge at `instant`, as it was then."""
        query = select(flags).where(flags.c.pledge == pledge, flags.c.opened_at <= instant)
        rows = self._connection.execute(query.order_by(flags.c.id)).mappings()
        return [_entry_at(row, instant) for row in rows]


def _entry_at(row: RowMapping, instant: datetime | None) -> FlagEntry:
    """The flag of a row as it was at `instant`, or as it is now."""
    entry = _entry(row)
    is_known = instant is None or entry.cleared_at is None or entry.cleared_at <= instant
    return entry if is_known else replace(entry, cleared_at=None)


def _entry(row: RowMapping) -> FlagEntry:
    return FlagEntry(
        id=row["id"],
        pledge=row["pledge"],
        kind=FlagKind(row["kind"]),
        milestone=row["milestone"] or None,
        episode=row["episode"],
        opened_on=row["opened_on"],
        opened_at=row["opened_at"],
        cleared_at=row["cleared_at"],
    )
