"""What a database must be able to do; one module for each database says how it does it."""

from collections.abc import Sequence
from typing import Any, Protocol

from sqlalchemy import Connection, Engine, Table
from sqlalchemy.exc import DBAPIError

REFUSES = "{table} is append-only"


class Dialect(Protocol):
    """The ways of one database. A module is one: these are its functions and constants."""

    # Whether there is somebody at the other end of a connection who may close it, and who lets several write
    # at once. Where not, the database is a file that one process at a time writes.
    HAS_SERVER: bool
    # Whether a table's constraints can be changed in place; where not, a table is made anew.
    CAN_ALTER: bool
    # What makes `{table}` refuse to change or lose rows, `{same}` telling that two are the same; and what of
    # it stays when the table goes.
    APPEND_ONLY: Sequence[str]
    DROP_APPEND_ONLY: Sequence[str]

    def open_engine(self, url: str, *, busy_timeout_ms: int, is_standby: bool = False) -> Engine:
        """Connect to the database that `url` names; to a standby only in order to read.

        Raises:
            DriverMissing: the package for it is not installed.
            AddressRefused: the address has a parameter that means nothing.
        """

    def for_reading(self, engine: Engine) -> Engine:
        """The same database, for transactions that look and see one state."""

    def for_writing(self, engine: Engine) -> Engine:
        """The same database, for transactions that change something."""

    def for_single_statements(self, engine: Engine) -> Engine:
        """The same database, for statements that need no transaction around them."""

    def describe(self, engine: Engine) -> str:
        """Name and version of the database, for the log and for readiness."""

    def insert(self, table: Table) -> Any:
        """An INSERT that can say what is to happen on a conflict."""

    def collided(self, error: DBAPIError) -> bool:
        """Whether transactions got in each other's way, so that running anew is the cure."""

    def clashed(self, error: DBAPIError) -> bool:
        """Whether what another transaction did meanwhile may be the cause of a violated constraint."""

    def is_outage(self, error: DBAPIError) -> bool:
        """Whether the database is at fault, although the kind of the error does not tell."""

    def is_locked(self, error: BaseException) -> bool:
        """Whether somebody else was writing to a file for longer than one waits."""

    def is_settled(self, error: DBAPIError) -> bool:
        """Whether an error of COMMIT tells that nothing was committed; anything less leaves it open."""

    def is_doomed(self, connection: Connection) -> bool:
        """Whether an error inside was passed over, so that COMMIT would undo everything without saying so."""

    def take_time(self, connection: Connection) -> None:
        """Let the statements of this transaction run as long as they need: migrations, copies."""

    def lock_schema(self, connection: Connection) -> None:
        """Let nobody else change the schema until this transaction, which writes, ends."""

    def lock_links(self, connection: Connection) -> None:
        """Let nobody else add links between pledges until this transaction, which writes, ends."""

    def sort_by_bytes(self, connection: Connection) -> None:
        """Give every text column that lacks it the order of its bytes."""

    def count_on(self, connection: Connection, table: Table) -> None:
        """Let the next numbers of `table` follow those that were brought in."""
