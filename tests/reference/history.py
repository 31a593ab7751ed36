"""What the updates amount to on one day, worked out from scratch each time."""

from datetime import date, timedelta
from fractions import Fraction
from typing import Any

Json = dict[str, Any]
DAY = timedelta(days=1)


def day(text: str | date) -> date:
    """Read a day, written or ready made."""
    return text if isinstance(text, date) else date.fromisoformat(text)


def says(update: Json, name: str) -> bool:
    """Tell whether an update says this; of the rest it has nothing, null, or `no_change: false`."""
    return update.get(name) is not None and not (name == "no_change" and update[name] is False)


def took_effect(update: Json) -> bool:
    """Tell whether an update is accepted, or once was."""
    return bool(update["review"] == "accepted" or update.get("was_accepted"))


def replaced(updates: list[Json]) -> dict[int, int]:
    """Give for each update that has been corrected the id of what took its place.

    A correction takes effect when it is accepted, not before, and for good. Who corrects one that never took
    effect replaces what that was to replace too; a retraction only takes back.
    """
    by_id = {u["id"]: u for u in updates}
    place: dict[int, int] = {}
    near = [u for u in updates if u["supersedes"] is not None and took_effect(u)]
    for update in near:
        place[update["supersedes"]] = update["id"]
    for update in near:
        old = by_id[update["supersedes"]]
        while update["reason"] != "retracted" and old["supersedes"] is not None and not took_effect(old):
            place.setdefault(old["supersedes"], update["id"])
            old = by_id[old["supersedes"]]
    return place


def in_force(updates: list[Json]) -> list[Json]:
    """List what makes figures: accepted, not corrected, and no retraction, which says nothing."""
    return [u for u in heard(updates) if u["review"] == "accepted"]


def heard(updates: list[Json]) -> list[Json]:
    """List what ends a silence: what was submitted or is disputed too, but nothing that was returned."""
    gone = replaced(updates)
    return [
        u for u in updates if u["review"] != "returned" and u["reason"] != "retracted" and u["id"] not in gone
    ]


def as_claimed(updates: list[Json]) -> list[Json]:
    """Take every word for granted on which nobody has decided, and every disputed one."""
    return [u | {"review": "accepted"} if u["review"] in {"submitted", "disputed"} else u for u in updates]


def reported_on(update: Json, updates: list[Json]) -> date:
    """Tell when the report was made: a correction is no new report."""
    first = update
    while first["supersedes"] is not None:
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

    def __init__(self, pledge: Json, updates: list[Json], choices: list[Json]) -> None:
        self.pledge = pledge
        self.all = updates
        self.active = in_force(updates)
        self.heard = heard(updates)
        self.choices = choices
        self.start = day(pledge["baseline"]["date"])
        self.baseline = Fraction(pledge["baseline"]["value"])

    def until(self, today: date) -> list[Json]:
        """List the updates in force that describe a day up to today, before the baseline included."""
        return [u for u in self.active if day(u["as_of"]) <= today]

    def heard_until(self, today: date) -> list[Json]:
        """List what ends a silence and describes a day up to today."""
        return [u for u in self.heard if day(u["as_of"]) <= today]

    def weighed(self, said: list[Json], when: date, milestone: str | None) -> list[Json]:
        """Leave out what a reviewer did not choose of one day; what was not there to choose from stays.

        The last choice counts, and only while what it chose is in force.
        """
        last = None
        for choice in self.choices:
            if choice["milestone"] == milestone and day(choice["as_of"]) == when:
                last = choice
        if last is None or all(u["id"] != last["chosen"] for u in said):
            return said
        return [u for u in said if u["id"] == last["chosen"] or u["id"] not in last["among"]]

    def _counting(self, today: date) -> list[Json]:
        return [u for u in self.until(today) if day(u["as_of"]) >= self.start]

    def value_day(self, today: date) -> date | None:
        """Give the latest day up to today with a value of its own."""
        return max((day(u["as_of"]) for u in self._counting(today) if says(u, "value")), default=None)

    def values_on(self, when: date) -> list[Fraction]:
        """List the values given for one day."""
        said = [u for u in self._counting(when) if says(u, "value") and day(u["as_of"]) == when]
        return [Fraction(u["value"]) for u in self.weighed(said, when, None)]

    def figure(self, today: date) -> tuple[Fraction, date] | None:
        """Give the figure on a day and the day it describes; None for events and before any figure."""
        if self.pledge["comparator"] == "event":
            return None
        counting = [
            u
            for u in self._counting(today)
            if says(u, "value") or says(u, "increment") or says(u, "no_change")
        ]
        if not counting:
            return None
        since = self.value_day(today)
        total = self.baseline if since is None else worst(self.pledge, self.values_on(since))
        for update in counting:
            if says(update, "increment") and (since is None or day(update["as_of"]) > since):
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
        return max(
            (day(u["as_of"]) for u in self.until(today) if self._speaks_of(u, milestone)), default=None
        )

    def said_done(self, milestone: str | None, when: date) -> set[bool]:
        """Collect what was said of one day: True, False or both."""
        said = [u for u in self.until(when) if self._speaks_of(u, milestone) and day(u["as_of"]) == when]
        return {u["done"] for u in self.weighed(said, when, milestone)}

    @staticmethod
    def _speaks_of(update: Json, milestone: str | None) -> bool:
        return says(update, "done") and update["milestone"] == milestone

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
