"""What a flag or a piece of news owes to whom: once each, the lesser folded into the most urgent."""

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from itertools import groupby
from operator import attrgetter
from typing import Protocol

from pledgetracker.domain.days import start_of
from pledgetracker.domain.flag import FlagKind

REMINDER_STEPS = (0, 30, 60, 90)
OVERDUE_STEPS = (1, 31, 61, 91)
NEARING_STEPS = (30, 7, 1)


class NewsKind(StrEnum):
    """Something that happened to a pledge; told to each recipient by itself."""

    PROGRESS = "progress"
    MET = "met"
    RESCHEDULED = "rescheduled"
    WITHDRAWN = "withdrawn"
    CORRECTED = "corrected"


AlertKind = FlagKind | NewsKind


def alert_kind(word: str) -> AlertKind:
    """The kind of that name."""
    return FlagKind(word) if word in set(FlagKind) else NewsKind(word)


class Channel(StrEnum):
    """How an alert leaves."""

    EMAIL = "email"


class AlertState(StrEnum):
    """Where an owed alert is; every one ends in one of those after `pending`."""

    PENDING = "pending"
    SENT = "sent"
    SUPERSEDED = "superseded"
    SUPPRESSED = "suppressed"
    CANCELLED = "cancelled"
    DEAD = "dead"


@dataclass(frozen=True, slots=True)
class Recipient:
    """One person, by the address that alerts go to, in lower case."""

    email: str
    name: str | None = None
    language: str = "en"


@dataclass(frozen=True, slots=True)
class OpenFlag:
    """A recorded flag that is open.

    Attributes:
        id: its row.
        opened_on: the local day from which it counts, for the reminders it owes.
    """

    id: int
    kind: FlagKind
    milestone: str | None
    episode: date
    opened_on: date

    @property
    def identity(self) -> tuple[FlagKind, str | None, date]:
        """What makes it the same flag from one day to the next."""
        return self.kind, self.milestone, self.episode


@dataclass(frozen=True, slots=True)
class Step:
    """One occasion on which a flag owes an alert.

    Attributes:
        number: days before the due day (`no_progress`), after it (`overdue`), or after opening.
        day: the local day on whose first instant it falls due.
    """

    number: int
    day: date


def steps(flag: OpenFlag, *, lead_days: int) -> Iterator[Step]:
    """Every step of a flag, past and future, in order."""
    match flag.kind:
        case FlagKind.NO_PROGRESS:
            for n in (lead_days, *(n for n in NEARING_STEPS if n < lead_days)):
                yield Step(n, flag.episode - timedelta(days=n))
        case FlagKind.OVERDUE:
            for n in OVERDUE_STEPS:
                yield Step(n, flag.episode + timedelta(days=n))
        case _:
            for n in REMINDER_STEPS:
                yield Step(n, flag.opened_on + timedelta(days=n))


@dataclass(frozen=True, slots=True)
class Owed:
    """One alert owed to one recipient.

    Attributes:
        milestone: None where the whole pledge is meant.
        episode: the date that names the episode.
        step: days before, after or since, as in `Step`; for news the number of the update or move.
        due_at: the instant at which it fell due.
    """

    pledge: str
    milestone: str | None
    kind: AlertKind
    episode: date
    step: int
    recipient: Recipient
    due_at: datetime
    channel: Channel = Channel.EMAIL

    @property
    def destination(self) -> tuple[str, str, str]:
        """What it shares with all that goes into one message: pledge, recipient, channel."""
        return self.pledge, self.recipient.email, self.channel.value

    @property
    def dedup_key(self) -> str:
        """What makes it the same alert, however often and by whomever it is planned; no clock in it."""
        return "|".join(
            (
                self.pledge,
                self.milestone or "",
                self.kind.value,
                self.episode.isoformat(),
                str(self.step),
                self.recipient.email,
                self.channel.value,
            )
        )


def owed_by(
    flag: OpenFlag, pledge: str, zone: str, recipients: Iterable[Recipient], *, lead_days: int, today: date
) -> Iterator[Owed]:
    """All that an open flag owes by `today`, whether recorded already or not."""
    fallen = [step for step in steps(flag, lead_days=lead_days) if step.day <= today]
    for recipient in recipients:
        for step in fallen:
            due_at = start_of(step.day, zone)
            yield Owed(pledge, flag.milestone, flag.kind, flag.episode, step.number, recipient, due_at)


@dataclass(frozen=True, slots=True)
class Bundle:
    """What one recipient is sent in one turn: the most urgent alert, and those it speaks for."""

    leader: Owed
    superseded: tuple[Owed, ...]


class FlagAlert(Protocol):
    """What tells how urgent an alert is that a flag owes, planned or recorded."""

    @property
    def kind(self) -> AlertKind:
        """Of the flag."""

    @property
    def step(self) -> int:
        """As in `Step`."""

    @property
    def due_at(self) -> datetime:
        """The instant at which it fell due."""

    @property
    def dedup_key(self) -> str:
        """Settles what is otherwise equal."""


def urgency(alert: FlagAlert) -> tuple[int, int, float, str]:
    """Sorts alerts that flags owe, the most urgent first.

    Among several of `no_progress` the nearest step leads; among other equals the one that fell due last.
    """
    assert isinstance(alert.kind, FlagKind)
    days_left = alert.step if alert.kind is FlagKind.NO_PROGRESS else 0
    return alert.kind.urgency, days_left, -alert.due_at.timestamp(), alert.dedup_key


def collapse(owed: Iterable[Owed]) -> Sequence[Bundle]:
    """One message for each pledge, recipient and channel, for the most urgent of what flags owe."""
    where = attrgetter("destination")
    bundles = []
    for _, group in groupby(sorted(owed, key=where), key=where):
        leader, *others = sorted(group, key=urgency)
        bundles.append(Bundle(leader, tuple(others)))
    return bundles


def message_id(dedup_key: str, domain: str) -> str:
    """The RFC 5322 Message-ID of an alert: the same on each attempt, from each machine."""
    return f"<{hashlib.sha256(dedup_key.encode()).hexdigest()[:40]}@{domain}>"
