"""Initiatives, and the tree that they form."""

from collections.abc import Sequence

from sqlalchemy import Connection, RowMapping, exists, or_, select

from pledgetracker.domain.catalogue import Initiative
from pledgetracker.storage.entries import EntryStore
from pledgetracker.storage.tables import initiatives, pledges


class InitiativeStore(EntryStore[Initiative]):
    """What groups pledges."""

    def __init__(self, connection: Connection) -> None:
        super().__init__(connection, initiatives, _initiative)

    def is_referenced(self, key: str) -> bool:
        """Whether a pledge or a child names this initiative."""
        holders = or_(
            exists().where(pledges.c.initiative == key), exists().where(initiatives.c.parent == key)
        )
        return bool(self._connection.scalar(select(holders)))

    def hold_tree(self) -> None:
        """Keep every other writer from changing what stands under what until this transaction ends."""
        query = select(initiatives.c.id).order_by(initiatives.c.id).with_for_update(key_share=True)
        self._connection.execute(query)

    def family(self, key: str) -> Sequence[str]:
        """The initiative, its children, theirs, and so on."""
        tree = select(initiatives.c.id).where(initiatives.c.id == key).cte("family", recursive=True)
        # UNION, not UNION ALL: it ends even if the tree should ever hold a ring.
        tree = tree.union(select(initiatives.c.id).where(initiatives.c.parent == tree.c.id))
        return self._connection.scalars(select(tree.c.id)).all()


def _initiative(row: RowMapping) -> Initiative:
    return Initiative(
        id=row["id"],
        title=row["title"],
        parent=row["parent"],
        description=row["description"],
        url=row["url"],
        version=row["version"],
        created_at=row["created_at"],
        updated_at=row["updated_at"],
    )
