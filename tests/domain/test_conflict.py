"""Reports of one day that disagree: the worst counts, and the disagreement is flagged."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pledgetracker.domain.conflict import conflicts
from pledgetracker.domain.policy import Policy
from pledgetracker.domain.record import Record
from pledgetracker.domain.review import Resolution
from pledgetracker.domain.standing import Standing, standing
from pledgetracker.domain.update import Correction, ProgressUpdate
from tests.domain.cases import (
    POLICY,
    RECORDED,
    day,
    milestone,
    on,
    open_flags,
    pledge,
    record,
    update,
)
from tests.strategies import days_of, policies, reviewed_records

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


BOTH = update(DAY, 40), update(DAY, 60)


def in_conflict(seen: Standing) -> list[tuple[str | None, str]]:
    """What the flags say is in conflict: the milestone, and the day."""
    return [(stone, when) for kind, stone, when in open_flags(seen) if kind == "conflict"]


def chosen(number: int, *among: int, milestone: str | None = None) -> Resolution:
    """A reviewer's choice about the day."""
    return Resolution(1, day(DAY), milestone, number, among, day(DAY), None, None, RECORDED)


@pytest.mark.parametrize(
    "later", [update("2025-03-08"), update("2025-03-08", increment=5), update("2025-03-08", 70)]
)
def test_nothing_that_describes_a_later_day_settles_a_conflict(later: ProgressUpdate) -> None:
    assert in_conflict(on("2025-03-09", pledge(), *BOTH, later)) == [(None, DAY)]


def test_a_conflict_is_open_until_a_reviewer_chooses_and_again_when_others_come_later() -> None:
    later = update("2025-03-08", 70)
    known = record(pledge(), *BOTH, later, resolutions=(chosen(1, 1, 2),))
    assert in_conflict(standing(known, POLICY, today=day("2025-03-09"))) == []
    more = record(pledge(), *BOTH, later, update(DAY, 50), resolutions=(chosen(1, 1, 2),))
    assert in_conflict(standing(more, POLICY, today=day("2025-03-09"))) == [(None, DAY)]


@pytest.mark.parametrize("reason", [Correction.TYPO, Correction.RETRACTED])
def test_a_correction_or_a_retraction_ends_a_conflict(reason: Correction) -> None:
    said = None if reason is Correction.RETRACTED else 40
    corrected = replace(update(DAY, said), no_change=False, supersedes=2, reason=reason)
    assert in_conflict(on("2025-03-09", pledge(), *BOTH, update("2025-03-08", 70), corrected)) == []


def test_several_open_conflicts_are_several_flags_the_earliest_first() -> None:
    promised = pledge(milestones=(milestone("opened", "2025-11-30"),))
    opened = [update("2025-03-04", said=said, milestone="opened") for said in (True, False)]
    settled = update("2025-03-07", said=True, milestone="opened")
    again = update("2025-03-05", 50), update("2025-03-05", 55)
    seen = on("2025-03-09", promised, *again, *BOTH, *opened, settled)
    assert in_conflict(seen) == [(None, DAY), ("opened", "2025-03-04"), (None, "2025-03-05")]
    assert [(flag.since, flag.episode) for flag in seen.flags] == [
        (day(d), day(d)) for _, d in in_conflict(seen)
    ]
    assert in_conflict(on("2025-03-04", promised, *again, *BOTH, *opened)) == in_conflict(seen)[:2]


def test_what_is_done_in_the_end_leaves_open_on_which_day_reports_differed() -> None:
    said = [update(DAY, said=True), update(DAY, said=False), update("2025-03-08", said=True)]
    seen = on("2025-03-09", pledge("event", None), *said)
    assert (seen.delivery, in_conflict(seen)) == ("met", [(None, DAY)])


def test_values_of_a_day_before_the_baseline_make_no_figure_and_no_conflict() -> None:
    early = record(pledge(), update("2024-12-01", 40), update("2024-12-01", 60))
    assert conflicts(early, today=day(DAY)) == ()
    assert in_conflict(standing(early, POLICY, today=day(DAY))) == []


@given(data=st.data(), known=reviewed_records(), policy=policies())
def test_a_flag_is_open_for_each_open_conflict_and_for_no_other(
    data: st.DataObject, known: Record, policy: Policy
) -> None:
    today = data.draw(days_of(known))
    listed = [(c.milestone, c.as_of.isoformat()) for c in conflicts(known, today=today) if c.is_open]
    is_watched = known.pledge.announced_on <= today and not known.withdrawn_on(today)
    assert in_conflict(standing(known, policy, today=today)) == (listed if is_watched else [])


def test_an_event_said_to_be_done_and_not_done_on_one_day_is_not_done() -> None:
    seen = on("2025-03-02", pledge("event", None), update(DAY, said=True), update(DAY, said=False))
    assert seen.delivery == "in_progress"
    assert open_flags(seen) == [("conflict", None, DAY)]


def test_a_conflict_about_an_event_milestone_is_flagged_on_that_milestone() -> None:
    promised = pledge(milestones=(milestone("opened", "2025-11-30"), milestone("built", "2025-12-15")))
    said = (update(DAY, said=done, milestone="opened") for done in (True, False))
    assert open_flags(on("2025-03-02", promised, *said)) == [("conflict", "opened", DAY)]
