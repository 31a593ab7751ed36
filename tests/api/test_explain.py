"""GET /v1/pledges/{id}/explain: why a pledge stands where it stands, and what comes next."""

from datetime import timedelta
from typing import Any

import pytest
from flask.testing import FlaskClient

from pledgetracker.runtime import Runtime
from tests.api.conftest import Post, Promise, Refused
from tests.conftest import Clock
from tests.world import noon, tick

ADDRESS = "/v1/pledges/people-trained/explain"


@pytest.fixture
def golden(promise: Promise, post: Post) -> dict[str, Any]:
    """A million people by 2027, of whom 250,000 are reported."""
    made = promise()
    said = {"value": 250_000, "as_of": "2025-11-04", "reported_at": "2025-11-04"}
    post("/v1/pledges/people-trained/progress", said)
    return made


def explained(client: FlaskClient, query: str = "?as_of=2025-11-04") -> dict[str, Any]:
    answer = client.get(ADDRESS + query)
    assert answer.status_code == 200, answer.text
    return dict(answer.get_json())


def test_the_golden_case(anybody: FlaskClient, golden: dict[str, Any]) -> None:
    told = explained(anybody)
    assert (told["pledge"], told["today"], told["status"]) == ("people-trained", "2025-11-04", "off_track")
    pace = next(formula for formula in told["formulas"] if formula["name"] == "pace")
    assert pace == {
        "name": "pace",
        "formula": "(v − v0) / (expected − v0)",
        "with": "(250000 − 0) / (406932.931424… − 0)",
        "exact": "1327/2160",
        "result": 0.614352,
        "undefined": None,
    }
    letters = {symbol["symbol"]: symbol["value"] for symbol in told["inputs"]["symbols"]}
    assert letters == {
        "v": 250_000,
        "a": "2025-11-04",
        "v0": 0,
        "t0": "2024-05-13",
        "V": 1_000_000,
        "T": "2027-12-31",
        "today": "2025-11-04",
    }
    assert told["path"] == [
        {"name": "baseline", "day": "2024-05-13", "value": 0},
        {"name": "target", "day": "2027-12-31", "value": 1_000_000},
    ]
    [update] = told["inputs"]["updates"]
    assert (update["id"], update["value"], update["counts"], update["role"]) == (1, 250_000, True, "makes")


def test_the_numbers_are_those_of_the_pledge(anybody: FlaskClient, golden: dict[str, Any]) -> None:
    for day in ("2024-05-13", "2025-11-04", "2026-11-23", "2028-02-29"):
        shown = anybody.get(f"/v1/pledges/people-trained?as_of={day}").get_json()
        told = explained(anybody, f"?as_of={day}")
        numbers = {formula["name"]: formula["result"] for formula in told["formulas"]}
        completion = numbers.pop("completion")
        assert numbers == shown["path"]
        assert completion == (shown["figure"] and shown["figure"]["completion"])
        words = {reason["about"]: reason["word"] for reason in told["reasons"]}
        assert words == {axis: shown[axis] for axis in ("delivery", "reporting", "schedule", "status")}
        assert told["because"] == shown["because"]
        flags = [
            {key: flag[key] for key in ("kind", "milestone", "episode", "since")} for flag in told["flags"]
        ]
        assert flags == shown["flags"]


def test_what_comes_next(anybody: FlaskClient, golden: dict[str, Any]) -> None:
    coming = explained(anybody)["next"]
    assert {"on": "2026-03-05", "kind": "flag_opens", "flag": "stale"}.items() <= coming[4].items()
    [alert] = [entry for entry in coming if (entry["flag"], entry["step"]) == ("no_progress", 30)]
    assert alert == {
        "on": "2027-12-01",
        "kind": "alert",
        "flag": "no_progress",
        "milestone": "target",
        "step": 30,
        "words": "T−30 alert: 'target' is due in 30 days, with no progress.",
    }


def test_reminders_of_today_follow_from_when_the_flag_was_found(
    anybody: FlaskClient, golden: dict[str, Any], runtime: Runtime, clock: Clock
) -> None:
    # Recorded on 2026-11-23, when nothing of a figure of 2025 could be known before.
    def alerts() -> list[tuple[str, int, str]]:
        coming = explained(anybody, "")["next"]
        return [
            (e["on"], e["step"], e["words"]) for e in coming if (e["kind"], e["flag"]) == ("alert", "stale")
        ]

    assert alerts() == [
        ("2026-12-23", 30, "Alert: stale, for 30 days; it speaks for 1 more."),
        ("2027-01-22", 60, "Alert: stale, for 60 days; it speaks for 1 more."),
        ("2027-02-21", 90, "Alert: stale, for 90 days; it speaks for 1 more."),
    ]
    before = alerts()
    clock.now = noon("2026-12-23")
    tick(runtime)
    assert alerts() == before[1:]


def test_an_event_and_a_pledge_without_anything_are_explained_too(
    anybody: FlaskClient, promise: Promise
) -> None:
    promise(comparator="event", target=..., unit=..., due=..., milestones=[{"id": "begun", "due": "2025"}])
    told = explained(anybody, "")
    assert {formula["result"] for formula in told["formulas"]} == {None}
    assert {formula["undefined"] for formula in told["formulas"]} == {
        "An event is done or not; it has no figure."
    }
    assert told["path"] == []
    assert [(found["id"], found["status"]) for found in told["milestones"]] == [("begun", "overdue")]


def test_who_has_it_is_told_so_until_something_changes(
    anybody: FlaskClient, golden: dict[str, Any], post: Post
) -> None:
    tag = anybody.get(ADDRESS).headers["ETag"]
    again = anybody.get(ADDRESS, headers={"If-None-Match": tag})
    assert (again.status_code, again.data) == (304, b"")
    post("/v1/pledges/people-trained/progress", {"value": 300_000, "as_of": "2026-11-20"})
    assert anybody.get(ADDRESS, headers={"If-None-Match": tag}).status_code == 200


def test_an_explanation_of_what_was_known_never_changes_again(
    anybody: FlaskClient, golden: dict[str, Any], post: Post, clock: Clock, runtime: Runtime
) -> None:
    query = f"?known_at={clock.now:%Y-%m-%dT%H:%M:%SZ}"
    clock.now += timedelta(days=1)
    before = explained(anybody, query)
    assert before["today"] == "2026-11-23"
    post("/v1/pledges/people-trained/progress", {"value": 700_000, "as_of": "2026-11-01"})
    tick(runtime)
    assert explained(anybody, query) == before
    assert explained(anybody, "")["status"] != before["status"]


def test_of_nothing_there_is_no_explanation(anybody: FlaskClient, refused: Refused) -> None:
    refused(anybody.get("/v1/pledges/none/explain"), 404)
    refused(anybody.get(f"{ADDRESS}?as_of=soon"), 422)
