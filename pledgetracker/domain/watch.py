"""One look at a pledge: which flags come and go, what they owe by then, and which message speaks for what.

The scheduler looks through this at what it keeps on record, a simulation at what it keeps in mind.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Generic, Protocol, TypeVar

from pledgetracker.domain.alert import (
    AlertKind,
    FlagAlert,
    OpenFlag,
    Owed,
    Recipient,
    collapse,
    owed_by,
    steps,
    urgency,
)
from pledgetracker.domain.days import local_day
from pledgetracker.domain.flag import Flag, turning_days
from pledgetracker.domain.policy import Policy
from pledgetracker.domain.record import Record
from pledgetracker.domain.standing import Standing, standing

# What makes a flag the same from one day to the next, and an alert one of its own.
Identity = tuple[AlertKind, str | None, date]


class Register(Protocol):
    """Where flags are kept."""

    def open(self, flag: Flag, *, opened_on: date) -> OpenFlag:
        """Keep a condition that was found."""

    def clear(self, gone: Sequence[OpenFlag]) -> None:
        """Note that conditions are gone."""


@dataclass(frozen=True, slots=True)
class Watched:
    """What was seen of a pledge on the days of one look.

    Attributes:
        standing: as at the last day.
        kept: the flags open on the last day.
        opened, cleared: on any of the days.
        owed: all that open flags owed on any of the days, by dedup key, whether told before or not.
        ahead: the first day after the last on which the clock alone may change something; None for never.
    """

    standing: Standing
    kept: Sequence[OpenFlag]
    opened: Sequence[OpenFlag]
    cleared: Sequence[OpenFlag]
    owed: Mapping[str, Owed]
    ahead: date | None


def watch(
    record: Record,
    policy: Policy,
    recipients: Sequence[Recipient],
    register: Register,
    *,
    kept: Sequence[OpenFlag],
    since: date,
    today: date,
) -> Watched:
    """Bring the flags of `record` up to `today`, through each day since `since` that may have changed some.

    Args:
        record: the pledge and its reports.
        policy: the thresholds.
        recipients: who is owed what flags owe.
        register: where flags are opened and cleared.
        kept: the flags that are open in it.
        since: a day up to which all is settled; the first that is looked at.
        today: the last that is looked at.
    """
    day = min(since, today)
    opened: list[OpenFlag] = []
    cleared: list[OpenFlag] = []
    owed: dict[str, Owed] = {}
    while True:
        stands = standing(record, policy, today=day)
        kept, came, went = _settle(record, register, kept, stands.flags, today)
        opened += came
        cleared += went
        owed |= {alert.dedup_key: alert for alert in owed_on(record, policy, recipients, kept, day)}
        ahead = next_turn(record, stands, kept, policy)
        if day == today:
            return Watched(stands, kept, opened, cleared, owed, ahead)
        day = today if ahead is None else min(ahead, today)


def next_turn(
    record: Record, stands: Standing, open_flags: Iterable[OpenFlag], policy: Policy
) -> date | None:
    """The first day after `stands` on which the clock alone may change something, or None for never."""
    turns = (
        *turning_days(record, stands.milestones, policy, today=stands.today),
        *(step.day for flag in open_flags for step in steps(flag, lead_days=policy.lead_days)),
    )
    return min((day for day in turns if day > stands.today), default=None)


def owed_on(
    record: Record, policy: Policy, recipients: Sequence[Recipient], flags: Iterable[OpenFlag], day: date
) -> Iterable[Owed]:
    """All that open flags owe by `day`, whether told before or not."""
    pledge, lead_days = record.pledge, policy.lead_days
    for flag in flags:
        yield from owed_by(flag, pledge.id, pledge.time_zone, recipients, lead_days=lead_days, today=day)


def _settle(
    record: Record, register: Register, kept: Sequence[OpenFlag], found: Sequence[Flag], today: date
) -> tuple[list[OpenFlag], list[OpenFlag], list[OpenFlag]]:
    """Open what is found and not kept, clear what is kept and gone: (open now, opened, cleared)."""
    pledge = record.pledge
    here, known = {flag.identity for flag in found}, {flag.identity for flag in kept}
    gone = [flag for flag in kept if flag.identity not in here]
    if gone:
        register.clear(gone)
    # Before its last change the record could not have raised it; after, the clock alone did.
    changed_on = today if pledge.updated_at is None else local_day(pledge.updated_at, pledge.time_zone)
    opened = [
        register.open(flag, opened_on=max(flag.since, changed_on))
        for flag in found
        if flag.identity not in known
    ]
    return [*(flag for flag in kept if flag.identity in here), *opened], opened, gone


class Waiting(FlagAlert, Protocol):
    """An alert that flags owed before, and that nobody has tried to send."""

    @property
    def milestone(self) -> str | None:
        """Of the flag."""

    @property
    def episode(self) -> date:
        """Of the flag."""

    @property
    def destination(self) -> tuple[str, str, str]:
        """As that of what is owed."""


W = TypeVar("W", bound=Waiting)


@dataclass(frozen=True, slots=True)
class Message(Generic[W]):
    """What one recipient is told in one turn.

    Attributes:
        leader: the most urgent of what is newly owed.
        speaker: an alert that waits and is at least as urgent, and so speaks for the leader too; or None.
        spoken_for: the others that are newly owed.
        folded: those that wait and need not speak any more.
    """

    leader: Owed
    speaker: W | None
    spoken_for: Sequence[Owed]
    folded: Sequence[W]

    @property
    def alert(self) -> Owed | W:
        """The alert that leaves."""
        return self.leader if self.speaker is None else self.speaker

    @property
    def speaks_for(self) -> Sequence[Owed | W]:
        """All the others, which it names."""
        rest = () if self.speaker is None else (self.leader,)
        return (*rest, *self.spoken_for, *self.folded)


@dataclass(frozen=True, slots=True)
class Arrangement(Generic[W]):
    """Who is told what in one turn.

    Attributes:
        unspoken: owed by flags that are gone already, to those who get no message.
    """

    messages: Sequence[Message[W]]
    unspoken: Sequence[Owed]


def arrange(fresh: Sequence[Owed], waiting: Sequence[W], still_open: Collection[Identity]) -> Arrangement[W]:
    """Fold what is newly owed, and what waits, into one message for each recipient."""
    called_for = [alert for alert in fresh if _identity(alert) in still_open]
    over = [alert for alert in fresh if _identity(alert) not in still_open]
    messages: list[Message[W]] = []
    for bundle in collapse(called_for):
        where = bundle.leader.destination
        others = (*bundle.superseded, *(alert for alert in over if alert.destination == where))
        rivals = [a for a in waiting if a.destination == where and _identity(a) in still_open]
        first = min(rivals, key=urgency, default=None)
        speaker = None if first is None or urgency(bundle.leader) < urgency(first) else first
        folded = [alert for alert in rivals if alert is not speaker]
        messages.append(Message(bundle.leader, speaker, others, folded))
    told = {message.leader.destination for message in messages}
    return Arrangement(messages, [alert for alert in over if alert.destination not in told])


def _identity(alert: Owed | Waiting) -> Identity:
    return alert.kind, alert.milestone, alert.episode
