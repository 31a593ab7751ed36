"""The path: straight lines from the baseline through the pledger's milestones to the target."""

from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction
from itertools import pairwise

from pledgetracker.domain.days import LAST_DAY
from pledgetracker.domain.numbers import as_wholes, quotient, rounded
from pledgetracker.domain.pledge import Pledge, SetBy


@dataclass(frozen=True, slots=True)
class Path:
    """Points of the path, exact.

    Attributes:
        points: (day, value) with days as ordinals, in order; first the baseline, last the target.
    """

    points: tuple[tuple[int, Fraction], ...]

    @classmethod
    def of(cls, pledge: Pledge, due: date) -> "Path":
        """The path of a pledge with a numeric target to its deadline `due`.

        The tracker's own checkpoints never bend it; nor does a milestone that a moved deadline has passed.
        """
        assert pledge.target is not None
        bends = sorted(
            (m.due.date.toordinal(), Fraction(m.target))
            for m in pledge.milestones
            if m.target is not None and m.set_by is SetBy.PLEDGER and m.due.date < due
        )
        start = (pledge.baseline.date.toordinal(), Fraction(pledge.baseline.value))
        return cls((start, *bends, (due.toordinal(), Fraction(pledge.target))))

    def value_on(self, day: date) -> Fraction:
        """The value expected on `day`; the target from the deadline on."""
        return Fraction(*self.ratio_on(day))

    def ratio_on(self, day: date) -> tuple[int, int]:
        """`value_on` as numerator and denominator, not reduced: asked of every figure at every look."""
        x = day.toordinal()
        for (x0, y0), (x1, y1) in pairwise(self.points):
            if x < x1:
                (n0, d0), (n1, d1) = y0.as_integer_ratio(), y1.as_integer_ratio()
                done, whole = max(x, x0) - x0, x1 - x0
                return n0 * d1 * (whole - done) + n1 * d0 * done, d0 * d1 * whole
        return self.points[-1][1].as_integer_ratio()

    def days_ahead(self, value: Fraction, day: date) -> int:
        """Whole days by which `value` on `day` is ahead of the path, floored; negative is behind.

        The day on which the path has `value`, clamped to the path's span (on a level stretch the
        nearest of its days), less `day`.
        """
        return int((self.day_with(value, day) - day.toordinal()) // 1)

    def day_with(self, value: Fraction, day: date) -> Fraction:
        """The day (fractional ordinal), of all those within its span the nearest to `day`, with `value`."""
        first, last = self._span_at(value)
        return min(max(Fraction(day.toordinal()), first), last)

    def _span_at(self, value: Fraction) -> tuple[Fraction, Fraction]:
        """The first and the last day (fractional ordinals) on which the path has `value`."""
        rising = self.points[-1][1] > self.points[0][1]
        sign = 1 if rising else -1
        reached: list[Fraction] = []
        for (x0, y0), (x1, y1) in pairwise(self.points):
            if y0 == y1 == value:
                reached += [Fraction(x0), Fraction(x1)]
            elif sign * y0 <= sign * value <= sign * y1 and y0 != y1:
                reached.append(x0 + (x1 - x0) * (value - y0) / (y1 - y0))
        if reached:
            return min(reached), max(reached)
        end = self.points[0] if sign * value < sign * self.points[0][1] else self.points[-1]
        return Fraction(end[0]), Fraction(end[0])


@dataclass(frozen=True, slots=True)
class Progress:
    """The figure of one day held against path and target; null where undefined, never infinite.

    Formulas: with figure v of day a, baseline v0 of day t0, target V due on day T.

    Attributes:
        completion: (v - v0) / (V - v0), a share; signed and not clamped.
        expected: the path at a, in units.
        gap: v - expected in units, signed so that ahead is positive.
        pace: (v - v0) / (expected - v0), a share of the way expected by then.
        days_ahead: days, floored; negative is behind.
        current_rate: (v - v0) / (a - t0), units a day.
        required_rate: (V - v) / (T - today), units a day.
        projected_value: v0 + current_rate * (T - t0), units at the deadline.
        projected_date: the day on which the current rate reaches V, rounded up.
    """

    completion: Decimal | None = None
    expected: Decimal | None = None
    gap: Decimal | None = None
    pace: Decimal | None = None
    days_ahead: int | None = None
    current_rate: Decimal | None = None
    required_rate: Decimal | None = None
    projected_value: Decimal | None = None
    projected_date: date | None = None


def exact_pace(pledge: Pledge, path: Path, value: Decimal, day: date) -> Fraction | None:
    """Pace before rounding, for thresholds; None where nothing is expected yet."""
    ratio = pace_ratio(pledge, path, value, day)
    return None if ratio is None else Fraction(*ratio)


def pace_ratio(pledge: Pledge, path: Path, value: Decimal, day: date) -> tuple[int, int] | None:
    """`exact_pace` as numerator and positive denominator, not reduced: a look asks it of every figure."""
    (n, d), (n0, d0) = value.as_integer_ratio(), pledge.baseline.value.as_integer_ratio()
    expected, shares = path.ratio_on(day)
    gained, awaited = (n * d0 - n0 * d) * shares, (expected * d0 - n0 * shares) * d
    if not awaited:
        return None
    return (gained, awaited) if awaited > 0 else (-gained, -awaited)


def ahead_of(pledge: Pledge, path: Path, value: Decimal, day: date) -> Fraction:
    """How far `value` is ahead of the path on `day`, in units; negative is behind."""
    goal = pledge.goal
    assert goal is not None
    return (Fraction(value) - path.value_on(day)) * (goal.direction or 1)


def progress(pledge: Pledge, value: Decimal, day: date, due: date | None, *, today: date) -> Progress:
    """Hold the figure `value` of `day` against the pledge as due on `due`, seen from `today`."""
    start, goal = pledge.baseline.date, pledge.goal
    # In whole numbers, whose quotients are quick: v, v0 and target count shares of a unit.
    goal_value = pledge.baseline.value if goal is None else goal.value
    v, v0, target, shares = as_wholes(value, pledge.baseline.value, goal_value)
    gained, days = v - v0, (day - start).days
    current_rate = quotient(gained, days * shares) if days > 0 else None
    if goal is None:
        return Progress(current_rate=current_rate)
    projected = None
    if days > 0 and due is not None:
        projected = quotient(v0 * days + gained * (due - start).days, days * shares)
    if not goal.direction:
        return Progress(current_rate=current_rate, projected_value=projected)
    completion, reached = quotient(gained, target - v0), _reached_on(start, target - v0, gained, days)
    if due is None:
        return Progress(completion=completion, current_rate=current_rate, projected_date=reached)
    path = Path.of(pledge, due)
    expected = path.value_on(day)
    awaited = expected.numerator * shares - v0 * expected.denominator
    ahead = v * expected.denominator - expected.numerator * shares
    left = (due - today).days
    return Progress(
        completion=completion,
        expected=rounded(expected),
        gap=quotient(ahead * goal.direction, expected.denominator * shares),
        pace=quotient(gained * expected.denominator, awaited) if awaited else None,
        days_ahead=path.days_ahead(Fraction(value), day),
        current_rate=current_rate,
        required_rate=quotient(target - v, left * shares) if left > 0 else None,
        projected_value=projected,
        projected_date=reached,
    )


def _reached_on(start: date, span: int, gained: int, days: int) -> date | None:
    """The day on which `span` is covered at `gained` in `days`, rounded up; None if never, or after 2200."""
    if days <= 0 or gained * span <= 0:
        return None
    needed = -(-abs(span) * days // abs(gained))
    return start + timedelta(days=needed) if needed <= (LAST_DAY - start).days else None
