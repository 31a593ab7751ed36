"""Pledgers and initiatives over HTTP: both are kept alike."""

from collections.abc import Callable
from typing import Any

import pytest
from flask.testing import FlaskClient

from pledgetracker.domain.access import Scope
from pledgetracker.runtime import Runtime
from tests.api.conftest import Post, Promise, Refused
from tests.conftest import Clock, key_of

KINDS = [
    ("/v1/pledgers", "name", {"kind": "company", "url": "https://example.org"}),
    ("/v1/initiatives", "title", {"description": "Two\nlines", "url": "http://example.org"}),
]
Pointers = Callable[[dict[str, Any]], set[str]]


@pytest.mark.parametrize(("address", "named", "more"), KINDS)
def test_an_entry_is_recorded_shown_changed_and_deleted(
    editor: FlaskClient,
    anybody: FlaskClient,
    clock: Clock,
    refused: Refused,
    address: str,
    named: str,
    more: dict[str, Any],
) -> None:
    answer = editor.post(address, json={named: "Entrée n° 1", **more})
    assert (answer.status_code, answer.location) == (201, f"{address}/entree-n-1")
    made = answer.get_json()
    assert {name: made[name] for name in more} == more
    assert anybody.get(answer.location).get_json() == made
    assert anybody.get(address).get_json() == {"items": [made], "next_cursor": None}
    again = editor.post(address, json={named: "Entrée n° 1"})
    assert again.get_json()["id"] == "entree-n-1-2"
    refused(editor.post(address, json={"id": "entree-n-1", named: "x"}), 409)
    clock.now = clock.now.replace(hour=13)
    changed = editor.patch(answer.location, json={named: "Two", "url": None})
    assert changed.get_json() == made | {
        named: "Two",
        "url": None,
        "version": 2,
        "updated_at": "2026-11-23T13:00:00Z",
    }
    assert editor.delete(answer.location).status_code == 204
    refused(anybody.get(answer.location), 404)
    refused(editor.delete(answer.location), 404)
    refused(editor.patch(answer.location, json={named: "x"}), 404)


@pytest.mark.parametrize(("address", "named", "more"), KINDS)
def test_what_get_shows_of_an_entry_changes_nothing_when_sent_back(
    editor: FlaskClient, clock: Clock, address: str, named: str, more: dict[str, Any]
) -> None:
    made = editor.post(address, json={"id": "one", named: "One", **more}).get_json()
    clock.now = clock.now.replace(hour=13)
    for nothing in ({}, {"id": "one"}, made):
        assert editor.patch(f"{address}/one", json=nothing).get_json() == made


@pytest.mark.parametrize(("address", "named", "more"), KINDS)
def test_an_id_is_permanent(
    editor: FlaskClient, refused: Refused, pointers: Pointers, address: str, named: str, more: dict[str, Any]
) -> None:
    editor.post(address, json={"id": "one", named: "One"})
    assert pointers(refused(editor.patch(f"{address}/one", json={"id": "two"}), 422)) == {"/id"}


def test_what_others_name_cannot_be_deleted(
    editor: FlaskClient, runtime: Runtime, promise: Promise, post: Post, refused: Refused
) -> None:
    post("/v1/initiatives", {"id": "top", "title": "Top"})
    post("/v1/initiatives", {"id": "below", "title": "Below", "parent": "top"})
    promise(initiative="below")
    for address in ("/v1/pledgers/acme", "/v1/initiatives/top", "/v1/initiatives/below"):
        told = refused(editor.delete(address), 409)
        assert told["type"] == "/docs#problem-still-referenced"
    post("/v1/pledgers", {"id": "keyed", "name": "Keyed"})
    key_of(runtime, Scope.PROGRESS, pledger="keyed")
    refused(editor.delete("/v1/pledgers/keyed"), 409)


def test_an_initiative_stands_under_one_that_exists_and_never_under_itself(
    editor: FlaskClient, post: Post, refused: Refused, pointers: Pointers
) -> None:
    for name, parent in (("top", None), ("middle", "top"), ("bottom", "middle")):
        post("/v1/initiatives", {"id": name, "title": name, "parent": parent})
    for parent in ("top", "middle", "bottom", "nothing"):
        told = refused(editor.patch("/v1/initiatives/top", json={"parent": parent}), 422)
        assert pointers(told) == {"/parent"}
    assert pointers(refused(editor.post("/v1/initiatives", json={"title": "x", "parent": "no"}), 422)) == {
        "/parent"
    }
    freed = editor.patch("/v1/initiatives/middle", json={"parent": None})
    assert freed.get_json()["parent"] is None


def test_pledgers_can_be_asked_for_by_kind(editor: FlaskClient, post: Post) -> None:
    post("/v1/pledgers", {"id": "firm", "name": "Firm", "kind": "company"})
    post("/v1/pledgers", {"id": "state", "name": "State", "kind": "government"})
    found = editor.get("/v1/pledgers?kind=government").get_json()["items"]
    assert [item["id"] for item in found] == ["state"]


def test_initiatives_can_be_asked_for_by_what_they_stand_under(editor: FlaskClient, post: Post) -> None:
    post("/v1/initiatives", {"id": "summits", "title": "Summits"})
    post("/v1/initiatives", {"id": "first-summit", "title": "First", "parent": "summits"})
    found = editor.get("/v1/initiatives?parent=summits").get_json()["items"]
    assert [item["id"] for item in found] == ["first-summit"]
    assert editor.get("/v1/initiatives?parent=nowhere").get_json()["items"] == []
