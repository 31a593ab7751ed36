"""The scheduler process: a metronome, and what it does at each tick."""

import os
import sys
import threading
import time
from collections.abc import Callable
from datetime import datetime

import structlog
from apscheduler.schedulers.background import BackgroundScheduler

from pledgetracker import signals
from pledgetracker.channels import ping
from pledgetracker.runtime import Runtime
from pledgetracker.services import holding, policing, timekeeping
from pledgetracker.services.checking import SCHEDULER
from pledgetracker.services.delivering import deliver
from pledgetracker.services.holding import HoldName
from pledgetracker.services.monitoring import TickReport, heed, tick
from pledgetracker.services.office import DeliveryReport
from pledgetracker.services.tidying import tidy
from pledgetracker.storage.database import Transaction, Unavailable

MISSED_BEATS = 3
# Delivering thousands of letters to a slow mail server takes long; a beat longer than this hangs.
LONGEST_BEAT_SECONDS = 3600
HUNG_EXIT_CODE = 70
# How long a letter under way may take to end once the scheduler is told to stop.
STOP_SECONDS = 60

log = structlog.get_logger(__name__)


def turn(
    runtime: Runtime,
    *,
    now: datetime,
    at: datetime | None = None,
    is_stopping: Callable[[], bool] = lambda: False,
) -> tuple[TickReport, DeliveryReport]:
    """One tick: look at what is due, then deliver what is owed; `at` has alerts looked at as if it were then.

    Told to stop, it ends after the pledges or the letter under way, and leaves the rest as due as it was.
    While the clock is in doubt nothing is done at all, and the reports say why.

    Raises:
        Unavailable: the database cannot be reached.
    """
    began = runtime.clock()
    if at is None and (doubt := _doubt(runtime, now)) is not None:
        return TickReport((), 0), DeliveryReport(outage=doubt)
    policing.note(runtime.database, runtime.rules.policy, now=began)
    heed(runtime.database, runtime.rules, now=now)
    found = tick(runtime.database, runtime.rules, now=now, is_stopping=is_stopping)
    office = runtime.post_office(at=at, is_stopping=is_stopping)
    delivered = deliver(runtime.database, office, runtime.rules)
    detail = {
        "checked": found.checked,
        "sent": delivered.sent,
        "put_off": delivered.put_off,
        "dead": delivered.dead,
        "outage": delivered.outage,
        "seconds": round((runtime.clock() - began).total_seconds(), 3),
    }

    def close(tx: Transaction) -> None:
        tidy(tx, now=runtime.clock())
        if at is None:
            timekeeping.trust(tx, runtime.uptime(), now=now)
        tx.heartbeats.beat(SCHEDULER, detail, now=runtime.clock())

    runtime.database.write(close)
    say = log.warning if delivered.outage or delivered.dead else log.info
    say("tick", **detail, cancelled=delivered.cancelled)
    # While nothing leaves, no alert from here can tell of it: silence does.
    if at is None and delivered.outage is None and not is_stopping():
        _ping(runtime)
    return found, delivered


def _ping(runtime: Runtime) -> None:
    """Tell whoever waits for it that a tick went well; that it cannot be told changes nothing here."""
    address = runtime.settings.ping_url
    if address is not None and (reason := ping.call(address)) is not None:
        log.warning("the ping did not go well; the next tick sends another", reason=reason)


def _doubt(runtime: Runtime, now: datetime) -> str | None:
    """Why nothing may be done at what the clock says, or None."""
    uptime = runtime.uptime()
    with runtime.database.read() as tx:
        reason, is_held = timekeeping.doubt(tx, uptime, now=now), holding.is_held(tx, HoldName.CLOCK)
    if reason is not None:
        runtime.database.write(lambda tx: holding.hold_clock(tx, reason, uptime, now=now))
        log.error("the clock is in doubt", reason=reason)
    elif is_held and runtime.database.write(lambda tx: holding.end_clock(tx, uptime)):
        log.info("the clock is right again")
    return reason


def run(
    runtime: Runtime,
    *,
    until: threading.Event | None = None,
    longest_beat_seconds: float = LONGEST_BEAT_SECONDS,
    longest_stop_seconds: float = STOP_SECONDS,
) -> None:
    """Tick until told to stop; of a tick under way, only the letter that is being sent is finished first."""
    stop = until or threading.Event()
    if until is None:
        signals.on_stop(stop.set)

    def beat() -> None:
        if stop.is_set():
            return
        try:
            turn(runtime, now=runtime.clock(), is_stopping=stop.is_set)
        except Unavailable as outage:
            log.warning("tick failed: the database is unavailable; it is tried again", reason=str(outage))
        except Exception:
            # The next tick must come whatever this one met.
            log.exception("tick failed; the next one tries again")

    try:
        metronome(
            beat,
            every_seconds=runtime.settings.tick_seconds,
            clock=runtime.clock,
            until=stop,
            longest_beat_seconds=longest_beat_seconds,
            longest_stop_seconds=longest_stop_seconds,
        )
    except Hung as hung:
        if stop.is_set():
            log.warning(
                "stopping in the middle of a tick; the next one takes up what it had", reason=str(hung)
            )
        else:
            log.critical("giving up, to be started anew", reason=str(hung))
        sys.stderr.flush()
        os._exit(0 if stop.is_set() else HUNG_EXIT_CODE)


def metronome(
    beat: Callable[[], None],
    *,
    every_seconds: float,
    clock: Callable[[], datetime],
    until: threading.Event,
    longest_beat_seconds: float = LONGEST_BEAT_SECONDS,
    longest_stop_seconds: float = STOP_SECONDS,
) -> None:
    """Call `beat` now and every so many seconds, never twice at once, until `until` is set.

    Raises:
        Hung: a beat does not come to its end; the process should be replaced. Its thread cannot be ended,
            and an interpreter that exits as usual would wait for it.
    """
    watch = Watch(patience_seconds=MISSED_BEATS * every_seconds + longest_beat_seconds)
    scheduler = BackgroundScheduler(timezone="UTC")
    job = scheduler.add_job(
        watch.around(beat),
        "interval",
        seconds=every_seconds,
        next_run_time=clock(),
        max_instances=1,
        coalesce=True,
        # The default drops a beat that is a second late.
        misfire_grace_time=None,
    )
    scheduler.start()
    while not until.wait(every_seconds):
        watch.check()
        if watch.is_silent(MISSED_BEATS * every_seconds):
            # The wall clock went back, and the library waits until it has caught up.
            log.warning("the clock went back; ticking on from here")
            job.modify(next_run_time=clock())
    scheduler.pause()
    watch.wait(longest_stop_seconds)
    scheduler.shutdown(wait=True)


class Hung(RuntimeError):  # noqa: N818 -- it says what the beat is
    """A beat has not come to its end within all patience."""


class Watch:
    """Watches beats by a clock that never jumps."""

    def __init__(self, *, patience_seconds: float) -> None:
        self._patience_seconds = patience_seconds
        self._last = time.monotonic()
        self._rests = threading.Event()
        self._rests.set()

    def around(self, beat: Callable[[], None]) -> Callable[[], None]:
        """`beat`, watched."""

        def watched() -> None:
            self._last = time.monotonic()
            self._rests.clear()
            try:
                beat()
            finally:
                self._last = time.monotonic()
                self._rests.set()

        return watched

    def is_silent(self, seconds: float) -> bool:
        """Whether for so long no beat has begun, and none is under way."""
        return self._rests.is_set() and time.monotonic() - self._last > seconds

    def check(self) -> None:
        """Complain of a beat that hangs.

        Raises:
            Hung: one does.
        """
        if not self._rests.is_set() and time.monotonic() - self._last > self._patience_seconds:
            raise Hung(f"A tick has been under way for more than {self._patience_seconds:.0f} seconds.")

    def wait(self, seconds: float) -> None:
        """Wait for the end of the beat that is under way, if one is.

        Raises:
            Hung: it does not come in time.
        """
        if not self._rests.wait(seconds):
            raise Hung(f"Told to stop, a tick did not end within {seconds:g} seconds.")
