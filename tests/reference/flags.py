"""The conditions that are open on a pledge on one day."""

from datetime import date, timedelta
from fractions import Fraction

from .history import DAY, History, Json, day, reaches, says, sign, target_of
from .path import pace


def flags(
    history: History,
    milestones: list[Json],
    path_due: date | None,
    reporting: str,
    report_due: date,
    *,
    today: date,
    policy: Json,
) -> list[Json]:
    """List what is open by kind and milestone, each with the date that names its episode.

    `milestones` are in order of their days with their status; `path_due` is None without a path.
    """
    found: list[tuple[str, str | None, date]] = []
    for stone in milestones:
        if stone["status"] == "overdue":
            found.append(("overdue", stone["id"], stone["due"]))
        if _approaching(history, stone, milestones, today, policy):
            found.append(("no_progress", stone["id"], stone["due"]))
    if reporting in {"stale", "never_reported"}:
        found.append((reporting, None, report_due))
    if path_due is not None and milestones[-1]["status"] in {"upcoming", "overdue"}:
        opened = _behind_since(history, path_due, today, policy)
        if opened is not None:
            found.append(("behind", None, opened))
    found.extend(("conflict", stone, when) for stone, when in _conflicts(history, today))
    return [
        {"kind": kind, "milestone": stone, "episode": when}
        for kind, stone, when in sorted(found, key=lambda flag: (flag[0], flag[1] or "", flag[2]))
    ]


def _approaching(history: History, stone: Json, milestones: list[Json], today: date, policy: Json) -> bool:
    if stone["status"] != "upcoming" or history.pledge["comparator"] == "at_most":
        return False
    due = stone["due"]
    opening = due - timedelta(days=policy["lead_days"])
    # The pledge's own target is the last milestone: it comes before no other, even when moved nearer.
    earlier = [other["due"] for other in milestones if other["id"] != "target" and other["due"] < due]
    previous = max(earlier, default=None)
    if today < opening or today > due or (previous is not None and today <= previous):
        return False
    when = opening if previous is None else max(opening, previous)
    while when <= today:
        if _advanced(history, stone, when):
            return False
        when += DAY
    return True


def _advanced(history: History, stone: Json, when: date) -> bool:
    """Tell whether a day ended nearer the milestone than the day before."""
    pledge = history.pledge
    is_final_number = stone["id"] == "target" and pledge["comparator"] != "event"
    if stone["target"] is None and not is_final_number:
        return any(not says(u, "no_change") and day(u["as_of"]) == when for u in history.active)
    now = history.value(when)
    before = history.value(when - DAY)
    if now is None:
        return False
    if before is None:
        before = history.baseline
    if stone["target"] is None:
        return now != before
    return _distance(history, stone, now) < _distance(history, stone, before)


def _distance(history: History, stone: Json, value: Fraction) -> Fraction:
    """Give how far a value is from the milestone; passing it is arriving, unless exactly it was promised."""
    short = (Fraction(stone["target"]) - value) * sign(history.pledge)
    if history.pledge["comparator"] == "exactly" and stone["id"] == "target":
        return abs(short)
    return max(short, Fraction(0))


def _behind_since(history: History, due: date, today: date, policy: Json) -> date | None:
    opened = None
    when = history.start
    while when <= today:
        figure = history.figure(when)
        if figure is not None and figure[1] == when:
            judged = pace(history.pledge, due, figure)[1]
            target = target_of(history.pledge)
            assert target is not None
            is_met = reaches(history.pledge, target, figure[0], final=True)
            if is_met or judged > Fraction(policy["behind_clears_pace"]):
                opened = None
            elif opened is None and judged < Fraction(policy["on_track_pace"]):
                opened = when
        when += DAY
    return opened


def _conflicts(history: History, today: date) -> list[tuple[str | None, date]]:
    """List each milestone, or None, and day of which what is said differs, and nobody has chosen."""
    said = history.until(today)
    days = {day(u["as_of"]) for u in said}
    spoken_of = {(u["milestone"], day(u["as_of"])) for u in said if says(u, "done")}
    return [
        *((None, when) for when in days if len(set(history.values_on(when))) > 1),
        *((stone, when) for stone, when in spoken_of if len(history.said_done(stone, when)) > 1),
    ]
