"""Tables of the service itself: who may call, what callers did, who gives signs of life."""

from sqlalchemy import BigInteger, Column, ForeignKey, Index, Integer, LargeBinary, String, Table, Text

from pledgetracker.storage.dialects import CLUSTERED, Document, Instant
from pledgetracker.storage.tables.base import metadata, recorded_at, slug

api_keys = Table(
    "api_keys",
    metadata,
    Column("id", String(16), primary_key=True),
    Column("name", Text, nullable=False),
    Column("scope", String(10), nullable=False),
    Column("pledger", slug(), ForeignKey("pledgers.id"), index=True),
    Column("digest", String(64), nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("expires_at", Instant),
    Column("revoked_at", Instant),
)

idempotency_records = Table(
    "idempotency_records",
    metadata,
    Column("owner", String(16), primary_key=True),  # the API key whose holder sent it
    Column("key", String(255), primary_key=True),
    Column("fingerprint", String(64), nullable=False),
    Column("status", Integer),
    Column("headers", Document),
    Column("body", LargeBinary),
    recorded_at(),
    Index("ix_idempotency_records_recorded_at", "recorded_at"),  # dropping the old ones
    **CLUSTERED,
)

# What callers used of their rate limits, in microseconds since 1970: arithmetic is the same everywhere.
rate_limits = Table(
    "rate_limits",
    metadata,
    Column("name", String(80), primary_key=True),
    Column("whole_at", BigInteger, nullable=False),
    **CLUSTERED,
)

heartbeats = Table(
    "heartbeats",
    metadata,
    Column("name", String(40), primary_key=True),
    Column("at", Instant, nullable=False),
    Column("detail", Document, nullable=False),
)
