"""Why a pledge stands where it stands: what went in, by which rules, and what comes next."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from enum import StrEnum

from pledgetracker.domain.agenda import Entry, agenda
from pledgetracker.domain.alert import OpenFlag
from pledgetracker.domain.days import local_day
from pledgetracker.domain.flag import Flag
from pledgetracker.domain.formulas import Formula, Symbol, formulas, symbols
from pledgetracker.domain.milestone import MilestoneStanding
from pledgetracker.domain.numbers import rounded
from pledgetracker.domain.path import Path
from pledgetracker.domain.policy import Policy
from pledgetracker.domain.reasons import Reason, axes, of_flag, of_milestone
from pledgetracker.domain.record import Record
from pledgetracker.domain.roles import Part, parts
from pledgetracker.domain.simulation import as_told
from pledgetracker.domain.standing import Standing, standing
from pledgetracker.domain.target import DEFAULT_TOLERANCE, Comparator

MOST_UPDATES = 200


class SetIn(StrEnum):
    """Where a threshold comes from."""

    PLEDGE = "pledge"
    SETTINGS = "settings"
    DEFAULT = "default"


@dataclass(frozen=True, slots=True)
class Threshold:
    """A number that a rule compares with."""

    name: str
    value: Decimal | int
    set_in: SetIn
    meaning: str


@dataclass(frozen=True, slots=True)
class PathPoint:
    """A point through which the path goes straight.

    Attributes:
        name: `baseline`, or the id of the milestone.
    """

    name: str
    day: date
    value: Decimal


@dataclass(frozen=True, slots=True)
class ExplainedMilestone:
    """A milestone, and why it has its status."""

    stage: MilestoneStanding
    rule: str


@dataclass(frozen=True, slots=True)
class ExplainedFlag:
    """A flag, and why it is open."""

    flag: Flag
    why: str


@dataclass(frozen=True, slots=True)
class Explanation:
    """Everything that a standing follows from.

    Attributes:
        parts: the updates and their roles, those of the latest days first; not more than 200.
        parts_left_out: how many more there are.
        formulas: each number of the standing.
        reasons: why each axis and the headline says what it says.
        flags: those of the day.
        agenda: what comes next.
    """

    record: Record
    standing: Standing
    symbols: Sequence[Symbol]
    parts: Sequence[Part]
    parts_left_out: int
    path: Sequence[PathPoint]
    formulas: Sequence[Formula]
    thresholds: Sequence[Threshold]
    reasons: Sequence[Reason]
    milestones: Sequence[ExplainedMilestone]
    flags: Sequence[ExplainedFlag]
    agenda: Sequence[Entry]

    @property
    def conflict_on(self) -> date | None:
        """The day about which sources differ, if the figure is the worst of theirs."""
        return None if self.standing.figure is None else self.standing.figure.conflict_on


def explain(
    record: Record, policy: Policy, *, today: date, open_flags: Sequence[OpenFlag] | None = None
) -> Explanation:
    """Explain where `record` stands at the end of `today`.

    Args:
        record: the pledge and its reports.
        policy: the thresholds.
        today: the local day.
        open_flags: those on record as open, from which the reminders to come follow; None where the day
            is not the present one, and they follow from what the flags of the day say themselves.
    """
    stands = standing(record, policy, today=today)
    pledge, due = record.pledge, None if stands.due is None else stands.due.date
    seen = known_by(record, today)
    if open_flags is None:
        seen = replace(seen, pledge=replace(pledge, updated_at=None))
        open_flags = as_told(seen, policy, (), eve=today).kept
    return Explanation(
        record=record,
        standing=stands,
        symbols=symbols(pledge, stands.figure, due, today),
        parts=parts(record, today, most=MOST_UPDATES),
        parts_left_out=max(len(record.updates) - MOST_UPDATES, 0),
        path=tuple(_path(record, due)),
        formulas=formulas(pledge, stands.figure, due, today),
        thresholds=tuple(_thresholds(record, policy)),
        reasons=axes(record, stands, policy),
        milestones=[ExplainedMilestone(stage, of_milestone(stage, stands)) for stage in stands.milestones],
        flags=[ExplainedFlag(flag, of_flag(record, flag, stands, policy)) for flag in stands.flags],
        agenda=agenda(seen, policy, stands, open_flags),
    )


def known_by(record: Record, today: date) -> Record:
    """The record without what describes later days, or was announced or decided on them."""
    zone = record.pledge.time_zone
    return replace(
        record,
        updates=tuple(u for u in record.updates if u.as_of <= today),
        reschedules=tuple(move for move in record.reschedules if move.announced_on <= today),
        withdrawals=tuple(
            taken
            for taken in record.withdrawals
            if taken.on <= today or local_day(taken.recorded_at, zone) <= today
        ),
    )


def _path(record: Record, due: date | None) -> Iterator[PathPoint]:
    pledge = record.pledge
    if due is None or pledge.goal is None or not pledge.goal.direction:
        return
    names = {m.due.date.toordinal(): m.id for m in pledge.milestones if m.due.date < due}
    points = Path.of(pledge, due).points
    for i, (day, value) in enumerate(points):
        last = "target" if i == len(points) - 1 else names.get(day, "")
        yield PathPoint(last if i else "baseline", date.fromordinal(day), rounded(value))


def _thresholds(record: Record, policy: Policy) -> Iterator[Threshold]:
    pledge = record.pledge
    yield _own("cadence_days", pledge.cadence_days, policy.cadence_days, "Days from one report to the next.")
    yield _own("grace_days", pledge.grace_days, policy.grace_days, "Days that a report may be late.")
    if pledge.comparator is Comparator.ABOUT:
        meaning = "Share of the target by which a figure may fall short and meet it."
        is_own = pledge.tolerance is not None
        tolerance = DEFAULT_TOLERANCE if pledge.tolerance is None else pledge.tolerance
        yield Threshold("tolerance", tolerance, SetIn.PLEDGE if is_own else SetIn.DEFAULT, meaning)
    for name, value, meaning in (
        ("on_track_pace", policy.on_track_pace, "Pace from which it is on track; below it, `behind` opens."),
        ("at_risk_pace", policy.at_risk_pace, "Pace from which it is at risk, and below it off track."),
        ("behind_clears_pace", policy.behind_clears_pace, "Pace above which `behind` closes."),
        ("lead_days", policy.lead_days, "Days before a due day from which silence is a flag."),
    ):
        yield Threshold(name, value, SetIn.SETTINGS, meaning)


def _own(name: str, own: int | None, general: int, meaning: str) -> Threshold:
    if own is None:
        return Threshold(name, general, SetIn.SETTINGS, meaning)
    return Threshold(name, own, SetIn.PLEDGE, meaning)
