"""What reviewers decide, and what of it is seen."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from pledgetracker.domain.access import Scope
from pledgetracker.runtime import Runtime
from tests.api.conftest import Post, Promise, Refused
from tests.conftest import Clock, client_of, key_of

PLEDGE = "/v1/pledges/people-trained"
UPDATES = f"{PLEDGE}/progress"

Json = dict[str, Any]


@pytest.fixture
def submitter(app: Flask, runtime: Runtime) -> FlaskClient:
    """A pledger's own key."""
    return client_of(app, key_of(runtime, Scope.PROGRESS))


@pytest.fixture
def submit(submitter: FlaskClient) -> Callable[..., Json]:
    def submit(**said: Any) -> Json:
        answer = submitter.post(UPDATES, json={"as_of": "2025-11-04", **said})
        assert answer.status_code == 201, answer.text
        return dict(answer.get_json())

    return submit


@pytest.fixture
def decide(post: Post) -> Callable[..., Json]:
    def decide(number: int, review: str, **said: Any) -> Json:
        return post(f"{UPDATES}/{number}/decisions", {"review": review, **said})

    return decide


@pytest.fixture
def seen(anybody: FlaskClient) -> Callable[..., Json]:
    def seen(**query: str) -> Json:
        answer = anybody.get(PLEDGE, query_string=query)
        assert answer.status_code == 200, answer.text
        return dict(answer.get_json())

    return seen


Submit = Callable[..., Json]
Decide = Callable[..., Json]
Seen = Callable[..., Json]


def test_what_a_pledgers_key_reports_waits_and_is_shown_as_claimed(
    promise: Promise, submit: Submit, seen: Seen, anybody: FlaskClient
) -> None:
    promise()
    update = submit(value=250000)
    assert (update["review"], update["counts"]) == ("submitted", False)
    shown = seen()
    assert shown["figure"] is None
    assert shown["delivery"] == "not_started"
    assert shown["claimed"] == {
        "delivery": "in_progress",
        "value": 250000,
        "as_of": "2025-11-04",
        "completion": 0.25,
    }
    assert shown["reporting"] == "current"  # no silence
    assert "not accepted yet" in shown["because"]


def test_what_is_accepted_makes_the_figure_and_who_decided_is_on_record(
    promise: Promise, submit: Submit, decide: Decide, seen: Seen, anybody: FlaskClient
) -> None:
    promise()
    submit(value=250000)
    decision = decide(1, "accepted", reason="As in the annual report.")
    assert decision["decided_by"] == "test"
    assert (decision["before"], decision["review"], decision["decided_on"]) == (
        "submitted",
        "accepted",
        "2026-11-23",
    )
    shown = seen()
    assert shown["figure"]["value"] == 250000
    assert shown["claimed"]["value"] == 250000
    update = anybody.get(f"{UPDATES}/1").get_json()
    assert (update["review"], update["counts"], update["decisions"]) == ("accepted", True, [decision])
    assert anybody.get(f"{UPDATES}/1/decisions").get_json()["items"] == [decision]


def test_what_is_returned_is_silence_again_and_says_what_is_wanted(
    promise: Promise,
    submit: Submit,
    decide: Decide,
    seen: Seen,
    clock: Clock,
    refused: Refused,
    editor: FlaskClient,
) -> None:
    promise(cadence_days=90, grace_days=0)
    submit(value=250000, reported_at="2026-11-20")
    refused(editor.post(f"{UPDATES}/1/decisions", json={"review": "returned"}), 422)
    assert seen()["reporting"] == "current"
    decide(1, "returned", reason="Completed or begun?")
    shown = seen()
    assert (shown["reporting"], shown["claimed"]["value"]) == ("never_reported", None)


def test_a_disputed_figure_counts_no_more_but_is_no_silence(
    promise: Promise, post: Post, decide: Decide, seen: Seen
) -> None:
    promise()
    post(UPDATES, {"value": 100000, "as_of": "2025-01-01"})
    post(UPDATES, {"value": 250000, "as_of": "2025-11-04", "reported_at": "2026-11-20"})
    claim = {"value": 210000, "text": "By the ministry's count.", "source": {"url": "https://example.org/m"}}
    decision = decide(2, "disputed", counter_claim=claim)
    assert decision["counter_claim"]["value"] == 210000
    assert decision["counter_claim"]["source"]["url"] == "https://example.org/m"
    shown = seen()
    assert (shown["figure"]["value"], shown["claimed"]["value"]) == (100000, 250000)
    assert shown["reporting"] == "current"


def test_the_queue_shows_what_waits_longest_first(
    promise: Promise, submit: Submit, decide: Decide, editor: FlaskClient, clock: Clock, post: Post
) -> None:
    promise()
    for value in (1, 2, 3):
        clock.now += timedelta(minutes=1)
        submit(value=value)
    decide(1, "accepted")
    decide(3, "disputed", reason="Why so few?")
    waiting = editor.get("/v1/reviews").get_json()["items"]
    assert [(w["pledge"], w["update"]["id"], w["update"]["review"]) for w in waiting] == [
        ("people-trained", 2, "submitted"),
        ("people-trained", 3, "disputed"),
    ]

    def numbers(**query: Any) -> list[int]:
        found, cursor = [], None
        while True:
            page = editor.get("/v1/reviews", query_string={"limit": 1, "cursor": cursor, **query}).get_json()
            found += [item["update"]["id"] for item in page["items"]]
            if (cursor := page["next_cursor"]) is None:
                return found

    assert numbers() == [2, 3]
    assert numbers(sort="-recorded_at") == [3, 2]
    assert numbers(review="disputed") == [3]
    assert numbers(pledger="acme") == [2, 3]
    assert numbers(pledger="other") == numbers(pledge="other") == []
    assert editor.get("/v1/reviews?review=accepted").status_code == 422


def test_a_correction_takes_effect_when_it_is_accepted(
    promise: Promise,
    post: Post,
    submit: Submit,
    decide: Decide,
    seen: Seen,
    refused: Refused,
    editor: FlaskClient,
) -> None:
    promise()
    post(UPDATES, {"value": 100000, "as_of": "2025-11-04", "reported_at": "2025-11-10"})
    correction = submit(value=90000, supersedes=1, reason="typo")
    assert correction["reported_at"] == "2025-11-10"  # a correction is no new report
    assert seen()["figure"]["value"] == 100000
    problem = refused(editor.post(UPDATES, json={"value": 1, "as_of": "2025-11-04", "supersedes": 1}), 409)
    assert "update 2" in problem["detail"]
    decide(2, "accepted")
    assert seen()["figure"]["value"] == 90000
    # What was corrected is past deciding, and stays so if the correction is put in doubt.
    refused(editor.post(f"{UPDATES}/1/decisions", json={"review": "disputed", "reason": "x"}), 409)
    decide(2, "disputed", reason="Which one is it?")
    assert seen()["figure"] is None
    decide(2, "returned", reason="Send the report.")
    problem = refused(editor.post(UPDATES, json={"value": 1, "as_of": "2025-11-04", "supersedes": 1}), 409)
    assert "update 2" in problem["detail"]
    post(UPDATES, {"value": 95000, "as_of": "2025-11-04", "supersedes": 2})
    assert seen()["figure"]["value"] == 95000


def test_who_corrects_what_never_took_effect_replaces_what_that_was_to_replace(
    promise: Promise, post: Post, submit: Submit, decide: Decide, seen: Seen
) -> None:
    promise()
    post(UPDATES, {"value": 100000, "as_of": "2025-11-04"})
    submit(value=90000, supersedes=1)
    decide(2, "returned", reason="Of which year?")
    submit(value=95000, supersedes=2)
    assert seen()["figure"]["value"] == 100000
    decide(3, "accepted")
    shown = seen()
    assert (shown["figure"]["value"], shown["conflicts"]) == (95000, [])


def test_to_take_back_a_correction_that_waits_leaves_what_it_would_have_corrected(
    promise: Promise, post: Post, submit: Submit, seen: Seen
) -> None:
    promise()
    post(UPDATES, {"value": 100000, "as_of": "2025-11-04"})
    submit(value=90000, supersedes=1)
    post(UPDATES, {"supersedes": 2, "reason": "retracted"})
    assert seen()["figure"]["value"] == 100000


def test_a_returned_correction_gives_its_place_free(
    promise: Promise,
    post: Post,
    submit: Submit,
    decide: Decide,
    seen: Seen,
    refused: Refused,
    editor: FlaskClient,
) -> None:
    promise()
    post(UPDATES, {"value": 100000, "as_of": "2025-11-04"})
    submit(value=90000, supersedes=1)
    decide(2, "returned", reason="Show the source.")
    submit(value=95000, supersedes=1, reason="source_corrected")
    problem = refused(editor.post(f"{UPDATES}/2/decisions", json={"review": "accepted"}), 409)
    assert "update 3" in problem["detail"]
    decide(3, "accepted")
    assert seen()["figure"]["value"] == 95000


def test_a_place_that_another_correction_has_is_not_taken_by_way_of_a_returned_one(
    promise: Promise,
    post: Post,
    submit: Submit,
    decide: Decide,
    seen: Seen,
    refused: Refused,
    editor: FlaskClient,
) -> None:
    promise()
    post(UPDATES, {"value": 100000, "as_of": "2025-11-04"})
    submit(value=90000, supersedes=1)
    decide(2, "returned", reason="Show the source.")
    late = {"value": 80000, "as_of": "2025-11-04", "supersedes": 2}
    submit(value=95000, supersedes=1)
    for review in ("submitted", "accepted"):
        if review == "accepted":
            decide(3, review)
        problem = refused(editor.post(UPDATES, json=late), 409)
        assert problem["detail"].startswith("Update 1 is already superseded by update 3,"), review
    # To take back what was returned takes no place, and gives none.
    post(UPDATES, {"supersedes": 2, "reason": "retracted"})
    assert (seen()["figure"]["value"], seen()["conflicts"]) == (95000, [])


def test_who_corrects_a_returned_correction_has_its_place_from_the_beginning(
    promise: Promise,
    post: Post,
    submit: Submit,
    decide: Decide,
    seen: Seen,
    refused: Refused,
    editor: FlaskClient,
) -> None:
    promise()
    post(UPDATES, {"value": 100000, "as_of": "2025-11-04"})
    submit(value=90000, supersedes=1)
    decide(2, "returned", reason="Show the source.")
    submit(value=95000, supersedes=2)
    problem = refused(editor.post(UPDATES, json={"value": 1, "as_of": "2025-11-04", "supersedes": 1}), 409)
    assert problem["detail"].startswith("Update 1 is already superseded by update 3,")
    # What it corrects may be accepted after all: the correction stays one of it.
    decide(2, "accepted")
    assert seen()["figure"]["value"] == 90000
    decide(3, "accepted")
    assert (seen()["figure"]["value"], seen()["conflicts"]) == (95000, [])


def test_a_retraction_takes_back_and_revives_nothing(
    promise: Promise, post: Post, seen: Seen, refused: Refused, editor: FlaskClient, pointers: Any
) -> None:
    promise()
    post(UPDATES, {"value": 1000, "as_of": "2025-01-01"})
    post(UPDATES, {"value": 2000, "as_of": "2025-02-01"})
    post(UPDATES, {"value": 2500, "as_of": "2025-02-01", "supersedes": 2, "reason": "restated"})
    taken = post(UPDATES, {"supersedes": 3, "reason": "retracted", "note": "The report was withdrawn."})
    assert (taken["as_of"], taken["value"], taken["counts"]) == ("2025-02-01", None, False)
    assert seen()["figure"] == {"value": 1000, "as_of": "2025-01-01", "completion": 0.001}
    refused(editor.post(f"{UPDATES}/3/decisions", json={"review": "accepted"}), 409)
    for said, place in (
        ({"supersedes": 1, "reason": "retracted", "value": 3}, "/value"),
        ({"supersedes": 4, "reason": "retracted"}, "/supersedes"),
        ({"reason": "retracted"}, "/supersedes"),
        ({"value": 1, "as_of": "2025-03-01", "reason": "typo"}, "/supersedes"),
        ({"value": 1}, "/as_of"),
    ):
        assert pointers(refused(editor.post(UPDATES, json=said), 422)) == {place}


@pytest.mark.parametrize(
    ("said", "status", "place"),
    [
        ({}, 422, "/review"),
        ({"review": "submitted"}, 422, "/review"),
        ({"review": "accepted"}, 409, None),
        ({"review": "disputed"}, 422, "/counter_claim"),
        ({"review": "disputed", "counter_claim": {}}, 422, "/counter_claim"),
        ({"review": "returned", "reason": "x", "counter_claim": {"value": 1}}, 422, "/counter_claim"),
        ({"review": "returned", "reason": " "}, 422, "/reason"),
    ],
)
def test_a_decision_that_is_none_is_refused(
    promise: Promise,
    post: Post,
    editor: FlaskClient,
    refused: Refused,
    pointers: Any,
    said: Json,
    status: int,
    place: str | None,
) -> None:
    promise()
    post(UPDATES, {"value": 1, "as_of": "2025-11-04"})
    problem = refused(editor.post(f"{UPDATES}/1/decisions", json=said), status)
    assert pointers(problem) == ({place} if place else set())


def test_a_decision_about_nothing_is_refused(promise: Promise, editor: FlaskClient, refused: Refused) -> None:
    promise()
    refused(editor.post(f"{UPDATES}/1/decisions", json={"review": "accepted"}), 404)
    refused(editor.post("/v1/pledges/nope/progress/1/decisions", json={"review": "accepted"}), 404)


def test_news_goes_out_when_a_report_is_accepted_and_not_before(
    promise: Promise, submit: Submit, decide: Decide, editor: FlaskClient
) -> None:
    promise(contacts=[{"email": "ada@example.org"}])
    submit(value=5)

    def news() -> list[str]:
        return [a["kind"] for a in editor.get("/v1/alerts").get_json()["items"] if a["kind"] == "progress"]

    assert news() == []
    decide(1, "accepted")
    assert news() == ["progress"]
    decide(1, "disputed", reason="Is that so?")
    decide(1, "accepted")
    assert news() == ["progress"]


def test_of_figures_that_differ_the_worst_counts_until_one_is_chosen(
    promise: Promise, post: Post, seen: Seen, anybody: FlaskClient, editor: FlaskClient, refused: Refused
) -> None:
    promise()
    source = {"url": "https://example.org/a", "title": "A"}
    post(UPDATES, {"value": 250000, "as_of": "2025-11-04", "evidence": [source]})
    choice = {"as_of": "2025-11-04", "chosen": 1, "reason": "Audited."}
    assert "differ" in refused(editor.post(f"{PLEDGE}/conflicts", json=choice), 409)["detail"]
    post(UPDATES, {"value": 240000, "as_of": "2025-11-04"})
    shown = seen()
    assert shown["figure"]["value"] == 240000
    [conflict] = shown["conflicts"]
    assert [(u["id"], u["value"]) for u in conflict["updates"]] == [(1, 250000), (2, 240000)]
    assert conflict["updates"][0]["evidence"][0]["url"] == source["url"]
    assert (conflict["is_open"], conflict["choice"]) == (True, None)
    assert [flag["kind"] for flag in shown["flags"] if flag["kind"] == "conflict"] == ["conflict"]

    refused(editor.post(f"{PLEDGE}/conflicts", json=choice | {"chosen": 3}), 422)
    assert post(f"{PLEDGE}/conflicts", choice)["among"] == [1, 2]
    shown = seen()
    assert (shown["figure"]["value"], shown["conflicts"]) == (250000, [])
    assert [flag["kind"] for flag in shown["flags"] if flag["kind"] == "conflict"] == []
    [settled] = anybody.get(f"{PLEDGE}/conflicts").get_json()["items"]
    assert (settled["is_open"], settled["choice"]["chosen"]) == (False, 1)

    # What came later was not weighed; the reviewer may choose anew.
    post(UPDATES, {"value": 230000, "as_of": "2025-11-04"})
    shown = seen()
    assert (shown["figure"]["value"], len(shown["conflicts"])) == (230000, 1)
    post(f"{PLEDGE}/conflicts", choice)
    assert seen()["figure"]["value"] == 250000


def test_reports_that_differ_about_an_event_are_settled_too(promise: Promise, post: Post, seen: Seen) -> None:
    promise(milestones=[{"id": "opening", "due": "2026"}])
    for done in (True, False):
        post(UPDATES, {"done": done, "milestone": "opening", "as_of": "2025-11-04"})
    [conflict] = seen()["conflicts"]
    assert (conflict["milestone"], [u["done"] for u in conflict["updates"]]) == ("opening", [True, False])
    assert seen()["milestones"][0]["status"] != "met_on_time"
    post(f"{PLEDGE}/conflicts", {"as_of": "2025-11-04", "milestone": "opening", "chosen": 1})
    assert seen()["milestones"][0]["status"] == "met_on_time"


def test_what_is_accepted_anew_counts_again_and_is_not_told_twice(
    promise: Promise, submit: Submit, decide: Decide, seen: Seen, editor: FlaskClient
) -> None:
    promise(contacts=[{"email": "ada@example.org"}])
    submit(value=1_000_000)  # the target: tells of progress, and that it is met
    decide(1, "accepted")

    def news() -> list[str]:
        kinds = [alert["kind"] for alert in editor.get("/v1/alerts").get_json()["items"]]
        return sorted(kind for kind in kinds if kind in {"progress", "met"})

    told = news()
    assert told == ["met", "progress"]
    for number in range(2):
        decide(1, "returned", reason=f"Asked {number + 1} times.")
        assert seen()["figure"] is None
        decide(1, "accepted")
        assert seen()["figure"]["value"] == 1_000_000
    assert news() == told
