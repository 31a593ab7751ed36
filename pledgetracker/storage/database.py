"""Transactions: read() for looking, write() for changing; each sees one consistent state."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from functools import cached_property
from typing import TypeVar

from sqlalchemy import Connection, inspect, select
from sqlalchemy.exc import DatabaseError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from pledgetracker.storage import dialects
from pledgetracker.storage.alerts import AlertStore
from pledgetracker.storage.flags import FlagStore
from pledgetracker.storage.heartbeats import HeartbeatStore
from pledgetracker.storage.idempotency import IdempotencyStore
from pledgetracker.storage.initiatives import InitiativeStore
from pledgetracker.storage.keys import KeyStore
from pledgetracker.storage.pledgers import PledgerStore
from pledgetracker.storage.pledges import PledgeStore
from pledgetracker.storage.progress import ProgressStore
from pledgetracker.storage.records import RecordCache, RecordStore
from pledgetracker.storage.tables import alembic_version
from pledgetracker.storage.turns import Turns

T = TypeVar("T")


class Unavailable(Exception):  # noqa: N818 -- it says what the database is, not what went wrong in us
    """The database cannot be reached, or could not be written in time; trying again later may help."""


class Transaction:
    """One transaction and the stores that work in it."""

    def __init__(self, connection: Connection, cache: RecordCache, *, is_writing: bool) -> None:
        self._connection = connection
        self._cache = cache
        self._is_writing = is_writing

    @cached_property
    def records(self) -> RecordStore:
        """Pledges with everything that hangs on them."""
        return RecordStore(self._connection, self._cache, is_writing=self._is_writing)

    @cached_property
    def pledges(self) -> PledgeStore:
        """Pledges, their milestones, moves and withdrawals: adding, changing, listing."""
        return PledgeStore(self._connection)

    @cached_property
    def progress(self) -> ProgressStore:
        """Progress updates."""
        return ProgressStore(self._connection)

    @cached_property
    def pledgers(self) -> PledgerStore:
        """Who promises."""
        return PledgerStore(self._connection)

    @cached_property
    def initiatives(self) -> InitiativeStore:
        """What groups pledges."""
        return InitiativeStore(self._connection)

    @cached_property
    def flags(self) -> FlagStore:
        """What the scheduler found."""
        return FlagStore(self._connection)

    @cached_property
    def alerts(self) -> AlertStore:
        """What is owed to whom."""
        return AlertStore(self._connection)

    @cached_property
    def keys(self) -> KeyStore:
        """API keys."""
        return KeyStore(self._connection)

    @cached_property
    def idempotency(self) -> IdempotencyStore:
        """What requests with an Idempotency-Key did."""
        return IdempotencyStore(self._connection)

    @cached_property
    def heartbeats(self) -> HeartbeatStore:
        """Signs of life."""
        return HeartbeatStore(self._connection)

    def schema_version(self) -> str | None:
        """The version of the database's schema, or None for an empty one."""
        if not inspect(self._connection).has_table(alembic_version.name):
            return None
        version: str | None = self._connection.scalar(select(alembic_version.c.version_num))
        return version

    @contextmanager
    def attempt(self) -> Iterator[None]:
        """Undo only what happens inside if it fails."""
        with self._connection.begin_nested():
            yield


class Database:
    """A database, its connections, and the records it has lately read.

    Args:
        url: as SQLAlchemy takes it.
        busy_timeout_ms: how long to wait for a database that another process writes, in milliseconds.
    """

    def __init__(self, url: str, *, busy_timeout_ms: int = dialects.BUSY_TIMEOUT_MS) -> None:
        self.engine = dialects.open_engine(url, busy_timeout_ms=busy_timeout_ms)
        self._writers = dialects.for_writing(self.engine)
        self._glances = dialects.for_single_statements(self.engine)
        # SQLite's own waiting polls and starves; inside one process writers queue here instead.
        self._turn = Turns() if dialects.is_sqlite(url) else nullcontext()
        self._cache = RecordCache()

    @property
    def description(self) -> str:
        """Name, version and journal of the database."""
        return dialects.describe(self.engine)

    @contextmanager
    def read(self) -> Iterator[Transaction]:
        """A transaction for looking.

        Raises:
            Unavailable: the database cannot be reached.
        """
        with _outages(), self.engine.connect() as connection:
            yield Transaction(connection, self._cache, is_writing=False)

    @contextmanager
    def glance(self) -> Iterator[Transaction]:
        """For looking with a single statement, at half the cost; of several, each would see its own state.

        Raises:
            Unavailable: the database cannot be reached.
        """
        with _outages(), self._glances.connect() as connection:
            yield Transaction(connection, self._cache, is_writing=False)

    def write(self, work: Callable[[Transaction], T]) -> T:
        """Run `work` in a transaction for changing, and commit; it may run again, so it must be repeatable.

        Raises:
            Unavailable: the database cannot be reached, or stayed locked.
        """
        with _outages(), self._turn:
            with self._writers.begin() as connection:
                transaction = Transaction(connection, self._cache, is_writing=True)
                result = work(transaction)
            transaction.records.committed()
        return result

    def rehearse(self, work: Callable[[Transaction], T]) -> T:
        """Run `work` as `write` would, and undo it.

        Raises:
            Unavailable: the database cannot be reached, or stayed locked.
        """
        with _outages(), self._turn, self._writers.connect() as connection:
            transaction = connection.begin()
            try:
                return work(Transaction(connection, self._cache, is_writing=True))
            finally:
                transaction.rollback()

    def upgrade(self, work: Callable[[Connection], None]) -> None:
        """Run `work`, which changes the schema, on one connection.

        Raises:
            Unavailable: the database cannot be reached, or stayed locked.
        """
        with _outages(), self._turn, self._writers.begin() as connection:
            work(connection)

    def close(self) -> None:
        """Let go of every connection."""
        self.engine.dispose()


@contextmanager
def _outages() -> Iterator[None]:
    try:
        yield
    except (OperationalError, InterfaceError) as error:
        raise Unavailable(str(error.orig)) from error
    except PoolTimeoutError as error:
        raise Unavailable("All connections are in use.") from error
    except DatabaseError as error:
        # Its kinds tell of our mistakes; it itself, of a file that is no database or a damaged one.
        if type(error) is not DatabaseError:
            raise
        raise Unavailable(str(error.orig)) from error
