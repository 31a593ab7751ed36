"""Reports of one day that disagree: the worst counts, and the disagreement is flagged."""

import pytest

from tests.domain.cases import milestone, on, open_flags, pledge, update

DAY = "2025-03-01"


@pytest.mark.parametrize(
    ("comparator", "target", "baseline", "said", "worst"),
    [
        ("at_least", 100, 0, [40, 60], 40),
        ("at_least", 0, 100, [40, 60], 60),
        ("up_to", 100, 0, [120, 110], 110),
        ("at_most", 100, 0, [40, 60], 60),
        ("exactly", 100, 0, [40, 60], 40),
        ("exactly", 100, 0, [40, 101], 101),  # an overshoot is worse than any shortfall
        ("exactly", 100, 0, [103, 101], 103),
        ("exactly", 0, 100, [40, -1], -1),
        ("at_least", None, 0, [60, 40], 40),
    ],
)
def test_of_conflicting_values_the_least_favourable_counts(
    comparator: str, target: int | None, baseline: int, said: list[int], worst: int
) -> None:
    seen = on("2025-03-02", pledge(comparator, target, baseline=baseline), *(update(DAY, v) for v in said))
    assert seen.figure is not None
    assert seen.figure.value == worst
    assert ("conflict", None, DAY) in open_flags(seen)


def test_equal_values_of_one_day_are_no_conflict_however_written() -> None:
    seen = on("2025-03-02", pledge(), update(DAY, "40"), update(DAY, "40.0"))
    assert "conflict" not in {flag.kind for flag in seen.flags}


def test_increments_of_one_day_add_up_and_never_conflict() -> None:
    seen = on("2025-03-02", pledge(), update(DAY, increment=4), update(DAY, increment=6))
    assert seen.figure is not None
    assert seen.figure.value == 10
    assert "conflict" not in {flag.kind for flag in seen.flags}


def test_a_later_value_settles_a_conflict_and_a_later_increment_does_not() -> None:
    both = update(DAY, 40), update(DAY, 60)
    assert ("conflict", None, DAY) in open_flags(on("2025-03-09", pledge(), *both, update("2025-03-08")))
    seen = on("2025-03-09", pledge(), *both, update("2025-03-08", increment=5))
    assert ("conflict", None, DAY) in open_flags(seen)
    assert open_flags(on("2025-03-09", pledge(), *both, update("2025-03-08", 70))) == []


def test_an_event_said_to_be_done_and_not_done_on_one_day_is_not_done() -> None:
    seen = on("2025-03-02", pledge("event", None), update(DAY, said=True), update(DAY, said=False))
    assert seen.delivery == "in_progress"
    assert open_flags(seen) == [("conflict", None, DAY)]


def test_a_conflict_about_an_event_milestone_is_flagged_on_that_milestone() -> None:
    promised = pledge(milestones=(milestone("opened", "2025-11-30"), milestone("built", "2025-12-15")))
    said = (update(DAY, said=done, milestone="opened") for done in (True, False))
    assert open_flags(on("2025-03-02", promised, *said)) == [("conflict", "opened", DAY)]
