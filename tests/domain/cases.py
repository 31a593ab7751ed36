"""Short ways to write down the pledges and reports that tests speak of."""

from dataclasses import asdict, replace
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

from pledgetracker.domain.days import Due
from pledgetracker.domain.pledge import Baseline, Milestone, Pledge, Reschedule, SetBy, Withdrawal
from pledgetracker.domain.policy import Policy
from pledgetracker.domain.record import Record
from pledgetracker.domain.standing import Standing, standing
from pledgetracker.domain.target import Comparator
from pledgetracker.domain.update import ProgressUpdate

RECORDED = datetime(2026, 1, 1, tzinfo=UTC)
POLICY = Policy()
START = date(2025, 1, 1)

Number = int | str


def day(text: str) -> date:
    """`day("2025-03-01")`."""
    return date.fromisoformat(text)


def pledge(
    comparator: str = "at_least",
    target: Number | None = 100,
    due: str | None = "2025-12-31",
    baseline: Number = 0,
    **more: Any,
) -> Pledge:
    """A pledge announced on 2025-01-01, with its baseline on that day."""
    plain = Pledge(
        id="p",
        title="P",
        pledger="microsoft",
        announced_on=START,
        baseline=Baseline(Decimal(baseline), START),
        time_zone="Europe/Paris",
        comparator=Comparator(comparator),
        target=None if target is None else Decimal(target),
        due=None if due is None else Due.parse(due),
    )
    return replace(plain, **more)


def milestone(key: str, due: str, target: Number | None = None, set_by: str = "pledger") -> Milestone:
    """A dated intermediate target; an event without one."""
    return Milestone(key, Due.parse(due), None, None if target is None else Decimal(target), SetBy(set_by))


def update(as_of: str, said: Number | bool | None = None, **more: Any) -> ProgressUpdate:
    """A report: a number is a value, a truth says done or not, nothing is no change."""
    if "increment" in more:
        more["increment"] = Decimal(more["increment"])
    blank = ProgressUpdate(more.pop("number", 1), day(as_of), day(as_of), RECORDED)
    if isinstance(said, bool):
        return replace(blank, done=said, **more)
    if said is not None:
        return replace(blank, value=Decimal(said), **more)
    return replace(blank, **(more or {"no_change": True}))


def record(promised: Pledge, *updates: ProgressUpdate, **more: Any) -> Record:
    """Everything about a pledge; the updates are numbered as they stand."""
    numbered = tuple(replace(said, number=n) for n, said in enumerate(updates, 1))
    return Record(promised, numbered, **more)


def moved(due: str | None, announced_on: str, number: int = 1) -> Reschedule:
    """A move of the deadline."""
    new = None if due is None else Due.parse(due)
    return Reschedule(number, new, day(announced_on), SetBy.PLEDGER, None, None, RECORDED)


def withdrawn(on: str) -> Withdrawal:
    """A withdrawal."""
    return Withdrawal(1, day(on), None, None, RECORDED)


def on(today: str, promised: Pledge, *updates: ProgressUpdate, **more: Any) -> Standing:
    """Where the pledge stands on a day."""
    return standing(record(promised, *updates, **more), POLICY, today=day(today))


def open_flags(stand: Standing) -> list[tuple[str, str | None, str]]:
    """What is open, as (kind, milestone, episode)."""
    return [(flag.kind.value, flag.milestone, flag.episode.isoformat()) for flag in stand.flags]


def numbers(stand: Standing) -> dict[str, str]:
    """The numbers of the path that are given at all, written out."""
    return {
        name: format(number, "f") if isinstance(number, Decimal) else str(number)
        for name, number in asdict(stand.progress).items()
        if number is not None
    }
