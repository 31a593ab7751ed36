"""Dropping what need not be kept any longer."""

from datetime import datetime, timedelta

from pledgetracker.storage.database import Transaction

IDEMPOTENCY_KEPT_FOR = timedelta(days=7)


def tidy(tx: Transaction, *, now: datetime) -> None:
    """Drop idempotency records that nobody will ask for again."""
    tx.idempotency.forget(before=now - IDEMPOTENCY_KEPT_FOR)
