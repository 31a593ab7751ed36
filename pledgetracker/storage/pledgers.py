"""Pledgers."""

from collections.abc import Sequence

from sqlalchemy import Connection, RowMapping, exists, or_, select

from pledgetracker.domain.catalogue import Pledger, PledgerKind
from pledgetracker.storage.entries import EntryStore
from pledgetracker.storage.tables import api_keys, pledgers, pledges


class PledgerStore(EntryStore[Pledger]):
    """Who promises."""

    def __init__(self, connection: Connection) -> None:
        super().__init__(connection, pledgers, _pledger)

    def is_referenced(self, key: str) -> bool:
        """Whether a pledge or an API key names this pledger."""
        holders = or_(exists().where(pledges.c.pledger == key), exists().where(api_keys.c.pledger == key))
        return bool(self._connection.scalar(select(holders)))

    def without_pledges(self) -> Sequence[str]:
        """The ids of those who promise nothing, in no order."""
        promises = exists().where(pledges.c.pledger == pledgers.c.id)
        return self._connection.scalars(select(pledgers.c.id).where(~promises)).all()


def _pledger(row: RowMapping) -> Pledger:
    return Pledger(
        id=row["id"],
        name=row["name"],
        kind=None if row["kind"] is None else PledgerKind(row["kind"]),
        url=row["url"],
        version=row["version"],
        created_at=row["created_at"],
        updated_at=row["updated_at"],
    )
