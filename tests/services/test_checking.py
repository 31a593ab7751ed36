"""Readiness tells what stands still; advice names what production lacks."""

from datetime import timedelta

import pytest

from pledgetracker.runtime import Runtime
from pledgetracker.scheduler import turn
from pledgetracker.services.checking import MISSED_TICKS, Check, advise, readiness
from pledgetracker.settings import load
from pledgetracker.storage.database import Database
from tests.conftest import Clock
from tests.services.conftest import RuntimeOf
from tests.sinks import Sink, listening
from tests.world import add_pledge, noon, tick


def looked(runtime: Runtime) -> dict[str, Check]:
    report = readiness(runtime.database, runtime.settings.tick_seconds, now=runtime.clock())
    assert report.is_ready
    return {check.name: check for check in report.checks}


def test_the_scheduler_is_silent_after_several_missed_ticks(runtime: Runtime, clock: Clock) -> None:
    assert "has never ticked" in looked(runtime)["scheduler"].detail
    turn(runtime, now=clock.now)
    assert looked(runtime)["scheduler"].ok
    clock.now += timedelta(seconds=MISSED_TICKS * runtime.settings.tick_seconds)
    assert looked(runtime)["scheduler"].ok
    clock.now += timedelta(seconds=1)
    found = looked(runtime)["scheduler"]
    assert not found.ok
    assert "silent" in found.detail
    assert found.figures == {"last_tick_age_seconds": MISSED_TICKS * runtime.settings.tick_seconds + 1}


def test_the_queue_is_late_when_alerts_have_waited_for_an_hour_and_not_when_they_fell_due_long_ago(
    runtime_of: RuntimeOf, clock: Clock, port: int
) -> None:
    runtime = runtime_of()
    assert looked(runtime)["queue"].figures == {
        "pending": 0,
        "dead": 0,
        "oldest_pending_age_seconds": None,
    }
    clock.now = noon("2026-01-01")
    add_pledge(runtime)
    clock.now = noon("2027-03-01")  # the step that leads fell due weeks ago
    tick(runtime)
    assert looked(runtime)["queue"].ok
    clock.now += timedelta(hours=1, seconds=1)
    found = looked(runtime)["queue"]
    assert (found.ok, found.figures["oldest_pending_age_seconds"]) == (False, 3601)
    with listening(Sink(at_rcpt=lambda _: "550 gone"), port):
        turn(runtime, now=clock.now)
    assert looked(runtime)["queue"].figures == {"pending": 0, "dead": 1, "oldest_pending_age_seconds": None}


def test_without_database_or_tables_nothing_is_ready(tmp_path_factory: pytest.TempPathFactory) -> None:
    folder = tmp_path_factory.mktemp("new")
    database = Database(f"sqlite:///{folder}/new.sqlite3")
    report = readiness(database, 60, now=noon("2026-01-01"))
    assert not report.is_ready
    assert [(check.name, check.ok) for check in report.checks] == [("database", True), ("schema", False)]
    database.close()
    (folder / "text").write_text("Dear database, " * 100)
    database = Database(f"sqlite:///{folder}/text")
    [check] = readiness(database, 60, now=noon("2026-01-01")).checks
    assert (check.name, check.ok, check.is_needed) == ("database", False, True)
    database.close()


GOOD = {
    "SMTP_HOST": "mail.example.org",
    "MAIL_FROM": "Pledges <alerts@example.org>",
    "ALERT_RECIPIENTS": "eve@example.org",
    "PUBLIC_URL": "https://pledges.example.org",
    "SECRET": "x" * 32,
    "PING_URL": "https://pings.example.org/f00d",
}


@pytest.mark.parametrize(
    ("settings", "advice"),
    [
        ({}, {}),
        ({"SMTP_HOST": ""}, {"mail-to-files": True}),
        ({"MAIL_FROM": "a@localhost"}, {"mail-from": True}),
        ({"SMTP_SECURITY": "none"}, {"mail-in-clear": False}),
        ({"SMTP_SECURITY": "none", "SMTP_HOST": "127.0.0.1"}, {}),
        ({"ALERT_RECIPIENTS": ""}, {"no-recipients": False}),
        ({"SECRET": ""}, {"secret-in-file": False}),
        ({"PUBLIC_URL": "http://pledges.example.org"}, {"public-url": False}),
        ({"PING_URL": ""}, {"no-ping": False}),
        ({"PROCESSES": "2"}, {"processes-on-sqlite": False}),
    ],
    ids=str,
)
def test_advice_names_what_is_missing_and_how_serious_it_is(
    settings: dict[str, str], advice: dict[str, bool]
) -> None:
    said = {f"PLEDGETRACKER_{name}": value for name, value in (GOOD | settings).items() if value}
    found = advise(load(said))
    assert {item.id: item.is_serious for item in found} == advice
    assert all(item.finding.endswith(".") and item.cure.endswith(".") for item in found)
