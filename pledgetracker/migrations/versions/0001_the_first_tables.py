"""The first tables."""

import sqlalchemy as sa
from alembic import op

from pledgetracker.storage import dialects

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """The first tables."""
    op.create_table(
        "heartbeats",
        sa.Column("name", sa.String(length=40), nullable=False),
        sa.Column("at", dialects.Instant(), nullable=False),
        sa.Column("detail", dialects.Document, nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_heartbeats")),
    )
    op.create_table(
        "initiatives",
        sa.Column("id", sa.String(length=100), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("parent", sa.String(length=100), nullable=True),
        sa.Column("description", sa.Text(), nullable=True),
        sa.Column("url", sa.Text(), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", dialects.Instant(), nullable=False),
        sa.Column("updated_at", dialects.Instant(), nullable=False),
        sa.ForeignKeyConstraint(["parent"], ["initiatives.id"], name=op.f("fk_initiatives_parent")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_initiatives")),
    )
    with op.batch_alter_table("initiatives", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_initiatives_parent"), ["parent"], unique=False)

    op.create_table(
        "pledgers",
        sa.Column("id", sa.String(length=100), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("kind", sa.String(length=40), nullable=True),
        sa.Column("url", sa.Text(), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", dialects.Instant(), nullable=False),
        sa.Column("updated_at", dialects.Instant(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_pledgers")),
    )
    op.create_table(
        "api_keys",
        sa.Column("id", sa.String(length=16), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("scope", sa.String(length=10), nullable=False),
        sa.Column("pledger", sa.String(length=100), nullable=True),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("created_at", dialects.Instant(), nullable=False),
        sa.Column("expires_at", dialects.Instant(), nullable=True),
        sa.Column("revoked_at", dialects.Instant(), nullable=True),
        sa.ForeignKeyConstraint(["pledger"], ["pledgers.id"], name=op.f("fk_api_keys_pledger")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_api_keys")),
    )
    with op.batch_alter_table("api_keys", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_api_keys_pledger"), ["pledger"], unique=False)

    op.create_table(
        "pledges",
        sa.Column("id", sa.String(length=100), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("pledger", sa.String(length=100), nullable=False),
        sa.Column("initiative", sa.String(length=100), nullable=True),
        sa.Column("statement", dialects.Document, nullable=True),
        sa.Column("indicator", sa.Text(), nullable=True),
        sa.Column("unit", sa.Text(), nullable=True),
        sa.Column("comparator", sa.String(length=20), nullable=False),
        sa.Column("target", dialects.Number(), nullable=True),
        sa.Column("tolerance", dialects.Number(), nullable=True),
        sa.Column("announced_on", sa.Date(), nullable=False),
        sa.Column("baseline_value", dialects.Number(), nullable=False),
        sa.Column("baseline_date", sa.Date(), nullable=False),
        sa.Column("time_zone", sa.String(length=64), nullable=False),
        sa.Column("cadence_days", sa.Integer(), nullable=True),
        sa.Column("grace_days", sa.Integer(), nullable=True),
        sa.Column("due", sa.String(length=10), nullable=True),
        sa.Column("contacts", dialects.Document, nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", dialects.Instant(), nullable=False),
        sa.Column("updated_at", dialects.Instant(), nullable=False),
        sa.Column("status", sa.String(length=20), nullable=False),
        sa.Column("due_on", sa.Date(), nullable=True),
        sa.Column("next_check_at", dialects.Instant(), nullable=True),
        sa.Column("search_text", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["initiative"], ["initiatives.id"], name=op.f("fk_pledges_initiative")),
        sa.ForeignKeyConstraint(["pledger"], ["pledgers.id"], name=op.f("fk_pledges_pledger")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_pledges")),
    )
    with op.batch_alter_table("pledges", schema=None) as batch_op:
        batch_op.create_index("ix_pledges_due_on", ["due_on", "id"], unique=False)
        batch_op.create_index("ix_pledges_initiative", ["initiative", "id"], unique=False)
        batch_op.create_index("ix_pledges_next_check_at", ["next_check_at"], unique=False)
        batch_op.create_index("ix_pledges_pledger", ["pledger", "id"], unique=False)
        batch_op.create_index("ix_pledges_status", ["status", "id"], unique=False)
        batch_op.create_index("ix_pledges_updated_at", ["updated_at", "id"], unique=False)

    op.create_table(
        "alerts",
        sa.Column("id", dialects.RowId, nullable=False),
        sa.Column("dedup_key", sa.Text(), nullable=False),
        sa.Column("pledge", sa.String(length=100), nullable=False),
        sa.Column("milestone", sa.String(length=100), nullable=True),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("episode", sa.Date(), nullable=False),
        sa.Column("step", sa.Integer(), nullable=False),
        sa.Column("recipient", sa.Text(), nullable=False),
        sa.Column("recipient_name", sa.Text(), nullable=True),
        sa.Column("language", sa.String(length=10), nullable=False),
        sa.Column("channel", sa.String(length=20), nullable=False),
        sa.Column("due_at", dialects.Instant(), nullable=False),
        sa.Column("planned_at", dialects.Instant(), nullable=False),
        sa.Column("state", sa.String(length=12), nullable=False),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("superseded_by", dialects.RowId, nullable=True),
        sa.Column("ended_at", dialects.Instant(), nullable=True),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("first_attempt_at", dialects.Instant(), nullable=True),
        sa.Column("next_attempt_at", dialects.Instant(), nullable=False),
        sa.Column("lease_until", dialects.Instant(), nullable=True),
        sa.Column("lease_token", sa.String(length=40), nullable=True),
        sa.ForeignKeyConstraint(["pledge"], ["pledges.id"], name=op.f("fk_alerts_pledge")),
        sa.ForeignKeyConstraint(["superseded_by"], ["alerts.id"], name=op.f("fk_alerts_superseded_by")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_alerts")),
        sa.UniqueConstraint("dedup_key", name=op.f("uq_alerts_dedup_key")),
    )
    with op.batch_alter_table("alerts", schema=None) as batch_op:
        batch_op.create_index(
            "ix_alerts_pending",
            ["next_attempt_at", "id"],
            unique=False,
            sqlite_where=sa.text("state = 'pending'"),
            postgresql_where=sa.text("state = 'pending'"),
        )
        batch_op.create_index("ix_alerts_pledge", ["pledge", "id"], unique=False)
        batch_op.create_index("ix_alerts_state", ["state", "id"], unique=False)
        batch_op.create_index(batch_op.f("ix_alerts_superseded_by"), ["superseded_by"], unique=False)

    op.create_table(
        "flags",
        sa.Column("id", dialects.RowId, nullable=False),
        sa.Column("pledge", sa.String(length=100), nullable=False),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("milestone", sa.String(length=100), nullable=False),
        sa.Column("episode", sa.Date(), nullable=False),
        sa.Column("opened_on", sa.Date(), nullable=False),
        sa.Column("opened_at", dialects.Instant(), nullable=False),
        sa.Column("cleared_at", dialects.Instant(), nullable=True),
        sa.ForeignKeyConstraint(["pledge"], ["pledges.id"], name=op.f("fk_flags_pledge")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_flags")),
    )
    with op.batch_alter_table("flags", schema=None) as batch_op:
        batch_op.create_index("ix_flags_pledge", ["pledge", "id"], unique=False)
        batch_op.create_index(
            "uq_flags_open",
            ["pledge", "kind", "milestone", "episode"],
            unique=True,
            sqlite_where=sa.text("cleared_at IS NULL"),
            postgresql_where=sa.text("cleared_at IS NULL"),
        )

    op.create_table(
        "milestones",
        sa.Column("pledge", sa.String(length=100), nullable=False),
        sa.Column("id", sa.String(length=100), nullable=False),
        sa.Column("title", sa.Text(), nullable=True),
        sa.Column("due", sa.String(length=10), nullable=False),
        sa.Column("target", dialects.Number(), nullable=True),
        sa.Column("set_by", sa.String(length=10), nullable=False),
        sa.ForeignKeyConstraint(
            ["pledge"], ["pledges.id"], name=op.f("fk_milestones_pledge"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("pledge", "id", name=op.f("pk_milestones")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "progress_updates",
        sa.Column("pledge", sa.String(length=100), nullable=False),
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("as_of", sa.Date(), nullable=False),
        sa.Column("reported_at", sa.Date(), nullable=False),
        sa.Column("recorded_at", dialects.Instant(), nullable=False),
        sa.Column("value", dialects.Number(), nullable=True),
        sa.Column("increment", dialects.Number(), nullable=True),
        sa.Column("no_change", sa.Boolean(), nullable=False),
        sa.Column("done", sa.Boolean(), nullable=True),
        sa.Column("milestone", sa.String(length=100), nullable=True),
        sa.Column("claim", sa.String(length=20), nullable=False),
        sa.Column("note", sa.Text(), nullable=True),
        sa.Column("reported_by", sa.Text(), nullable=True),
        sa.Column("evidence", dialects.Document, nullable=False),
        sa.Column("supersedes", sa.Integer(), nullable=True),
        sa.CheckConstraint(
            "(CASE WHEN value IS NULL THEN 0 ELSE 1 END) + (CASE WHEN increment IS NULL THEN 0 ELSE 1 END) + (CASE WHEN done IS NULL THEN 0 ELSE 1 END) + (CASE WHEN no_change THEN 1 ELSE 0 END) = 1",
            name=op.f("ck_progress_updates_says_one_thing"),
        ),
        sa.ForeignKeyConstraint(
            ["pledge", "supersedes"],
            ["progress_updates.pledge", "progress_updates.number"],
            name=op.f("fk_progress_updates_pledge_supersedes"),
        ),
        sa.ForeignKeyConstraint(["pledge"], ["pledges.id"], name=op.f("fk_progress_updates_pledge")),
        sa.PrimaryKeyConstraint("pledge", "number", name=op.f("pk_progress_updates")),
        sqlite_with_rowid=False,
    )
    with op.batch_alter_table("progress_updates", schema=None) as batch_op:
        batch_op.create_index(
            "uq_progress_updates_supersedes",
            ["pledge", "supersedes"],
            unique=True,
            sqlite_where=sa.text("supersedes IS NOT NULL"),
            postgresql_where=sa.text("supersedes IS NOT NULL"),
        )

    op.create_table(
        "reschedules",
        sa.Column("pledge", sa.String(length=100), nullable=False),
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("due", sa.String(length=10), nullable=True),
        sa.Column("announced_on", sa.Date(), nullable=False),
        sa.Column("moved_by", sa.String(length=10), nullable=False),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("source", dialects.Document, nullable=True),
        sa.Column("recorded_at", dialects.Instant(), nullable=False),
        sa.ForeignKeyConstraint(["pledge"], ["pledges.id"], name=op.f("fk_reschedules_pledge")),
        sa.PrimaryKeyConstraint("pledge", "number", name=op.f("pk_reschedules")),
    )
    op.create_table(
        "withdrawals",
        sa.Column("pledge", sa.String(length=100), nullable=False),
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("on", sa.Date(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("source", dialects.Document, nullable=True),
        sa.Column("recorded_at", dialects.Instant(), nullable=False),
        sa.Column("rescinded_at", dialects.Instant(), nullable=True),
        sa.ForeignKeyConstraint(["pledge"], ["pledges.id"], name=op.f("fk_withdrawals_pledge")),
        sa.PrimaryKeyConstraint("pledge", "number", name=op.f("pk_withdrawals")),
    )
    op.create_table(
        "letters",
        sa.Column("alert", dialects.RowId, nullable=False),
        sa.Column("message_id", sa.Text(), nullable=False),
        sa.Column("sender", sa.Text(), nullable=False),
        sa.Column("recipient", sa.Text(), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.Column("composed_at", dialects.Instant(), nullable=False),
        sa.ForeignKeyConstraint(["alert"], ["alerts.id"], name=op.f("fk_letters_alert")),
        sa.PrimaryKeyConstraint("alert", name=op.f("pk_letters")),
    )


def downgrade() -> None:
    """Undo it."""
    op.drop_table("letters")
    op.drop_table("withdrawals")
    op.drop_table("reschedules")
    with op.batch_alter_table("progress_updates", schema=None) as batch_op:
        batch_op.drop_index(
            "uq_progress_updates_supersedes",
            sqlite_where=sa.text("supersedes IS NOT NULL"),
            postgresql_where=sa.text("supersedes IS NOT NULL"),
        )

    op.drop_table("progress_updates")
    op.drop_table("milestones")
    with op.batch_alter_table("flags", schema=None) as batch_op:
        batch_op.drop_index(
            "uq_flags_open",
            sqlite_where=sa.text("cleared_at IS NULL"),
            postgresql_where=sa.text("cleared_at IS NULL"),
        )
        batch_op.drop_index("ix_flags_pledge")

    op.drop_table("flags")
    with op.batch_alter_table("alerts", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_alerts_superseded_by"))
        batch_op.drop_index("ix_alerts_state")
        batch_op.drop_index("ix_alerts_pledge")
        batch_op.drop_index(
            "ix_alerts_pending",
            sqlite_where=sa.text("state = 'pending'"),
            postgresql_where=sa.text("state = 'pending'"),
        )

    op.drop_table("alerts")
    with op.batch_alter_table("pledges", schema=None) as batch_op:
        batch_op.drop_index("ix_pledges_updated_at")
        batch_op.drop_index("ix_pledges_status")
        batch_op.drop_index("ix_pledges_pledger")
        batch_op.drop_index("ix_pledges_next_check_at")
        batch_op.drop_index("ix_pledges_initiative")
        batch_op.drop_index("ix_pledges_due_on")

    op.drop_table("pledges")
    with op.batch_alter_table("api_keys", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_api_keys_pledger"))

    op.drop_table("api_keys")
    op.drop_table("pledgers")
    with op.batch_alter_table("initiatives", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_initiatives_parent"))

    op.drop_table("initiatives")
    op.drop_table("heartbeats")
