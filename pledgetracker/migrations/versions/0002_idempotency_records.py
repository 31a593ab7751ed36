"""What requests with an Idempotency-Key did."""

import sqlalchemy as sa
from alembic import op

from pledgetracker.storage import dialects

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """What requests with an Idempotency-Key did."""
    op.create_table(
        "idempotency_records",
        sa.Column("owner", sa.String(length=16), nullable=False),
        sa.Column("key", sa.String(length=255), nullable=False),
        sa.Column("fingerprint", sa.String(length=64), nullable=False),
        sa.Column("status", sa.Integer(), nullable=True),
        sa.Column("headers", dialects.Document, nullable=True),
        sa.Column("body", sa.LargeBinary(), nullable=True),
        sa.Column("recorded_at", dialects.Instant(), nullable=False),
        sa.PrimaryKeyConstraint("owner", "key", name=op.f("pk_idempotency_records")),
        sqlite_with_rowid=False,
    )
    with op.batch_alter_table("idempotency_records", schema=None) as batch_op:
        batch_op.create_index("ix_idempotency_records_recorded_at", ["recorded_at"], unique=False)


def downgrade() -> None:
    """Undo it."""
    op.drop_table("idempotency_records")
