"""What pledges say of each other, and the tags that they carry."""

from collections.abc import Iterator, Mapping, Sequence
from enum import StrEnum

from sqlalchemy import ColumnElement, Connection, delete, insert, select

from pledgetracker.domain.pledge import Pledge
from pledgetracker.storage import dialects
from pledgetracker.storage.tables import pledge_links, pledge_tags

# As many as fit into one statement everywhere.
KEYS_AT_A_TIME = 500


class LinkKind(StrEnum):
    """How one pledge names another."""

    PART_OF = "part_of"
    RESTATES = "restates"


Link = tuple[str, LinkKind, str]


class LinkStore:
    """Reads and writes links and tags; with the rest of a pledge, `records` reads them."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def hold(self) -> None:
        """Keep every other writer from adding links until this transaction ends."""
        dialects.of(self._connection).lock_links(self._connection)

    def add(self, pledge: Pledge) -> None:
        """Store the tags and links of a pledge that has none stored."""
        if pledge.tags:
            tags = [{"pledge": pledge.id, "tag": tag} for tag in pledge.tags]
            self._connection.execute(insert(pledge_tags), tags)
        links = [(LinkKind.RESTATES, other) for other in pledge.restates]
        if pledge.part_of is not None:
            links.append((LinkKind.PART_OF, pledge.part_of))
        if links:
            rows = [{"pledge": pledge.id, "kind": kind.value, "other": other} for kind, other in links]
            self._connection.execute(insert(pledge_links), rows)

    def remove(self, key: str) -> None:
        """Remove the tags and links of pledge `key`; what others say of it stays."""
        for table in (pledge_tags, pledge_links):
            self._connection.execute(delete(table).where(table.c.pledge == key))

    def naming(self, key: str, *, most: int) -> Sequence[str]:
        """The first `most` of the pledges that name pledge `key`."""
        query = select(pledge_links.c.pledge).where(pledge_links.c.other == key).distinct()
        return self._connection.scalars(query.order_by(pledge_links.c.pledge).limit(most)).all()

    def beyond(self, keys: Sequence[str]) -> Mapping[str, Sequence[str]]:
        """What each of `keys` names, what those name, and so on: the pledges named, by who names them."""
        named = select(pledge_links.c.pledge, pledge_links.c.other).where(pledge_links.c.pledge.in_(keys))
        chain = named.cte("chain", recursive=True)
        # UNION, not UNION ALL: it ends even if the links should ever hold a ring.
        further = select(pledge_links.c.pledge, pledge_links.c.other)
        chain = chain.union(further.where(pledge_links.c.pledge == chain.c.other))
        found: dict[str, list[str]] = {}
        for pledge, other in self._connection.execute(select(chain.c.pledge, chain.c.other)):
            found.setdefault(pledge, []).append(other)
        return found

    def said_by(self, keys: Sequence[str]) -> Iterator[Link]:
        """What `keys` say of others: who says it, how, of whom; in order."""
        return self._links(keys, pledge_links.c.pledge)

    def said_of(self, keys: Sequence[str]) -> Iterator[Link]:
        """What others say of `keys`: who says it, how, of whom; in order."""
        return self._links(keys, pledge_links.c.other)

    def parts_of(self, keys: Sequence[str]) -> Iterator[Link]:
        """What says that it is a part of one of `keys`."""
        return self._links(keys, pledge_links.c.other, pledge_links.c.kind == LinkKind.PART_OF.value)

    def _links(
        self, keys: Sequence[str], column: ColumnElement[str], *conditions: ColumnElement[bool]
    ) -> Iterator[Link]:
        query = select(pledge_links).order_by(pledge_links.c.pledge, pledge_links.c.other)
        for first in range(0, len(keys), KEYS_AT_A_TIME):
            some = keys[first : first + KEYS_AT_A_TIME]
            for pledge, kind, other in self._connection.execute(query.where(column.in_(some), *conditions)):
                yield pledge, LinkKind(kind), other
