"""What was known of a pledge at an instant, worked out by going through everything that was ever done to it.

A chronicle is a list of deeds in order, each a dictionary with the instant `at` which it was recorded, the
name of what was done, and the documents as the API shows them:

    promised, edited        pledge: the pledge as it was from then on
    reported                update: as it was first recorded, with its first `review`
    reviewed                update: its id; review: what it was from then on
    chosen                  chosen: an id; among: the ids that it was chosen from; as_of and milestone of them
    moved                   due: a day or None; announced_on
    withdrawn, stood_by     on: from when it was taken back; that it stands after all
    judged                  policy: the thresholds from then on
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from .history import History, Json, as_claimed, day, in_force, replaced, reported_on, says, took_effect
from .standing import standing

Deeds = Sequence[Json]


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked about a pledge.

    Attributes:
        now: the instant of asking.
        as_of: the local day about whose end it is asked; that of `known_at`, or today, unless said.
        known_at: the instant whose knowledge the answer may use; now unless said.
    """

    now: datetime
    as_of: date | None = None
    known_at: datetime | None = None

    def today(self, pledge: Json) -> date:
        """Give the day that is asked about."""
        return self.as_of or local_day(self.known_at or self.now, pledge)


def known(deeds: Deeds, instant: datetime | None = None) -> Json | None:
    """Collect what was on record at an instant, now unless said; None before there was a pledge."""
    seen: Json = {"updates": {}, "reschedules": [], "choices": [], "withdrawal": None, "policy": None}
    for deed in deeds:
        if instant is None or deed["at"] <= instant:
            _see(seen, deed)
    if "pledge" not in seen:
        return None
    return seen | {"updates": list(seen["updates"].values())}


def _see(seen: Json, deed: Json) -> None:
    match deed["deed"]:
        case "promised" | "edited":
            seen["pledge"] = deed["pledge"]
        case "reported":
            seen["updates"][deed["update"]["id"]] = deed["update"]
        case "reviewed":
            before = seen["updates"][deed["update"]]
            after = {"review": deed["review"], "was_accepted": took_effect(before)}
            seen["updates"][deed["update"]] = before | after
        case "chosen":
            seen["choices"].append(deed)
        case "moved":
            seen["reschedules"].append(deed)
        case "withdrawn":
            seen["withdrawal"] = deed
        case "stood_by":
            seen["withdrawal"] = None
        case "judged":
            seen["policy"] = deed["policy"]
        case other:
            raise AssertionError(other)


def local_day(instant: datetime, pledge: Json) -> date:
    """Give the day that it is where the pledge is."""
    return instant.astimezone(ZoneInfo(pledge["time_zone"])).date()


def answer(deeds: Deeds, question: Question) -> Json | None:
    """Answer what could be said at an instant about a day; None of a pledge that nobody knew of.

    `claimed` is the same with every submitted and disputed update taken for accepted.
    """
    seen = known(deeds, question.known_at)
    return None if seen is None else judge(seen, today=question.today(seen["pledge"]))


def judge(seen: Json, *, today: date) -> Json:
    """Answer how things stand on a day by what is on record."""
    policy = seen["policy"]
    rhythm = {name: policy[name] for name in ("cadence_days", "grace_days") if seen["pledge"][name] is None}
    question = seen | {"pledge": seen["pledge"] | rhythm}
    claimed = standing(**question | {"updates": as_claimed(seen["updates"])}, today=today)
    return standing(**question, today=today) | {"claimed": claimed}


def wanted_places(correction: Json, updates: dict[int, Json]) -> list[int]:
    """List the ids of the updates whose place a correction takes, the nearest first.

    Who corrects a correction that was returned before it took effect stands where that would have stood; a
    retraction only takes back.
    """
    places: list[int] = []
    old = correction["supersedes"]
    while old is not None:
        places.append(old)
        before = updates[old]
        passes = before["review"] == "returned" and not took_effect(before)
        old = before["supersedes"] if passes and correction["reason"] != "retracted" else None
    return places


def is_forestalled(correction: Json, seen: list[Json]) -> bool:
    """Tell whether a place that a correction takes is another's: replaced for good, or waited for."""
    updates = {u["id"]: u for u in seen}
    gone = replaced(seen)
    rivals = {
        u["id"]: wanted_places(u, updates)
        for u in seen
        if u["supersedes"] is not None and (took_effect(u) or u["review"] != "returned")
    }
    mine = wanted_places(correction, updates)
    for place in mine:
        others = {by for by, places in rivals.items() if place in places} | (
            {gone[place]} if place in gone else set()
        )
        # What corrects this very correction is none of its rivals.
        if any(by != correction["id"] and correction["id"] not in rivals.get(by, ()) for by in others):
            return True
    return False


def is_refused(seen: Json, deed: Json) -> bool:
    """Tell whether a correction or a decision conflicts with what is on record.

    Corrected is what has not been corrected before, and no retraction. Decided is on what has not been
    superseded or retracted, and otherwise than before; a returned correction stays so, and is not corrected,
    once another has its place.
    """
    updates: dict[int, Json] = {u["id"]: u for u in seen["updates"]}
    match deed["deed"]:
        case "reported":
            old = deed["update"]["supersedes"]
            is_void = old is not None and updates[old]["reason"] == "retracted"
            return is_void or is_forestalled(deed["update"], seen["updates"])
        case "reviewed":
            update = updates[deed["update"]]
            is_gone = update["id"] in replaced(seen["updates"])
            is_late = is_forestalled(update, seen["updates"])
            return is_gone or is_late or update["review"] == deed["review"]
    return False


def shown(seen: Json, *, until: date | None) -> dict[int, dict[str, Any]]:
    """List the updates about days until one by id, with what a reader is shown of their fate."""
    after = replaced(seen["updates"])
    return {
        u["id"]: {
            "review": u["review"],
            "supersedes": u["supersedes"],
            "superseded_by": after.get(u["id"]),
            "reason": u["reason"],
            "reported_at": reported_on(u, seen["updates"]).isoformat(),
        }
        for u in seen["updates"]
        if until is None or day(u["as_of"]) <= until
    }


def conflicts(seen: Json, *, today: date) -> list[Json]:
    """List the days up to today about which accepted updates differ, in order, settled ones too."""
    about: dict[tuple[str, str], list[Json]] = {}
    for update in in_force(seen["updates"]):
        early = day(update["as_of"]) < day(seen["pledge"]["baseline"]["date"])
        # A value from before the baseline makes no figure that could be in doubt.
        weighs = says(update, "done") or (says(update, "value") and not early)
        if day(update["as_of"]) <= today and weighs:
            about.setdefault((update["as_of"], update["milestone"] or ""), []).append(update)
    history = History(seen["pledge"], seen["updates"], seen["choices"])
    return [
        {
            "as_of": when,
            "milestone": stone or None,
            "is_open": _differ(history.weighed(group, day(when), stone or None)),
            "updates": sorted(u["id"] for u in group),
        }
        for (when, stone), group in sorted(about.items())
        if _differ(group)
    ]


def _differ(group: list[Json]) -> bool:
    return len({(u.get("value"), u.get("done")) for u in group}) > 1
