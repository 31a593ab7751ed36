"""What pledgers and initiatives said before they came here from another installation."""

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, insert, select

from pledgetracker.domain.audit import SubjectKind
from pledgetracker.domain.catalogue import Former
from pledgetracker.storage.canonical import canonical
from pledgetracker.storage.tables import earlier_entries

# An entry as it was, and from when on; None where it was gone from then on.
Said = tuple[datetime, Mapping[str, Any] | None]


class EarlierStore:
    """Adds what was said elsewhere, and reads it."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def add(self, former: Former) -> None:
        """Store what an entry said; the table takes one an instant."""
        document = None if former.entry is None else json.loads(canonical(former.entry))
        row = {
            "kind": former.kind.value,
            "id": former.id,
            "recorded_at": former.recorded_at,
            "document": document,
        }
        self._connection.execute(insert(earlier_entries).values(row))

    def last_of(self, kind: SubjectKind, key: str, *, until: datetime) -> Mapping[str, Any] | None:
        """What an entry said at the instant `until`; None where it was gone, or nothing is known."""
        table = earlier_entries.c
        query = select(table.document).where(table.kind == kind.value, table.id == key)
        query = query.where(table.recorded_at <= until).order_by(table.recorded_at.desc()).limit(1)
        found: Mapping[str, Any] | None = self._connection.scalar(query)
        return found

    def keys(self, kind: SubjectKind) -> Sequence[str]:
        """Whom anything is known of, in no order."""
        query = select(earlier_entries.c.id).where(earlier_entries.c.kind == kind.value).distinct()
        return self._connection.scalars(query).all()

    def all_of(self, kind: SubjectKind, key: str) -> Sequence[Said]:
        """All that an entry said, in order."""
        table = earlier_entries.c
        query = select(table.recorded_at, table.document).where(table.kind == kind.value, table.id == key)
        return [
            (row.recorded_at, row.document)
            for row in self._connection.execute(query.order_by(table.recorded_at))
        ]
