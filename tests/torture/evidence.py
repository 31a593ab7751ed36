"""What an audit goes by: what clients did, what the database holds, what the mail server saw, what broke.

Nothing here knows the product: the database is read with plain SQL, everything else from lines of JSON.
"""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import sqlalchemy

try:
    # The library that the program uses: two of them in one process undo each other's locks on a file.
    from pysqlite3 import dbapi2 as sqlite
except ImportError:
    import sqlite3 as sqlite

Json = dict[str, Any]

SECOND = timedelta(seconds=1)
MINUTE = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Deed:
    """What a client did to a pledge and was answered that it was done.

    Attributes:
        what: pledge, progress, reschedule, withdrawal, rescission or contacts.
        said: the body sent, as JSON.
        number: of the update that came of it.
        began, ended: the instants between which it took effect.
    """

    pledge: str
    what: str
    said: Json
    began: datetime
    ended: datetime
    number: int | None = None


@dataclass(frozen=True, slots=True)
class Trouble:
    """A time in which something was broken on purpose: a fault of the mail server, a kill, a stop, a hold."""

    kind: str
    began: datetime
    ended: datetime


@dataclass(frozen=True, slots=True)
class Tick:
    """One tick of one scheduler.

    Attributes:
        ended: None for one that did not end well: killed in the middle, or failed.
    """

    process: int
    began: datetime
    ended: datetime | None


@dataclass(frozen=True, slots=True)
class Evidence:
    """All that is known of a campaign.

    Attributes:
        deeds: in the order in which they were done.
        alerts, letters: the rows of the tables, days and instants as such.
        mail: what the mail server wrote down.
        ticks: in order of their beginning.
        kills: how many schedulers were killed without warning.
        watchers: who gets the alerts of every pledge.
    """

    deeds: Sequence[Deed]
    alerts: Sequence[Json]
    letters: Sequence[Json]
    mail: Sequence[Json]
    ticks: Sequence[Tick]
    troubles: Sequence[Trouble]
    watchers: Sequence[str] = ()

    @property
    def kills(self) -> int:
        return sum(trouble.kind == "kill" for trouble in self.troubles)


def read_table(address: str, table: str) -> list[Json]:
    """All rows of a table, in order of their keys."""
    module = {"module": sqlite} if address.startswith("sqlite:") else {}
    engine = sqlalchemy.create_engine(address.replace("postgresql://", "postgresql+psycopg://"), **module)
    try:
        with engine.connect() as connection:
            found = connection.execute(sqlalchemy.text(f"SELECT * FROM {table} ORDER BY 1")).mappings().all()
            return [{name: _plain(name, value) for name, value in row.items()} for row in found]
    finally:
        engine.dispose()


def _plain(name: str, value: Any) -> Any:
    """SQLite keeps days and instants as text."""
    if not isinstance(value, str):
        return value
    if name == "at" or name.endswith("_at"):
        return instant(value)
    return date.fromisoformat(value) if name == "episode" else value


def instant(text: str) -> datetime:
    """An instant, written down."""
    return datetime.fromisoformat(text)


def read_mail(path: Path) -> list[Json]:
    """The mail server's log."""
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    return [line | {"at": instant(line["at"])} for line in lines]


def read_ticks(folder: Path) -> list[Tick]:
    """What schedulers wrote down, each into a file of its own."""
    ticks = [tick for path in folder.glob("*.jsonl") for tick in _ticks_of(path)]
    return sorted(ticks, key=lambda tick: tick.began)


def _ticks_of(path: Path) -> Iterable[Tick]:
    # What follows the last end of a line is not all there yet.
    whole, _, _ = path.read_text().rpartition("\n")
    ticks: dict[int, Tick] = {}
    for line in map(json.loads, whole.splitlines()):
        number = line["tick"]
        if line["event"] == "began":
            ticks[number] = Tick(line["process"], instant(line["at"]), None)
        elif line["event"] == "ended":
            ticks[number] = replace(ticks[number], ended=instant(line["at"]))
    return ticks.values()


def calm_ticks(
    ticks: Sequence[Tick], troubles: Iterable[Trouble], aftermath: timedelta
) -> list[tuple[datetime, datetime]]:
    """Ticks untouched by trouble and its aftermath: (began, by when what was ready then must be done).

    That is when all has ended that went on beside the tick, or beside that: what one beside it has planned
    may be in the hands of a third, which began when the tick itself was over.
    """
    broken = sorted((trouble.began, trouble.ended + aftermath) for trouble in troubles)
    calm = []
    for n, tick in enumerate(ticks):
        # No tick is beside more others than these.
        near = ticks[max(0, n - 50) : n + 50]
        end = _end_of_all_beside(near, tick.began, tick.ended)
        end = _end_of_all_beside(near, tick.began, end)
        if end is not None and not any(begins <= end and ends >= tick.began for begins, ends in broken):
            calm.append((tick.began, end))
    return calm


def _end_of_all_beside(ticks: Sequence[Tick], began: datetime, ended: datetime | None) -> datetime | None:
    """When the last tick ended that began by `ended`; None where one of them never did."""
    if ended is None:
        return None
    beside = [tick for tick in ticks if tick.began <= ended]
    # None lasts longer than a minute without an end.
    if any(tick.ended is None and tick.began + MINUTE > began for tick in beside):
        return None
    return max(tick.ended for tick in beside if tick.ended is not None)
