"""Where each milestone stands; the pledge's own target at its deadline is the last of them."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum

from pledgetracker.domain.days import Due
from pledgetracker.domain.pledge import FINAL_MILESTONE, Milestone, Pledge, SetBy
from pledgetracker.domain.record import Doing, Figure, Record
from pledgetracker.domain.target import Comparator


class MilestoneStatus(StrEnum):
    """What the clock and the figures say of a milestone."""

    UPCOMING = "upcoming"
    MET_ON_TIME = "met_on_time"
    MET_LATE = "met_late"
    OVERDUE = "overdue"
    INDETERMINATE = "indeterminate"

    @property
    def is_met(self) -> bool:
        """Whether it was reached, in time or not."""
        return self in {MilestoneStatus.MET_ON_TIME, MilestoneStatus.MET_LATE}


@dataclass(frozen=True, slots=True)
class MilestoneStanding:
    """A milestone, its status, and where the stretch that leads to it begins.

    Attributes:
        after: the due day of the milestone before it, or None for the first.
    """

    milestone: Milestone
    status: MilestoneStatus
    after: date | None

    @property
    def id(self) -> str:
        """The milestone's id; `target` for the pledge's own."""
        return self.milestone.id


def milestones(record: Record, *, today: date) -> tuple[MilestoneStanding, ...]:
    """Every milestone in order of its due day, the pledge's own target last, as seen on `today`."""
    return tuple(_standings(record, record.due_on(today), today))


def _standings(record: Record, due: Due | None, today: date) -> Iterator[MilestoneStanding]:
    after: date | None = None
    for milestone in sorted(record.pledge.milestones, key=lambda m: m.due.date):
        yield MilestoneStanding(milestone, _status(record, milestone, today), after)
        after = milestone.due.date
    if due is not None:
        yield target_due(record, due, today=today)


def target_due(record: Record, due: Due, *, today: date) -> MilestoneStanding:
    """The pledge's own target as it stands on `today` with `due` for its deadline, in force or not."""
    final = Milestone(FINAL_MILESTONE, due, None, record.pledge.target, SetBy.PLEDGER)
    # A deadline moved nearer may stand before milestones that once led to it.
    after = max((m.due.date for m in record.pledge.milestones if m.due.date < due.date), default=None)
    return MilestoneStanding(final, _status(record, final, today), after)


def _status(record: Record, milestone: Milestone, today: date) -> MilestoneStatus:
    if met(record, milestone, min(milestone.due.date, today), today=today):
        return MilestoneStatus.MET_ON_TIME
    if today < overdue_from(record.pledge, milestone):
        return MilestoneStatus.UPCOMING
    if not _is_cap(record.pledge, milestone) and met(record, milestone, today, today=today):
        return MilestoneStatus.MET_LATE
    return (
        MilestoneStatus.INDETERMINATE
        if _is_beyond_arithmetic(record, milestone, today)
        else MilestoneStatus.OVERDUE
    )


def overdue_from(pledge: Pledge, milestone: Milestone) -> date:
    """The first day on which a milestone of `pledge` that is not met is overdue.

    A cap is judged on its due day, once and for all; whatever is to be reached has until the end of that day.
    """
    due = milestone.due.date
    return due if _is_cap(pledge, milestone) else due + timedelta(days=1)


def met(record: Record, milestone: Milestone, day: date, *, today: date) -> bool:
    """Whether the milestone was met by what describes `day`; a cap is never met before its due day."""
    pledge = record.pledge
    is_final = milestone.id == FINAL_MILESTONE
    target = pledge.target_at(milestone.target, final=is_final)
    if target is not None:
        figure = record.figure_on(day)
        in_time = today >= milestone.due.date or not _is_cap(pledge, milestone)
        return figure is not None and in_time and target.met_by(figure.value)
    if is_final and not pledge.is_event:
        return False
    doing = record.doing_on(day, None if is_final else milestone.id)
    return doing is not None and doing.done


def met_since(record: Record, stage: MilestoneStanding, *, today: date) -> date | None:
    """The day from which a milestone has been met without a break, as seen on `today`; None for one unmet.

    What was met in time is looked at up to its due day only, and a cap is met on that day.
    """
    milestone = stage.milestone
    if not stage.status.is_met or _is_cap(record.pledge, milestone):
        return milestone.due.date if stage.status.is_met else None
    last = min(milestone.due.date, today) if stage.status is MilestoneStatus.MET_ON_TIME else today
    reported: Sequence[Figure | Doing] = record.figures
    if milestone.target is None:
        reported = record.doings(None if milestone.id == FINAL_MILESTONE else milestone.id)
    days = [said.as_of for said in reported if said.as_of <= last]
    return _since_when([(day, met(record, milestone, day, today=today)) for day in days])


def _since_when(history: Sequence[tuple[date, bool]]) -> date:
    """The day on which the run began that the last day of `history`, on which it was so, belongs to."""
    since = history[-1][0]
    for day, was_so in reversed(history):
        if not was_so:
            break
        since = day
    return since


def _is_cap(pledge: Pledge, milestone: Milestone) -> bool:
    return milestone.target is not None and pledge.comparator is Comparator.AT_MOST


def _is_beyond_arithmetic(record: Record, milestone: Milestone, today: date) -> bool:
    """Whether, past its due day and unmet, no sum can say that it was missed."""
    pledge = record.pledge
    if milestone.target is not None:
        # A ceiling protects a reported figure below it, not silence.
        return pledge.comparator is Comparator.UP_TO and record.figure_on(today) is not None
    is_without_target = milestone.id == FINAL_MILESTONE and not pledge.is_event
    return is_without_target and bool(record.reports_until(today))
