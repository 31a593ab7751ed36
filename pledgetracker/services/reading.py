"""Reading pledges: each with where it stands, alone or in lists."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime

from pledgetracker.domain.because import because
from pledgetracker.domain.days import local_day
from pledgetracker.domain.errors import NotFound
from pledgetracker.domain.pledge import Pledge
from pledgetracker.domain.record import Record
from pledgetracker.domain.standing import Standing, Status, standing
from pledgetracker.services.rules import Rules
from pledgetracker.storage.database import Transaction
from pledgetracker.storage.paging import Page, PageRequest, Position
from pledgetracker.storage.pledges import PledgeFilter

CHUNK = 200


@dataclass(frozen=True, slots=True)
class PledgeView:
    """A pledge and where it stands."""

    record: Record
    standing: Standing
    because: str

    @property
    def pledge(self) -> Pledge:
        """The promise itself."""
        return self.record.pledge


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which pledges are wanted; None asks for all.

    Attributes:
        initiative: this one and all that stand under it.
        text: words that must all occur.
        due_from, due_to: range of the deadline in force, both ends included.
    """

    pledger: str | None = None
    initiative: str | None = None
    status: Status | None = None
    text: str | None = None
    due_from: date | None = None
    due_to: date | None = None


def view(record: Record, rules: Rules, *, now: datetime, as_of: date | None = None) -> PledgeView:
    """Judge a record as at `now`, or as at the last instant of the local day `as_of`."""
    today = as_of or local_day(now, record.pledge.time_zone)
    stands = standing(record, rules.policy, today=today)
    return PledgeView(record, stands, because(record, stands, rules.policy))


def get_record(tx: Transaction, key: str) -> Record:
    """The record of pledge `key`.

    Raises:
        NotFound: there is none.
    """
    record = tx.records.get(key)
    if record is None:
        raise NotFound("pledge", key)
    return record


def list_pledges(
    tx: Transaction, wanted: Wanted, request: PageRequest, rules: Rules, *, now: datetime, as_of: date | None
) -> Page[PledgeView]:
    """One page of pledges, each judged as `view` does.

    A status asked for is the status shown: stored ones only narrow the search, and only where they are
    known to hold.
    """
    sought = _filter(tx, wanted, now, as_of)
    chunk = request if wanted.status is None else replace(request, limit=CHUNK)
    found: list[PledgeView] = []
    positions: list[Position] = []
    while True:
        page = tx.pledges.page(sought, chunk)
        records = {record.pledge.id: record for record in tx.records.get_many(page.items)}
        for key, position in zip(page.items, page.positions, strict=True):
            seen = view(records[key], rules, now=now, as_of=as_of)
            if wanted.status not in {None, seen.standing.status}:
                continue
            if len(found) == request.limit:
                return Page(found, positions, has_more=True)
            found.append(seen)
            positions.append(position)
        if page.after is None or wanted.status is None:
            return Page(found, positions, page.has_more)
        chunk = replace(chunk, after=page.after)


def _filter(tx: Transaction, wanted: Wanted, now: datetime, as_of: date | None) -> PledgeFilter:
    family: Sequence[str] | None = None
    if wanted.initiative is not None:
        family = tx.initiatives.family(wanted.initiative)
    return PledgeFilter(
        now=now,
        pledger=wanted.pledger,
        initiatives=family,
        status=None if as_of or wanted.status is None else wanted.status.value,
        text=wanted.text,
        due_from=wanted.due_from,
        due_to=wanted.due_to,
    )
