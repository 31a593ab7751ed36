"""While the clock is in doubt nothing is flagged, planned or sent."""

from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import update
from structlog.testing import capture_logs

from pledgetracker.domain.uptime import Uptime
from pledgetracker.runtime import Runtime
from pledgetracker.scheduler import turn
from pledgetracker.services import holding
from pledgetracker.services.checking import readiness
from pledgetracker.services.timekeeping import FARTHEST_AHEAD, FARTHEST_BACK
from pledgetracker.storage.tables import alerts as rows
from tests.conftest import Clock
from tests.world import add_pledge, alerts, flags, noon, send, tick

START = noon("2026-01-02")


class Machine:
    """Counts its uptime as told; an hour off for each time it was switched on anew."""

    def __init__(self) -> None:
        self.uptime = Uptime("first", 1_000)

    def __call__(self) -> Uptime:
        return self.uptime

    def runs(self, time: timedelta) -> None:
        self.uptime = replace(self.uptime, seconds=self.uptime.seconds + time.total_seconds())


@pytest.fixture
def machine() -> Machine:
    return Machine()


@pytest.fixture
def ticking(runtime: Runtime, clock: Clock, machine: Machine) -> Runtime:
    """A record that was looked at once; a month later a flag would be raised."""
    clock.now = noon("2026-01-01")
    made = replace(runtime, uptime=machine)
    add_pledge(made, due=None, cadence_days=20, grace_days=0)
    clock.now = START
    beat(made)
    return made


def beat(runtime: Runtime) -> str | None:
    _, delivered = turn(runtime, now=runtime.clock())
    return delivered.outage


def held(runtime: Runtime) -> list[str]:
    with runtime.database.read() as tx:
        return [hold.name for hold in holding.holds(tx)]


def jump(clock: Clock, machine: Machine, *, by: timedelta, runs: timedelta, boot: str = "first") -> None:
    clock.now += by
    machine.runs(runs)
    machine.uptime = replace(machine.uptime, boot=boot)


YEARS = timedelta(days=1_000)
MINUTE = timedelta(minutes=1)


def test_a_clock_that_jumped_years_ahead_flags_and_sends_nothing_and_goes_on_when_it_is_back(
    ticking: Runtime, clock: Clock, machine: Machine
) -> None:
    jump(clock, machine, by=YEARS, runs=MINUTE)
    with capture_logs() as logs:
        reason = beat(ticking)
    assert reason is not None
    assert "release" in reason
    assert [entry["event"] for entry in logs] == ["the clock is in doubt"]
    # It does not come to be believed by being told again and again.
    jump(clock, machine, by=MINUTE, runs=MINUTE)
    assert beat(ticking) is not None
    assert (flags(ticking), alerts(ticking), held(ticking)) == ([], [], ["clock"])
    checks = {check.name: check for check in readiness(ticking.database, 60, now=clock.now).checks}
    assert "its clock jumped" in checks["queue"].detail
    clock.now = START + MINUTE * 2
    with capture_logs() as logs:
        assert beat(ticking) is None
    assert "the clock is right again" in [entry["event"] for entry in logs]
    assert held(ticking) == []


def test_a_clock_that_went_back_flags_and_sends_nothing_until_it_has_caught_up(
    ticking: Runtime, clock: Clock
) -> None:
    clock.now = START - FARTHEST_BACK - timedelta(seconds=1)
    assert beat(ticking) is not None
    assert held(ticking) == ["clock"]
    clock.now = START - FARTHEST_BACK
    assert beat(ticking) is None
    assert held(ticking) == []


def test_a_scheduler_that_was_stopped_while_its_machine_ran_on_catches_up_by_itself(
    ticking: Runtime, clock: Clock, machine: Machine
) -> None:
    jump(clock, machine, by=timedelta(days=40), runs=timedelta(days=40))
    assert beat(ticking) is None
    assert [alert.state.value for alert in alerts(ticking)] == ["sent"]


def test_a_machine_that_was_off_for_a_month_goes_on_after_one_command(
    ticking: Runtime, clock: Clock, machine: Machine
) -> None:
    jump(clock, machine, by=timedelta(days=40), runs=-timedelta(seconds=900), boot="second")
    reason = beat(ticking)
    assert reason is not None
    assert "the machine was off for 40 days, or its clock jumped" in reason
    ticking.database.write(lambda tx: holding.release(tx, machine(), now=clock.now))
    jump(clock, machine, by=MINUTE, runs=MINUTE)
    assert beat(ticking) is None
    assert [alert.state.value for alert in alerts(ticking)] == ["sent"]


def test_a_weekend_off_is_no_reason_for_doubt(ticking: Runtime, clock: Clock, machine: Machine) -> None:
    jump(clock, machine, by=FARTHEST_AHEAD, runs=MINUTE, boot="second")
    assert beat(ticking) is None


def test_a_machine_whose_clock_is_right_does_not_end_the_doubt_of_another(
    ticking: Runtime, clock: Clock, machine: Machine
) -> None:
    other = replace(ticking, uptime=lambda: Uptime("other", 5, "another machine"))
    right = clock.now
    clock.now += YEARS
    assert beat(other) is not None
    clock.now = right + MINUTE
    machine.runs(MINUTE)
    assert beat(ticking) is not None
    assert held(ticking) == ["clock"]
    assert beat(other) is None
    assert held(ticking) == []


def test_a_clock_that_was_mended_by_a_reboot_ends_the_doubt(
    ticking: Runtime, clock: Clock, machine: Machine
) -> None:
    right = clock.now
    clock.now += YEARS
    assert beat(ticking) is not None
    machine.uptime = Uptime("after the reboot", 5)
    clock.now = right + MINUTE
    assert beat(ticking) is None
    assert held(ticking) == []


def test_a_tick_at_another_day_is_no_reason_for_doubt(ticking: Runtime) -> None:
    later = noon("2027-06-01")
    found, delivered = turn(ticking, now=later, at=later)
    assert (found.checked, delivered.outage) == (1, None)


def test_what_a_clock_far_ahead_has_put_off_is_tried_when_it_is_back(
    ticking: Runtime, clock: Clock, machine: Machine
) -> None:
    jump(clock, machine, by=timedelta(days=40), runs=timedelta(days=40))
    far = clock.now + YEARS

    def put_off() -> None:
        with ticking.database.engine.begin() as connection:
            connection.execute(update(rows).values(next_attempt_at=far, lease_until=far, lease_token="x"))

    tick(ticking)
    put_off()
    assert send(ticking).sent == 1
