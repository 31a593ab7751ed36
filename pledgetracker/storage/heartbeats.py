"""Signs of life of the processes that nobody talks to."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, bindparam, delete, select

from pledgetracker.storage.dialects import upsert
from pledgetracker.storage.tables import heartbeats


@dataclass(frozen=True, slots=True)
class Heartbeat:
    """The last sign of life, and what it told."""

    at: datetime
    detail: Mapping[str, Any]


class HeartbeatStore:
    """Reads and writes signs of life."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def get(self, name: str, *, is_locked: bool = False) -> Heartbeat | None:
        """The last sign of life of `name`, or None; `is_locked` keeps it from other writers meanwhile."""
        query = _LOCK if is_locked else _GET
        row = self._connection.execute(query, {"name": name}).first()
        return None if row is None else Heartbeat(row.at, row.detail)

    def named(self, beginning: str) -> Sequence[tuple[str, Heartbeat]]:
        """Those whose names begin so, with what follows in the name; sorted by that."""
        query = select(heartbeats).where(heartbeats.c.name.startswith(beginning, autoescape=True))
        rows = self._connection.execute(query.order_by(heartbeats.c.name))
        return [(row.name.removeprefix(beginning), Heartbeat(row.at, row.detail)) for row in rows]

    def beat(self, name: str, detail: Mapping[str, Any], *, now: datetime) -> None:
        """Store a sign of life."""
        upsert(self._connection, heartbeats, {"name": name, "at": now, "detail": dict(detail)})

    def end(self, name: str) -> bool:
        """Forget `name`; False if there was no sign of it."""
        return self._connection.execute(delete(heartbeats).where(heartbeats.c.name == name)).rowcount == 1


_GET = select(heartbeats).where(heartbeats.c.name == bindparam("name"))
_LOCK = _GET.with_for_update()
