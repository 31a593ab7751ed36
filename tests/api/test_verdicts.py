"""Verdicts over HTTP: ruled under a rubric, replaced, taken back, suggested."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from pledgetracker.domain.access import Scope
from pledgetracker.runtime import Runtime
from tests.api.conftest import Post, Promise, Refused
from tests.conftest import Clock, client_of, key_of

ADDRESS = "/v1/pledges/people-trained"
VERDICTS = f"{ADDRESS}/verdicts"
SOURCE = {"url": "https://example.org/report", "title": "Report"}
BROKEN = {
    "rubric": "political",
    "rating": "broken",
    "ruled_by": "Ann Lee",
    "reason": "The programme was closed.",
    "evidence": [SOURCE],
}
STALLED = {"rubric": "political", "rating": "stalled", "ruled_by": "Ann Lee", "reason": "No courses."}
Pointers = Callable[[dict[str, Any]], set[str]]


def in_force(client: FlaskClient, query: str = "") -> list[tuple[str, int, str]]:
    """What the pledge shows."""
    shown = client.get(f"{ADDRESS}{query}").get_json()["verdicts"]
    return [(verdict["rubric"], verdict["rubric_version"], verdict["rating"]) for verdict in shown]


def test_a_verdict_is_where_its_location_says_and_keeps_all_it_was_told(
    editor: FlaskClient, anybody: FlaskClient, pledge: dict[str, Any]
) -> None:
    said = BROKEN | {"rubric_version": 1, "ruled_on": "2026-11-01", "reason": "Closed.\nFor good."}
    answer = editor.post(VERDICTS, json=said)
    assert (answer.status_code, answer.location) == (201, f"{VERDICTS}/1")
    shown = answer.get_json()
    assert {name: shown[name] for name in said if name != "evidence"} == {
        name: value for name, value in said.items() if name != "evidence"
    }
    assert shown["evidence"] == [
        SOURCE | dict.fromkeys(("publisher", "published_on", "archived_url", "quote"))
    ]
    # Each change of a record has an instant of its own.
    assert (shown["id"], shown["recorded_at"]) == (1, "2026-11-23T12:00:00.000001Z")
    assert (shown["retracts"], shown["retracted_by"]) == (None, None)
    assert anybody.get(answer.location).data == answer.data
    assert anybody.get(ADDRESS).get_json()["verdicts"] == [shown]


def test_what_is_not_said_is_today_and_the_newest_version(post: Post, pledge: dict[str, Any]) -> None:
    shown = post(VERDICTS, STALLED)
    assert (shown["ruled_on"], shown["rubric_version"], shown["evidence"]) == ("2026-11-23", 1, [])


def test_what_get_shows_of_a_verdict_can_be_sent_again(post: Post, pledge: dict[str, Any]) -> None:
    first = post(VERDICTS, BROKEN)
    again = post(VERDICTS, first)
    assert again == first | {"id": 2, "recorded_at": again["recorded_at"]}
    taken_back = post(VERDICTS, {"retracts": 1, "ruled_by": "Ann Lee", "reason": "Wrong pledge."})
    again = post(VERDICTS, taken_back | {"retracts": 2})
    assert again == taken_back | {"id": 4, "retracts": 2, "recorded_at": again["recorded_at"]}


def test_a_verdict_makes_a_version_and_never_a_status(
    editor: FlaskClient, post: Post, pledge: dict[str, Any]
) -> None:
    post(VERDICTS, BROKEN)
    after = editor.get(ADDRESS).get_json()
    changed = {name for name in after if after[name] != pledge[name]}
    assert changed == {"version", "updated_at", "verdicts"}
    assert after["version"] == pledge["version"] + 1


def test_a_day_shows_the_verdicts_in_force_on_it(
    anybody: FlaskClient, post: Post, pledge: dict[str, Any]
) -> None:
    post(VERDICTS, BROKEN | {"ruled_on": "2026-10-01"})
    post(VERDICTS, STALLED | {"ruled_on": "2026-03-01"})
    post(VERDICTS, {**STALLED, "rubric": "colours", "rating": "red", "ruled_on": "2026-05-01"})
    assert in_force(anybody) == [("colours", 1, "red"), ("political", 1, "broken")]
    assert in_force(anybody, "?as_of=2026-09-30") == [("colours", 1, "red"), ("political", 1, "stalled")]
    assert in_force(anybody, "?as_of=2026-04-30") == [("political", 1, "stalled")]
    assert in_force(anybody, "?as_of=2026-02-28") == []


def test_a_new_version_of_a_rubric_gives_a_new_verdict_beside_the_old(
    anybody: FlaskClient, post: Post, pledge: dict[str, Any]
) -> None:
    words = {"title": {"en": "A"}, "meaning": {"en": "B."}}
    scale = {"name": "house", "title": {"en": "House"}, "ratings": [{"id": k, **words} for k in ("a", "b")]}
    post("/v1/rubrics", scale)
    post(VERDICTS, {**STALLED, "rubric": "house", "rating": "a"})
    post("/v1/rubrics", scale)
    post(VERDICTS, {**STALLED, "rubric": "house", "rating": "b"})
    post(VERDICTS, {**STALLED, "rubric": "house", "rubric_version": 1, "rating": "b"})
    assert in_force(anybody) == [("house", 1, "b"), ("house", 2, "b")]


def test_what_was_recorded_by_mistake_is_taken_back_by_a_row_and_stays_on_record(
    editor: FlaskClient, anybody: FlaskClient, post: Post, pledge: dict[str, Any], refused: Refused
) -> None:
    post(VERDICTS, STALLED)
    post(VERDICTS, BROKEN)
    mistake = {"retracts": 2, "ruled_by": "Bo", "reason": "It was another pledge."}
    row = post(VERDICTS, mistake)
    assert (row["rubric"], row["rubric_version"], row["rating"]) == ("political", 1, None)
    assert in_force(anybody) == [("political", 1, "stalled")]
    listed = anybody.get(VERDICTS).get_json()["items"]
    assert [(item["rating"], item["retracts"], item["retracted_by"]) for item in listed] == [
        ("stalled", None, None),
        ("broken", None, 3),
        (None, 2, None),
    ]
    problem = refused(editor.post(VERDICTS, json=mistake), 409)
    assert problem["type"] == "/docs#problem-already-retracted"


def test_the_tag_of_a_verdict_changes_when_it_is_taken_back(
    anybody: FlaskClient, post: Post, pledge: dict[str, Any]
) -> None:
    post(VERDICTS, STALLED)
    known = {"If-None-Match": anybody.get(f"{VERDICTS}/1").headers["ETag"]}
    assert anybody.get(f"{VERDICTS}/1", headers=known).status_code == 304
    post(VERDICTS, {"retracts": 1, "ruled_by": "Bo", "reason": "A mistake."})
    assert anybody.get(f"{VERDICTS}/1", headers=known).get_json()["retracted_by"] == 2


def test_the_list_is_sorted_and_comes_in_pages(
    anybody: FlaskClient, post: Post, pledge: dict[str, Any]
) -> None:
    for day in ("2026-03-01", "2026-01-01", "2026-02-01", "2026-02-01"):
        post(VERDICTS, STALLED | {"ruled_on": day})
    for sort, wanted in (("id", [1, 2, 3, 4]), ("ruled_on", [2, 3, 4, 1]), ("-ruled_on", [1, 4, 3, 2])):
        found, query = [], {"sort": sort, "limit": "1"}
        while query.get("cursor", "") is not None:
            page = anybody.get(VERDICTS, query_string=query).get_json()
            found += [item["id"] for item in page["items"]]
            query["cursor"] = page["next_cursor"]
        assert found == wanted


@pytest.mark.parametrize(
    ("changes", "places"),
    [
        ({"rubric": None}, {"/rubric"}),
        ({"rating": None}, {"/rating"}),
        ({"rubric": None, "rating": None}, {"/rubric", "/rating"}),
        ({"rubric": "hearsay"}, {"/rubric"}),
        ({"rubric": "Political"}, {"/rubric"}),
        ({"rubric_version": 2}, {"/rubric_version"}),
        ({"rating": "green"}, {"/rating"}),
        ({"rating": "kept?"}, {"/rating"}),
        ({"ruled_on": "2026-11-24"}, {"/ruled_on"}),
        ({"ruled_on": "2024-05-12"}, {"/ruled_on"}),
        ({"ruled_on": "2026-11"}, {"/ruled_on"}),
        ({"ruled_on": "2026-11-24", "rating": "green"}, {"/ruled_on", "/rating"}),
        ({"ruled_by": None}, {"/ruled_by"}),
        ({"reason": " "}, {"/reason"}),
        ({"evidence": []}, {"/evidence"}),
        ({"evidence": [{"published_on": "2026-01-01"}]}, {"/evidence/0"}),
        ({"retracts": 1}, {"/retracts"}),
        ({"retracts": 0}, {"/retracts"}),
        ({"colour": "red"}, {"/colour"}),
    ],
)
def test_what_does_not_fit_is_refused_by_its_place(
    editor: FlaskClient,
    pledge: dict[str, Any],
    refused: Refused,
    pointers: Pointers,
    changes: dict[str, Any],
    places: set[str],
) -> None:
    assert pointers(refused(editor.post(VERDICTS, json=BROKEN | changes), 422)) == places
    assert editor.get(ADDRESS).get_json() == pledge


@pytest.mark.parametrize(
    ("changes", "place"),
    [
        ({"rating": "stalled"}, "/rating"),
        ({"rubric": "colours"}, "/rubric"),
        ({"rubric_version": 2}, "/rubric_version"),
        ({"ruled_on": "2026-11-24"}, "/ruled_on"),
        ({"retracts": 2}, "/retracts"),
        ({"retracts": 3}, "/retracts"),
    ],
)
def test_what_takes_a_verdict_back_gives_none(
    editor: FlaskClient,
    post: Post,
    pledge: dict[str, Any],
    refused: Refused,
    pointers: Pointers,
    changes: dict[str, Any],
    place: str,
) -> None:
    post(VERDICTS, STALLED)
    post(VERDICTS, {"retracts": 1, "ruled_by": "Bo", "reason": "A mistake."})
    post(VERDICTS, BROKEN)
    # Row 2 takes a verdict back itself, and there is no row 4.
    said = {"retracts": 3, "ruled_by": "Bo", "reason": "No.", **changes}
    if said["retracts"] == 3 and place == "/retracts":
        said["retracts"] = 4
    assert pointers(refused(editor.post(VERDICTS, json=said), 422)) == {place}


def test_today_is_the_day_where_the_pledge_is(editor: FlaskClient, promise: Promise, clock: Clock) -> None:
    promise(time_zone="Pacific/Kiritimati")
    clock.now = datetime(2026, 11, 23, 12, tzinfo=UTC)
    answer = editor.post(VERDICTS, json=STALLED | {"ruled_on": "2026-11-24"})
    assert answer.status_code == 201, answer.text


def test_who_only_writes_does_not_rule(app: Flask, runtime: Runtime, pledge: dict[str, Any]) -> None:
    for scope, status in ((Scope.PROGRESS, 403), (Scope.WRITE, 403), (Scope.REVIEW, 201)):
        client = client_of(app, key_of(runtime, scope))
        assert client.post(VERDICTS, json=STALLED).status_code == status


def test_a_repeated_request_rules_once(
    editor: FlaskClient, anybody: FlaskClient, pledge: dict[str, Any]
) -> None:
    first, second = (
        editor.post(VERDICTS, json=STALLED, headers={"Idempotency-Key": "one"}) for _ in range(2)
    )
    assert (second.status_code, second.data, second.location) == (201, first.data, first.location)
    assert second.headers["Idempotent-Replayed"] == "true"
    assert len(anybody.get(VERDICTS).get_json()["items"]) == 1


def test_the_audit_log_tells_of_a_verdict_and_of_what_takes_it_back(
    app: Flask, runtime: Runtime, post: Post, pledge: dict[str, Any]
) -> None:
    post(VERDICTS, STALLED)
    post(VERDICTS, {"retracts": 1, "ruled_by": "Bo", "reason": "A mistake."})
    admin = client_of(app, key_of(runtime, Scope.ADMIN))
    first, second = admin.get("/v1/audit?kind=verdict").get_json()["items"]
    assert (first["action"], first["subject"], first["before"]) == ("verdict.record", "people-trained", None)
    assert (first["after"]["rating"], first["after"]["ruled_by"]) == ("stalled", "Ann Lee")
    assert (second["action"], second["before"]) == ("verdict.record", first["after"])
    assert (second["after"]["retracts"], second["after"]["reason"]) == (1, "A mistake.")


def test_a_pledge_that_was_ruled_on_stays(
    editor: FlaskClient, post: Post, pledge: dict[str, Any], refused: Refused
) -> None:
    post(VERDICTS, STALLED)
    assert "verdicts" in refused(editor.delete(ADDRESS), 409)["detail"]


@pytest.mark.parametrize(
    "address", ["nope/verdicts", "nope/verdicts/suggestions", "people-trained/verdicts/1"]
)
def test_what_is_not_there_is_not_found(
    anybody: FlaskClient, pledge: dict[str, Any], refused: Refused, address: str
) -> None:
    refused(anybody.get(f"/v1/pledges/{address}"), 404)


def test_the_history_of_the_pledge_tells_of_rulings_and_of_what_takes_them_back(
    anybody: FlaskClient, post: Post, pledge: dict[str, Any]
) -> None:
    post(VERDICTS, STALLED | {"ruled_on": "2026-11-01"})
    post(VERDICTS, {"retracts": 1, "ruled_by": "Bo", "reason": "A mistake."})
    told = [item for item in anybody.get(f"{ADDRESS}/history").get_json()["items"] if item["what"] == "ruled"]
    assert [(item["day"], item["by"], item["summary"]) for item in told] == [
        (
            "2026-11-01",
            "Ann Lee",
            "Ruled stalled under political (version 1), from 1 November 2026: No courses.",
        ),
        ("2026-11-23", "Bo", "Verdict 1 under political (version 1) is taken back: A mistake."),
    ]


def suggested(client: FlaskClient, query: str = "") -> dict[str, dict[str, Any]]:
    items = client.get(f"{VERDICTS}/suggestions{query}").get_json()["items"]
    return {item["rubric"]: item for item in items}


def test_the_tracker_suggests_and_decides_nothing(
    anybody: FlaskClient, post: Post, pledge: dict[str, Any]
) -> None:
    post(f"{ADDRESS}/progress", {"value": 100000, "as_of": "2026-11-01"})
    found = suggested(anybody)
    assert {name: (item["rating"], item["finding"]) for name, item in found.items()} == {
        "colours": ("red", "off_track"),
        "completion": ("limited", "less_than_half"),
        "ocds-milestone": ("scheduled", "off_track"),
        "political": ("in_the_works", "off_track"),
    }
    assert found["political"]["rubric_version"] == 1
    assert "100,000 people reported as of 1 November 2026" in found["political"]["reason"]
    assert in_force(anybody) == []


def test_a_suggestion_can_be_had_for_any_day(anybody: FlaskClient, pledge: dict[str, Any]) -> None:
    assert suggested(anybody)["political"]["rating"] == "not_yet_rated"
    late = suggested(anybody, "?as_of=2030-01-01")
    assert (late["political"]["rating"], late["political"]["finding"]) == ("not_yet_rated", "no_report_ever")
    assert (late["ocds-milestone"]["rating"], late["colours"]["rating"]) == (None, None)


def test_the_newest_version_of_an_own_rubric_suggests(
    anybody: FlaskClient, post: Post, pledge: dict[str, Any]
) -> None:
    words = {"title": {"en": "A"}, "meaning": {"en": "B."}}
    for finding in ("no_report_ever", "no_report_yet"):
        rated = [{"id": "a", "suggested_on": [finding], **words}, {"id": "b", **words}]
        post("/v1/rubrics", {"name": "house", "title": {"en": "House"}, "ratings": rated})
    house = suggested(anybody)["house"]
    assert (house["rubric_version"], house["rating"]) == (2, "a")


def test_what_was_known_then_stays_as_it_was(
    anybody: FlaskClient, post: Post, pledge: dict[str, Any], clock: Clock, refused: Refused
) -> None:
    """Ruled at 13:00, taken back at 14:00, a rubric added at 15:00."""

    def known(hour: int) -> list[bytes]:
        parts = ("", "/verdicts", "/verdicts/1", "/verdicts/suggestions")
        answers = [anybody.get(f"{ADDRESS}{part}?known_at=2026-11-23T{hour}:30:00Z") for part in parts]
        return [answer.data for answer in answers]

    words = {"title": {"en": "A"}, "meaning": {"en": "B."}}
    scale = {"name": "house", "title": {"en": "House"}, "ratings": [{"id": k, **words} for k in ("a", "b")]}
    steps: list[tuple[str, dict[str, Any]]] = [
        (VERDICTS, STALLED | {"ruled_on": "2026-11-01"}),
        (VERDICTS, {"retracts": 1, "ruled_by": "Bo", "reason": "A mistake."}),
        ("/v1/rubrics", scale),
    ]
    told: dict[int, list[bytes]] = {}
    for hour, (address, document) in enumerate(steps, 13):
        clock.now = datetime(2026, 11, 23, hour, tzinfo=UTC)
        post(address, document)
        clock.now = datetime(2026, 11, 23, hour, 45, tzinfo=UTC)
        told[hour - 1], told[hour] = known(hour - 1), known(hour)
        assert {then: known(then) for then in told} == told
    assert in_force(anybody, "?known_at=2026-11-23T12:30:00Z") == []
    assert in_force(anybody, "?known_at=2026-11-23T13:30:00Z") == [("political", 1, "stalled")]
    assert in_force(anybody, "?known_at=2026-11-23T13:30:00Z&as_of=2026-10-31") == []
    assert in_force(anybody, "?known_at=2026-11-23T14:30:00Z") == []
    refused(anybody.get(f"{VERDICTS}/1?known_at=2026-11-23T12:30:00Z"), 404)
    assert "house" not in suggested(anybody, "?known_at=2026-11-23T14:30:00Z")
    assert "house" in suggested(anybody, "?known_at=2026-11-23T15:30:00Z")
    refused(anybody.get(f"{VERDICTS}?known_at=2026-11-23T15:50:00Z"), 422)
