"""Rubrics, and the ledger of verdicts."""

import sqlalchemy as sa
from alembic import op

from pledgetracker.storage import dialects

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make both tables, empty: nobody has ruled on anything yet."""
    op.create_table(
        "verdicts",
        sa.Column("pledge", sa.String(length=100), nullable=False),
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("rubric", sa.String(length=100), nullable=False),
        sa.Column("rubric_version", sa.Integer(), nullable=False),
        sa.Column("rating", sa.String(length=40), nullable=True),
        sa.Column("ruled_on", sa.Date(), nullable=False),
        sa.Column("ruled_by", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("evidence", dialects.Document, nullable=False),
        sa.Column("recorded_at", dialects.Instant(), nullable=False),
        sa.Column("retracts", sa.Integer(), nullable=True),
        sa.CheckConstraint(
            "(rating IS NULL) = (retracts IS NOT NULL)", name=op.f("ck_verdicts_rules_or_retracts")
        ),
        sa.CheckConstraint("retracts < number", name=op.f("ck_verdicts_retracts_an_earlier_one")),
        sa.ForeignKeyConstraint(["pledge"], ["pledges.id"], name=op.f("fk_verdicts_pledge")),
        sa.PrimaryKeyConstraint("pledge", "number", name=op.f("pk_verdicts")),
        **dialects.CLUSTERED,
    )
    op.create_index(
        "uq_verdicts_retracts",
        "verdicts",
        ["pledge", "retracts"],
        unique=True,
        sqlite_where=sa.text("retracts IS NOT NULL"),
        postgresql_where=sa.text("retracts IS NOT NULL"),
    )
    op.create_table(
        "rubrics",
        sa.Column("name", sa.String(length=100), nullable=False),
        sa.Column("version", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("title", dialects.Document, nullable=False),
        sa.Column("ratings", dialects.Document, nullable=False),
        sa.Column("recorded_at", dialects.Instant(), nullable=False),
        sa.PrimaryKeyConstraint("name", "version", name=op.f("pk_rubrics")),
        **dialects.CLUSTERED,
    )
    dialects.append_only(op.get_bind(), "verdicts", "pledge", "number")
    dialects.append_only(op.get_bind(), "rubrics", "name", "version")


def downgrade() -> None:
    """Take the tables away, with all that they tell."""
    for table in ("rubrics", "verdicts"):
        op.drop_table(table)
        dialects.drop_append_only(op.get_bind(), table)
