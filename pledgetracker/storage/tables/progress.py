"""Tables of what was reported, and what reviewers decided about it."""

from typing import Any

from sqlalchemy import (
    Boolean,
    CheckConstraint,
    Column,
    Date,
    ForeignKey,
    ForeignKeyConstraint,
    Integer,
    String,
    Table,
    Text,
    text,
)

from pledgetracker.storage.dialects import CLUSTERED, Document, Number, partial_index
from pledgetracker.storage.tables.base import (
    metadata,
    numbered,
    recorded_at,
    slug,
)


def _decided() -> tuple[Column[Any], ...]:
    return Column("decided_on", Date, nullable=False), Column("decided_by", Text), Column("reason", Text)


# As text, because a database takes a partial index only for the very condition that it was made with.
WAITS_FOR_REVIEW = text("review IN ('submitted', 'disputed')")

progress_updates = Table(
    "progress_updates",
    metadata,
    *numbered(ForeignKey("pledges.id")),
    Column("as_of", Date, nullable=False),
    Column("reported_at", Date, nullable=False),
    recorded_at(),
    Column("value", Number),
    Column("increment", Number),
    Column("no_change", Boolean, nullable=False),
    Column("done", Boolean),
    Column("milestone", slug()),
    Column("claim", String(20), nullable=False),
    Column("note", Text),
    Column("reported_by", Text),
    Column("evidence", Document, nullable=False),
    Column("supersedes", Integer),
    Column("reason", String(20)),
    Column("review", String(10), nullable=False),
    ForeignKeyConstraint(["pledge", "supersedes"], ["progress_updates.pledge", "progress_updates.number"]),
    CheckConstraint(
        "(CASE WHEN value IS NULL THEN 0 ELSE 1 END) + (CASE WHEN increment IS NULL THEN 0 ELSE 1 END)"
        " + (CASE WHEN done IS NULL THEN 0 ELSE 1 END) + (CASE WHEN no_change THEN 1 ELSE 0 END)"
        " = (CASE WHEN reason = 'retracted' THEN 0 ELSE 1 END)",
        name="says_one_thing",
    ),
    **CLUSTERED,
)

partial_index(
    "uq_progress_updates_supersedes",  # an update is corrected once, unless the correction was returned
    progress_updates.c.pledge,
    progress_updates.c.supersedes,
    unique=True,
    where=text("supersedes IS NOT NULL AND review <> 'returned'"),
)

partial_index(
    "ix_progress_updates_review",  # the reviewers: what waits?
    progress_updates.c.recorded_at,
    progress_updates.c.pledge,
    progress_updates.c.number,
    unique=False,
    where=WAITS_FOR_REVIEW,
)

decisions = Table(
    "decisions",
    metadata,
    *numbered(),
    Column("update", Integer, nullable=False),
    Column("before", String(10), nullable=False),
    Column("review", String(10), nullable=False),
    *_decided(),
    Column("counter_claim", Document),
    recorded_at(),
    ForeignKeyConstraint(["pledge", "update"], ["progress_updates.pledge", "progress_updates.number"]),
    **CLUSTERED,
)

resolutions = Table(
    "resolutions",
    metadata,
    *numbered(),
    Column("as_of", Date, nullable=False),
    Column("milestone", slug()),
    Column("chosen", Integer, nullable=False),
    Column("among", Document, nullable=False),
    *_decided(),
    recorded_at(),
    ForeignKeyConstraint(["pledge", "chosen"], ["progress_updates.pledge", "progress_updates.number"]),
    **CLUSTERED,
)
