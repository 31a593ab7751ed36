"""Conditional requests: nobody is told again what is known, or overwrites what was not seen."""

import re
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from pledgetracker.api import examples
from pledgetracker.domain.access import Scope
from pledgetracker.runtime import Runtime
from tests.api.conftest import PLEDGE as DOCUMENT
from tests.api.conftest import Post, Promise, Refused
from tests.conftest import Clock, client_of, key_of

PLEDGE = "/v1/pledges/people-trained"
UPDATE = {"value": 1, "as_of": "2025-11-04"}


def tag_of(client: FlaskClient, address: str) -> str:
    return client.get(address).headers["ETag"]


@pytest.fixture
def addresses(promise: Promise, post: Post) -> list[str]:
    """One of each thing that has an address of its own."""
    promise()
    post(f"{PLEDGE}/progress", UPDATE)
    post("/v1/initiatives", {"id": "summit", "title": "Summit"})
    rate = post("/v1/rates", examples.RATE)["id"]
    entries = ["/v1/pledgers/acme", "/v1/initiatives/summit", f"/v1/rates/{rate}"]
    return [PLEDGE, f"{PLEDGE}/progress/1", *entries]


def test_who_has_it_already_gets_304(editor: FlaskClient, addresses: list[str]) -> None:
    for address in addresses:
        tag = tag_of(editor, address)
        for known in (tag, f"W/{tag}", f'"other", {tag}', "*"):
            answer = editor.get(address, headers={"If-None-Match": known})
            assert (answer.status_code, answer.data, answer.headers["ETag"]) == (304, b"", tag)


def test_who_has_another_gets_it(editor: FlaskClient, addresses: list[str]) -> None:
    for address in addresses:
        assert editor.get(address, headers={"If-None-Match": '"other"'}).status_code == 200


def test_a_report_changes_the_tag_of_its_pledge(editor: FlaskClient, promise: Promise, post: Post) -> None:
    promise()
    before = tag_of(editor, PLEDGE)
    post(f"{PLEDGE}/progress", UPDATE)
    assert tag_of(editor, PLEDGE) != before


def test_a_correction_changes_the_tag_of_what_it_corrects(
    editor: FlaskClient, promise: Promise, post: Post
) -> None:
    promise()
    post(f"{PLEDGE}/progress", UPDATE)
    before = tag_of(editor, f"{PLEDGE}/progress/1")
    post(f"{PLEDGE}/progress", {**UPDATE, "value": 2, "supersedes": 1})
    assert tag_of(editor, f"{PLEDGE}/progress/1") != before


def test_a_new_day_changes_the_tag_because_it_changes_the_standing(
    editor: FlaskClient, promise: Promise, clock: Clock
) -> None:
    promise()
    before = tag_of(editor, PLEDGE)
    clock.now += timedelta(days=1)
    assert tag_of(editor, PLEDGE) != before


def test_a_tag_of_yesterday_still_allows_an_edit(editor: FlaskClient, promise: Promise, clock: Clock) -> None:
    promise()
    tag = tag_of(editor, PLEDGE)
    clock.now += timedelta(days=1)
    assert editor.patch(PLEDGE, json={"title": "Other"}, headers={"If-Match": tag}).status_code == 200


def test_of_two_editors_the_second_is_told_and_overwrites_nothing(
    editor: FlaskClient, addresses: list[str], refused: Refused
) -> None:
    for address, first, second in (
        (PLEDGE, {"title": "First"}, {"title": "Second"}),
        ("/v1/pledgers/acme", {"name": "First"}, {"name": "Second"}),
        ("/v1/initiatives/summit", {"title": "First"}, {"title": "Second"}),
    ):
        tag = tag_of(editor, address)
        assert editor.patch(address, json=first, headers={"If-Match": tag}).status_code == 200
        answer = editor.patch(address, json=second, headers={"If-Match": tag})
        assert refused(answer, 412)["type"] == "/docs#problem-changed"
        shown = editor.get(address)
        assert answer.headers["ETag"] == shown.headers["ETag"]
        assert first.items() <= shown.get_json().items()
        assert refused(editor.delete(address, headers={"If-Match": tag}), 412)


def test_the_answer_to_a_change_carries_the_tag_for_the_next(editor: FlaskClient, promise: Promise) -> None:
    promise()
    tag = tag_of(editor, PLEDGE)
    for title in ("One", "Two", "Three"):
        answer = editor.patch(PLEDGE, json={"title": title}, headers={"If-Match": tag})
        assert answer.status_code == 200
        tag = answer.headers["ETag"]
    assert tag == tag_of(editor, PLEDGE)


def test_a_pledge_deleted_and_made_again_is_another(
    editor: FlaskClient, promise: Promise, clock: Clock
) -> None:
    promise()
    tag = tag_of(editor, PLEDGE)
    editor.delete(PLEDGE)
    clock.now += timedelta(seconds=1)
    promise()
    assert editor.patch(PLEDGE, json={"title": "Other"}, headers={"If-Match": tag}).status_code == 412


def edits(app: Flask, addresses: list[str]) -> Iterator[tuple[str, str]]:
    """Every call that changes or removes what is there."""
    for rule in app.url_map.iter_rules():
        for method in {"PATCH", "PUT", "DELETE"} & (rule.methods or set()):
            [place] = [at for at in addresses if fits(rule.rule, at)]
            yield method, place


def fits(rule: str, address: str) -> bool:
    return re.fullmatch(re.sub(r"<\w+:\w+>", "[a-z0-9-]+", rule), address) is not None


@pytest.fixture
def hasty(app: Flask, runtime: Runtime) -> FlaskClient:
    """A client that does not say what it saw."""
    return client_of(app, key_of(runtime, Scope.ADMIN))


def test_an_edit_that_does_not_say_what_was_seen_is_refused_and_changes_nothing(
    app: Flask, hasty: FlaskClient, addresses: list[str], refused: Refused, post: Post
) -> None:
    post(f"{PLEDGE}/withdrawal", {"on": "2026-01-01"})
    known = {address: hasty.get(address).data for address in addresses}
    calls = list(edits(app, [*addresses, f"{PLEDGE}/withdrawal"]))
    assert len(calls) == 8
    for method, address in calls:
        body: dict[str, Any] | None = {} if method == "PATCH" else None
        for said in ({}, {"If-Match": ""}, {"If-None-Match": "*"}):
            told = refused(hasty.open(address, method=method, headers=said, json=body), 428)
            assert told["type"] == "/docs#problem-condition-missing"
            assert "If-Match" in told["detail"]
        refused(hasty.open(address, method=method, headers={"If-Match": "1-0"}, json=body), 412)
    assert {address: hasty.get(address).data for address in addresses} == known


def test_the_withdrawal_is_taken_back_under_the_tag_of_its_pledge(
    hasty: FlaskClient, promise: Promise, refused: Refused
) -> None:
    promise()
    before = tag_of(hasty, PLEDGE)
    tag = hasty.post(f"{PLEDGE}/withdrawal", json={"on": "2026-01-01"}).headers["ETag"]
    refused(hasty.delete(f"{PLEDGE}/withdrawal", headers={"If-Match": before}), 412)
    answer = hasty.delete(f"{PLEDGE}/withdrawal", headers={"If-Match": f"W/{tag}"})
    assert answer.status_code == 200
    assert answer.headers["ETag"] == tag_of(hasty, PLEDGE)


def test_what_is_added_needs_no_condition(hasty: FlaskClient) -> None:
    for address, document in (
        ("/v1/pledgers", {"id": "acme", "name": "ACME"}),
        ("/v1/initiatives", {"id": "summit", "title": "Summit"}),
        ("/v1/pledges", DOCUMENT),
        (f"{PLEDGE}/progress", UPDATE),
        (f"{PLEDGE}/reschedules", {"due": "2028", "announced_on": "2026-01-01", "moved_by": "pledger"}),
        (f"{PLEDGE}/withdrawal", {"on": "2026-01-01"}),
    ):
        assert hasty.post(address, json=document).status_code == 201


def test_a_star_matches_what_exists(editor: FlaskClient, promise: Promise) -> None:
    promise()
    assert editor.patch(PLEDGE, json={"title": "Other"}, headers={"If-Match": "*"}).status_code == 200


def test_what_does_not_exist_is_not_found_whatever_the_tag(hasty: FlaskClient, refused: Refused) -> None:
    for address in (PLEDGE, "/v1/pledgers/nobody", "/v1/initiatives/none"):
        for said in ({}, {"If-Match": '"1-0"'}, {"If-Match": "*"}):
            refused(hasty.patch(address, json={}, headers=said), 404)
