"""Stretches of time as IATI wants them: what was to be reached by the end of each, what was reported."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from itertools import groupby

from pledgetracker.domain.pledge import Source

ONE_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Goal:
    """What was to be reached.

    Attributes:
        due: by the end of which day; None without a deadline.
        value: in the unit of the indicator; None for what is done or not, and where no value was promised.
        comment: in English, what the value alone does not say.
    """

    due: date | None
    value: Decimal | None
    comment: str


@dataclass(frozen=True, slots=True)
class Actual:
    """What was reported.

    Attributes:
        as_of: the day that it describes.
        value: the total to that day, in the unit of the indicator; None for what is done or not.
        comment: in English, how it was reported.
        note: what was noted beside it, as it was written.
    """

    as_of: date
    value: Decimal | None
    comment: str
    note: str | None = None
    evidence: tuple[Source, ...] = ()


@dataclass(frozen=True, slots=True)
class Period:
    """A stretch of time, both ends included."""

    start: date
    end: date
    goals: tuple[Goal, ...]
    actuals: tuple[Actual, ...]


def periods(
    goals: Sequence[Goal], actuals: Sequence[Actual], *, start: date, today: date
) -> Iterator[Period]:
    """The stretches that lead to each due day, one after the other, then one for what comes after the last.

    Each actual is in exactly one, that of its day. The last stretch is left out where nothing is in it; it
    ends with its last actual, or `today` where a goal without a deadline is still open.
    """
    waiting = sorted(actuals, key=lambda actual: actual.as_of)
    begin = min([start, *(actual.as_of for actual in waiting[:1])])
    dated = sorted((goal.due, n) for n, goal in enumerate(goals) if goal.due is not None)
    for due, group in groupby(dated, key=lambda pair: pair[0]):
        until = tuple(actual for actual in waiting if actual.as_of <= due)
        waiting = waiting[len(until) :]
        # A deadline may have been moved to before the baseline.
        yield Period(min(begin, due), due, tuple(goals[n] for _, n in group), until)
        begin = due + ONE_DAY
    undated = tuple(goal for goal in goals if goal.due is None)
    if undated or waiting:
        ends = [begin, *(actual.as_of for actual in waiting[-1:]), *([today] if undated else [])]
        yield Period(begin, max(ends), undated, tuple(waiting))
