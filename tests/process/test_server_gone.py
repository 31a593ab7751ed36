"""A PostgreSQL that goes away under load: nothing acknowledged is lost, and all goes on once it is back."""

import subprocess
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import update

from pledgetracker import runtime as composition
from pledgetracker.domain.access import Scope
from pledgetracker.domain.alert import AlertState
from pledgetracker.runtime import Runtime
from pledgetracker.services.leasing import LEASE
from pledgetracker.settings import load
from pledgetracker.storage import schema, tables
from tests.conftest import SECRET, Clock, key_of
from tests.outages import NAMES, TOLD, figure, has_ticked, is_outage, is_whole, owe, post
from tests.processes import Answer, answers, ask, heard, started, wait_until
from tests.servers import OwnServer, own_server
from tests.sinks import Sink, listening
from tests.world import add_pledge, alerts

pytestmark = pytest.mark.postgresql

POSTERS = 4


@pytest.fixture
def ill_treated() -> Iterator[OwnServer]:
    """A PostgreSQL of the test's own, which it may stop at will."""
    with own_server() as server:
        yield server


@pytest.fixture
def on_it(ill_treated: OwnServer, tmp_path: Path, clock: Clock) -> Iterator[tuple[Runtime, dict[str, str]]]:
    """A record on that server, and the settings by which it was made."""
    environ = {
        "PLEDGETRACKER_DATABASE_URL": ill_treated.address,
        "PLEDGETRACKER_DATA_DIR": str(tmp_path),
        "PLEDGETRACKER_SECRET": SECRET,
    }
    made = replace(composition.assemble(load(environ)), clock=clock)
    schema.upgrade(made.database)
    yield made, environ
    made.database.close()


@contextmanager
def posting(base: str, key: str) -> Iterator[list[Answer]]:
    """Reports under way all the time, each repeated under its key as long as it gets 503."""
    found: list[Answer] = []
    stop = threading.Event()

    def work(poster: int) -> None:
        turn = 0
        while not stop.is_set():
            answer = post(base, key, f"{poster}-{turn}")
            found.append(answer)
            if is_outage(answer):
                stop.wait(0.05)
            else:
                assert answer.status == 201, answer
                turn += 1
        # What became of the last one must be known too.
        wait_until(lambda: post(base, key, f"{poster}-{turn}").status == 201)

    failures: list[BaseException] = []

    def watched(poster: int) -> None:
        try:
            work(poster)
        except BaseException as error:  # noqa: BLE001 -- the thread's failure is the test's
            failures.append(error)

    threads = [threading.Thread(target=watched, args=(poster,)) for poster in range(POSTERS)]
    for thread in threads:
        thread.start()
    try:
        yield found
    finally:
        stop.set()
        for thread in threads:
            thread.join()
    assert failures == []


def stop_and_start(server: OwnServer, base: str) -> None:
    """Stop the server as if it had crashed; meanwhile every answer says so."""
    server.stop_at_once()
    for path in ("/v1/pledges/people", "/v1/pledges", "/v1/flags"):
        assert is_outage(ask(f"{base}{path}"))
    assert ask(f"{base}/readyz").status == 503
    assert answers(f"{base}/healthz")
    server.start()


def end_connections(server: OwnServer, base: str) -> None:
    """End all connections of the program, whatever they are at."""
    del base
    with psycopg.connect(server.address, autocommit=True) as connection:
        connection.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'pledgetracker'"
        )


@pytest.mark.parametrize("break_it", [stop_and_start, end_connections])
def test_a_server_that_goes_away_under_load_costs_503_and_nothing_that_was_acknowledged(
    on_it: tuple[Runtime, dict[str, str]],
    ill_treated: OwnServer,
    port: int,
    base: str,
    break_it: Callable[[OwnServer, str], None],
) -> None:
    runtime, environ = on_it
    add_pledge(runtime, contacts=())
    key = key_of(runtime, Scope.REVIEW)
    environ |= {"PLEDGETRACKER_PORT": str(port), "PLEDGETRACKER_THREADS": "8"}
    with started(environ, "serve"):
        wait_until(lambda: answers(f"{base}/healthz"))
        with posting(base, key) as found:
            for _ in range(3):
                said = len(found)
                wait_until(lambda said=said: len(found) > said + 20)  # type: ignore[misc] # binds the loop's
                break_it(ill_treated, base)
                wait_until(lambda: ask(f"{base}/v1/pledges/people").status == 200)
        acknowledged = sum(answer.status == 201 for answer in found)
        # Whoever was left without an answer asked again, once it was there.
        assert acknowledged <= (figure(base) or 0) <= acknowledged + POSTERS
    assert is_whole(runtime)


def test_a_server_that_goes_away_in_the_middle_of_a_tick_delays_mail_and_loses_none(
    on_it: tuple[Runtime, dict[str, str]],
    ill_treated: OwnServer,
    mail_port: int,
    clock: Clock,
) -> None:
    runtime, environ = on_it
    owe(runtime, clock)
    mail = {"PLEDGETRACKER_SMTP_HOST": "127.0.0.1", "PLEDGETRACKER_SMTP_PORT": str(mail_port)}
    mail |= {"PLEDGETRACKER_SMTP_SECURITY": "none", "PLEDGETRACKER_TICK_SECONDS": "1"}
    sink = Sink(seconds=0.1)
    with listening(sink, mail_port), started(environ | mail, "schedule", log=subprocess.PIPE) as process:
        lines = heard(process)
        wait_until(lambda: len(sink.taken) >= 2)
        ill_treated.stop_at_once()
        wait_until(lambda: sum(TOLD in line for line in lines) >= 2)
        ill_treated.start()
        wait_until(lambda: has_ticked(runtime))
        claimed = update(tables.alerts).where(tables.alerts.c.lease_until.is_not(None))
        with runtime.database.engine.begin() as connection:
            # Ten minutes later.
            connection.execute(claimed.values(lease_until=composition.clock() - LEASE))
        wait_until(lambda: not alerts(runtime, AlertState.PENDING))
        assert process.poll() is None
    assert set(sink.recipients) == set(NAMES)
    assert len(sink.ids) == len(NAMES)
    assert sum(times - 1 for times in sink.ids.values()) <= 1
