"""What the scheduler would find and owe, day by day, if nothing more were reported; nothing is changed."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from typing import Generic

from pledgetracker.domain.alert import OpenFlag, Recipient
from pledgetracker.domain.flag import Flag
from pledgetracker.domain.policy import Policy
from pledgetracker.domain.record import Record
from pledgetracker.domain.standing import standing
from pledgetracker.domain.watch import Message, W, arrange, owed_on, watch

DAY = timedelta(days=1)
# Of a flag that is open so far ahead the clock alone decided when it opened, or all its reminders are past.
FAR_AHEAD = 400


@dataclass(frozen=True, slots=True)
class Start(Generic[W]):
    """What a simulation begins with.

    Attributes:
        since: a day up to which all is settled.
        kept: the flags open then.
        told: the dedup keys of what was owed then, and need not be owed again.
        waiting: what was owed then and has not left yet; it leaves on the first day.
    """

    since: date
    kept: Sequence[OpenFlag] = ()
    told: frozenset[str] = frozenset()
    waiting: Sequence[W] = ()


@dataclass(frozen=True, slots=True)
class SimulatedDay(Generic[W]):
    """A day on which something happens to a pledge.

    Attributes:
        messages: one for each recipient, as alerts are folded.
    """

    day: date
    opened: Sequence[OpenFlag]
    cleared: Sequence[OpenFlag]
    messages: Sequence[Message[W]]

    @property
    def is_eventful(self) -> bool:
        """Whether anything happens at all."""
        return bool(self.opened or self.cleared or self.messages)


@dataclass(slots=True)
class _Slate:
    """Flags that are kept nowhere."""

    count: int = field(default=0)

    def open(self, flag: Flag, *, opened_on: date) -> OpenFlag:
        self.count -= 1
        return OpenFlag(self.count, flag.kind, flag.milestone, flag.episode, opened_on)

    def clear(self, gone: Sequence[OpenFlag]) -> None:
        """Nothing is kept, so nothing is to be noted."""


def simulate(
    record: Record,
    policy: Policy,
    recipients: Sequence[Recipient],
    start: Start[W],
    *,
    first: date | None,
    last: date,
) -> Iterator[SimulatedDay[W]]:
    """Look at `record` from `first` to `last`, on days that may bring something, and say what they bring.

    What one look finds is what the scheduler finds in its own, through the same `watch`. What is owed is
    taken to leave on the day on which it is owed.

    Args:
        record: the pledge and its reports; those of later days count from their days on.
        policy: the thresholds.
        recipients: who is owed what flags owe.
        start: what is settled, open and told.
        first: the day of the first look, through all days since `start.since`; None where none is called for.
        last: the last day.
    """
    slate, kept, told = _Slate(), start.kept, set(start.told)
    waiting, day = start.waiting, first
    while day is not None and day <= last:
        # Only the first look has days to catch up with.
        since = start.since if day == first else day
        seen = watch(record, policy, recipients, slate, kept=kept, since=since, today=day)
        fresh = [alert for key, alert in seen.owed.items() if key not in told]
        told.update(seen.owed)
        plan = arrange(fresh, waiting, {flag.identity for flag in seen.kept})
        found = SimulatedDay(day, seen.opened, seen.cleared, plan.messages)
        if found.is_eventful:
            yield found
        kept, waiting = seen.kept, ()
        day = _next_day(record, seen.ahead, day)


def _next_day(record: Record, ahead: date | None, day: date) -> date | None:
    """The next day on which the clock, or a report that describes it, may change something."""
    later = record.heard[len(record.heard_until(day)) :]
    return min((turn for turn in (ahead, *(u.as_of for u in later[:1])) if turn is not None), default=None)


def onwards(
    record: Record,
    policy: Policy,
    recipients: Sequence[Recipient],
    start: Start[W],
    *,
    today: date,
    first: date,
    last: date,
) -> Iterator[SimulatedDay[W]]:
    """What the days from `first` to `last`, none before `today`, would bring, going on from `start`."""
    if (first - today).days > FAR_AHEAD:
        far: Start[W] = as_told(record, policy, recipients, eve=first - DAY)
        start, today = replace(far, told=far.told | start.told, waiting=()), first
    days = simulate(record, policy, recipients, start, first=today, last=last)
    return (found for found in days if first <= found.day)


def replay(
    record: Record, policy: Policy, recipients: Sequence[Recipient], *, first: date, last: date
) -> Iterator[SimulatedDay[W]]:
    """What days long past would have brought, by the record as it is now.

    Each report counts from the day that it describes, whenever it was recorded. What was open on the eve of
    `first` counts as told by then.
    """
    # When the record last changed has no part in when its flags would have opened.
    timeless = replace(record, pledge=replace(record.pledge, updated_at=None))
    start: Start[W] = as_told(timeless, policy, recipients, eve=first - DAY)
    return simulate(timeless, policy, recipients, start, first=first, last=last)


def as_told(record: Record, policy: Policy, recipients: Sequence[Recipient], *, eve: date) -> Start[W]:
    """A start in which all that is open at the end of `eve` is open, and all it owes by then is told."""
    slate = _Slate()
    found = standing(record, policy, today=eve).flags
    kept = [slate.open(flag, opened_on=flag.since) for flag in found]
    told = (alert.dedup_key for alert in owed_on(record, policy, recipients, kept, eve))
    return Start(eve, kept, frozenset(told))
