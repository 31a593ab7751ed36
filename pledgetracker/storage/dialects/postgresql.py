"""PostgreSQL: a server that several write to at once."""

from collections.abc import Sequence
from typing import Any, cast

from sqlalchemy import Connection, Engine, Table, create_engine, event, func, select, text
from sqlalchemy.dialects import postgresql
from sqlalchemy.engine import URL, ExceptionContext, make_url
from sqlalchemy.exc import DBAPIError

from pledgetracker.domain.errors import Refusal
from pledgetracker.storage.dialects.base import REFUSES
from pledgetracker.storage.dialects.columns import json_of

HAS_SERVER = True
CAN_ALTER = True
APPEND_ONLY: Sequence[str] = (
    (
        "CREATE FUNCTION {table}_refuse() RETURNS trigger LANGUAGE plpgsql"
        f" AS $$ BEGIN RAISE EXCEPTION '{REFUSES}'; END $$"
    ),
    *(
        f"CREATE TRIGGER {{table}}_{name} BEFORE {deed} EXECUTE FUNCTION {{table}}_refuse()"
        for name, deed in {
            "change": "UPDATE OR DELETE ON {table} FOR EACH ROW",
            "truncate": "TRUNCATE ON {table} FOR EACH STATEMENT",
        }.items()
    ),
)
# The triggers go with the table.
DROP_APPEND_ONLY: Sequence[str] = ("DROP FUNCTION {table}_refuse()",)

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


def open_engine(url: str, *, busy_timeout_ms: int, is_standby: bool = False) -> Engine:
    """Connect to a server; unless it is a standby, to one that loses nothing that it acknowledged.

    Raises:
        DriverMissing: the package for it is not installed.
        AddressRefused: the address has a parameter that means nothing.
    """
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
        json_serializer=json_of,
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


def _leave_what_only_reads(context: ExceptionContext) -> None:
    """Use none of the connections again to a server that only reads."""
    if getattr(context.original_exception, "sqlstate", None) == _ONLY_READS:
        context.is_disconnect = True


def for_reading(engine: Engine) -> Engine:
    """Every statement sees the state in which the first one found the database."""
    return engine.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)


def for_writing(engine: Engine) -> Engine:
    """Each statement sees what has been committed; what must not change meanwhile is locked by row."""
    return engine.execution_options(isolation_level="READ COMMITTED")


def for_single_statements(engine: Engine) -> Engine:
    """Each statement is a transaction."""
    return engine.execution_options(isolation_level="AUTOCOMMIT")


def describe(engine: Engine) -> str:
    """Name and version, once it was connected to."""
    version = getattr(engine.dialect, "server_version_info", None) or ()
    return " ".join(["PostgreSQL", *filter(None, [".".join(map(str, version))])])


def insert(table: Table) -> Any:
    """INSERT … ON CONFLICT."""
    return postgresql.insert(table)


def collided(error: DBAPIError) -> bool:
    """A deadlock, or a serialisation failure."""
    return _code(error) in _COLLIDED


def clashed(error: DBAPIError) -> bool:
    """A unique or foreign key was violated: by a mistake, or by what another transaction did meanwhile."""
    return _code(error) in _CLASHED


def is_outage(error: DBAPIError) -> bool:
    """The server says that it cannot, whatever is asked of it."""
    return _code(error) in _OUTAGES


def is_locked(error: BaseException) -> bool:
    """Nobody waits for a file here."""
    del error
    return False


def is_settled(error: DBAPIError) -> bool:
    """A fatal error ends the connection, and may have come after the commit."""
    severity = getattr(getattr(error.orig, "diag", None), "severity_nonlocalized", None)
    return severity == "ERROR" and _code(error) not in _UNRESOLVED


def _code(error: DBAPIError) -> str | None:
    return getattr(error.orig, "sqlstate", None)


def is_doomed(connection: Connection) -> bool:
    """After an error the server takes nothing more, and answers COMMIT with a rollback."""
    info = cast("Any", connection.connection.dbapi_connection).info
    return bool(info.transaction_status.name == "INERROR")


def take_time(connection: Connection) -> None:
    """Suspend the limit on how long a statement runs."""
    connection.execute(text("SET LOCAL statement_timeout = 0"))


def lock_schema(connection: Connection) -> None:
    """Take a lock that means the schema."""
    connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _SCHEMA_LOCK})


def lock_links(connection: Connection) -> None:
    """Take a lock that means the links."""
    connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _LINKS_LOCK})


def sort_by_bytes(connection: Connection) -> None:
    """Give every text column the collation C.

    The order of a language differs between servers, changes when their system is updated, and then damages
    indexes.
    """
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
    """Set the sequence behind each key of `table` to the highest number that is there."""
    for column in table.primary_key:
        sequence = connection.scalar(select(func.pg_get_serial_sequence(table.name, column.name)))
        if sequence is None:
            continue
        highest = connection.scalar(select(func.max(column)))
        if highest is not None:
            connection.execute(select(func.setval(sequence, highest)))
