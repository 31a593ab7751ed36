"""What one could say then: answers about a past instant stay as they were."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from pledgetracker.domain.access import Scope
from pledgetracker.runtime import Runtime
from pledgetracker.services import policing
from tests.api.conftest import PLEDGE, Post, Promise, Refused
from tests.conftest import Clock, client_of, key_of
from tests.world import send

ADDRESS = f"/v1/pledges/{PLEDGE['id']}"
UPDATES = f"{ADDRESS}/progress"

Json = dict[str, Any]
Ask = Callable[..., Any]


@pytest.fixture
def ask(anybody: FlaskClient) -> Ask:
    def ask(address: str = ADDRESS, **query: Any) -> Any:
        answer = anybody.get(address, query_string=query)
        assert answer.status_code == 200, answer.text
        return answer.get_json()

    return ask


@pytest.fixture
def later(clock: Clock) -> Callable[[], str]:
    """The instant it is; then an hour passes."""

    def later() -> str:
        instant = f"{clock.now:%Y-%m-%dT%H:%M:%S.%fZ}"
        clock.now += timedelta(hours=1)
        return instant

    return later


# Whatever can be recorded of a pledge, in an order in which each is possible.
def deeds(post: Post, editor: FlaskClient, submitter: FlaskClient) -> list[Callable[[], object]]:
    def edit(**said: Any) -> Callable[[], object]:
        return lambda: editor.patch(ADDRESS, json=said, headers={"If-Match": "*"})

    return [
        lambda: post(UPDATES, {"value": 100000, "as_of": "2025-01-01"}),
        lambda: submitter.post(UPDATES, json={"value": 250000, "as_of": "2025-11-04"}),
        lambda: post(f"{UPDATES}/2/decisions", {"review": "accepted"}),
        edit(title="Another title", target=900000, milestones=[{"id": "half", "due": "2026", "target": 1}]),
        lambda: post(UPDATES, {"value": 260000, "as_of": "2025-11-04"}),
        lambda: post(f"{ADDRESS}/conflicts", {"as_of": "2025-11-04", "chosen": 3}),
        lambda: post(f"{ADDRESS}/reschedules", {"due": "2029", "announced_on": "2025-06-01"}),
        lambda: post(UPDATES, {"value": 1, "as_of": "2025-01-01", "supersedes": 1, "reason": "restated"}),
        lambda: post(UPDATES, {"supersedes": 4, "reason": "retracted"}),
        edit(contacts=[{"email": "ada@example.org"}]),
        lambda: post(f"{ADDRESS}/withdrawal", {"on": "2026-01-01"}),
        lambda: editor.delete(f"{ADDRESS}/withdrawal", headers={"If-Match": "*"}),
        lambda: post(f"{UPDATES}/2/decisions", {"review": "disputed", "reason": "An audit differs."}),
    ]


def test_what_was_known_at_an_instant_never_changes(
    app: Flask,
    runtime: Runtime,
    promise: Promise,
    post: Post,
    editor: FlaskClient,
    ask: Ask,
    later: Callable[[], str],
) -> None:
    submitter = client_of(app, key_of(runtime, Scope.PROGRESS))
    promise()
    addresses = (ADDRESS, "/v1/pledges", UPDATES, f"{ADDRESS}/conflicts", f"{ADDRESS}/history")
    told: list[tuple[str, Json, dict[str, Any]]] = []
    for deed in [lambda: None, *deeds(post, editor, submitter)]:
        deed()
        instant = later()
        # What everybody sees now is what will have been known then.
        now, then = ask(as_of="2026-11-23"), ask(as_of="2026-11-23", known_at=instant)
        assert now == then
        told.append((instant, then, {address: ask(address, known_at=instant) for address in addresses}))
    assert len({str(shown) for _, shown, _ in told}) == len(told)
    for instant, then, answers in told:
        assert ask(as_of="2026-11-23", known_at=instant) == then
        for address, answer in answers.items():
            assert ask(address, known_at=instant) == answer, (address, instant)


# Reads that take no `known_at`, and why.
TIMELESS = {
    "/v1/pledges/{pledge}/contacts": "Whom to write to now; who it was before is not kept.",
    "/v1/reviews": "A queue: what waits for a reviewer now.",
    "/v1/rubrics": "A version is never changed, and says when it was recorded.",
    "/v1/rubrics/{rubric}/{version}": "A version is never changed.",
    "/v1/alerts": "How far delivery has come by now; each row says when, and the history tells of then.",
    "/v1/alerts/{number}": "How far its delivery has come by now.",
    "/v1/alerts/{number}/attempts": "Each row says when it began and ended, and stays as it is.",
    "/v1/audit": "A log that is only added to; `until` leaves out what came later.",
    "/v1/export": "The record itself, to be taken elsewhere.",
    "/v1/pledges.csv": "The record itself, to be worked on.",
    "/v1/progress.csv": "The record itself, to be worked on.",
    "/v1/pledges/{pledge}/progress.csv": "The record itself, to be worked on.",
}
# Those that take no `as_of`: they tell of all days, or their range is a day's.
OF_ALL_DAYS = {
    "/v1/pledges/{pledge}/progress/{number}",
    "/v1/pledges/{pledge}/verdicts/{number}",
    "/v1/pledges/{pledge}/history",
    "/v1/pledgers",
    "/v1/pledgers/{pledger}",
    "/v1/initiatives",
    "/v1/initiatives/{initiative}",
    "/v1/rates",
    "/v1/rates/{rate}",
    "/v1/flags",
    "/v1/simulation",
}


def test_every_read_can_be_asked_what_was_known_or_says_here_why_not(anybody: FlaskClient) -> None:
    taken = {
        path: {said["name"] for said in item["get"].get("parameters", ()) if said["in"] == "query"}
        for path, item in anybody.get("/openapi.json").get_json()["paths"].items()
        if "get" in item
    }
    assert {path for path, names in taken.items() if "known_at" not in names} == TIMELESS.keys()
    assert {path for path, names in taken.items() if "as_of" not in names} == OF_ALL_DAYS | TIMELESS.keys()


def test_flags_names_and_simulations_are_those_of_the_instant(
    runtime: Runtime, promise: Promise, post: Post, editor: FlaskClient, ask: Ask, later: Callable[[], str]
) -> None:
    post("/v1/initiatives", {"id": "parent", "title": "Parent"})
    post("/v1/initiatives", {"id": "child", "title": "Child", "parent": "parent"})
    post("/v1/pledgers", {"id": "gone", "name": "Gone", "kind": "company"})
    promise(initiative="child", contacts=[{"email": "ann@example.org"}])
    send(runtime)
    simulation = {"from": "2026-11-01", "to": "2027-11-30"}
    questions: tuple[tuple[str, dict[str, str]], ...] = (
        ("/v1/pledgers", {}),
        ("/v1/pledgers", {"kind": "company", "sort": "-name"}),
        ("/v1/pledgers/acme", {}),
        ("/v1/pledgers/gone", {}),
        ("/v1/initiatives", {"parent": "parent"}),
        ("/v1/initiatives/child", {}),
        ("/v1/initiatives/child/rollup", {"as_of": "2026-11-23"}),
        ("/v1/flags", {"open": "true"}),
        ("/v1/flags", {"open": "false"}),
        ("/v1/simulation", simulation | {"initiative": "parent"}),
    )
    now = [ask(address, **query) for address, query in questions]
    instant = later()
    post(UPDATES, {"value": 900000, "as_of": "2026-11-23"})
    change = {"If-Match": "*"}
    editor.patch("/v1/pledgers/acme", json={"name": "Later"}, headers=change)
    editor.delete("/v1/pledgers/gone", headers=change)
    editor.patch(ADDRESS, json={"initiative": None}, headers=change)
    editor.patch("/v1/initiatives/child", json={"parent": None, "title": "Later"}, headers=change)
    editor.delete("/v1/initiatives/child", headers=change)
    assert ask("/v1/flags", open="true")["items"] == []
    then = [ask(address, **query, known_at=instant) for address, query in questions]
    assert then == now


def test_names_come_in_pages_of_then(
    post: Post,
    editor: FlaskClient,
    ask: Ask,
    refused: Refused,
    anybody: FlaskClient,
    later: Callable[[], str],
) -> None:
    early = later()
    for key in ("a", "b", "c"):
        post("/v1/pledgers", {"id": key, "name": key.upper()})
        post("/v1/initiatives", {"id": key, "title": key.upper()})
    instant = later()
    for address in ("/v1/pledgers", "/v1/initiatives"):
        editor.delete(f"{address}/b", headers={"If-Match": "*"})
        first = ask(address, limit=2, known_at=instant)
        rest = ask(address, limit=2, known_at=instant, cursor=first["next_cursor"])
        assert [item["id"] for item in (*first["items"], *rest["items"])] == ["a", "b", "c"]
        assert rest["next_cursor"] is None
        assert ask(address, known_at=early)["items"] == []
        refused(anybody.get(f"{address}/a", query_string={"known_at": early}), 404)


def test_without_a_day_it_is_that_of_the_instant(
    promise: Promise, post: Post, ask: Ask, clock: Clock
) -> None:
    promise()
    post(UPDATES, {"value": 1, "as_of": "2026-11-22"})
    instant = f"{clock.now:%Y-%m-%dT%H:%M:%SZ}"
    clock.now += timedelta(days=400)
    assert ask(known_at=clock.now.isoformat())["reporting"] == "stale"
    post(UPDATES, {"value": 2, "as_of": "2026-11-22"})
    clock.now += timedelta(seconds=1)
    before = ask(known_at=clock.now.isoformat().replace("+00:00", "Z"))
    assert before["figure"]["value"] == 1
    assert ask(known_at=instant)["figure"] is None
    assert ask(known_at=f"{instant[:-1]}.000001Z")["reporting"] == "current"


def test_before_it_was_recorded_there_was_nothing(
    promise: Promise, anybody: FlaskClient, refused: Refused, ask: Ask
) -> None:
    promise()
    early = {"known_at": "2026-11-23T11:59:59Z"}
    for address in (ADDRESS, UPDATES, f"{ADDRESS}/conflicts", f"{ADDRESS}/history"):
        refused(anybody.get(address, query_string=early), 404)
    assert ask("/v1/pledges", **early)["items"] == []


@pytest.mark.parametrize(
    "known_at", ["", "now", "2026-11-23", "2026-11-23T12:00:00", "2026-11-23T12:00:00.000002Z"]
)
@pytest.mark.parametrize("address", [ADDRESS, UPDATES, f"{UPDATES}/1", "/v1/pledges", f"{ADDRESS}/history"])
def test_an_instant_that_is_none_or_lies_ahead_is_refused(
    promise: Promise,
    post: Post,
    anybody: FlaskClient,
    refused: Refused,
    pointers: Any,
    address: str,
    known_at: str,
) -> None:
    promise()
    post(UPDATES, {"value": 1, "as_of": "2025-11-04"})
    problem = refused(anybody.get(address, query_string={"known_at": known_at}), 422)
    assert pointers(problem) == {"?known_at"}


def test_an_offset_is_understood_also_where_its_plus_became_a_space(
    promise: Promise, anybody: FlaskClient
) -> None:
    promise()
    for spelled in ("2026-11-23T13:00:00%2B01:00", "2026-11-23T13:00:00+01:00", "2026-11-23T12:00:00Z"):
        assert anybody.get(f"{ADDRESS}?known_at={spelled}").status_code == 200


def test_a_list_is_filtered_and_sorted_by_what_was_known(
    promise: Promise, post: Post, editor: FlaskClient, ask: Ask, later: Callable[[], str]
) -> None:
    post("/v1/initiatives", {"id": "parent", "title": "Parent"})
    post("/v1/initiatives", {"id": "child", "title": "Child", "parent": "parent"})
    post("/v1/pledgers", {"id": "other", "name": "Other"})
    for key, title, due in (("a", "Apple", "2030"), ("b", "Birch", "2028"), ("c", "Cedar", None)):
        pledge = PLEDGE | {"pledger": "other", "id": key, "title": title, "initiative": "child"}
        post("/v1/pledges", pledge | {"due": due})
    then = later()
    change = {"If-Match": "*"}
    editor.patch("/v1/pledges/a", json={"title": "Zebra", "due": "2040", "initiative": None}, headers=change)
    editor.patch("/v1/initiatives/child", json={"parent": None}, headers=change)
    post("/v1/pledges", PLEDGE | {"pledger": "other", "id": "d", "initiative": "child"})

    def ids(**query: Any) -> list[str]:
        return [item["id"] for item in ask("/v1/pledges", **query)["items"]]

    assert ids(initiative="parent", known_at=then) == ["a", "b", "c"]
    assert ids(initiative="parent") == []
    assert ids(sort="due", known_at=then) == ["b", "a", "c"]
    assert ids(sort="-title", known_at=then) == ["c", "b", "a"]
    assert ids(q="zebra", known_at=then) == []
    assert ids(q="APPLE people", known_at=then) == ["a"]
    assert ids(due_from="2029-01-01", known_at=then) == ["a"]
    assert ids(due_to="2029-01-01", known_at=then) == ["b"]
    assert ids(status="never_reported", known_at=then) == ["a", "b", "c"]
    assert ids(status="met", known_at=then) == []
    assert ids(pledger="acme", known_at=then) == []
    first = ask("/v1/pledges", limit=2, known_at=then)
    rest = ask("/v1/pledges", limit=2, known_at=then, cursor=first["next_cursor"])
    assert [item["id"] for item in (*first["items"], *rest["items"])] == ["a", "b", "c"]
    assert rest["next_cursor"] is None
    # The deadline in force on a past day, and not today's, is what a list as of that day goes by.
    assert ids(due_to="2031-01-01", as_of="2026-11-22", pledger="other") == ["a", "b", "d"]


def test_thresholds_are_those_of_the_instant(
    runtime: Runtime, promise: Promise, post: Post, ask: Ask, clock: Clock, later: Callable[[], str]
) -> None:
    promise()
    post(UPDATES, {"value": 300000, "as_of": "2025-11-04"})
    later()
    policy = runtime.rules.policy
    lenient = replace(policy, on_track_pace=Decimal("0.5"), at_risk_pace=Decimal("0.4"))
    policing.note(runtime.database, lenient, now=clock.now)
    lax = later()
    policing.note(runtime.database, policy, now=clock.now)
    policing.note(runtime.database, policy, now=clock.now)
    strict = later()
    assert ask(as_of="2025-11-05", known_at=lax)["schedule"] == "on_track"
    assert ask(as_of="2025-11-05", known_at=strict)["schedule"] == "at_risk"
    assert ask("/v1/pledges", as_of="2025-11-05", known_at=lax)["items"][0]["schedule"] == "on_track"


def test_a_history_tells_everything_in_order(
    app: Flask,
    runtime: Runtime,
    promise: Promise,
    post: Post,
    editor: FlaskClient,
    ask: Ask,
    later: Callable[[], str],
) -> None:
    submitter = client_of(app, key_of(runtime, Scope.PROGRESS))
    promise()
    for deed in deeds(post, editor, submitter):
        later()
        deed()
    entries = ask(f"{ADDRESS}/history", limit=200)["items"]
    assert [e["at"] for e in entries] == sorted(e["at"] for e in entries)
    told = [e["what"] for e in entries if e["what"] not in {"flagged", "cleared", "alerted"}]
    assert told == [
        "promised", "reported", "reported", "reviewed", "edited", "reported", "resolved", "rescheduled",
        "corrected", "retracted", "edited", "withdrawn", "rescinded", "reviewed",
    ]  # fmt: skip
    sentences = [e["summary"] for e in entries]
    assert sentences[0] == "Announced on 13 May 2024: at least 1,000,000 people, due by 31 December 2027."
    assert "250,000 people reported as of 4 November 2025; submitted for review." in sentences
    assert "Update 2 is accepted, after submitted." in sentences
    assert "The pledge was edited: title, target, milestones." in sentences
    assert "Its contacts were changed." in sentences
    assert "Of the updates about 4 November 2025, 3 counts and not 2." in sentences
    assert any(
        s.startswith("The deadline moves from 31 December 2027 to 31 December 2029") for s in sentences
    )
    assert (
        "Update 1 is corrected, restated by its source: 1 person reported as of 1 January 2025." in sentences
    )
    assert "Update 4 is taken back." in sentences
    assert any(e["what"] == "flagged" for e in entries)
    seen, cursor = [], None
    while True:
        page = ask(f"{ADDRESS}/history", limit=3, sort="-at", **({"cursor": cursor} if cursor else {}))
        seen += page["items"]
        if (cursor := page["next_cursor"]) is None:
            break
    assert seen == entries[::-1]
