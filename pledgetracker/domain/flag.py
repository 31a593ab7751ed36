"""The conditions that the scheduler finds, as they are on a day; and when the next may come or go."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum

from pledgetracker.domain.conflict import conflicts
from pledgetracker.domain.milestone import MilestoneStanding, MilestoneStatus, overdue_from
from pledgetracker.domain.path import Path, ahead_of, pace_ratio
from pledgetracker.domain.pledge import FINAL_MILESTONE
from pledgetracker.domain.policy import Policy
from pledgetracker.domain.record import Figure, Record
from pledgetracker.domain.target import Comparator


class FlagKind(StrEnum):
    """What a flag says, the most urgent first."""

    OVERDUE = "overdue"
    NO_PROGRESS = "no_progress"
    NEVER_REPORTED = "never_reported"
    STALE = "stale"
    BEHIND = "behind"
    CONFLICT = "conflict"

    @property
    def urgency(self) -> int:
        """0 is the most urgent."""
        return _URGENCIES[self]


_URGENCIES = {kind: place for place, kind in enumerate(FlagKind)}


@dataclass(frozen=True, slots=True)
class Flag:
    """A condition on a milestone, or on the pledge where `milestone` is None.

    Attributes:
        episode: the date that names this occurrence: the milestone's due day, the day the report was
            due, the day of the figure, or the day about which reports differ.
        since: the local day from which the condition holds.
    """

    kind: FlagKind
    milestone: str | None
    episode: date
    since: date

    @property
    def identity(self) -> tuple[FlagKind, str | None, date]:
        """What makes it the same flag from one day to the next."""
        return self.kind, self.milestone, self.episode


@dataclass(frozen=True, slots=True)
class Reporting:
    """When the next report is due and how long it may be late.

    Attributes:
        last: the day of the last report, or None if there never was one.
        due: the day on which the next is due.
        stale_from: the first day on which its absence is an omission.
    """

    last: date | None
    due: date
    stale_from: date


def reporting(record: Record, policy: Policy, *, today: date) -> Reporting:
    """The reporting calendar as seen on `today`."""
    pledge = record.pledge
    last = max((u.reported_at for u in record.heard_until(today)), default=None)
    cadence = policy.cadence_days if pledge.cadence_days is None else pledge.cadence_days
    grace = policy.grace_days if pledge.grace_days is None else pledge.grace_days
    due = (last or pledge.announced_on) + timedelta(days=cadence)
    return Reporting(last, due, due + timedelta(days=grace + 1))


def flags(
    record: Record,
    milestones: tuple[MilestoneStanding, ...],
    policy: Policy,
    *,
    is_closed: bool,
    today: date,
) -> tuple[Flag, ...]:
    """The flags of `today`, the most urgent first.

    Args:
        record: the pledge and its reports.
        milestones: its milestones as they stand on `today`.
        policy: the thresholds.
        is_closed: whether the pledge is met, so that no report is awaited.
        today: the local day.
    """
    if record.withdrawn_on(today) or today < record.pledge.announced_on:
        return ()
    found = [
        *_deadline_flags(record, milestones, policy, today),
        *_silence_flags(record, policy, is_closed=is_closed, today=today),
        *_figure_flags(record, milestones, policy, today),
    ]
    return tuple(sorted(found, key=lambda flag: (flag.kind.urgency, flag.episode)))


def _deadline_flags(
    record: Record, milestones: tuple[MilestoneStanding, ...], policy: Policy, today: date
) -> Iterator[Flag]:
    # What is not to grow asks for no progress: a cap is kept by standing still.
    is_cap = record.pledge.comparator is Comparator.AT_MOST
    for standing in milestones:
        due = standing.milestone.due.date
        if standing.status is MilestoneStatus.OVERDUE:
            since = overdue_from(record.pledge, standing.milestone)
            yield Flag(FlagKind.OVERDUE, standing.id, due, since)
        elif standing.status is MilestoneStatus.UPCOMING and not is_cap:
            opens = opening_of_no_progress(record, standing, policy)
            if opens <= today and not _has_moved(record, standing, policy, today):
                yield Flag(FlagKind.NO_PROGRESS, standing.id, due, opens)


def lead_start(standing: MilestoneStanding, policy: Policy) -> date:
    """The day from which progress towards a milestone counts as recent."""
    start = standing.milestone.due.date - timedelta(days=policy.lead_days)
    return start if standing.after is None else max(start, standing.after)


def opening_of_no_progress(record: Record, standing: MilestoneStanding, policy: Policy) -> date:
    """The first day on which silence about a milestone is a flag."""
    first = standing.milestone.due.date - timedelta(days=policy.lead_days)
    if standing.after is not None:
        first = max(first, standing.after + timedelta(days=1))
    return max(first, record.pledge.announced_on)


def _has_moved(record: Record, standing: MilestoneStanding, policy: Policy, today: date) -> bool:
    """Whether on any day of the lead time the figure ended nearer the target than the day before."""
    pledge, start = record.pledge, lead_start(standing, policy)
    is_final = standing.id == FINAL_MILESTONE
    if pledge.is_event or (standing.milestone.target is None and not is_final):
        return any(u.is_movement and u.as_of >= start for u in record.reports_until(today))
    target = pledge.target_at(standing.milestone.target, final=is_final)
    eve = record.figure_on(start - timedelta(days=1))
    before = pledge.baseline.value if eve is None else eve.value
    for figure in record.figures_until(today):
        if figure.as_of < start:
            continue
        if target is None:
            if figure.value != before:
                return True
        elif target.distance(figure.value) < target.distance(before):
            return True
        before = figure.value
    return False


def _silence_flags(record: Record, policy: Policy, *, is_closed: bool, today: date) -> Iterator[Flag]:
    calendar = reporting(record, policy, today=today)
    if not is_closed and today >= calendar.stale_from:
        kind = FlagKind.NEVER_REPORTED if calendar.last is None else FlagKind.STALE
        yield Flag(kind, None, calendar.due, calendar.stale_from)


def _figure_flags(
    record: Record, milestones: tuple[MilestoneStanding, ...], policy: Policy, today: date
) -> Iterator[Flag]:
    behind = _behind_since(record, milestones, policy, today)
    if behind is not None:
        yield Flag(FlagKind.BEHIND, None, behind, behind)
    # What comes later makes the figure, and settles nothing: that takes a reviewer's choice, or a correction.
    for conflict in conflicts(record, today=today):
        if conflict.is_open:
            yield Flag(FlagKind.CONFLICT, conflict.milestone, conflict.as_of, conflict.as_of)


_UNMET = frozenset({MilestoneStatus.UPCOMING, MilestoneStatus.OVERDUE})


def _behind_since(
    record: Record, milestones: tuple[MilestoneStanding, ...], policy: Policy, today: date
) -> date | None:
    """The day of the figure that fell behind the path and has not come back over the closing pace.

    Past the deadline the path stays at the target; where no sum can say that it was missed, none says behind.
    """
    pledge = record.pledge
    goal = pledge.goal
    final = next((m for m in milestones if m.id == FINAL_MILESTONE), None)
    if goal is None or not goal.direction or final is None or final.status not in _UNMET:
        return None
    path = Path.of(pledge, final.milestone.due.date)
    # In whole numbers: fractions take several times as long to make and to compare.
    (clears, of_clears), (opens, of_opens) = (
        threshold.as_integer_ratio() for threshold in (policy.behind_clears_pace, policy.on_track_pace)
    )
    fell: date | None = None
    for figure in reversed(record.figures_until(today)):
        gained, awaited = _pace(record, path, figure)
        if gained * of_clears > clears * awaited or goal.met_by(figure.value):
            break
        if gained * of_opens < opens * awaited:
            fell = figure.as_of
    return fell


def _pace(record: Record, path: Path, figure: Figure) -> tuple[int, int]:
    """Pace as a ratio; where nothing is expected yet, on or above the path is 1 and below it 0."""
    pace = pace_ratio(record.pledge, path, figure.value, figure.as_of)
    if pace is not None:
        return pace
    return int(ahead_of(record.pledge, path, figure.value, figure.as_of) >= 0), 1


def turning_days(
    record: Record, milestones: tuple[MilestoneStanding, ...], policy: Policy, *, today: date
) -> Iterator[date]:
    """Days on which the clock alone may change the status or a flag (some may turn out to change nothing)."""
    for standing in milestones:
        due = standing.milestone.due.date
        yield due  # a cap is met or overdue on its due day
        yield due + timedelta(days=1)
        yield opening_of_no_progress(record, standing, policy)
    calendar = reporting(record, policy, today=today)
    yield calendar.stale_from
    yield record.pledge.announced_on
    yield from (move.announced_on for move in record.reschedules)
    if record.withdrawal is not None:
        yield record.withdrawal.on
