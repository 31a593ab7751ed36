"""Random chronicles: all that was ever done to a pledge, deed by deed, each at an instant of its own.

What the deeds are, `tests.reference.chronicle` says. Reports describe few days and deeds follow each other
closely, so that everything that can collide does. The same `random.Random(n)` writes the same chronicle.
"""

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from random import Random
from typing import Any

from pledgetracker.domain.pledge import Pledge, problems
from tests import histories
from tests.histories import SPAN_DAYS, TENTH, on
from tests.reference import plain
from tests.reference.chronicle import is_refused, known, local_day
from tests.reference.history import day, deadline, in_force, says

Json = dict[str, Any]

ZONES = (
    "Europe/Paris",
    "UTC",
    "Pacific/Kiritimati",
    "Pacific/Pago_Pago",
    "Asia/Kathmandu",
    "America/St_Johns",
)
REASONS = ("typo", "restated", "source_corrected", "definition_changed", "retracted")
MOST_DEEDS = 14
# After it everything that a chronicle speaks of is past.
HORIZON = timedelta(days=SPAN_DAYS + 15)


def chronicle(rng: Random) -> list[Json]:
    """Every deed of a random chronicle, in order; a correction or decision that must be refused says so."""
    return _Author(rng).write()


def done(attempts: list[Json]) -> list[Json]:
    """The deeds that were not refused."""
    return [deed for deed in attempts if not deed.get("is_refused")]


def possible(rng: Random) -> list[Json]:
    """A chronicle as the API allows it: there are days between reports, one at least."""
    deeds = chronicle(rng)
    for deed in deeds:
        if "pledge" in deed:
            deed["pledge"]["cadence_days"] = deed["pledge"]["cadence_days"] or 1
    return deeds


class _Author:
    """Writes one chronicle, deed by deed, each possible after those before."""

    def __init__(self, rng: Random) -> None:
        self._rng = rng
        self._origin = rng.choice(histories.ORIGINS)
        self._pledge = replace(self._promise(), time_zone=rng.choice(ZONES))
        number = rng.randint(1, 4)
        self._days = [self._origin + timedelta(days=rng.randrange(SPAN_DAYS)) for _ in range(number)]
        if self._pledge.due is not None and rng.random() < 0.3:
            self._days.append(self._pledge.due.date)
        self._attempts: list[Json] = []

    def write(self) -> list[Json]:
        """Begin with the promise, and go on."""
        moments = self._moments()
        first = next(moments)
        self._add({"at": first, "deed": "judged", "policy": plain.plain_policy(histories.policy(self._rng))})
        self._add({"at": first, "deed": "promised", "pledge": plain.plain_pledge(self._pledge)})
        for at in moments:
            # Where reports differ, somebody soon chooses.
            choice = self._choice(at) if self._rng.random() < 0.4 else None
            deed = choice or self._deed()(at)
            if deed is not None:
                self._add({"at": at, **deed})
        return self._attempts

    def _promise(self) -> Pledge:
        """One whose numbers are as short as numbers must be."""
        while True:
            promised = histories.shifted(histories.pledge(self._rng), self._origin)
            targets = [stone.target for stone in promised.milestones if stone.target is not None]
            if all(round(target, 6) == target for target in targets):
                return promised

    def _add(self, deed: Json) -> None:
        seen = known(done(self._attempts))
        self._attempts.append(deed | {"is_refused": seen is not None and is_refused(seen, deed)})

    def _moments(self) -> Iterator[datetime]:
        """Instants in order: spread over the time of the promise, or long after it, one upon another."""
        rng, number = self._rng, self._rng.randint(2, MOST_DEEDS)
        start = datetime.combine(self._origin + timedelta(days=9), datetime.min.time(), UTC)
        seconds = int(HORIZON.total_seconds())
        if rng.random() < 0.3:
            start, seconds = start + timedelta(days=365), 14_400
        # Days turn at full hours and halves, which is when a day may be read wrongly.
        step = rng.choice((1, 900))
        for second in sorted(rng.sample(range(seconds // step), number)):
            yield start + timedelta(seconds=second * step)

    def _deed(self) -> Callable[[datetime], Json | None]:
        deeds = (
            (self._report, 40),
            (self._correction, 15),
            (self._decision, 20),
            (self._move, 8),
            (self._withdrawal, 4),
            (self._edit, 8),
            (self._judgement, 3),
        )
        (chosen,) = self._rng.choices([deed for deed, _ in deeds], [often for _, often in deeds])
        return chosen

    @property
    def _seen(self) -> Json:
        seen = known(done(self._attempts))
        assert seen is not None
        return seen

    def _today(self, at: datetime) -> date:
        return local_day(at, plain.plain_pledge(self._pledge))

    def _report(self, at: datetime) -> Json:
        today = self._today(at)
        as_of = self._rng.choice([when for when in self._days if when <= today] or [today])
        reported = min(today, as_of + timedelta(days=self._rng.choice((0, 0, 0, 1, 4))))
        return {"deed": "reported", "update": self._update(self._said(), as_of, reported)}

    def _update(self, said: Json, as_of: date, reported: date) -> Json:
        return {
            "id": len(self._seen["updates"]) + 1,
            "as_of": as_of.isoformat(),
            "reported_at": reported.isoformat(),
            "milestone": None,
            "supersedes": None,
            "reason": None,
            "review": self._rng.choice(("accepted", "accepted", "accepted", "submitted", "submitted")),
            **said,
        }

    def _said(self) -> Json:
        rng, pledge = self._rng, self._pledge
        events = [stone.id for stone in pledge.milestones if stone.target is None]
        if rng.random() < 0.15:
            return {"no_change": True}
        if events and rng.random() < 0.4:
            return {"done": rng.random() < 0.7, "milestone": rng.choice(events)}
        if pledge.is_event:
            return {"done": rng.random() < 0.6}
        if rng.random() < 0.35:
            return {"increment": Decimal(rng.choice(("1", "5", "-3", "0", "0.25", "-10")))}
        return {"value": self._value()}

    def _value(self) -> Decimal:
        """A value of consequence, among few, so that some agree and some do not."""
        rng, start = self._rng, self._pledge.baseline.value
        target = start + 10 if self._pledge.target is None else self._pledge.target
        share = Decimal(rng.choice(("0", "0.25", "0.63", "0.9", "1", "1.1", "-0.2")))
        return round(start + (target - start) * share, 6) + rng.choice((0, 0, 0, TENTH, -TENTH))

    def _correction(self, at: datetime) -> Json | None:
        updates = self._seen["updates"]
        if not updates:
            return None
        old = self._rng.choice(updates)
        reason = self._rng.choice(REASONS)
        report = self._report(at)["update"]
        as_of = day(old["as_of"] if self._rng.random() < 0.6 else report["as_of"])
        said = {
            name: report[name] for name in ("value", "increment", "no_change", "done") if says(report, name)
        }
        said |= {"milestone": report["milestone"], "supersedes": old["id"], "reason": reason}
        if reason == "retracted":
            said = {"supersedes": old["id"], "reason": reason}
            as_of = day(old["as_of"])
        return {"deed": "reported", "update": self._update(said, as_of, day(old["reported_at"]))}

    def _decision(self, _: datetime) -> Json | None:
        updates = self._seen["updates"]
        if not updates:
            return None
        review = self._rng.choice(("accepted", "accepted", "returned", "disputed"))
        return {"deed": "reviewed", "update": self._rng.choice(updates)["id"], "review": review}

    def _choice(self, _: datetime) -> Json | None:
        """One of those that differ about a day, if any do."""
        start = self._pledge.baseline.date
        about: dict[tuple[str, str | None], dict[int, Any]] = {}
        for update in in_force(self._seen["updates"]):
            for name in ("value", "done"):
                if says(update, name) and (name == "done" or day(update["as_of"]) >= start):
                    group = about.setdefault((update["as_of"], update["milestone"]), {})
                    group[update["id"]] = update[name]
        differing = [(key, group) for key, group in about.items() if len(set(group.values())) > 1]
        if not differing:
            return None
        (as_of, milestone), group = self._rng.choice(differing)
        chosen = self._rng.choice(list(group))
        return {
            "deed": "chosen",
            "chosen": chosen,
            "among": list(group),
            "as_of": as_of,
            "milestone": milestone,
        }

    def _move(self, at: datetime) -> Json | None:
        """A later or earlier deadline, after all milestones; dropped at times."""
        pledge, today, rng = self._pledge, self._today(at), self._rng
        first = max([pledge.baseline.date, *(stone.due.date for stone in pledge.milestones)])
        due = None if rng.random() < 0.1 else first + timedelta(days=rng.randint(1, 12))
        span = (today - pledge.announced_on).days
        if span < 0 or due == self._deadline(today):
            return None
        announced = pledge.announced_on + timedelta(days=rng.randint(0, min(span, 30)))
        return {"deed": "moved", "due": due and due.isoformat(), "announced_on": announced.isoformat()}

    def _deadline(self, today: date) -> date | None:
        return deadline(plain.plain_pledge(self._pledge), self._seen["reschedules"], today)

    def _withdrawal(self, _: datetime) -> Json:
        if self._seen["withdrawal"] is not None:
            return {"deed": "stood_by"}
        earliest = max(self._pledge.announced_on, self._origin)
        when = earliest + timedelta(days=self._rng.randrange(SPAN_DAYS))
        return {"deed": "withdrawn", "on": when.isoformat()}

    def _judgement(self, _: datetime) -> Json:
        return {"deed": "judged", "policy": plain.plain_policy(histories.policy(self._rng))}

    def _edit(self, at: datetime) -> Json | None:
        """Another edition of the pledge, of which everything may differ that an edit can change."""
        edited = self._edited(self._promise())
        due = self._deadline(self._today(at))
        spoken_of = {u["milestone"] for u in self._seen["updates"]} - {None}
        events = {stone.id for stone in edited.milestones if stone.target is None}
        is_odd = any(problems(replace(edited, due=None if due is None else on(due))))
        is_based_too_late = any(day <= edited.baseline.date.isoformat() for day in self._deadlines())
        if edited == self._pledge or is_odd or is_based_too_late or not spoken_of <= events:
            return None
        self._pledge = edited
        return {"deed": "edited", "pledge": plain.plain_pledge(edited)}

    def _deadlines(self) -> list[str]:
        """Each that there ever was: no edit may let the promise begin on one of them, or later."""
        first = [] if self._pledge.due is None else [self._pledge.due.date.isoformat()]
        return first + [move["due"] for move in self._seen["reschedules"] if move["due"] is not None]

    def _edited(self, other: Pledge) -> Pledge:
        rng, pledge = self._rng, self._pledge
        names = rng.choice(
            (
                ("time_zone",),
                ("cadence_days", "grace_days"),
                ("baseline",),
                ("announced_on",),
                ("milestones",),
                ("comparator", "target", "tolerance", "milestones"),
                ("target", "milestones"),
            )
        )
        if self._seen["reschedules"] and rng.random() < 0.5:
            names = ("baseline",)
        changes = {name: getattr(other, name) for name in names}
        if "time_zone" in changes:
            changes["time_zone"] = rng.choice(ZONES)
        if pledge.is_event != other.is_event and "comparator" in changes:
            return pledge
        return replace(pledge, **changes)
