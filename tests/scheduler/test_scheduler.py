"""The scheduler beats on, whatever a beat meets and whatever the wall clock does."""

import re
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from pledgetracker import runtime as composition
from pledgetracker import scheduler
from pledgetracker.runtime import Runtime
from pledgetracker.scheduler import Hung, Watch, metronome, turn
from pledgetracker.services import checking, holding
from pledgetracker.settings import load
from tests.channels.test_ping import Switch, switch
from tests.conftest import Clock
from tests.world import add_pledge, alerts, flags, noon, told

PATIENCE_SECONDS = 20

RuntimeOf = Callable[..., Runtime]


@pytest.fixture
def runtime_of(environ: dict[str, str]) -> Iterator[RuntimeOf]:
    """Makes runtimes with a clock of the test's, ticking every second."""
    made: list[Runtime] = []

    def make(clock: Callable[[], datetime], **settings: str) -> Runtime:
        said = {f"PLEDGETRACKER_{name}": value for name, value in settings.items()}
        known = environ | {"PLEDGETRACKER_TICK_SECONDS": "1"} | said
        made.append(replace(composition.assemble(load(known)), clock=clock))
        return made[-1]

    yield make
    for runtime in made:
        runtime.database.close()


def test_a_turn_looks_and_delivers_and_leaves_a_sign_of_life(runtime: Runtime, clock: Clock) -> None:
    clock.now = noon("2026-01-01")
    add_pledge(runtime, due=None)
    clock.now = noon("2026-05-02")
    found, delivered = turn(runtime, now=clock.now)
    assert (found.checked, delivered.sent) == (1, 1)
    with runtime.database.read() as tx:
        beat = tx.heartbeats.get(checking.SCHEDULER)
    assert beat is not None
    assert beat.at == clock.now
    assert beat.detail == {
        "checked": 1,
        "sent": 1,
        "put_off": 0,
        "dead": 0,
        "outage": None,
        "seconds": 0.0,
    }
    turn(runtime, now=clock.now + timedelta(minutes=1))
    assert told(alerts(runtime)) == [("never_reported", 0, "sent")]


def test_a_turn_at_another_day_believes_in_that_day_throughout(runtime: Runtime, clock: Clock) -> None:
    clock.now = noon("2026-01-01")
    add_pledge(runtime, due=None)
    later = noon("2026-05-02")
    _, delivered = turn(runtime, now=later, at=later)
    assert delivered.sent == 1
    assert [flag.opened_at for flag in flags(runtime)] == [later]


def test_it_ticks_at_once_and_again_until_told_to_stop() -> None:
    stop, beats = threading.Event(), list[None]()

    def beat() -> None:
        beats.append(None)
        if len(beats) == 3:
            stop.set()

    metronome(beat, every_seconds=0.05, clock=composition.clock, until=stop)
    assert len(beats) >= 3


def test_a_beat_under_way_is_finished_before_it_stops() -> None:
    stop, begun, finish = threading.Event(), threading.Event(), threading.Event()
    done: list[bool] = []

    def beat() -> None:
        begun.set()
        finish.wait(PATIENCE_SECONDS)
        done.append(True)

    thread = threading.Thread(
        target=metronome,
        args=(beat,),
        kwargs={"every_seconds": 60, "clock": composition.clock, "until": stop},
    )
    thread.start()
    assert begun.wait(PATIENCE_SECONDS)
    stop.set()
    assert done == []
    finish.set()
    thread.join(PATIENCE_SECONDS)
    assert not thread.is_alive()
    assert done == [True]


def test_two_beats_never_run_at_once() -> None:
    stop = threading.Event()
    under_way, most, beats = 0, 0, 0

    def beat() -> None:
        nonlocal under_way, most, beats
        under_way += 1
        most = max(most, under_way)
        threading.Event().wait(0.1)
        under_way -= 1
        beats += 1
        if beats == 3:
            stop.set()

    metronome(beat, every_seconds=0.02, clock=composition.clock, until=stop)
    assert most == 1


def test_it_ticks_on_after_the_wall_clock_went_back() -> None:
    stop, beats = threading.Event(), list[None]()
    # The library is told of a first beat an hour ahead, as if the clock had gone back by that hour since.
    told = iter([datetime(2200, 1, 1, tzinfo=UTC)])

    def clock() -> datetime:
        return next(told, composition.clock())

    def beat() -> None:
        beats.append(None)
        stop.set()

    with capture_logs() as logs:
        metronome(beat, every_seconds=0.1, clock=clock, until=stop)
    assert beats
    assert any("the clock went back" in entry["event"] for entry in logs)


def test_told_to_stop_it_begins_no_tick(runtime_of: RuntimeOf) -> None:
    stop = threading.Event()
    stop.set()
    runtime = runtime_of(composition.clock)
    for _ in range(5):
        scheduler.run(runtime, until=stop)
    with runtime.database.read() as tx:
        assert tx.heartbeats.get(checking.SCHEDULER) is None


def test_a_beat_that_fails_is_told_and_the_next_one_comes(runtime_of: RuntimeOf) -> None:
    stop = threading.Event()
    failures = iter([RuntimeError("nobody foresaw this")])

    def clock() -> datetime:
        """Fails once, inside the first beat; the second one ends the test."""
        if threading.current_thread() is not threading.main_thread():
            for failure in failures:
                raise failure
            stop.set()
        return composition.clock()

    with capture_logs() as logs:
        scheduler.run(runtime_of(clock), until=stop)
    assert [entry["event"] for entry in logs] == ["tick failed; the next one tries again", "tick"]


@pytest.mark.parametrize(
    ("nowhere", "reason"),
    [
        ("sqlite:///{}/not-yet.sqlite3", "no such table"),
        ("postgresql://127.0.0.1:1/nowhere", "(refused|failed)"),
    ],
)
def test_a_database_that_is_away_is_told_without_a_traceback(
    runtime_of: RuntimeOf, tmp_path: Path, nowhere: str, reason: str
) -> None:
    stop = threading.Event()

    def clock() -> datetime:
        if threading.current_thread() is not threading.main_thread():
            stop.set()
        return composition.clock()

    with capture_logs() as logs:
        scheduler.run(runtime_of(clock, DATABASE_URL=nowhere.format(tmp_path)), until=stop)
    [told] = logs
    assert "the database is unavailable" in told["event"]
    assert re.search(reason, told["reason"])
    assert "exc_info" not in told


def test_a_watch_knows_silence_from_a_beat_under_way() -> None:
    watch = Watch(patience_seconds=-1)
    assert not watch.is_silent(60)
    assert watch.is_silent(-1)

    def look() -> None:
        assert not watch.is_silent(-1)
        with pytest.raises(Hung, match="under way for more than -1 seconds"):
            watch.check()

    watch.around(look)()
    watch.check()


def test_a_watch_sees_the_end_of_a_beat_that_failed() -> None:
    watch = Watch(patience_seconds=-1)

    def fail() -> None:
        raise RuntimeError

    with pytest.raises(RuntimeError):
        watch.around(fail)()
    watch.check()


HANGING = """
import threading
from dataclasses import replace
from pledgetracker import runtime, scheduler
from pledgetracker.settings import load

def clock():
    if threading.current_thread() is not threading.main_thread():
        threading.Event().wait()
    return runtime.clock()

made = runtime.assemble(load({"PLEDGETRACKER_TICK_SECONDS": "1", "PLEDGETRACKER_DATA_DIR": FOLDER}))
scheduler.MISSED_BEATS = 0
scheduler.run(replace(made, clock=clock), longest_beat_seconds=0.1)
"""


def test_a_scheduler_whose_beat_hangs_ends_itself_to_be_started_anew(tmp_path: Path) -> None:
    program = HANGING.replace("FOLDER", repr(str(tmp_path)))
    ended = subprocess.run(
        [sys.executable, "-c", program],
        check=False,
        timeout=PATIENCE_SECONDS,
        capture_output=True,
        text=True,
    )
    assert ended.returncode == scheduler.HUNG_EXIT_CODE
    assert "giving up, to be started anew" in ended.stdout + ended.stderr


@pytest.fixture
def pinged(environ: dict[str, str], clock: Clock) -> Iterator[tuple[Runtime, Switch]]:
    """An installation whose ticks are waited for."""
    with switch() as server:
        made = composition.assemble(load(environ | {"PLEDGETRACKER_PING_URL": f"{server.url}/f00d"}))
        yield replace(made, clock=clock), server
        made.database.close()


def test_a_tick_that_went_well_is_told_to_whoever_waits_for_it(pinged: tuple[Runtime, Switch]) -> None:
    runtime, server = pinged
    turn(runtime, now=runtime.clock())
    assert server.asked == ["GET /f00d HTTP/1.1"]


def test_a_tick_of_another_day_or_after_which_nothing_leaves_is_not_told(
    pinged: tuple[Runtime, Switch],
) -> None:
    runtime, server = pinged
    turn(runtime, now=runtime.clock(), at=runtime.clock())
    runtime.database.write(lambda tx: holding.hold_restored(tx, now=runtime.clock()))
    turn(runtime, now=runtime.clock())
    assert server.asked == []


def test_a_ping_that_fails_is_logged_without_its_address_and_the_tick_counts(
    pinged: tuple[Runtime, Switch],
) -> None:
    runtime, server = pinged
    server.status = 500
    with capture_logs() as logs:
        turn(runtime, now=runtime.clock())
    assert [entry["event"] for entry in logs] == [
        "tick",
        "the ping did not go well; the next tick sends another",
    ]
    assert logs[1]["reason"] == "It answered 500."
    assert "f00d" not in str(logs)
    with runtime.database.read() as tx:
        assert tx.heartbeats.get(checking.SCHEDULER) is not None


def test_told_to_stop_a_tick_looks_at_nothing_more_and_sends_nothing_more(
    pinged: tuple[Runtime, Switch], clock: Clock
) -> None:
    runtime, server = pinged
    clock.now = noon("2026-01-01")
    add_pledge(runtime, due=None)
    clock.now = noon("2026-05-02")
    found, delivered = turn(runtime, now=clock.now, is_stopping=lambda: True)
    assert (found.checked, delivered.sent, server.asked) == (0, 0, [])
    asked = iter([False, False, True])
    found, delivered = turn(runtime, now=clock.now, is_stopping=lambda: next(asked, True))
    assert (found.checked, delivered.sent) == (1, 0)
    found, delivered = turn(runtime, now=clock.now)
    assert (delivered.sent, len(server.asked)) == (1, 1)


def test_a_beat_that_does_not_end_keeps_nobody_from_stopping() -> None:
    watch = Watch(patience_seconds=60)
    watch.wait(0)

    def look() -> None:
        with pytest.raises(Hung, match="did not end within 0 seconds"):
            watch.wait(0)

    watch.around(look)()
    watch.wait(0)
