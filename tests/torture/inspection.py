"""What is in the database, read without the product, in plain SQL."""

import json
import os
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import closing
from decimal import Decimal
from pathlib import Path
from typing import Any

import psycopg

from pledgetracker.storage.dialects import sqlite
from tests.processes import command
from tests.torture.installations import Installation

# The library that the product uses. With another one in the same process, each would undo the other's locks
# by closing its files, and the database would be damaged by us.
SQLITE = sqlite.driver()
# Where an entry's token stands, by its action.
TOKENS = {"progress.record": "note", "pledge.create": "id", "pledge.change": "title"}


class Inspection:
    """Reads a database that nobody writes any more."""

    def __init__(self, installation: Installation) -> None:
        self._environ = installation.environ
        self._address = installation.environ.get("PLEDGETRACKER_DATABASE_URL")

    def _rows(self, sql: str) -> Iterator[tuple[Any, ...]]:
        if self._address is None:
            with closing(SQLITE.connect(self._file)) as connection:
                yield from connection.execute(sql)
            return
        with psycopg.connect(self._address) as server, server.cursor(name="rows") as cursor:
            yield from cursor.execute(sql)

    def snapshot(self, queries: Mapping[str, str]) -> dict[str, list[tuple[str, ...]]]:
        """The rows of several queries at one instant, every value as text."""
        if self._address is None:
            with closing(SQLITE.connect(self._file, isolation_level=None)) as connection:
                connection.execute("BEGIN")
                found = {name: connection.execute(sql).fetchall() for name, sql in queries.items()}
        else:
            with psycopg.connect(self._address) as server:
                server.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
                found = {name: server.execute(sql.encode()).fetchall() for name, sql in queries.items()}
        return {name: [tuple(map(str, row)) for row in rows] for name, rows in found.items()}

    @property
    def _file(self) -> Path:
        return Path(self._environ["PLEDGETRACKER_DATA_DIR"], "pledgetracker.sqlite3")

    def updates(self) -> Iterator[tuple[str, Mapping[str, Any]]]:
        """Progress updates by token."""
        sql = "SELECT pledge, as_of, value, note FROM progress_updates"
        for pledge, as_of, value, note in self._rows(sql):
            content = {"pledge": pledge, "as_of": str(as_of), "value": int(Decimal(value)), "note": note}
            yield note, content

    def entries(self) -> Iterator[tuple[str, Mapping[str, Any] | None]]:
        """What the audit log tells of, by token."""
        for action, after in self._rows("SELECT action, after FROM audit_entries"):
            if action in TOKENS:
                told = json.loads(after)
                yield told[TOKENS[action]], None

    def created(self) -> Iterator[tuple[str, Mapping[str, Any]]]:
        """Pledges as the audit log tells of their first version, by token."""
        for (after,) in self._rows("SELECT after FROM audit_entries WHERE action = 'pledge.create'"):
            told = json.loads(after)
            yield told["id"], {"title": told["title"]}

    def changed(self) -> Iterator[tuple[str, Mapping[str, Any]]]:
        """Changes of pledges as the audit log tells of them, by token."""
        for (after,) in self._rows("SELECT after FROM audit_entries WHERE action = 'pledge.change'"):
            told = json.loads(after)
            yield told["title"], {"title": told["title"]}

    def pledges(self) -> Iterator[tuple[str, str]]:
        """Ids and titles of the pledges."""
        yield from self._rows("SELECT id, title FROM pledges ORDER BY id")

    def news(self) -> Iterator[tuple[str, int]]:
        """Alerts that tell of an update, by pledge and number."""
        yield from self._rows("SELECT pledge, step FROM alerts WHERE kind = 'progress'")

    def damage(self) -> str | None:
        """What SQLite itself finds wrong with its file, or None."""
        if self._address is not None:
            return None
        found = [str(row[0]) for row in self._rows("PRAGMA integrity_check")]
        return None if found == ["ok"] else f"PRAGMA integrity_check: {found[:3]}"

    def audit(self) -> str | None:
        """What `pledgetracker audit verify` complains of, or None."""
        environ = os.environ | self._environ
        done = subprocess.run(
            command("audit", "verify"), env=environ, check=False, capture_output=True, text=True
        )
        return None if done.returncode == 0 else f"audit verify: {(done.stdout + done.stderr)[-300:]}"
