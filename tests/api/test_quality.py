"""A pledge tells what it leaves open, whenever it is shown, and is never refused for it."""

from typing import Any

from flask.testing import FlaskClient

from tests.api.conftest import Post, Promise


def codes(document: dict[str, Any]) -> list[str]:
    return [finding["code"] for finding in document["quality"]]


def test_recording_a_pledge_tells_what_it_leaves_open(post: Post, acme: dict[str, Any]) -> None:
    bare = {"title": "Over 3,000 jobs by 2027", "pledger": "acme", "announced_on": "2024-05-13"}
    made = post("/v1/pledges", bare | {"target": 3000, "due": "2027"})
    assert codes(made) == [
        "no_statement",
        "no_indicator",
        "no_unit",
        "no_verification",
        "no_owner",
        "assumed_baseline",
        "year_only",
        "hedge_differs",
    ]
    assert made["quality"][-1] == {
        "field": "/comparator",
        "code": "hedge_differs",
        "message": "The title says 'Over 3,000', and the comparator is 'at_least'.",
        "suggestion": "If the title has it right, choose 'more_than'.",
    }


def test_it_is_the_same_wherever_the_pledge_is_shown(editor: FlaskClient, promise: Promise) -> None:
    made = promise()
    [listed] = editor.get("/v1/pledges").get_json()["items"]
    shown = editor.get("/v1/pledges/people-trained").get_json()
    assert made["quality"] == listed["quality"] == shown["quality"]
    assert codes(made) == ["no_statement", "no_verification", "no_owner", "assumed_baseline", "year_only"]


def test_what_is_mended_is_not_told_any_more(editor: FlaskClient, promise: Promise) -> None:
    promise()
    statement = {"text": "We will train a million.", "source": {"url": "https://example.org/"}}
    baseline = {"value": 5, "date": "2024-05-13"}
    said = {"owner": "Skills office", "verification": "The ministry's yearly count."}
    mended = editor.patch(
        "/v1/pledges/people-trained",
        json={"statement": statement, "baseline": baseline, "due": "2027-12-31", **said},
    )
    assert mended.status_code == 200
    assert codes(mended.get_json()) == []


def test_what_get_shows_of_it_may_be_sent_back(editor: FlaskClient, promise: Promise) -> None:
    made = promise()
    again = editor.patch("/v1/pledges/people-trained", json={"quality": made["quality"]})
    assert again.status_code == 200
    assert again.get_json()["quality"] == made["quality"]
