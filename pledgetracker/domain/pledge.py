"""The promise: who, what, how much, by when; and the rules that a well-formed one keeps."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum

from pledgetracker.domain.days import Due
from pledgetracker.domain.errors import FieldProblem
from pledgetracker.domain.numbers import MAX_DECIMALS, grouped
from pledgetracker.domain.target import DEFAULT_TOLERANCE, Comparator, Target

FINAL_MILESTONE = "target"
MAX_TAGS = 50


class SetBy(StrEnum):
    """Whose date or figure it is: the pledger's, or a checkpoint of the tracker's own."""

    PLEDGER = "pledger"
    TRACKER = "tracker"


@dataclass(frozen=True, slots=True)
class Source:
    """Where something was said.

    Attributes:
        url: http or https address.
        archived_url: a copy that outlives the page.
        quote: at most a few of its words.
    """

    url: str | None = None
    title: str | None = None
    publisher: str | None = None
    published_on: date | None = None
    archived_url: str | None = None
    quote: str | None = None


@dataclass(frozen=True, slots=True)
class Statement:
    """The promise in the words it was made in."""

    text: str
    source: Source | None = None


@dataclass(frozen=True, slots=True)
class Baseline:
    """The value at the start, and its day."""

    value: Decimal
    date: date


@dataclass(frozen=True, slots=True)
class Milestone:
    """A dated intermediate target; one without a target is an event."""

    id: str
    due: Due
    title: str | None = None
    target: Decimal | None = None
    set_by: SetBy = SetBy.PLEDGER


@dataclass(frozen=True, slots=True)
class Contact:
    """Somebody who is told when a deadline nears."""

    email: str
    name: str | None = None
    language: str = "en"
    role: str | None = None


@dataclass(frozen=True, slots=True)
class Reschedule:
    """One move of the deadline; in force from the day it was announced.

    Attributes:
        number: 1, 2, … within the pledge.
        due: the new deadline, or None where it was dropped.
    """

    number: int
    due: Due | None
    announced_on: date
    moved_by: SetBy
    reason: str | None
    source: Source | None
    recorded_at: datetime


@dataclass(frozen=True, slots=True)
class Withdrawal:
    """The promise was taken back, with effect from `on`.

    Attributes:
        number: 1, 2, … within the pledge.
        rescinded_at: the instant at which it was recorded that the promise stands after all.
    """

    number: int
    on: date
    reason: str | None
    source: Source | None
    recorded_at: datetime
    rescinded_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class OtherTarget:
    """What another source says the target is; kept beside it, never averaged with it.

    Attributes:
        value: in the pledge's unit.
    """

    value: Decimal
    source: Source | None = None
    note: str | None = None


@dataclass(frozen=True, slots=True)
class Pledge:
    """One public promise with one indicator, one target and one deadline.

    Attributes:
        due: the deadline as first promised; moves of it are `Reschedule`s.
        tags: words by which it is found, sorted.
        restates: the pledges that it announces again, in whole, sorted.
        part_of: the pledge whose target it is a part of: the total of a summit, say.
        owner: who at the pledger answers for it.
        verification: how it is to be verified.
        cadence_days, grace_days: days between reports and days of grace; None means the settings' own.
        version: counts every change to the pledge and to what hangs on it.
    """

    id: str
    title: str
    pledger: str
    announced_on: date
    baseline: Baseline
    time_zone: str
    initiative: str | None = None
    statement: Statement | None = None
    indicator: str | None = None
    unit: str | None = None
    comparator: Comparator = Comparator.AT_LEAST
    target: Decimal | None = None
    tolerance: Decimal | None = None
    cadence_days: int | None = None
    grace_days: int | None = None
    due: Due | None = None
    milestones: tuple[Milestone, ...] = ()
    contacts: tuple[Contact, ...] = field(default=(), repr=False)
    tags: tuple[str, ...] = ()
    restates: tuple[str, ...] = ()
    part_of: str | None = None
    owner: str | None = None
    verification: str | None = None
    other_targets: tuple[OtherTarget, ...] = ()
    version: int = 1
    created_at: datetime | None = None
    updated_at: datetime | None = None

    @property
    def is_event(self) -> bool:
        """Whether it is done or not, with no number in between."""
        return self.comparator is Comparator.EVENT

    @property
    def links(self) -> tuple[str, ...]:
        """Every pledge that this one names: its total, and what it restates."""
        return (*self.restates, *(() if self.part_of is None else (self.part_of,)))

    @property
    def goal(self) -> Target | None:
        """The pledge's own target, or None for events and pledges without one."""
        return self.target_at(self.target, final=True)

    def same_promise(self, other: "Pledge") -> bool:
        """Whether both say the same, apart from what counts and dates the changes."""
        return replace(self, version=other.version, updated_at=other.updated_at) == other

    def target_at(self, value: Decimal | None, *, final: bool = False) -> Target | None:
        """`value` under the pledge's hedge, as the target of a milestone."""
        if value is None or self.is_event:
            return None
        tolerance = DEFAULT_TOLERANCE if self.tolerance is None else self.tolerance
        start = self.baseline.value
        is_rising = self.target is None or self.target >= start
        return Target(self.comparator, value, start, is_rising, tolerance, final)


@dataclass(frozen=True, slots=True)
class Edition:
    """What a pledge said from `recorded_at` until the next edition; contacts are nobody's business later.

    Attributes:
        number: 1, 2, … within the pledge.
    """

    number: int
    pledge: Pledge
    recorded_at: datetime

    @classmethod
    def of(cls, number: int, pledge: Pledge, recorded_at: datetime) -> "Edition":
        """The edition that says what `pledge` says."""
        said = replace(pledge, contacts=(), version=1, updated_at=pledge.created_at)
        return cls(number, said, recorded_at)


def in_order(stages: Iterable[Milestone]) -> tuple[Milestone, ...]:
    """Milestones as a pledge has them: by the day they are due."""
    return tuple(sorted(stages, key=lambda milestone: milestone.due.date))


def problems(pledge: Pledge) -> Iterator[FieldProblem]:
    """Everything that keeps `pledge` from being a well-formed promise."""
    yield from _target_problems(pledge)
    if pledge.due is not None and pledge.due.date <= pledge.baseline.date:
        yield FieldProblem("/due", f"The deadline must lie after the baseline date, {pledge.baseline.date}.")
    yield from _milestone_problems(pledge)
    yield from _list_problems(pledge)
    emails = [contact.email.lower() for contact in pledge.contacts]
    for i, email in enumerate(emails):
        if email in emails[:i]:
            yield FieldProblem(f"/contacts/{i}/email", "This address is listed twice.")


def _target_problems(pledge: Pledge) -> Iterator[FieldProblem]:
    if pledge.is_event and pledge.target is not None:
        yield FieldProblem("/target", "An event has no target: leave it out, or choose another comparator.")
    if pledge.tolerance is not None and pledge.comparator is not Comparator.ABOUT:
        yield FieldProblem("/tolerance", "Only the comparator 'about' has a tolerance.")
    goal = pledge.goal
    if goal is None:
        return
    if goal.comparator is Comparator.AT_MOST:
        if goal.baseline > goal.value:
            yield FieldProblem(
                "/baseline/value", "Already above the cap: a reduction is 'at_least' with a target below."
            )
    elif goal.baseline == goal.value:
        yield FieldProblem("/target", "Equal to the baseline, so there is nothing to reach.")
    elif goal.comparator is Comparator.ABOUT and goal.met_by(goal.baseline):
        yield FieldProblem("/tolerance", "The baseline is already within the tolerance of the target.")


def _list_problems(pledge: Pledge) -> Iterator[FieldProblem]:
    if len(pledge.tags) > MAX_TAGS:
        yield FieldProblem("/tags", f"At most {MAX_TAGS} fit.")
    for name, listed in (("tags", pledge.tags), ("restates", pledge.restates)):
        for i, entry in enumerate(listed):
            if entry in listed[:i]:
                yield FieldProblem(f"/{name}", f"{entry!r} is listed twice.")
    if pledge.part_of in pledge.restates:
        yield FieldProblem("/part_of", "It restates this one in whole, so it cannot be a part of it as well.")
    for i, other in enumerate(pledge.other_targets):
        if pledge.target is None:
            yield FieldProblem(
                f"/other_targets/{i}", "The pledge has no target that others could differ from."
            )
        elif other.value == pledge.target:
            yield FieldProblem(f"/other_targets/{i}/value", "The target itself: list only those that differ.")


def _milestone_problems(pledge: Pledge) -> Iterator[FieldProblem]:
    last_day, last_value = pledge.baseline.date, pledge.baseline.value
    ids: set[str] = {FINAL_MILESTONE}
    by_day = sorted(enumerate(pledge.milestones), key=lambda pair: pair[1].due.date)
    days: set[date] = set()
    for i, milestone in by_day:
        at = f"/milestones/{i}"
        if milestone.id in ids:
            yield FieldProblem(f"{at}/id", f"The milestone id {milestone.id!r} is taken.")
        if not last_day < milestone.due.date or (pledge.due and milestone.due.date >= pledge.due.date):
            yield FieldProblem(f"{at}/due", _place(pledge, taken=milestone.due.date in days))
        if milestone.target is not None:
            if (detail := _off_the_way(pledge, milestone.target, last_value)) is not None:
                yield FieldProblem(f"{at}/target", detail)
            last_value = milestone.target
        ids.add(milestone.id)
        days.add(milestone.due.date)
        last_day = max(last_day, milestone.due.date)


def _place(pledge: Pledge, *, taken: bool) -> str:
    if taken:
        return "Two milestones share this day; each needs its own."
    until = f" and the deadline, {pledge.due.date}" if pledge.due else ""
    return f"A milestone lies strictly between the baseline date, {pledge.baseline.date}{until}."


def _off_the_way(pledge: Pledge, value: Decimal, last: Decimal) -> str | None:
    if pledge.target is None:
        return "The pledge has no target, so its milestones are events: leave the target out."
    low, high = sorted((last, pledge.target))
    if low <= value <= high:
        return None
    way = f"between {grouped(low, MAX_DECIMALS)} and {grouped(high, MAX_DECIMALS)}"
    return f"Targets run from the baseline to the pledge's target without going back: {way}."
