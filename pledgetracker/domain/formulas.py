"""The numbers of a standing as formulas: the letters, the numbers put in, and the exact outcome."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction
from itertools import pairwise
from math import ceil, floor

from pledgetracker.domain.days import LAST_DAY
from pledgetracker.domain.numbers import MAX_DECIMALS, rounded
from pledgetracker.domain.path import Path
from pledgetracker.domain.pledge import Pledge
from pledgetracker.domain.record import Figure


@dataclass(frozen=True, slots=True)
class Formula:
    """One number of a standing and how it comes about.

    Attributes:
        name: as in `Progress`.
        formula: in letters, which `symbols` explains; rates are units a day, spans are days.
        filled: the same with the numbers put in; what does not end within six decimals is cut short by "…".
        exact: the outcome before rounding, None for a date and where there is none.
        result: the outcome as the standing shows it.
        undefined: why there is none, one sentence.
    """

    name: str
    formula: str
    filled: str | None = None
    exact: Fraction | None = None
    result: Decimal | int | date | None = None
    undefined: str | None = None

    @property
    def fraction(self) -> str | None:
        """The exact outcome as text: `29/4`."""
        return None if self.exact is None else str(self.exact)


@dataclass(frozen=True, slots=True)
class Symbol:
    """A letter of the formulas; None where it stands for nothing."""

    symbol: str
    meaning: str
    value: Decimal | date | None


@dataclass(frozen=True, slots=True)
class _Terms:
    """What the letters stand for: figure v of day a, baseline v0 of t0, target due on T, seen from today."""

    v: Fraction
    a: date
    v0: Fraction
    t0: date
    target: Fraction | None
    direction: int
    due: date | None
    today: date
    path: Path | None

    @property
    def days(self) -> int:
        """Days from t0 to a."""
        return (self.a - self.t0).days

    @property
    def gained(self) -> Fraction:
        """Units from v0 to v."""
        return self.v - self.v0


def symbols(pledge: Pledge, figure: Figure | None, due: date | None, today: date) -> tuple[Symbol, ...]:
    """What the letters of the formulas stand for."""
    return (
        Symbol("v", "the figure", None if figure is None else figure.value),
        Symbol("a", "the day of the figure", None if figure is None else figure.as_of),
        Symbol("v0", "the value of the baseline", None if pledge.is_event else pledge.baseline.value),
        Symbol("t0", "the day of the baseline", pledge.baseline.date),
        Symbol("V", "the target", pledge.target),
        Symbol("T", "the deadline", due),
        Symbol("today", "the day of the answer", today),
    )


def formulas(pledge: Pledge, figure: Figure | None, due: date | None, today: date) -> tuple[Formula, ...]:
    """Each number of the standing of `pledge` with this `figure` and deadline, on `today`."""
    if pledge.is_event:
        return _none("An event is done or not; it has no figure.")
    if figure is None:
        return _none("There is no figure yet.")
    goal = pledge.goal
    is_on_path = goal is not None and goal.direction and due is not None
    terms = _Terms(
        v=Fraction(figure.value),
        a=figure.as_of,
        v0=Fraction(pledge.baseline.value),
        t0=pledge.baseline.date,
        target=None if goal is None else Fraction(goal.value),
        direction=0 if goal is None else goal.direction,
        due=due,
        today=today,
        path=Path.of(pledge, due) if is_on_path and due is not None else None,
    )
    return tuple(make(terms) for make in _MAKERS.values())


def _none(why: str) -> tuple[Formula, ...]:
    return tuple(Formula(name, _IN_LETTERS[name], undefined=why) for name in _MAKERS)


_NO_TARGET = "There is no target."
_CAP = "A cap has no direction, and so no way to go and no path."
_NO_DEADLINE = "There is no deadline."
_FIRST_DAY = "The figure describes the day of the baseline itself."

_IN_LETTERS = {
    "completion": "(v − v0) / (V − v0)",
    "expected": "y0 + (y1 − y0) × (a − x0) / (x1 − x0), between the points (x0, y0) and (x1, y1) of the path",
    "gap": "v − expected; expected − v where lower is better",
    "pace": "(v − v0) / (expected − v0)",
    "days_ahead": "⌊p − a⌋, with p the day on which the path has v",
    "current_rate": "(v − v0) / (a − t0)",
    "required_rate": "(V − v) / (T − today)",
    "projected_value": "v0 + (v − v0) × (T − t0) / (a − t0)",
    "projected_date": "t0 + ⌈(V − v0) × (a − t0) / (v − v0)⌉ days",
}


def _completion(terms: _Terms) -> Formula:
    if terms.target is None or not terms.direction:
        return _undefined("completion", _off_path(terms))
    way = terms.target - terms.v0
    filled = f"({_n(terms.v)} − {_n(terms.v0)}) / ({_n(terms.target)} − {_n(terms.v0)})"
    return _defined("completion", filled, terms.gained / way)


def _expected(terms: _Terms) -> Formula:
    if terms.path is None:
        return _undefined("expected", _off_path(terms))
    exact = terms.path.value_on(terms.a)
    x = terms.a.toordinal()
    for (x0, y0), (x1, y1) in pairwise(terms.path.points):
        if x <= x1:
            filled = f"{_n(y0)} + ({_n(y1)} − {_n(y0)}) × {x - x0} / {x1 - x0}"
            return _defined("expected", filled, exact)
    return _defined("expected", f"{_n(exact)}, the target, as the deadline has passed", exact)


def _gap(terms: _Terms) -> Formula:
    if terms.path is None:
        return _undefined("gap", _off_path(terms))
    expected = terms.path.value_on(terms.a)
    more, less = (terms.v, expected) if terms.direction > 0 else (expected, terms.v)
    return _defined("gap", f"{_n(more)} − {_n(less)}", more - less)


def _pace(terms: _Terms) -> Formula:
    if terms.path is None:
        return _undefined("pace", _off_path(terms))
    expected = terms.path.value_on(terms.a)
    if expected == terms.v0:
        return _undefined("pace", "The path is still at the baseline, so that nothing is expected yet.")
    filled = f"({_n(terms.v)} − {_n(terms.v0)}) / ({_n(expected)} − {_n(terms.v0)})"
    return _defined("pace", filled, terms.gained / (expected - terms.v0))


def _days_ahead(terms: _Terms) -> Formula:
    if terms.path is None:
        return _undefined("days_ahead", _off_path(terms))
    start = terms.t0.toordinal()
    p = terms.path.day_with(terms.v, terms.a) - start
    exact = p - terms.days
    filled = f"⌊{_n(p)} − {terms.days}⌋, both in days after {terms.t0}"
    return Formula("days_ahead", _IN_LETTERS["days_ahead"], filled, exact, floor(exact))


def _current_rate(terms: _Terms) -> Formula:
    if terms.days <= 0:
        return _undefined("current_rate", _FIRST_DAY)
    filled = f"({_n(terms.v)} − {_n(terms.v0)}) / {terms.days}"
    return _defined("current_rate", filled, terms.gained / terms.days)


def _required_rate(terms: _Terms) -> Formula:
    if terms.target is None or not terms.direction or terms.due is None:
        return _undefined("required_rate", _off_path(terms))
    left = (terms.due - terms.today).days
    if left <= 0:
        return _undefined("required_rate", "The deadline has come, and no days are left.")
    filled = f"({_n(terms.target)} − {_n(terms.v)}) / {left}"
    return _defined("required_rate", filled, (terms.target - terms.v) / left)


def _projected_value(terms: _Terms) -> Formula:
    if terms.target is None or terms.due is None:
        return _undefined("projected_value", _NO_TARGET if terms.target is None else _NO_DEADLINE)
    if terms.days <= 0:
        return _undefined("projected_value", _FIRST_DAY)
    span = (terms.due - terms.t0).days
    filled = f"{_n(terms.v0)} + ({_n(terms.v)} − {_n(terms.v0)}) × {span} / {terms.days}"
    return _defined("projected_value", filled, terms.v0 + terms.gained * span / terms.days)


def _projected_date(terms: _Terms) -> Formula:
    if terms.target is None or not terms.direction:
        return _undefined("projected_date", _off_path(terms))
    if terms.days <= 0:
        return _undefined("projected_date", _FIRST_DAY)
    way = terms.target - terms.v0
    if terms.gained * way <= 0:
        return _undefined("projected_date", "At the current rate the target is never reached.")
    exact = way * terms.days / terms.gained
    if ceil(exact) > (LAST_DAY - terms.t0).days:
        return _undefined("projected_date", f"At the current rate it is reached after {LAST_DAY.year} only.")
    reached = terms.t0 + timedelta(days=ceil(exact))
    way_in_numbers = f"({_n(terms.target)} − {_n(terms.v0)})"
    filled = f"{terms.t0} + ⌈{way_in_numbers} × {terms.days} / ({_n(terms.v)} − {_n(terms.v0)})⌉ days"
    return Formula("projected_date", _IN_LETTERS["projected_date"], filled, exact, reached)


_MAKERS: dict[str, Callable[[_Terms], Formula]] = {
    "completion": _completion,
    "expected": _expected,
    "gap": _gap,
    "pace": _pace,
    "days_ahead": _days_ahead,
    "current_rate": _current_rate,
    "required_rate": _required_rate,
    "projected_value": _projected_value,
    "projected_date": _projected_date,
}


def _off_path(terms: _Terms) -> str:
    """Why there is no path, or no way to go."""
    if terms.target is None:
        return _NO_TARGET
    return _NO_DEADLINE if terms.direction else _CAP


def _defined(name: str, filled: str, exact: Fraction) -> Formula:
    return Formula(name, _IN_LETTERS[name], filled, exact, rounded(exact))


def _undefined(name: str, why: str) -> Formula:
    return Formula(name, _IN_LETTERS[name], undefined=why)


def _n(number: Fraction) -> str:
    """A number as it stands in a sum: `0.25`, `(−5)`, and `406932.931424…` where its decimals go on."""
    whole = abs(number) * 10**MAX_DECIMALS
    cut = floor(whole)
    digits = format(Decimal(cut).scaleb(-MAX_DECIMALS).normalize(), "f")
    text = digits if whole == cut else f"{cut // 10**MAX_DECIMALS}.{cut % 10**MAX_DECIMALS:06d}…"
    return f"(−{text})" if number < 0 else text
