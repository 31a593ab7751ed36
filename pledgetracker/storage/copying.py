"""Moving a whole record from one database to another, whatever kinds they are of."""

import hashlib
import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import Connection, Table, bindparam, exists, insert, select, update
from sqlalchemy.engine import RowMapping

from pledgetracker.domain.errors import Refusal
from pledgetracker.storage import dialects
from pledgetracker.storage.database import Database
from pledgetracker.storage.tables import metadata

BATCH = 500
SUM_BITS = 256


class NotEmpty(Refusal):
    """The database to copy to has content, which would be mixed with what comes."""

    def __init__(self, table: str) -> None:
        super().__init__(f"The target is not empty: it has {table}. Name a database without content.")


class CopyDiffers(Refusal):
    """What arrived is not what was sent; nothing of it was kept."""

    def __init__(self, tables: Iterable[str]) -> None:
        super().__init__(f"What arrived differs in {', '.join(tables)}; nothing was kept.")


@dataclass(frozen=True, slots=True)
class Tally:
    """How many rows a table has, and a checksum of them that is the same on every database."""

    table: str
    rows: int
    checksum: str


def copy(source: Database, target: Database) -> Sequence[Tally]:
    """Copy everything from `source`, in the one state in which it is now, to `target`, all or nothing.

    Both must have the schema of this program. The target is written in one transaction, and read again
    before that is committed.

    Raises:
        NotEmpty: the target has content.
        CopyDiffers: what arrived is not what was sent.
        Unavailable: one of them cannot be reached.
    """
    with source.survey() as reader:
        return target.upgrade(lambda writer: _copy(reader, writer))


def _copy(reader: Connection, writer: Connection) -> Sequence[Tally]:
    for table in metadata.sorted_tables:
        if writer.scalar(select(exists(select(table)))):
            raise NotEmpty(table.name)
    sent = [_send(reader, writer, table) for table in metadata.sorted_tables]
    arrived = [_tally(table, _rows(writer, table)) for table in metadata.sorted_tables]
    if differing := [there.table for here, there in zip(sent, arrived, strict=True) if here != there]:
        raise CopyDiffers(differing)
    return arrived


def _send(reader: Connection, writer: Connection, table: Table) -> Tally:
    """Bring the rows of one table over; what they say of each other follows when all are there."""
    late = _links(table)
    adder = _Adder()
    for batch in _batches(reader, table):
        rows = [dict(row) for row in batch]
        for row in rows:
            adder.add(row)
        writer.execute(insert(table), [row | dict.fromkeys(late) for row in rows])
    for name in late:
        for batch in _batches(reader, table):
            linked = [_renamed(table, row, name) for row in batch if row[name] is not None]
            if linked:
                mine = [column == bindparam(f"its_{column.name}") for column in table.primary_key]
                writer.execute(update(table).where(*mine).values({name: bindparam("linked")}), linked)
    dialects.of(writer).count_on(writer, table)
    return Tally(table.name, adder.rows, adder.checksum)


def _links(table: Table) -> Sequence[str]:
    """The columns by which rows of a table point to other rows of it."""
    keys = {column.name for column in table.primary_key}
    inner = [key for key in table.foreign_key_constraints if key.referred_table is table]
    return sorted({column.name for key in inner for column in key.columns} - keys)


def _renamed(table: Table, row: RowMapping, name: str) -> dict[str, Any]:
    return {f"its_{column.name}": row[column.name] for column in table.primary_key} | {"linked": row[name]}


def _batches(connection: Connection, table: Table) -> Iterator[Sequence[RowMapping]]:
    streamed = connection.execute(select(table), execution_options={"yield_per": BATCH})
    yield from streamed.mappings().partitions()


def _rows(connection: Connection, table: Table) -> Iterator[RowMapping]:
    for batch in _batches(connection, table):
        yield from batch


def _tally(table: Table, rows: Iterable[RowMapping]) -> Tally:
    adder = _Adder()
    for row in rows:
        adder.add(dict(row))
    return Tally(table.name, adder.rows, adder.checksum)


class _Adder:
    """Sums up the digests of rows: in whatever order they come, and with two alike told from none."""

    def __init__(self) -> None:
        self.rows = 0
        self._sum = 0

    def add(self, row: dict[str, Any]) -> None:
        """Count one row in."""
        text = json.dumps(row, sort_keys=True, default=_plain)
        self.rows += 1
        self._sum += int.from_bytes(hashlib.sha256(text.encode()).digest())

    @property
    def checksum(self) -> str:
        """The sum so far, as hexadecimal digits."""
        return f"{self._sum % 2**SUM_BITS:064x}"


def _plain(value: Any) -> Any:
    """A value as JSON has it, the same whichever database it came from."""
    if isinstance(value, Decimal):
        return f"{value:f}"
    if isinstance(value, datetime | date):
        return value.isoformat()
    if isinstance(value, bytes | memoryview):
        return bytes(value).hex()
    raise TypeError(f"A column holds a {type(value).__name__}, which no checksum knows yet.")
