"""Signs of life of the processes that nobody talks to."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, delete, select

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

    def get(self, name: str) -> Heartbeat | None:
        """The last sign of life of `name`, or None."""
        row = self._connection.execute(select(heartbeats).where(heartbeats.c.name == name)).mappings().first()
        return None if row is None else Heartbeat(row["at"], row["detail"])

    def beat(self, name: str, detail: Mapping[str, Any], *, now: datetime) -> None:
        """Store a sign of life."""
        upsert(self._connection, heartbeats, {"name": name, "at": now, "detail": dict(detail)})

    def end(self, name: str) -> bool:
        """Forget `name`; False if there was no sign of it."""
        return self._connection.execute(delete(heartbeats).where(heartbeats.c.name == name)).rowcount == 1
