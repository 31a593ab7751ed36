"""Tables of what the scheduler found, what that owes to whom, and what became of it."""

from sqlalchemy import Column, Date, ForeignKey, Index, Integer, LargeBinary, String, Table, Text

from pledgetracker.storage.dialects import CLUSTERED, Instant, RowId, partial_index
from pledgetracker.storage.tables.base import metadata, slug

flags = Table(
    "flags",
    metadata,
    Column("id", RowId, primary_key=True),
    Column("pledge", slug(), ForeignKey("pledges.id"), nullable=False),
    Column("kind", String(20), nullable=False),
    Column("milestone", slug(), nullable=False),  # "" for the pledge itself, so that it can be unique
    Column("episode", Date, nullable=False),
    Column("opened_on", Date, nullable=False),
    Column("opened_at", Instant, nullable=False),
    Column("cleared_at", Instant),
    Index("ix_flags_pledge", "pledge", "id"),  # the flags of one pledge
)

partial_index(
    "uq_flags_open",  # a flag is opened once
    flags.c.pledge,
    flags.c.kind,
    flags.c.milestone,
    flags.c.episode,
    unique=True,
    where=flags.c.cleared_at.is_(None),
)

alerts = Table(
    "alerts",
    metadata,
    Column("id", RowId, primary_key=True),
    Column("dedup_key", Text, nullable=False, unique=True),
    Column("pledge", slug(), ForeignKey("pledges.id"), nullable=False),
    Column("milestone", slug()),
    Column("kind", String(20), nullable=False),
    Column("episode", Date, nullable=False),
    Column("step", Integer, nullable=False),
    Column("recipient", Text, nullable=False),
    Column("recipient_name", Text),
    Column("language", String(10), nullable=False),
    Column("channel", String(20), nullable=False),
    Column("due_at", Instant, nullable=False),
    Column("planned_at", Instant, nullable=False),
    Column("state", String(12), nullable=False),
    Column("reason", Text),
    Column("superseded_by", RowId, ForeignKey("alerts.id"), index=True),
    Column("ended_at", Instant),
    Column("attempts", Integer, nullable=False),
    Column("first_attempt_at", Instant),
    Column("next_attempt_at", Instant, nullable=False),
    Column("lease_until", Instant),
    Column("lease_token", String(40)),
    Index("ix_alerts_pledge", "pledge", "id"),  # the alerts of one pledge
    Index("ix_alerts_state", "state", "id"),  # lists by state
)

partial_index(
    "ix_alerts_pending",  # the dispatcher: what is to be sent?
    alerts.c.next_attempt_at,
    alerts.c.id,
    unique=False,
    where=alerts.c.state == "pending",
)

letters = Table(
    "letters",
    metadata,
    Column("alert", RowId, ForeignKey("alerts.id"), primary_key=True),
    Column("message_id", Text, nullable=False),
    Column("sender", Text, nullable=False),
    Column("recipient", Text, nullable=False),
    Column("content", LargeBinary, nullable=False),
    Column("composed_at", Instant, nullable=False),
)

attempts = Table(
    "attempts",
    metadata,
    Column("alert", RowId, ForeignKey("alerts.id"), primary_key=True, autoincrement=False),
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("begun_at", Instant, nullable=False),
    Column("ended_at", Instant),
    Column("outcome", String(12)),
    Column("phase", String(20)),
    Column("code", Integer),
    Column("words", Text),
    **CLUSTERED,
)
