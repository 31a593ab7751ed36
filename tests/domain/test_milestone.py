"""What the clock and the figures say of each milestone, as a table of sentences."""

from dataclasses import replace

import pytest

from pledgetracker.domain.milestone import MilestoneStatus, met_since, milestones
from pledgetracker.domain.pledge import Pledge
from pledgetracker.domain.update import ProgressUpdate
from tests.domain.cases import day, milestone, moved, on, open_flags, pledge, record, update


def statuses(today: str, promised: Pledge, *updates: ProgressUpdate) -> dict[str, str]:
    return {stage.id: stage.status.value for stage in on(today, promised, *updates).milestones}


def with_half(comparator: str, target: int = 100, baseline: int = 0, half: int = 50) -> Pledge:
    return pledge(comparator, target, baseline=baseline, milestones=(milestone("half", "2025-06-30", half),))


@pytest.mark.parametrize(
    ("comparator", "said", "status"),
    [
        ("at_least", 50, "met_on_time"),
        ("at_least", 49, "overdue"),
        ("more_than", 50, "overdue"),
        ("more_than", 51, "met_on_time"),
        ("about", 45, "met_on_time"),
        ("about", 44, "overdue"),
        ("exactly", 49, "overdue"),
        ("exactly", 50, "met_on_time"),
        ("exactly", 60, "met_on_time"),  # on the way, reaching suffices
        ("up_to", 49, "indeterminate"),
        ("up_to", 50, "met_on_time"),
        ("at_most", 50, "met_on_time"),
        ("at_most", 51, "overdue"),
    ],
)
def test_a_milestone_is_judged_by_the_hedge_of_the_pledge(comparator: str, said: int, status: str) -> None:
    assert statuses("2025-07-01", with_half(comparator), update("2025-06-30", said))["half"] == status


@pytest.mark.parametrize(
    ("comparator", "said", "status"),
    [
        ("at_least", 50, "met_on_time"),
        ("at_least", 51, "overdue"),
        ("more_than", 50, "overdue"),
        ("about", 55, "met_on_time"),
        ("exactly", 40, "met_on_time"),
        ("up_to", 51, "indeterminate"),
    ],
)
def test_where_lower_is_better_a_milestone_is_met_from_above(comparator: str, said: int, status: str) -> None:
    falling = with_half(comparator, target=0, baseline=100)
    assert statuses("2025-07-01", falling, update("2025-06-30", said))["half"] == status


@pytest.mark.parametrize(("said", "status"), [(90, "met_on_time"), (110, "overdue")])
def test_a_milestone_level_with_the_baseline_keeps_the_direction_of_the_pledge(
    said: int, status: str
) -> None:
    falling = with_half("at_least", target=0, baseline=100, half=100)
    assert statuses("2025-07-01", falling, update("2025-06-30", said))["half"] == status


def test_a_milestone_unmet_is_upcoming_on_its_due_day_and_overdue_the_day_after() -> None:
    seen = [statuses(today, with_half("at_least"))["half"] for today in ("2025-06-30", "2025-07-01")]
    assert seen == ["upcoming", "overdue"]


def test_a_milestone_met_after_its_due_day_is_met_late() -> None:
    assert statuses("2025-08-01", with_half("at_least"), update("2025-07-15", 50))["half"] == "met_late"


def test_met_on_the_due_day_is_final() -> None:
    reports = update("2025-06-30", 50), update("2025-07-15", 10)
    assert statuses("2025-08-01", with_half("at_least"), *reports)["half"] == "met_on_time"


def test_met_before_the_due_day_and_lost_by_then_is_overdue() -> None:
    reports = update("2025-05-30", 50), update("2025-06-15", 10)
    assert statuses("2025-08-01", with_half("at_least"), *reports)["half"] == "overdue"


def test_a_ceiling_without_any_figure_is_overdue_like_any_other() -> None:
    assert statuses("2025-07-01", with_half("up_to"))["half"] == "overdue"


def test_a_cap_is_not_met_before_its_due_day_nor_late() -> None:
    capped, reports = with_half("at_most"), (update("2025-03-01", 10), update("2025-04-01", 60))
    assert statuses("2025-03-15", capped, reports[0])["half"] == "upcoming"
    assert statuses("2025-06-29", capped, *reports)["half"] == "upcoming"
    assert statuses("2025-06-30", capped, *reports)["half"] == "overdue"
    assert statuses("2025-06-30", capped)["half"] == "overdue"
    assert statuses("2025-06-30", capped, reports[0])["half"] == "met_on_time"
    assert statuses("2025-08-01", capped, *reports, update("2025-07-10", 40))["half"] == "overdue"


def test_an_event_on_the_way_of_a_cap_has_its_due_day_like_any_other() -> None:
    promised = pledge("at_most", milestones=(milestone("opened", "2025-06-30"),))
    seen = [statuses(today, promised)["opened"] for today in ("2025-06-30", "2025-07-01")]
    assert seen == ["upcoming", "overdue"]


EVENT = replace(pledge(), milestones=(milestone("opened", "2025-06-30"),))


@pytest.mark.parametrize(
    ("reports", "status"),
    [
        ([], "overdue"),
        ([update("2025-06-30", said=True, milestone="opened")], "met_on_time"),
        ([update("2025-07-05", said=True, milestone="opened")], "met_late"),
        ([update("2025-06-30", said=False, milestone="opened")], "overdue"),
        ([update("2025-06-30", said=True, milestone="other")], "overdue"),
        ([update("2025-06-30", 1000)], "overdue"),
        # Done is done, also on a day before the baseline's: the baseline is a number's.
        ([update("2024-12-01", said=True, milestone="opened")], "met_on_time"),
    ],
)
def test_an_event_milestone_is_met_by_a_report_that_names_it_and_says_done(
    reports: list[ProgressUpdate], status: str
) -> None:
    assert statuses("2025-07-10", EVENT, *reports)["opened"] == status


def test_the_pledges_own_target_is_listed_last() -> None:
    late = milestone("late", "2025-11-30", 80), milestone("early", "2025-02-28", 20)
    assert list(statuses("2025-01-01", pledge(milestones=late))) == ["early", "late", "target"]


def test_without_a_deadline_there_is_no_target_milestone() -> None:
    assert statuses("2025-01-01", pledge(due=None)) == {}


def test_a_deadline_moved_before_a_milestone_keeps_both_and_the_target_last() -> None:
    seen = on("2025-06-01", with_half("at_least"), reschedules=(moved("2025-03-31", "2025-02-01"),))
    assert [(m.id, m.status.value) for m in seen.milestones] == [("half", "upcoming"), ("target", "overdue")]
    assert ("overdue", "target", "2025-03-31") in open_flags(seen)


def test_met_is_met_in_time_or_not() -> None:
    assert [status for status in MilestoneStatus if status.is_met] == ["met_on_time", "met_late"]


@pytest.mark.parametrize(
    ("comparator", "said", "today", "since"),
    [
        ("at_least", [("2025-03-01", 49)], "2025-05-01", None),
        ("at_least", [("2025-03-01", 50), ("2025-04-01", 60)], "2025-05-01", "2025-03-01"),
        (
            "at_least",
            [("2025-03-01", 50), ("2025-04-01", 40), ("2025-05-01", 60)],
            "2025-06-01",
            "2025-05-01",
        ),
        # Met on its due day is final.
        ("at_least", [("2025-03-01", 50), ("2025-08-01", 0)], "2025-09-01", "2025-03-01"),
        ("at_least", [("2025-03-01", 10), ("2025-08-01", 50)], "2025-09-01", "2025-08-01"),
        # A cap is kept or not on its due day.
        ("at_most", [("2025-03-01", 10)], "2025-05-01", None),
        ("at_most", [("2025-03-01", 10)], "2025-07-01", "2025-06-30"),
    ],
)
def test_a_milestone_is_met_since_the_day_from_which_it_was_without_a_break(
    comparator: str, said: list[tuple[str, int]], today: str, since: str | None
) -> None:
    reports = record(with_half(comparator), *(update(*report) for report in said))
    [half, _] = milestones(reports, today=day(today))
    assert met_since(reports, half, today=day(today)) == (None if since is None else day(since))


def test_an_event_is_met_since_it_was_last_said_to_be_done() -> None:
    promised = pledge(milestones=(milestone("permit", "2025-06-30"),))
    said = [("2025-02-01", True), ("2025-03-01", False), ("2025-04-01", True), ("2025-05-01", True)]
    reports = record(promised, *(update(as_of, done, milestone="permit") for as_of, done in said))
    [permit, _] = milestones(reports, today=day("2025-10-01"))
    assert met_since(reports, permit, today=day("2025-10-01")) == day("2025-04-01")
