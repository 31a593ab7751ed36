"""Pledges over HTTP: recorded, changed, moved, withdrawn, deleted."""

from collections.abc import Callable
from typing import Any

import pytest
from flask.testing import FlaskClient

from tests.api.conftest import PLEDGE, Post, Promise, Refused
from tests.conftest import Clock

ADDRESS = "/v1/pledges/people-trained"
Pointers = Callable[[dict[str, Any]], set[str]]


def test_a_new_pledge_is_where_its_location_says(
    editor: FlaskClient, anybody: FlaskClient, acme: dict[str, Any]
) -> None:
    answer = editor.post("/v1/pledges", json=PLEDGE)
    assert (answer.status_code, answer.location) == (201, ADDRESS)
    shown = anybody.get(answer.location)
    assert shown.status_code == 200
    assert shown.data == answer.data
    assert shown.get_json()["version"] == 1


def test_what_is_not_said_gets_its_default(promise: Promise) -> None:
    made = promise(id=..., target=..., due=..., time_zone=..., indicator=..., unit=...)
    assert made["id"] == "a-million-people-trained"
    assert (made["comparator"], made["time_zone"], made["due"]) == ("at_least", "UTC", None)
    assert made["baseline"] == {"value": 0, "date": "2024-05-13"}
    assert (made["cadence_days"], made["grace_days"], made["milestones"]) == (90, 30, [])
    assert promise(id=...)["id"] == "a-million-people-trained-2"
    assert promise(id=..., title="\u03a5\u03c0\u03cc\u03c3\u03c7\u03b5\u03c3\u03b7")["id"] == "pledge"


def test_milestones_stand_in_the_order_of_their_days_however_they_were_said(
    editor: FlaskClient, promise: Promise
) -> None:
    late, early = ({"id": key, "due": due} for key, due in (("late", "2026-06-30"), ("early", "2025-06-30")))
    made = promise(milestones=[late, early])
    assert [stage["id"] for stage in made["milestones"]] == ["early", "late", "target"]
    for milestones in ([early, late], [late, early]):
        changed = editor.patch(ADDRESS, json={"milestones": milestones}).get_json()
        assert changed["version"] == made["version"]
    answer = editor.patch(ADDRESS, json={"milestones": [late, early | {"due": "2028"}]})
    assert [error["pointer"] for error in answer.get_json()["errors"]] == ["/milestones/1/due"]


def test_an_id_can_be_given_once(editor: FlaskClient, pledge: dict[str, Any], refused: Refused) -> None:
    told = refused(editor.post("/v1/pledges", json=PLEDGE), 409)
    assert told["type"] == "/docs#problem-already-exists"


def test_every_missing_field_is_named_at_once(
    editor: FlaskClient, refused: Refused, pointers: Pointers
) -> None:
    told = refused(editor.post("/v1/pledges", json={}), 422)
    assert pointers(told) == {"/title", "/pledger", "/announced_on"}
    assert "And 2 more" in told["detail"]


@pytest.mark.parametrize(
    ("text", "precision", "date"),
    [
        ("2027", "year", "2027-12-31"),
        ("2027-Q1", "quarter", "2027-03-31"),
        ("2028-02", "month", "2028-02-29"),
        ("2027-06-30", "day", "2027-06-30"),
    ],
)
def test_a_due_date_keeps_its_words_and_ends_with_its_period(
    promise: Promise, text: str, precision: str, date: str
) -> None:
    expected = {
        "text": text,
        "precision": precision,
        "date": date,
        "original_date": date,
        "time_zone": "Europe/Paris",
    }
    assert promise(due=text)["due"] == expected
    assert promise(id="again", due=expected)["due"] == expected
    assert (
        promise(id="third", due={"text": text, "time_zone": "Europe/Paris"}, time_zone=...)["due"] == expected
    )
    only_day = promise(id="fourth", due={"date": date})["due"]
    assert (only_day["text"], only_day["date"], only_day["precision"]) == (date, date, "day")


def test_all_days_of_a_pledge_are_of_one_zone(
    editor: FlaskClient, acme: dict[str, Any], refused: Refused, pointers: Pointers
) -> None:
    tokyo = {"text": "2027", "time_zone": "Asia/Tokyo"}
    told = refused(editor.post("/v1/pledges", json=PLEDGE | {"due": tokyo}), 422)
    assert pointers(told) == {"/due/time_zone"}
    stages = [{"id": "a", "due": "2025"}, {"id": "b", "due": tokyo | {"text": "2026"}}]
    told = refused(editor.post("/v1/pledges", json=PLEDGE | {"milestones": stages}), 422)
    assert pointers(told) == {"/milestones/1/due/time_zone"}
    made = editor.post(
        "/v1/pledges", json={**PLEDGE, "time_zone": "Asia/Tokyo", "milestones": stages}
    ).get_json()
    assert made["milestones"][0]["due"]["time_zone"] == "Asia/Tokyo"


def test_a_zone_named_by_a_milestone_alone_is_the_pledges(promise: Promise) -> None:
    stage = {"id": "a", "due": {"text": "2025", "time_zone": "Asia/Tokyo"}}
    assert promise(time_zone=..., milestones=[stage])["time_zone"] == "Asia/Tokyo"


OWN = {"id": "target", "due": "2027", "target": 1000000}


@pytest.mark.parametrize(
    ("own", "problem"),
    [
        (OWN, None),
        (
            OWN | {"due": {"text": "2027", "time_zone": "Europe/Paris"}, "set_by": "pledger", "title": None},
            None,
        ),
        (OWN | {"due": "2028"}, "/milestones/1"),
        (OWN | {"due": "2027-12-31"}, "/milestones/1"),
        (OWN | {"target": 5}, "/milestones/1"),
        (OWN | {"target": None}, "/milestones/1"),
        (OWN | {"title": "The end"}, "/milestones/1"),
        (OWN | {"set_by": "tracker"}, "/milestones/1"),
    ],
)
def test_the_target_repeated_as_a_milestone_must_agree(
    editor: FlaskClient,
    promise: Promise,
    refused: Refused,
    pointers: Pointers,
    own: dict[str, Any],
    problem: str | None,
) -> None:
    before = promise()
    stages = [{"id": "half", "due": "2026", "target": 5}, own]
    calls = [
        editor.post("/v1/pledges", json=PLEDGE | {"id": "new", "milestones": stages}),
        # Here target and deadline are left out, and are those on record.
        editor.patch(ADDRESS, json={"milestones": stages}),
    ]
    for answer in calls:
        if problem is None:
            assert [stage["id"] for stage in answer.get_json()["milestones"]] == ["half", "target"]
        else:
            assert pointers(refused(answer, 422)) == {problem}
    if problem is not None:
        assert editor.get(ADDRESS).get_json() == before


def test_the_target_cannot_be_repeated_twice_or_where_there_is_no_deadline(
    editor: FlaskClient, acme: dict[str, Any], refused: Refused, pointers: Pointers
) -> None:
    told = refused(editor.post("/v1/pledges", json=PLEDGE | {"milestones": [OWN, OWN]}), 422)
    assert pointers(told) == {"/milestones"}
    told = refused(editor.post("/v1/pledges", json=PLEDGE | {"due": None, "milestones": [OWN]}), 422)
    assert pointers(told) == {"/milestones/0"}


def test_two_hundred_milestones_fit_and_come_back(
    editor: FlaskClient, promise: Promise, refused: Refused
) -> None:
    def stages(number: int) -> list[dict[str, Any]]:
        days = [f"2025-{month:02}-{day:02}" for month in range(1, 10) for day in range(1, 29)]
        return [{"id": f"m-{i}", "due": days[i]} for i in range(number)]

    made = promise(milestones=stages(200))
    assert len(made["milestones"]) == 201
    assert editor.patch(ADDRESS, json=made).get_json() == made
    refused(editor.post("/v1/pledges", json=PLEDGE | {"id": "new", "milestones": stages(201)}), 422)


def test_a_change_changes_what_it_names_and_counts_the_version_up(
    editor: FlaskClient, pledge: dict[str, Any], clock: Clock
) -> None:
    clock.now = clock.now.replace(hour=13)
    changed = editor.patch(ADDRESS, json={"title": "New", "unit": None}).get_json()
    expected = {"title": "New", "unit": None, "version": 2, "updated_at": "2026-11-23T13:00:00Z"}
    ignored = {"because", "quality"}
    assert {k: v for k, v in changed.items() if k not in ignored} == {
        k: v for k, v in (pledge | expected).items() if k not in ignored
    }
    assert editor.get(ADDRESS).get_json() == changed


def test_a_change_of_nothing_is_none(editor: FlaskClient, pledge: dict[str, Any], clock: Clock) -> None:
    clock.now = clock.now.replace(hour=13)
    for nothing in ({}, {"title": pledge["title"]}, {"id": "people-trained"}, {"due": "2027"}, pledge):
        assert editor.patch(ADDRESS, json=nothing).get_json() == pledge


def test_a_baseline_changes_in_part_and_goes_back_to_nothing_on_the_day_of_the_announcement(
    editor: FlaskClient, pledge: dict[str, Any]
) -> None:
    for said, expected in (
        ({"value": 5}, {"value": 5, "date": "2024-05-13"}),
        ({"date": "2024-06-01"}, {"value": 5, "date": "2024-06-01"}),
        ({}, {"value": 5, "date": "2024-06-01"}),
        (None, {"value": 0, "date": "2024-05-13"}),
    ):
        assert editor.patch(ADDRESS, json={"baseline": said}).get_json()["baseline"] == expected


def test_a_new_deadline_is_a_move_and_hides_nothing(editor: FlaskClient, pledge: dict[str, Any]) -> None:
    moved = editor.patch(ADDRESS, json={"due": "2028"}).get_json()
    assert moved["due"]["date"] == "2028-12-31"
    assert moved["due"]["original_date"] == "2027-12-31"
    [move] = moved["reschedules"]
    assert (move["moved_by"], move["announced_on"], move["due"]["text"]) == ("tracker", "2026-11-23", "2028")
    assert editor.get(f"{ADDRESS}?as_of=2026-11-22").get_json()["due"]["text"] == "2027"
    dropped = editor.patch(ADDRESS, json={"due": None}).get_json()
    assert (dropped["due"], dropped["schedule"], len(dropped["reschedules"])) == (None, "unknown", 2)
    again = editor.patch(ADDRESS, json={"due": "2030-Q1"}).get_json()
    # Each row tells by itself from which deadline it moved to which.
    assert [
        (row["old"] and row["old"]["text"], row["due"] and row["due"]["text"]) for row in again["reschedules"]
    ] == [
        ("2027", "2028"),
        ("2028", None),
        (None, "2030-Q1"),
    ]


def test_a_move_told_late_moved_the_deadline_announced_before_it(promise: Promise, post: Post) -> None:
    promise(due="2027")
    post(f"{ADDRESS}/reschedules", {"due": "2029", "announced_on": "2026-05-01"})
    shown = post(f"{ADDRESS}/reschedules", {"due": "2028", "announced_on": "2025-05-01"})
    first, second = shown["reschedules"]
    assert (first["old"]["date"], first["due"]["date"]) == ("2028-12-31", "2029-12-31")
    assert (second["old"]["date"], second["due"]["date"]) == ("2027-12-31", "2028-12-31")


def test_a_move_counts_from_its_announcement_and_lateness_knows_both_dates(
    editor: FlaskClient, anybody: FlaskClient, promise: Promise, clock: Clock
) -> None:
    promise(due="2026-06-30")
    move = {
        "due": "2026-09-30",
        "announced_on": "2026-05-01",
        "moved_by": "pledger",
        "reason": "Late.",
        "source": {"url": "https://example.org/late"},
    }
    answer = editor.post(f"{ADDRESS}/reschedules", json=move)
    assert (answer.status_code, answer.location) == (201, ADDRESS)
    shown = answer.get_json()
    assert shown["lateness"] == {"current": 54, "original": 146}
    assert shown["due"] == {
        "text": "2026-09-30",
        "precision": "day",
        "date": "2026-09-30",
        "original_date": "2026-06-30",
        "time_zone": "Europe/Paris",
    }
    kept = shown["reschedules"][0]
    assert {name: kept[name] for name in ("announced_on", "moved_by", "reason")} == {
        name: move[name] for name in ("announced_on", "moved_by", "reason")
    }
    before, after = (
        anybody.get(f"{ADDRESS}?as_of={day}").get_json()["due"]["date"]
        for day in ("2026-04-30", "2026-05-01")
    )
    assert (before, after) == ("2026-06-30", "2026-09-30")


@pytest.mark.parametrize(
    ("move", "place"),
    [
        ({}, "/due"),
        ({"due": "2027"}, "/due"),
        ({"due": "2024-05-13"}, "/due"),
        ({"due": "2026"}, "/due"),
        ({"due": {"text": "2028", "time_zone": "Asia/Tokyo"}}, "/due/time_zone"),
        ({"due": "2028", "announced_on": "2026-11-24"}, "/announced_on"),
        ({"due": "2028", "announced_on": "2024-05-12"}, "/announced_on"),
        ({"due": "2028", "moved_by": "us"}, "/moved_by"),
        ({"due": "2028", "source": {}}, "/source"),
    ],
)
def test_a_move_that_cannot_be_is_refused_by_its_place(
    editor: FlaskClient,
    promise: Promise,
    refused: Refused,
    pointers: Pointers,
    move: dict[str, Any],
    place: str,
) -> None:
    before = promise(milestones=[{"id": "half", "due": "2026-12"}])
    assert pointers(refused(editor.post(f"{ADDRESS}/reschedules", json=move), 422)) == {place}
    assert editor.get(ADDRESS).get_json() == before


def test_a_deadline_can_be_dropped(post: Post, pledge: dict[str, Any]) -> None:
    dropped = post(f"{ADDRESS}/reschedules", {"due": None, "moved_by": "pledger"})
    assert (dropped["due"], dropped["reschedules"][0]["due"]) == (None, None)


def test_a_pledge_without_a_deadline_can_be_given_one(editor: FlaskClient, promise: Promise) -> None:
    promise(due=None)
    given = editor.patch(ADDRESS, json={"due": "2028"}).get_json()["due"]
    assert (given["date"], given["original_date"]) == ("2028-12-31", None)
    assert editor.patch(ADDRESS, json=editor.get(ADDRESS).get_json()).get_json()["version"] == 2


def test_a_withdrawal_is_recorded_once_and_can_be_rescinded(
    editor: FlaskClient, anybody: FlaskClient, pledge: dict[str, Any], refused: Refused
) -> None:
    refused(editor.delete(f"{ADDRESS}/withdrawal"), 404)
    said = {"on": "2026-11-01", "reason": "No.", "source": {"title": "A letter"}}
    answer = editor.post(f"{ADDRESS}/withdrawal", json=said)
    assert (answer.status_code, answer.location) == (201, ADDRESS)
    withdrawn = answer.get_json()
    assert (withdrawn["status"], withdrawn["schedule"], withdrawn["flags"]) == ("withdrawn", "unknown", [])
    assert (withdrawn["withdrawal"]["on"], withdrawn["withdrawal"]["reason"]) == ("2026-11-01", "No.")
    assert anybody.get(f"{ADDRESS}?as_of=2026-10-31").get_json()["status"] != "withdrawn"
    told = refused(editor.post(f"{ADDRESS}/withdrawal", json={}), 409)
    assert told["type"] == "/docs#problem-already-withdrawn"
    stands = editor.delete(f"{ADDRESS}/withdrawal")
    assert (stands.status_code, stands.get_json()["withdrawal"]) == (200, None)
    assert editor.post(f"{ADDRESS}/withdrawal", json={}).get_json()["withdrawal"]["on"] == "2026-11-23"


def test_a_pledge_cannot_be_withdrawn_before_it_was_made(
    editor: FlaskClient, pledge: dict[str, Any], refused: Refused, pointers: Pointers
) -> None:
    told = refused(editor.post(f"{ADDRESS}/withdrawal", json={"on": "2024-05-12"}), 422)
    assert pointers(told) == {"/on"}


def test_only_a_pledge_without_a_history_can_be_deleted(
    editor: FlaskClient, promise: Promise, post: Post, refused: Refused
) -> None:
    promise()
    answer = editor.delete(ADDRESS)
    assert (answer.status_code, answer.data) == (204, b"")
    refused(editor.get(ADDRESS), 404)
    refused(editor.delete(ADDRESS), 404)
    assert promise()["version"] == 1
    post(f"{ADDRESS}/progress", {"value": 1, "as_of": "2026-01-01"})
    post(f"{ADDRESS}/reschedules", {"due": "2028"})
    post(f"{ADDRESS}/withdrawal", {})
    told = refused(editor.delete(ADDRESS), 409)
    for holder in ("progress updates", "moves of its deadline", "a withdrawal", "withdraw it instead"):
        assert holder in told["detail"]
    assert editor.get(ADDRESS).status_code == 200


def test_a_milestone_that_was_reported_done_stays(
    editor: FlaskClient, promise: Promise, post: Post, refused: Refused
) -> None:
    promise(milestones=[{"id": "opening", "due": "2026"}])
    post(f"{ADDRESS}/progress", {"done": True, "milestone": "opening", "as_of": "2026-01-01"})
    for stages in ([], [{"id": "opening", "due": "2026", "target": 5}]):
        told = refused(editor.patch(ADDRESS, json={"milestones": stages}), 409)
        assert "'opening'" in told["detail"]
    assert editor.patch(ADDRESS, json={"milestones": [{"id": "opening", "due": "2025"}]}).status_code == 200


def test_changes_of_what_is_not_there_are_refused(editor: FlaskClient, refused: Refused) -> None:
    nobody = "/v1/pledges/nobody"
    refused(editor.patch(nobody, json={"title": "x"}), 404)
    refused(editor.post(f"{nobody}/reschedules", json={"due": "2028"}), 404)
    refused(editor.post(f"{nobody}/withdrawal", json={}), 404)
    refused(editor.delete(f"{nobody}/withdrawal"), 404)
    refused(editor.get(f"{nobody}/contacts"), 404)
    refused(editor.post(f"{nobody}/progress", json={"value": 1, "as_of": "2026-01-01"}), 404)


def test_contacts_change_as_a_whole_and_only_where_they_are_named(
    editor: FlaskClient, promise: Promise
) -> None:
    promise(contacts=[{"email": "ada@example.org"}])
    shown = {"name": None, "email": "ada@example.org", "language": "en", "role": None}
    assert editor.patch(ADDRESS, json={"title": "New"}).status_code == 200
    assert editor.get(f"{ADDRESS}/contacts").get_json() == {"items": [shown]}
    assert editor.patch(ADDRESS, json={"contacts": []}).status_code == 200
    assert editor.get(f"{ADDRESS}/contacts").get_json() == {"items": []}


def test_a_rhythm_left_open_again_is_that_of_the_settings(editor: FlaskClient, promise: Promise) -> None:
    made = promise(cadence_days=30, grace_days=0)
    assert (made["cadence_days"], made["grace_days"]) == (30, 0)
    changed = editor.patch(f"/v1/pledges/{made['id']}", json={"cadence_days": None}).get_json()
    assert (changed["cadence_days"], changed["grace_days"]) == (90, 0)


def test_after_a_later_deadline_milestones_may_lie_beyond_the_first(
    editor: FlaskClient, promise: Promise, refused: Refused
) -> None:
    address = f"/v1/pledges/{promise(due='2026')['id']}"
    late = {"milestones": [{"id": "late", "due": "2027", "target": 10}]}
    assert editor.post(f"{address}/reschedules", json={"due": "2028"}).status_code == 201
    assert editor.patch(address, json=late).status_code == 200
    beyond = {"milestones": [{"id": "late", "due": "2029", "target": 10}]}
    assert refused(editor.patch(address, json=beyond), 422)["errors"][0]["pointer"] == "/milestones/0/due"
