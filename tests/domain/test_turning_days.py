"""The scheduler looks at a pledge on its turning days only, so each change that time brings falls on one."""

from dataclasses import replace

import pytest

from pledgetracker.domain.flag import turning_days
from pledgetracker.domain.record import Record
from pledgetracker.domain.standing import standing
from tests.domain.cases import POLICY, day, milestone, moved, pledge, record, update, withdrawn

LATE = replace(pledge(due=None), announced_on=day("2025-12-01"))


@pytest.mark.parametrize(
    ("known", "eve", "turn"),
    [
        # A cap is met or overdue on its due day.
        (record(pledge("at_most", cadence_days=900), update("2025-06-01", 5)), "2025-12-30", "2025-12-31"),
        (record(pledge("at_most", cadence_days=900), update("2025-06-01", 101)), "2025-12-30", "2025-12-31"),
        # A due day passed is overdue, the pledge's own or a milestone's.
        (record(pledge(cadence_days=900)), "2025-12-31", "2026-01-01"),
        (record(pledge(milestones=(milestone("half", "2025-02-28", 50),))), "2025-02-28", "2025-03-01"),
        # The lead time begins, or the stretch after the milestone before.
        (record(pledge(cadence_days=900)), "2025-10-01", "2025-10-02"),
        (
            record(pledge(cadence_days=900, milestones=(milestone("opened", "2025-12-11"),))),
            "2025-12-11",
            "2025-12-12",
        ),
        # A report fails to come.
        (record(pledge()), "2025-05-01", "2025-05-02"),
        # An announcement brings the flags of what was reported before it.
        (record(LATE, update("2025-11-01", 5), update("2025-11-01", 6)), "2025-11-30", "2025-12-01"),
        (record(pledge(), reschedules=(moved("2026-06-30", "2026-02-01"),)), "2026-01-31", "2026-02-01"),
        (record(pledge(), withdrawals=(withdrawn("2026-02-01"),)), "2026-01-31", "2026-02-01"),
    ],
)
def test_what_time_brings_falls_on_a_turning_day(known: Record, eve: str, turn: str) -> None:
    before, after = (standing(known, POLICY, today=day(text)) for text in (eve, turn))
    assert (before.status, before.flags) != (after.status, after.flags)
    assert day(turn) in set(turning_days(known, before.milestones, POLICY, today=day(eve)))
