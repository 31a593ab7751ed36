"""Attempts to send alerts."""

import sqlalchemy as sa
from alembic import op

from pledgetracker.storage import dialects

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the table, empty; of earlier attempts only their number is known."""
    op.create_table(
        "attempts",
        sa.Column("alert", dialects.RowId, autoincrement=False, nullable=False),
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("begun_at", dialects.Instant(), nullable=False),
        sa.Column("ended_at", dialects.Instant(), nullable=True),
        sa.Column("outcome", sa.String(length=12), nullable=True),
        sa.Column("phase", sa.String(length=20), nullable=True),
        sa.Column("code", sa.Integer(), nullable=True),
        sa.Column("words", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(["alert"], ["alerts.id"], name=op.f("fk_attempts_alert")),
        sa.PrimaryKeyConstraint("alert", "number", name=op.f("pk_attempts")),
        **dialects.CLUSTERED,
    )


def downgrade() -> None:
    """Take the table away, with all that it tells."""
    op.drop_table("attempts")
