"""The audit log over HTTP: one entry for each change, none for anything else, for admins alone."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from pledgetracker.api import examples
from pledgetracker.domain.access import Scope
from pledgetracker.domain.alert import AlertState, Owed, Recipient
from pledgetracker.domain.flag import FlagKind
from pledgetracker.runtime import Runtime
from pledgetracker.storage.database import Transaction
from tests.api.conftest import PLEDGE, Post, Promise, Refused
from tests.conftest import Clock, client_of, key_of

READING = {"GET", "HEAD", "OPTIONS"}


@dataclass(frozen=True)
class Call:
    """A call that changes something, and what the log is to say of it."""

    method: str
    rule: str
    address: str
    action: str
    subject: str
    body: dict[str, Any] | None = None
    before: dict[str, Any] | None = field(default_factory=dict)
    after: dict[str, Any] | None = field(default_factory=dict)


# In an order in which each is possible; what is said of before and after must be in them, None is nothing.
CALLS = [
    Call(
        "POST", "/v1/pledgers", "/v1/pledgers", "pledger.create", "acme",
        {"id": "acme", "name": "ACME"}, None, {"id": "acme", "name": "ACME", "version": 1},
    ),
    Call(
        "PATCH", "/v1/pledgers/<slug:pledger>", "/v1/pledgers/acme", "pledger.change", "acme",
        {"name": "Acme SA"}, {"name": "ACME", "version": 1}, {"name": "Acme SA", "version": 2},
    ),
    Call(
        "POST", "/v1/initiatives", "/v1/initiatives", "initiative.create", "choose",
        {"id": "choose", "title": "Choose"}, None, {"title": "Choose"},
    ),
    Call(
        "PATCH", "/v1/initiatives/<slug:initiative>", "/v1/initiatives/choose", "initiative.change", "choose",
        {"description": "All of it"}, {"title": "Choose"}, {"title": "Choose", "description": "All of it"},
    ),
    Call(
        "POST", "/v1/pledges", "/v1/pledges", "pledge.create", "people-trained",
        PLEDGE, None, {"title": "A million people trained", "target": 1000000, "due": "2027", "version": 1},
    ),
    Call(
        "PATCH", "/v1/pledges/<slug:pledge>", "/v1/pledges/people-trained", "pledge.change", "people-trained",
        {"target": 900000.5, "due": "2028"},
        {"target": 1000000, "version": 1}, {"target": 900000.5, "version": 2, "due": "2027"},
    ),
    Call(
        "POST", "/v1/pledges/<slug:pledge>/progress", "/v1/pledges/people-trained/progress",
        "progress.record", "people-trained", {"value": 250000, "as_of": "2025-11-04", "note": "so far"},
        None, {"number": 1, "value": 250000, "as_of": "2025-11-04", "note": "so far"},
    ),
    Call(
        "POST", "/v1/pledges/<slug:pledge>/conflicts", "/v1/pledges/people-trained/conflicts",
        "conflict.resolve", "people-trained", {"as_of": "2025-11-04", "chosen": 1, "reason": "audited"},
        None, {"number": 1, "as_of": "2025-11-04", "chosen": 1, "among": [1, 2], "decided_by": "test"},
    ),
    Call(
        "POST", "/v1/pledges/<slug:pledge>/progress/<number:number>/decisions",
        "/v1/pledges/people-trained/progress/2/decisions", "progress.review", "people-trained",
        {"review": "returned", "reason": "of which year?"},
        None, {"number": 1, "update": 2, "before": "accepted", "review": "returned", "decided_by": "test"},
    ),
    Call(
        "POST", "/v1/pledges/<slug:pledge>/reschedules", "/v1/pledges/people-trained/reschedules",
        "pledge.reschedule", "people-trained", {"due": "2029", "announced_on": "2026-01-01"},
    ),
    Call(
        "POST", "/v1/pledges/<slug:pledge>/withdrawal", "/v1/pledges/people-trained/withdrawal",
        "pledge.withdraw", "people-trained", {"on": "2026-02-01", "reason": "bankrupt"},
    ),
    Call(
        "DELETE", "/v1/pledges/<slug:pledge>/withdrawal", "/v1/pledges/people-trained/withdrawal",
        "pledge.rescind_withdrawal", "people-trained",
    ),
    Call(
        "POST", "/v1/alerts/<number:number>/requeue", "/v1/alerts/1/requeue", "alert.requeue", "1",
        None, {"state": "dead", "reason": "550 nobody"}, {"state": "pending", "reason": None},
    ),
    Call(
        "POST", "/v1/pledges/<slug:pledge>/verdicts", "/v1/pledges/people-trained/verdicts",
        "verdict.record", "people-trained", examples.VERDICT,
        None, {"number": 1, "rubric": "political", "rating": "in_the_works", "ruled_by": "Editorial board"},
    ),
    Call(
        "POST", "/v1/rubrics", "/v1/rubrics", "rubric.create", "house-scale/1", examples.RUBRIC,
        None, {"name": "house-scale", "version": 1, "title": {"en": "House scale", "fr": "Barème maison"}},
    ),
    Call(
        "POST", "/v1/rates", "/v1/rates", "rate.create", "eur-usd-2024-05-28", examples.RATE,
        None, {"id": "eur-usd-2024-05-28", "base": "EUR", "quote": "USD", "rate": 1.087},
    ),
    Call(
        "PATCH", "/v1/rates/<slug:rate>", "/v1/rates/eur-usd-2024-05-28", "rate.change", "eur-usd-2024-05-28",
        examples.RATE_CHANGE, {"rate": 1.087, "version": 1},
        {"rate": 1.0857, "version": 2, "reason": "Mistyped."},
    ),
    Call(
        "DELETE", "/v1/pledges/<slug:pledge>", "/v1/pledges/spare", "pledge.delete", "spare",
        None, {"id": "spare", "title": "A million people trained"}, None,
    ),
    Call(
        "DELETE", "/v1/pledgers/<slug:pledger>", "/v1/pledgers/spare", "pledger.delete", "spare",
        None, {"id": "spare", "name": "Spare"}, None,
    ),
    Call(
        "DELETE", "/v1/initiatives/<slug:initiative>", "/v1/initiatives/choose", "initiative.delete",
        "choose", None, {"id": "choose", "description": "All of it"}, None,
    ),
]  # fmt: skip


@pytest.fixture
def admin(app: Flask, runtime: Runtime) -> FlaskClient:
    return client_of(app, key_of(runtime, Scope.ADMIN))


Log = Callable[..., list[dict[str, Any]]]


@pytest.fixture
def log(admin: FlaskClient) -> Log:
    """The log, or what the query wants of it, first entry first."""

    def log(**query: Any) -> list[dict[str, Any]]:
        answer = admin.get("/v1/audit", query_string={"limit": 200, **query})
        assert answer.status_code == 200, answer.text
        return list(answer.get_json()["items"])

    return log


def mutating(app: Flask) -> Iterator[tuple[str, str]]:
    for rule in app.url_map.iter_rules():
        for method in (rule.methods or set()) - READING:
            yield method, rule.rule


def dead_alert(tx: Transaction, *, now: datetime) -> int:
    """An alert on people-trained that was given up."""
    ann = Recipient("ann@example.org")
    owed = Owed("people-trained", None, FlagKind.STALE, now.date(), 0, ann, now)
    key = tx.alerts.plan(owed, now=now)
    tx.deliveries.claim(now=now, until=now, token="test", limit=100)
    tx.deliveries.end(key, AlertState.DEAD, "550 nobody", token="test", now=now)
    return key


def send(client: FlaskClient, call: Call, **headers: str) -> Any:
    # Whoever edits says what they saw, where that is asked for.
    seen = client.get(call.address).headers.get("ETag", "*")
    return client.open(
        call.address, method=call.method, json=call.body, headers={"If-Match": seen, **headers}
    )


def test_every_call_that_changes_something_leaves_one_entry_that_tells_what(
    app: Flask, runtime: Runtime, log: Log, clock: Clock
) -> None:
    assert set(mutating(app)) == {(call.method, call.rule) for call in CALLS}
    key = key_of(runtime, Scope.REVIEW)
    client = client_of(app, key)
    for i, call in enumerate(CALLS):
        if call.action == "pledge.delete":
            client.post("/v1/pledgers", json={"id": "spare", "name": "Spare"})
            client.post("/v1/pledges", json=PLEDGE | {"id": "spare"})
        if call.action == "conflict.resolve":
            client.post("/v1/pledges/people-trained/progress", json={"value": 1, "as_of": "2025-11-04"})
        if call.action == "alert.requeue":
            runtime.database.write(lambda tx: dead_alert(tx, now=clock.now))
        clock.now += timedelta(minutes=1)
        known = len(log())
        answer = send(client, call, **{"X-Request-Id": f"call-{i}"})
        assert answer.status_code < 300, (call, answer.text)
        [entry] = log()[known:]
        assert (entry["action"], entry["subject"]) == (call.action, call.subject)
        assert entry["actor"] == {"kind": "key", "key": key.split("_")[1], "name": "test"}
        assert entry["request"] == f"call-{i}"
        assert entry["at"].startswith(f"{clock.now:%Y-%m-%dT%H:%M:%S}")
        assert entry["before"] != entry["after"]
        for found, told in ((entry["before"], call.before), (entry["after"], call.after)):
            assert (found is None) == (told is None), call
            assert told is None or told.items() <= found.items(), (call, found)


def test_what_becomes_of_a_deadline_is_told_with_the_pledge(promise: Promise, post: Post, log: Log) -> None:
    promise()
    post("/v1/pledges/people-trained/reschedules", {"due": "2029", "reason": "late"})
    post("/v1/pledges/people-trained/withdrawal", {"reason": "bankrupt"})
    _, moved, withdrawn = log(kind="pledge")
    assert "reschedules" not in moved["before"]
    [move] = moved["after"]["reschedules"]
    assert (move["due"], move["reason"], moved["after"]["due"]) == ("2029", "late", "2027")
    assert "withdrawal" not in withdrawn["before"]
    assert withdrawn["after"]["withdrawal"]["reason"] == "bankrupt"


def test_a_correction_is_told_with_what_it_corrects(promise: Promise, post: Post, log: Log) -> None:
    promise()
    address = "/v1/pledges/people-trained/progress"
    post(address, {"value": 10, "as_of": "2026-01-01"})
    post(address, {"value": 11, "as_of": "2026-01-01", "supersedes": 1})
    entry = log(kind="progress")[-1]
    assert (entry["before"]["value"], entry["after"]["value"]) == (10, 11)


def test_what_changes_nothing_leaves_nothing(
    app: Flask, runtime: Runtime, promise: Promise, log: Log, refused: Refused
) -> None:
    promise()
    client = client_of(app, key_of(runtime, Scope.WRITE))
    known = log()
    idle = {"If-Match": client.get("/v1/pledges/people-trained").headers.get("ETag", "*")}
    answer = client.patch("/v1/pledges/people-trained", json={"target": 1000000}, headers=idle)
    assert answer.status_code == 200
    refused(client.post("/v1/pledges", json=PLEDGE), 409)
    refused(client.post("/v1/pledges", json=PLEDGE | {"id": "x", "pledger": "nobody"}), 422)
    refused(client.post("/v1/pledges/people-trained/progress", json={"as_of": "2026-01-01"}), 422)
    refused(client.delete("/v1/pledgers/acme", headers={"If-Match": "*"}), 409)
    refused(app.test_client().post("/v1/pledgers", json={"name": "x"}), 401)
    assert log() == known


def test_neither_contacts_nor_secrets_are_in_it(
    app: Flask, runtime: Runtime, promise: Promise, admin: FlaskClient
) -> None:
    promise(contacts=[{"email": "ada@example.org", "name": "Ada Lovelace"}])
    secret = key_of(runtime, Scope.WRITE).split("_")[2]
    client = client_of(app, key_of(runtime, Scope.WRITE))
    seen = {"If-Match": client.get("/v1/pledges/people-trained").headers.get("ETag", "*")}
    client.patch(
        "/v1/pledges/people-trained", json={"contacts": [{"email": "bob@example.org"}]}, headers=seen
    )
    answer = admin.get("/v1/audit?limit=200")
    changed = answer.get_json()["items"][-1]
    before, after = changed["before"]["contacts"], changed["after"]["contacts"]
    assert (before["count"], after["count"]) == (1, 1)
    assert before["sha256"] != after["sha256"]
    with runtime.database.read() as tx:
        digests = [key.digest for key in tx.keys.all()]
    for hidden in ("ada@", "Lovelace", "bob@", secret, *digests):
        assert hidden not in answer.text


def test_keys_are_in_it_from_making_to_revoking(runtime: Runtime, log: Log) -> None:
    [made] = log(kind="key")
    assert made["action"] == "key.create"
    assert made["actor"] == {"kind": "system", "key": None, "name": "pledgetracker"}
    assert (made["request"], made["after"]["scope"]) == (None, "admin")
    assert "digest" not in made["after"]


def test_only_admins_read_it(app: Flask, runtime: Runtime, refused: Refused) -> None:
    for scope in (None, Scope.READ, Scope.PROGRESS, Scope.WRITE, Scope.REVIEW):
        client = client_of(app, None if scope is None else key_of(runtime, scope))
        refused(client.get("/v1/audit"), 401 if scope is None else 403)


def test_it_is_filtered_by_thing_actor_and_time(
    app: Flask, runtime: Runtime, promise: Promise, post: Post, log: Log, clock: Clock
) -> None:
    promise()
    clock.now += timedelta(hours=1)
    other = key_of(runtime, Scope.PROGRESS)
    update = {"value": 1, "as_of": "2026-01-01"}
    client_of(app, other).post("/v1/pledges/people-trained/progress", json=update)
    edge = f"{clock.now:%Y-%m-%dT%H:%M:%SZ}"

    def actions(**query: Any) -> list[str]:
        return [entry["action"] for entry in log(**query)]

    assert actions(subject="people-trained") == ["pledge.create", "progress.record"]
    assert actions(subject="people-trained", kind="pledge") == ["pledge.create"]
    assert actions(kind="pledger") == ["pledger.create"]
    assert actions(actor=other.split("_")[1]) == ["progress.record"]
    assert set(actions(actor="system")) == {"key.create"}
    assert actions(actor="cli") == []
    assert actions(since=edge) == ["key.create", "progress.record"]
    assert actions(until=edge) + actions(since=edge) == actions()


def test_its_pages_follow_one_another_in_either_order(admin: FlaskClient, log: Log, post: Post) -> None:
    for i in range(7):
        post("/v1/pledgers", {"id": f"p{i}", "name": "P"})
    for sort in ("id", "-id"):
        found: list[int] = []
        cursor: dict[str, str] = {}
        while True:
            page = admin.get("/v1/audit", query_string={"limit": 3, "sort": sort, **cursor}).get_json()
            found += [entry["id"] for entry in page["items"]]
            if page["next_cursor"] is None:
                break
            cursor = {"cursor": page["next_cursor"]}
        assert found == sorted((entry["id"] for entry in log()), reverse=sort == "-id")


@pytest.mark.parametrize(
    "since",
    [
        "x",
        "2026",
        "2026-01-01",
        "2026-01-01T00:00:00",
        "2026-02-30T00:00:00Z",
        "0001-01-01T00:00:00Z",
        "9999-12-31T23:59:59Z",
        "2026-01-01T00:00:00+01",
        "1969-12-31T23:59:59Z",
        "2026-01-01T00:00:00+25:00",
    ],
)
def test_an_instant_that_is_none_is_refused(
    admin: FlaskClient, refused: Refused, pointers: Any, since: str
) -> None:
    problem = refused(admin.get("/v1/audit", query_string={"since": since}), 422)
    assert pointers(problem) == {"?since"}


def test_a_name_of_a_request_that_is_none_is_replaced(editor: FlaskClient, log: Log) -> None:
    for i, name in enumerate(("", "x" * 65, "two words", "<script>")):
        editor.post("/v1/pledgers", json={"id": f"p{i}", "name": "P"}, headers={"X-Request-Id": name})
    requests = {entry["request"] for entry in log(kind="pledger")}
    assert len(requests) == 4
    assert all(len(request) == 32 for request in requests)
