"""Limits at the door: who asks too often is told when to come back, and changes nothing meanwhile."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from pledgetracker import app as application
from pledgetracker import runtime as composition
from pledgetracker.domain.access import Scope
from pledgetracker.domain.allowance import Deed
from pledgetracker.runtime import Runtime
from pledgetracker.services.keyring import revoke_key
from pledgetracker.settings import Settings
from pledgetracker.storage.database import Database
from pledgetracker.storage.tables import rate_limits
from tests.api.conftest import Refused
from tests.conftest import Clock, client_of, key_of
from tests.world import add_pledge

READS, WRITES, FAILURES = 6, 4, 3
PROGRESS = "/v1/pledges/people/progress"
UPDATE = {"increment": 1, "as_of": "2026-11-01"}
PAGE = "text/html,*/*;q=0.8"
FAR = "203.0.113.7"


@pytest.fixture
def environ(environ: dict[str, str]) -> dict[str, str]:
    said = {
        "READS_PER_MINUTE": "40",
        "READS_BURST": str(READS),
        "WRITES_PER_MINUTE": "40",
        "WRITES_BURST": str(WRITES),
        "FAILURES_PER_MINUTE": "40",
        "FAILURES_BURST": str(FAILURES),
    }
    return environ | {f"PLEDGETRACKER_{name}": value for name, value in said.items()}


@pytest.fixture
def runtime(runtime: Runtime) -> Runtime:
    """A process that does at once what others do beside requests, with a pledge in its record."""
    add_pledge(runtime)
    return another_process(runtime)


def another_process(runtime: Runtime, **said: Any) -> Runtime:
    limiter = composition.limiter(runtime.settings, launch=lambda work: work())
    return replace(runtime, limiter=limiter, **said)


@pytest.fixture
def writer(app: Flask, runtime: Runtime) -> FlaskClient:
    return client_of(app, key_of(runtime, Scope.WRITE))


def reported(runtime: Runtime) -> int:
    with runtime.database.read() as tx:
        record = tx.records.get("people")
    assert record is not None
    return len(record.updates)


def statuses(answers: Iterator[TestResponse]) -> list[int]:
    return [answer.status_code for answer in answers]


def test_reads_without_a_key_are_counted_by_address(
    anybody: FlaskClient, refused: Refused, clock: Clock
) -> None:
    addresses = ["/v1/pledges", "/v1/pledges/people", "/", "/docs", "/openapi.json", "/nowhere"]
    assert len(addresses) == READS
    assert statuses(anybody.get(address) for address in addresses) == [200] * 5 + [404]
    told = refused(answer := anybody.get("/v1/pledges"), 429)
    assert told["type"] == "/docs#problem-too-many"
    # The next is due in 1.5 seconds: rounded up, so that whoever waits as told does not wait in vain.
    assert answer.headers["Retry-After"] == "2"
    assert "in 2 s" in told["detail"]
    assert "40 a minute" in told["detail"]
    assert anybody.get("/v1/pledges", environ_base={"REMOTE_ADDR": FAR}).status_code == 200
    clock.now += timedelta(seconds=1)
    assert anybody.get("/v1/pledges").status_code == 429
    clock.now += timedelta(seconds=1)
    assert anybody.get("/v1/pledges").status_code == 200
    assert anybody.get("/v1/pledges").status_code == 429


def test_a_browser_is_told_on_a_page(anybody: FlaskClient) -> None:
    for _ in range(READS):
        anybody.get("/")
    answer = anybody.get("/", headers={"Accept": PAGE})
    assert (answer.status_code, answer.mimetype, answer.headers["Retry-After"]) == (429, "text/html", "2")
    assert "Too many" in answer.text


def test_whether_it_lives_can_always_be_asked(anybody: FlaskClient) -> None:
    assert statuses(anybody.get("/healthz") for _ in range(3 * READS)) == [200] * 3 * READS
    for _ in range(3 * READS):
        with anybody.get("/static/style.css") as answer:
            assert answer.status_code == 200


def test_a_key_is_counted_for_itself_wherever_it_is_used(app: Flask, runtime: Runtime) -> None:
    one, other = (client_of(app, key_of(runtime, Scope.READ)) for _ in range(2))
    answers = [
        one.get("/v1/pledges", environ_base={"REMOTE_ADDR": f"203.0.113.{i}"}).status_code
        for i in range(READS + 2)
    ]
    assert answers == [200] * READS + [429] * 2
    assert other.get("/v1/pledges").status_code == 200
    assert client_of(app, None).get("/v1/pledges").status_code == 200


def test_what_is_recorded_never_exceeds_the_limit_over_several_processes(
    runtime: Runtime, clock: Clock
) -> None:
    key = key_of(runtime, Scope.PROGRESS)
    others = [Database(runtime.settings.database_url) for _ in range(2)]
    processes = [runtime, *(another_process(runtime, database=database) for database in others)]
    clients = [client_of(application.create(process), key) for process in processes]
    answers = [clients[i % 3].post(PROGRESS, json=UPDATE).status_code for i in range(3 * WRITES)]
    assert sorted(answers) == [201] * WRITES + [429] * 2 * WRITES
    assert reported(runtime) == WRITES
    clock.now += timedelta(seconds=1.5)
    assert sorted(client.post(PROGRESS, json=UPDATE).status_code for client in clients) == [201, 429, 429]
    for database in others:
        database.close()


def test_reads_and_writes_are_counted_apart(writer: FlaskClient) -> None:
    assert statuses(writer.post(PROGRESS, json=UPDATE) for _ in range(WRITES + 1)) == [201] * WRITES + [429]
    assert statuses(writer.get("/v1/pledges") for _ in range(READS + 1)) == [200] * READS + [429]


@pytest.mark.parametrize(
    ("call", "status"),
    [
        ({"path": PROGRESS, "json": {"value": "x"}}, 422),
        ({"path": PROGRESS, "data": "{", "content_type": "application/json"}, 400),
        ({"path": PROGRESS, "data": "x"}, 415),
        ({"path": "/v1/pledges/nobody/progress", "json": UPDATE}, 404),
        ({"path": PROGRESS, "json": UPDATE | {"supersedes": 7, "reason": "typo"}}, 422),
        ({"path": "/v1/pledges/people", "method": "PATCH", "json": {}}, 428),
        ({"path": "/v1/pledges/people", "method": "DELETE", "headers": {"If-Match": '"0"'}}, 412),
        ({"path": "/v1/pledgers", "json": {"id": "acme", "name": "Again"}}, 409),
    ],
)
def test_what_is_refused_counts_too(
    writer: FlaskClient, runtime: Runtime, call: dict[str, Any], status: int
) -> None:
    ask = {"method": "POST"} | call
    assert statuses(writer.open(**ask) for _ in range(WRITES)) == [status] * WRITES
    assert writer.open(**ask).status_code == 429
    assert writer.post(PROGRESS, json=UPDATE).status_code == 429
    assert reported(runtime) == 0


def test_what_a_key_may_not_do_counts_too(app: Flask, runtime: Runtime) -> None:
    reader = client_of(app, key_of(runtime, Scope.READ))
    assert statuses(reader.post(PROGRESS, json=UPDATE) for _ in range(WRITES + 1)) == [403] * WRITES + [429]


def test_what_needs_a_key_and_comes_without_counts_for_the_address(anybody: FlaskClient) -> None:
    assert statuses(anybody.post(PROGRESS, json=UPDATE) for _ in range(WRITES + 1)) == [401] * WRITES + [429]


def test_a_repeated_request_counts_and_is_answered_as_the_first(
    writer: FlaskClient, runtime: Runtime
) -> None:
    headers = {"Idempotency-Key": "a"}
    answers = [writer.post(PROGRESS, json=UPDATE, headers=headers) for _ in range(WRITES + 1)]
    assert statuses(iter(answers)) == [201] * WRITES + [429]
    assert "Idempotent-Replayed" not in answers[-1].headers
    assert reported(runtime) == 1


def test_a_request_refused_for_its_number_may_be_repeated_under_its_key(
    writer: FlaskClient, runtime: Runtime, clock: Clock
) -> None:
    for _ in range(WRITES):
        writer.post(PROGRESS, json=UPDATE)
    headers = {"Idempotency-Key": "a"}
    answer = writer.post(PROGRESS, json=UPDATE, headers=headers)
    assert answer.status_code == 429
    clock.now += timedelta(seconds=int(answer.headers["Retry-After"]))
    assert writer.post(PROGRESS, json=UPDATE, headers=headers).status_code == 201
    assert reported(runtime) == WRITES + 1


class TestGuessing:
    def test_who_guesses_keys_is_not_listened_to_any_more_even_when_right(
        self, app: Flask, runtime: Runtime, refused: Refused, clock: Clock
    ) -> None:
        good = key_of(runtime, Scope.ADMIN)
        guesses = ["x", f"{good}x", good[:-1], "pt_000000000000_0"]
        assert [client_of(app, guess).get("/v1/pledges").status_code for guess in guesses] == [
            *[401] * FAILURES,
            429,
        ]
        assert refused(client_of(app, good).get("/v1/pledges"), 429)
        assert client_of(app, None).get("/v1/pledges").status_code == 200
        elsewhere = client_of(app, good)
        assert elsewhere.get("/v1/pledges", environ_base={"REMOTE_ADDR": FAR}).status_code == 200
        clock.now += timedelta(seconds=2)
        assert client_of(app, good).get("/v1/pledges").status_code == 200

    def test_a_revoked_key_is_a_guess_too(self, app: Flask, runtime: Runtime) -> None:
        key = key_of(runtime, Scope.ADMIN)
        runtime.database.write(lambda tx: revoke_key(tx, key.split("_")[1], now=runtime.clock()))
        client = client_of(app, key)
        assert statuses(client.get("/v1/pledges") for _ in range(FAILURES + 1)) == [401] * FAILURES + [429]

    def test_other_processes_know_of_it(self, app: Flask, runtime: Runtime) -> None:
        for _ in range(FAILURES):
            client_of(app, "guess").get("/v1/pledges")
        other = client_of(application.create(another_process(runtime)), "guess")
        # It learns of the others by passing on the first of its own.
        assert statuses(other.get("/v1/pledges") for _ in range(2)) == [401, 429]

    def test_another_address_in_the_header_is_no_way_out(self, app: Flask) -> None:
        answers = [
            client_of(app, "x").get("/v1/pledges", headers={"X-Forwarded-For": f"203.0.113.{i}"}).status_code
            for i in range(FAILURES + 1)
        ]
        assert answers == [401] * FAILURES + [429]

    def test_another_address_in_the_same_ipv6_network_is_no_way_out(self, app: Flask) -> None:
        def guess(address: str) -> int:
            client = client_of(app, "x")
            return client.get("/v1/pledges", environ_base={"REMOTE_ADDR": address}).status_code

        answers = [guess(f"2001:db8:1:2::{i:x}") for i in range(FAILURES + 1)]
        assert answers == [401] * FAILURES + [429]
        assert guess("2001:db8:1:3::1") == 401


class TestBehindAProxy:
    @pytest.fixture
    def environ(self, environ: dict[str, str]) -> dict[str, str]:
        return environ | {"PLEDGETRACKER_TRUSTED_PROXIES": "1"}

    def test_the_caller_is_whom_the_proxy_names(self, anybody: FlaskClient) -> None:
        def read(said: str) -> int:
            return anybody.get("/v1/pledges", headers={"X-Forwarded-For": said}).status_code

        answers = [read(f"10.0.0.{i}, 203.0.113.9") for i in range(READS + 1)]
        assert answers == [200] * READS + [429]
        assert read("203.0.113.9, 203.0.113.10") == 200


class TestWithoutLimits:
    @pytest.fixture
    def environ(self, environ: dict[str, str]) -> dict[str, str]:
        off = ("READS", "WRITES", "FAILURES")
        return environ | {f"PLEDGETRACKER_{what}_PER_MINUTE": "0" for what in off}

    def test_anything_goes_and_nothing_is_counted(
        self, app: Flask, anybody: FlaskClient, writer: FlaskClient, runtime: Runtime
    ) -> None:
        assert statuses(anybody.get("/v1/pledges") for _ in range(50)) == [200] * 50
        assert statuses(writer.post(PROGRESS, json=UPDATE) for _ in range(50)) == [201] * 50
        assert statuses(client_of(app, "x").get("/v1/pledges") for _ in range(50)) == [401] * 50
        with runtime.database.engine.connect() as connection:
            assert connection.execute(rate_limits.select()).all() == []


class TestWithOneLimitOff:
    @pytest.fixture
    def environ(self, environ: dict[str, str]) -> dict[str, str]:
        return environ | {"PLEDGETRACKER_WRITES_PER_MINUTE": "0"}

    def test_the_others_hold(self, anybody: FlaskClient, writer: FlaskClient) -> None:
        assert statuses(writer.post(PROGRESS, json=UPDATE) for _ in range(20)) == [201] * 20
        assert statuses(anybody.get("/v1/pledges") for _ in range(READS + 1)) == [200] * READS + [429]


def test_without_its_table_the_limiter_lets_reads_through_and_writes_say_that_the_database_is_away(
    anybody: FlaskClient, writer: FlaskClient, runtime: Runtime, refused: Refused
) -> None:
    with runtime.database.engine.begin() as connection:
        rate_limits.drop(connection)
    assert statuses(anybody.get("/v1/pledges") for _ in range(READS + 1)) == [200] * READS + [429]
    answer = writer.post(PROGRESS, json=UPDATE)
    assert refused(answer, 503)
    assert answer.headers["Retry-After"]
    assert reported(runtime) == 0
    with runtime.database.engine.begin() as connection:
        rate_limits.create(connection)


def test_by_default_a_newsroom_meets_no_limit() -> None:
    usual = Settings()
    bursts = composition.limiter(usual)._allowances
    # A hundred readers behind one address, ten pages a minute each with all that hangs on them.
    assert usual.reads_per_minute >= 100 * 10 * 3
    # An import of a thousand pledges with two reports each, without a pause.
    assert bursts[Deed.WRITE].burst >= 1000 * 3
    # A forgotten program that asks every ten seconds with a key that has expired.
    assert usual.failures_per_minute > 60 / 10
    assert usual.trusted_proxies == 0
