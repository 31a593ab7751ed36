"""Claims on alerts that run out by themselves when their process is no more."""

import secrets
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta

import structlog

from pledgetracker.domain.errors import Contended
from pledgetracker.storage.database import Database, Unavailable

# Short, so that the alerts of a process that was killed soon leave by another; kept while the process lives.
LEASE = timedelta(seconds=30)
RENEWAL = timedelta(seconds=5)
LONGEST_ROUND = timedelta(minutes=10)

log = structlog.get_logger(__name__)


class Lease:
    """The claim on a batch of alerts, renewed until the round is over, hangs, or its process is no more.

    Attributes:
        token: what marks the alerts as claimed by this round.
        until: when others may take them over.
    """

    def __init__(self, database: Database, clock: Callable[[], datetime]) -> None:
        self.token = secrets.token_hex(16)
        self.until = clock() + LEASE
        self._database = database
        self._clock = clock

    def is_running_out(self) -> bool:
        """Whether too little of it is left to send one more letter."""
        return self._clock() >= self.until - LEASE / 2

    @contextmanager
    def kept(self) -> Iterator[None]:
        """Renew it in the background: one letter to a slow mail server may take minutes."""
        is_over = threading.Event()
        keeper = threading.Thread(target=self._keep, args=(is_over,), name="lease", daemon=True)
        keeper.start()
        try:
            yield
        finally:
            is_over.set()
            keeper.join()

    def _keep(self, is_over: threading.Event) -> None:
        for _ in range(LONGEST_ROUND // RENEWAL):
            if is_over.wait(RENEWAL.total_seconds()):
                return
            try:
                self.renew()
            except (Unavailable, Contended) as outage:
                log.warning("a lease could not be renewed; it is tried again", reason=str(outage))

    def renew(self) -> None:
        """Hold the claimed alerts for another while.

        Raises:
            Unavailable: the database cannot be reached.
        """
        until = self._clock() + LEASE
        self._database.write(lambda tx: tx.deliveries.renew(token=self.token, until=until))
        self.until = until
