"""SQLite: a file that one process at a time writes."""

import os
import sqlite3
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from types import ModuleType
from typing import Any, cast

from sqlalchemy import Connection, Engine, Table, create_engine, event
from sqlalchemy.dialects import sqlite
from sqlalchemy.engine import ExceptionContext, make_url
from sqlalchemy.exc import DBAPIError

from pledgetracker.storage.dialects.base import REFUSES
from pledgetracker.storage.dialects.columns import json_of

HAS_SERVER = False
CAN_ALTER = False
APPEND_ONLY: Sequence[str] = tuple(
    f"CREATE TRIGGER {{table}}_{name} BEFORE {deed} BEGIN SELECT RAISE(ABORT, '{REFUSES}'); END"
    for name, deed in {
        "update": "UPDATE ON {table}",
        "delete": "DELETE ON {table}",
        # INSERT OR REPLACE overwrites a row, and no other trigger hears of it.
        "replace": "INSERT ON {table} WHEN EXISTS (SELECT 1 FROM {table} WHERE {same})",
    }.items()
)
DROP_APPEND_ONLY: Sequence[str] = ()

# Before this version WAL can lose commits when several connections write.
FIRST_SAFE_WAL = (3, 51, 3)
# What SQLite says of a file that it could not use: a new connection may, once somebody has mended it.
_FILE_TROUBLES = ("SQLITE_READONLY", "SQLITE_IOERR", "SQLITE_CANTOPEN", "SQLITE_CORRUPT", "SQLITE_NOTADB")
_BEGIN = "pledgetracker_begin"


def open_engine(url: str, *, busy_timeout_ms: int, is_standby: bool = False) -> Engine:
    """Open a file, made if it is not there; a commit is on the disk before it is acknowledged."""
    del is_standby
    parsed = make_url(url)
    if parsed.database:
        Path(parsed.database).parent.mkdir(parents=True, exist_ok=True)
        # It holds addresses of contacts: for nobody else on the machine to read.
        # Where it exists it is not touched: closing a handle drops the locks that this process has on it.
        with suppress(FileExistsError):
            os.close(os.open(parsed.database, os.O_RDONLY | os.O_CREAT | os.O_EXCL, 0o600))
    module = driver()
    engine = create_engine(
        parsed.set(drivername="sqlite+pysqlite"),
        module=module,
        pool_size=20,
        max_overflow=80,
        connect_args={"timeout": busy_timeout_ms / 1000, "check_same_thread": False},
        json_serializer=json_of,
    )

    @event.listens_for(engine, "connect")
    def configure(connection: Any, _: Any) -> None:
        # The driver's own transactions begin too late and lose updates; ours begin in `begin` below.
        connection.isolation_level = None
        connection.execute(f"PRAGMA busy_timeout = {busy_timeout_ms}")
        connection.execute(f"PRAGMA journal_mode = {journal_mode(module)}")
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute("PRAGMA foreign_keys = ON")

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        statement = connection.get_execution_options().get(_BEGIN, "BEGIN")
        if statement is None:
            return
        # By way of the driver: this precedes every transaction, and a statement object costs 50 us.
        raw = cast("sqlite3.Connection", connection.connection.dbapi_connection)
        try:
            raw.execute(statement)
        except module.DatabaseError as error:
            # The library's own handling, and with it the listener below, begins after this.
            if name_of(error).startswith(_FILE_TROUBLES):
                engine.dispose()
                connection.invalidate(error)
            raise DBAPIError.instance(statement, None, error, module.Error) from error

    event.listen(engine, "handle_error", _leave_what_is_broken)
    return engine


def _leave_what_is_broken(context: ExceptionContext) -> None:
    """Use none of the connections again to a file that could not be used."""
    if context.engine is not None and name_of(context.original_exception).startswith(_FILE_TROUBLES):
        context.is_disconnect = True
        # What one of them could not do, no other in this process can until all are closed.
        context.engine.dispose()


def driver() -> ModuleType:
    """The newest SQLite at hand: the packaged one, or the one that came with Python."""
    try:
        from pysqlite3 import dbapi2
    except ImportError:
        return sqlite3
    return cast("ModuleType", dbapi2)


def journal_mode(module: ModuleType) -> str:
    """The journal that loses nothing with a version of SQLite."""
    return "WAL" if module.sqlite_version_info >= FIRST_SAFE_WAL else "TRUNCATE"


def for_reading(engine: Engine) -> Engine:
    """What has been committed once the first statement looks is what all of them see."""
    return engine


def for_writing(engine: Engine) -> Engine:
    """It waits for its turn to write before it looks at anything."""
    return engine.execution_options(**{_BEGIN: "BEGIN IMMEDIATE"})


def for_single_statements(engine: Engine) -> Engine:
    """Each statement is a transaction."""
    return engine.execution_options(**{_BEGIN: None})


def describe(engine: Engine) -> str:
    """Name, version and journal."""
    module = cast("ModuleType", engine.dialect.dbapi)
    return f"SQLite {module.sqlite_version}, journal {journal_mode(module)}"


def insert(table: Table) -> Any:
    """INSERT … ON CONFLICT."""
    return sqlite.insert(table)


def collided(error: DBAPIError) -> bool:
    """Writers take turns."""
    del error
    return False


def clashed(error: DBAPIError) -> bool:
    """Writers take turns."""
    del error
    return False


def is_outage(error: DBAPIError) -> bool:
    """The kind of the error tells."""
    del error
    return False


def is_locked(error: BaseException) -> bool:
    """Another process has been writing for longer than the busy timeout."""
    return isinstance(error, DBAPIError) and name_of(error.orig).startswith("SQLITE_BUSY")


def is_settled(error: DBAPIError) -> bool:
    """Only what went wrong with the disk may have come after the commit."""
    name = name_of(error.orig)
    return name != "" and not name.startswith("SQLITE_IOERR")


def name_of(error: object) -> str:
    """What SQLite calls an error; nothing for errors of others."""
    return getattr(error, "sqlite_errorname", "")


def is_doomed(connection: Connection) -> bool:
    """An error undoes its own statement and no other."""
    del connection
    return False


def take_time(connection: Connection) -> None:
    """No limit is set that would have to be lifted."""


def lock_schema(connection: Connection) -> None:
    """Nobody else writes anyway."""


def lock_links(connection: Connection) -> None:
    """Nobody else writes anyway."""


def sort_by_bytes(connection: Connection) -> None:
    """Text has that order by nature."""


def count_on(connection: Connection, table: Table) -> None:
    """The next number is the one after the highest by nature."""
