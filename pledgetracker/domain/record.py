"""All that is known of one pledge, and the figures that its reports amount to, day by day."""

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from decimal import Decimal
from functools import cached_property
from itertools import groupby
from operator import attrgetter
from typing import Any, Protocol, TypeVar, cast

from pledgetracker.domain.corrections import Corrections
from pledgetracker.domain.days import Due
from pledgetracker.domain.pledge import Edition, Pledge, Reschedule, Withdrawal
from pledgetracker.domain.review import Decision, Resolution, Review
from pledgetracker.domain.update import ProgressUpdate
from pledgetracker.domain.verdict import Verdict

REMEMBERED_ANSWERS = 16
_UNKNOWN = object()
_DAY = attrgetter("as_of")

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


@dataclass(frozen=True, slots=True)
class Moved:
    """A move of the deadline, and the deadline that it moved: that of the move announced before it."""

    move: Reschedule
    old: Due | None


@dataclass(frozen=True)
class Record:
    """A pledge with everything reported and decided about it.

    Attributes:
        updates: every update ever recorded, superseded ones too, in order of their numbers.
        reschedules: every move of the deadline, in order of their numbers.
        withdrawals: every time it was taken back, rescinded ones too, in order.
        decisions, resolutions: what reviewers decided, in order.
        editions: what the pledge said at first and after each edit, in order; the last is as it is now.
        verdicts: every row of the ledger of verdicts, in order of their numbers.
    """

    pledge: Pledge
    updates: tuple[ProgressUpdate, ...] = ()
    reschedules: tuple[Reschedule, ...] = ()
    withdrawals: tuple[Withdrawal, ...] = ()
    decisions: tuple[Decision, ...] = ()
    resolutions: tuple[Resolution, ...] = ()
    editions: tuple[Edition, ...] = ()
    verdicts: tuple[Verdict, ...] = ()

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

    @property
    def moved(self) -> Sequence[Moved]:
        """Every move of the deadline with the one that it moved, in order of announcement."""
        in_order = sorted(self.reschedules, key=lambda move: (move.announced_on, move.number))
        olds = (self.pledge.due, *(move.due for move in in_order))
        return [Moved(move, old) for move, old in zip(in_order, olds, strict=False)]

    @property
    def withdrawal(self) -> Withdrawal | None:
        """The withdrawal in force, if the promise was taken back."""
        return next((taken for taken in self.withdrawals if taken.rescinded_at is None), None)

    def withdrawn_on(self, day: date) -> bool:
        """Whether the promise had been taken back by `day`."""
        return self.withdrawal is not None and self.withdrawal.on <= day

    def update(self, number: int) -> ProgressUpdate | None:
        """The update `number`, if it is on record, or was at the instant that this record is of."""
        return self.corrections.by_number.get(number)

    @cached_property
    def corrections(self) -> Corrections:
        """Which update takes the place of which."""
        return Corrections(self.updates, self.decisions)

    @property
    def successors(self) -> Mapping[int, int]:
        """For each superseded update its number, and the number of the one that took its place."""
        return self.corrections.successors

    @cached_property
    def _standing_updates(self) -> tuple[ProgressUpdate, ...]:
        superseded = self.successors
        said = (u for u in self.updates if u.number not in superseded and not u.is_retraction)
        # Those of one day stay in order of their numbers, as they came.
        return tuple(sorted(said, key=_DAY))

    @cached_property
    def reports(self) -> tuple[ProgressUpdate, ...]:
        """The accepted updates that stand, none of them superseded, by the day they describe."""
        return tuple(u for u in self._standing_updates if u.review is Review.ACCEPTED)

    @cached_property
    def heard(self) -> tuple[ProgressUpdate, ...]:
        """The reports, and what was submitted or is disputed: that makes no figure, but is no silence."""
        if len(self.reports) == len(self._standing_updates):
            return self.reports
        return tuple(u for u in self._standing_updates if u.review is not Review.RETURNED)

    @cached_property
    def claimed(self) -> "Record":
        """The record as it would be if all that was submitted or is disputed were accepted."""
        if len(self.heard) == len(self.reports) and not any(u.review.is_open for u in self.updates):
            return self
        return replace(
            self,
            updates=tuple(
                replace(u, review=Review.ACCEPTED) if u.review.is_open else u for u in self.updates
            ),
        )

    def reports_until(self, day: date) -> Sequence[ProgressUpdate]:
        """The reports that describe `day` or an earlier one."""
        return _until(self.reports, day)

    def heard_until(self, day: date) -> Sequence[ProgressUpdate]:
        """What was heard about `day` or an earlier one."""
        return _until(self.heard, day)

    def is_too_early(self, update: ProgressUpdate) -> bool:
        """Whether `update` makes no figure for its day, before the baseline; `done` makes none on any."""
        return update.done is None and update.as_of < self.pledge.baseline.date

    @cached_property
    def figures(self) -> tuple[Figure, ...]:
        """The figure after each day that reports describe; none before the baseline date, none for events."""
        return () if self.pledge.is_event else tuple(self._figures())

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
        return tuple(
            _doing(day, {bool(u.done) for u in self.weighed(day, group, milestone)})
            for day, group in _by_day(said)
        )

    def doing_on(self, day: date, milestone: str | None = None) -> Doing | None:
        """What was last said by `day` of whether the event had happened."""
        until = [doing for doing in self.doings(milestone) if doing.as_of <= day]
        return until[-1] if until else None

    def weighed(
        self, day: date, reports: Sequence[ProgressUpdate], milestone: str | None = None
    ) -> Sequence[ProgressUpdate]:
        """Of `reports` about one day, those left when a reviewer chose: that one, and what came later."""
        choice = self.choice(day, milestone) if len(reports) > 1 else None
        if choice is None or all(u.number != choice.chosen for u in reports):
            return reports
        return [u for u in reports if u.number == choice.chosen or u.number not in choice.among]

    def rivals(self, day: date, milestone: str | None = None) -> Sequence[ProgressUpdate]:
        """The accepted updates about `day`, if they differ: totals, or whether the event was done.

        Totals of a day before the baseline's make no figure, and so there is nothing to choose between.
        """
        until = self.reports_until(day)
        about = until[bisect_left(until, day, key=_DAY) :]
        if milestone is not None or self.pledge.is_event:
            said = [u for u in about if u.done is not None and u.milestone == milestone]
            return said if len({u.done for u in said}) > 1 else ()
        valued = [u for u in about if u.value is not None and not self.is_too_early(u)]
        return valued if len({u.value for u in valued}) > 1 else ()

    def choice(self, day: date, milestone: str | None = None) -> Resolution | None:
        """What a reviewer last chose between updates about `day`."""
        return self._choices.get((day, milestone))

    @cached_property
    def _choices(self) -> Mapping[tuple[date, str | None], Resolution]:
        return {(choice.as_of, choice.milestone): choice for choice in self.resolutions}

    def _figures(self) -> Iterator[Figure]:
        value, conflict_on = self.pledge.baseline.value, None
        numeric = (u for u in self.reports if u.done is None and not self.is_too_early(u))
        for day, reports in _by_day(numeric):
            valued = [u for u in reports if u.value is not None]
            if valued:
                # A total includes its own day, so that day's increments are already in it.
                totals = {u.value for u in self.weighed(day, valued) if u.value is not None}
                value = _worst(self.pledge, totals)
                conflict_on = day if len(totals) > 1 else None
            else:
                value += sum((u.increment for u in reports if u.increment is not None), Decimal(0))
            yield Figure(value, day, conflict_on)

    @cached_property
    def _instants(self) -> Sequence[datetime]:
        """When something of the record was recorded, in order."""
        rows = (
            self.updates,
            self.reschedules,
            self.withdrawals,
            self.decisions,
            self.resolutions,
            self.editions,
            self.verdicts,
        )
        recorded = {row.recorded_at for ledger in rows for row in cast("tuple[Any, ...]", ledger)}
        recorded |= {w.rescinded_at for w in self.withdrawals if w.rescinded_at is not None}
        return sorted(recorded)

    def known_at(self, instant: datetime) -> "Record | None":
        """The record as it was at `instant`; None if it was begun later.

        Whatever is recorded afterwards, the answer stays the same.
        """
        place = bisect_right(self._instants, instant)
        if place == len(self._instants):
            return self
        return self.recall(("known", place), lambda: self._known(place)) if place else None

    def _known(self, place: int) -> "Record | None":
        instant = self._instants[place - 1]
        editions = _recorded_by(self.editions, instant)
        if not editions:
            return None
        decisions = _recorded_by(self.decisions, instant)
        # Every change has an instant of its own, and counts up the version by one.
        version = max(1, self.pledge.version - (len(self._instants) - place))
        pledge = replace(editions[-1].pledge, version=version, updated_at=instant)
        return Record(
            pledge,
            tuple(self._reviewed(u, decisions) for u in _recorded_by(self.updates, instant)),
            _recorded_by(self.reschedules, instant),
            tuple(_rescinded_by(w, instant) for w in _recorded_by(self.withdrawals, instant)),
            decisions,
            _recorded_by(self.resolutions, instant),
            editions,
            _recorded_by(self.verdicts, instant),
        )

    def _reviewed(self, update: ProgressUpdate, known: Iterable[Decision]) -> ProgressUpdate:
        """The update as it had been reviewed when only `known` decisions had been taken."""
        review = next((d.before for d in self.decisions if d.update == update.number), update.review)
        for decision in known:
            if decision.update == update.number:
                review = decision.review
        return update if review is update.review else replace(update, review=review)


class _Recorded(Protocol):
    @property
    def recorded_at(self) -> datetime: ...


R = TypeVar("R", bound=_Recorded)


def _recorded_by(ledger: tuple[R, ...], instant: datetime) -> tuple[R, ...]:
    return tuple(row for row in ledger if row.recorded_at <= instant)


def _rescinded_by(withdrawal: Withdrawal, instant: datetime) -> Withdrawal:
    rescinded_at = withdrawal.rescinded_at
    is_known = rescinded_at is None or rescinded_at <= instant
    return withdrawal if is_known else replace(withdrawal, rescinded_at=None)


def _until(updates: Sequence[ProgressUpdate], day: date) -> Sequence[ProgressUpdate]:
    return updates[: bisect_right(updates, day, key=_DAY)]


def _by_day(updates: Iterable[ProgressUpdate]) -> Iterator[tuple[date, list[ProgressUpdate]]]:
    return ((day, list(group)) for day, group in groupby(updates, key=_DAY))


def _worst(pledge: Pledge, totals: set[Decimal]) -> Decimal:
    if len(totals) == 1:
        return next(iter(totals))
    goal = pledge.goal
    return min(totals) if goal is None else goal.worst(totals)


def _doing(day: date, said: set[bool]) -> Doing:
    return Doing(all(said), day, day if len(said) > 1 else None)
