"""The audit log: what was changed, by whom; written with the change, never rewritten."""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import (
    ColumnElement,
    Connection,
    RowMapping,
    bindparam,
    exists,
    insert,
    or_,
    select,
    update,
)

from pledgetracker.domain.audit import (
    BEGINNING,
    Action,
    Actor,
    Deed,
    Entry,
    SubjectKind,
    chained,
    told,
)
from pledgetracker.storage.canonical import canonical
from pledgetracker.storage.dialects import insert_or_ignore
from pledgetracker.storage.paging import Page, PageRequest, fetch
from pledgetracker.storage.prepared import Prepared
from pledgetracker.storage.tables import audit_entries, audit_head

ROWS_AT_A_TIME = 500


@dataclass(frozen=True, slots=True)
class AuditFilter:
    """Which entries are wanted; None asks for all.

    Attributes:
        actor: the id of a key, or a way in: `cli`, say.
        since, until: from that instant on; before that instant.
    """

    kind: SubjectKind | None = None
    subject: str | None = None
    actor: str | None = None
    since: datetime | None = None
    until: datetime | None = None


class AuditStore:
    """Notes the deeds of one transaction, and writes them at its end; reads the log."""

    def __init__(self, connection: Connection, actor: Actor) -> None:
        self._connection = connection
        self._actor = actor
        self._noted: list[Deed] = []

    def append(
        self, action: Action, subject: str, before: object | None, after: object | None, *, now: datetime
    ) -> None:
        """Note that this transaction turns `before` into `after`; the note is written with the change."""
        shown = [None if thing is None else canonical(thing) for thing in (before, after)]
        self._noted.append(Deed(now, self._actor, action.value, subject, *shown))

    def settle(self) -> None:
        """Write what was noted, behind whatever others have written.

        Only at the end of a transaction: the head is locked from here to the commit, so nobody waits for it
        who holds it, and nobody holds it while waiting for anything else.
        """
        if not self._noted:
            return
        head = _LOCK_HEAD.first(self._connection, {})
        if head is None:
            # The first entry of all: of several first writers one makes the row, and the others wait for it.
            insert_or_ignore(self._connection, audit_head, [{"id": 1, "number": 0, "hash": BEGINNING}])
            head = _LOCK_HEAD.first(self._connection, {})
        number, previous = head
        for deed in self._noted:
            entry = chained(number + 1, previous, deed)
            _ADD.run(self._connection, _row(entry))
            number, previous = entry.number, entry.hash
        _MOVE_HEAD.run(self._connection, {"to": number, "as": previous})
        self._noted.clear()

    def head(self) -> tuple[int, str]:
        """Number and hash of the last entry."""
        row = self._connection.execute(select(audit_head.c.number, audit_head.c.hash)).one_or_none()
        return (0, BEGINNING) if row is None else (row.number, row.hash)

    def entries(self, *, after: int = 0, rows_at_a_time: int = ROWS_AT_A_TIME) -> Iterator[Entry]:
        """The log behind entry `after`, in order, some rows at a time.

        Raises:
            ValueError: a row was tampered with so that it cannot be read.
        """
        query = select(audit_entries).where(audit_entries.c.number > after).order_by(audit_entries.c.number)
        with self._connection.execute(query, execution_options={"yield_per": rows_at_a_time}) as rows:
            yield from map(_entry, rows.mappings())

    def of(self, action: Action, subjects: Collection[str]) -> Sequence[Entry]:
        """The entries that tell of this being done to one of a few hundred `subjects`, in order."""
        table = audit_entries.c
        query = select(audit_entries).where(table.action == action.value, table.subject.in_(subjects))
        return [_entry(row) for row in self._connection.execute(query.order_by(table.number)).mappings()]

    def subjects(self, action: Action, *, after: datetime | None = None) -> Sequence[str]:
        """The ids, in no order, of what this was done to, after an instant if one is given."""
        table = audit_entries.c
        query = select(table.subject).where(table.action == action.value).distinct()
        return self._connection.scalars(query if after is None else query.where(table.at > after)).all()

    def of_subjects(self, kind: SubjectKind, subjects: Collection[str]) -> Iterator[Entry]:
        """Everything that was done to some things of one sort, in order; a few hundred at most."""
        wanted = (*_conditions(AuditFilter(kind)), audit_entries.c.subject.in_(subjects))
        query = select(audit_entries).where(*wanted).order_by(audit_entries.c.number)
        yield from map(_entry, self._connection.execute(query).mappings())

    def tells_of(self, kinds: Collection[SubjectKind]) -> bool:
        """Whether anything was ever done to things of these sorts."""
        actions = [action.value for action in Action if action.kind in kinds]
        return bool(self._connection.scalar(select(exists().where(audit_entries.c.action.in_(actions)))))

    def page(self, wanted: AuditFilter, request: PageRequest) -> Page[Entry]:
        """One page of the log."""
        query = select(audit_entries).where(*_conditions(wanted))
        number = audit_entries.c.number
        return fetch(self._connection, query, request, sort=number, key=number, read=_entry)


_LOCK_HEAD = Prepared(
    select(audit_head.c.number, audit_head.c.hash).where(audit_head.c.id == 1).with_for_update()
)
_ADD = Prepared(insert(audit_entries), columns=audit_entries.columns.keys())
_MOVE_HEAD = Prepared(
    update(audit_head).where(audit_head.c.id == 1).values(number=bindparam("to"), hash=bindparam("as"))
)


def _conditions(wanted: AuditFilter) -> Iterator[ColumnElement[bool]]:
    table = audit_entries.c
    if wanted.kind is not None:
        yield table.action.in_([action.value for action in Action if action.kind is wanted.kind])
    if wanted.subject is not None:
        yield table.subject == wanted.subject
    if wanted.actor is not None:
        yield or_(table.actor_key == wanted.actor, table.actor == wanted.actor)
    if wanted.since is not None:
        yield table.at >= wanted.since
    if wanted.until is not None:
        yield table.at < wanted.until


def _row(entry: Entry) -> dict[str, object]:
    chain = {"number": entry.number, "previous": entry.previous, "hash": entry.hash}
    return chain | {"at": entry.deed.at} | told(entry.deed)


def _entry(row: RowMapping) -> Entry:
    actor = Actor(row["actor"], row["actor_name"], row["actor_key"], row["request"])
    deed = Deed(row["at"], actor, row["action"], row["subject"], row["before"], row["after"])
    return Entry(row["number"], deed, row["previous"], row["hash"])
