"""Transactions: read() for looking, write() for changing; each sees one consistent state."""

import random
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from functools import cached_property
from pathlib import Path
from types import TracebackType
from typing import TypeVar

from sqlalchemy import Connection, Engine, event, func, inspect, select, table
from sqlalchemy.exc import DatabaseError, DBAPIError, IntegrityError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from pledgetracker.domain.audit import ITSELF, Actor
from pledgetracker.domain.errors import Contended, Refusal
from pledgetracker.storage import dialects
from pledgetracker.storage.alerts import AlertStore
from pledgetracker.storage.attempts import AttemptStore
from pledgetracker.storage.audit import AuditStore
from pledgetracker.storage.deliveries import DeliveryStore
from pledgetracker.storage.dialects import Dialect, NotDurable
from pledgetracker.storage.dialects.files import copy_into, damage, file_of, fold, open_copy
from pledgetracker.storage.flags import FlagStore
from pledgetracker.storage.heartbeats import HeartbeatStore
from pledgetracker.storage.idempotency import IdempotencyStore
from pledgetracker.storage.initiatives import InitiativeStore
from pledgetracker.storage.keys import KeyStore
from pledgetracker.storage.letters import LetterStore
from pledgetracker.storage.links import LinkStore
from pledgetracker.storage.loans import Loans
from pledgetracker.storage.occupancy import Occupancy, Taken
from pledgetracker.storage.pledgers import PledgerStore
from pledgetracker.storage.pledges import PledgeStore
from pledgetracker.storage.policies import PolicyStore
from pledgetracker.storage.progress import ProgressStore
from pledgetracker.storage.rate_limits import RateLimitStore
from pledgetracker.storage.rates import RateStore
from pledgetracker.storage.records import RecordCache, RecordStore
from pledgetracker.storage.reviews import ReviewStore
from pledgetracker.storage.rubrics import RubricStore
from pledgetracker.storage.tables import alembic_version
from pledgetracker.storage.turns import NoTurn, Turns
from pledgetracker.storage.verdicts import VerdictStore

T = TypeVar("T")


class Unavailable(Exception):  # noqa: N818 -- it says what the database is, not what went wrong in us
    """The database cannot be reached, or could not be written in time; trying again later may help."""


class InUse(Refusal):
    """Somebody has the database open that nobody may have open now."""

    def __init__(self, file: Path | None) -> None:
        super().__init__(
            f"{file} is in use: stop 'serve' and 'schedule' first, and whatever else has it open."
        )


class Damaged(Refusal):
    """A file is no whole database."""

    def __init__(self, file: Path, found: str) -> None:
        super().__init__(f"{file} is not a whole database: {found}")


class CommitUnknown(Unavailable):
    """The connection was lost while committing: the change may be stored, or may not be."""


# How long to wait for what another process writes.
BUSY_TIMEOUT_MS = 10_000
# How long to wait before a transaction runs anew, in seconds; each with jitter of half to once that.
PAUSES_SECONDS = (0.01, 0.02, 0.05, 0.1, 0.2, 0.4)
# How long a standby that could not be reached is left alone.
STANDBY_RESTS_SECONDS = 30.0


class Transaction:
    """One transaction and the stores that work in it; `actor` is who changes something by it."""

    def __init__(
        self, connection: Connection, cache: RecordCache, *, may_cache: bool, actor: Actor = ITSELF
    ) -> None:
        self._connection = connection
        self._cache = cache
        self._may_cache = may_cache
        self._actor = actor

    @cached_property
    def records(self) -> RecordStore:
        """Pledges with everything that hangs on them."""
        return RecordStore(self._connection, self._cache, may_cache=self._may_cache)

    @cached_property
    def pledges(self) -> PledgeStore:
        """Pledges, their milestones, moves and withdrawals: adding, changing, listing."""
        return PledgeStore(self._connection)

    @cached_property
    def links(self) -> LinkStore:
        """What pledges say of each other."""
        return LinkStore(self._connection)

    @cached_property
    def rates(self) -> RateStore:
        """Exchange rates."""
        return RateStore(self._connection)

    @cached_property
    def progress(self) -> ProgressStore:
        """Progress updates."""
        return ProgressStore(self._connection)

    @cached_property
    def reviews(self) -> ReviewStore:
        """What reviewers decided, and what waits for them."""
        return ReviewStore(self._connection)

    @cached_property
    def policies(self) -> PolicyStore:
        """By which thresholds standings were judged."""
        return PolicyStore(self._connection)

    @cached_property
    def pledgers(self) -> PledgerStore:
        """Who promises."""
        return PledgerStore(self._connection)

    @cached_property
    def initiatives(self) -> InitiativeStore:
        """What groups pledges."""
        return InitiativeStore(self._connection)

    @cached_property
    def verdicts(self) -> VerdictStore:
        """What people ruled."""
        return VerdictStore(self._connection)

    @cached_property
    def rubrics(self) -> RubricStore:
        """The scales by which they rule."""
        return RubricStore(self._connection)

    @cached_property
    def flags(self) -> FlagStore:
        """What the scheduler found."""
        return FlagStore(self._connection)

    @cached_property
    def alerts(self) -> AlertStore:
        """What is owed to whom."""
        return AlertStore(self._connection)

    @cached_property
    def deliveries(self) -> DeliveryStore:
        """How far sending them has come."""
        return DeliveryStore(self._connection)

    @cached_property
    def letters(self) -> LetterStore:
        """What is sent."""
        return LetterStore(self._connection)

    @cached_property
    def attempts(self) -> AttemptStore:
        """What was tried to send alerts."""
        return AttemptStore(self._connection)

    @cached_property
    def keys(self) -> KeyStore:
        """API keys."""
        return KeyStore(self._connection)

    @cached_property
    def idempotency(self) -> IdempotencyStore:
        """What requests with an Idempotency-Key did."""
        return IdempotencyStore(self._connection)

    @cached_property
    def rate_limits(self) -> RateLimitStore:
        """What callers used of their rate limits."""
        return RateLimitStore(self._connection)

    @cached_property
    def heartbeats(self) -> HeartbeatStore:
        """Signs of life."""
        return HeartbeatStore(self._connection)

    @cached_property
    def audit(self) -> AuditStore:
        """Who changed what."""
        return AuditStore(self._connection, self._actor)

    def schema_version(self) -> str | None:
        """The version of the database's schema, or None for an empty one."""
        if not inspect(self._connection).has_table(alembic_version.name):
            return None
        version: str | None = self._connection.scalar(select(alembic_version.c.version_num))
        return version

    def counts(self) -> dict[str, int]:
        """How many rows each table has."""
        names = inspect(self._connection).get_table_names()
        count = select(func.count()).select_from
        return {name: self._connection.scalar(count(table(name))) or 0 for name in sorted(names)}


class Database:
    """A database, its connections, and the records it has lately read.

    Args:
        url: as SQLAlchemy takes it.
        standby_url: a copy of it that follows behind, for reading what may be a little old.
        busy_timeout_ms: how long to wait for what another process writes, in milliseconds.

    Raises:
        DriverMissing, AddressRefused: it cannot be connected to like that.
        Unavailable: the database is being restored.
    """

    def __init__(
        self, url: str, *, standby_url: str | None = None, busy_timeout_ms: int = BUSY_TIMEOUT_MS
    ) -> None:
        self._dialect = dialect = dialects.named_in(url)
        self.engine = dialect.open_engine(url, busy_timeout_ms=busy_timeout_ms)
        self._outages = _Outages(dialect)
        self._readers = dialect.for_reading(self.engine)
        self._writers = dialect.for_writing(self.engine)
        self._writing = Loans(self.engine, self._writers)
        self._glancing = Loans(self.engine, dialect.for_single_statements(self.engine))
        self._standby = None if standby_url is None else _Standby(standby_url, busy_timeout_ms)
        # SQLite's own waiting polls and starves; inside one process writers queue here instead.
        in_turn = not dialect.HAS_SERVER
        self._turn = Turns(busy_timeout_ms / 1000, dialect.is_locked) if in_turn else nullcontext()
        self._cache = RecordCache()
        self.file = file_of(url)
        self._occupancy = Occupancy(self.file)
        self._occupy()
        event.listen(self.engine, "connect", lambda *_: self._occupy())

    def _occupy(self) -> None:
        try:
            self._occupancy.enter()
        except Taken as error:
            raise Unavailable("The database is being restored.") from error

    @property
    def description(self) -> str:
        """Name, version and journal of the database."""
        return self._dialect.describe(self.engine)

    @contextmanager
    def read(self, *, may_lag: bool = False) -> Iterator[Transaction]:
        """A transaction for looking; `may_lag` takes the standby, if there is one, which may be behind.

        Raises:
            Unavailable: the database cannot be reached.
        """
        standby = self._standby.readers() if self._standby and may_lag else None
        with self._outages, standby or self._readers.connect() as connection:
            yield Transaction(connection, self._cache, may_cache=True)

    @contextmanager
    def glance(self, *, may_lag: bool = False) -> Iterator[Transaction]:
        """For looking with a single statement, at half the cost; of several, each would see its own state.

        Raises:
            Unavailable: the database cannot be reached.
        """
        standby = self._standby.glances() if self._standby and may_lag else None
        with self._outages, standby or self._glancing.lend() as connection:
            yield Transaction(connection, self._cache, may_cache=False)

    def write(self, work: Callable[[Transaction], T], *, actor: Actor = ITSELF) -> T:
        """Run `work` in a transaction for changing, and commit; it may run again, so it must be repeatable.

        What it changes goes into the audit log as done by `actor`.

        Raises:
            Contended: somebody else's change stood in the way each time.
            CommitUnknown: the connection was lost while committing.
            Unavailable: the database cannot be reached, or stayed locked; nothing was changed.
        """
        return self._repeated(lambda: self._write_once(work, actor))

    def _write_once(self, work: Callable[[Transaction], T], actor: Actor) -> T:
        with self._turn, self._writing.lend() as connection:
            transaction = Transaction(connection, self._cache, may_cache=False, actor=actor)
            with connection.begin() as frame:
                result = work(transaction)
                transaction.audit.settle()
                if self._dialect.is_doomed(connection):
                    raise RuntimeError("An error of the database was passed over; nothing is committed.")
                try:
                    frame.commit()
                except DBAPIError as error:
                    transaction.records.unsettled()
                    if self._dialect.is_settled(error):
                        raise
                    raise CommitUnknown(str(error.orig)) from error
        transaction.records.committed()
        return result

    def _repeated(self, once: Callable[[], T]) -> T:
        """Run a transaction, anew where others got in its way: they are through by then.

        Raises:
            Contended, Unavailable: see `write`.
        """
        clashes = 0
        with self._outages:
            for pause in (*PAUSES_SECONDS, None):
                try:
                    return once()
                except IntegrityError as error:
                    clashes += 1
                    if not self._dialect.clashed(error):
                        raise
                    if pause is None or clashes > 1:
                        # Others took the same place twice, or we go about it wrongly: the cause tells.
                        raise Contended from error
                except DBAPIError as error:
                    if pause is None or not self._dialect.collided(error):
                        raise
                time.sleep(pause * random.uniform(0.5, 1))  # noqa: S311 -- spreads retries, keeps no secret
        raise AssertionError("The last run returns or raises.")

    def rehearse(self, work: Callable[[Transaction], T]) -> T:
        """Run `work` as `write` would, and undo it.

        Raises:
            Contended, Unavailable: see `write`.
        """
        return self._repeated(lambda: self._rehearse_once(work))

    def _rehearse_once(self, work: Callable[[Transaction], T]) -> T:
        with self._turn, self._writers.connect() as connection:
            frame = connection.begin()
            try:
                return work(Transaction(connection, self._cache, may_cache=False))
            finally:
                frame.rollback()

    def upgrade(self, work: Callable[[Connection], T]) -> T:
        """Run `work`, which changes the schema or all of the content, on one connection.

        Raises:
            Unavailable: the database cannot be reached, or stayed locked.
        """
        with self._outages, self._turn, self._writers.begin() as connection:
            self._dialect.take_time(connection)
            self._dialect.lock_schema(connection)
            return work(connection)

    @contextmanager
    def survey(self) -> Iterator[Connection]:
        """One connection for looking at all of the content, in one state.

        Raises:
            Unavailable: the database cannot be reached.
        """
        with self._outages, self._readers.connect() as connection:
            self._dialect.take_time(connection)
            yield connection

    def copy_into(self, file: Path) -> None:
        """Copy a database that is a file as it is at one instant into `file`, which is empty.

        Raises:
            Unavailable: it could not be read, or the copy not be written.
        """
        with self._outages, self._glancing.lend() as connection:
            copy_into(connection, file)

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Nobody else has, or can come by, the database, which is a file; it lies whole in that file.

        Raises:
            InUse: somebody has it open.
        """
        self.engine.dispose()
        try:
            with self._occupancy.alone():
                if self.file is not None and self.file.exists() and not fold(self.file):
                    raise InUse(self.file)
                yield
        except Taken as error:
            raise InUse(self.file) from error

    def close(self) -> None:
        """Let go of every connection."""
        self.engine.dispose()
        self._occupancy.leave()
        if self._standby:
            self._standby.engine.dispose()


@contextmanager
def look_into(file: Path) -> Iterator[Transaction]:
    """For looking into a database file that nobody writes; it is found whole first.

    Raises:
        Damaged: it is not whole, or no database.
    """
    engine = open_copy(file)
    try:
        with engine.connect() as connection:
            if (found := damage(connection)) is not None:
                raise Damaged(file, found)
            yield Transaction(connection, RecordCache(), may_cache=False)
    except DatabaseError as error:
        raise Damaged(file, str(error.orig)) from error
    finally:
        engine.dispose()


class _Standby:
    """A copy of the database that follows behind; while it cannot be reached, one does without it."""

    def __init__(self, url: str, busy_timeout_ms: int) -> None:
        dialect = dialects.named_in(url)
        self.engine = dialect.open_engine(url, busy_timeout_ms=busy_timeout_ms, is_standby=True)
        self._readers = dialect.for_reading(self.engine)
        self._glances = dialect.for_single_statements(self.engine)
        self._rests_until = 0.0

    def readers(self) -> Connection | None:
        """A connection that sees one state, or None while there is none to be had."""
        return self._connect(self._readers)

    def glances(self) -> Connection | None:
        """A connection for single statements, or None while there is none to be had."""
        return self._connect(self._glances)

    def _connect(self, engine: Engine) -> Connection | None:
        if time.monotonic() < self._rests_until:
            return None
        try:
            return engine.connect()
        except (DBAPIError, PoolTimeoutError):
            self._rests_until = time.monotonic() + STANDBY_RESTS_SECONDS
            return None


class _Outages:
    """Raises `Unavailable` for whatever keeps the database away; any number of threads share it."""

    def __init__(self, dialect: Dialect) -> None:
        self._dialect = dialect

    def __enter__(self) -> None:
        """Nothing happens before something goes wrong."""

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if error is not None and (reason := self._reason(error)) is not None:
            raise Unavailable(reason) from error

    def _reason(self, error: BaseException) -> str | None:
        """Why the database cannot be reached, or None if an error tells of something else."""
        match error:
            case OperationalError() | InterfaceError():
                return str(error.orig)
            case NotDurable():
                return str(error)
            case NoTurn():
                return "The database is locked: others have been writing for too long."
            case PoolTimeoutError():
                return "All connections are in use."
            case DatabaseError() if type(error) is DatabaseError or self._dialect.is_outage(error):
                # Its kinds tell of our mistakes; it itself, of a file that is no database or a damaged one.
                return str(error.orig)
            case _:
                return None
