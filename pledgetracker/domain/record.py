"""All that is known of one pledge, and the figures that its reports amount to, day by day."""

from bisect import bisect_right
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import cached_property
from itertools import groupby
from typing import Any, TypeVar, cast

from pledgetracker.domain.days import Due
from pledgetracker.domain.pledge import Pledge, Reschedule, Withdrawal
from pledgetracker.domain.update import ProgressUpdate

REMEMBERED_ANSWERS = 8
_UNKNOWN = object()

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Figure:
    """The value that the reports amount to on a day.

    Attributes:
        value: in the pledge's unit.
        as_of: the day of the last report that made or confirmed it.
        conflict_on: the day for which its sources disagree, or None; then `value` is the worst of theirs.
    """

    value: Decimal
    as_of: date
    conflict_on: date | None = None


@dataclass(frozen=True, slots=True)
class Doing:
    """Whether an event has happened, as last reported."""

    done: bool
    as_of: date
    conflict_on: date | None = None


@dataclass(frozen=True)
class Record:
    """A pledge with everything reported and decided about it.

    Attributes:
        updates: every update ever recorded, superseded ones too, in order of their numbers.
        reschedules: every move of the deadline, in order of their numbers.
    """

    pledge: Pledge
    updates: tuple[ProgressUpdate, ...] = ()
    reschedules: tuple[Reschedule, ...] = ()
    withdrawal: Withdrawal | None = None

    @cached_property
    def _recalled(self) -> dict[Hashable, Any]:
        return {}

    def recall(self, question: Hashable, work: Callable[[], T]) -> T:
        """What `work` finds out about this record, worked out once a question: a record never changes."""
        known = self._recalled.get(question, _UNKNOWN)
        if known is _UNKNOWN:
            known = work()
            if len(self._recalled) >= REMEMBERED_ANSWERS:
                self._recalled.clear()
            self._recalled[question] = known
        return cast("T", known)

    def due_on(self, day: date) -> Due | None:
        """The deadline in force on `day`: a move counts from its announcement."""
        moves = [move for move in self.reschedules if move.announced_on <= day]
        if not moves:
            return self.pledge.due
        return max(moves, key=lambda move: (move.announced_on, move.number)).due

    def withdrawn_on(self, day: date) -> bool:
        """Whether the promise had been taken back by `day`."""
        return self.withdrawal is not None and self.withdrawal.on <= day

    @cached_property
    def successors(self) -> Mapping[int, int]:
        """For each superseded update its number, and the number of the one that corrects it."""
        return {u.supersedes: u.number for u in self.updates if u.supersedes is not None}

    @cached_property
    def reports(self) -> tuple[ProgressUpdate, ...]:
        """The updates that stand, none of them superseded, by the day they describe."""
        standing = (u for u in self.updates if u.number not in self.successors)
        return tuple(sorted(standing, key=lambda u: (u.as_of, u.number)))

    def reports_until(self, day: date) -> Sequence[ProgressUpdate]:
        """The standing updates that describe `day` or an earlier one."""
        return self.reports[: bisect_right(self.reports, day, key=lambda u: u.as_of)]

    @cached_property
    def figures(self) -> tuple[Figure, ...]:
        """The figure after each day that reports describe; none before the baseline date, none for events."""
        return () if self.pledge.is_event else tuple(_figures(self.pledge, self._since_baseline()))

    @cached_property
    def _figure_days(self) -> list[date]:
        return [figure.as_of for figure in self.figures]

    def figures_until(self, day: date) -> Sequence[Figure]:
        """The figures of `day` and of the days before it."""
        return self.figures[: bisect_right(self._figure_days, day)]

    def figure_on(self, day: date) -> Figure | None:
        """The figure on `day`, or None if no report had made one by then."""
        position = bisect_right(self._figure_days, day)
        return self.figures[position - 1] if position else None

    def doings(self, milestone: str | None = None) -> Sequence[Doing]:
        """Whether the event was done, after each day on which that was reported."""
        said = (u for u in self.reports if u.done is not None and u.milestone == milestone)
        return tuple(_doing(day, [bool(u.done) for u in group]) for day, group in _by_day(said))

    def doing_on(self, day: date, milestone: str | None = None) -> Doing | None:
        """What was last said by `day` of whether the event had happened."""
        until = [doing for doing in self.doings(milestone) if doing.as_of <= day]
        return until[-1] if until else None

    def _since_baseline(self) -> Iterable[ProgressUpdate]:
        numeric = (u for u in self.reports if u.done is None)
        return (u for u in numeric if u.as_of >= self.pledge.baseline.date)


def _by_day(updates: Iterable[ProgressUpdate]) -> Iterator[tuple[date, list[ProgressUpdate]]]:
    return ((day, list(group)) for day, group in groupby(updates, key=lambda u: u.as_of))


def _figures(pledge: Pledge, updates: Iterable[ProgressUpdate]) -> Iterator[Figure]:
    value, conflict_on = pledge.baseline.value, None
    for day, reports in _by_day(updates):
        totals = {u.value for u in reports if u.value is not None}
        if totals:
            # A total includes its own day, so that day's increments are already in it.
            value = _worst(pledge, totals)
            conflict_on = day if len(totals) > 1 else None
        else:
            value += sum((u.increment for u in reports if u.increment is not None), Decimal(0))
        yield Figure(value, day, conflict_on)


def _worst(pledge: Pledge, totals: set[Decimal]) -> Decimal:
    if len(totals) == 1:
        return next(iter(totals))
    goal = pledge.goal
    return min(totals) if goal is None else goal.worst(totals)


def _doing(day: date, said: list[bool]) -> Doing:
    return Doing(all(said), day, day if len(set(said)) > 1 else None)
