"""Progress updates over HTTP: reported, corrected, listed."""

from collections.abc import Callable
from typing import Any

import pytest
from flask.testing import FlaskClient

from tests.api.conftest import Post, Promise, Refused

ADDRESS = "/v1/pledges/people-trained"
UPDATES = f"{ADDRESS}/progress"
Pointers = Callable[[dict[str, Any]], set[str]]


def test_behind_a_prefix_the_location_of_an_update_has_it_too(
    editor: FlaskClient, anybody: FlaskClient, pledge: dict[str, Any]
) -> None:
    prefix = {"SCRIPT_NAME": "/tracker"}
    answer = editor.post(UPDATES, json={"as_of": "2025-11-04", "value": 1}, environ_overrides=prefix)
    assert answer.location == f"/tracker{UPDATES}/1"
    assert anybody.get(f"{UPDATES}/1").data == answer.data


def test_an_update_is_where_its_location_says_and_keeps_all_it_was_told(
    editor: FlaskClient, anybody: FlaskClient, pledge: dict[str, Any]
) -> None:
    source = {
        "url": "https://example.org/report",
        "title": "Report",
        "publisher": "ACME",
        "published_on": "2025-11-05",
        "archived_url": "https://archive.example/report",
        "quote": "250,000 people\nand more",
    }
    said = {
        "as_of": "2025-11-04",
        "reported_at": "2025-11-05",
        "value": 250000,
        "claim": "audited",
        "note": "Two\nlines.",
        "reported_by": "ACME press office",
        "evidence": [source, {"title": "Another"}],
    }
    answer = editor.post(UPDATES, json=said)
    assert (answer.status_code, answer.location) == (201, f"{UPDATES}/1")
    shown = answer.get_json()
    assert {name: shown[name] for name in said if name != "evidence"} == {
        name: value for name, value in said.items() if name != "evidence"
    }
    assert shown["evidence"][0] == source
    assert (shown["id"], shown["recorded_at"], shown["counts"]) == (1, "2026-11-23T12:00:00.000001Z", True)
    assert (shown["no_change"], shown["superseded_by"]) == (False, None)
    assert anybody.get(answer.location).data == answer.data


def test_what_get_shows_of_an_update_can_be_sent_again(editor: FlaskClient, promise: Promise) -> None:
    promise(milestones=[{"id": "opening", "due": "2026"}])
    for said in (
        {"value": 1.5},
        {"increment": -2},
        {"no_change": True},
        {"done": True, "milestone": "opening"},
    ):
        first = editor.post(UPDATES, json={"as_of": "2025-11-04", **said}).get_json()
        again = editor.post(UPDATES, json=first)
        assert again.status_code == 201, again.text
        stored = {"id": first["id"] + 1, "recorded_at": again.get_json()["recorded_at"]}
        assert again.get_json() == first | stored


@pytest.mark.parametrize(
    ("said", "place"),
    [
        ({}, ""),
        ({"value": None}, ""),
        ({"no_change": False}, ""),
        ({"value": 1, "increment": 1}, "/increment"),
        ({"value": 1, "no_change": True}, "/no_change"),
        ({"value": 1, "as_of": "2026-11-24"}, "/as_of"),
        ({"value": 1, "reported_at": "2026-11-24"}, "/reported_at"),
        ({"done": True}, "/done"),
        ({"done": True, "milestone": "nothing"}, "/milestone"),
        ({"done": True, "milestone": "half"}, "/milestone"),
        ({"done": True, "milestone": "target"}, "/milestone"),
        ({"value": 1, "milestone": "opening"}, "/milestone"),
        ({"value": 1, "supersedes": 7}, "/supersedes"),
    ],
)
def test_an_update_that_cannot_be_is_refused_by_its_place(
    editor: FlaskClient,
    promise: Promise,
    refused: Refused,
    pointers: Pointers,
    said: dict[str, Any],
    place: str,
) -> None:
    promise(milestones=[{"id": "opening", "due": "2026"}, {"id": "half", "due": "2026-06", "target": 5}])
    told = refused(editor.post(UPDATES, json={"as_of": "2026-01-01", **said}), 422)
    assert place in pointers(told)
    assert editor.get(UPDATES).get_json()["items"] == []


def test_an_event_is_done_or_not_and_has_no_figure(
    editor: FlaskClient, promise: Promise, refused: Refused, pointers: Pointers
) -> None:
    promise(comparator="event", target=None)
    for said in ({"value": 1}, {"increment": 1}):
        told = refused(editor.post(UPDATES, json={"as_of": "2026-01-01", **said}), 422)
        assert pointers(told) == {f"/{next(iter(said))}"}
    assert editor.post(UPDATES, json={"as_of": "2026-01-01", "done": True}).status_code == 201
    shown = editor.get(ADDRESS).get_json()
    assert (shown["status"], shown["delivery"], shown["figure"]) == ("met", "met", None)


def test_a_correction_stands_in_for_what_it_corrects_once(
    editor: FlaskClient, pledge: dict[str, Any], post: Post, refused: Refused
) -> None:
    post(UPDATES, {"value": 250000, "as_of": "2025-11-04", "reported_at": "2025-11-10"})
    corrected = post(UPDATES, {"value": 25000, "as_of": "2025-11-04", "supersedes": 1})
    assert corrected["reported_at"] == "2025-11-10"
    assert editor.get(f"{UPDATES}/1").get_json()["superseded_by"] == 2
    assert editor.get(f"{UPDATES}/1").get_json()["counts"] is False
    assert editor.get(ADDRESS).get_json()["figure"]["value"] == 25000
    told = refused(editor.post(UPDATES, json={"value": 1, "as_of": "2025-11-04", "supersedes": 1}), 409)
    assert told["type"] == "/docs#problem-already-superseded"
    assert "update 2" in told["detail"]
    assert editor.post(UPDATES, json={"value": 1, "as_of": "2025-11-04", "supersedes": 2}).status_code == 201
    assert [item["id"] for item in editor.get(UPDATES).get_json()["items"]] == [1, 2, 3]


def test_an_update_of_another_pledge_cannot_be_corrected_from_here(
    editor: FlaskClient, promise: Promise, post: Post, refused: Refused
) -> None:
    promise()
    promise(id="another")
    post("/v1/pledges/another/progress", {"value": 1, "as_of": "2026-01-01"})
    refused(editor.post(UPDATES, json={"value": 1, "as_of": "2026-01-01", "supersedes": 1}), 422)


def test_a_figure_before_the_baseline_is_kept_and_does_not_count(
    editor: FlaskClient, pledge: dict[str, Any], post: Post
) -> None:
    assert post(UPDATES, {"value": 7, "as_of": "2024-05-12"})["counts"] is False
    assert editor.get(ADDRESS).get_json()["figure"] is None


def test_an_event_that_had_happened_before_its_baseline_has_happened_and_its_report_counts(
    editor: FlaskClient, promise: Promise, post: Post
) -> None:
    promise(comparator="event", target=None)
    assert post(UPDATES, {"done": True, "as_of": "2024-05-12"})["counts"] is True
    assert editor.get(ADDRESS).get_json()["delivery"] == "met"


def test_later_than_today_is_judged_where_the_pledge_is(
    editor: FlaskClient, promise: Promise, refused: Refused
) -> None:
    promise(time_zone="Pacific/Kiritimati")
    promise(id="behind", time_zone="Pacific/Pago_Pago")
    tomorrow = {"value": 1, "as_of": "2026-11-24"}
    assert editor.post(UPDATES, json=tomorrow).status_code == 201
    refused(editor.post("/v1/pledges/behind/progress", json=tomorrow), 422)
    assert (
        editor.post("/v1/pledges/behind/progress", json=tomorrow | {"as_of": "2026-11-23"}).status_code == 201
    )


def test_lists_of_what_is_not_there_are_refused(anybody: FlaskClient, refused: Refused) -> None:
    refused(anybody.get("/v1/pledges/nobody/progress"), 404)
    refused(anybody.get("/v1/pledges/nobody/progress/1"), 404)
