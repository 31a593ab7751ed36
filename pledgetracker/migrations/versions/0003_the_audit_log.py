"""The audit log."""

import sqlalchemy as sa
from alembic import op

from pledgetracker.storage import dialects

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the log and its head, empty; what was changed before is not in it."""
    op.create_table(
        "audit_entries",
        sa.Column("number", dialects.RowId, autoincrement=False, nullable=False),
        sa.Column("at", dialects.Instant(), nullable=False),
        sa.Column("actor", sa.String(length=12), nullable=False),
        sa.Column("actor_key", sa.String(length=16), nullable=True),
        sa.Column("actor_name", sa.Text(), nullable=False),
        sa.Column("request", sa.Text(), nullable=True),
        sa.Column("action", sa.String(length=40), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("before", sa.Text(), nullable=True),
        sa.Column("after", sa.Text(), nullable=True),
        sa.Column("previous", sa.String(length=64), nullable=False),
        sa.Column("hash", sa.String(length=64), nullable=False),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_audit_entries")),
    )
    op.create_index("ix_audit_entries_at", "audit_entries", ["at"])
    op.create_index("ix_audit_entries_subject", "audit_entries", ["subject", "number"])
    dialects.append_only(op.get_bind(), "audit_entries", "number")
    op.create_table(
        "audit_head",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("number", dialects.RowId, nullable=False),
        sa.Column("hash", sa.String(length=64), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_audit_head")),
    )


def downgrade() -> None:
    """Take the log away, with all that it tells."""
    op.drop_table("audit_head")
    op.drop_table("audit_entries")
    dialects.drop_append_only(op.get_bind(), "audit_entries")
