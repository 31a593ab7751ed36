"""The path and the numbers read off it."""

from dataclasses import replace
from fractions import Fraction

import pytest

from pledgetracker.domain.path import Path
from pledgetracker.domain.pledge import Baseline, Pledge
from tests.domain.cases import day, milestone, moved, numbers, on, pledge, update

GOLDEN = replace(
    pledge(target=1_000_000, due="2027"),
    announced_on=day("2024-05-13"),
    baseline=Baseline(pledge().baseline.value, day("2024-05-13")),
)


def test_the_golden_case_comes_out_to_the_digit() -> None:
    seen = on("2025-11-04", GOLDEN, update("2025-11-04", 250_000))
    assert numbers(seen) == {
        "completion": "0.25",
        "expected": "406932.931424",
        "gap": "-156932.931424",
        "pace": "0.614352",
        "days_ahead": "-209",
        "current_rate": "462.962963",
        "required_rate": "952.986023",
        "projected_value": "614351.851852",
        "projected_date": "2030-04-12",
    }
    assert seen.status == "off_track"


def test_the_indicators_definition_alone_flips_the_verdict() -> None:
    seen = on("2025-11-04", GOLDEN, update("2025-11-04", 700_000))
    given = numbers(seen)
    assert (given["pace"], given["days_ahead"], seen.status) == ("1.720185", "388", "on_track")


def test_pace_is_judged_on_the_day_of_the_figure_and_only_the_required_rate_follows_the_clock() -> None:
    early, late = (on(today, GOLDEN, update("2025-11-04", 250_000)) for today in ("2025-11-05", "2026-02-01"))
    assert early.schedule == late.schedule == "off_track"
    assert numbers(early) | {"required_rate": ""} == numbers(late) | {"required_rate": ""}
    assert float(numbers(early)["required_rate"]) < float(numbers(late)["required_rate"])


# 100 days from 0 to 100 with a level stretch at 50 from day 40 to day 60.
LEVEL = pledge(
    due="2025-04-11",
    milestones=(milestone("up", "2025-02-10", 50), milestone("level", "2025-03-02", 50)),
)


def nth(n: int) -> str:
    start = LEVEL.baseline.date
    return start.fromordinal(start.toordinal() + n).isoformat()


@pytest.mark.parametrize(
    ("n", "expected"), [(0, 0), (20, 25), (40, 50), (50, 50), (60, 50), (80, 75), (100, 100)]
)
def test_the_path_goes_straight_through_the_pledgers_milestones(n: int, expected: int) -> None:
    assert Path.of(LEVEL, day(nth(100))).value_on(day(nth(n))) == expected


def test_after_the_deadline_the_path_stays_at_the_target_and_before_the_baseline_at_its_start() -> None:
    path = Path.of(LEVEL, day(nth(100)))
    assert [path.value_on(day(nth(n))) for n in (-5, 500)] == [0, 100]


def test_the_trackers_checkpoints_and_events_never_bend_the_path() -> None:
    stones = milestone("ours", "2025-02-10", 90, "tracker"), milestone("opened", "2025-03-02")
    path = Path.of(pledge(due="2025-04-11", milestones=stones), day(nth(100)))
    assert path.value_on(day(nth(40))) == 40


@pytest.mark.parametrize(
    ("n", "value", "ahead"),
    [
        (20, 25, 0),
        (20, 26, 0),  # 20.8 days on the path, floored
        (20, 24, -1),
        (50, 50, 0),
        (30, 50, 10),  # the nearest day of the level stretch
        (70, 50, -10),
        (50, 51, 10),
        (50, 49, -11),
        (30, 200, 70),  # clamped to the deadline
        (30, -200, -30),  # and to the baseline
        (110, 100, -10),
    ],
)
def test_days_ahead_are_counted_to_the_day_on_which_the_path_has_the_value(
    n: int, value: int, ahead: int
) -> None:
    assert Path.of(LEVEL, day(nth(100))).days_ahead(Fraction(value), day(nth(n))) == ahead


@pytest.mark.parametrize(("value", "ahead", "gap"), [(75, "0", "0"), (50, "25", "25"), (90, "-15", "-15")])
def test_where_lower_is_better_ahead_is_positive_too(value: int, ahead: str, gap: str) -> None:
    falling = pledge(target=0, baseline=100, due="2025-04-11")
    given = numbers(on(nth(25), falling, update(nth(25), value)))
    assert (given["days_ahead"], given["gap"]) == (ahead, gap)


def test_a_moved_deadline_bends_the_path_and_leaves_out_milestones_it_has_passed() -> None:
    promised = replace(LEVEL, due=None)
    seen = on(nth(30), promised, update(nth(30), 50), reschedules=(moved(nth(60), nth(1)),))
    assert numbers(seen)["expected"] == "37.5"
    sooner = on(nth(30), promised, update(nth(30), 50), reschedules=(moved(nth(40), nth(1)),))
    assert numbers(sooner)["expected"] == "75"


def missing(today: str, promised: Pledge, as_of: str, value: int) -> set[str]:
    every = {"current_rate", "required_rate", "projected_value", "projected_date", "pace"}
    return every - set(numbers(on(today, promised, update(as_of, value))))


def test_what_is_undefined_is_null_and_never_infinite() -> None:
    promised = pledge(due="2025-04-11")
    assert missing(nth(50), promised, nth(50), 50) == set()
    assert missing(nth(50), promised, nth(0), 50) == {
        "current_rate",
        "projected_value",
        "projected_date",
        "pace",
    }
    assert missing(nth(100), promised, nth(50), 50) == {"required_rate"}
    assert missing(nth(50), promised, nth(50), 0) == {"projected_date"}
    assert missing(nth(50), promised, nth(50), -1) == {"projected_date"}


def test_a_projection_past_the_year_2200_is_not_given() -> None:
    # One a day from 2025-01-01: 64,281 days lead to 2200-12-31, the last day there is.
    last = pledge(target=64_281, due="2025-04-11")
    assert numbers(on(nth(1), last, update(nth(1), 1)))["projected_date"] == "2200-12-31"
    beyond = pledge(target=64_282, due="2025-04-11")
    assert "projected_date" not in numbers(on(nth(1), beyond, update(nth(1), 1)))


def test_a_projected_date_is_rounded_up_to_a_day() -> None:
    assert numbers(on(nth(3), pledge(), update(nth(3), 2)))["projected_date"] == nth(150)
    assert numbers(on(nth(3), pledge(), update(nth(3), 7)))["projected_date"] == nth(43)


@pytest.mark.parametrize(("today", "schedule"), [("2025-03-01", "off_track"), ("2025-05-01", "overdue")])
def test_a_baseline_that_was_moved_to_the_day_of_an_earlier_deadline_leaves_a_path_of_one_day(
    today: str, schedule: str
) -> None:
    """Seen from before the move of the deadline was announced, when the earlier one was in force."""
    promised = replace(
        pledge(due="2025-03-01"), baseline=Baseline(pledge().baseline.value, day("2025-03-01"))
    )
    later = moved("2025-12-31", "2025-05-20")
    seen = on(today, promised, update("2025-03-01", 40), reschedules=(later,))
    given = numbers(seen)
    assert (given["expected"], given["pace"], given["days_ahead"]) == ("100", "0.4", "0")
    assert seen.schedule == schedule
