"""Who did what when: a log in which each entry vouches for all before it."""

import hashlib
import json
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

# What the first entry names as the hash before it.
BEGINNING = "0" * 64


class ActorKind(StrEnum):
    """Which way somebody came in."""

    KEY = "key"
    CLI = "cli"
    SCHEDULER = "scheduler"
    SYSTEM = "system"


@dataclass(frozen=True, slots=True)
class Actor:
    """Who changes something.

    Attributes:
        kind: an `ActorKind`; in a log that was tampered with it may be anything.
        name: of the key; on the command line, of the user of the operating system.
        key: the public id of the API key.
        request: what the request is called in logs.
    """

    kind: str
    name: str
    key: str | None = None
    request: str | None = None


# The program of its own accord.
ITSELF = Actor(ActorKind.SYSTEM, "pledgetracker")


class SubjectKind(StrEnum):
    """What sort of thing was changed; progress and verdicts go by the id of their pledge."""

    PLEDGER = "pledger"
    INITIATIVE = "initiative"
    PLEDGE = "pledge"
    PROGRESS = "progress"
    CONFLICT = "conflict"
    VERDICT = "verdict"
    RUBRIC = "rubric"
    KEY = "key"
    RECORD = "record"
    ALERT = "alert"
    RATE = "rate"


class Action(StrEnum):
    """What was done: the kind of thing, and the verb."""

    PLEDGER_CREATE = "pledger.create"
    PLEDGER_CHANGE = "pledger.change"
    PLEDGER_DELETE = "pledger.delete"
    INITIATIVE_CREATE = "initiative.create"
    INITIATIVE_CHANGE = "initiative.change"
    INITIATIVE_DELETE = "initiative.delete"
    PLEDGE_CREATE = "pledge.create"
    PLEDGE_LOAD = "pledge.load"
    PLEDGE_CHANGE = "pledge.change"
    PLEDGE_RESCHEDULE = "pledge.reschedule"
    PLEDGE_WITHDRAW = "pledge.withdraw"
    PLEDGE_RESCIND_WITHDRAWAL = "pledge.rescind_withdrawal"
    PLEDGE_DELETE = "pledge.delete"
    PROGRESS_RECORD = "progress.record"
    PROGRESS_IMPORT = "progress.import"
    PROGRESS_REVIEW = "progress.review"
    CONFLICT_RESOLVE = "conflict.resolve"
    VERDICT_RECORD = "verdict.record"
    RUBRIC_CREATE = "rubric.create"
    KEY_CREATE = "key.create"
    KEY_REVOKE = "key.revoke"
    RECORD_RESTORE = "record.restore"
    RECORD_REINSTATE = "record.reinstate"
    RECORD_HOLD = "record.hold"
    RECORD_RELEASE = "record.release"
    ALERT_REQUEUE = "alert.requeue"
    ALERT_SUPPRESS = "alert.suppress"
    RATE_CREATE = "rate.create"
    RATE_CHANGE = "rate.change"

    @property
    def kind(self) -> SubjectKind:
        """The sort of thing that it is done to."""
        return SubjectKind(self.partition(".")[0])


@dataclass(frozen=True, slots=True)
class Deed:
    """One change, not yet in its place in the log.

    Attributes:
        subject: the id of what was changed.
        before, after: what it was and what it became, as canonical JSON; None for nothing.
    """

    at: datetime
    actor: Actor
    action: str
    subject: str
    before: str | None
    after: str | None


@dataclass(frozen=True, slots=True)
class Entry:
    """A deed in its place in the log.

    Attributes:
        number: 1, 2, … without gaps.
        previous, hash: SHA-256 in hexadecimal, of the entry before and of this one.
    """

    number: int
    deed: Deed
    previous: str
    hash: str


def chained(number: int, previous: str, deed: Deed) -> Entry:
    """The entry that `deed` becomes after the entry whose hash is `previous`."""
    return Entry(number, deed, previous, digest(number, previous, deed))


def digest(number: int, previous: str, deed: Deed) -> str:
    """SHA-256, in hexadecimal, of the canonical JSON of an entry's content and of the hash before it."""
    content = told(deed) | {
        "number": number,
        "previous": previous,
        "at": deed.at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ"),
    }
    text = json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()


def told(deed: Deed) -> dict[str, Any]:
    """What a deed tells, but for its instant, by the names under which it is kept and hashed."""
    return {
        "actor": str(deed.actor.kind),
        "actor_key": deed.actor.key,
        "actor_name": deed.actor.name,
        "request": deed.actor.request,
        "action": deed.action,
        "subject": deed.subject,
        # As texts: spliced in as they stand, one of them could pass for more than it is.
        "before": deed.before,
        "after": deed.after,
    }
