"""What of a pledge is measured: its own indicator, and one for each milestone that is done or not.

Codes are those of IATI's list IndicatorMeasure, in which 5 is qualitative: without values, told in comments.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from pledgetracker.domain.numbers import plain
from pledgetracker.domain.phrases import amount
from pledgetracker.domain.pledge import FINAL_MILESTONE, Baseline, Pledge
from pledgetracker.domain.record import Record
from pledgetracker.domain.standing import Standing
from pledgetracker.domain.update import Claim, ProgressUpdate
from pledgetracker.feeds.iati.periods import Actual, Goal
from pledgetracker.feeds.words import promise, step

UNIT, PERCENTAGE, QUALITATIVE = "1", "2", "5"
_PERCENT = frozenset({"%", "percent", "per cent", "percentage"})
_CLAIMS = {
    Claim.SELF_REPORTED: "self-reported",
    Claim.THIRD_PARTY: "from a third party",
    Claim.OFFICIAL_STATISTIC: "an official statistic",
    Claim.AUDITED: "audited",
}


@dataclass(frozen=True, slots=True)
class Measure:
    """An indicator, what was to be reached of it and what was reported.

    Attributes:
        code: in IATI's list IndicatorMeasure.
        is_ascending: whether higher is better; None where nothing says.
        unit: what its values count.
        baseline: None for what is done or not.
    """

    title: str
    code: str
    goals: Sequence[Goal]
    actuals: Sequence[Actual]
    is_ascending: bool | None = None
    unit: str | None = None
    baseline: Baseline | None = None


def measures(record: Record, standing: Standing) -> Iterator[Measure]:
    """The pledge's own measure, then those of its milestones that are events, as on the day of `standing`."""
    pledge, reports = record.pledge, record.reports_until(standing.today)
    title = pledge.indicator or pledge.title
    goals = _goals(record, standing)
    if pledge.is_event:
        yield Measure(title, QUALITATIVE, goals, _doings(record, reports, None))
    else:
        yield Measure(
            title,
            PERCENTAGE if (pledge.unit or "").lower() in _PERCENT else UNIT,
            goals,
            _figures(record, reports),
            _is_ascending(pledge),
            pledge.unit,
            pledge.baseline,
        )
    for stage in standing.milestones:
        if stage.id != FINAL_MILESTONE and stage.milestone.target is None:
            goal = Goal(stage.milestone.due.date, None, step(stage))
            said = _doings(record, reports, stage.id)
            yield Measure(stage.milestone.title or stage.id, QUALITATIVE, [goal], said)


def _is_ascending(pledge: Pledge) -> bool | None:
    goal = pledge.goal
    return None if goal is None else goal.direction > 0


def _goals(record: Record, standing: Standing) -> Sequence[Goal]:
    """What the pledge's own indicator was to reach, milestones with a target first."""
    goals = [
        Goal(stage.milestone.due.date, stage.milestone.target, step(stage))
        for stage in standing.milestones
        if stage.id != FINAL_MILESTONE and stage.milestone.target is not None
    ]
    target, told = record.pledge.target, promise(record, standing)
    if standing.due is not None:
        goals.append(Goal(standing.due.date, target, told))
    elif target is not None or record.pledge.is_event:
        goals.append(Goal(None, target, f"{told} The period ends on the day of this file."))
    return goals


def _figures(record: Record, reports: Sequence[ProgressUpdate]) -> Sequence[Actual]:
    """The total that each report states, or that the record amounts to with it."""
    actuals = []
    for update in reports:
        figure = record.figure_on(update.as_of)
        # What describes a day before the baseline makes no figure.
        if update.done is None and figure is not None:
            value = figure.value if update.value is None else update.value
            said = [_said(update, record.pledge.unit)]
            said += _doubts(record, update, plain(figure.value), figure.conflict_on)
            actuals.append(_actual(update, value, said))
    return actuals


def _doings(record: Record, reports: Sequence[ProgressUpdate], milestone: str | None) -> Sequence[Actual]:
    """What was said of whether an event has happened; a report of no change speaks of the pledge itself."""
    actuals = []
    for update in reports:
        if update.milestone == milestone and (update.done is not None or milestone is None):
            doing = record.doing_on(update.as_of, milestone)
            said = [_said(update, None)]
            if doing is not None:
                said += _doubts(record, update, "done" if doing.done else "not done", doing.conflict_on)
            actuals.append(_actual(update, None, said))
    return actuals


def _doubts(record: Record, update: ProgressUpdate, goes_by: str, conflict_on: date | None) -> Iterator[str]:
    """Where reports about a day differ: that a reviewer chose another one, or that nobody has chosen."""
    if conflict_on != update.as_of and record.choice(update.as_of, update.milestone) is None:
        return
    rivals = record.rivals(update.as_of, update.milestone)
    if update not in rivals:
        return
    if update not in record.weighed(update.as_of, rivals, update.milestone):
        yield f"Set aside: a reviewer chose another report about this day, {goes_by}."
    elif conflict_on == update.as_of:
        yield f"Sources disagree about this day; the record goes by {goes_by}."


def _actual(update: ProgressUpdate, value: Decimal | None, said: Sequence[str]) -> Actual:
    return Actual(update.as_of, value, " ".join(said), update.note, update.evidence)


def _said(update: ProgressUpdate, unit: str | None) -> str:
    by = f" by {update.reported_by}" if update.reported_by else ""
    return (
        f"As of {update.as_of}: {_content(update, unit)}"
        f" (said on {update.reported_at}{by}; {_CLAIMS[update.claim]})."
    )


def _content(update: ProgressUpdate, unit: str | None) -> str:
    if update.value is not None:
        return "the total to date"
    if update.increment is not None:
        return f"reported as an increment of {amount(update.increment, unit)}"
    if update.done is not None:
        return "done" if update.done else "not done"
    return "no change"
