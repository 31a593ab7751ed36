"""Whole records: a pledge with its milestones, moves, withdrawal and updates, read together."""

import threading
from collections import OrderedDict, defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any, TypeVar

from sqlalchemy import Column, Connection, Table, bindparam, func, select

from pledgetracker.domain.pledge import Pledge
from pledgetracker.domain.record import Record
from pledgetracker.domain.review import Review
from pledgetracker.domain.update import ProgressUpdate
from pledgetracker.storage.pledges import Outlook
from pledgetracker.storage.prepared import Prepared
from pledgetracker.storage.rows import (
    decision_from,
    edition_from,
    link_from,
    milestone_from,
    pledge_from,
    reschedule_from,
    resolution_from,
    update_from,
    withdrawal_from,
)
from pledgetracker.storage.tables import (
    decisions,
    editions,
    milestones,
    pledge_links,
    pledge_tags,
    pledges,
    progress_updates,
    reschedules,
    resolutions,
    verdicts,
    withdrawals,
)
from pledgetracker.storage.verdicts import verdict_from

CACHED_RECORDS = 2048

T = TypeVar("T")


class RecordCache:
    """Records lately read, by id and version.

    A version is written once, and every change to what hangs on a pledge makes a new one; so an entry
    is either the record of that version or not looked at. The instant of the change tells versions apart
    where another process deleted a pledge and its id came again. Only committed states may enter.
    """

    def __init__(self) -> None:
        self._entries: OrderedDict[str, Record] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, key: str, version: int, updated_at: datetime) -> Record | None:
        """The record `key` at `version`, stored at `updated_at`, if at hand."""
        with self._lock:
            record = self._entries.get(key)
            if record is None or (record.pledge.version, record.pledge.updated_at) != (version, updated_at):
                return None
            self._entries.move_to_end(key)
            return record

    def put(self, record: Record) -> None:
        """Keep a committed record in place of any other version of it."""
        with self._lock:
            self._entries[record.pledge.id] = record
            self._entries.move_to_end(record.pledge.id)
            if len(self._entries) > CACHED_RECORDS:
                self._entries.popitem(last=False)

    def forget(self, key: str) -> None:
        """Drop a record that was deleted: its id, and so its versions, may come again."""
        with self._lock:
            self._entries.pop(key, None)


@dataclass(frozen=True, slots=True)
class Locked:
    """A record that nobody else can write, and what the last look at it found."""

    record: Record
    outlook: Outlook


@dataclass(frozen=True, slots=True)
class LockedPledge:
    """A promise that nobody else can write, what the last look at it found, and its last update's number."""

    pledge: Pledge
    outlook: Outlook
    last_update: int


class RecordStore:
    """Reads records; PledgeStore and ProgressStore write them."""

    def __init__(self, connection: Connection, cache: RecordCache, *, may_cache: bool) -> None:
        self._connection = connection
        self._cache = cache
        # Only where every statement sees the same committed state.
        self._may_cache = may_cache
        self._written: dict[str, Record] = {}
        self._deleted: set[str] = set()

    def remember(self, record: Record) -> None:
        """Note the record as this transaction leaves it, for whoever reads it after the commit."""
        self._written[record.pledge.id] = record

    def forget(self, key: str) -> None:
        """Note that this transaction deletes a record."""
        self._deleted.add(key)

    def committed(self) -> None:
        """Let others have what was remembered."""
        for record in self._written.values():
            self._cache.put(record)
        for key in self._deleted:
            self._cache.forget(key)

    def unsettled(self) -> None:
        """Forget what was touched: which state of it is on record is not known."""
        for key in {*self._written, *self._deleted}:
            self._cache.forget(key)

    def get(self, key: str) -> Record | None:
        """The record of pledge `key`, or None."""
        version = _VERSION.first(self._connection, {"key": key})
        if version is None:
            return None
        record = self._cache.get(key, *version)
        if record is None:
            record = self._load([key])[key]
            if self._may_cache:
                self._cache.put(record)
        return record

    def remembered(self, key: str) -> Record | None:
        """The record of pledge `key` if it is at hand as it is now; a single statement."""
        version = _VERSION.first(self._connection, {"key": key})
        return None if version is None else self._cache.get(key, *version)

    def lock(self, key: str) -> Locked | None:
        """The record of pledge `key`, kept from every other writer until this transaction ends."""
        row = _LOCK.first(self._connection, {"key": key})
        if row is None:
            return None
        record = self._cache.get(key, row.version, row.updated_at) or self._load([key])[key]
        return Locked(record, Outlook(row.status, row.due_on, row.next_check_at))

    def lock_pledge(self, key: str) -> LockedPledge | None:
        """The promise `key` without its history, kept from every other writer until this transaction ends."""
        row = _LOCK.first(self._connection, {"key": key})
        if row is None:
            return None
        found = self._connection.execute(select(pledges).where(pledges.c.id == key)).mappings().one()
        stages = self._children(milestones, [key], milestone_from)
        tags = self._children(pledge_tags, [key], lambda row: str(row["tag"]))
        links = self._children(pledge_links, [key], link_from)
        last = self._connection.scalar(
            select(func.max(progress_updates.c.number)).where(progress_updates.c.pledge == key)
        )
        outlook = Outlook(row.status, row.due_on, row.next_check_at)
        pledge = pledge_from(found, stages[key], tags[key], links[key])
        return LockedPledge(pledge, outlook, last or 0)

    def updates(self, key: str, *, first: int, limit: int) -> Sequence[ProgressUpdate]:
        """The updates of pledge `key` from number `first` on, in order, so many at most."""
        number = progress_updates.c.number
        query = select(progress_updates).where(progress_updates.c.pledge == key, number >= first)
        rows = self._connection.execute(query.order_by(number).limit(limit)).mappings()
        return [update_from(row) for row in rows]

    def update(self, key: str, number: int) -> tuple[ProgressUpdate, int | None] | None:
        """Update `number` of pledge `key`, and the number of the one that has or claims its place, if any."""
        of = progress_updates.c.pledge == key
        found = self._connection.execute(
            select(progress_updates).where(of, progress_updates.c.number == number)
        )
        row = found.mappings().first()
        if row is None:
            return None
        columns = progress_updates.c
        by = select(columns.number).where(
            of, columns.supersedes == number, columns.review != Review.RETURNED.value
        )
        return update_from(row), self._connection.scalar(by)

    def get_many(self, keys: Sequence[str]) -> Sequence[Record]:
        """The records of `keys` that exist, in that order."""
        found = self._load(keys) if keys else {}
        return [found[key] for key in keys if key in found]

    def due_for_check(self, *, now: datetime, limit: int) -> Sequence[tuple[Record, datetime]]:
        """Records that the scheduler must look at and since when, the longest due first; locked.

        Another scheduler's are passed over; losing that race is normal.
        """
        query = (
            select(pledges.c.id, pledges.c.next_check_at)
            .where(pledges.c.next_check_at <= now)
            .order_by(pledges.c.next_check_at)
            .limit(limit)
            .with_for_update(skip_locked=True)
        )
        since: dict[str, datetime] = dict(iter(self._connection.execute(query)))
        return [(record, since[record.pledge.id]) for record in self.get_many(list(since))]

    def _load(self, keys: Sequence[str]) -> dict[str, Record]:
        # First the versions: where a transaction can see what commits meanwhile, a record may then be newer
        # than its version says, which nobody asks for any more, but never older.
        chosen = select(pledges).where(pledges.c.id.in_(keys))
        rows = self._connection.execute(chosen).mappings().all()
        stages = self._children(milestones, keys, milestone_from)
        tags = self._children(pledge_tags, keys, lambda row: str(row["tag"]))
        links = self._children(pledge_links, keys, link_from)
        updates = self._children(progress_updates, keys, update_from)
        moves = self._children(reschedules, keys, reschedule_from)
        withdrawn = self._children(withdrawals, keys, withdrawal_from)
        decided = self._children(decisions, keys, decision_from)
        chosen_between = self._children(resolutions, keys, resolution_from)
        said = self._children(editions, keys, dict)
        ruled = self._children(verdicts, keys, verdict_from)
        return {
            key: Record(
                pledge_from(row, stages[key], tags[key], links[key]),
                tuple(updates[key]),
                tuple(moves[key]),
                tuple(withdrawn[key]),
                tuple(decided[key]),
                tuple(chosen_between[key]),
                tuple(edition_from(edition, row["created_at"]) for edition in said[key]),
                tuple(ruled[key]),
            )
            for row in rows
            for key in (row["id"],)
        }

    def _children(self, table: Table, keys: Sequence[str], read: Callable[[Any], T]) -> Mapping[str, list[T]]:
        if len(keys) == 1:
            # Most are asked for one by one, and of each there are a dozen tables to look into.
            rows = _of_one(table).all(self._connection, {"of": keys[0]})
            return {keys[0]: [read(row._asdict()) for row in rows]}
        query = select(table).where(table.c.pledge.in_(keys)).order_by(*_order(table))
        children: defaultdict[str, list[T]] = defaultdict(list)
        for row in self._connection.execute(query).mappings():
            children[row["pledge"]].append(read(row))
        return children


@cache
def _of_one(table: Table) -> Prepared:
    """Everything of one pledge in `table`."""
    return Prepared(select(table).where(table.c.pledge == bindparam("of")).order_by(*_order(table)))


def _order(table: Table) -> list[Column[Any]]:
    return [column for column in table.primary_key if column.name != "pledge"]


_ONE_VERSION = select(pledges.c.version, pledges.c.updated_at).where(pledges.c.id == bindparam("key"))
_VERSION = Prepared(_ONE_VERSION)
_LOCK = Prepared(
    _ONE_VERSION.add_columns(pledges.c.status, pledges.c.due_on, pledges.c.next_check_at).with_for_update(
        # Those that come to name it need not wait; who deletes it waits for them.
        key_share=True
    )
)
