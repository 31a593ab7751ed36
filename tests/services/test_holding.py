"""While delivery is held alerts are planned and none leaves."""

from collections.abc import Sequence

import pytest

from pledgetracker.domain.alert import AlertState
from pledgetracker.runtime import Runtime
from pledgetracker.services import holding
from pledgetracker.services.checking import readiness
from pledgetracker.services.holding import Hold, HoldName
from tests.conftest import Clock
from tests.world import add_pledge, alerts, send, tick


@pytest.fixture(autouse=True)
def held(runtime: Runtime, clock: Clock) -> None:
    """A restore has held delivery."""
    runtime.database.write(lambda tx: holding.hold_restored(tx, now=clock.now))


def release(runtime: Runtime, only: HoldName | None = None) -> Sequence[Hold]:
    now = runtime.clock()
    return runtime.database.write(lambda tx: holding.release(tx, runtime.uptime(), only=only, now=now))


def test_a_held_alert_leaves_when_it_is_released(runtime: Runtime) -> None:
    add_pledge(runtime)
    tick(runtime)
    report = send(runtime)
    assert (report.sent, report.outage) == (0, holding.REASON)
    [waiting] = alerts(runtime, AlertState.PENDING)
    assert waiting.attempts == 0
    assert [hold.name for hold in release(runtime)] == ["restored"]
    assert send(runtime).sent == 1
    assert release(runtime) == []


def test_readiness_says_that_alerts_are_held_and_what_ends_it(runtime: Runtime, clock: Clock) -> None:
    checks = readiness(runtime.database, 60, now=clock.now).checks
    [queue] = [check for check in checks if check.name == "queue"]
    assert not queue.ok
    assert "pledgetracker release" in queue.detail
