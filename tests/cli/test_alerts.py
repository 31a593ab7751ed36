"""The commands that decide about alerts: requeue, suppress, release."""

from datetime import timedelta

import pytest

from pledgetracker.domain.alert import AlertState
from pledgetracker.runtime import Runtime
from pledgetracker.services import holding
from pledgetracker.services.holding import HoldName
from pledgetracker.services.leasing import LEASE
from tests.cli.conftest import Invoke
from tests.conftest import Clock
from tests.world import add_pledge, alerts, noon


@pytest.fixture
def owing(runtime: Runtime, clock: Clock) -> Runtime:
    """A record in which one alert waits, by the machine's clock."""
    clock.now = noon("2026-06-01")
    add_pledge(runtime, due=None)
    return runtime


def kill(runtime: Runtime, clock: Clock) -> int:
    """Have the waiting alert given up."""
    [alert] = alerts(runtime, AlertState.PENDING)
    until = clock.now + LEASE
    runtime.database.write(lambda tx: tx.deliveries.claim(now=clock.now, until=until, token="x", limit=1))
    runtime.database.write(
        lambda tx: tx.deliveries.end(alert.id, AlertState.DEAD, "550 nobody", token="x", now=clock.now)
    )
    return alert.id


def test_a_dead_alert_is_tried_anew(invoke: Invoke, owing: Runtime, clock: Clock) -> None:
    key = str(kill(owing, clock))
    told = invoke("alerts", "requeue", key)
    assert (told.exit_code, told.output) == (0, "1 alert will be tried anew.\n")
    assert len(alerts(owing, AlertState.PENDING)) == 1
    told = invoke("alerts", "requeue", key)
    assert told.exit_code == 1
    assert "only one that is dead can be requeued" in told.output
    with owing.database.read() as tx:
        [entry] = [each for each in tx.audit.entries() if each.deed.action == "alert.requeue"]
    assert (entry.deed.actor.kind, entry.deed.subject) == ("cli", key)


def test_all_dead_alerts_are_tried_anew(invoke: Invoke, owing: Runtime, clock: Clock) -> None:
    kill(owing, clock)
    assert invoke("alerts", "requeue", "--all-dead").output == "1 alert will be tried anew.\n"
    assert invoke("alerts", "requeue", "--all-dead").output == "0 alerts will be tried anew.\n"
    for words in ((), ("1", "--all-dead")):
        told = invoke("alerts", "requeue", *words)
        assert told.exit_code == 2
        assert "Name one alert, or say --all-dead." in told.output


def test_a_waiting_alert_is_suppressed_with_the_reason(invoke: Invoke, owing: Runtime) -> None:
    [alert] = alerts(owing, AlertState.PENDING)
    told = invoke("alerts", "suppress", str(alert.id), "--reason", " They know. ")
    assert (told.exit_code, told.output) == (0, "It will not be sent.\n")
    [found] = alerts(owing, AlertState.SUPPRESSED)
    assert found.reason == "They know."
    assert invoke("alerts", "suppress", "4242", "--reason", "x").exit_code == 1


def test_release_tells_what_it_ends_and_may_end_one_alone(
    invoke: Invoke, owing: Runtime, clock: Clock
) -> None:
    owing.database.write(lambda tx: holding.hold_restored(tx, now=clock.now))
    owing.database.write(
        lambda tx: holding.hold(tx, HoldName.MASS_FIRE, "Many.", now=clock.now + timedelta(days=1))
    )
    told = invoke("release", "--only", "mass_fire")
    assert told.output == "Released (mass_fire, held since 2026-06-02 10:00 UTC): Many.\n"
    assert "Released (restored" in invoke("release").output
    assert invoke("release").output == "Nothing was held.\n"
