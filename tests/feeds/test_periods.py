"""Stretches of time: each leads to its due day, and each report is in the one of its day."""

from datetime import date, timedelta
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from pledgetracker.feeds.iati.periods import Actual, Goal, periods

START = date(2026, 1, 1)


def on(n: int) -> date:
    return START + timedelta(days=n)


def told(goals: list[int | None], actuals: list[int], today: int = 50) -> list[tuple[int, int, int, int]]:
    """First and last day of each stretch, and how many goals and actuals are in it; days are numbers."""
    made = periods(
        [Goal(None if due is None else on(due), None, "") for due in goals],
        [Actual(on(day), None, "") for day in actuals],
        start=START,
        today=on(today),
    )
    return [((p.start - START).days, (p.end - START).days, len(p.goals), len(p.actuals)) for p in made]


def test_stretches_follow_each_other_and_end_on_due_days() -> None:
    assert told([20, 10], [0, 10, 11]) == [(0, 10, 1, 2), (11, 20, 1, 1)]


def test_what_is_reported_after_the_last_due_day_has_a_stretch_of_its_own() -> None:
    assert told([10], [11, 30]) == [(0, 10, 1, 0), (11, 30, 0, 2)]


def test_a_goal_without_a_deadline_is_open_until_today_or_the_last_report() -> None:
    assert told([None], [3]) == [(0, 50, 1, 1)]
    assert told([10, None], [60]) == [(0, 10, 1, 0), (11, 60, 1, 1)]
    assert told([None], [], today=-5) == [(0, 0, 1, 0)]


def test_goals_of_one_day_share_a_stretch() -> None:
    assert told([10, 10], []) == [(0, 10, 2, 0)]


def test_a_deadline_moved_to_before_the_baseline_is_a_stretch_of_one_day() -> None:
    assert told([-3, 5], []) == [(-3, -3, 1, 0), (-2, 5, 1, 0)]


def test_a_report_from_before_the_baseline_lengthens_the_first_stretch() -> None:
    assert told([5], [-2]) == [(-2, 5, 1, 1)]


def test_nothing_promised_and_nothing_reported_is_no_stretch() -> None:
    assert told([], []) == []


days = st.integers(-5, 60)


@given(st.lists(st.none() | days), st.lists(days), days)
def test_every_goal_and_every_report_is_in_exactly_one_stretch_that_holds_its_day(
    goals: list[int | None], actuals: list[int], today: int
) -> None:
    wanted = [Goal(None if due is None else on(due), None, str(n)) for n, due in enumerate(goals)]
    reported = [Actual(on(day), None, str(n)) for n, day in enumerate(actuals)]
    made = list(periods(wanted, reported, start=START, today=on(today)))
    assert sorted(g.comment for p in made for g in p.goals) == sorted(g.comment for g in wanted)
    assert sorted(a.comment for p in made for a in p.actuals) == sorted(a.comment for a in reported)
    for period in made:
        assert period.start <= period.end
        assert all(period.start <= a.as_of <= period.end for a in period.actuals)
        assert all(g.due in {None, period.end} for g in period.goals)
    assert all(before.end < after.start for before, after in pairwise(made))
