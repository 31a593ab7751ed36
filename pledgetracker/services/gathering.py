"""Gathering pledges for what shows many of them: page by page, so that none waits for a slow reader."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from pledgetracker.domain.catalogue import Initiative, Pledger
from pledgetracker.domain.record import Record
from pledgetracker.domain.vantage import Vantage
from pledgetracker.services.cataloguing import family
from pledgetracker.services.listing import CHUNK
from pledgetracker.services.reading import PledgeView, fetch_known, rules_known, view
from pledgetracker.services.recalling import (
    all_initiatives_known,
    initiative_known,
    initiatives_known,
    pledgers_known,
)
from pledgetracker.services.rules import Rules
from pledgetracker.storage.database import Database, Transaction
from pledgetracker.storage.paging import PageRequest, Position
from pledgetracker.storage.pledges import PledgeFilter


@dataclass(frozen=True, slots=True)
class Attributed:
    """A pledge and where it stands, with who made it and what it was made under."""

    view: PledgeView
    pledger: Pledger
    initiative: Initiative | None

    @property
    def record(self) -> Record:
        """All that is known of the pledge."""
        return self.view.record


def gather_one(database: Database, key: str, rules: Rules, vantage: Vantage) -> Attributed:
    """Pledge `key`, judged as `view` does.

    Raises:
        NotFound: there is none, or it was begun later than `vantage` may know.
        Unavailable: the database cannot be reached.
    """
    record, rules = fetch_known(database, key, rules, vantage)
    with database.read(may_lag=True) as tx:
        [found] = _attributed(tx, [view(record, rules, vantage)], vantage)
    return found


def gather_initiatives(database: Database, vantage: Vantage, key: str | None = None) -> Sequence[Initiative]:
    """Initiative `key` and all that stand under it, or every one there is; by id.

    Raises:
        NotFound: there is no initiative `key`, or it was begun later than `vantage` may know.
        Unavailable: the database cannot be reached.
    """
    with database.read(may_lag=True) as tx:
        if key is None:
            known = all_initiatives_known(tx, vantage)
        else:
            known = initiatives_known(tx, _family(tx, key, vantage), vantage)
        return sorted(known.values(), key=lambda found: found.id)


def gather(
    database: Database, rules: Rules, vantage: Vantage, initiative: str | None = None
) -> Iterator[Sequence[Attributed]]:
    """The pledges of `initiative` and of all that stand under it, or every one there is; by id, page by page.

    Each page is read in a transaction of its own, which has ended when the page is handed out: however long
    its reader takes, nobody else waits, and what changes meanwhile shows in the pages to come.

    Raises:
        NotFound: there is no such initiative, or it was begun later than `vantage` may know.
        Unavailable: the database cannot be reached.
    """
    with database.read(may_lag=True) as tx:
        under = None if initiative is None else _family(tx, initiative, vantage)
        rules = rules_known(tx, rules, vantage)
    last = ""
    while True:
        with database.read(may_lag=True) as tx:
            keys = _keys(tx, under, vantage, last)
            views = [view(record, rules, vantage) for record in _records(tx, keys, under, vantage)]
            page = _attributed(tx, views, vantage)
        if page:
            yield page
        if len(keys) < CHUNK:
            return
        last = keys[-1]


def _family(tx: Transaction, key: str, vantage: Vantage) -> Sequence[str]:
    return family(tx, initiative_known(tx, key, vantage).id, vantage)


def _keys(tx: Transaction, under: Sequence[str] | None, vantage: Vantage, last: str) -> Sequence[str]:
    """The ids beyond `last` of pledges that may be wanted."""
    if vantage.known_at is not None:
        # Where each stood then, only its record tells.
        return tx.pledges.begun_by(vantage.known_at, after=last, limit=CHUNK)
    wanted = PledgeFilter(now=vantage.now, initiatives=under)
    after = Position(last, last) if last else None
    return tx.pledges.page(wanted, PageRequest("id", descending=False, after=after, limit=CHUNK)).items


def _records(
    tx: Transaction, keys: Sequence[str], under: Sequence[str] | None, vantage: Vantage
) -> Iterator[Record]:
    records = {record.pledge.id: record for record in tx.records.get_many(keys)}
    for key in keys:
        found: Record | None = records[key]
        if found is not None and vantage.known_at is not None:
            found = found.known_at(vantage.known_at)
        if found is not None and (under is None or found.pledge.initiative in under):
            yield found


def _attributed(tx: Transaction, views: Sequence[PledgeView], vantage: Vantage) -> Sequence[Attributed]:
    pledgers = pledgers_known(tx, {seen.pledge.pledger for seen in views}, vantage)
    named = {seen.pledge.initiative for seen in views if seen.pledge.initiative is not None}
    initiatives = initiatives_known(tx, named, vantage)
    return [
        Attributed(seen, pledgers[seen.pledge.pledger], initiatives.get(seen.pledge.initiative or ""))
        for seen in views
    ]
