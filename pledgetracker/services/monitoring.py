"""Looking at pledges: flags opened and cleared, what they owe recorded, the next look appointed."""

import hashlib
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from pledgetracker.domain.alert import OpenFlag, Owed
from pledgetracker.domain.days import local_day, start_of
from pledgetracker.domain.flag import Flag
from pledgetracker.domain.record import Record
from pledgetracker.domain.standing import Standing
from pledgetracker.domain.watch import Identity, arrange, next_turn, watch
from pledgetracker.services.rules import Rules
from pledgetracker.storage.database import Database, Transaction
from pledgetracker.storage.pledges import Outlook

BATCH = 100
RULES = "rules"


@dataclass(frozen=True, slots=True)
class Look:
    """What one look at a pledge found and did; `outlook` is what is kept of it."""

    pledge: str
    opened: Sequence[OpenFlag]
    cleared: Sequence[OpenFlag]
    planned: Sequence[Owed]
    superseded: Sequence[Owed]
    outlook: Outlook


@dataclass(frozen=True, slots=True)
class TickReport:
    """What one tick found and did.

    Attributes:
        looks: only those at pledges where something changed.
        checked: how many pledges were due for a look.
    """

    looks: Sequence[Look]
    checked: int


def outlook(record: Record, stands: Standing, open_flags: Iterable[OpenFlag], rules: Rules) -> Outlook:
    """What to keep of a look, and when the next one is needed."""
    ahead = next_turn(record, stands, open_flags, rules.policy)
    next_check_at = None if ahead is None else start_of(ahead, record.pledge.time_zone)
    return Outlook(stands.status.value, stands.due.date if stands.due else None, next_check_at)


def look(
    tx: Transaction,
    record: Record,
    rules: Rules,
    *,
    now: datetime,
    appointed: datetime | None = None,
    before: Outlook | None = None,
) -> Look:
    """Bring flags, owed alerts and the next appointment of one pledge up to `now`.

    An appointment that lies days back means that nobody looked since: each day since then that may have
    changed something is looked at in its turn, so that what fell due and passed meanwhile is on record too.
    Repeating it at the same `now` changes nothing. `before` is what is kept of the last look, if
    that is known.
    """
    pledge = record.pledge
    today = local_day(now, pledge.time_zone)
    seen = watch(
        record,
        rules.policy,
        rules.recipients(pledge),
        _Flags(tx, pledge.id, now),
        kept=tx.flags.open_on(pledge.id),
        since=today if appointed is None else local_day(appointed, pledge.time_zone),
        today=today,
    )
    planned, superseded = _plan(tx, seen.owed, {flag.identity for flag in seen.kept}, now)
    found = outlook(record, seen.standing, seen.kept, rules)
    tx.pledges.looked(pledge, found, before=before)
    return Look(pledge.id, seen.opened, seen.cleared, planned, superseded, found)


@dataclass(frozen=True, slots=True)
class _Flags:
    """The flags of one pledge on record."""

    tx: Transaction
    pledge: str
    now: datetime

    def open(self, flag: Flag, *, opened_on: date) -> OpenFlag:
        return self.tx.flags.open(self.pledge, flag, opened_on=opened_on, now=self.now)

    def clear(self, gone: Sequence[OpenFlag]) -> None:
        self.tx.flags.clear([flag.id for flag in gone], now=self.now)


def _plan(
    tx: Transaction, owed: Mapping[str, Owed], still_open: Collection[Identity], now: datetime
) -> tuple[list[Owed], list[Owed]]:
    """Record what is owed and nobody has recorded: (to be sent, spoken for by those or by one that waits)."""
    recorded = tx.alerts.recorded(owed) if owed else set()
    fresh = [alert for key, alert in owed.items() if key not in recorded]
    waiting = [alert for pledge in {a.pledge for a in fresh} for alert in tx.alerts.waiting(pledge)]
    plan = arrange(fresh, waiting, still_open)
    planned: list[Owed] = []
    superseded: list[Owed] = []
    for message in plan.messages:
        others = [*message.spoken_for]
        if message.speaker is None:
            speaker = tx.alerts.plan(message.leader, now=now)
            planned.append(message.leader)
        else:
            speaker = message.speaker.id
            tx.letters.forget(speaker)
            others.append(message.leader)
        tx.alerts.fold([alert.id for alert in message.folded], speaker, now=now)
        tx.alerts.plan_superseded(others, speaker, now=now)
        superseded += others
    tx.alerts.plan_over(plan.unspoken, now=now)
    return planned, superseded


def heed(database: Database, rules: Rules, *, now: datetime) -> None:
    """Make every pledge due for a look if the rules have changed since the last time: thresholds, recipients.

    Raises:
        Unavailable: the database cannot be reached.
    """
    digest = hashlib.sha256(repr(rules).encode()).hexdigest()
    with database.glance() as tx:
        heeded = tx.heartbeats.get(RULES)
    if heeded is not None and heeded.detail.get("digest") == digest:
        return

    def start_over(tx: Transaction) -> None:
        tx.pledges.make_due_for_check(now=now)
        tx.heartbeats.beat(RULES, {"digest": digest}, now=now)

    database.write(start_over)


def tick(
    database: Database, rules: Rules, *, now: datetime, is_stopping: Callable[[], bool] = lambda: False
) -> TickReport:
    """Look at every pledge that is due for it, in short transactions; costs what is due, not what exists.

    Told to stop, it ends after the transaction under way; the rest stays due.

    Raises:
        Unavailable: the database cannot be reached; what was looked at before stays looked at.
    """
    looks: list[Look] = []
    while not is_stopping() and (batch := database.write(lambda tx: check_batch(tx, rules, now=now))):
        looks += batch
    return _report(looks)


def rehearse(database: Database, rules: Rules, *, now: datetime) -> TickReport:
    """What a tick at `now` would find and do; nothing is changed.

    Raises:
        Unavailable: the database cannot be reached.
    """

    def all_of_it(tx: Transaction) -> TickReport:
        looks: list[Look] = []
        while batch := check_batch(tx, rules, now=now):
            looks += batch
        return _report(looks)

    return database.rehearse(all_of_it)


def _report(looks: Sequence[Look]) -> TickReport:
    changed = [found for found in looks if found.opened or found.cleared or found.planned]
    return TickReport(changed, len(looks))


def check_batch(tx: Transaction, rules: Rules, *, now: datetime, limit: int = BATCH) -> Sequence[Look]:
    """Look at up to `limit` pledges that are due for it, the longest due first."""
    due = tx.records.due_for_check(now=now, limit=limit)
    return [look(tx, record, rules, now=now, appointed=appointed) for record, appointed in due]
