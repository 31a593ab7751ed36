"""What the updates amount to on one day, worked out from scratch each time."""

from datetime import date, timedelta
from fractions import Fraction
from typing import Any

Json = dict[str, Any]
DAY = timedelta(days=1)


def day(text: str | date) -> date:
    """Read a day, written or ready made."""
    return text if isinstance(text, date) else date.fromisoformat(text)


def in_force(updates: list[Json]) -> list[Json]:
    """Leave out what a later update corrected, and retractions, which say nothing."""
    corrected = {u["supersedes"] for u in updates if u.get("supersedes") is not None}
    return [u for u in updates if u["id"] not in corrected and u.get("reason") != "retracted"]


def reported_on(update: Json, updates: list[Json]) -> date:
    """Tell when the report was made: a correction is no new report."""
    first = update
    while first.get("supersedes") is not None:
        first = next(u for u in updates if u["id"] == first["supersedes"])
    return day(first["reported_at"])


def deadline(pledge: Json, reschedules: list[Json], today: date) -> date | None:
    """Give the due day in force: the last move announced by today, else the original."""
    due = day(pledge["due"]["original_date"]) if pledge["due"] else None
    best = None
    for move in reschedules:
        announced = day(move["announced_on"])
        if announced <= today and (best is None or announced >= best):
            best, due = announced, None if move["due"] is None else day(move["due"])
    return due


def target_of(pledge: Json) -> Fraction | None:
    """Give V, if the pledge has one."""
    return None if pledge["target"] is None else Fraction(pledge["target"])


def sign(pledge: Json) -> int:
    """Give 1 where more is better, -1 where less is."""
    target = target_of(pledge)
    return -1 if target is not None and target < Fraction(pledge["baseline"]["value"]) else 1


def worst(pledge: Json, values: list[Fraction]) -> Fraction:
    """Choose among values of one day the one that favours the pledge least."""
    target = target_of(pledge)
    if target is None:
        return min(values)
    if pledge["comparator"] == "at_most":
        return max(values)
    up = sign(pledge)
    if pledge["comparator"] == "exactly":
        beyond = [v for v in values if (v - target) * up > 0]
        if beyond:
            return max(beyond, key=lambda v: v * up)
    return min(values, key=lambda v: v * up)


class History:
    """One pledge's updates, asked day by day."""

    def __init__(self, pledge: Json, updates: list[Json]) -> None:
        self.pledge = pledge
        self.all = updates
        self.active = in_force(updates)
        self.start = day(pledge["baseline"]["date"])
        self.baseline = Fraction(pledge["baseline"]["value"])

    def until(self, today: date) -> list[Json]:
        """List the updates that describe a day up to today, before the baseline included."""
        return [u for u in self.active if day(u["as_of"]) <= today]

    def _counting(self, today: date) -> list[Json]:
        return [u for u in self.until(today) if day(u["as_of"]) >= self.start]

    def value_day(self, today: date) -> date | None:
        """Give the latest day up to today with a value of its own."""
        return max((day(u["as_of"]) for u in self._counting(today) if "value" in u), default=None)

    def values_on(self, when: date) -> list[Fraction]:
        """List the values given for one day."""
        return [
            Fraction(u["value"]) for u in self._counting(when) if "value" in u and day(u["as_of"]) == when
        ]

    def figure(self, today: date) -> tuple[Fraction, date] | None:
        """Give the figure on a day and the day it describes; None for events and before any figure."""
        if self.pledge["comparator"] == "event":
            return None
        counting = [u for u in self._counting(today) if "value" in u or "increment" in u or "no_change" in u]
        if not counting:
            return None
        since = self.value_day(today)
        total = self.baseline if since is None else worst(self.pledge, self.values_on(since))
        for update in counting:
            if "increment" in update and (since is None or day(update["as_of"]) > since):
                total += Fraction(update["increment"])
        return total, max(day(u["as_of"]) for u in counting)

    def value(self, today: date) -> Fraction | None:
        """Give the figure's value alone."""
        figure = self.figure(today)
        return None if figure is None else figure[0]

    def done_day(self, milestone: str | None, today: date) -> date | None:
        """Give the latest day up to today for which someone said done or not done.

        The baseline is a number's: what is done before its day is done.
        """
        days = [day(u["as_of"]) for u in self.until(today) if "done" in u and u.get("milestone") == milestone]
        return max(days, default=None)

    def said_done(self, milestone: str | None, when: date) -> set[bool]:
        """Collect what was said of one day: True, False or both."""
        return {
            u["done"]
            for u in self.until(when)
            if "done" in u and u.get("milestone") == milestone and day(u["as_of"]) == when
        }

    def done(self, milestone: str | None, today: date) -> bool:
        """Tell whether it is done on a day; said both ways on one day, it is not."""
        when = self.done_day(milestone, today)
        return when is not None and self.said_done(milestone, when) == {True}


def reaches(pledge: Json, target: Fraction, value: Fraction, *, final: bool) -> bool:
    """Tell whether a value meets a target the way the pledge hedged it."""
    comparator = pledge["comparator"]
    if comparator == "at_most":
        return value <= target
    if comparator == "exactly" and final:
        return value == target
    ahead = (value - target) * sign(pledge)
    if comparator == "more_than":
        return ahead > 0
    if comparator == "about":
        tolerance = Fraction("0.1") if pledge["tolerance"] is None else Fraction(pledge["tolerance"])
        return ahead >= -tolerance * abs(target)
    return ahead >= 0
