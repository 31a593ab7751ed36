"""Connections for single statements, which need no transaction around them."""

from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import Connection, Engine, event

from pledgetracker.storage import dialects


class Glances:
    """Lends connections that see, at each statement, whatever is committed.

    Where no server can close them meanwhile they stay open from one loan to the next: making one ready and
    putting it away costs more than the statement itself.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = dialects.for_single_statements(engine)
        self._idle: deque[Connection] | None = None if dialects.has_server(engine) else deque()
        event.listen(engine, "engine_disposed", lambda _: self._close())

    @contextmanager
    def lend(self) -> Iterator[Connection]:
        """A connection; after an error inside it is not lent again."""
        if self._idle is None:
            with self._engine.connect() as connection:
                yield connection
            return
        try:
            connection = self._idle.pop()
        except IndexError:
            connection = self._engine.connect()
        try:
            yield connection
        except BaseException:
            connection.close()
            raise
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
