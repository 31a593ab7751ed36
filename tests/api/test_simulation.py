"""GET /v1/simulation: what days to come would bring, and what days past would have."""

from collections.abc import Callable
from typing import Any

from flask import Flask
from flask.testing import FlaskClient

from pledgetracker.domain.access import Scope
from pledgetracker.runtime import Runtime
from tests.api.conftest import Post, Promise, Refused
from tests.conftest import client_of, key_of

QUIET = {"target": 100, "announced_on": "2026-01-01", "due": "2026-12-31"}
ANN = {"email": "ann@example.org"}


def days_of(client: FlaskClient, query: str) -> list[dict[str, Any]]:
    """The days of the only pledge."""
    answer = client.get(f"/v1/simulation?{query}")
    assert answer.status_code == 200, answer.text
    [item] = answer.get_json()["items"]
    return list(item["days"])


def test_each_day_says_what_comes_what_goes_and_what_is_owed_to_whom(
    editor: FlaskClient, promise: Promise
) -> None:
    promise(**QUIET, contacts=[ANN])
    # Recording it today, 2026-11-23, was its first look.
    first, *_, last = days_of(editor, "from=2026-11-23&to=2027-01-01")
    assert (first["day"], first["opened"], first["cleared"]) == ("2026-12-01", [], [])
    assert first["messages"] == [
        {
            "recipient": "ann@example.org",
            "channel": "email",
            "alert": {
                "kind": "no_progress",
                "milestone": "target",
                "episode": "2026-12-31",
                "step": 30,
            },
            "speaks_for": [],
        }
    ]
    assert last == {
        "day": "2027-01-01",
        "opened": [
            {"kind": "overdue", "milestone": "target", "episode": "2026-12-31", "opened_on": "2027-01-01"}
        ],
        "cleared": [
            {"kind": "no_progress", "milestone": "target", "episode": "2026-12-31", "opened_on": "2026-11-23"}
        ],
        "messages": [
            {
                "recipient": "ann@example.org",
                "channel": "email",
                "alert": {"kind": "overdue", "milestone": "target", "episode": "2026-12-31", "step": 1},
                "speaks_for": [],
            }
        ],
    }


def test_asking_changes_nothing(editor: FlaskClient, promise: Promise) -> None:
    promise(**QUIET, contacts=[ANN])
    lists = "/v1/flags", "/v1/alerts", "/v1/pledges/people-trained"
    before = [editor.get(address).data for address in lists]
    days_of(editor, "from=2026-11-23&to=2027-06-30")
    assert [editor.get(address).data for address in lists] == before


def test_who_gets_an_alert_is_shown_only_to_keys_with_scope_write(
    app: Flask, runtime: Runtime, anybody: FlaskClient, promise: Promise
) -> None:
    promise(**QUIET, contacts=[ANN])
    query = "from=2026-12-01&to=2026-12-01"
    writer, reporter = (client_of(app, key_of(runtime, s)) for s in (Scope.WRITE, Scope.PROGRESS))

    def recipients(client: FlaskClient) -> set[str | None]:
        return {m["recipient"] for on in days_of(client, query) for m in on["messages"]}

    assert recipients(writer) == {"ann@example.org"}
    assert recipients(reporter) == recipients(anybody) == {None}
    assert b"ann@" not in anybody.get(f"/v1/simulation?{query}").data


def test_days_past_are_replayed_by_the_record_as_it_is_now(
    editor: FlaskClient, promise: Promise, post: Post
) -> None:
    promise(**QUIET)
    post("/v1/pledges/people-trained/progress", {"value": 30, "as_of": "2026-05-20"})
    days = days_of(editor, "from=2026-05-01&to=2026-05-31")
    told = [(on["day"], [f["kind"] for f in on["opened"]], [f["kind"] for f in on["cleared"]]) for on in days]
    assert told == [
        ("2026-05-02", ["never_reported"], []),
        ("2026-05-20", ["behind"], ["never_reported"]),
    ]


def test_without_a_range_it_is_the_ninety_days_from_today(anybody: FlaskClient, promise: Promise) -> None:
    promise(**QUIET)
    assert days_of(anybody, "") == days_of(anybody, "from=2026-11-23&to=2027-02-20")
    assert days_of(anybody, "from=2026-12-01") == days_of(anybody, "from=2026-12-01&to=2027-02-28")


def test_pages_count_pledges_and_filters_choose_them(
    editor: FlaskClient, promise: Promise, post: Post
) -> None:
    post("/v1/initiatives", {"id": "choose", "title": "Choose"})
    promise(id="a", initiative="choose")
    for key in ("b", "c"):
        document = {"id": key, "title": key, "pledger": "acme", "announced_on": "2026-01-01"}
        post("/v1/pledges", document)

    def listed(query: str) -> tuple[list[str], str | None]:
        answer = editor.get(f"/v1/simulation?{query}").get_json()
        return [item["pledge"] for item in answer["items"]], answer["next_cursor"]

    keys, cursor = listed("limit=2")
    assert keys == ["a", "b"]
    assert listed(f"limit=2&cursor={cursor}") == (["c"], None)
    assert listed("initiative=choose") == (["a"], None)
    assert listed("pledge=b&pledger=acme") == (["b"], None)
    assert listed("pledge=nobody-s") == ([], None)


def test_what_is_no_range_is_refused(
    anybody: FlaskClient, refused: Refused, pointers: Callable[[dict[str, Any]], set[str]]
) -> None:
    for query, where in (
        ("from=2026-12-01&to=2026-11-30", "?to"),
        ("from=2026-01-01&to=2027-02-05", "?to"),
        ("to=2026-01-01", "?to"),
        ("from=2026", "?from"),
        ("from=2300-01-01", "?from"),
        ("form=2026-01-01", "?form"),
    ):
        problem = refused(anybody.get(f"/v1/simulation?{query}"), 422)
        assert pointers(problem) == {where}
    problem = refused(anybody.get("/v1/simulation?from=2026-01-01&to=2027-02-05"), 422)
    assert "401 days; at most 400" in str(problem["errors"])


def test_the_ends_of_time_are_days_like_others(anybody: FlaskClient, promise: Promise) -> None:
    promise(**QUIET)
    assert days_of(anybody, "from=1970-01-01&to=1970-12-31") == []
    assert days_of(anybody, "from=2200-12-31") == []
