"""The tables, by subject. Every index names the query it serves."""

from pledgetracker.storage.tables.alert import alerts, attempts, flags, letters
from pledgetracker.storage.tables.audit import audit_entries, audit_head
from pledgetracker.storage.tables.base import alembic_version, metadata
from pledgetracker.storage.tables.catalogue import earlier_entries, exchange_rates, initiatives, pledgers
from pledgetracker.storage.tables.pledge import (
    editions,
    milestones,
    pledge_links,
    pledge_tags,
    pledges,
    reschedules,
    withdrawals,
)
from pledgetracker.storage.tables.progress import WAITS_FOR_REVIEW, decisions, progress_updates, resolutions
from pledgetracker.storage.tables.service import api_keys, heartbeats, idempotency_records, rate_limits
from pledgetracker.storage.tables.verdict import policies, rubrics, verdicts

__all__ = [
    "WAITS_FOR_REVIEW",
    "alembic_version",
    "alerts",
    "api_keys",
    "attempts",
    "audit_entries",
    "audit_head",
    "decisions",
    "earlier_entries",
    "editions",
    "exchange_rates",
    "flags",
    "heartbeats",
    "idempotency_records",
    "initiatives",
    "letters",
    "metadata",
    "milestones",
    "pledge_links",
    "pledge_tags",
    "pledgers",
    "pledges",
    "policies",
    "progress_updates",
    "rate_limits",
    "reschedules",
    "resolutions",
    "rubrics",
    "verdicts",
    "withdrawals",
]
