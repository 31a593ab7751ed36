"""Idempotency records: what a request with an Idempotency-Key did, kept in its effect's own transaction."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, delete, select, update

from pledgetracker.storage.dialects import insert_or_ignore
from pledgetracker.storage.tables import idempotency_records


@dataclass(frozen=True, slots=True)
class KeptAnswer:
    """The answer to a request that had its effect.

    Attributes:
        fingerprint: tells the request from others under the same key.
    """

    fingerprint: str
    status: int
    headers: Mapping[str, str]
    body: bytes


class IdempotencyStore:
    """Reads and writes idempotency records."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def claim(self, owner: str, key: str, fingerprint: str, *, now: datetime) -> KeptAnswer | None:
        """Take `key` for the request under way, or return the answer of the one that had it before.

        While another transaction holds the same key this waits for its end: the row that both want to
        insert is the lock.
        """
        row = {"owner": owner, "key": key, "fingerprint": fingerprint, "recorded_at": now}
        if insert_or_ignore(self._connection, idempotency_records, [row]) == 1:
            return None
        table = idempotency_records
        query = select(table).where(table.c.owner == owner, table.c.key == key)
        found = self._connection.execute(query).one()
        return KeptAnswer(found.fingerprint, found.status, found.headers, found.body)

    def keep(self, owner: str, key: str, answer: KeptAnswer) -> None:
        """Keep the answer of the request that took `key`."""
        table = idempotency_records
        mine = (table.c.owner == owner, table.c.key == key)
        kept = {"status": answer.status, "headers": dict(answer.headers), "body": answer.body}
        self._connection.execute(update(table).where(*mine).values(kept))

    def forget(self, *, before: datetime) -> int:
        """Drop the records made before an instant; returns how many went."""
        table = idempotency_records
        return self._connection.execute(delete(table).where(table.c.recorded_at < before)).rowcount
