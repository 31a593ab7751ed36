"""The permission matrix: every call of the address map, for every kind of caller.

Who lacks the key changes nothing.

What is expected follows from the scope that a call declares, and from nothing else.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import update

from pledgetracker.api import examples
from pledgetracker.domain.access import Scope
from pledgetracker.runtime import Runtime
from pledgetracker.services.keyring import create_key, revoke_key
from pledgetracker.storage import copying
from pledgetracker.storage.tables import alerts, metadata
from tests.api.conftest import PARTS, PLEDGE, RATE, Post, Promise, Refused
from tests.conftest import Clock, client_of, editor_of, key_of

READING = {"GET", "HEAD", "OPTIONS"}
# What is counted of callers is no part of the record.
COUNTERS = {"rate_limits"}

# A body for each call with one, such that the call would do something if it were let in.
BODIES: dict[tuple[str, str], dict[str, Any]] = {
    ("POST", "/v1/pledgers"): {"id": "new", "name": "New"},
    ("PATCH", "/v1/pledgers/acme"): {"name": "Other"},
    ("POST", "/v1/initiatives"): {"id": "new", "title": "New"},
    ("PATCH", "/v1/initiatives/choose"): {"title": "Other"},
    ("POST", "/v1/rates"): RATE | {"date": "2024-05-29"},
    ("PATCH", "/v1/rates/eur-usd-2024-05-28"): examples.RATE_CHANGE,
    ("POST", "/v1/pledges"): PLEDGE | {"id": "new"},
    ("PATCH", "/v1/pledges/people-trained"): {"title": "Other"},
    ("POST", "/v1/pledges/people-trained/progress"): {"value": 1, "as_of": "2026-01-01"},
    ("POST", "/v1/pledges/people-trained/reschedules"): {"due": "2029", "announced_on": "2026-01-01"},
    ("POST", "/v1/pledges/people-trained/withdrawal"): {"on": "2026-02-01"},
    ("POST", "/v1/pledges/people-trained/progress/1/decisions"): {
        "review": "disputed",
        "reason": "Doubtful.",
    },
    ("POST", "/v1/pledges/people-trained/conflicts"): {"as_of": "2026-01-02", "chosen": 2},
    ("POST", "/v1/pledges/people-trained/verdicts"): examples.VERDICT,
    ("POST", "/v1/rubrics"): examples.RUBRIC,
}


@dataclass(frozen=True)
class Call:
    """A call of the API, and the scope that it declares."""

    method: str
    address: str
    scope: Scope | None

    def of(self, client: FlaskClient, **said: Any) -> Any:
        body = BODIES.get((self.method, self.address))
        return client.open(self.address, method=self.method, json=body, **said)


def calls(app: Flask) -> Iterator[Call]:
    for rule in app.url_map.iter_rules():
        if rule.rule.startswith("/v1"):
            built = rule.build({name: PARTS[name] for name in rule.arguments}, append_unknown=False)
            assert built is not None
            scope = getattr(app.view_functions[rule.endpoint], "scope", None)
            for method in sorted((rule.methods or set()) - {"OPTIONS"}):
                yield Call(method, built[1], scope)


@dataclass(frozen=True)
class Caller:
    """A kind of caller: what it sends, and how far its key reaches; a scope of None opens nothing."""

    name: str
    sends: str | None
    scope: Scope | None = None
    may_report: bool = True

    def may(self, call: Call, *, public_reads: bool) -> bool:
        assert call.scope is not None
        if self.sends is None:
            return call.scope is Scope.READ and public_reads
        if call.address.endswith("/progress") and call.method == "POST" and not self.may_report:
            return False
        return self.scope is not None and self.scope.includes(call.scope)

    def status(self) -> int:
        """How it is refused."""
        return 401 if self.scope is None else 403


@pytest.fixture(params=[True, False], ids=["public reads", "closed reads"])
def public_reads(request: pytest.FixtureRequest) -> bool:
    return bool(request.param)


@pytest.fixture
def environ(environ: dict[str, str], *, public_reads: bool) -> dict[str, str]:
    return environ | {"PLEDGETRACKER_PUBLIC_READS": str(public_reads).lower()}


@pytest.fixture
def record(promise: Promise, post: Post) -> None:
    """Something at every address."""
    post("/v1/initiatives", {"id": "choose", "title": "Choose"})
    post("/v1/rates", RATE)
    promise(initiative="choose", tags=["skills"], contacts=[{"email": "ada@example.org"}])
    post("/v1/pledgers", {"id": "other", "name": "Other"})
    for value, as_of in ((5, "2026-01-01"), (6, "2026-01-02"), (7, "2026-01-02")):
        post("/v1/pledges/people-trained/progress", {"value": value, "as_of": as_of})
    post("/v1/pledges/people-trained/verdicts", examples.VERDICT)


@pytest.fixture
def callers(runtime: Runtime, record: None, clock: Clock) -> list[Caller]:
    def ended(**said: Any) -> str:
        before = clock.now - timedelta(days=1)
        return runtime.database.write(
            lambda tx: create_key(tx, "old", Scope.ADMIN, runtime.pepper, now=before, **said)
        )

    good, revoked = key_of(runtime, Scope.ADMIN), ended()
    runtime.database.write(lambda tx: revoke_key(tx, revoked.split("_")[1], now=clock.now))
    prefix, key_id, secret = good.split("_")
    return [
        Caller("without a key", None),
        Caller("malformed", "Bearer key"),
        Caller("another scheme", f"Basic {good}"),
        Caller("unknown", f"Bearer {prefix}_{'0' * len(key_id)}_{secret}"),
        Caller("another secret", f"Bearer {prefix}_{key_id}_{'0' * len(secret)}"),
        Caller("revoked", f"Bearer {revoked}"),
        Caller("expired", f"Bearer {ended(expires_at=clock.now)}"),
        Caller("tied to it", f"Bearer {key_of(runtime, Scope.PROGRESS, pledger='acme')}", Scope.PROGRESS),
        Caller(
            "tied to another",
            f"Bearer {key_of(runtime, Scope.PROGRESS, pledger='other')}",
            Scope.PROGRESS,
            may_report=False,
        ),
        *(Caller(scope.value, f"Bearer {key_of(runtime, scope)}", scope) for scope in Scope),
    ]


def client_for(app: Flask, caller: Caller) -> FlaskClient:
    client = client_of(app, None)
    client.environ_base["HTTP_IF_MATCH"] = "*"
    if caller.sends is not None:
        client.environ_base["HTTP_AUTHORIZATION"] = caller.sends
    return client


Sums = Callable[[], dict[str, str]]


@pytest.fixture
def sums(runtime: Runtime) -> Sums:
    """A checksum of every table but the counters."""

    def sums() -> dict[str, str]:
        with runtime.database.survey() as connection:
            return {
                table.name: copying._tally(table, copying._rows(connection, table)).checksum
                for table in metadata.sorted_tables
                if table.name not in COUNTERS
            }

    return sums


def test_every_call_declares_a_scope(app: Flask) -> None:
    assert [call for call in calls(app) if call.scope is None] == []
    assert len(list(calls(app))) > 25


def test_nothing_can_be_changed_outside_the_api(app: Flask) -> None:
    outside = [rule for rule in app.url_map.iter_rules() if not rule.rule.startswith("/v1/")]
    assert {rule.rule for rule in outside if not (rule.methods or set()) <= READING} == set()


def test_every_call_that_takes_a_body_has_one_here(app: Flask, anybody: FlaskClient) -> None:
    paths = anybody.get("/openapi.json").get_json()["paths"]
    assert {
        (method.upper(), path.format_map(PARTS))
        for path, item in paths.items()
        for method, operation in item.items()
        if "requestBody" in operation
    } == BODIES.keys()


def test_who_lacks_the_key_is_refused_and_changes_nothing(
    app: Flask, callers: list[Caller], sums: Sums, refused: Refused, *, public_reads: bool
) -> None:
    known, tried = sums(), 0
    for caller in callers:
        client = client_for(app, caller)
        for call in calls(app):
            if not caller.may(call, public_reads=public_reads):
                tried += 1
                answer = call.of(client, headers={"Idempotency-Key": "a"})
                assert answer.status_code == caller.status(), (caller.name, call)
                if call.method != "HEAD":
                    refused(answer, caller.status())
        assert sums() == known, caller.name
    assert tried > 200


def test_who_has_the_key_comes_in(
    app: Flask, callers: list[Caller], sums: Sums, *, public_reads: bool
) -> None:
    known, tried = sums(), 0
    for caller in callers:
        client = client_for(app, caller)
        for call in calls(app):
            if caller.may(call, public_reads=public_reads):
                tried += 1
                # Reading succeeds; of what changes things, the query is refused behind the door.
                reads = call.method in READING
                answer = call.of(client, query_string=None if reads else {"no": "1"})
                assert answer.status_code == (200 if reads else 422), (caller.name, call)
    assert sums() == known
    assert tried > 100


def test_the_bodies_would_have_done_something(app: Flask, runtime: Runtime, record: None, sums: Sums) -> None:
    editor = editor_of(app, key_of(runtime, Scope.REVIEW))
    editor.post("/v1/pledges", json=PLEDGE | {"id": "spare", "initiative": None})
    with runtime.database.engine.begin() as connection:
        connection.execute(update(alerts).values(state="dead"))
    for call in calls(app):
        # In the order of the address map; what is deleted here is not needed afterwards.
        if call.method in {"POST", "PATCH"}:
            known = sums()
            assert call.of(editor).status_code in {200, 201}, call
            assert sums() != known, call


def test_where_reading_needs_a_key_no_address_without_one_tells_of_the_record(
    app: Flask, anybody: FlaskClient, record: None, *, public_reads: bool
) -> None:
    told = set()
    for rule in app.url_map.iter_rules():
        values = PARTS | {"filename": "style.css"}
        built = rule.build({name: values[name] for name in rule.arguments}, append_unknown=False)
        assert built is not None
        answer = anybody.get(built[1])
        text = answer.get_data().decode(errors="replace")
        answer.close()
        assert "ada@example.org" not in text
        if "A million people trained" in text:
            told.add(rule.rule)
    assert ({"/", "/v1/pledges"} <= told) if public_reads else (told == set())


def test_a_key_works_until_it_is_revoked_and_not_once_more(app: Flask, runtime: Runtime) -> None:
    key = key_of(runtime, Scope.WRITE)
    client = client_of(app, key)
    assert client.post("/v1/pledgers", json={"id": "one", "name": "One"}).status_code == 201
    runtime.database.write(lambda tx: revoke_key(tx, key.split("_")[1], now=runtime.clock()))
    assert client.post("/v1/pledgers", json={"id": "two", "name": "Two"}).status_code == 401
    assert client.get("/v1/pledgers").status_code == 401


def test_a_revoked_key_gets_no_kept_answer_either(app: Flask, runtime: Runtime) -> None:
    key = key_of(runtime, Scope.WRITE)
    client = client_of(app, key)
    ask = {"json": {"id": "one", "name": "One"}, "headers": {"Idempotency-Key": "a"}}
    assert client.post("/v1/pledgers", **ask).status_code == 201
    runtime.database.write(lambda tx: revoke_key(tx, key.split("_")[1], now=runtime.clock()))
    assert client.post("/v1/pledgers", **ask).status_code == 401
