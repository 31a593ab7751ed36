"""What an OCDS package says of a pledge and its milestones."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from pledgetracker.domain.pledge import Pledge, Source, Statement
from pledgetracker.domain.verdict import Verdict
from tests.domain.cases import RECORDED, day, milestone, moved, pledge, record, update, withdrawn
from tests.feeds.reading import ADDRESS, attributed, initiative, package, release


def seen(promised: Pledge, *updates: Any, today: str = "2025-10-01", **more: Any) -> dict[str, Any]:
    """The release of a pledge."""
    return release(attributed(record(promised, *updates, **more), day(today)))


def stone(promised: Pledge, *updates: Any, today: str, **more: Any) -> dict[str, Any]:
    """The milestone of a pledge's own target."""
    last: dict[str, Any] = seen(promised, *updates, today=today, **more)["planning"]["milestones"][-1]
    return last


def test_a_package_says_where_it_is_who_publishes_it_and_when_it_last_changed() -> None:
    later = datetime(2026, 3, 1, 10, tzinfo=UTC)
    pledges = [pledge(updated_at=later), pledge(id="q", updated_at=datetime(2026, 2, 1, tzinfo=UTC))]
    found = package([attributed(record(promised), day("2026-02-20")) for promised in pledges])
    assert [told["ocid"] for told in found.pop("releases")] == ["ocds-a1b2c3-p", "ocds-a1b2c3-q"]
    assert found == {
        "uri": ADDRESS,
        "version": "1.1",
        "publisher": {"name": "The watchers", "uri": "https://pledges.example.org"},
        "publishedDate": "2026-03-01T10:00:00Z",
    }


def test_a_package_of_nothing_is_one_all_the_same() -> None:
    empty = package([])
    assert (empty["releases"], empty["publishedDate"]) == ([], "2026-06-01T12:00:00Z")


def test_a_pledge_is_a_release_of_a_planning_process() -> None:
    said = Statement(
        "We shall.", Source("https://example.org/", "The speech", published_on=day("2025-01-01"))
    )
    promised = pledge(statement=said, initiative="plan", unit="person", version=3)
    found = release(attributed(record(promised), day("2025-02-01"), under=initiative()))
    assert found["id"] == "ocds-a1b2c3-p-3-20250201"
    assert (found["tag"], found["initiationType"], found["language"]) == (["planning"], "tender", "en")
    assert found["parties"] == [{"id": "microsoft", "name": "Acme", "roles": ["pledger"]}]
    planning = found["planning"]
    assert planning["rationale"] == "We shall."
    assert planning["budget"] == {"project": "The plan", "projectID": "plan"}
    assert planning["project"]["title"] == "P"
    assert planning["project"]["description"].startswith(
        "Promised: at least 100 people, by 2025-12-31. Standing on 2025-02-01: "
    )
    page, speech = planning["documents"]
    assert page["url"] == "https://pledges.example.org/pledges/p"
    assert speech == {
        "id": "statement-1",
        "title": "The speech",
        "url": "https://example.org/",
        "datePublished": "2025-01-01T00:00:00+01:00",
        "format": "text/html",
    }


@pytest.mark.parametrize(
    ("changed", "today", "date"),
    [
        ("2025-10-01T10:00:00", "2025-10-01", "2025-10-01T10:00:00Z"),
        ("2025-09-01T10:00:00", "2025-10-01", "2025-09-30T22:00:00Z"),  # the day begins, in Paris
        ("2025-11-01T10:00:00", "2025-10-01", "2025-11-01T10:00:00Z"),
        ("2025-11-01T10:00:00", "2027-01-01", "2026-06-01T12:00:00Z"),  # no later than now
    ],
)
def test_a_release_is_dated_from_when_on_it_has_been_so(changed: str, today: str, date: str) -> None:
    promised = pledge(updated_at=datetime.fromisoformat(changed).replace(tzinfo=UTC))
    assert seen(promised, today=today)["date"] == date


def test_a_milestone_is_due_at_the_end_of_its_local_day() -> None:
    found = stone(pledge(due="2025-06"), today="2025-02-01")
    assert found["dueDate"] == "2025-06-30T23:59:59+02:00"
    assert (found["id"], found["title"], found["type"]) == ("target", "P", "delivery")


def test_an_offset_of_odd_seconds_is_told_in_utc() -> None:
    promised = replace(pledge(due="1971-06-30"), time_zone="Africa/Monrovia")
    assert stone(promised, today="1971-02-01")["dueDate"] == "1971-07-01T00:44:29Z"


def test_a_milestone_not_due_yet_is_scheduled() -> None:
    found = stone(pledge(), update("2025-02-01", 10), today="2025-10-01")
    assert (found["status"], found["dateModified"]) == ("scheduled", "2026-01-01T00:00:00Z")
    assert "dateMet" not in found
    assert found["description"] == (
        "Promised: at least 100, by 2025-12-31. Not due yet. Figure: 10 as of 2025-02-01."
    )


def test_a_milestone_met_says_since_when() -> None:
    said = [
        update("2025-02-01", 100),
        update("2025-03-01", 90),
        update("2025-04-01", 120),
        update("2025-05-01", 130),
    ]
    found = stone(pledge(), *said, today="2025-10-01")
    assert (found["status"], found["dateMet"]) == ("met", "2025-04-01T23:59:59+02:00")
    assert "Met in time." in found["description"]


def test_a_milestone_met_late_is_met() -> None:
    found = stone(pledge(), update("2026-02-01", 100), today="2026-03-01")
    assert (found["status"], found["dateMet"]) == ("met", "2026-02-01T23:59:59+01:00")
    assert "Met after its due day." in found["description"]


def test_an_overdue_milestone_is_scheduled_and_says_that_missed_is_a_ruling() -> None:
    found = stone(pledge(), today="2026-03-01")
    assert found["status"] == "scheduled"
    assert "dateModified" not in found
    assert "Overdue: due, and not met. Whether it was missed, a person must rule." in found["description"]


def test_a_ceiling_not_reached_is_neither_met_nor_missed() -> None:
    found = stone(pledge("up_to"), update("2025-12-01", 40), today="2026-03-01")
    assert found["status"] == "scheduled"
    assert "no sum can say" in found["description"]


def test_nothing_of_a_withdrawn_pledge_is_scheduled_any_more() -> None:
    promised = pledge(milestones=(milestone("half", "2025-06", 50),))
    taken_back = replace(withdrawn("2025-08-01"), reason="Sold.")
    found = seen(promised, update("2025-05-01", 50), withdrawals=(taken_back,))["planning"]
    half, last = found["milestones"]
    assert half["status"] == "met"
    assert "status" not in last
    assert last["description"].endswith("The pledge was withdrawn. Figure: 50 as of 2025-05-01.")
    assert found["finalStatus"] == "cancelled"
    assert found["finalStatusDetails"] == "Withdrawn. Sold."
    assert found["finalStatusDate"] == "2025-08-01T00:00:00+02:00"


def test_before_its_day_a_withdrawal_is_not_told_of() -> None:
    found = seen(pledge(), withdrawals=(withdrawn("2025-11-01"),))["planning"]
    assert "finalStatus" not in found
    assert found["milestones"][-1]["status"] == "scheduled"


def ruled(rating: str | None, on: str, number: int = 1, version: int = 1, **more: Any) -> Verdict:
    return Verdict(
        number, "ocds-milestone", version, rating, day(on), "The panel", "Half of it.", RECORDED, **more
    )


@pytest.mark.parametrize("rating", ["notMet", "partiallyMet"])
def test_missed_is_what_a_person_ruled(rating: str) -> None:
    found = stone(
        pledge(),
        update("2025-12-01", 50),
        today="2026-03-01",
        verdicts=(replace(ruled(rating, "2026-02-01"), recorded_at=datetime(2026, 2, 2, tzinfo=UTC)),),
    )
    assert (found["status"], found["dateModified"]) == (rating, "2026-02-02T00:00:00Z")
    assert "dateMet" not in found
    said = {"notMet": "not met", "partiallyMet": "partially met"}[rating]
    assert found["description"] == (
        f"Promised: at least 100, by 2025-12-31. Ruled to be {said} on 2026-02-01 by The panel: Half of it."
        " Figure: 50 as of 2025-12-01."
    )


@pytest.mark.parametrize(
    ("verdict", "today"),
    [
        (ruled("notMet", "2026-02-01"), "2026-01-31"),  # not yet
        (ruled("scheduled", "2026-02-01"), "2026-03-01"),  # decides nothing
        (ruled("notMet", "2026-02-01", version=2), "2026-03-01"),  # of a scale that may mean something else
        (replace(ruled("notMet", "2026-02-01"), rubric="political"), "2026-03-01"),
    ],
)
def test_other_verdicts_leave_a_milestone_to_its_figures(verdict: Verdict, today: str) -> None:
    assert stone(pledge(), today=today, verdicts=(verdict,))["status"] == "scheduled"


def test_a_verdict_taken_back_is_none() -> None:
    rows = (ruled("notMet", "2026-02-01"), ruled(None, "2026-02-02", number=2, retracts=1))
    assert stone(pledge(), today="2026-03-01", verdicts=rows)["status"] == "scheduled"


def test_figures_that_meet_the_target_after_a_ruling_outlive_it() -> None:
    rows = (ruled("notMet", "2026-02-01"),)
    found = stone(pledge(), update("2026-02-15", 100), today="2026-03-01", verdicts=rows)
    assert (found["status"], found["dateMet"]) == ("met", "2026-02-15T23:59:59+01:00")
    # A ruling that looked at them stands.
    rows = (ruled("notMet", "2026-02-20"),)
    found = stone(pledge(), update("2026-02-15", 100), today="2026-03-01", verdicts=rows)
    assert found["status"] == "notMet"
    assert "dateMet" not in found


def test_a_verdict_speaks_of_the_target_and_not_of_what_led_to_it() -> None:
    promised = pledge(milestones=(milestone("half", "2025-06", 50),))
    told = seen(promised, today="2026-03-01", verdicts=(ruled("notMet", "2026-02-01"),))["planning"]
    assert [found["status"] for found in told["milestones"]] == ["scheduled", "notMet"]


def test_a_pledge_ruled_to_be_met_has_no_day_but_the_one_that_figures_give() -> None:
    rows = (ruled("met", "2026-02-01"),)
    found = stone(pledge(), today="2026-03-01", verdicts=rows)
    assert found["status"] == "met"
    assert "dateMet" not in found


def test_the_evidence_of_a_verdict_is_among_the_documents() -> None:
    row = ruled("notMet", "2026-02-01", evidence=(Source("https://example.org/ruling", "The ruling"),))
    documents = seen(pledge(), today="2026-03-01", verdicts=(row,))["planning"]["documents"]
    assert (documents[-1]["id"], documents[-1]["title"]) == ("verdict-1-1", "The ruling")


def test_milestones_of_all_kinds_are_described() -> None:
    promised = pledge(
        unit="GPU",
        milestones=(
            milestone("half", "2025-06", 50),
            replace(milestone("permit", "2025-07"), title="Permit"),
            milestone("ours", "2025-09", 70, "tracker"),
        ),
    )
    said = (
        update("2025-03-01", 55),
        update("2025-07-05", True, milestone="permit"),
        update("2025-07-06", 55),
    )
    told = seen(promised, *said)["planning"]["milestones"]
    assert [found["title"] for found in told] == ["half", "Permit", "ours", "P"]
    assert [found["description"] for found in told] == [
        "Milestone “half”, by 2025-06. Target: 50 GPUs. Met in time. Figure: 55 GPUs as of 2025-07-06.",
        "Milestone “Permit”, to be done by 2025-07. Met in time.",
        (
            "Milestone “ours”, by 2025-09 (a checkpoint of the tracker's own). Target: 70 GPUs."
            " Overdue: due, and not met. Whether it was missed, a person must rule."
            " Figure: 55 GPUs as of 2025-07-06."
        ),
        "Promised: at least 100 GPUs, by 2025-12-31. Not due yet. Figure: 55 GPUs as of 2025-07-06.",
    ]


def test_conflicting_figures_are_said_to_conflict() -> None:
    found = stone(pledge(), update("2025-02-01", 10), update("2025-02-01", 20), today="2025-03-01")
    assert found["description"].endswith(
        "Figure: 10 as of 2025-02-01, the least favourable of conflicting ones."
    )


def test_a_moved_deadline_is_shown_with_the_first_one() -> None:
    found = stone(pledge(), today="2025-10-01", reschedules=(moved("2027", "2025-06-01"),))
    assert found["dueDate"] == "2027-12-31T23:59:59+01:00"
    assert found["description"].startswith("Promised: at least 100, by 2027 (at first by 2025-12-31).")


def test_evidence_is_among_the_documents_named_by_its_update() -> None:
    said = update("2025-02-01", 10, evidence=(Source("https://example.org/a.csv", None, "Acme", quote="10"),))
    [_, evidence] = seen(pledge(), said)["planning"]["documents"]
    assert evidence == {
        "id": "progress-1-1",
        "documentType": "physicalProgressReport",
        "title": "Acme",
        "description": "10",
        "url": "https://example.org/a.csv",
        "format": "text/csv",
    }


def test_without_a_deadline_there_is_no_milestone_of_the_target() -> None:
    assert "milestones" not in seen(pledge(due=None))["planning"]
