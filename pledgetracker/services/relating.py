"""Relating a pledge to others: what it is a part of, its parts, what it restates and what restates it."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass

from pledgetracker.domain.pledge import Pledge
from pledgetracker.domain.vantage import Vantage
from pledgetracker.services.listing import CHUNK, records_known
from pledgetracker.storage.database import Transaction
from pledgetracker.storage.links import LinkKind


@dataclass(frozen=True, slots=True)
class Relations:
    """The pledges that a pledge names and those that name it, each list by id.

    Attributes:
        part_of: the one whose target it is a part of.
        parts: those whose targets are parts of its own.
    """

    part_of: Pledge | None
    parts: Sequence[Pledge]
    restates: Sequence[Pledge]
    restated_by: Sequence[Pledge]

    def __bool__(self) -> bool:
        """Whether there are any."""
        return bool(self.part_of or self.parts or self.restates or self.restated_by)


def relations(tx: Transaction, pledge: Pledge, vantage: Vantage, *, most: int) -> Relations:
    """What `pledge`, as `vantage` knows it, has to do with others; `most` of each kind that name it."""
    naming = sorted(_naming_now(tx, pledge.id) if vantage.known_at is None else _then(tx, pledge.id, vantage))
    parts = [key for key, kind in naming if kind is LinkKind.PART_OF][:most]
    again = [key for key, kind in naming if kind is LinkKind.RESTATES][:most]
    found = pledges_known(tx, {*pledge.links, *parts, *again}, vantage)
    return Relations(
        None if pledge.part_of is None else found.get(pledge.part_of),
        _of(found, parts),
        _of(found, pledge.restates),
        _of(found, again),
    )


def pledges_known(tx: Transaction, keys: Collection[str], vantage: Vantage) -> Mapping[str, Pledge]:
    """Those of the pledges `keys` that `vantage` may know, as it may know them."""
    wanted, found = sorted(keys), {}
    for first in range(0, len(wanted), CHUNK):
        for record in tx.records.get_many(wanted[first : first + CHUNK]):
            then = record if vantage.known_at is None else record.known_at(vantage.known_at)
            if then is not None:
                found[then.pledge.id] = then.pledge
    return found


def _of(found: Mapping[str, Pledge], keys: Sequence[str]) -> Sequence[Pledge]:
    return [found[key] for key in keys if key in found]


def _naming_now(tx: Transaction, key: str) -> Iterator[tuple[str, LinkKind]]:
    return ((other, kind) for other, kind, _ in tx.links.said_of([key]))


def _then(tx: Transaction, key: str, vantage: Vantage) -> Iterator[tuple[str, LinkKind]]:
    """Who named it at the instant of `vantage`; only the records themselves tell what was linked then."""
    for record in records_known(tx, vantage):
        if record.pledge.part_of == key:
            yield record.pledge.id, LinkKind.PART_OF
        if key in record.pledge.restates:
            yield record.pledge.id, LinkKind.RESTATES
