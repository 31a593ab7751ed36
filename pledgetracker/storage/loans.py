"""Connections that are lent, and kept for the next who needs one."""

from collections import deque
from collections.abc import Callable
from contextlib import suppress
from types import TracebackType

from sqlalchemy import Connection, Engine, event

from pledgetracker.storage import dialects


class Loans:
    """Lends connections of an engine.

    Where no server can close them meanwhile they stay open from one loan to the next: making one ready and
    putting it away costs more than a statement.

    Args:
        engine: when it is disposed of, so are the connections that are not on loan.
        suited: the same engine, for what the connections are lent for.
    """

    def __init__(self, engine: Engine, suited: Engine) -> None:
        self._engine = suited
        self._idle: deque[Connection] | None = None if dialects.of(engine).HAS_SERVER else deque()
        event.listen(engine, "engine_disposed", lambda _: self._close())

    def lend(self) -> "Loan":
        """A connection for the time of a `with`, at whose end nothing may be left open in it."""
        return Loan(self._take, self._give_back)

    def _take(self) -> Connection:
        if self._idle is not None:
            with suppress(IndexError):
                return self._idle.pop()
        return self._engine.connect()

    def _give_back(self, connection: Connection) -> None:
        if self._idle is None:
            connection.close()
        else:
            self._idle.append(connection)

    def _close(self) -> None:
        while self._idle:
            try:
                connection = self._idle.pop()
            except IndexError:
                # Somebody has just borrowed it.
                return
            # Really, and not back into a pool that is no more.
            connection.invalidate()
            connection.close()


class Loan:
    """A connection on loan; after an error inside it is not lent again."""

    __slots__ = ("_connection", "_give_back", "_take")

    def __init__(self, take: Callable[[], Connection], give_back: Callable[[Connection], None]) -> None:
        self._take = take
        self._give_back = give_back

    def __enter__(self) -> Connection:
        self._connection = self._take()
        return self._connection

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if error is None:
            self._give_back(self._connection)
        else:
            self._connection.close()
