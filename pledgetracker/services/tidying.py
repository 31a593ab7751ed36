"""Dropping what need not be kept any longer."""

from datetime import datetime, timedelta

from pledgetracker.domain.allowance import microseconds
from pledgetracker.storage.database import Transaction

IDEMPOTENCY_KEPT_FOR = timedelta(days=7)


def tidy(tx: Transaction, *, now: datetime) -> None:
    """Drop idempotency records that nobody will ask for again, and what was used of limits long since."""
    tx.idempotency.forget(before=now - IDEMPOTENCY_KEPT_FOR)
    tx.rate_limits.forget(before=microseconds(now))
