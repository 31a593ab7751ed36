"""Holding delivery: alerts are planned and kept, and none leaves until somebody says that they may."""

from datetime import datetime

from pledgetracker.storage.database import Transaction

HOLD = "hold:restored"
REASON = "The record was restored from a backup: alerts sent since then would be sent again."


def hold_restored(tx: Transaction, *, now: datetime) -> None:
    """Hold delivery because the record may not know of alerts that were sent."""
    tx.heartbeats.beat(HOLD, {"reason": REASON}, now=now)


def held(tx: Transaction) -> str | None:
    """Why delivery is held, or None if it is not."""
    found = tx.heartbeats.get(HOLD)
    return None if found is None else str(found.detail["reason"])


def release(tx: Transaction) -> bool:
    """Let alerts leave again; False if they were not held."""
    return tx.heartbeats.end(HOLD)
