"""Keeping on record by which thresholds standings were judged, and from when on."""

from datetime import datetime

from pledgetracker.domain.policy import Policy
from pledgetracker.storage.database import Database, Transaction


def note(database: Database, policy: Policy, *, now: datetime) -> None:
    """Record that `policy` is in force from now on, unless it is already.

    Raises:
        Unavailable: the database cannot be reached.
    """
    with database.glance() as tx:
        if tx.policies.is_latest(policy):
            return

    def add(tx: Transaction) -> None:
        if not tx.policies.is_latest(policy):
            tx.policies.add(policy, now=now)

    database.write(add)
