"""What pledgers and initiatives said in the installation that a record came from."""

import sqlalchemy as sa
from alembic import op

from pledgetracker.storage import dialects

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the table, empty: no record came with its past so far."""
    op.create_table(
        "earlier_entries",
        sa.Column("kind", sa.String(length=10), nullable=False),
        sa.Column("id", sa.String(length=100), nullable=False),
        sa.Column("recorded_at", dialects.Instant(), nullable=False),
        sa.Column("document", dialects.Document, nullable=True),
        sa.PrimaryKeyConstraint("kind", "id", "recorded_at", name=op.f("pk_earlier_entries")),
        **dialects.CLUSTERED,
    )


def downgrade() -> None:
    """Take the table away, with all that it tells."""
    op.drop_table("earlier_entries")
