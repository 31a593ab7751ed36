"""What clients were told is stored, kept outside the product, and held against what is there in the end."""

import json
import sqlite3
import threading
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

TABLE = """
CREATE TABLE writes (
    token TEXT PRIMARY KEY, kind TEXT NOT NULL, pledge TEXT NOT NULL, number INTEGER, content TEXT NOT NULL,
    rows INTEGER NOT NULL DEFAULT 0, entries INTEGER NOT NULL DEFAULT 0, alerts INTEGER NOT NULL DEFAULT 0,
    seen INTEGER NOT NULL DEFAULT 0, differs INTEGER NOT NULL DEFAULT 0
) WITHOUT ROWID;
CREATE INDEX by_update ON writes (pledge, number) WHERE number IS NOT NULL;
"""


@dataclass(frozen=True, slots=True)
class Write:
    """A request that changes something, recognisable by the token that is part of its content.

    Attributes:
        token: its Idempotency-Key, and what its effect is told by.
        kind: `progress`, `pledge` or `patch`.
        content: what was asked to be stored, by column.
    """

    token: str
    kind: str
    pledge: str
    method: str
    path: str
    body: bytes
    content: Mapping[str, Any]


class Ledger:
    """Acknowledged writes, in a file, because there may be millions."""

    def __init__(self, file: Path) -> None:
        self._lock = threading.Lock()
        self._database = sqlite3.connect(file, check_same_thread=False, isolation_level=None)
        self._database.execute("PRAGMA synchronous = OFF")
        self._database.executescript(TABLE)

    def acknowledged(self, write: Write, number: int | None) -> None:
        """Note that a client was told of success, and of the number of an update."""
        row = (write.token, write.kind, write.pledge, number, _text(write.content))
        with self._lock:
            self._database.execute(
                "INSERT INTO writes (token, kind, pledge, number, content) VALUES (?, ?, ?, ?, ?)", row
            )

    def tally(self, column: str, found: Iterable[tuple[str, Mapping[str, Any] | None]]) -> int:
        """Count in `column` what was found, by token, with its content where that can be compared.

        Returns how many of them no client was told of.
        """
        unknown = 0
        with self._lock:
            self._database.execute("BEGIN")
            for token, content in found:
                change = f"{column} = {column} + 1"
                if content is not None:
                    change += ", differs = differs + (content <> :content)"
                told = {"token": token, "content": None if content is None else _text(content)}
                changed = self._database.execute(f"UPDATE writes SET {change} WHERE token = :token", told)
                unknown += changed.rowcount == 0
            self._database.execute("COMMIT")
        return unknown

    def tally_alerts(self, found: Iterable[tuple[str, int]]) -> int:
        """Count the alerts that tell of an update, by pledge and number; returns how many tell of none."""
        unknown = 0
        with self._lock:
            self._database.execute("BEGIN")
            for place in found:
                sql = "UPDATE writes SET alerts = alerts + 1 WHERE pledge = ? AND number = ?"
                unknown += self._database.execute(sql, place).rowcount == 0
            self._database.execute("COMMIT")
        return unknown

    def count(self, condition: str = "1") -> int:
        """How many acknowledged writes there are of a kind."""
        found = self._database.execute(f"SELECT count(*) FROM writes WHERE {condition}").fetchone()
        return int(found[0])

    def some(self, condition: str) -> list[str]:
        """A few of them, to look at."""
        query = f"SELECT token, kind, pledge, number FROM writes WHERE {condition} LIMIT 3"
        return [" ".join(map(str, row)) for row in self._database.execute(query)]

    def close(self) -> None:
        """Let go of the file."""
        self._database.close()


def _text(content: Mapping[str, Any]) -> str:
    return json.dumps(dict(content), sort_keys=True)
