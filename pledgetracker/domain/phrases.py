"""How numbers, days and targets are put into English words, wherever a sentence has them."""

from datetime import date
from decimal import ROUND_FLOOR, Decimal

from pledgetracker.domain import units
from pledgetracker.domain.numbers import MAX_DECIMALS, grouped
from pledgetracker.domain.record import Record
from pledgetracker.domain.target import Comparator

# Of the sentence's language; what the standard library calls them follows the machine's.
_MONTHS = (
    *("January", "February", "March", "April", "May", "June"),
    *("July", "August", "September", "October", "November", "December"),
)
HEDGES = {
    Comparator.AT_LEAST: "at least",
    Comparator.MORE_THAN: "more than",
    Comparator.ABOUT: "about",
    Comparator.EXACTLY: "exactly",
    Comparator.UP_TO: "up to",
    Comparator.AT_MOST: "at most",
}
FALLING_HEDGES = HEDGES | {
    Comparator.AT_LEAST: "no more than",
    Comparator.MORE_THAN: "less than",
    Comparator.UP_TO: "down to",
}


def amount(value: Decimal, unit: str | None) -> str:
    """`250,000 people`: a value as it was given, with its unit."""
    return with_unit(grouped(value, MAX_DECIMALS), value, unit)


def with_unit(number: str, value: Decimal, unit: str | None) -> str:
    """`250,000 people`: a number as it is written out, with the unit of `value`."""
    return f"{number} {units.english(unit, value)}" if unit else number


def day_of(day: date) -> str:
    """`4 November 2025`."""
    return f"{day.day} {_MONTHS[day.month - 1]} {day.year}"


def percent(share: Decimal) -> str:
    """`61.4%`: a share in hundredths, rounded down so that it never seems to reach what it just misses."""
    return f"{grouped((share * 100).quantize(Decimal('0.1'), ROUND_FLOOR), 1)}%"


def promised(record: Record) -> str:
    """`at least 1,000,000 people`: the target with its hedge, turned round where lower is better."""
    pledge = record.pledge
    if pledge.target is None:
        return "done" if pledge.is_event else "no stated target"
    hedges = FALLING_HEDGES if pledge.goal is not None and pledge.goal.direction < 0 else HEDGES
    return f"{hedges[pledge.comparator]} {amount(pledge.target, pledge.unit)}"


def days_of(n: int) -> str:
    """`1 day`, `1,204 days`."""
    return f"{n:,} day" if n == 1 else f"{n:,} days"


def ahead_by(days: int) -> str:
    """`12 days ahead`, `209 days behind`: where a figure lies against the path."""
    if not days:
        return "on the day"
    return f"{days_of(days)} ahead" if days > 0 else f"{days_of(-days)} behind"
