"""Clients that record pledges, report on them and move them, at random, and keep a ledger of it all."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from random import Random
from typing import Any

from flask.testing import FlaskClient

from tests.torture.clock import SharedClock
from tests.torture.evidence import Deed, Json
from tests.torture.mailserver import NOBODY
from tests.torture.owed import AFTER_DUE, BEFORE_DUE, DAY, first_instant, last_day_of, local_day

PLEDGER = "pledger"
GOAL = 1000
# Where days are odd: clocks change, at midnight even; the first and the last place to begin a day.
ZONES = (
    "Europe/Paris",
    "America/New_York",
    "Africa/Cairo",
    "Asia/Beirut",
    "America/Santiago",
    "America/Havana",
    "Pacific/Kiritimati",
    "Pacific/Pago_Pago",
    "Asia/Kathmandu",
    "UTC",
)


@dataclass(slots=True)
class Known:
    """What a client remembers of a pledge."""

    key: str
    said: Json
    due: date | None
    updates: list[tuple[int, Json]] = field(default_factory=list)
    is_withdrawn: bool = False

    @property
    def zone(self) -> str:
        return str(self.said["time_zone"])

    @property
    def is_event(self) -> bool:
        return bool(self.said["comparator"] == "event")


class Clients:
    """All clients of one campaign.

    Attributes:
        ledger: what was done and answered to be done, in order.
        span: the days over which the campaign stretches; what is due is due around these.
    """

    def __init__(self, http: FlaskClient, clock: SharedClock, rng: Random, span: tuple[date, date]) -> None:
        self.ledger: list[Deed] = []
        self.span = span
        self._http = http
        self._clock = clock
        self._rng = rng
        self._known: list[Known] = []
        self._call("POST", "/v1/pledgers", {"id": PLEDGER, "name": "A pledger"})

    def _call(self, method: str, path: str, body: Json | None) -> tuple[Json, datetime, datetime]:
        began = self._clock()
        answer = self._http.open(path, method=method, json=body, headers={"If-Match": "*"})
        if answer.status_code not in {200, 201}:
            raise RuntimeError(f"{method} {path} {body}: {answer.status_code} {answer.text}")
        return answer.get_json(), began, self._clock()

    def _do(
        self, known: Known, what: str, body: Json, *, path: str = "", method: str = "POST", **more: Any
    ) -> Json:
        address = f"/v1/pledges/{known.key}{path}" if what != "pledge" else "/v1/pledges"
        answer, began, ended = self._call(method, address, body if method != "DELETE" else None)
        number = answer["id"] if what == "progress" else None
        self.ledger.append(Deed(known.key, what, body, began, ended, number, **more))
        return answer

    # Pledges

    def record_pledge(self, *, contacts: Sequence[Json] | None = None) -> None:
        """Record one of any kind, with its days so that much of it falls into the span."""
        rng, key = self._rng, f"p{len(self._known)}"
        zone = rng.choice(ZONES)
        due, announced = self._due(zone), self.span[0] - rng.randint(0, 140) * DAY
        comparator = rng.choice(
            ("at_least", "at_least", "at_least", "event", "at_most", "up_to", "more_than", "exactly")
        )
        said: Json = {
            "id": key,
            "title": f"Pledge {key}",
            "pledger": PLEDGER,
            "comparator": comparator,
            "target": None if comparator == "event" else GOAL,
            "time_zone": zone,
            "cadence_days": rng.choice((20, 40, 90)),
            "grace_days": rng.choice((0, 5, 30)),
            "contacts": list(contacts) if contacts is not None else self._contacts(),
        }
        if rng.random() < 0.9:
            said["due"] = due
        if (last := last_day_of(due)) <= announced:
            announced = last - rng.randint(40, 200) * DAY
        said["announced_on"] = announced.isoformat()
        if "due" in said and comparator != "at_most" and rng.random() < 0.4:
            said["milestones"] = self._stones(announced, last, has_targets=comparator != "event")
        known = Known(key, said, last_day_of(due) if "due" in said else None)
        self._do(known, "pledge", said)
        self._known.append(known)

    def _due(self, zone: str) -> str:
        """A due day of which some step falls on a day of the span, on an odd one if there is one."""
        rng, (first, last) = self._rng, self.span
        odd = odd_days(zone, first, last)
        day = (
            rng.choice(odd)
            if odd and rng.random() < 0.7
            else first + rng.randint(0, (last - first).days) * DAY
        )
        if rng.random() < 0.1:
            return f"{day:%Y-%m}"
        if rng.random() < 0.5:
            return (day + rng.choice(BEFORE_DUE) * DAY).isoformat()
        return (day - rng.choice(AFTER_DUE[:2]) * DAY).isoformat()

    def _stones(self, announced: date, due: date, *, has_targets: bool) -> list[Json]:
        rng, room = self._rng, (due - announced).days
        days = sorted(rng.sample(range(1, room), min(rng.randint(1, 2), room - 1))) if room > 1 else []
        return [
            {
                "id": f"m{n}",
                "due": (announced + day * DAY).isoformat(),
                "target": 300 + 300 * n if has_targets and rng.random() < 0.6 else None,
                "set_by": rng.choice(("pledger", "tracker")),
            }
            for n, day in enumerate(days)
        ]

    def _contacts(self) -> list[Json]:
        rng = self._rng
        names = [f"Person-{n}@example.org" for n in rng.sample(range(12), rng.randint(0, 3))]
        if rng.random() < 0.15:
            names.append(f"{NOBODY}{rng.randrange(3)}@example.org")
        return [{"email": name, "language": rng.choice(("en", "fr"))} for name in names]

    # What becomes of them

    def do_something(self, among: Collection[str] = ()) -> None:
        """One deed at random, on one of certain pledges if any are named."""
        known = self._rng.choice([each for each in self._known if each.key in among] or self._known)
        today = local_day(self._clock(), known.zone)
        deed = self._rng.choices(
            (self._report, self._correct, self._move, self._withdraw, self._change_contacts),
            (6, 2, 2.5, 0.7, 1.5),
        )[0]
        deed(known, today)

    def _report(self, known: Known, today: date) -> None:
        body = self._said(known) | {"as_of": self._recent(known, today).isoformat()}
        number = self._do(known, "progress", body, path="/progress")["id"]
        known.updates.append((number, body))

    def _recent(self, known: Known, today: date) -> date:
        start = date.fromisoformat(known.said["announced_on"])
        days = self._rng.choice((0, 0, 0, 1, 5, 40))
        return max(min(start, today), today - days * DAY)

    def _said(self, known: Known) -> Json:
        rng = self._rng
        stones = [m["id"] for m in known.said.get("milestones", ()) if m["target"] is None]
        if rng.random() < 0.2:
            return {"no_change": True}
        if stones and rng.random() < 0.5:
            return {"done": rng.random() < 0.7, "milestone": rng.choice(stones)}
        if known.is_event:
            return {"done": rng.random() < 0.4}
        if rng.random() < 0.3:
            return {"increment": rng.choice((-20, 0, 50, 400))}
        return {"value": rng.choice((0, 10, 200, 333, 640, 990, GOAL, 1100))}

    def _correct(self, known: Known, today: date) -> None:
        if not known.updates:
            self._report(known, today)
            return
        number, body = known.updates.pop(self._rng.randrange(len(known.updates)))
        said = self._said(known) | {"as_of": body["as_of"], "supersedes": number}
        known.updates.append((self._do(known, "progress", said, path="/progress")["id"], said))

    def _move(self, known: Known, today: date) -> None:
        days = [last_day_of(stone["due"]) for stone in known.said.get("milestones", ())]
        earliest = max([*days, date.fromisoformat(known.said["announced_on"])]) + DAY
        due = max(earliest, today + self._rng.choice((-10, 1, 7, 8, 31, 60, 200)) * DAY)
        if due != known.due:
            self._do(known, "reschedule", {"due": due.isoformat()}, path="/reschedules")
            known.due = due

    def _withdraw(self, known: Known, today: date) -> None:
        if known.is_withdrawn:
            self._do(known, "rescission", {}, path="/withdrawal", method="DELETE")
        elif date.fromisoformat(known.said["announced_on"]) <= today:
            self._do(known, "withdrawal", {}, path="/withdrawal")
        else:
            return
        known.is_withdrawn = not known.is_withdrawn

    def _change_contacts(self, known: Known, today: date) -> None:
        contacts = self._contacts()
        if contacts != known.said["contacts"]:
            known.said = known.said | {"contacts": contacts}
            self._do(known, "contacts", {"contacts": contacts}, method="PATCH")


def odd_days(zone: str, first: date, last: date) -> list[date]:
    """The days from `first` to `last` that have not 24 hours, and those next to them; and leap days."""
    odd = set()
    day = first
    while day <= last:
        if first_instant(day + DAY, zone) - first_instant(day, zone) != timedelta(hours=24):
            odd |= {day, day + DAY}
        if (day.month, day.day) == (2, 29):
            odd |= {day, day + DAY}
        day += DAY
    return sorted(odd)
