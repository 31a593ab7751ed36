"""Conditional requests: nobody is told again what is known, or overwrites what was not seen."""

from datetime import timedelta

import pytest
from flask.testing import FlaskClient

from tests.api.conftest import Post, Promise, Refused
from tests.conftest import Clock

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
    return [PLEDGE, f"{PLEDGE}/progress/1", "/v1/pledgers/acme", "/v1/initiatives/summit"]


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
        assert shown.headers["ETag"].startswith(answer.headers["ETag"].removesuffix('"'))
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


def test_a_star_matches_what_exists(editor: FlaskClient, promise: Promise) -> None:
    promise()
    assert editor.patch(PLEDGE, json={"title": "Other"}, headers={"If-Match": "*"}).status_code == 200


def test_what_does_not_exist_is_not_found_whatever_the_tag(editor: FlaskClient, refused: Refused) -> None:
    for address in (PLEDGE, "/v1/pledgers/nobody", "/v1/initiatives/none"):
        refused(editor.patch(address, json={}, headers={"If-Match": '"1-0"'}), 404)
