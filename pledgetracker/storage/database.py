"""Transactions: read() for looking, write() for changing; each sees one consistent state."""

import random
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import TypeVar

from sqlalchemy import Connection, event
from sqlalchemy.exc import DatabaseError, DBAPIError, IntegrityError

from pledgetracker.domain.audit import ITSELF, Actor
from pledgetracker.domain.errors import Contended, Refusal
from pledgetracker.storage import dialects
from pledgetracker.storage.dialects.files import copy_into, damage, file_of, fold, open_copy
from pledgetracker.storage.loans import Loans
from pledgetracker.storage.occupancy import Occupancy, Taken
from pledgetracker.storage.outages import CommitUnknown, Outages, Unavailable
from pledgetracker.storage.records import RecordCache
from pledgetracker.storage.standby import Standby
from pledgetracker.storage.transaction import Transaction
from pledgetracker.storage.turns import Turns

__all__ = ["CommitUnknown", "Damaged", "Database", "InUse", "Transaction", "Unavailable", "look_into"]

T = TypeVar("T")


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


# How long to wait for what another process writes.
BUSY_TIMEOUT_MS = 10_000
# How long to wait before a transaction runs anew, in seconds; each with jitter of half to once that.
PAUSES_SECONDS = (0.01, 0.02, 0.05, 0.1, 0.2, 0.4)


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
        self._outages = Outages(dialect)
        self._readers = dialect.for_reading(self.engine)
        self._writers = dialect.for_writing(self.engine)
        self._writing = Loans(self.engine, self._writers)
        self._glancing = Loans(self.engine, dialect.for_single_statements(self.engine))
        self._standby = None if standby_url is None else Standby(standby_url, busy_timeout_ms)
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
