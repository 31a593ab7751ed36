"""The path and its numbers, from the two-point form of a straight line."""

from datetime import date, timedelta
from fractions import Fraction
from itertools import pairwise
from math import ceil, floor

from .history import History, Json, day, sign, target_of

Points = list[tuple[date, Fraction]]
LAST_DAY = date(2200, 12, 31)
NAMES = (
    "expected",
    "gap",
    "pace",
    "days_ahead",
    "current_rate",
    "required_rate",
    "projected_value",
    "projected_date",
)


def rounded(value: Fraction | None) -> Fraction | None:
    """Round half-even to six decimals."""
    return None if value is None else Fraction(round(value * 10**6), 10**6)


def has_path(pledge: Json, due: date | None) -> bool:
    """Only a directed target with a deadline has a path."""
    return (
        due is not None and pledge["target"] is not None and pledge["comparator"] not in {"at_most", "event"}
    )


def points(pledge: Json, due: date) -> Points:
    """List the corners of the path."""
    target = target_of(pledge)
    assert target is not None
    corners = [(day(pledge["baseline"]["date"]), Fraction(pledge["baseline"]["value"]))]
    for stone in sorted(pledge["milestones"], key=lambda m: day(m["due"]["date"])):
        when = day(stone["due"]["date"])
        if stone["set_by"] == "pledger" and stone["target"] is not None and when < due:
            corners.append((when, Fraction(stone["target"])))
    return [*corners, (due, target)]


def expected(corners: Points, when: date) -> Fraction:
    """Read the path on a day; after its end it stays where it ended.

    A baseline that was moved later may lie on the day of an earlier deadline, or after it: the end decides.
    """
    if when >= corners[-1][0]:
        return corners[-1][1]
    for (x0, y0), (x1, y1) in pairwise(corners):
        if x0 <= when <= x1:
            return y0 + (y1 - y0) * Fraction((when - x0).days, (x1 - x0).days)
    return corners[-1][1]


def days_ahead(corners: Points, value: Fraction, when: date) -> int:
    """Find the instant nearest `when` at which the path has the value, in whole days from `when`, floored."""
    start, first = corners[0]
    end, last = corners[-1]
    up = 1 if last > first else -1
    if (value - first) * up < 0:
        return (start - when).days
    if (value - last) * up > 0:
        return (end - when).days
    spots: list[Fraction] = []
    for (x0, y0), (x1, y1) in pairwise(corners):
        a, b = Fraction((x0 - when).days), Fraction((x1 - when).days)
        if y0 == y1 == value:
            spots.append(min(max(a, Fraction(0)), b))
        elif y0 != y1 and min(y0, y1) <= value <= max(y0, y1):
            spots.append(a + (b - a) * (value - y0) / (y1 - y0))
    return floor(min(spots, key=abs))


def pace(pledge: Json, due: date, figure: tuple[Fraction, date]) -> tuple[Fraction | None, Fraction]:
    """Give the pace (None where undefined) and the one to judge by: on or above the path 1, below it 0."""
    value, when = figure
    start = Fraction(pledge["baseline"]["value"])
    plan = expected(points(pledge, due), when)
    if plan == start:
        return None, Fraction(1 if (value - plan) * sign(pledge) >= 0 else 0)
    exact = (value - start) / (plan - start)
    return exact, exact


def completion(pledge: Json, value: Fraction) -> Fraction | None:
    """Give the share of the way gone."""
    target = target_of(pledge)
    start = Fraction(pledge["baseline"]["value"])
    if target is None or pledge["comparator"] == "at_most":
        return None
    return (value - start) / (target - start)


def _projected_date(pledge: Json, rate: Fraction | None) -> date | None:
    target = target_of(pledge)
    if target is None or not rate or pledge["comparator"] == "at_most":
        return None
    days = (target - Fraction(pledge["baseline"]["value"])) / rate
    start = day(pledge["baseline"]["date"])
    if days < 0 or ceil(days) > (LAST_DAY - start).days:
        return None
    return start + timedelta(days=ceil(days))


def numbers(history: History, due: date | None, today: date) -> dict[str, Fraction | int | date | None]:
    """Give the eight numbers of the path, None where they mean nothing."""
    pledge = history.pledge
    answer: dict[str, Fraction | int | date | None] = dict.fromkeys(NAMES)
    figure = history.figure(today)
    if figure is None:
        return answer
    value, when = figure
    rate = Fraction(value - history.baseline, (when - history.start).days) if when > history.start else None
    answer["current_rate"] = rounded(rate)
    answer["projected_date"] = _projected_date(pledge, rate)
    if due is not None and rate is not None and pledge["target"] is not None:
        answer["projected_value"] = rounded(history.baseline + rate * (due - history.start).days)
    if due is not None and has_path(pledge, due):
        target = target_of(pledge)
        assert target is not None
        corners = points(pledge, due)
        answer["expected"] = rounded(expected(corners, when))
        answer["gap"] = rounded((value - expected(corners, when)) * sign(pledge))
        answer["pace"] = rounded(pace(pledge, due, figure)[0])
        answer["days_ahead"] = days_ahead(corners, value, when)
        if today < due:
            answer["required_rate"] = rounded((target - value) / (due - today).days)
    return answer
