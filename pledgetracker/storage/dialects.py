"""What differs between databases: the only module that names one."""

import os
import sqlite3
from collections.abc import Sequence
from contextlib import suppress
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from types import ModuleType
from typing import Any, cast

import orjson
from sqlalchemy import (
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
    TextClause,
    create_engine,
    event,
    func,
    select,
    text,
)
from sqlalchemy.dialects import postgresql
from sqlalchemy.dialects import sqlite as sqlite_dialect
from sqlalchemy.engine import URL, ExceptionContext, make_url
from sqlalchemy.exc import DBAPIError
from sqlalchemy.pool import NullPool
from sqlalchemy.types import JSON, TypeDecorator, TypeEngine

from pledgetracker.domain.errors import Refusal
from pledgetracker.domain.numbers import MAX_DECIMALS, plain, trim

# Before this version WAL can lose commits when several connections write.
FIRST_SAFE_WAL = (3, 51, 3)
BUSY_TIMEOUT_MS = 10_000
# What every SQLite database begins with.
_FIRST_BYTES = b"SQLite format 3\0"
_BEGIN = "pledgetracker_begin"

# A statement that runs longer, or a transaction that sits idle for longer, keeps others waiting in vain.
STATEMENT_TIMEOUT_MS = 30_000
IDLE_TIMEOUT_MS = 60_000
CONNECT_TIMEOUT_SECONDS = 5
# New connections notice settings of the server that were changed meanwhile.
RECYCLE_SECONDS = 1800
# Others give commits that a crash of the server, or its replacement by a standby, can undo.
DURABLE = frozenset({"on", "remote_apply"})
# Codes of the server (SQLSTATE): a deadlock or a serialisation failure, cured by running anew.
_COLLIDED = frozenset({"40001", "40P01"})
# A unique or foreign key was violated: by a mistake, or by what another transaction did meanwhile.
_CLASHED = frozenset({"23505", "23503"})
# A server that only reads: it itself later, or what stands in its place by then, lets new connections write.
_ONLY_READS = "25006"
# Failures that do not lie in the statement: a server that only reads, a time-out, damaged data, tables that
# are not those of this program, or that it may not use.
_OUTAGES = frozenset({_ONLY_READS, "25P03", "42501", "42P01", "42703", "XX000", "XX001", "XX002"})
# What SQLite says of a file that it could not use: a new connection may, once somebody has mended it.
_FILE_TROUBLES = ("SQLITE_READONLY", "SQLITE_IOERR", "SQLITE_CANTOPEN", "SQLITE_CORRUPT", "SQLITE_NOTADB")
# Even as ordinary errors these leave open whether the commit took place.
_UNRESOLVED = frozenset({"08007", "40003"})
_SCHEMA_LOCK = 7_034_517_201
_LINKS_LOCK = 7_034_517_202


class DriverMissing(Refusal):
    """The database needs a package that is not installed."""

    def __init__(self, error: ImportError) -> None:
        super().__init__(
            f"PostgreSQL needs the package psycopg ({error}). Run pip install 'pledgetracker[postgres]'."
        )


class AddressRefused(Refusal):
    """The address of the database has a parameter that means nothing."""

    def __init__(self, reason: str) -> None:
        super().__init__(f"database_url: {reason.strip()}. Mend what follows the question mark.")


class NotDurable(Exception):  # noqa: N818 -- it says what the server is
    """The server may lose what it has acknowledged."""

    def __init__(self, name: str, value: str) -> None:
        super().__init__(
            f"PostgreSQL runs with {name} = {value} and could lose what was acknowledged. "
            f"Set {name} = on for the server, the database and the role."
        )


RowId = BigInteger().with_variant(Integer(), "sqlite")
Document = JSON(none_as_null=True).with_variant(postgresql.JSONB(none_as_null=True), "postgresql")


def _json(document: Any) -> str:
    """A document as it is kept."""
    return orjson.dumps(document).decode()


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
        if dialect.name != "sqlite":
            return utc
        return f"{utc.replace(tzinfo=None).isoformat(timespec='microseconds')}Z"

    def process_result_value(self, value: Any, dialect: Dialect) -> datetime | None:
        """Read it, in UTC."""
        if value is None:
            return None
        if dialect.name == "sqlite":
            return datetime.fromisoformat(value)
        return cast("datetime", value).astimezone(UTC)


# Rows that lie in the order of their primary key; elsewhere SQLite keeps that key a second time.
CLUSTERED: dict[str, Any] = {"sqlite_with_rowid": False}


def partial_index(
    name: str, *columns: Column[Any], unique: bool, where: ColumnElement[bool] | TextClause
) -> Index:
    """An index over the rows that match `where`."""
    return Index(name, *columns, unique=unique, sqlite_where=where, postgresql_where=where)


def insert_or_ignore(connection: Connection, table: Table, rows: Sequence[dict[str, Any]]) -> int:
    """Insert rows, leaving out those whose unique key is taken; returns how many went in."""
    if not rows:
        return 0
    kinds: dict[str, Any] = {"sqlite": sqlite_dialect.insert, "postgresql": postgresql.insert}
    # Without the option the number is only kept for UPDATE and DELETE.
    statement = (
        kinds[connection.dialect.name](table)
        .on_conflict_do_nothing()
        .execution_options(preserve_rowcount=True)
    )
    return connection.execute(statement, rows).rowcount


def upsert(connection: Connection, table: Table, row: dict[str, Any]) -> None:
    """Insert a row, or overwrite the one with its primary key."""
    kinds: dict[str, Any] = {"sqlite": sqlite_dialect.insert, "postgresql": postgresql.insert}
    keys = [column.name for column in table.primary_key]
    others = {name: value for name, value in row.items() if name not in keys}
    statement = kinds[connection.dialect.name](table).values(row)
    connection.execute(statement.on_conflict_do_update(index_elements=keys, set_=others))


def append_only(connection: Connection, table: str, *key: str) -> None:
    """Let rows of `table`, told apart by the columns of `key`, come in and never change or go."""
    same = " AND ".join(f"{column} = NEW.{column}" for column in key)
    for statement in _APPEND_ONLY[connection.dialect.name]:
        connection.exec_driver_sql(statement.format(table=table, same=same))


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
            "replace": "INSERT ON {table} WHEN EXISTS (SELECT 1 FROM {table} WHERE {same})",
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


def may_be_database(file: Path) -> bool:
    """Whether a file is a database, whole or not, or has nothing in it."""
    with file.open("rb") as reading:
        return reading.read(len(_FIRST_BYTES)) in {b"", _FIRST_BYTES}


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


def open_engine(url: str, *, busy_timeout_ms: int, is_standby: bool = False) -> Engine:
    """Connect to the database that `url` names; to a standby only in order to read.

    Raises:
        DriverMissing: the package for it is not installed.
        AddressRefused: the address has a parameter that means nothing.
    """
    if is_sqlite(url):
        return _open_sqlite(url, busy_timeout_ms)
    return _open_postgresql(url, busy_timeout_ms, is_standby=is_standby)


def for_reading(engine: Engine) -> Engine:
    """The same database, for transactions that look and see one state."""
    if engine.dialect.name == "sqlite":
        return engine
    return engine.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)


def for_writing(engine: Engine) -> Engine:
    """The same database, for transactions that change something."""
    if engine.dialect.name == "sqlite":
        return engine.execution_options(**{_BEGIN: "BEGIN IMMEDIATE"})
    # Each statement sees what has been committed; what must not change meanwhile is locked by row.
    return engine.execution_options(isolation_level="READ COMMITTED")


def for_single_statements(engine: Engine) -> Engine:
    """The same database, for statements that need no transaction around them."""
    if engine.dialect.name == "sqlite":
        return engine.execution_options(**{_BEGIN: None})
    return engine.execution_options(isolation_level="AUTOCOMMIT")


def has_server(engine: Engine) -> bool:
    """Whether there is somebody at the other end of a connection who may close it."""
    return engine.dialect.name != "sqlite"


def describe(engine: Engine) -> str:
    """Name, version and journal of the database, for the log and for readiness."""
    if engine.dialect.name != "sqlite":
        version = getattr(engine.dialect, "server_version_info", None) or ()
        return " ".join(["PostgreSQL", *filter(None, [".".join(map(str, version))])])
    module = cast("ModuleType", engine.dialect.dbapi)
    return f"SQLite {module.sqlite_version}, journal {_journal_mode(module)}"


def collided(error: DBAPIError) -> bool:
    """Whether transactions got in each other's way, so that running anew is the cure."""
    return _code(error) in _COLLIDED


def clashed(error: DBAPIError) -> bool:
    """Whether what another transaction did meanwhile may be the cause; where writers take turns it is not."""
    return _code(error) in _CLASHED


def is_outage(error: DBAPIError) -> bool:
    """Whether the database is at fault, although the kind of the error does not tell."""
    return _code(error) in _OUTAGES


def is_locked(error: BaseException) -> bool:
    """Whether somebody else was writing to a file for longer than one waits."""
    return isinstance(error, DBAPIError) and _file_error(error.orig).startswith("SQLITE_BUSY")


def is_settled(error: DBAPIError) -> bool:
    """Whether an error of COMMIT tells that nothing was committed; anything less leaves it open."""
    if name := _file_error(error.orig):
        return not name.startswith("SQLITE_IOERR")
    # A fatal error ends the connection, and may have come after the commit.
    severity = getattr(getattr(error.orig, "diag", None), "severity_nonlocalized", None)
    return severity == "ERROR" and _code(error) not in _UNRESOLVED


def is_doomed(connection: Connection) -> bool:
    """Whether an error inside was passed over, so that COMMIT would undo everything without saying so."""
    if connection.dialect.name == "sqlite":
        return False
    info = cast("Any", connection.connection.dbapi_connection).info
    return bool(info.transaction_status.name == "INERROR")


def take_time(connection: Connection) -> None:
    """Let the statements of this transaction run as long as they need: migrations, copies."""
    if connection.dialect.name != "sqlite":
        connection.execute(text("SET LOCAL statement_timeout = 0"))


def can_alter(connection: Connection) -> bool:
    """Whether a table's constraints can be changed in place; where not, a table is made anew."""
    return connection.dialect.name != "sqlite"


def lock_schema(connection: Connection) -> None:
    """Let nobody else change the schema until this transaction ends."""
    if connection.dialect.name != "sqlite":
        connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _SCHEMA_LOCK})


def lock_links(connection: Connection) -> None:
    """Let nobody else add links between pledges until this transaction ends; on SQLite nobody can anyway."""
    if connection.dialect.name != "sqlite":
        connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _LINKS_LOCK})


def sort_by_bytes(connection: Connection) -> None:
    """Give every text column that lacks it the order of its bytes, which SQLite's have by nature.

    The order of a language differs between servers, changes when their system is updated, and then damages
    indexes.
    """
    if connection.dialect.name == "sqlite":
        return
    changes: dict[str, list[str]] = {}
    for table, column, kind in connection.execute(text(_LINGUISTIC)):
        changes.setdefault(table, []).append(f'ALTER COLUMN {column} TYPE {kind} COLLATE "C"')
    for table, altered in changes.items():
        connection.execute(text(f"ALTER TABLE {table} {', '.join(altered)}"))


# Quoted and with its length, as ALTER TABLE wants it.
_LINGUISTIC = """
SELECT c.oid::regclass::text, quote_ident(a.attname), format_type(a.atttypid, a.atttypmod)
FROM pg_attribute a
JOIN pg_class c ON c.oid = a.attrelid
JOIN pg_collation o ON o.oid = a.attcollation
WHERE c.relkind IN ('r', 'p') AND c.relnamespace = current_schema()::regnamespace
  AND a.attnum > 0 AND NOT a.attisdropped AND o.collname <> 'C'
ORDER BY 1, a.attnum
"""


def count_on(connection: Connection, table: Table) -> None:
    """Let the next numbers of `table` follow those that were brought in."""
    if connection.dialect.name == "sqlite":
        return
    for column in table.primary_key:
        sequence = connection.scalar(select(func.pg_get_serial_sequence(table.name, column.name)))
        if sequence is None:
            continue
        highest = connection.scalar(select(func.max(column)))
        if highest is not None:
            connection.execute(select(func.setval(sequence, highest)))


def _code(error: DBAPIError) -> str | None:
    return getattr(error.orig, "sqlstate", None)


def _file_error(error: object) -> str:
    """What SQLite calls an error; nothing for errors of others."""
    return getattr(error, "sqlite_errorname", "")


def _leave_what_only_reads(context: ExceptionContext) -> None:
    """Use none of the connections again to a server that only reads."""
    if getattr(context.original_exception, "sqlstate", None) == _ONLY_READS:
        context.is_disconnect = True


def _leave_what_is_broken(context: ExceptionContext) -> None:
    """Use none of the connections again to a file that could not be used."""
    if context.engine is not None and _file_error(context.original_exception).startswith(_FILE_TROUBLES):
        context.is_disconnect = True
        # What one of them could not do, no other in this process can until all are closed.
        context.engine.dispose()


def _open_postgresql(url: str, busy_timeout_ms: int, *, is_standby: bool) -> Engine:
    try:
        import psycopg
        from psycopg import conninfo
    except ImportError as error:
        raise DriverMissing(error) from error
    parsed = make_url(url).set(drivername="postgresql+psycopg")
    said = {name: value for name, value in parsed.query.items() if name != "prepare_threshold"}
    try:
        conninfo.make_conninfo(**{name: str(value) for name, value in said.items()})
    except psycopg.ProgrammingError as error:
        raise AddressRefused(str(error)) from error
    engine = create_engine(
        parsed.set(query=said),
        pool_pre_ping=True,
        pool_recycle=RECYCLE_SECONDS,
        pool_size=5,
        max_overflow=64,
        pool_timeout=busy_timeout_ms / 1000,
        connect_args=_prepared(parsed)
        | {name: value for name, value in _defaults(busy_timeout_ms).items() if name not in said},
        json_serializer=_json,
    )
    if not is_standby:
        event.listen(engine, "connect", _assert_durable)
        event.listen(engine, "handle_error", _leave_what_only_reads)
    return engine


def _defaults(busy_timeout_ms: int) -> dict[str, Any]:
    """Parameters of a connection, each unless the address says otherwise."""
    timeouts = {
        "statement_timeout": STATEMENT_TIMEOUT_MS,
        "lock_timeout": busy_timeout_ms,
        "idle_in_transaction_session_timeout": IDLE_TIMEOUT_MS,
        "TimeZone": "UTC",
    }
    return {
        "application_name": "pledgetracker",
        "connect_timeout": CONNECT_TIMEOUT_SECONDS,
        "tcp_user_timeout": STATEMENT_TIMEOUT_MS,
        "options": " ".join(f"-c {name}={value}" for name, value in timeouts.items()),
    }


def _prepared(url: URL) -> dict[str, Any]:
    """After how many runs a statement is prepared; poolers that share connections may need `none`."""
    said = url.query.get("prepare_threshold")
    if said is None:
        return {}
    if said == "none":
        return {"prepare_threshold": None}
    if not isinstance(said, str) or not said.isdecimal():
        raise AddressRefused("prepare_threshold is neither a whole number nor none")
    return {"prepare_threshold": int(said)}


def _assert_durable(connection: Any, _: Any) -> None:
    query = "SELECT current_setting('synchronous_commit'), current_setting('fsync')"
    commit, sync = connection.execute(query).fetchone()
    connection.rollback()
    if commit in DURABLE and sync == "on":
        return
    connection.close()
    raise NotDurable("fsync", sync) if commit in DURABLE else NotDurable("synchronous_commit", commit)


def _open_sqlite(url: str, busy_timeout_ms: int) -> Engine:
    parsed = make_url(url)
    if parsed.database:
        Path(parsed.database).parent.mkdir(parents=True, exist_ok=True)
        # It holds addresses of contacts: for nobody else on the machine to read.
        # Where it exists it is not touched: closing a handle drops the locks that this process has on it.
        with suppress(FileExistsError):
            os.close(os.open(parsed.database, os.O_RDONLY | os.O_CREAT | os.O_EXCL, 0o600))
    module = _sqlite_module()
    engine = create_engine(
        parsed.set(drivername="sqlite+pysqlite"),
        module=module,
        pool_size=20,
        max_overflow=80,
        connect_args={"timeout": busy_timeout_ms / 1000, "check_same_thread": False},
        json_serializer=_json,
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
        except module.DatabaseError as error:
            # The library's own handling, and with it the listener below, begins after this.
            if _file_error(error).startswith(_FILE_TROUBLES):
                engine.dispose()
                connection.invalidate(error)
            raise DBAPIError.instance(statement, None, error, module.Error) from error

    event.listen(engine, "handle_error", _leave_what_is_broken)
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
