"""Where a pledge stands on a day: three axes, a headline, milestones, flags."""

from collections.abc import Callable
from datetime import date, timedelta
from fractions import Fraction

from .flags import flags
from .history import DAY, History, Json, day, deadline, reaches, reported_on, says, target_of
from .path import completion, has_path, numbers, pace, rounded

HEADLINES = (
    "withdrawn",
    "met_late",
    "met",
    "reversed",
    "indeterminate",
    "overdue",
    "never_reported",
    "stale",
    "off_track",
    "at_risk",
    "on_track",
)
Meets = Callable[[date], bool]


def _meets(history: History) -> Meets:
    """Build the question "is the pledge's target met by the figure of this day?"."""
    pledge, target = history.pledge, target_of(history.pledge)

    def meets(when: date) -> bool:
        if pledge["comparator"] == "event":
            return history.done(None, when)
        value = history.value(when)
        return value is not None and target is not None and reaches(pledge, target, value, final=True)

    return meets


def _delivery(history: History, meets: Meets, due: date | None, today: date) -> str:
    pledge = history.pledge
    if pledge["comparator"] == "at_most":
        if due is not None and today >= due and meets(due):
            return "met"
    elif meets(today):
        return "met"
    elif _ever(meets, _first_day(history), today):
        return "reversed"
    if pledge["comparator"] == "event":
        return "in_progress" if any(not says(u, "no_change") for u in history.until(today)) else "not_started"
    value = history.value(today)
    if value is None or value == history.baseline:
        return "not_started"
    share = completion(pledge, value)
    return "regressing" if share is not None and share < 0 else "in_progress"


def _first_day(history: History) -> date:
    return min([history.start, *(day(u["as_of"]) for u in history.active)])


def _ever(meets: Meets, start: date, today: date) -> bool:
    when = start
    while when <= today:
        if meets(when):
            return True
        when += DAY
    return False


def _schedule(history: History, meets: Meets, due: date | None, today: date, policy: Json) -> str:
    pledge = history.pledge
    comparator = pledge["comparator"]
    value = history.value(today)
    if due is None:
        return "unknown"
    if comparator != "event" and pledge["target"] is None:
        if today <= due:
            return "unknown"
        return "indeterminate" if history.until(today) else "overdue"
    if comparator == "at_most":
        return _capped(pledge, meets, due, today, value)
    if meets(min(due, today)):
        return "met_on_time"
    if today > due:
        if meets(today):
            return "met_late"
        return "indeterminate" if comparator == "up_to" and value is not None else "overdue"
    return _by_pace(history, due, today, policy)


def _by_pace(history: History, due: date, today: date, policy: Json) -> str:
    pledge, figure = history.pledge, history.figure(today)
    if figure is None:
        return "unknown"
    share = completion(pledge, figure[0])
    if pledge["comparator"] == "exactly" and share is not None and share > 1:
        return "off_track"
    judged = pace(pledge, due, figure)[1]
    if judged >= Fraction(policy["on_track_pace"]):
        return "on_track"
    return "at_risk" if judged >= Fraction(policy["at_risk_pace"]) else "off_track"


def _capped(pledge: Json, meets: Meets, due: date, today: date, value: Fraction | None) -> str:
    if today >= due:
        return "met_on_time" if meets(due) else "overdue"
    if value is None:
        return "unknown"
    return "on_track" if value <= Fraction(pledge["target"]) else "off_track"


def report_due(history: History, today: date) -> date:
    """Give R, the day the next report is due."""
    reports = [reported_on(u, history.all) for u in history.heard_until(today)]
    last = max(reports, default=day(history.pledge["announced_on"]))
    return last + timedelta(days=history.pledge["cadence_days"])


def _reporting(history: History, today: date, delivery: str) -> str:
    if delivery in {"met", "withdrawn"}:
        return "closed"
    wanted = report_due(history, today)
    if today < wanted:
        return "current"
    if today <= wanted + timedelta(days=history.pledge["grace_days"]):
        return "due"
    return "stale" if history.heard_until(today) else "never_reported"


def _lateness(history: History, meets: Meets, against: date, today: date) -> int | None:
    pledge = history.pledge
    if pledge["comparator"] == "at_most" and pledge["target"] is not None:
        if today < against:
            return None
        if meets(against):
            return 0
    elif meets(min(against, today)):
        return 0
    elif meets(today):
        run = today
        while meets(run - DAY):
            run -= DAY
        return (run - against).days
    if today <= against or _beyond_arithmetic(history, today):
        return None
    return (today - against).days


def _beyond_arithmetic(history: History, today: date) -> bool:
    pledge = history.pledge
    if pledge["comparator"] == "event":
        return False
    if pledge["target"] is None:
        return bool(history.until(today))
    return pledge["comparator"] == "up_to" and history.value(today) is not None


def _stone_status(history: History, stone: Json, today: date) -> str:
    pledge, due = history.pledge, day(stone["due"]["date"])

    def meets(when: date) -> bool:
        if stone["target"] is None:
            return history.done(stone["id"], when)
        value = history.value(when)
        return value is not None and reaches(pledge, Fraction(stone["target"]), value, final=False)

    counted = stone["target"] is not None
    if counted and pledge["comparator"] == "at_most":
        if today < due:
            return "upcoming"
        return "met_on_time" if meets(due) else "overdue"
    if meets(min(due, today)):
        return "met_on_time"
    if today <= due:
        return "upcoming"
    if meets(today):
        return "met_late"
    reported = history.value(today) is not None
    return "indeterminate" if counted and pledge["comparator"] == "up_to" and reported else "overdue"


def _milestones(history: History, due: date | None, schedule: str, today: date) -> list[Json]:
    stones = [
        {
            "id": stone["id"],
            "due": day(stone["due"]["date"]),
            "target": stone["target"],
            "status": _stone_status(history, stone, today),
        }
        for stone in sorted(history.pledge["milestones"], key=lambda m: day(m["due"]["date"]))
    ]
    if due is not None:
        settled = {"met_on_time", "met_late", "overdue", "indeterminate"}
        status = schedule if schedule in settled else "upcoming"
        stones.append({"id": "target", "due": due, "target": history.pledge["target"], "status": status})
    return stones


def standing(
    pledge: Json,
    updates: list[Json],
    reschedules: list[Json],
    withdrawal: Json | None,
    choices: list[Json],
    *,
    today: date,
    policy: Json,
) -> Json:
    """Answer everything about one pledge at the end of one of its local days.

    `choices` are those of reviewers among updates that differ, in order.
    """
    history = History(pledge, updates, choices)
    due = deadline(pledge, reschedules, today)
    meets = _meets(history)
    gone = withdrawal is not None and day(withdrawal["on"]) <= today
    delivery = "withdrawn" if gone else _delivery(history, meets, due, today)
    judged = _schedule(history, meets, due, today, policy)
    schedule = "unknown" if gone else judged
    reporting = _reporting(history, today, delivery)
    figure = history.figure(today)
    milestones = _milestones(history, due, judged, today)
    lateness: Json = {"current": None, "original": None}
    if due is not None and not gone:
        lateness["current"] = _lateness(history, meets, due, today)
    if pledge["due"] and not gone:
        # Judged as if it had never been moved.
        lateness["original"] = _lateness(history, meets, day(pledge["due"]["original_date"]), today)
    words = {delivery, reporting, schedule}
    return {
        "status": next((word for word in HEADLINES if word in words), delivery),
        "delivery": delivery,
        "reporting": reporting,
        "schedule": schedule,
        "figure": None
        if figure is None
        else {"value": figure[0], "as_of": figure[1], "completion": rounded(completion(pledge, figure[0]))},
        "path": numbers(history, due, today),
        "lateness": lateness,
        "milestones": [{"id": stone["id"], "status": stone["status"]} for stone in milestones],
        "flags": []
        if gone or today < day(pledge["announced_on"])
        else flags(
            history,
            milestones,
            due if has_path(pledge, due) else None,
            reporting,
            report_due(history, today),
            today=today,
            policy=policy,
        ),
    }
