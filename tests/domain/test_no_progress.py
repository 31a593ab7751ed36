"""When a due day nears without recorded progress."""

from dataclasses import replace

import pytest

from pledgetracker.domain.pledge import Pledge
from pledgetracker.domain.update import ProgressUpdate
from tests.domain.cases import day, milestone, moved, on, open_flags, pledge, update

FLAG = ("no_progress", "target", "2025-12-31")
# The lead time of 90 days before 2025-12-31.
EVE, FIRST = "2025-10-01", "2025-10-02"


def flagged(today: str, promised: Pledge, *updates: ProgressUpdate) -> bool:
    return FLAG in open_flags(on(today, promised, *updates))


def test_silence_is_flagged_from_the_first_day_of_the_lead_time_to_the_due_day() -> None:
    assert [flagged(today, pledge()) for today in (EVE, FIRST, "2025-12-31", "2026-01-01")] == [
        False,
        True,
        True,
        False,
    ]


def test_after_the_due_day_overdue_takes_over() -> None:
    assert ("overdue", "target", "2025-12-31") in open_flags(on("2026-01-01", pledge()))


@pytest.mark.parametrize(
    ("reports", "is_flagged"),
    [
        ([update(EVE, 50)], True),  # the day before the lead time
        ([update(FIRST, 50)], False),
        ([update(FIRST, 0)], True),  # the first figure is no nearer than the baseline
        ([update(FIRST, -5)], True),
        ([update(EVE, 50), update("2025-11-01")], True),  # "no change"
        ([update(EVE, 50), update("2025-11-01", 50)], True),
        ([update(EVE, 50), update("2025-11-01", 51)], False),
        ([update(EVE, 50), update("2025-11-01", 40)], True),
        ([update(EVE, 50), update("2025-11-01", 40), update("2025-11-02", 41)], False),
        ([update(EVE, 50), update("2025-11-01", 51), update("2025-11-02", 40)], False),
    ],
)
def test_progress_is_a_day_that_ends_nearer_the_target_than_the_day_before(
    reports: list[ProgressUpdate], is_flagged: bool
) -> None:
    assert flagged("2025-11-15", pledge(), *reports) is is_flagged


def test_falling_back_from_beyond_the_target_is_no_progress() -> None:
    assert flagged("2025-11-15", pledge(target=50), update(EVE, 100), update("2025-11-01", 10))


def test_coming_back_down_to_an_exact_target_is_progress() -> None:
    promised = pledge("exactly", 50)
    assert not flagged("2025-11-15", promised, update(EVE, 100), update("2025-11-01", 60))


def test_a_target_met_needs_no_progress() -> None:
    assert not flagged("2025-11-15", pledge(), update(EVE, 100))


@pytest.mark.parametrize(
    "capped",
    [
        pledge("at_most"),
        pledge("at_most", None),
        pledge("at_most", milestones=(milestone("half", "2025-12-11", 50),)),
        pledge("at_most", milestones=(milestone("opened", "2025-12-11"),)),
    ],
)
def test_a_cap_is_kept_by_standing_still(capped: Pledge) -> None:
    for today in ("2025-11-15", "2025-12-11", "2025-12-31"):
        for reports in ((), (update(EVE, 5),)):
            assert "no_progress" not in {kind for kind, _, _ in open_flags(on(today, capped, *reports))}


def test_without_a_target_any_change_is_progress() -> None:
    promised = pledge(target=None)
    assert flagged("2025-11-15", promised, update(EVE, 50), update("2025-11-01", 50))
    assert not flagged("2025-11-15", promised, update(EVE, 50), update("2025-11-01", 40))


@pytest.mark.parametrize(
    ("report", "is_flagged"),
    [
        (update(FIRST, said=False), False),
        (update(FIRST), True),
        (update(EVE, said=False), True),
    ],
)
def test_of_an_event_any_report_but_no_change_is_progress(report: ProgressUpdate, is_flagged: bool) -> None:
    assert flagged("2025-11-15", pledge("event", None), report) is is_flagged


def test_an_event_milestone_counts_any_report_as_progress() -> None:
    promised = pledge(milestones=(milestone("opened", "2025-06-30"),))
    flag = ("no_progress", "opened", "2025-06-30")
    assert flag in open_flags(on("2025-06-01", promised))
    assert flag not in open_flags(on("2025-06-01", promised, update("2025-05-01", 0)))


def test_the_stretch_to_a_milestone_begins_the_day_after_the_one_before() -> None:
    promised = pledge(milestones=(milestone("half", "2025-12-11", 50),))
    met = update("2025-12-01", 50)
    assert [flagged(today, promised, met) for today in ("2025-12-11", "2025-12-12")] == [False, True]
    # Progress on the due day of the milestone before still counts.
    assert not flagged("2025-12-12", promised, met, update("2025-12-11", 51))


def test_a_deadline_moved_before_a_milestone_is_still_approached() -> None:
    promised = pledge(milestones=(milestone("half", "2025-12-11", 50),))
    seen = on("2025-11-15", promised, reschedules=(moved("2025-11-30", "2025-11-10"),))
    assert ("no_progress", "target", "2025-11-30") in open_flags(seen)


def test_no_flag_stands_before_the_announcement() -> None:
    late = replace(pledge(), announced_on=day("2025-11-10"))
    assert [open_flags(on(today, late)) for today in ("2025-11-09", "2025-11-10")] == [[], [FLAG]]
