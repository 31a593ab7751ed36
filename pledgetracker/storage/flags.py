"""Flags: opened once, cleared once, kept for ever."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import Connection, RowMapping, bindparam, insert, select, update

from pledgetracker.domain.alert import OpenFlag
from pledgetracker.domain.flag import Flag, FlagKind
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
    """Which flags are wanted; None asks for all."""

    pledge: str | None = None
    kind: FlagKind | None = None
    is_open: bool | None = None


_OPEN = Prepared(
    select(flags.c.id, flags.c.kind, flags.c.milestone, flags.c.episode, flags.c.opened_on)
    .where(flags.c.pledge == bindparam("on"), flags.c.cleared_at.is_(None))
    .order_by(flags.c.id)
)


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
        if wanted.is_open is not None:
            is_open = flags.c.cleared_at.is_(None)
            query = query.where(is_open if wanted.is_open else ~is_open)
        sort = flags.c[request.sort]
        return fetch(self._connection, query, request, sort=sort, key=flags.c.id, read=_entry)


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
