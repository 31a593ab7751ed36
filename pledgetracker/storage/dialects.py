"""What differs between databases: the only module that names one."""

import os
import sqlite3
from collections.abc import Sequence
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from types import ModuleType
from typing import Any, cast

from sqlalchemy import (
    URL,
    BigInteger,
    Column,
    ColumnElement,
    Connection,
    DateTime,
    Dialect,
    Engine,
    Index,
    Integer,
    Numeric,
    String,
    Table,
    create_engine,
    event,
)
from sqlalchemy.dialects import postgresql
from sqlalchemy.dialects import sqlite as sqlite_dialect
from sqlalchemy.engine import make_url
from sqlalchemy.exc import OperationalError
from sqlalchemy.pool import NullPool
from sqlalchemy.types import JSON, TypeDecorator, TypeEngine

from pledgetracker.domain.numbers import MAX_DECIMALS, plain, trim

# Before this version WAL can lose commits when several connections write.
FIRST_SAFE_WAL = (3, 51, 3)
BUSY_TIMEOUT_MS = 10_000
# What every SQLite database begins with.
_FIRST_BYTES = b"SQLite format 3\0"
_BEGIN = "pledgetracker_begin"

RowId = BigInteger().with_variant(Integer(), "sqlite")
Document = JSON(none_as_null=True).with_variant(postgresql.JSONB(none_as_null=True), "postgresql")


class Number(TypeDecorator[Decimal]):
    """An exact decimal; SQLite would turn it into binary floating point, so there it is text."""

    impl = Numeric
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        """Choose the column type."""
        if dialect.name == "sqlite":
            return dialect.type_descriptor(String(32))
        return dialect.type_descriptor(Numeric(24, MAX_DECIMALS))

    def process_bind_param(self, value: Decimal | None, dialect: Dialect) -> Any:
        """Write it."""
        return plain(value) if value is not None and dialect.name == "sqlite" else value

    def process_result_value(self, value: Any, dialect: Dialect) -> Decimal | None:
        """Read it back without trailing zeros."""
        del dialect
        return None if value is None else trim(Decimal(value))


class Instant(TypeDecorator[datetime]):
    """An instant in UTC; SQLite forgets time zones, so there it is text that sorts by time."""

    impl = DateTime
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        """Choose the column type."""
        if dialect.name == "sqlite":
            return dialect.type_descriptor(String(27))
        return dialect.type_descriptor(DateTime(timezone=True))

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> Any:
        """Write it, in UTC."""
        if value is None:
            return None
        utc = value.astimezone(UTC)
        return utc.strftime("%Y-%m-%dT%H:%M:%S.%fZ") if dialect.name == "sqlite" else utc

    def process_result_value(self, value: Any, dialect: Dialect) -> datetime | None:
        """Read it, in UTC."""
        if value is None:
            return None
        if dialect.name == "sqlite":
            return datetime.fromisoformat(value)
        return cast("datetime", value).astimezone(UTC)


# Rows that lie in the order of their primary key; elsewhere SQLite keeps that key a second time.
CLUSTERED: dict[str, Any] = {"sqlite_with_rowid": False}


def partial_index(name: str, *columns: Column[Any], unique: bool, where: ColumnElement[bool]) -> Index:
    """An index over the rows that match `where`."""
    return Index(name, *columns, unique=unique, sqlite_where=where, postgresql_where=where)


def insert_or_ignore(connection: Connection, table: Table, rows: Sequence[dict[str, Any]]) -> int:
    """Insert rows, leaving out those whose unique key is taken; returns how many went in."""
    if not rows:
        return 0
    kinds: dict[str, Any] = {"sqlite": sqlite_dialect.insert, "postgresql": postgresql.insert}
    statement = kinds[connection.dialect.name](table).on_conflict_do_nothing()
    return sum(connection.execute(statement, row).rowcount for row in rows)


def upsert(connection: Connection, table: Table, row: dict[str, Any]) -> None:
    """Insert a row, or overwrite the one with its primary key."""
    kinds: dict[str, Any] = {"sqlite": sqlite_dialect.insert, "postgresql": postgresql.insert}
    keys = [column.name for column in table.primary_key]
    others = {name: value for name, value in row.items() if name not in keys}
    statement = kinds[connection.dialect.name](table).values(row)
    connection.execute(statement.on_conflict_do_update(index_elements=keys, set_=others))


def append_only(connection: Connection, table: str) -> None:
    """Let rows of `table`, whose key is `number`, come in and never change or go."""
    for statement in _APPEND_ONLY[connection.dialect.name]:
        connection.exec_driver_sql(statement.format(table=table))


_REFUSES = "{table} is append-only"
_REFUSE = (
    f"CREATE FUNCTION {{table}}_refuse() RETURNS trigger LANGUAGE plpgsql"
    f" AS $$ BEGIN RAISE EXCEPTION '{_REFUSES}'; END $$"
)
_APPEND_ONLY = {
    "sqlite": [
        f"CREATE TRIGGER {{table}}_{name} BEFORE {deed} BEGIN SELECT RAISE(ABORT, '{_REFUSES}'); END"
        for name, deed in {
            "update": "UPDATE ON {table}",
            "delete": "DELETE ON {table}",
            # INSERT OR REPLACE overwrites a row, and no other trigger hears of it.
            "replace": "INSERT ON {table} WHEN EXISTS (SELECT 1 FROM {table} WHERE number = NEW.number)",
        }.items()
    ],
    "postgresql": [
        _REFUSE,
        *(
            f"CREATE TRIGGER {{table}}_{name} BEFORE {deed} EXECUTE FUNCTION {{table}}_refuse()"
            for name, deed in {
                "change": "UPDATE OR DELETE ON {table} FOR EACH ROW",
                "truncate": "TRUNCATE ON {table} FOR EACH STATEMENT",
            }.items()
        ),
    ],
}


def drop_append_only(connection: Connection, table: str) -> None:
    """Take away what `append_only` made and the table itself will not take along."""
    if connection.dialect.name == "postgresql":
        connection.exec_driver_sql(f"DROP FUNCTION {table}_refuse()")


def file_of(url: str) -> Path | None:
    """The file that holds the database `url`, or None where a server does, or memory."""
    parsed = make_url(url)
    if parsed.get_backend_name() != "sqlite" or parsed.database in {None, "", ":memory:"}:
        return None
    return Path(str(parsed.database))


def url_of(file: Path) -> str:
    """The address of the database in `file`."""
    return URL.create("sqlite", database=str(file)).render_as_string(hide_password=False)


def open_copy(file: Path) -> Engine:
    """Look into a database file that nobody writes, touching neither it nor its folder."""
    module = _sqlite_module()

    def connect() -> Any:
        return module.connect(f"{file.absolute().as_uri()}?immutable=1", uri=True, check_same_thread=False)

    return create_engine("sqlite+pysqlite://", module=module, creator=connect, poolclass=NullPool)


def copy_into(connection: Connection, file: Path) -> None:
    """Copy the database as it is at one instant into `file`, which is empty; others go on writing."""
    connection.exec_driver_sql("VACUUM INTO ?", (str(file),))


def damage(connection: Connection) -> str | None:
    """What SQLite itself finds wrong with the database, or None."""
    found = [str(row[0]) for row in connection.exec_driver_sql("PRAGMA integrity_check")]
    if found != ["ok"]:
        return found[0]
    row = connection.exec_driver_sql("PRAGMA foreign_key_check").first()
    return None if row is None else f"A row of {row[0]} names one of {row[2]} that does not exist."


def fold(file: Path) -> bool:
    """Bring what side files hold into the database file itself; False if others have it open.

    A file so damaged that this cannot be done is left as it is, with its side files.
    """
    with file.open("rb") as reading:
        if reading.read(len(_FIRST_BYTES)) != _FIRST_BYTES:
            # SQLite would throw the side files of such a file away.
            return True
    module = _sqlite_module()
    connection = module.connect(f"{file.absolute().as_uri()}?mode=rw", uri=True, timeout=0)
    connection.isolation_level = None
    try:
        # Under WAL an idle connection shows only to one that asks for the whole file.
        connection.execute("PRAGMA locking_mode = EXCLUSIVE")
        connection.execute("BEGIN EXCLUSIVE")
        connection.execute("COMMIT")
        connection.execute("PRAGMA journal_mode = DELETE")
    except module.OperationalError as error:
        return "locked" not in str(error)
    except module.DatabaseError:
        return True
    finally:
        connection.close()
    return True


def is_sqlite(url: str) -> bool:
    """Whether `url` names a file on this machine, written by one process at a time."""
    return make_url(url).get_backend_name() == "sqlite"


def open_engine(url: str, *, busy_timeout_ms: int) -> Engine:
    """Connect to the database that `url` names."""
    return _open_sqlite(url, busy_timeout_ms) if is_sqlite(url) else create_engine(url, pool_pre_ping=True)


def for_writing(engine: Engine) -> Engine:
    """The same database, for transactions that change something."""
    return engine.execution_options(**{_BEGIN: "BEGIN IMMEDIATE"})


def for_single_statements(engine: Engine) -> Engine:
    """The same database, for statements that need no transaction around them."""
    if engine.dialect.name == "sqlite":
        return engine.execution_options(**{_BEGIN: None})
    return engine.execution_options(isolation_level="AUTOCOMMIT")


def describe(engine: Engine) -> str:
    """Name, version and journal of the database, for the log and for readiness."""
    if engine.dialect.name != "sqlite":
        return engine.dialect.name
    module = cast("ModuleType", engine.dialect.dbapi)
    return f"SQLite {module.sqlite_version}, journal {_journal_mode(module)}"


def _open_sqlite(url: str, busy_timeout_ms: int) -> Engine:
    parsed = make_url(url)
    if parsed.database:
        Path(parsed.database).parent.mkdir(parents=True, exist_ok=True)
        # It holds addresses of contacts: for nobody else on the machine to read.
        os.close(os.open(parsed.database, os.O_RDONLY | os.O_CREAT, 0o600))
    module = _sqlite_module()
    engine = create_engine(
        parsed.set(drivername="sqlite+pysqlite"),
        module=module,
        pool_size=20,
        max_overflow=80,
        connect_args={"timeout": busy_timeout_ms / 1000, "check_same_thread": False},
    )

    @event.listens_for(engine, "connect")
    def configure(connection: Any, _: Any) -> None:
        # The driver's own transactions begin too late and lose updates; ours begin in `begin` below.
        connection.isolation_level = None
        connection.execute(f"PRAGMA busy_timeout = {busy_timeout_ms}")
        connection.execute(f"PRAGMA journal_mode = {_journal_mode(module)}")
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
        except module.OperationalError as error:
            raise OperationalError(statement, None, error) from error

    return engine


def _sqlite_module() -> ModuleType:
    """The newest SQLite at hand: the packaged one, or the one that came with Python."""
    try:
        from pysqlite3 import dbapi2
    except ImportError:
        return sqlite3
    return cast("ModuleType", dbapi2)


def _journal_mode(module: ModuleType) -> str:
    return "WAL" if module.sqlite_version_info >= FIRST_SAFE_WAL else "TRUNCATE"
