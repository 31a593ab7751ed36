"""Which rule gave each word of a standing: one sentence each, with the numbers in it."""

from dataclasses import dataclass
from datetime import date, timedelta

from pledgetracker.domain.flag import Flag, FlagKind, lead_start
from pledgetracker.domain.milestone import MilestoneStanding, MilestoneStatus
from pledgetracker.domain.numbers import plain
from pledgetracker.domain.phrases import amount, days_of, promised
from pledgetracker.domain.pledge import FINAL_MILESTONE
from pledgetracker.domain.policy import Policy
from pledgetracker.domain.record import Figure, Record
from pledgetracker.domain.standing import Delivery, ReportingState, Schedule, Standing, Status


@dataclass(frozen=True, slots=True)
class Reason:
    """A word of a standing, and the rule that gave it.

    Attributes:
        about: the axis, or `status`.
    """

    about: str
    word: str
    rule: str


def axes(record: Record, stands: Standing, policy: Policy) -> tuple[Reason, ...]:
    """Why each axis and the headline says what it says."""
    said = {"delivery": stands.delivery, "reporting": stands.reporting, "schedule": stands.schedule}
    speaker = next(axis for axis, word in said.items() if word.value == stands.status.value)
    ladder = ", ".join(status.value for status in Status)
    return (
        Reason("delivery", stands.delivery.value, _delivery(record, stands)),
        Reason("reporting", stands.reporting.value, _reporting(record, stands)),
        Reason("schedule", stands.schedule.value, _schedule(record, stands, policy)),
        Reason(
            "status", stands.status.value, f"The first of these that an axis says, here {speaker}: {ladder}."
        ),
    )


def of_milestone(stage: MilestoneStanding, stands: Standing) -> str:
    """Why a milestone has its status."""
    due, today = stage.milestone.due.date, stands.today
    match stage.status:
        case MilestoneStatus.UPCOMING:
            return f"Its due day, {due}, is not over, and it is not met so far."
        case MilestoneStatus.MET_ON_TIME:
            return f"What describes {min(due, today)} or an earlier day meets it, and it is due on {due}."
        case MilestoneStatus.MET_LATE:
            return f"It was not met on its due day, {due}, and is now."
        case MilestoneStatus.OVERDUE:
            return f"Its due day, {due}, {_passed(due, today)}, and it is not met."
        case MilestoneStatus.INDETERMINATE if stage.milestone.target is not None:
            return f"Its due day, {due}, is over; below a ceiling, no figure says that it was missed."
        case MilestoneStatus.INDETERMINATE:
            return f"Its due day, {due}, is over; there are reports, and no target to hold them to."


def of_flag(record: Record, flag: Flag, stands: Standing, policy: Policy) -> str:
    """Why a flag is open."""
    calendar = stands.calendar
    match flag.kind:
        case FlagKind.OVERDUE:
            passed = _passed(flag.episode, stands.today)
            return f"The due day of '{flag.milestone}', {flag.episode}, {passed}, and it is not met."
        case FlagKind.NO_PROGRESS:
            stage = next(stage for stage in stands.milestones if stage.id == flag.milestone)
            return (
                f"'{flag.milestone}' is due on {flag.episode}, within {policy.lead_days} days, is not met, "
                f"and since {lead_start(stage, policy)} nothing that was reported came nearer to it."
            )
        case FlagKind.NEVER_REPORTED:
            return f"A report was due on {calendar.due}; its grace is over, and there never was one."
        case FlagKind.STALE:
            return (
                f"A report was due on {calendar.due}; its grace is over, and the last is of {calendar.last}."
            )
        case FlagKind.BEHIND:
            return (
                f"With the figure of {flag.episode} the pace fell below {policy.on_track_pace}, "
                f"and no figure since then came above {policy.behind_clears_pace}."
            )
        case FlagKind.CONFLICT:
            rivals = record.rivals(flag.episode, flag.milestone)
            left = record.weighed(flag.episode, rivals, flag.milestone)
            listed = ", ".join(str(update.number) for update in left)
            return f"What is reported of {flag.episode} differs (updates {listed}); nobody has chosen yet."


def _passed(due: date, today: date) -> str:
    # A cap is overdue on the day itself.
    return "is over" if due < today else "has come"


def _delivery(record: Record, stands: Standing) -> str:
    pledge, figure = record.pledge, stands.figure
    if stands.delivery is Delivery.WITHDRAWN:
        assert record.withdrawal is not None
        return f"It was taken back with effect from {record.withdrawal.on}."
    if pledge.is_event:
        return _event_delivery(record, stands)
    said = _told(record, figure)
    match stands.delivery:
        case Delivery.MET if pledge.goal is not None and not pledge.goal.direction:
            return f"The due day has come, and the last figure that describes it is {promised(record)}."
        case Delivery.MET:
            return f"{said} is {promised(record)}."
        case Delivery.REVERSED:
            return f"An earlier figure met the target, {promised(record)}, and the latest, {said}, does not."
        case Delivery.REGRESSING:
            return f"{said} lies on the other side of the baseline, {plain(pledge.baseline.value)}."
        case Delivery.IN_PROGRESS:
            start = plain(pledge.baseline.value)
            end = "there is no target" if pledge.target is None else f"is not {promised(record)}"
            return f"{said} has left the baseline, {start}, and {end}."
        case _ if figure is None:
            return "There is no figure."
        case _:
            return f"{said} is that of the baseline."


def _event_delivery(record: Record, stands: Standing) -> str:
    doing = record.doing_on(stands.today)
    match stands.delivery:
        case Delivery.MET:
            assert doing is not None
            return f"Last reported done, as of {doing.as_of}."
        case Delivery.REVERSED:
            assert doing is not None
            return f"Reported done once, and as of {doing.as_of} not done."
        case Delivery.IN_PROGRESS:
            return "Something other than no change counts, and nothing that says done."
        case _:
            return "Nothing counts that was reported, unless of no change."


def _told(record: Record, figure: Figure | None) -> str:
    if figure is None:
        return "No figure"
    return f"The figure of {figure.as_of}, {amount(figure.value, record.pledge.unit)},"


def _reporting(record: Record, stands: Standing) -> str:
    calendar = stands.calendar
    since = (
        f"the announcement, {record.pledge.announced_on}"
        if calendar.last is None
        else f"the last report, {calendar.last}"
    )
    cadence = (calendar.due - (calendar.last or record.pledge.announced_on)).days
    grace = (calendar.stale_from - calendar.due).days - 1
    due = f"{calendar.due}, {days_of(cadence)} after {since}"
    match stands.reporting:
        case ReportingState.CLOSED:
            return f"The pledge is {stands.delivery}, so that no report is awaited."
        case ReportingState.CURRENT:
            return f"The next report is due on {due}."
        case ReportingState.DUE:
            until = calendar.stale_from - timedelta(days=1)
            return f"A report was due on {due}, and its grace of {days_of(grace)} lasts until {until}."
        case _:
            return f"A report was due on {due}, and its grace of {days_of(grace)} is over."


def _schedule(record: Record, stands: Standing, policy: Policy) -> str:
    pledge, goal, figure = record.pledge, record.pledge.goal, stands.figure
    final = next((stage for stage in stands.milestones if stage.id == FINAL_MILESTONE), None)
    if stands.delivery is Delivery.WITHDRAWN:
        return "It was taken back, so that no deadline holds."
    if final is None:
        return "There is no deadline."
    if final.status is not MilestoneStatus.UPCOMING:
        return of_milestone(final, stands)
    if pledge.is_event:
        return "The deadline has not passed, and an event has no pace."
    if goal is None or figure is None:
        return f"The deadline has not passed, and there is no {'target' if goal is None else 'figure'}."
    if not goal.direction:
        side = "within" if stands.schedule is Schedule.ON_TRACK else "above"
        return f"{_told(record, figure)} is {side} the cap."
    if goal.overshot_by(figure.value):
        return f"{_told(record, figure)} is beyond a target that was to be hit exactly."
    return _by_pace(stands, policy)


def _by_pace(stands: Standing, policy: Policy) -> str:
    pace = stands.progress.pace
    if pace is None:
        side = "on or above" if stands.schedule is Schedule.ON_TRACK else "below"
        return f"Nothing is expected yet, and the figure is {side} the path."
    on_track, at_risk = f"{policy.on_track_pace}", f"{policy.at_risk_pace}"
    match stands.schedule:
        case Schedule.ON_TRACK:
            rule = f"not below {on_track}, from which it is on track"
        case Schedule.AT_RISK:
            rule = f"below {on_track} and not below {at_risk}, from which it is at risk"
        case _:
            rule = f"below {at_risk}"
    return f"The pace on the day of the figure, {plain(pace)} when rounded, is {rule}."
