"""The one sentence, with its numbers, that says why a pledge has its headline."""

from datetime import date
from decimal import Decimal

from pledgetracker.domain.milestone import MilestoneStatus
from pledgetracker.domain.numbers import MAX_DECIMALS, grouped
from pledgetracker.domain.phrases import ahead_by, amount, day_of, days_of, percent, promised, with_unit
from pledgetracker.domain.policy import Policy
from pledgetracker.domain.record import Record
from pledgetracker.domain.standing import Schedule, Standing, Status
from pledgetracker.domain.target import Comparator


def because(record: Record, standing: Standing, policy: Policy) -> str:
    """Why `standing` has its status."""
    match standing.status:
        case Status.WITHDRAWN:
            assert record.withdrawal is not None
            said = f"{_event_or_figure(record, standing)}, against {promised(record)}"
            return f"Withdrawn with effect from {day_of(record.withdrawal.on)}: {said}."
        case Status.MET | Status.MET_LATE | Status.REVERSED:
            return _met(record, standing)
        case Status.OVERDUE | Status.INDETERMINATE:
            return _past_due(record, standing)
        case Status.NEVER_REPORTED | Status.STALE:
            return _silent(record, standing)
        case Status.ON_TRACK | Status.AT_RISK | Status.OFF_TRACK:
            return _on_the_way(record, standing, policy)
        case _:
            return _open(record, standing)


def _reported(record: Record, standing: Standing) -> str:
    figure = standing.figure
    if (
        record.pledge.comparator is Comparator.AT_MOST
        and standing.due
        and standing.today >= standing.due.date
    ):
        # A cap is kept on its due day or not; a figure of a later day would contradict the verdict.
        figure = record.figure_on(standing.due.date)
        if figure is None:
            return "no figure for that day or an earlier one"
    if figure is not None:
        conflict = " (the least favourable of conflicting figures)" if figure.conflict_on else ""
        return f"{amount(figure.value, record.pledge.unit)} reported as of {day_of(figure.as_of)}{conflict}"
    reports = record.reports_until(standing.today)
    if not reports:
        heard = record.heard_until(standing.today)
        if heard:
            return f"a report as of {day_of(heard[-1].as_of)}, not accepted yet"
        return "nothing ever reported"
    return f"last report as of {day_of(reports[-1].as_of)}, without a figure"


def _met(record: Record, standing: Standing) -> str:
    said = f"{_event_or_figure(record, standing)}, against {promised(record)}"
    deadline = f" due by {day_of(standing.due.date)}" if standing.due else ""
    match standing.status, standing.schedule:
        case Status.REVERSED, _:
            return f"The target was met once and is not any more: {said}{deadline}."
        case Status.MET_LATE, _:
            return f"Met {days_of(standing.lateness.current or 0)} after the deadline: {said}{deadline}."
        case _, Schedule.MET_ON_TIME:
            return f"Met in time: {said}{deadline}."
        case _:
            return f"Met: {said}{deadline}."


def _event_or_figure(record: Record, standing: Standing) -> str:
    doing = record.doing_on(standing.today) if record.pledge.is_event else None
    if doing is None:
        return _reported(record, standing)
    return f"reported {'done' if doing.done else 'not done'} as of {day_of(doing.as_of)}"


def _past_due(record: Record, standing: Standing) -> str:
    assert standing.due is not None
    said = _event_or_figure(record, standing)
    if standing.status is Status.OVERDUE:
        late = standing.lateness.current
        since = "the day that has come" if late is None else f"{days_of(late)} ago"
        return f"Due by {day_of(standing.due.date)}, {since}: {said}, against {promised(record)}."
    why = (
        "a ceiling below which no sum can call it missed"
        if record.pledge.target is not None
        else "nothing to hold it to"
    )
    return (
        f"The deadline of {day_of(standing.due.date)} has passed: {said}, against {promised(record)}, {why}."
    )


def _silent(record: Record, standing: Standing) -> str:
    calendar = standing.calendar
    ago = days_of((standing.today - calendar.due).days)
    awaited = f"a report was due on {day_of(calendar.due)}, {ago} ago"
    if calendar.last is None:
        return f"Nothing reported since the announcement on {day_of(record.pledge.announced_on)}: {awaited}."
    return f"Last reported on {day_of(calendar.last)}: {awaited}; {_event_or_figure(record, standing)}."


def _on_the_way(record: Record, standing: Standing, policy: Policy) -> str:
    said, progress = _reported(record, standing), standing.progress
    if record.pledge.comparator is Comparator.AT_MOST:
        side = "within" if standing.status is Status.ON_TRACK else "above"
        return f"{said}, {side} the cap of {promised(record)}."
    goal = record.pledge.goal
    assert goal is not None
    assert standing.figure is not None
    assert progress.expected is not None
    if goal.overshot_by(standing.figure.value):
        return f"{said}, beyond the target of {promised(record)}."
    expected = f"where the path expects {_computed(progress.expected, record.pledge.unit)}"
    if progress.pace is None:
        return f"{said}, {expected}."
    days = ahead_by(progress.days_ahead or 0)
    threshold = {
        Status.ON_TRACK: f"on track from {percent(policy.on_track_pace)}",
        Status.AT_RISK: f"on track only from {percent(policy.on_track_pace)}",
        Status.OFF_TRACK: f"off track below {percent(policy.at_risk_pace)}",
    }[standing.status]
    pace, outlook = percent(progress.pace), _outlook(progress.projected_date)
    return f"{said}, {expected}: {pace} of the pace ({threshold}), {days}{outlook}."


def _computed(value: Decimal, unit: str | None) -> str:
    """`406,932.93 people`: to the hundredth, and a small value in full."""
    return with_unit(grouped(value, 2 if abs(value) >= 1 else MAX_DECIMALS), value, unit)


def _outlook(reached: date | None) -> str:
    return f"; at the current rate the target is reached on {day_of(reached)}" if reached else ""


def _open(record: Record, standing: Standing) -> str:
    said = _event_or_figure(record, standing)
    deadline = f", due by {day_of(standing.due.date)}" if standing.due else ", with no deadline"
    upcoming = any(stage.status is MilestoneStatus.UPCOMING for stage in standing.milestones)
    next_report = f"; the next report is due on {day_of(standing.calendar.due)}" if upcoming else ""
    share = f" ({percent(standing.progress.completion)})" if standing.progress.completion is not None else ""
    return f"{said[0].upper()}{said[1:]}{share}, against {promised(record)}{deadline}{next_report}."
