"""Listing pledges, each with where it stands."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date

from pledgetracker.domain.days import LAST_DAY
from pledgetracker.domain.record import Record
from pledgetracker.domain.standing import Status
from pledgetracker.domain.vantage import Vantage
from pledgetracker.services import cataloguing
from pledgetracker.services.reading import PledgeView, rules_known, view
from pledgetracker.services.rules import Rules
from pledgetracker.storage.database import Transaction
from pledgetracker.storage.paging import Page, PageRequest, Position, SortValue, paged
from pledgetracker.storage.pledges import PledgeFilter, search_text, searchable

CHUNK = 200


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
    tag: str | None = None


def list_pledges(
    tx: Transaction, wanted: Wanted, request: PageRequest, rules: Rules, vantage: Vantage
) -> Page[PledgeView]:
    """One page of pledges, each judged as `view` does.

    A status asked for is the status shown: stored ones only narrow the search, and only where they are
    known to hold.
    """
    if _needs_survey(wanted, request, vantage):
        return _Survey(tx, wanted, rules, vantage).page(request)
    sought = _filter(tx, wanted, vantage)
    chunk = request if wanted.status is None else replace(request, limit=CHUNK)
    found: list[PledgeView] = []
    positions: list[Position] = []
    while True:
        page = tx.pledges.page(sought, chunk)
        records = {record.pledge.id: record for record in tx.records.get_many(page.items)}
        for key, position in zip(page.items, page.positions, strict=True):
            seen = view(records[key], rules, vantage)
            if wanted.status not in {None, seen.standing.status}:
                continue
            if len(found) == request.limit:
                return Page(found, positions, has_more=True)
            found.append(seen)
            positions.append(position)
        if page.after is None or wanted.status is None:
            return Page(found, positions, page.has_more)
        chunk = replace(chunk, after=page.after)


def records_known(tx: Transaction, vantage: Vantage, *, after: str = "") -> Iterator[Record]:
    """Every record beyond `after` that `vantage` may know, as it may know it, by id, some at a time."""
    last = after
    while keys := tx.pledges.begun_by(vantage.instant, after=last, limit=CHUNK):
        last = keys[-1]
        for record in tx.records.get_many(keys):
            then = record if vantage.known_at is None else record.known_at(vantage.known_at)
            if then is not None:
                yield then


def _filter(tx: Transaction, wanted: Wanted, vantage: Vantage) -> PledgeFilter:
    return PledgeFilter(
        now=vantage.now,
        pledger=wanted.pledger,
        initiatives=_family(tx, wanted, vantage),
        tag=wanted.tag,
        status=None if vantage.as_of or wanted.status is None else wanted.status.value,
        text=wanted.text,
        due_from=wanted.due_from,
        due_to=wanted.due_to,
    )


def _family(tx: Transaction, wanted: Wanted, vantage: Vantage) -> Sequence[str] | None:
    if wanted.initiative is None:
        return None
    return cataloguing.family(tx, wanted.initiative, vantage)


def _needs_survey(wanted: Wanted, request: PageRequest, vantage: Vantage) -> bool:
    """Whether what is stored beside the pledges, which is true today, does not tell who is wanted."""
    asks_of_deadline = request.sort == "due" or wanted.due_from is not None or wanted.due_to is not None
    return vantage.known_at is not None or (vantage.as_of is not None and asks_of_deadline)


class _Survey:
    """A list made by looking at every pledge as it was; it costs what exists, and holds what is wanted."""

    def __init__(self, tx: Transaction, wanted: Wanted, rules: Rules, vantage: Vantage) -> None:
        self._tx = tx
        self._wanted = wanted
        self._rules = rules_known(tx, rules, vantage)
        self._vantage = vantage
        self._family = _family(tx, wanted, vantage)
        self._words = searchable(wanted.text or "").split()

    def page(self, request: PageRequest) -> Page[PledgeView]:
        """One page of what is wanted."""
        records = records_known(self._tx, self._vantage)
        views = (view(record, self._rules, self._vantage) for record in records if self._may_be(record))
        places = [_place(seen, request.sort) for seen in views if self._is_wanted(seen)]
        page = paged(places, request)
        found = {r.pledge.id: r for r in self._tx.records.get_many([str(p.key) for p in page.items])}
        items = [view(self._then(found[str(place.key)]), self._rules, self._vantage) for place in page.items]
        return Page(items, page.positions, page.has_more)

    def _then(self, record: Record) -> Record:
        known_at = self._vantage.known_at
        then = record if known_at is None else record.known_at(known_at)
        assert then is not None
        return then

    def _may_be(self, record: Record) -> bool:
        """Whether a pledge is wanted by what it says; to judge it is dearer."""
        pledge, wanted = record.pledge, self._wanted
        if wanted.pledger not in {None, pledge.pledger}:
            return False
        if wanted.tag is not None and wanted.tag not in pledge.tags:
            return False
        if self._family is not None and pledge.initiative not in self._family:
            return False
        searched = search_text(pledge) if self._words else ""
        return all(word in searched for word in self._words)

    def _is_wanted(self, seen: PledgeView) -> bool:
        wanted, due = self._wanted, seen.standing.due
        if wanted.status not in {None, seen.standing.status}:
            return False
        if wanted.due_from is not None and (due is None or due.date < wanted.due_from):
            return False
        return wanted.due_to is None or (due is not None and due.date <= wanted.due_to)


def _place(seen: PledgeView, sort: str) -> Position:
    pledge, due = seen.pledge, seen.standing.due
    values: dict[str, SortValue | None] = {
        "id": pledge.id,
        "title": pledge.title,
        "announced_on": pledge.announced_on,
        "updated_at": pledge.updated_at,
        # Pledges without a deadline come last.
        "due": LAST_DAY if due is None else due.date,
    }
    value = values[sort]
    assert value is not None
    return Position(value, pledge.id)
