"""Tables of who changed what."""

from sqlalchemy import Column, Index, Integer, String, Table, Text

from pledgetracker.storage.dialects import Instant, RowId
from pledgetracker.storage.tables.base import keep_entries, metadata

audit_entries = Table(
    "audit_entries",
    metadata,
    Column("number", RowId, primary_key=True, autoincrement=False),
    Column("at", Instant, nullable=False),
    Column("actor", String(12), nullable=False),
    Column("actor_key", String(16)),
    Column("actor_name", Text, nullable=False),
    Column("request", Text),
    Column("action", String(40), nullable=False),
    Column("subject", Text, nullable=False),
    # Text and not JSON: hashed as they stand, to the letter.
    Column("before", Text),
    Column("after", Text),
    Column("previous", String(64), nullable=False),
    Column("hash", String(64), nullable=False),
    Index("ix_audit_entries_subject", "subject", "number"),  # what happened to one thing
    Index("ix_audit_entries_at", "at"),  # what happened in a time
)

# One row: where the log ends, and what its writers queue on.
audit_head = Table(
    "audit_head",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("number", RowId, nullable=False),
    Column("hash", String(64), nullable=False),
)

keep_entries(audit_entries)
