"""Looking at pledges: flags opened and cleared, what they owe recorded, the next look appointed."""

import hashlib
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from pledgetracker.domain.alert import AlertKind, OpenFlag, Owed, Recipient, collapse, owed_by, steps, urgency
from pledgetracker.domain.days import local_day, start_of
from pledgetracker.domain.flag import Flag, turning_days
from pledgetracker.domain.pledge import Pledge
from pledgetracker.domain.record import Record
from pledgetracker.domain.standing import Standing, standing
from pledgetracker.services.rules import Rules
from pledgetracker.storage.alerts import AlertEntry
from pledgetracker.storage.database import Database, Transaction
from pledgetracker.storage.pledges import Outlook

BATCH = 100
RULES = "rules"

# What makes a flag the same from one day to the next, and an alert one of its own.
Identity = tuple[AlertKind, str | None, date]


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
    ahead = _next_turn(record, stands, open_flags, rules)
    next_check_at = None if ahead is None else start_of(ahead, record.pledge.time_zone)
    return Outlook(stands.status.value, stands.due.date if stands.due else None, next_check_at)


def _next_turn(record: Record, stands: Standing, open_flags: Iterable[OpenFlag], rules: Rules) -> date | None:
    """The first day after the look on which the clock alone may change something, or None for never."""
    turns = (
        *turning_days(record, stands.milestones, rules.policy, today=stands.today),
        *(step.day for flag in open_flags for step in steps(flag, lead_days=rules.policy.lead_days)),
    )
    return min((day for day in turns if day > stands.today), default=None)


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
    day = today if appointed is None else min(local_day(appointed, pledge.time_zone), today)
    kept = list(tx.flags.open_on(pledge.id))
    opened: list[OpenFlag] = []
    cleared: list[OpenFlag] = []
    owed: dict[str, Owed] = {}
    recipients = rules.recipients(pledge)
    while True:
        stands = standing(record, rules.policy, today=day)
        kept, came, went = _settle_flags(tx, record, kept, stands.flags, now)
        opened += came
        cleared += went
        owed |= {alert.dedup_key: alert for alert in _owed(kept, pledge, recipients, rules, day)}
        ahead = _next_turn(record, stands, kept, rules)
        if day == today:
            break
        day = today if ahead is None else min(ahead, today)
    planned, superseded = _plan(tx, owed, {flag.identity for flag in kept}, now)
    found = outlook(record, stands, kept, rules)
    tx.pledges.looked(pledge, found, before=before)
    return Look(pledge.id, opened, cleared, planned, superseded, found)


def _settle_flags(
    tx: Transaction, record: Record, recorded: Sequence[OpenFlag], found: Sequence[Flag], now: datetime
) -> tuple[list[OpenFlag], list[OpenFlag], list[OpenFlag]]:
    """Open what is found and not recorded, clear what is recorded and gone: (open now, opened, cleared)."""
    pledge = record.pledge
    here, known = {flag.identity for flag in found}, {flag.identity for flag in recorded}
    gone = [flag for flag in recorded if flag.identity not in here]
    if gone:
        tx.flags.clear([flag.id for flag in gone], now=now)
    # Before its last change the record could not have raised it; after, the clock alone did.
    changed_on = local_day(pledge.updated_at or now, pledge.time_zone)
    opened = [
        tx.flags.open(pledge.id, flag, opened_on=max(flag.since, changed_on), now=now)
        for flag in found
        if flag.identity not in known
    ]
    kept = [flag for flag in recorded if flag.identity in here]
    return [*kept, *opened], opened, gone


def _owed(
    flags: Iterable[OpenFlag], pledge: Pledge, recipients: Sequence[Recipient], rules: Rules, day: date
) -> Iterator[Owed]:
    """All that open flags owe by `day`."""
    lead_days = rules.policy.lead_days
    for flag in flags:
        yield from owed_by(flag, pledge.id, pledge.time_zone, recipients, lead_days=lead_days, today=day)


def _plan(
    tx: Transaction, owed: Mapping[str, Owed], still_open: Collection[Identity], now: datetime
) -> tuple[list[Owed], list[Owed]]:
    """Record what is owed and nobody has recorded: (to be sent, spoken for by those or by one that waits)."""
    recorded = tx.alerts.recorded(owed) if owed else set()
    fresh = [alert for key, alert in owed.items() if key not in recorded]
    over = [alert for alert in fresh if (alert.kind, alert.milestone, alert.episode) not in still_open]
    planned: list[Owed] = []
    superseded: list[Owed] = []
    waiting = _waiting(tx, fresh, still_open)
    told = set()
    for bundle in collapse(alert for alert in fresh if alert not in over):
        passed = [alert for alert in over if alert.destination == bundle.leader.destination]
        others = [*bundle.superseded, *passed]
        rivals = [alert for alert in waiting if alert.destination == bundle.leader.destination]
        first = min(rivals, key=urgency, default=None)
        if first is None or urgency(bundle.leader) < urgency(first):
            speaker = tx.alerts.plan(bundle.leader, now=now)
            planned.append(bundle.leader)
        else:
            speaker = first.id
            tx.alerts.forget_letter(speaker)
            others.append(bundle.leader)
        tx.alerts.fold([alert.id for alert in rivals if alert.id != speaker], speaker, now=now)
        tx.alerts.plan_superseded(others, speaker, now=now)
        superseded += others
        told.add(bundle.leader.destination)
    tx.alerts.plan_over([alert for alert in over if alert.destination not in told], now=now)
    return planned, superseded


def _waiting(
    tx: Transaction, fresh: Sequence[Owed], still_open: Collection[Identity]
) -> Sequence[AlertEntry]:
    """What is owed from before and nobody has tried to send: it shares one message with what is fresh."""
    return [
        alert
        for pledge in {owed.pledge for owed in fresh}
        for alert in tx.alerts.waiting(pledge)
        if (alert.kind, alert.milestone, alert.episode) in still_open
    ]


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
