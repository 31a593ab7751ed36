"""Where a pledge stands on a day: delivery, reporting and schedule, kept apart, and one headline."""

from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from functools import cached_property

from pledgetracker.domain.days import Due
from pledgetracker.domain.flag import Flag, Reporting, flags, reporting
from pledgetracker.domain.milestone import (
    MilestoneStanding,
    MilestoneStatus,
    met_since,
    milestones,
    target_due,
)
from pledgetracker.domain.path import Path, Progress, ahead_of, exact_pace, progress
from pledgetracker.domain.pledge import FINAL_MILESTONE, Pledge
from pledgetracker.domain.policy import Policy
from pledgetracker.domain.record import Figure, Record
from pledgetracker.domain.target import Target


class Delivery(StrEnum):
    """What the figures say."""

    NOT_STARTED = "not_started"
    REGRESSING = "regressing"
    IN_PROGRESS = "in_progress"
    MET = "met"
    REVERSED = "reversed"
    WITHDRAWN = "withdrawn"


class ReportingState(StrEnum):
    """What the clock says of the reports."""

    CURRENT = "current"
    DUE = "due"
    STALE = "stale"
    NEVER_REPORTED = "never_reported"
    CLOSED = "closed"


class Schedule(StrEnum):
    """What the deadline says."""

    UNKNOWN = "unknown"
    ON_TRACK = "on_track"
    AT_RISK = "at_risk"
    OFF_TRACK = "off_track"
    OVERDUE = "overdue"
    MET_ON_TIME = "met_on_time"
    MET_LATE = "met_late"
    INDETERMINATE = "indeterminate"


class Status(StrEnum):
    """The headline: the first of these that applies."""

    WITHDRAWN = "withdrawn"
    MET_LATE = "met_late"
    MET = "met"
    REVERSED = "reversed"
    INDETERMINATE = "indeterminate"
    OVERDUE = "overdue"
    NEVER_REPORTED = "never_reported"
    STALE = "stale"
    OFF_TRACK = "off_track"
    AT_RISK = "at_risk"
    ON_TRACK = "on_track"
    NOT_STARTED = "not_started"
    REGRESSING = "regressing"
    IN_PROGRESS = "in_progress"


@dataclass(frozen=True, slots=True)
class Lateness:
    """Days past a deadline, until the target was met or, unmet, until now.

    0 if it was met by then, which is final; None while unmet and not past it, also for a cap that is overdue
    on the day itself, and where no sum can say that it was missed.

    Attributes:
        current: against the deadline in force; None where it was dropped.
        original: against the deadline first promised, judged as if it had never been moved or dropped.
    """

    current: int | None = None
    original: int | None = None


@dataclass(frozen=True)
class Standing:
    """Where a pledge stands on `today`, its local day."""

    pledge: Pledge = field(repr=False, compare=False)
    today: date
    due: Due | None
    delivery: Delivery
    reporting: ReportingState
    schedule: Schedule
    figure: Figure | None
    lateness: Lateness
    calendar: Reporting
    milestones: tuple[MilestoneStanding, ...]
    flags: tuple[Flag, ...]

    @property
    def status(self) -> Status:
        """The one-word headline."""
        said = {self.delivery, self.reporting, self.schedule}
        return next(status for status in Status if status in said)

    @cached_property
    def progress(self) -> Progress:
        """The figure held against path and target; worked out for who asks, and a look at flags does not."""
        if self.figure is None:
            return Progress()
        due = None if self.due is None else self.due.date
        return progress(self.pledge, self.figure.value, self.figure.as_of, due, today=self.today)


def standing(record: Record, policy: Policy, *, today: date) -> Standing:
    """Judge `record` as at the end of `today` by what describes that day and earlier ones."""
    return record.recall(("standing", policy, today), lambda: _judge(record, policy, today))


def _judge(record: Record, policy: Policy, today: date) -> Standing:
    due = record.due_on(today)
    stages = milestones(record, today=today)
    figure = record.figure_on(today)
    delivery = _delivery(record, stages, figure, today)
    is_closed = delivery in {Delivery.MET, Delivery.WITHDRAWN}
    calendar = reporting(record, policy, today=today)
    schedule = _schedule(record, stages, figure, policy, today)
    return Standing(
        pledge=record.pledge,
        today=today,
        due=due,
        delivery=delivery,
        reporting=ReportingState.CLOSED if is_closed else _reporting_state(calendar, today),
        schedule=schedule,
        figure=figure,
        lateness=_lateness(record, due, today),
        calendar=calendar,
        milestones=stages,
        flags=flags(record, stages, policy, is_closed=is_closed, today=today),
    )


def _delivery(
    record: Record, stages: tuple[MilestoneStanding, ...], figure: Figure | None, today: date
) -> Delivery:
    if record.withdrawn_on(today):
        return Delivery.WITHDRAWN
    pledge = record.pledge
    if pledge.is_event:
        return _event_delivery(record, today)
    goal = pledge.goal
    if goal is not None and figure is not None and _is_met(goal, stages, figure):
        return Delivery.MET
    if goal is not None and goal.direction and _was_met(goal, record, today):
        return Delivery.REVERSED
    if figure is None or figure.value == pledge.baseline.value:
        return Delivery.NOT_STARTED
    if goal is not None and (figure.value - goal.baseline) * goal.direction < 0:
        return Delivery.REGRESSING
    return Delivery.IN_PROGRESS


def _is_met(goal: Target, stages: tuple[MilestoneStanding, ...], figure: Figure) -> bool:
    if goal.direction:
        return goal.met_by(figure.value)
    # A cap is kept on its due day or not; figures after it change nothing.
    return _final_status(stages) is MilestoneStatus.MET_ON_TIME


def _was_met(goal: Target, record: Record, today: date) -> bool:
    return any(goal.met_by(earlier.value) for earlier in record.figures_until(today))


def _event_delivery(record: Record, today: date) -> Delivery:
    said = [doing.done for doing in record.doings() if doing.as_of <= today]
    if said and said[-1]:
        return Delivery.MET
    if any(said):
        return Delivery.REVERSED
    has_begun = any(update.is_movement for update in record.reports_until(today))
    return Delivery.IN_PROGRESS if has_begun else Delivery.NOT_STARTED


def _final_status(stages: tuple[MilestoneStanding, ...]) -> MilestoneStatus | None:
    return stages[-1].status if stages and stages[-1].id == FINAL_MILESTONE else None


def _reporting_state(calendar: Reporting, today: date) -> ReportingState:
    if today < calendar.due:
        return ReportingState.CURRENT
    if today < calendar.stale_from:
        return ReportingState.DUE
    return ReportingState.NEVER_REPORTED if calendar.last is None else ReportingState.STALE


def _schedule(
    record: Record,
    stages: tuple[MilestoneStanding, ...],
    figure: Figure | None,
    policy: Policy,
    today: date,
) -> Schedule:
    final = _final_status(stages)
    if final is None or record.withdrawn_on(today):
        return Schedule.UNKNOWN
    if final is not MilestoneStatus.UPCOMING:
        return Schedule(final.value)
    goal = record.pledge.goal
    if goal is None or figure is None:
        return Schedule.UNKNOWN
    if not goal.direction:
        return Schedule.ON_TRACK if goal.met_by(figure.value) else Schedule.OFF_TRACK
    if goal.overshot_by(figure.value):
        return Schedule.OFF_TRACK
    return _by_pace(record, Path.of(record.pledge, stages[-1].milestone.due.date), figure, policy)


def _by_pace(record: Record, path: Path, figure: Figure, policy: Policy) -> Schedule:
    pace = exact_pace(record.pledge, path, figure.value, figure.as_of)
    if pace is None:
        is_on_path = ahead_of(record.pledge, path, figure.value, figure.as_of) >= 0
        return Schedule.ON_TRACK if is_on_path else Schedule.OFF_TRACK
    if pace >= policy.on_track_pace:
        return Schedule.ON_TRACK
    return Schedule.AT_RISK if pace >= policy.at_risk_pace else Schedule.OFF_TRACK


def _lateness(record: Record, due: Due | None, today: date) -> Lateness:
    if record.withdrawn_on(today):
        return Lateness()
    return Lateness(_days_late(record, due, today), _days_late(record, record.pledge.due, today))


def _days_late(record: Record, due: Due | None, today: date) -> int | None:
    """How late the pledge is against `due`, whether that is its deadline now or was once."""
    if due is None:
        return None
    stage = target_due(record, due, today=today)
    since = met_since(record, stage, today=today)
    if since is not None:
        return max((since - due.date).days, 0)
    is_late = stage.status is MilestoneStatus.OVERDUE and today > due.date
    return (today - due.date).days if is_late else None
