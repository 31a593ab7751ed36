"""Looking at pledges: flags opened and cleared, what they owe recorded, the next look appointed."""

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from pledgetracker.domain.alert import OpenFlag, Owed, collapse, owed_by, steps
from pledgetracker.domain.days import local_day, start_of
from pledgetracker.domain.flag import Flag, turning_days
from pledgetracker.domain.record import Record
from pledgetracker.domain.standing import Standing, standing
from pledgetracker.services.rules import Rules
from pledgetracker.storage.database import Database, Transaction
from pledgetracker.storage.pledges import Outlook

BATCH = 100
RULES = "rules"


@dataclass(frozen=True, slots=True)
class Look:
    """What one look at a pledge found and did."""

    pledge: str
    opened: Sequence[OpenFlag]
    cleared: Sequence[OpenFlag]
    planned: Sequence[Owed]
    superseded: Sequence[Owed]


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
    turns = [
        *turning_days(record, stands.milestones, rules.policy, today=stands.today),
        *(step.day for flag in open_flags for step in steps(flag, lead_days=rules.policy.lead_days)),
    ]
    ahead = min((day for day in turns if day > stands.today), default=None)
    next_check_at = None if ahead is None else start_of(ahead, record.pledge.time_zone)
    return Outlook(stands.status.value, stands.due.date if stands.due else None, next_check_at)


def look(tx: Transaction, record: Record, rules: Rules, *, now: datetime) -> Look:
    """Bring flags, owed alerts and the next appointment of one pledge up to `now`.

    Repeating it at the same `now` changes nothing.
    """
    pledge = record.pledge
    stands = standing(record, rules.policy, today=local_day(now, pledge.time_zone))
    kept, opened, cleared = _settle_flags(tx, record, stands.flags, now)
    planned, superseded = _plan(tx, record, kept, rules, stands.today, now)
    tx.pledges.looked(pledge, outlook(record, stands, kept, rules))
    return Look(pledge.id, opened, cleared, planned, superseded)


def _settle_flags(
    tx: Transaction, record: Record, found: Sequence[Flag], now: datetime
) -> tuple[list[OpenFlag], list[OpenFlag], list[OpenFlag]]:
    """Open what is found and not recorded, clear what is recorded and gone: (open now, opened, cleared)."""
    pledge = record.pledge
    recorded = {flag.identity: flag for flag in tx.flags.open_on(pledge.id)}
    gone = [flag for identity, flag in recorded.items() if identity not in {f.identity for f in found}]
    if gone:
        tx.flags.clear([flag.id for flag in gone], now=now)
    # Before its last change the record could not have raised it; after, the clock alone did.
    changed_on = local_day(pledge.updated_at or now, pledge.time_zone)
    opened = [
        tx.flags.open(pledge.id, flag, opened_on=max(flag.since, changed_on), now=now)
        for flag in found
        if flag.identity not in recorded
    ]
    kept = [flag for flag in recorded.values() if flag not in gone]
    return [*kept, *opened], opened, gone


def _plan(
    tx: Transaction, record: Record, flags: Iterable[OpenFlag], rules: Rules, today: date, now: datetime
) -> tuple[list[Owed], list[Owed]]:
    """Record what open flags owe and nobody has recorded: (to be sent, spoken for by those)."""
    pledge, recipients = record.pledge, rules.recipients(record.pledge)
    owed = [
        alert
        for flag in flags
        for alert in owed_by(
            flag, pledge.id, pledge.time_zone, recipients, lead_days=rules.policy.lead_days, today=today
        )
    ]
    recorded = tx.alerts.recorded([alert.dedup_key for alert in owed]) if owed else set()
    planned: list[Owed] = []
    superseded: list[Owed] = []
    for bundle in collapse(alert for alert in owed if alert.dedup_key not in recorded):
        leader = tx.alerts.plan(bundle.leader, now=now)
        tx.alerts.plan_superseded(bundle.superseded, leader, now=now)
        planned.append(bundle.leader)
        superseded.extend(bundle.superseded)
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


def tick(database: Database, rules: Rules, *, now: datetime) -> TickReport:
    """Look at every pledge that is due for it, in short transactions; costs what is due, not what exists.

    Raises:
        Unavailable: the database cannot be reached; what was looked at before stays looked at.
    """
    looks: list[Look] = []
    while batch := database.write(lambda tx: check_batch(tx, rules, now=now)):
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
    return [look(tx, record, rules, now=now) for record in tx.records.due_for_check(now=now, limit=limit)]
