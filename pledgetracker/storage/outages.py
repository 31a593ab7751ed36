"""What keeps the database away, told from what is wrong with a statement."""

from types import TracebackType

from sqlalchemy.exc import DatabaseError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from pledgetracker.storage.dialects import Dialect, NotDurable
from pledgetracker.storage.turns import NoTurn


class Unavailable(Exception):  # noqa: N818 -- it says what the database is, not what went wrong in us
    """The database cannot be reached, or could not be written in time; trying again later may help."""


class CommitUnknown(Unavailable):
    """The connection was lost while committing: the change may be stored, or may not be."""


class Outages:
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
