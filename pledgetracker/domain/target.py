"""A target and its hedge: when a value meets it, in which direction it lies, which value is worst."""

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from fractions import Fraction


class Comparator(StrEnum):
    """How a target was hedged."""

    AT_LEAST = "at_least"
    MORE_THAN = "more_than"
    ABOUT = "about"
    EXACTLY = "exactly"
    UP_TO = "up_to"
    AT_MOST = "at_most"
    EVENT = "event"


DEFAULT_TOLERANCE = Decimal("0.1")


@dataclass(frozen=True, slots=True)
class Target:
    """A value promised, seen from the baseline it is approached from.

    Attributes:
        comparator: the hedge; never `event`, which has no value.
        value: the value promised.
        baseline: the value at the start.
        is_rising: whether higher is better; a milestone level with the baseline cannot tell by itself.
        tolerance: for `about`, the share of |value| from which the target counts as met.
        final: whether this is the pledge's own target, and not one on the way to it.
    """

    comparator: Comparator
    value: Decimal
    baseline: Decimal
    is_rising: bool
    tolerance: Decimal = DEFAULT_TOLERANCE
    final: bool = True

    @property
    def direction(self) -> int:
        """1 where higher is better, -1 where lower is, 0 for a cap, which has no direction."""
        if self.comparator is Comparator.AT_MOST:
            return 0
        return 1 if self.is_rising else -1

    def met_by(self, value: Decimal) -> bool:
        """Whether `value` satisfies the hedge."""
        short = self._short(value)
        match self.comparator:
            case Comparator.AT_MOST:
                return value <= self.value
            case Comparator.MORE_THAN:
                return short < 0
            case Comparator.ABOUT:
                return Fraction(short) <= Fraction(self.tolerance) * abs(Fraction(self.value))
            case Comparator.EXACTLY if self.final:
                return short == 0
            case _:
                return short <= 0

    def overshot_by(self, value: Decimal) -> bool:
        """Whether `value` lies beyond a target that was to be hit exactly."""
        return self.comparator is Comparator.EXACTLY and self._short(value) < 0

    def worst(self, values: Iterable[Decimal]) -> Decimal:
        """Of values reported for one day, the one least favourable to the pledger.

        For `exactly` any overshoot is worse than any shortfall: it is off track at once.
        """
        if self.comparator is Comparator.AT_MOST:
            return max(values)
        reported = tuple(values)
        beyond = [value for value in reported if self.overshot_by(value)]
        return min(beyond, key=self._short) if beyond else max(reported, key=self._short)

    def distance(self, value: Decimal) -> Decimal:
        """How far `value` is from meeting the target, in units; beyond it is far only from an exact one."""
        short = self._short(value)
        return abs(short) if self.comparator is Comparator.EXACTLY and self.final else max(short, Decimal(0))

    def _short(self, value: Decimal) -> Decimal:
        """How far `value` falls short, in units; negative beyond the target."""
        return (self.value - value) if self.is_rising else (value - self.value)
