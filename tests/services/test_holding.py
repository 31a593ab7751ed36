"""While delivery is held alerts are planned and none leaves."""

from collections.abc import Sequence
from datetime import timedelta

import pytest
from structlog.testing import capture_logs

from pledgetracker.domain.alert import AlertState
from pledgetracker.domain.pledge import Contact
from pledgetracker.runtime import Runtime
from pledgetracker.services import holding
from pledgetracker.services.checking import readiness
from pledgetracker.services.holding import Hold, HoldName
from tests.conftest import Clock
from tests.services.conftest import RuntimeOf
from tests.world import add_pledge, alerts, day, noon, send, tick


@pytest.fixture
def held(runtime: Runtime, clock: Clock) -> None:
    """A restore has held delivery."""
    runtime.database.write(lambda tx: holding.hold_restored(tx, now=clock.now))


def release(runtime: Runtime, only: HoldName | None = None) -> Sequence[Hold]:
    now = runtime.clock()
    return runtime.database.write(lambda tx: holding.release(tx, runtime.uptime(), only=only, now=now))


def test_a_held_alert_leaves_when_it_is_released(runtime: Runtime, held: None) -> None:
    add_pledge(runtime)
    tick(runtime)
    report = send(runtime)
    assert (report.sent, report.outage) == (0, holding.REASON)
    [waiting] = alerts(runtime, AlertState.PENDING)
    assert waiting.attempts == 0
    assert [hold.name for hold in release(runtime)] == ["restored"]
    assert send(runtime).sent == 1
    assert release(runtime) == []


def test_readiness_says_that_alerts_are_held_and_what_ends_it(
    runtime: Runtime, clock: Clock, held: None
) -> None:
    checks = readiness(runtime.database, 60, now=clock.now).checks
    [queue] = [check for check in checks if check.name == "queue"]
    assert not queue.ok
    assert "pledgetracker release" in queue.detail


def mass(runtime_of: RuntimeOf, clock: Clock, above: int, count: int) -> Runtime:
    """A record in which so many alerts are owed at once, and the most that may be."""
    runtime = runtime_of(hold_above=str(above), smtp_host="")
    clock.now = noon("2026-01-01")
    contacts = tuple(Contact(f"person-{n}@example.org") for n in range(count))
    add_pledge(runtime, contacts=contacts, due=None)
    clock.now = noon("2026-05-02")
    tick(runtime)
    return runtime


def test_more_alerts_than_may_leave_at_once_are_held_until_somebody_has_looked(
    runtime_of: RuntimeOf, clock: Clock
) -> None:
    runtime = mass(runtime_of, clock, above=3, count=4)
    with capture_logs() as logs:
        found = send(runtime)
    assert (found.sent, len(alerts(runtime, AlertState.PENDING))) == (0, 4)
    assert found.outage is not None
    assert found.outage.startswith("More than 3 alerts came to be owed within a day")
    [told] = logs
    assert "pledgetracker release" in told["event"]
    # It stays so, though no longer within a day.
    clock.now += timedelta(days=2)
    with capture_logs() as logs:
        assert send(runtime).outage == found.outage
    assert logs == []
    assert [hold.name for hold in release(runtime)] == ["mass_fire"]
    assert send(runtime).sent == 4
    with runtime.database.read() as tx:
        assert [entry.deed.action for entry in tx.audit.entries()][-1] == "record.release"


def test_as_many_as_may_leave_do_and_where_the_limit_is_0_all_do(runtime_of: RuntimeOf, clock: Clock) -> None:
    assert send(mass(runtime_of, clock, above=4, count=4)).sent == 4


def test_no_limit_holds_nothing(runtime_of: RuntimeOf, clock: Clock) -> None:
    assert send(mass(runtime_of, clock, above=0, count=10)).sent == 10


def test_ten_times_the_busiest_day_of_late_is_usual(runtime_of: RuntimeOf, clock: Clock) -> None:
    runtime = mass(runtime_of, clock, above=2, count=2)
    assert send(runtime).sent == 2
    clock.now += timedelta(days=3)
    contacts = tuple(Contact(f"other-{n}@example.org") for n in range(21))
    add_pledge(runtime, key="twenty", contacts=contacts[:20], announced_on=day("2026-01-01"), due=None)
    assert send(runtime).sent == 20
    clock.now += timedelta(days=31)
    add_pledge(runtime, key="again", contacts=contacts, announced_on=day("2026-01-01"), due=None)
    found = send(runtime)
    assert found.sent == 0
    assert found.outage is not None
    assert "More than 2 alerts" in found.outage


def test_one_hold_ends_and_the_others_stay(runtime: Runtime, clock: Clock, held: None) -> None:
    runtime.database.write(lambda tx: holding.hold(tx, HoldName.MASS_FIRE, "Many.", now=clock.now))
    assert [hold.name for hold in release(runtime, HoldName.MASS_FIRE)] == ["mass_fire"]
    assert send(runtime).outage == holding.REASON
