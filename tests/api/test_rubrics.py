"""Rubrics over HTTP: those that come along, the operator's own, and their versions."""

from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from pledgetracker.domain.access import Scope
from pledgetracker.runtime import Runtime
from tests.api.conftest import Post, Refused
from tests.conftest import client_of, key_of

Pointers = Callable[[dict[str, Any]], set[str]]

SCALE: dict[str, Any] = {
    "name": "house",
    "title": {"en": "House scale", "fr": "Barème maison"},
    "ratings": [
        {
            "id": "doneAtLast",
            "title": {"en": "Done"},
            "meaning": {"en": "It is there."},
            "final": True,
            "suggested_on": ["met", "met_late"],
        },
        {"id": "open", "title": {"en": "Open", "fr": None}, "meaning": {"en": "It may still come."}},
    ],
}


def test_the_rubrics_that_come_along_are_listed_by_name(anybody: FlaskClient) -> None:
    items = anybody.get("/v1/rubrics").get_json()["items"]
    assert [(rubric["name"], rubric["version"], rubric["preset"]) for rubric in items] == [
        ("colours", 1, True),
        ("completion", 1, True),
        ("ocds-milestone", 1, True),
        ("political", 1, True),
    ]
    political = anybody.get("/v1/rubrics/political/1")
    assert political.get_json() == items[3]
    assert political.get_json()["ratings"][0] == {
        "id": "kept",
        "title": {"en": "Kept", "fr": "Tenue"},
        "meaning": {
            "en": "Delivered as promised, whole and in time.",
            "fr": "Tenue comme promis, en entier et à l\u2019heure.",
        },
        "final": True,
        "suggested_on": ["met"],
    }
    assert (
        anybody.get("/v1/rubrics/political/1", headers={"If-None-Match": political.headers["ETag"]})
    ).status_code == 304


def test_a_rubric_is_where_its_location_says_and_keeps_all_it_was_told(
    editor: FlaskClient, anybody: FlaskClient
) -> None:
    answer = editor.post("/v1/rubrics", json=SCALE)
    assert (answer.status_code, answer.location) == (201, "/v1/rubrics/house/1")
    shown = answer.get_json()
    assert (shown["version"], shown["preset"], shown["recorded_at"]) == (1, False, "2026-11-23T12:00:00Z")
    assert shown["title"] == SCALE["title"]
    assert [rating["id"] for rating in shown["ratings"]] == ["doneAtLast", "open"]
    assert shown["ratings"][0]["suggested_on"] == ["met", "met_late"]
    assert (shown["ratings"][1]["final"], shown["ratings"][1]["suggested_on"]) == (False, [])
    assert anybody.get(answer.location).data == answer.data
    known = {"If-None-Match": answer.headers["ETag"]}
    assert anybody.get(answer.location, headers=known).status_code == 304


def test_a_changed_rubric_is_a_new_version_and_the_old_one_stays(
    editor: FlaskClient, anybody: FlaskClient, post: Post, refused: Refused
) -> None:
    first = post("/v1/rubrics", SCALE)
    # What GET shows may come back; without its version it becomes the next.
    changed = first | {"version": None, "title": {"en": "Another"}}
    assert post("/v1/rubrics", changed)["version"] == 2
    assert post("/v1/rubrics", changed | {"version": 2024})["version"] == 2024
    assert post("/v1/rubrics", changed)["version"] == 2025
    for version in (1, 2, 2024):
        problem = refused(editor.post("/v1/rubrics", json=changed | {"version": version}), 409)
        assert problem["type"] == "/docs#problem-version-taken"
    assert anybody.get("/v1/rubrics/house/1").get_json() == first
    versions = anybody.get("/v1/rubrics?name=house&sort=-name").get_json()["items"]
    assert [rubric["version"] for rubric in versions] == [2025, 2024, 2, 1]


def test_the_list_comes_in_pages_of_both_kinds(anybody: FlaskClient, post: Post) -> None:
    for _ in range(3):
        post("/v1/rubrics", SCALE)
    found, address = [], "/v1/rubrics?limit=2"
    while True:
        page = anybody.get(address).get_json()
        found += [(rubric["name"], rubric["version"]) for rubric in page["items"]]
        if page["next_cursor"] is None:
            break
        address = f"/v1/rubrics?limit=2&cursor={page['next_cursor']}"
    assert found == [
        *(("colours", 1), ("completion", 1), ("house", 1), ("house", 2), ("house", 3)),
        *(("ocds-milestone", 1), ("political", 1)),
    ]


@pytest.mark.parametrize("version", [None, 1, 2])
def test_the_name_of_a_rubric_that_comes_along_is_taken(
    editor: FlaskClient, refused: Refused, pointers: Pointers, version: int | None
) -> None:
    answer = editor.post("/v1/rubrics", json=SCALE | {"name": "political", "version": version})
    assert pointers(refused(answer, 422)) == {"/name"}


def rating(**changes: Any) -> dict[str, Any]:
    """The scale with its second rating changed."""
    return SCALE | {"ratings": [SCALE["ratings"][0], SCALE["ratings"][1] | changes]}


@pytest.mark.parametrize(
    ("document", "place"),
    [
        ({name: SCALE[name] for name in ("title", "ratings")}, "/name"),
        (SCALE | {"name": "House Scale"}, "/name"),
        (SCALE | {"version": 0}, "/version"),
        (SCALE | {"version": 2**31}, "/version"),
        (SCALE | {"title": "House"}, "/title"),
        (SCALE | {"title": {"fr": "Maison"}}, "/title/en"),
        (SCALE | {"ratings": SCALE["ratings"][:1]}, "/ratings"),
        (SCALE | {"ratings": [SCALE["ratings"][1] | {"id": f"r{n}"} for n in range(21)]}, "/ratings"),
        (rating(id="not an id"), "/ratings/1/id"),
        (rating(id="a__b"), "/ratings/1/id"),
        (rating(id="x" * 41), "/ratings/1/id"),
        (rating(id="doneAtLast"), "/ratings/1/id"),
        (rating(final="yes"), "/ratings/1/final"),
        (rating(colour="red"), "/ratings/1/colour"),
        (rating(meaning={"en": " "}), "/ratings/1/meaning/en"),
        (rating(suggested_on=["silence"]), "/ratings/1/suggested_on/0"),
        (rating(suggested_on=["met"]), "/ratings/1/suggested_on/0"),
        (rating(final=True, suggested_on=["no_report_ever"]), "/ratings/1/suggested_on/0"),
        (rating(final=True, suggested_on=["not_delivered", "no_final_report"]), "/ratings/1/suggested_on/1"),
    ],
)
def test_what_is_no_scale_is_refused_by_its_place(
    editor: FlaskClient, refused: Refused, pointers: Pointers, document: dict[str, Any], place: str
) -> None:
    assert pointers(refused(editor.post("/v1/rubrics", json=document), 422)) == {place}
    assert len(editor.get("/v1/rubrics").get_json()["items"]) == 4


@pytest.mark.parametrize("address", ["house/1", "political/2", "political/0", "political/first"])
def test_an_unknown_rubric_is_not_found(anybody: FlaskClient, refused: Refused, address: str) -> None:
    refused(anybody.get(f"/v1/rubrics/{address}"), 404)


def test_who_writes_makes_no_rubrics(app: Flask, runtime: Runtime, refused: Refused) -> None:
    writer = client_of(app, key_of(runtime, Scope.WRITE))
    refused(writer.post("/v1/rubrics", json=SCALE), 403)


def test_the_audit_log_tells_of_a_rubric(app: Flask, runtime: Runtime, post: Post) -> None:
    post("/v1/rubrics", SCALE)
    admin = client_of(app, key_of(runtime, Scope.ADMIN))
    [entry] = admin.get("/v1/audit?kind=rubric").get_json()["items"]
    assert (entry["action"], entry["subject"], entry["before"]) == ("rubric.create", "house/1", None)
    assert entry["after"]["ratings"][0]["title"] == {"en": "Done"}
