"""Pledges: adding, changing, listing. Reading whole ones is for `records`."""

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    bindparam,
    delete,
    exists,
    func,
    insert,
    literal,
    or_,
    select,
    update,
)

from pledgetracker.domain.days import LAST_DAY
from pledgetracker.domain.pledge import Edition, Pledge, Reschedule, Withdrawal
from pledgetracker.storage import documents
from pledgetracker.storage.links import LinkStore
from pledgetracker.storage.paging import Page, PageRequest, fetch
from pledgetracker.storage.prepared import Prepared
from pledgetracker.storage.tables import (
    alerts,
    editions,
    flags,
    milestones,
    pledge_tags,
    pledges,
    progress_updates,
    reschedules,
    verdicts,
    withdrawals,
)


@dataclass(frozen=True, slots=True)
class Outlook:
    """What the last look at a pledge found, kept so that lists and the scheduler need not look again.

    Attributes:
        status: the headline, true until `next_check_at`.
        due_on: the deadline in force.
        next_check_at: the instant from which the clock may have changed something; None for never.
    """

    status: str
    due_on: date | None
    next_check_at: datetime | None


@dataclass(frozen=True, slots=True)
class PledgeFilter:
    """Which pledges are wanted; None asks for all.

    Attributes:
        key: the one with this id.
        initiatives: any of these.
        tag: one of their tags.
        status: the headline; pledges whose clock has run on since the last look are listed too.
        text: words, all of which must occur in title, indicator, statement, unit or ids.
        due_from, due_to: range of the deadline in force, both ends included.
        now: the instant that tells which last looks still hold.
    """

    now: datetime
    key: str | None = None
    pledger: str | None = None
    initiatives: Sequence[str] | None = None
    tag: str | None = None
    status: str | None = None
    text: str | None = None
    due_from: date | None = None
    due_to: date | None = None


class PledgeStore:
    """Writes pledges and lists their ids."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._links = LinkStore(connection)

    def exists(self, key: str) -> bool:
        """Whether there is a pledge `key`."""
        return _EXISTS.first(self._connection, {"key": key}) is not None

    def ids(self, wanted: PledgeFilter) -> Sequence[str]:
        """The ids of all pledges that match, sorted: for whoever goes through them a few at a time."""
        query = select(pledges.c.id).where(*_conditions(wanted)).order_by(pledges.c.id)
        return self._connection.scalars(query).all()

    def keys(self) -> Sequence[str]:
        """The ids of all pledges, in no order."""
        return self._connection.scalars(select(pledges.c.id)).all()

    def keys_of(self, initiative: str | None) -> Sequence[str]:
        """The ids of the pledges of an initiative, or of none, in no order."""
        return self._connection.scalars(select(pledges.c.id).where(_of(initiative))).all()

    def pledgers_of(self, initiative: str | None) -> Sequence[str]:
        """The ids of those who promise something in an initiative, or in none, in no order."""
        return self._connection.scalars(select(pledges.c.pledger).where(_of(initiative)).distinct()).all()

    def page(self, wanted: PledgeFilter, request: PageRequest) -> Page[str]:
        """One page of the ids of the pledges that match."""
        query = select(pledges.c.id).where(*_conditions(wanted))
        sort = SORTS[request.sort]
        return fetch(
            self._connection, query, request, sort=sort, key=pledges.c.id, read=lambda row: str(row["id"])
        )

    def appointments(self, keys: Sequence[str]) -> dict[str, datetime | None]:
        """When the next look at each of these pledges is due; None for never."""
        query = select(pledges.c.id, pledges.c.next_check_at).where(pledges.c.id.in_(keys))
        return dict(iter(self._connection.execute(query)))

    def add(self, pledge: Pledge, editions: Sequence[Edition], outlook: Outlook) -> None:
        """Store a new pledge, and its editions: the first, or of one that comes from elsewhere all."""
        _ADD.run(self._connection, {"id": pledge.id, **_row(pledge), **_looks(outlook)})
        self._add_milestones(pledge)
        for edition in editions:
            self._add_edition(edition)
        self._links.add(pledge)

    def change(self, pledge: Pledge, edition: Edition) -> None:
        """Store the new content of a pledge, whose version has been counted up, and its new edition."""
        self._connection.execute(update(pledges).where(pledges.c.id == pledge.id).values(**_row(pledge)))
        self._connection.execute(delete(milestones).where(milestones.c.pledge == pledge.id))
        self._add_milestones(pledge)
        self._add_edition(edition)
        self._links.remove(pledge.id)
        self._links.add(pledge)

    def looked(self, pledge: Pledge, outlook: Outlook, *, before: Outlook | None = None) -> None:
        """Store the version that a look saw, and what it found if that is not what was known before."""
        seen = {"key": pledge.id, "version": pledge.version, "updated_at": pledge.updated_at}
        if outlook == before:
            # Whatever is set has its indexes written anew, the same or not.
            _COUNTED.run(self._connection, seen)
        else:
            _LOOKED.run(self._connection, seen | _looks(outlook))

    def begun_by(self, instant: datetime, *, after: str, limit: int) -> Sequence[str]:
        """Ids, in order and beyond `after`, of pledges that were on record at `instant`."""
        query = select(pledges.c.id).where(pledges.c.created_at <= instant, pledges.c.id > after)
        return self._connection.scalars(query.order_by(pledges.c.id).limit(limit)).all()

    def appoint(self, pledge: Pledge, next_check_at: datetime) -> None:
        """Store a new version of a pledge, and when to look at it."""
        seen = {"key": pledge.id, "version": pledge.version, "updated_at": pledge.updated_at}
        _APPOINTED.run(self._connection, seen | {"next_check_at": next_check_at})

    def make_due_for_check(self, *, now: datetime) -> None:
        """Appoint the next look at every pledge for now."""
        later = or_(pledges.c.next_check_at.is_(None), pledges.c.next_check_at > now)
        self._connection.execute(update(pledges).where(later).values(next_check_at=now))

    def due_for_check(self, *, now: datetime, most: int) -> int:
        """How many pledges are due for a look; counted no further than `most`."""
        due = select(pledges.c.id).where(pledges.c.next_check_at <= now).limit(most).subquery()
        return self._connection.scalar(select(func.count()).select_from(due)) or 0

    def reschedule(self, key: str, move: Reschedule) -> None:
        """Store a move of the deadline."""
        row = {
            "pledge": key,
            "number": move.number,
            "due": move.due and move.due.text,
            "announced_on": move.announced_on,
            "moved_by": move.moved_by.value,
            "reason": move.reason,
            "source": documents.source_to(move.source),
            "recorded_at": move.recorded_at,
        }
        self._connection.execute(insert(reschedules).values(row))

    def withdraw(self, key: str, withdrawal: Withdrawal) -> None:
        """Store that the pledge was taken back."""
        row = {
            "pledge": key,
            "number": withdrawal.number,
            "on": withdrawal.on,
            "reason": withdrawal.reason,
            "source": documents.source_to(withdrawal.source),
            "recorded_at": withdrawal.recorded_at,
            "rescinded_at": withdrawal.rescinded_at,
        }
        self._connection.execute(insert(withdrawals).values(row))

    def rescind_withdrawal(self, key: str, *, now: datetime) -> None:
        """Store that the pledge stands again."""
        open_rows = (withdrawals.c.pledge == key, withdrawals.c.rescinded_at.is_(None))
        self._connection.execute(update(withdrawals).where(*open_rows).values(rescinded_at=now))

    def holders(self, key: str) -> Sequence[str]:
        """What of the record would lose its footing if the pledge were deleted."""
        tables = {
            "progress updates": progress_updates,
            "moves of its deadline": reschedules,
            "a withdrawal": withdrawals,
            "verdicts": verdicts,
            "alerts": alerts,
        }
        return [
            name
            for name, table in tables.items()
            if self._connection.scalar(select(exists().where(table.c.pledge == key)))
        ]

    def delete(self, key: str) -> None:
        """Remove a pledge that has no holders."""
        self._connection.execute(delete(flags).where(flags.c.pledge == key))
        self._connection.execute(delete(milestones).where(milestones.c.pledge == key))
        self._connection.execute(delete(editions).where(editions.c.pledge == key))
        self._links.remove(key)
        self._connection.execute(delete(pledges).where(pledges.c.id == key))

    def _add_edition(self, edition: Edition) -> None:
        row = {
            "pledge": edition.pledge.id,
            "number": edition.number,
            "recorded_at": edition.recorded_at,
            "document": documents.pledge_to(edition.pledge),
        }
        _ADD_EDITION.run(self._connection, row)

    def _add_milestones(self, pledge: Pledge) -> None:
        rows = [
            {
                "pledge": pledge.id,
                "id": milestone.id,
                "title": milestone.title,
                "due": milestone.due.text,
                "target": milestone.target,
                "set_by": milestone.set_by.value,
            }
            for milestone in pledge.milestones
        ]
        if rows:
            _ADD_MILESTONE.run_many(self._connection, rows)


SORTS: dict[str, ColumnElement[Any]] = {
    "id": pledges.c.id,
    "title": pledges.c.title,
    "announced_on": pledges.c.announced_on,
    "updated_at": pledges.c.updated_at,
    # Pledges without a deadline come last.
    "due": func.coalesce(
        pledges.c.due_on, literal(LAST_DAY, pledges.c.due_on.type), type_=pledges.c.due_on.type
    ),
}


def _conditions(wanted: PledgeFilter) -> list[ColumnElement[bool]]:
    conditions: list[ColumnElement[bool]] = []
    if wanted.key is not None:
        conditions.append(pledges.c.id == wanted.key)
    if wanted.pledger is not None:
        conditions.append(pledges.c.pledger == wanted.pledger)
    if wanted.initiatives is not None:
        conditions.append(pledges.c.initiative.in_(wanted.initiatives))
    if wanted.tag is not None:
        tagged = select(pledge_tags.c.pledge).where(pledge_tags.c.tag == wanted.tag)
        conditions.append(pledges.c.id.in_(tagged))
    if wanted.status is not None:
        conditions.append(or_(pledges.c.status == wanted.status, pledges.c.next_check_at <= wanted.now))
    if wanted.due_from is not None:
        conditions.append(pledges.c.due_on >= wanted.due_from)
    if wanted.due_to is not None:
        conditions.append(pledges.c.due_on <= wanted.due_to)
    words = searchable(wanted.text or "").split()
    return [*conditions, *(pledges.c.search_text.contains(word, autoescape=True) for word in words)]


def _of(initiative: str | None) -> ColumnElement[bool]:
    """Which pledges belong to an initiative, or to none."""
    return pledges.c.initiative.is_(None) if initiative is None else pledges.c.initiative == initiative


def searchable(text: str) -> str:
    """Text as it is searched: without case and accents."""
    decomposed = unicodedata.normalize("NFKD", text)
    return "".join(c for c in decomposed if not unicodedata.combining(c)).casefold()


def search_text(pledge: Pledge) -> str:
    """All of a pledge that a search looks at, as it is searched."""
    searched = (
        pledge.title,
        pledge.indicator,
        pledge.unit,
        pledge.id,
        pledge.pledger,
        pledge.initiative,
        pledge.statement and pledge.statement.text,
    )
    return searchable("\n".join(part for part in searched if part))


def _row(pledge: Pledge) -> dict[str, Any]:
    return {
        "title": pledge.title,
        "pledger": pledge.pledger,
        "initiative": pledge.initiative,
        "statement": documents.statement_to(pledge.statement),
        "indicator": pledge.indicator,
        "unit": pledge.unit,
        "comparator": pledge.comparator.value,
        "target": pledge.target,
        "tolerance": pledge.tolerance,
        "announced_on": pledge.announced_on,
        "baseline_value": pledge.baseline.value,
        "baseline_date": pledge.baseline.date,
        "time_zone": pledge.time_zone,
        "cadence_days": pledge.cadence_days,
        "grace_days": pledge.grace_days,
        "due": pledge.due and pledge.due.text,
        "contacts": documents.contacts_to(pledge.contacts),
        "owner": pledge.owner,
        "verification": pledge.verification,
        "other_targets": documents.other_targets_to(pledge.other_targets),
        "version": pledge.version,
        "created_at": pledge.created_at,
        "updated_at": pledge.updated_at,
        "search_text": search_text(pledge),
    }


def _setting(*names: str) -> Prepared:
    given: dict[str, Any] = {name: bindparam(name) for name in names}
    return Prepared(update(pledges).where(pledges.c.id == bindparam("key")).values(given))


_EXISTS = Prepared(select(pledges.c.id).where(pledges.c.id == bindparam("key")))
_ADD, _ADD_EDITION, _ADD_MILESTONE = (
    Prepared(insert(table), columns=table.columns.keys()) for table in (pledges, editions, milestones)
)
_COUNTED = _setting("version", "updated_at")
_APPOINTED = _setting("version", "updated_at", "next_check_at")
_LOOKED = _setting("version", "updated_at", "status", "due_on", "next_check_at")


def _looks(outlook: Outlook) -> dict[str, Any]:
    return {"status": outlook.status, "due_on": outlook.due_on, "next_check_at": outlook.next_check_at}
