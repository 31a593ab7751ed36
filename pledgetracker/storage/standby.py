"""A copy of the database that follows behind, for reading what may be a little old."""

import time

from sqlalchemy import Connection, Engine
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from pledgetracker.storage import dialects

# How long a standby that could not be reached is left alone.
STANDBY_RESTS_SECONDS = 30.0


class Standby:
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
