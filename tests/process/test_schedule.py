"""The scheduler as a process of its own, killed and stopped at the worst moments."""

import os
import signal
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import update

from pledgetracker import runtime as composition
from pledgetracker.domain.alert import AlertState
from pledgetracker.domain.attempt import Outcome
from pledgetracker.domain.pledge import Contact
from pledgetracker.runtime import Runtime
from pledgetracker.services.checking import SCHEDULER
from pledgetracker.services.leasing import LEASE
from pledgetracker.services.pausing import PAUSE
from pledgetracker.storage import tables
from tests.conftest import Clock
from tests.processes import PATIENCE_SECONDS, heard, kill, started, wait_until
from tests.sinks import OK, Sink, listening
from tests.world import add_pledge, alerts, attempts

RECIPIENTS = [f"person-{n}@example.org" for n in range(12)]


@pytest.fixture
def owing(runtime: Runtime, clock: Clock) -> Runtime:
    """A record in which, by the real clock, one alert is owed to each recipient and none is planned."""
    clock.now = composition.clock() - timedelta(days=200)
    contacts = tuple(Contact(email) for email in RECIPIENTS)
    add_pledge(runtime, contacts=contacts, announced_on=clock.now.date(), due=None)
    clock.now = composition.clock()
    return runtime


def pending(runtime: Runtime) -> int:
    return len(alerts(runtime, AlertState.PENDING))


def test_it_ticks_delivers_and_stops_when_told_to(
    owing: Runtime, served: dict[str, str], mail_port: int
) -> None:
    sink = Sink()
    with listening(sink, mail_port), started(served, "schedule") as process:
        wait_until(lambda: len(sink.taken) == len(RECIPIENTS))
        wait_until(lambda: beaten(owing))
        process.send_signal(signal.SIGTERM)
        assert process.wait(PATIENCE_SECONDS) == 0
    assert sorted(sink.recipients) == sorted(RECIPIENTS)
    assert pending(owing) == 0


def beaten(runtime: Runtime) -> bool:
    with runtime.database.read() as tx:
        return tx.heartbeats.get(SCHEDULER) is not None


def test_told_to_stop_it_finishes_the_letter_under_way_and_gives_back_the_rest(
    owing: Runtime, served: dict[str, str], mail_port: int
) -> None:
    sink = Sink(seconds=0.5)
    with listening(sink, mail_port):
        with started(served, "schedule") as process:
            assert sink.is_busy.wait(PATIENCE_SECONDS)
            process.send_signal(signal.SIGTERM)
            assert process.wait(PATIENCE_SECONDS) == 0
        assert 1 <= len(sink.taken) < len(RECIPIENTS)
        left = alerts(owing, AlertState.PENDING)
        assert len(left) == len(RECIPIENTS) - len(sink.taken)
        # As if nobody had ever claimed them: no attempt counted, free for whoever comes first.
        assert {(alert.attempts, alert.first_attempt_at) for alert in left} == {(0, None)}
        assert max(alert.next_attempt_at for alert in left) <= composition.clock()
        sink.seconds = 0
        with started(served, "schedule"):
            wait_until(lambda: pending(owing) == 0)
    assert sorted(sink.recipients) == sorted(RECIPIENTS)
    assert len(sink.ids) == len(RECIPIENTS)


STOPPING = """
from pledgetracker import runtime, scheduler
scheduler.run(runtime.start(), longest_stop_seconds=0.2)
"""


def test_a_letter_that_does_not_end_keeps_it_no_longer_than_it_may_take_to_stop(
    owing: Runtime, served: dict[str, str], mail_port: int
) -> None:
    sink = Sink(seconds=PATIENCE_SECONDS)
    program = [sys.executable, "-c", STOPPING]
    with listening(sink, mail_port):
        with subprocess.Popen(program, env=os.environ | served, stderr=subprocess.DEVNULL) as process:
            assert sink.is_busy.wait(PATIENCE_SECONDS)
            process.send_signal(signal.SIGTERM)
            assert process.wait(PATIENCE_SECONDS / 2) == 0
        assert pending(owing) == len(RECIPIENTS)


def test_killed_during_delivery_and_started_again_it_loses_none_and_sends_none_under_another_message_id(
    owing: Runtime, served: dict[str, str], mail_port: int
) -> None:
    sink = Sink(seconds=0.05)
    with listening(sink, mail_port):
        with started(served, "schedule") as process:
            wait_until(lambda: len(sink.taken) >= 4)
            # So that it is killed in the middle of a letter, and not at the end of all.
            sink.seconds = PATIENCE_SECONDS
            wait_until(lambda: len(sink.arrived) > len(sink.taken))
            kill(process)
        sent_before = len(RECIPIENTS) - pending(owing)
        assert 4 <= sent_before < len(RECIPIENTS)
        expire_leases(owing)
        sink.seconds = 0
        with started(served, "schedule") as process:
            wait_until(lambda: pending(owing) == 0)
            process.send_signal(signal.SIGTERM)
            assert process.wait(PATIENCE_SECONDS) == 0
    assert set(sink.recipients) == set(RECIPIENTS)
    assert len(sink.ids) == len(RECIPIENTS)
    lost = [
        attempt.outcome
        for alert in alerts(owing)
        for attempt in attempts(owing, alert)
        if attempt.outcome is not Outcome.SENT
    ]
    assert lost in ([Outcome.LOST], [])  # none if it was killed between two letters
    twice = [found for found, times in sink.ids.items() if times > 1]
    assert len(twice) <= 1  # the one in flight, the same bytes again
    for found in twice:
        assert len({letter.content for letter in sink.taken if letter.message_id == found}) == 1


def expire_leases(runtime: Runtime) -> None:
    """Let the time of the dead dispatcher's claims pass, which no test can wait for."""
    claimed = update(tables.alerts).where(tables.alerts.c.lease_until.is_not(None))
    with runtime.database.engine.begin() as connection:
        connection.execute(claimed.values(lease_until=composition.clock() - LEASE))


def test_while_the_mail_server_is_away_it_ticks_on_and_sends_when_it_is_back(
    owing: Runtime, served: dict[str, str], mail_port: int, tmp_path: Path
) -> None:
    sink = Sink(at_data=lambda _: OK)
    with started(served, "schedule") as process:
        wait_until(lambda: beaten(owing))
        assert pending(owing) == len(RECIPIENTS)
        with listening(sink, mail_port):
            end_pause(owing)
            wait_until(lambda: pending(owing) == 0)
        process.send_signal(signal.SIGINT)
        assert process.wait(PATIENCE_SECONDS) == 0
    assert sorted(sink.recipients) == sorted(RECIPIENTS)


def end_pause(runtime: Runtime) -> None:
    """Let the pause after a failure pass, which no test can wait for."""
    runtime.database.write(lambda tx: tx.heartbeats.end(PAUSE))
    with runtime.database.engine.begin() as connection:
        connection.exec_driver_sql("UPDATE alerts SET next_attempt_at = planned_at")


def test_two_schedulers_at_once_send_each_alert_once(
    owing: Runtime, served: dict[str, str], mail_port: int
) -> None:
    sink = Sink()
    with (
        listening(sink, mail_port),
        started(served, "schedule", log=subprocess.PIPE) as one,
        started(served, "schedule", log=subprocess.PIPE) as two,
    ):
        wait_until(lambda: len(sink.taken) >= len(RECIPIENTS))
        # Before its first tick a process does not yet know how to stop.
        for lines in (heard(one), heard(two)):
            wait_until(lambda lines=lines: any('"tick"' in line for line in lines))  # type: ignore[misc] # binds the loop's
        for process in (one, two):
            process.send_signal(signal.SIGTERM)
        assert [process.wait(PATIENCE_SECONDS) for process in (one, two)] == [0, 0]
    assert sorted(sink.recipients) == sorted(RECIPIENTS)
