"""Random pledges with random reports on few days, so that everything that can collide does.

Seeded with `random.Random(n)` a history is the same on each run; Hypothesis passes its own randomness in.
"""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from random import Random

from pledgetracker.domain.days import Due
from pledgetracker.domain.pledge import (
    Baseline,
    Milestone,
    Pledge,
    Reschedule,
    SetBy,
    Withdrawal,
    problems,
)
from pledgetracker.domain.policy import Policy
from pledgetracker.domain.record import Record
from pledgetracker.domain.review import Resolution, Review
from pledgetracker.domain.target import Comparator
from pledgetracker.domain.update import ProgressUpdate

RECORDED = datetime(2026, 1, 1, tzinfo=UTC)
# Around a leap day, around the turn of a year, around a common February.
ORIGINS = (date(2024, 2, 20), date(2025, 12, 20), date(2023, 2, 20))
SPAN_DAYS = 30
TENTH = Decimal("0.1")


def on(day: date) -> Due:
    """A due date given to the day."""
    return Due(day.isoformat(), "day", day)


def policy(rng: Random) -> Policy:
    """Thresholds; short periods, so that few days see every state."""
    lead = rng.choice((0, 3, 7, 90))
    if rng.random() < 0.7:
        return Policy(lead, rng.choice((0, 4, 90)), rng.choice((0, 2, 30)))
    return Policy(lead, 5, 1, Decimal("0.8"), Decimal("0.8"), Decimal("0.8"))


def pledge(rng: Random) -> Pledge:
    """A well-formed pledge of any kind."""
    while True:
        candidate = _pledge(rng)
        if not list(problems(candidate)):
            return candidate


def record(rng: Random) -> Record:
    """A pledge, its reports and what was decided about it."""
    origin = rng.choice(ORIGINS)
    promised = shifted(pledge(rng), origin)
    return Record(promised, updates(rng, promised, origin), _moves(rng, promised), _withdrawals(rng, origin))


def shifted(promised: Pledge, origin: date) -> Pledge:
    """The same pledge with its first possible day on `origin`."""
    by = origin - ORIGINS[0]
    return replace(
        promised,
        announced_on=promised.announced_on + by,
        baseline=replace(promised.baseline, date=promised.baseline.date + by),
        due=promised.due and on(promised.due.date + by),
        milestones=tuple(replace(stone, due=on(stone.due.date + by)) for stone in promised.milestones),
    )


def updates(rng: Random, promised: Pledge, origin: date) -> tuple[ProgressUpdate, ...]:
    """Reports on few days, some correcting others; a correction inherits the day of its report."""
    days = [origin + timedelta(days=rng.randrange(SPAN_DAYS)) for _ in range(rng.randint(1, 5))]
    made: list[ProgressUpdate] = []
    for number in range(1, rng.randint(0, 9) + 1):
        as_of = rng.choice(days)
        said = _said(rng, promised, number, as_of)
        corrected = {update.supersedes for update in made}
        standing = [old for old in made if old.number not in corrected]
        if standing and rng.random() < 0.25:
            old = rng.choice(standing)
            said = replace(said, supersedes=old.number, reported_at=old.reported_at)
        made.append(said)
    return tuple(made)


def reviewed(rng: Random, reported: Record) -> Record:
    """The same with some reports not accepted, and choices between some that differ."""
    reviews = (Review.ACCEPTED, Review.ACCEPTED, *Review)
    looked_at = replace(
        reported, updates=tuple(replace(said, review=rng.choice(reviews)) for said in reported.updates)
    )
    choices: list[Resolution] = []
    for day, milestone in sorted({(u.as_of, u.milestone or "") for u in looked_at.reports}):
        rivals = [update.number for update in looked_at.rivals(day, milestone or None)]
        if rivals and rng.random() < 0.6:
            among = tuple(rivals[: rng.randint(1, len(rivals))])
            chosen = rng.choice(among)
            number = len(choices) + 1
            choices.append(
                Resolution(number, day, milestone or None, chosen, among, day, None, None, RECORDED)
            )
    return replace(looked_at, resolutions=tuple(choices))


def _pledge(rng: Random) -> Pledge:
    comparator = rng.choice(tuple(Comparator))
    announced = ORIGINS[0] + timedelta(days=rng.randint(0, 5))
    start = announced if rng.random() < 0.7 else ORIGINS[0] + timedelta(days=rng.randint(0, 8))
    baseline = Decimal(rng.choice(("0", "0", "10", "-5", "2.5")))
    target = None
    if comparator is not Comparator.EVENT and rng.random() < 0.85:
        target = baseline + Decimal(rng.choice(("10", "20", "0.5", "-10", "-2.000001", "7", "0", "-20")))
    due = None if rng.random() < 0.15 else start + timedelta(days=rng.randint(1, 22))
    tolerance = rng.choice((None, Decimal(0), Decimal("0.25"))) if comparator is Comparator.ABOUT else None
    return Pledge(
        id="people-trained",
        title="People trained",
        pledger="microsoft",
        announced_on=announced,
        baseline=Baseline(baseline, start),
        time_zone="Europe/Paris",
        unit=rng.choice((None, "person")),
        comparator=comparator,
        target=target,
        tolerance=tolerance,
        cadence_days=rng.choice((None, 0, 3, 6)),
        grace_days=rng.choice((None, 0, 2)),
        due=None if due is None else on(due),
        milestones=_stones(rng, baseline, target, start, due),
    )


def _stones(
    rng: Random, baseline: Decimal, target: Decimal | None, start: date, due: date | None
) -> tuple[Milestone, ...]:
    room = range(1, (due - start).days if due else 20)
    days = sorted(rng.sample(room, min(len(room), rng.choice((0, 0, 1, 2, 3)))))
    shares = sorted(rng.choice((0, 2, 5, 5, 8, 10)) for _ in days)
    stones = []
    for n, (day, share) in enumerate(zip(days, shares, strict=True)):
        goal = None
        if target is not None and rng.random() < 0.7:
            goal = baseline + (target - baseline) * share / 10
        set_by = rng.choice((SetBy.PLEDGER, SetBy.PLEDGER, SetBy.TRACKER))
        stones.append(Milestone(f"m{n}", on(start + timedelta(days=day)), None, goal, set_by))
    rng.shuffle(stones)
    return tuple(stones)


def _said(rng: Random, promised: Pledge, number: int, as_of: date) -> ProgressUpdate:
    reported = as_of + timedelta(days=rng.choice((0, 0, 0, 1, 4)))
    blank = ProgressUpdate(number, as_of, reported, RECORDED + timedelta(hours=number))
    events = [stone.id for stone in promised.milestones if stone.target is None]
    if rng.random() < 0.15:
        return replace(blank, no_change=True)
    if events and rng.random() < 0.4:
        return replace(blank, done=rng.random() < 0.7, milestone=rng.choice(events))
    if promised.is_event:
        return replace(blank, done=rng.random() < 0.6)
    if rng.random() < 0.35:
        return replace(blank, increment=Decimal(rng.choice(("1", "5", "-3", "0", "0.25", "-10"))))
    return replace(blank, value=_value(rng, promised))


def _value(rng: Random, promised: Pledge) -> Decimal:
    """A value of consequence: at, just short of or beyond what thresholds compare with."""
    start = promised.baseline.value
    target = start + 10 if promised.target is None else promised.target
    share = Decimal(rng.choice(("0", "0.1", "0.25", "0.5", "0.63", "0.8", "0.9", "1", "1.1", "-0.2", "2")))
    return start + (target - start) * share + rng.choice((Decimal(0), Decimal(0), TENTH, -TENTH))


def _moves(rng: Random, promised: Pledge) -> tuple[Reschedule, ...]:
    moves = []
    for number in range(1, rng.choice((0, 0, 0, 1, 2)) + 1):
        due = promised.baseline.date + timedelta(days=rng.randint(1, 26))
        announced = promised.announced_on + timedelta(days=rng.randint(0, 24))
        new = None if rng.random() < 0.1 else on(due)
        moves.append(Reschedule(number, new, announced, rng.choice(tuple(SetBy)), None, None, RECORDED))
    return tuple(moves)


def _withdrawals(rng: Random, origin: date) -> tuple[Withdrawal, ...]:
    if rng.random() < 0.85:
        return ()
    return (Withdrawal(1, origin + timedelta(days=rng.randrange(SPAN_DAYS)), None, None, RECORDED),)
