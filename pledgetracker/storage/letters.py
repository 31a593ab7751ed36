"""Letters: what is sent for an alert, the same words at each attempt."""

from collections.abc import Collection, Mapping
from datetime import datetime

from sqlalchemy import Connection, RowMapping, delete, select

from pledgetracker.domain.letter import Letter
from pledgetracker.storage.dialects import insert_or_ignore
from pledgetracker.storage.tables import letters


class LetterStore:
    """Keeps the messages composed for alerts."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def get_many(self, keys: Collection[int]) -> dict[int, Letter]:
        """The messages composed for these alerts, as far as they are."""
        rows = self._connection.execute(select(letters).where(letters.c.alert.in_(keys))).mappings()
        return {row["alert"]: _letter(row) for row in rows}

    def keep(self, composed: Mapping[int, Letter], *, now: datetime) -> dict[int, Letter]:
        """Store the messages of alerts, unless somebody has; returns the first ones stored, which count."""
        rows = [
            {
                "alert": key,
                "message_id": letter.message_id,
                "sender": letter.sender,
                "recipient": letter.recipient,
                "content": letter.content,
                "composed_at": now,
            }
            for key, letter in composed.items()
        ]
        is_first = insert_or_ignore(self._connection, letters, rows) == len(rows)
        return dict(composed) if is_first else self.get_many(composed)

    def forget(self, key: int) -> None:
        """Let the message of an alert that nobody has tried to send be composed anew."""
        self._connection.execute(delete(letters).where(letters.c.alert == key))


def _letter(row: RowMapping) -> Letter:
    return Letter(row["message_id"], row["sender"], row["recipient"], row["content"])
