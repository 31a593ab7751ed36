"""/metrics: in Prometheus's own reading, for those who may, cheap, and there when the database is not."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from prometheus_client.parser import text_string_to_metric_families
from sqlalchemy import event, text

from pledgetracker import __version__
from pledgetracker import app as application
from pledgetracker import runtime as composition
from pledgetracker.api.metrics import FORWARDING
from pledgetracker.runtime import Runtime
from pledgetracker.scheduler import turn
from pledgetracker.services import gauging, holding
from pledgetracker.settings import load
from pledgetracker.storage import schema
from tests.api.conftest import Post
from tests.conftest import Clock, client_of
from tests.world import add_pledge

TOKEN = "a token for Prometheus"

Samples = dict[tuple[str, tuple[tuple[str, str], ...]], float]


def samples(exposition: str) -> Samples:
    """What Prometheus's own parser reads: value by name and labels, each once."""
    found: Samples = {}
    for family in text_string_to_metric_families(exposition):
        assert family.documentation
        assert family.type in {"gauge", "counter", "histogram"}
        for sample in family.samples:
            identity = (sample.name, tuple(sorted(sample.labels.items())))
            assert identity not in found
            found[identity] = sample.value
    return found


def figures(client: FlaskClient) -> dict[str, float]:
    """The figures without labels, by name."""
    answer = client.get("/metrics")
    assert answer.status_code == 200, answer.text
    return {name: value for (name, labels), value in samples(answer.text).items() if not labels}


def pending(client: FlaskClient) -> dict[str, float]:
    found = samples(client.get("/metrics").text)
    return {
        stage: found["pledgetracker_alerts_pending", (("stage", stage),)]
        for stage in ("due", "claimed", "later")
    }


@pytest.fixture
def guarded(environ: dict[str, str]) -> Iterator[FlaskClient]:
    """A client of an application with a token."""
    runtime = composition.assemble(load(environ | {"PLEDGETRACKER_METRICS_TOKEN": TOKEN}))
    yield client_of(application.create(runtime), None)
    runtime.database.close()


def test_a_new_installation_tells_what_it_is_and_that_nothing_waits(anybody: FlaskClient) -> None:
    answer = anybody.get("/metrics")
    assert answer.headers["Content-Type"].startswith("text/plain; version=0.0.4")
    assert answer.headers["Cache-Control"] == "no-store"
    versions = (("schema", str(schema.newest())), ("version", __version__))
    assert samples(answer.text)["pledgetracker_info", versions] == 1
    assert figures(anybody) == {
        "pledgetracker_database_up": 1,
        "pledgetracker_schema_current": 1,
        "pledgetracker_pledges_due": 0,
        "pledgetracker_alerts_dead": 0,
        "pledgetracker_oldest_pending_alert_age_seconds": 0,
        "pledgetracker_delivery_held": 0,
    }


def test_requests_are_counted_and_timed_by_method_route_and_class_of_status(
    anybody: FlaskClient, post: Post
) -> None:
    post("/v1/pledgers", {"id": "acme", "name": "ACME"})
    for address in ("/v1/pledgers/acme", "/v1/pledgers/acme", "/v1/pledgers/nobody", "/nowhere", "/no/where"):
        anybody.get(address)
    anybody.open("/v1/pledgers/acme", method="BREW")
    found = samples(anybody.get("/metrics").text)

    def counted(method: str, route: str, status: str) -> tuple[float, float, float]:
        labels = {"method": method, "route": route, "status": status}
        exact = tuple(sorted(labels.items()))
        last = tuple(sorted((labels | {"le": "+Inf"}).items()))
        seconds = "pledgetracker_http_request_duration_seconds"
        return (
            found["pledgetracker_http_requests_total", exact],
            found[f"{seconds}_count", exact],
            found[f"{seconds}_bucket", last],
        )

    assert counted("POST", "/v1/pledgers", "2xx") == (1, 1, 1)
    assert counted("GET", "/v1/pledgers/{pledger}", "2xx") == (2, 2, 2)
    assert counted("GET", "/v1/pledgers/{pledger}", "4xx") == (1, 1, 1)
    # What a caller makes up must not make figures of its own.
    assert counted("GET", "none", "4xx") == (2, 2, 2)
    assert counted("other", "none", "4xx") == (1, 1, 1)


def test_the_scheduler_and_the_queue_are_told(anybody: FlaskClient, runtime: Runtime, clock: Clock) -> None:
    clock.now -= timedelta(days=200)
    add_pledge(runtime, announced_on=clock.now.date(), due=None)
    clock.now += timedelta(days=200)
    assert figures(anybody)["pledgetracker_pledges_due"] == 1
    assert "pledgetracker_last_tick_age_seconds" not in figures(anybody)
    turn(runtime, now=clock.now)
    clock.now += timedelta(seconds=90)
    told = figures(anybody)
    assert told["pledgetracker_pledges_due"] == 0
    assert told["pledgetracker_last_tick_age_seconds"] == 90
    assert told["pledgetracker_last_tick_duration_seconds"] == 0
    assert pending(anybody) == {"due": 0, "claimed": 0, "later": 0}


def test_pending_alerts_are_told_by_stage_and_the_oldest_by_age(
    anybody: FlaskClient, runtime: Runtime, clock: Clock
) -> None:
    clock.now -= timedelta(days=200)
    add_pledge(runtime, announced_on=clock.now.date(), due=None)
    clock.now += timedelta(days=200)
    runtime.database.write(lambda tx: holding.hold_restored(tx, now=clock.now))
    turn(runtime, now=clock.now)
    clock.now += timedelta(hours=1)
    assert pending(anybody) == {"due": 1, "claimed": 0, "later": 0}
    told = figures(anybody)
    assert (told["pledgetracker_delivery_held"], told["pledgetracker_oldest_pending_alert_age_seconds"]) == (
        1,
        3600,
    )
    later = clock.now + timedelta(minutes=1)
    [claimed] = runtime.database.write(
        lambda tx: tx.deliveries.claim(now=clock.now, until=later, token="t", limit=5)
    )
    assert pending(anybody) == {"due": 0, "claimed": 1, "later": 0}
    runtime.database.write(
        lambda tx: tx.deliveries.put_off(claimed.id, "busy", token="t", until=later, begun_at=clock.now)
    )
    assert pending(anybody) == {"due": 0, "claimed": 0, "later": 1}


@pytest.mark.sqlite
def test_without_its_database_it_still_answers(environ: dict[str, str], tmp_path: Path) -> None:
    (tmp_path / "pledgetracker.sqlite3").write_bytes(b"no database at all" * 1000)
    runtime = composition.assemble(load(environ))
    told = figures(client_of(application.create(runtime), None))
    runtime.database.close()
    assert told == {"pledgetracker_database_up": 0}


def test_of_a_schema_that_is_not_ours_only_that_is_told(anybody: FlaskClient, runtime: Runtime) -> None:
    with runtime.database.engine.begin() as connection:
        connection.execute(text("DELETE FROM alembic_version"))
    assert figures(anybody) == {"pledgetracker_database_up": 1, "pledgetracker_schema_current": 0}


@pytest.mark.parametrize(
    ("address", "status"),
    [
        ("127.0.0.1", 200),
        ("::1", 200),
        ("::ffff:127.0.0.1", 200),
        ("10.0.0.1", 403),
        ("", 403),
        ("unix", 403),
    ],
)
def test_without_a_token_it_answers_this_machine_only(app: Flask, address: str, status: int) -> None:
    answer = client_of(app, None).get("/metrics", environ_base={"REMOTE_ADDR": address})
    assert answer.status_code == status


@pytest.mark.parametrize("header", FORWARDING)
def test_without_a_token_nobody_is_let_in_by_way_of_a_proxy(anybody: FlaskClient, header: str) -> None:
    answer = anybody.get("/metrics", headers={header: "for=127.0.0.1"})
    assert answer.status_code == 403
    assert "metrics_token" in answer.get_json()["detail"]


@pytest.mark.parametrize(
    ("said", "status"),
    [
        (f"Bearer {TOKEN}", 200),
        (f"bearer {TOKEN}", 200),
        (f"Bearer {TOKEN}s", 401),
        (f"Basic {TOKEN}", 401),
        ("Bearer é", 401),
        ("Bearer", 401),
        (None, 401),
    ],
)
def test_with_a_token_it_answers_whoever_has_it(guarded: FlaskClient, said: str | None, status: int) -> None:
    headers = {} if said is None else {"Authorization": said}
    answer = guarded.get("/metrics", headers=headers, environ_base={"REMOTE_ADDR": "10.0.0.1"})
    assert answer.status_code == status
    if status == 401:
        assert answer.headers["WWW-Authenticate"].startswith("Bearer ")
        assert TOKEN not in answer.text


@pytest.fixture
def asked(runtime: Runtime) -> Iterator[list[tuple[str, Any]]]:
    """Every statement that the database is asked."""
    statements: list[tuple[str, Any]] = []

    def note(connection: Any, cursor: Any, statement: str, parameters: Any, *_: Any) -> None:
        statements.append((statement, parameters))

    event.listen(runtime.database.engine, "before_cursor_execute", note)
    yield statements
    event.remove(runtime.database.engine, "before_cursor_execute", note)


@pytest.mark.sqlite
def test_no_figure_scans_a_table(runtime: Runtime, asked: list[tuple[str, Any]]) -> None:
    gauging.read(runtime.database, now=runtime.clock())
    asked_once, found = list(asked), []
    with runtime.database.engine.connect() as connection:
        for statement, parameters in asked_once:
            if "FROM pledges" in statement or "FROM alerts" in statement:
                plan = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", parameters)
                found += [row[3] for row in plan]
    assert [step for step in found if "INDEX" in step]
    assert [step for step in found if step in {"SCAN pledges", "SCAN alerts"}] == []


def test_what_is_due_is_counted_no_further_than_is_cheap(runtime: Runtime, clock: Clock) -> None:
    for n in range(3):
        add_pledge(runtime, id=f"p{n}")
    clock.now += timedelta(days=400)
    with runtime.database.read() as tx:
        assert tx.pledges.due_for_check(now=clock.now, most=2) == 2
        assert tx.pledges.due_for_check(now=clock.now, most=9) == 3


def test_two_applications_in_one_process_count_apart(runtime: Runtime) -> None:
    one, two = (client_of(application.create(replace(runtime)), None) for _ in range(2))
    one.get("/v1/pledges")
    assert "/v1/pledges" in one.get("/metrics").text
    assert "/v1/pledges" not in two.get("/metrics").text
