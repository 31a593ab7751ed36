"""The tables. Every index names the query it serves."""

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Connection,
    Date,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    event,
    text,
)

from pledgetracker.domain.rubric import MAX_RATING_ID
from pledgetracker.domain.slug import MAX_LENGTH
from pledgetracker.storage.dialects import (
    CLUSTERED,
    Document,
    Instant,
    Number,
    RowId,
    append_only,
    partial_index,
)

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)

# Alembic's own, and so no part of what it migrates.
alembic_version = Table("alembic_version", MetaData(), Column("version_num", String(32), primary_key=True))


def _slug() -> String:
    return String(MAX_LENGTH)


pledgers = Table(
    "pledgers",
    metadata,
    Column("id", _slug(), primary_key=True),
    Column("name", Text, nullable=False),
    Column("kind", String(40)),
    Column("url", Text),
    Column("version", Integer, nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("updated_at", Instant, nullable=False),
)

initiatives = Table(
    "initiatives",
    metadata,
    Column("id", _slug(), primary_key=True),
    Column("title", Text, nullable=False),
    Column("parent", _slug(), ForeignKey("initiatives.id"), index=True),
    Column("description", Text),
    Column("url", Text),
    Column("version", Integer, nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("updated_at", Instant, nullable=False),
)

pledges = Table(
    "pledges",
    metadata,
    Column("id", _slug(), primary_key=True),
    Column("title", Text, nullable=False),
    Column("pledger", _slug(), ForeignKey("pledgers.id"), nullable=False),
    Column("initiative", _slug(), ForeignKey("initiatives.id")),
    Column("statement", Document),
    Column("indicator", Text),
    Column("unit", Text),
    Column("comparator", String(20), nullable=False),
    Column("target", Number),
    Column("tolerance", Number),
    Column("announced_on", Date, nullable=False),
    Column("baseline_value", Number, nullable=False),
    Column("baseline_date", Date, nullable=False),
    Column("time_zone", String(64), nullable=False),
    Column("cadence_days", Integer),
    Column("grace_days", Integer),
    Column("due", String(10)),
    Column("contacts", Document, nullable=False),
    Column("owner", Text),
    Column("verification", Text),
    Column("other_targets", Document),
    Column("version", Integer, nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("updated_at", Instant, nullable=False),
    # What the last look found, so that lists need not judge every pledge; true until `next_check_at`.
    Column("status", String(20), nullable=False),
    Column("due_on", Date),
    Column("next_check_at", Instant),
    Column("search_text", Text, nullable=False),
    Index("ix_pledges_next_check_at", "next_check_at"),  # the scheduler: what is due?
    Index("ix_pledges_pledger", "pledger", "id"),  # lists of one pledger; deleting a pledger
    Index("ix_pledges_initiative", "initiative", "id"),  # lists of one initiative
    Index("ix_pledges_status", "status", "id"),  # lists by status
    Index("ix_pledges_due_on", "due_on", "id"),  # lists by due range, sorted by due date
    Index("ix_pledges_updated_at", "updated_at", "id"),  # lists sorted by the latest change
)

milestones = Table(
    "milestones",
    metadata,
    Column("pledge", _slug(), ForeignKey("pledges.id", ondelete="CASCADE"), primary_key=True),
    Column("id", _slug(), primary_key=True),
    Column("title", Text),
    Column("due", String(10), nullable=False),
    Column("target", Number),
    Column("set_by", String(10), nullable=False),
    **CLUSTERED,
)

pledge_tags = Table(
    "pledge_tags",
    metadata,
    Column("pledge", _slug(), ForeignKey("pledges.id", ondelete="CASCADE"), primary_key=True),
    Column("tag", _slug(), primary_key=True),
    Index("ix_pledge_tags_tag", "tag", "pledge"),  # lists and roll-ups of one tag
    **CLUSTERED,
)

pledge_links = Table(
    "pledge_links",
    metadata,
    Column("pledge", _slug(), ForeignKey("pledges.id", ondelete="CASCADE"), primary_key=True),
    Column("kind", String(10), primary_key=True),
    Column("other", _slug(), ForeignKey("pledges.id"), primary_key=True),
    Index("ix_pledge_links_other", "other", "pledge"),  # who names this one? deleting it
    **CLUSTERED,
)
partial_index(
    "uq_pledge_links_part_of",  # a pledge is part of one other
    pledge_links.c.pledge,
    unique=True,
    where=pledge_links.c.kind == "part_of",
)

exchange_rates = Table(
    "exchange_rates",
    metadata,
    Column("id", _slug(), primary_key=True),
    Column("base", String(3), nullable=False),
    Column("quote", String(3), nullable=False),
    Column("date", Date, nullable=False),
    Column("rate", Number, nullable=False),
    Column("source", Document, nullable=False),
    Column("recorded_at", Instant, nullable=False),
    Index("ix_exchange_rates_date", "date", "id"),  # the rates of one day; lists by day
)

reschedules = Table(
    "reschedules",
    metadata,
    Column("pledge", _slug(), ForeignKey("pledges.id"), primary_key=True),
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("due", String(10)),
    Column("announced_on", Date, nullable=False),
    Column("moved_by", String(10), nullable=False),
    Column("reason", Text),
    Column("source", Document),
    Column("recorded_at", Instant, nullable=False),
)

withdrawals = Table(
    "withdrawals",
    metadata,
    Column("pledge", _slug(), ForeignKey("pledges.id"), primary_key=True),
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("on", Date, nullable=False),
    Column("reason", Text),
    Column("source", Document),
    Column("recorded_at", Instant, nullable=False),
    Column("rescinded_at", Instant),
)

# As text, because a database takes a partial index only for the very condition that it was made with.
WAITS_FOR_REVIEW = text("review IN ('submitted', 'disputed')")

progress_updates = Table(
    "progress_updates",
    metadata,
    Column("pledge", _slug(), ForeignKey("pledges.id"), primary_key=True),
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("as_of", Date, nullable=False),
    Column("reported_at", Date, nullable=False),
    Column("recorded_at", Instant, nullable=False),
    Column("value", Number),
    Column("increment", Number),
    Column("no_change", Boolean, nullable=False),
    Column("done", Boolean),
    Column("milestone", _slug()),
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
    Column("pledge", _slug(), primary_key=True),
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("update", Integer, nullable=False),
    Column("before", String(10), nullable=False),
    Column("review", String(10), nullable=False),
    Column("decided_on", Date, nullable=False),
    Column("decided_by", Text),
    Column("reason", Text),
    Column("counter_claim", Document),
    Column("recorded_at", Instant, nullable=False),
    ForeignKeyConstraint(["pledge", "update"], ["progress_updates.pledge", "progress_updates.number"]),
    **CLUSTERED,
)

resolutions = Table(
    "resolutions",
    metadata,
    Column("pledge", _slug(), primary_key=True),
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("as_of", Date, nullable=False),
    Column("milestone", _slug()),
    Column("chosen", Integer, nullable=False),
    Column("among", Document, nullable=False),
    Column("decided_on", Date, nullable=False),
    Column("decided_by", Text),
    Column("reason", Text),
    Column("recorded_at", Instant, nullable=False),
    ForeignKeyConstraint(["pledge", "chosen"], ["progress_updates.pledge", "progress_updates.number"]),
    **CLUSTERED,
)

# What each pledge said from an instant on; contacts excepted.
editions = Table(
    "editions",
    metadata,
    Column("pledge", _slug(), ForeignKey("pledges.id"), primary_key=True),
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("recorded_at", Instant, nullable=False),
    Column("document", Document, nullable=False),
    **CLUSTERED,
)

# The thresholds by which standings were judged from an instant on.
policies = Table(
    "policies",
    metadata,
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("recorded_at", Instant, nullable=False),
    Column("document", Document, nullable=False),
)

verdicts = Table(
    "verdicts",
    metadata,
    Column("pledge", _slug(), ForeignKey("pledges.id"), primary_key=True),
    Column("number", Integer, primary_key=True, autoincrement=False),
    # By name: the rubrics that come with the program are no rows.
    Column("rubric", _slug(), nullable=False),
    Column("rubric_version", Integer, nullable=False),
    Column("rating", String(MAX_RATING_ID)),
    Column("ruled_on", Date, nullable=False),
    Column("ruled_by", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("evidence", Document, nullable=False),
    Column("recorded_at", Instant, nullable=False),
    Column("retracts", Integer),
    CheckConstraint("(rating IS NULL) = (retracts IS NOT NULL)", name="rules_or_retracts"),
    # Numbers have no gaps, so that an earlier one is there.
    CheckConstraint("retracts < number", name="retracts_an_earlier_one"),
    **CLUSTERED,
)
partial_index(
    "uq_verdicts_retracts",  # a verdict is taken back once
    verdicts.c.pledge,
    verdicts.c.retracts,
    unique=True,
    where=verdicts.c.retracts.is_not(None),
)

rubrics = Table(
    "rubrics",
    metadata,
    Column("name", _slug(), primary_key=True),
    Column("version", Integer, primary_key=True, autoincrement=False),
    Column("title", Document, nullable=False),
    Column("ratings", Document, nullable=False),
    Column("recorded_at", Instant, nullable=False),
    **CLUSTERED,
)

flags = Table(
    "flags",
    metadata,
    Column("id", RowId, primary_key=True),
    Column("pledge", _slug(), ForeignKey("pledges.id"), nullable=False),
    Column("kind", String(20), nullable=False),
    Column("milestone", _slug(), nullable=False),  # "" for the pledge itself, so that it can be unique
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
    Column("pledge", _slug(), ForeignKey("pledges.id"), nullable=False),
    Column("milestone", _slug()),
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

api_keys = Table(
    "api_keys",
    metadata,
    Column("id", String(16), primary_key=True),
    Column("name", Text, nullable=False),
    Column("scope", String(10), nullable=False),
    Column("pledger", _slug(), ForeignKey("pledgers.id"), index=True),
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
    Column("recorded_at", Instant, nullable=False),
    Index("ix_idempotency_records_recorded_at", "recorded_at"),  # dropping the old ones
    **CLUSTERED,
)

heartbeats = Table(
    "heartbeats",
    metadata,
    Column("name", String(40), primary_key=True),
    Column("at", Instant, nullable=False),
    Column("detail", Document, nullable=False),
)

# What callers used of their rate limits, in microseconds since 1970: arithmetic is the same everywhere.
rate_limits = Table(
    "rate_limits",
    metadata,
    Column("name", String(80), primary_key=True),
    Column("whole_at", BigInteger, nullable=False),
    **CLUSTERED,
)

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


def _add_only(table: Table, connection: Connection, **_: object) -> None:
    append_only(connection, table.name, *table.primary_key.columns.keys())


for _ledger in (verdicts, rubrics, audit_entries):
    event.listen(_ledger, "after_create", _add_only)

# One row: where the log ends, and what its writers queue on.
audit_head = Table(
    "audit_head",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("number", RowId, nullable=False),
    Column("hash", String(64), nullable=False),
)
