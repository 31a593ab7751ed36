"""From days and values to places on a chart, and where its labels go."""

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from fractions import Fraction

_STEPS = (Fraction(1), Fraction(2), Fraction(5, 2), Fraction(5), Fraction(10))
_MONTHS = (1, 3, 6, 12, 24, 60, 120, 240, 600, 1200, 2400)
MONTHS_A_YEAR = 12
MIN_SPAN_DAYS = 14


@dataclass(frozen=True, slots=True)
class Size:
    """A chart's size in units of its own; text is about 11 units high.

    Attributes:
        name: part of the ids of the chart's elements.
        values: gridlines at most, less one.
        days: labels below at most.
    """

    name: str
    width: int
    height: int
    values: int
    days: int

    @property
    def left(self) -> int:
        """Where the plot begins."""
        return 4

    @property
    def right(self) -> int:
        """Where the plot ends."""
        return self.width - 8

    @property
    def top(self) -> int:
        """Below the two lines of labels that the days of note have."""
        return 46

    @property
    def bottom(self) -> int:
        """Above the labels of the days."""
        return self.height - 22


CARD = Size("card", 360, 200, 3, 4)
NARROW = Size("narrow", 360, 270, 4, 4)
WIDE = Size("wide", 1080, 380, 5, 12)


@dataclass(frozen=True, slots=True)
class Days:
    """The horizontal scale."""

    first: date
    last: date
    left: float
    right: float

    @classmethod
    def over(cls, days: Iterable[date], size: Size) -> "Days":
        """A scale on which all of `days` have a place."""
        known = sorted(days)
        first, last = known[0], known[-1]
        if (last - first).days < MIN_SPAN_DAYS:
            last = date.fromordinal(first.toordinal() + MIN_SPAN_DAYS)
        return cls(first, last, size.left, size.right)

    def x(self, day: date) -> float:
        """The place of a day, within the plot."""
        share = (day - self.first).days / (self.last - self.first).days
        return self.left + min(max(share, 0.0), 1.0) * (self.right - self.left)

    def ticks(self, most: int) -> Sequence[tuple[date, str]]:
        """First days of months or years, at most `most` of them, each with its label."""
        tried = ((step, list(self._starts(step))) for step in _MONTHS)
        # The widest step, of 200 years, leaves one day at most.
        step, found = next((step, starts) for step, starts in tried if len(starts) <= most)
        if len(found) < 2:  # noqa: PLR2004 -- one label does not make a scale
            return [(self.first, _whole(self.first)), (self.last, _whole(self.last))]
        return [(day, f"{day:%Y}" if step >= MONTHS_A_YEAR else f"{day:%b %Y}") for day in found]

    def _starts(self, step: int) -> Iterator[date]:
        first, last = (day.year * MONTHS_A_YEAR + day.month - 1 for day in (self.first, self.last))
        for month in range(-(-first // step) * step, last + 1, step):
            day = date(month // MONTHS_A_YEAR, month % MONTHS_A_YEAR + 1, 1)
            if day >= self.first:
                yield day


def _whole(day: date) -> str:
    return f"{day.day} {day:%b %Y}"


@dataclass(frozen=True, slots=True)
class Values:
    """The vertical scale, with the values of its gridlines."""

    ticks: Sequence[Fraction]
    top: float
    bottom: float

    @classmethod
    def over(cls, values: Iterable[Fraction], size: Size) -> "Values":
        """A scale on which all of `values` have a place, between round numbers."""
        known = list(values)
        low, high = min(known), max(known)
        if low == high:
            margin = abs(low) / 10 or Fraction(1)
            low, high = low - margin, high + margin
        step = _step(low, high, size.values)
        first, last = low // step, -(-high // step)
        return cls([step * n for n in range(first, last + 1)], size.top, size.bottom)

    def y(self, value: Fraction) -> float:
        """The place of a value."""
        low, high = self.ticks[0], self.ticks[-1]
        share = min(max((value - low) / (high - low), Fraction(0)), Fraction(1))
        return self.bottom - float(share) * (self.bottom - self.top)


def _step(low: Fraction, high: Fraction, most: int) -> Fraction:
    wanted = (high - low) / most
    magnitude = Fraction(10) ** math.floor(math.log10(wanted))
    return next((magnitude * step for step in _STEPS if magnitude * step >= wanted), magnitude * 10)


def as_decimal(value: Fraction) -> Decimal:
    """A gridline's value, to be written."""
    return Decimal(value.numerator) / Decimal(value.denominator)
