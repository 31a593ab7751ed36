"""Links between pledges, tags, who answers for them, other targets, and exchange rates."""

import sqlalchemy as sa
from alembic import op

from pledgetracker.storage import dialects

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make columns and tables, all empty."""
    for name, kind in (
        ("owner", sa.Text()),
        ("verification", sa.Text()),
        ("other_targets", dialects.Document),
    ):
        op.add_column("pledges", sa.Column(name, kind, nullable=True))
    _make_tags()
    _make_links()
    _make_rates()


def _make_tags() -> None:
    op.create_table(
        "pledge_tags",
        sa.Column("pledge", sa.String(length=100), nullable=False),
        sa.Column("tag", sa.String(length=100), nullable=False),
        sa.ForeignKeyConstraint(
            ["pledge"], ["pledges.id"], name=op.f("fk_pledge_tags_pledge"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("pledge", "tag", name=op.f("pk_pledge_tags")),
        **dialects.CLUSTERED,
    )
    op.create_index("ix_pledge_tags_tag", "pledge_tags", ["tag", "pledge"], unique=False)


def _make_links() -> None:
    op.create_table(
        "pledge_links",
        sa.Column("pledge", sa.String(length=100), nullable=False),
        sa.Column("kind", sa.String(length=10), nullable=False),
        sa.Column("other", sa.String(length=100), nullable=False),
        sa.ForeignKeyConstraint(
            ["pledge"], ["pledges.id"], name=op.f("fk_pledge_links_pledge"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["other"], ["pledges.id"], name=op.f("fk_pledge_links_other")),
        sa.PrimaryKeyConstraint("pledge", "kind", "other", name=op.f("pk_pledge_links")),
        **dialects.CLUSTERED,
    )
    op.create_index("ix_pledge_links_other", "pledge_links", ["other", "pledge"], unique=False)
    one = sa.text("kind = 'part_of'")
    op.create_index(
        "uq_pledge_links_part_of",
        "pledge_links",
        ["pledge"],
        unique=True,
        sqlite_where=one,
        postgresql_where=one,
    )


def _make_rates() -> None:
    op.create_table(
        "exchange_rates",
        sa.Column("id", sa.String(length=100), nullable=False),
        sa.Column("base", sa.String(length=3), nullable=False),
        sa.Column("quote", sa.String(length=3), nullable=False),
        sa.Column("date", sa.Date(), nullable=False),
        sa.Column("rate", dialects.Number(), nullable=False),
        sa.Column("source", dialects.Document, nullable=False),
        sa.Column("recorded_at", dialects.Instant(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_exchange_rates")),
    )
    op.create_index("ix_exchange_rates_date", "exchange_rates", ["date", "id"], unique=False)


def downgrade() -> None:
    """Take the tables and columns away, with all that they tell."""
    op.drop_table("exchange_rates")
    op.drop_table("pledge_links")
    op.drop_table("pledge_tags")
    for name in ("other_targets", "verification", "owner"):
        op.drop_column("pledges", name)
