"""What had to be sent, worked out from what clients did and nothing else.

An independent reading of what alerts mean: day by day, on the reference's opinion of which flags are open.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from functools import cache
from zoneinfo import ZoneInfo

from tests.reference import standing
from tests.torture.evidence import Deed, Json

NEWS = frozenset({"progress", "met", "rescheduled", "withdrawn", "corrected"})
# The most urgent first.
FLAGS = ("overdue", "no_progress", "never_reported", "stale", "behind", "conflict")
BEFORE_DUE = (90, 30, 7, 1)
AFTER_DUE = (1, 31, 61, 91)
SINCE_OPENING = (0, 30, 60, 90)
# What the settings say unless told otherwise.
POLICY: Json = {
    "on_track_pace": "0.90",
    "at_risk_pace": "0.70",
    "behind_clears_pace": "0.95",
    "lead_days": 90,
}
CADENCE_DAYS, GRACE_DAYS = 90, 30
# What clients report with a reviewer's key.
ACCEPTED: Json = {"milestone": None, "supersedes": None, "reason": None, "review": "accepted"}

DAY = timedelta(days=1)
MINUTE = timedelta(minutes=1)

Identity = tuple[str, str | None, date]


@dataclass(frozen=True, slots=True)
class Target:
    """One thing that one recipient is to be told once."""

    pledge: str
    milestone: str | None
    kind: str
    episode: date
    step: int
    recipient: str

    @property
    def identity(self) -> Identity:
        """The flag that owes it."""
        return self.kind, self.milestone, self.episode

    @property
    def rank(self) -> tuple[int, int]:
        """How urgent it is; the least is the most urgent."""
        return FLAGS.index(self.kind), self.step if self.kind == "no_progress" else 0


@cache
def _zone(name: str) -> ZoneInfo:
    return ZoneInfo(name)


def local_day(at: datetime, zone: str) -> date:
    """The date on the calendars of `zone`."""
    return at.astimezone(_zone(zone)).date()


@cache
def first_instant(day: date, zone: str) -> datetime:
    """The first minute whose local date is `day`, found by looking at calendars, not by arithmetic."""
    before = datetime(day.year, day.month, day.day, tzinfo=UTC) - 2 * DAY
    low, high = 0, 4 * 24 * 60
    while low < high:
        middle = (low + high) // 2
        if local_day(before + middle * MINUTE, zone) >= day:
            high = middle
        else:
            low = middle + 1
    return before + low * MINUTE


def last_day_of(text: str) -> date:
    """The last day of `2024`, `2024-Q1`, `2024-02` or `2024-02-29`."""
    year, _, rest = text.partition("-")
    if "-" in rest:
        return date.fromisoformat(text)
    month = {"": 12, "Q1": 3, "Q2": 6, "Q3": 9, "Q4": 12}.get(rest) or int(rest)
    return (date(int(year), month, 28) + 4 * DAY).replace(day=1) - DAY


@dataclass(frozen=True)
class Version:
    """What was on record of a pledge between two deeds.

    Attributes:
        began, ended: the instants between which it became so.
    """

    began: datetime
    ended: datetime
    pledge: Json
    zone: str
    recipients: tuple[str, ...]
    updates: tuple[Json, ...] = ()
    moves: tuple[Json, ...] = ()
    withdrawal: Json | None = None
    _seen: dict[date, Json] = field(default_factory=dict, compare=False, repr=False)

    def on(self, day: date) -> Json:
        """Where the pledge stood on a day, by what was on record."""
        if day not in self._seen:
            self._seen[day] = standing(
                self.pledge,
                list(self.updates),
                list(self.moves),
                self.withdrawal,
                [],
                today=day,
                policy=POLICY,
            )
        return self._seen[day]

    def flags(self, day: date) -> set[Identity]:
        """What was open."""
        return {(flag["kind"], flag["milestone"], flag["episode"]) for flag in self.on(day)["flags"]}


class Story:
    """One pledge and all that was done to it."""

    def __init__(self, deeds: Sequence[Deed], watchers: Sequence[str]) -> None:
        self._watchers = watchers
        self._deeds = deeds
        self.versions: list[Version] = []
        for deed in deeds:
            self.versions.append(self._after(deed))

    @property
    def zone(self) -> str:
        return self.versions[0].zone

    def _after(self, deed: Deed) -> Version:
        if deed.what == "pledge":
            return self._created(deed)
        last = replace(self.versions[-1], began=deed.began, ended=deed.ended, _seen={})
        today = local_day(deed.began, last.zone).isoformat()
        match deed.what:
            case "progress":
                said = {**ACCEPTED, "reported_at": today, **deed.said, "id": deed.number}
                return replace(last, updates=(*last.updates, said))
            case "reschedule":
                due = last_day_of(deed.said["due"]).isoformat()
                move = {"due": due, "announced_on": deed.said.get("announced_on", today)}
                return replace(last, moves=(*last.moves, move))
            case "withdrawal":
                return replace(last, withdrawal={"on": deed.said.get("on", today)})
            case "rescission":
                return replace(last, withdrawal=None)
            case "contacts":
                return replace(last, recipients=self._recipients(deed.said))
        raise ValueError(deed.what)

    def _created(self, deed: Deed) -> Version:
        said, due = deed.said, deed.said.get("due")
        stones = [
            {
                "id": stone["id"],
                "set_by": stone.get("set_by", "pledger"),
                "due": {"date": last_day_of(stone["due"]).isoformat()},
                "target": stone.get("target"),
            }
            for stone in said.get("milestones", ())
        ]
        plain = {
            "comparator": said["comparator"],
            "target": said.get("target"),
            "tolerance": said.get("tolerance"),
            "announced_on": said["announced_on"],
            "baseline": {"value": 0, "date": said["announced_on"]} | said.get("baseline", {}),
            "cadence_days": said.get("cadence_days", CADENCE_DAYS),
            "grace_days": said.get("grace_days", GRACE_DAYS),
            "due": None if due is None else {"original_date": last_day_of(due).isoformat()},
            "milestones": stones,
        }
        return Version(deed.began, deed.ended, plain, said["time_zone"], self._recipients(said))

    def _recipients(self, said: Json) -> tuple[str, ...]:
        """Contacts and watchers, each address once."""
        addresses = [contact["email"].lower() for contact in said.get("contacts", ())]
        return tuple(dict.fromkeys([*addresses, *(watcher.lower() for watcher in self._watchers)]))

    def opinions(self, identity: Identity, began: datetime, ended: datetime) -> set[bool]:
        """Whether a flag was open between two instants: both, where a deed or midnight may lie between."""
        answers = set()
        for n, version in enumerate(self.versions):
            over = self.versions[n + 1].ended if n + 1 < len(self.versions) else None
            if version.began > ended or (over is not None and over < began):
                continue
            day = local_day(max(began, version.began), self.zone)
            last = local_day(ended if over is None else min(ended, over), self.zone)
            while day <= last:
                answers.add(identity in version.flags(day))
                day += DAY
        return answers

    def is_corrected(self, number: int, by: datetime) -> bool:
        """Whether update `number` had been corrected by then."""
        return any(u.get("supersedes") == number for v in self.versions if v.began <= by for u in v.updates)

    def owed(self, until: datetime) -> Iterator[tuple[Target, datetime]]:
        """Everything owed by `until`, with the instant from which somebody who looked could know."""
        seen: set[Target] = set()
        for target, ready in (*self._owed_by_flags(until), *self._owed_news()):
            if target not in seen:
                seen.add(target)
                yield target, ready

    def _days(self, until: datetime) -> Iterator[tuple[Version, date, datetime]]:
        """Each day by what was on record on it; a day with deeds several times."""
        for n, version in enumerate(self.versions):
            over = self.versions[n + 1].began if n + 1 < len(self.versions) else until
            first = day = local_day(version.began, version.zone)
            while day <= local_day(over, version.zone):
                ready = version.ended if day == first else first_instant(day, version.zone)
                yield version, day, ready
                day += DAY

    def _owed_by_flags(self, until: datetime) -> Iterator[tuple[Target, datetime]]:
        opened: dict[Identity, date] = {}
        pledge = self._deeds[0].pledge
        for version, day, ready in self._days(until):
            here = version.flags(day)
            opened = {flag: opened.get(flag, day) for flag in here}
            for kind, stone, episode in sorted(here, key=str):
                for step, falls in _steps(kind, episode, opened[kind, stone, episode]):
                    if falls <= day:
                        for recipient in version.recipients:
                            yield Target(pledge, stone, kind, episode, step, recipient), ready

    def _owed_news(self) -> Iterator[tuple[Target, datetime]]:
        for n, deed in enumerate(self._deeds):
            if (told := self._news(n, deed)) is None:
                continue
            kind, episode, number = told
            before, after = self.versions[n - 1], self.versions[n]
            today = local_day(deed.began, self.zone)
            is_met = before.on(today)["delivery"] != "met" and after.on(today)["delivery"] == "met"
            for each in (kind, "met") if is_met else (kind,):
                for recipient in after.recipients:
                    yield Target(deed.pledge, None, each, episode, number, recipient), deed.ended

    def _news(self, n: int, deed: Deed) -> tuple[str, date, int] | None:
        """What there is to tell of a deed: its kind, the day it is about, the number of the thing."""
        today, said = local_day(deed.began, self.zone).isoformat(), deed.said
        match deed.what:
            case "progress" if "supersedes" in said:
                return "corrected", date.fromisoformat(said["as_of"]), deed.number or 0
            case "progress" if not said.get("no_change"):
                return "progress", date.fromisoformat(said["as_of"]), deed.number or 0
            case "reschedule":
                announced = said.get("announced_on", today)
                return "rescheduled", date.fromisoformat(announced), len(self.versions[n].moves)
            case "withdrawal":
                # Counted from one, every deed makes another version of the pledge.
                return "withdrawn", date.fromisoformat(said.get("on", today)), n
        return None


def _steps(kind: str, episode: date, opened: date) -> Iterator[tuple[int, date]]:
    """On which days a flag owes an alert."""
    if kind == "no_progress":
        yield from ((days, episode - days * DAY) for days in BEFORE_DUE)
    elif kind == "overdue":
        yield from ((days, episode + days * DAY) for days in AFTER_DUE)
    else:
        yield from ((days, opened + days * DAY) for days in SINCE_OPENING)
