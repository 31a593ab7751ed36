"""Reviews and corrections of progress updates, and what was known when."""

from typing import Any

import sqlalchemy as sa
from alembic import op

from pledgetracker.storage import dialects

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

BATCH = 500
_SAID = (
    "(CASE WHEN value IS NULL THEN 0 ELSE 1 END) + (CASE WHEN increment IS NULL THEN 0 ELSE 1 END)"
    " + (CASE WHEN done IS NULL THEN 0 ELSE 1 END) + (CASE WHEN no_change THEN 1 ELSE 0 END)"
)
SAYS_ONE_THING = f"{_SAID} = 1"
SAYS_ONE_THING_OR_RETRACTS = f"{_SAID} = (CASE WHEN reason = 'retracted' THEN 0 ELSE 1 END)"
CORRECTED_ONCE = sa.text("supersedes IS NOT NULL")
CORRECTED_ONCE_OR_RETURNED = sa.text("supersedes IS NOT NULL AND review <> 'returned'")
WAITS_FOR_REVIEW = sa.text("review IN ('submitted', 'disputed')")
# The columns of progress updates before this migration.
BEFORE = (
    *("pledge", "number", "as_of", "reported_at", "recorded_at", "value", "increment", "no_change"),
    *("done", "milestone", "claim", "note", "reported_by", "evidence", "supersedes"),
)


def upgrade() -> None:
    """Take every update so far as accepted, and every pledge as having always said what it says now."""
    _drop_corrected_once(CORRECTED_ONCE)
    if dialects.of(op.get_bind()).CAN_ALTER:
        op.add_column("progress_updates", sa.Column("reason", sa.String(length=20), nullable=True))
        op.add_column("progress_updates", sa.Column("review", sa.String(length=10), nullable=True))
        op.execute("UPDATE progress_updates SET review = 'accepted'")
        op.alter_column("progress_updates", "review", nullable=False)
        _check_anew(SAYS_ONE_THING_OR_RETRACTS)
    else:
        more = [
            sa.Column("reason", sa.String(length=20), nullable=True),
            sa.Column("review", sa.String(length=10), nullable=False),
        ]
        _make_anew(SAYS_ONE_THING_OR_RETRACTS, more, review="'accepted'")
    _index_corrected_once(CORRECTED_ONCE_OR_RETURNED)
    op.create_index(
        "ix_progress_updates_review",
        "progress_updates",
        ["recorded_at", "pledge", "number"],
        sqlite_where=WAITS_FOR_REVIEW,
        postgresql_where=WAITS_FOR_REVIEW,
    )
    _create_decisions()
    _create_resolutions()
    _create_editions()
    op.create_table(
        "policies",
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("recorded_at", dialects.Instant(), nullable=False),
        sa.Column("document", dialects.Document, nullable=False),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_policies")),
    )


def downgrade() -> None:
    """Leave out what the older tables have no place for: retractions, and whatever is not accepted."""
    for table in ("policies", "editions", "resolutions", "decisions"):
        op.drop_table(table)
    op.drop_index("ix_progress_updates_review", "progress_updates")
    _drop_corrected_once(CORRECTED_ONCE_OR_RETURNED)
    if dialects.of(op.get_bind()).CAN_ALTER:
        op.execute("DELETE FROM progress_updates WHERE reason = 'retracted' OR review <> 'accepted'")
        op.drop_constraint(op.f("ck_progress_updates_says_one_thing"), "progress_updates", type_="check")
        op.drop_column("progress_updates", "review")
        op.drop_column("progress_updates", "reason")
        op.create_check_constraint(
            op.f("ck_progress_updates_says_one_thing"), "progress_updates", SAYS_ONE_THING
        )
    else:
        op.execute("DELETE FROM progress_updates WHERE reason = 'retracted' OR review <> 'accepted'")
        _make_anew(SAYS_ONE_THING, [])
    _index_corrected_once(CORRECTED_ONCE)


def _drop_corrected_once(where: sa.TextClause) -> None:
    op.drop_index(
        "uq_progress_updates_supersedes", "progress_updates", sqlite_where=where, postgresql_where=where
    )


def _index_corrected_once(where: sa.TextClause) -> None:
    op.create_index(
        "uq_progress_updates_supersedes",
        "progress_updates",
        ["pledge", "supersedes"],
        unique=True,
        sqlite_where=where,
        postgresql_where=where,
    )


def _check_anew(rule: str) -> None:
    op.drop_constraint(op.f("ck_progress_updates_says_one_thing"), "progress_updates", type_="check")
    op.create_check_constraint(op.f("ck_progress_updates_says_one_thing"), "progress_updates", rule)


def _make_anew(rule: str, more: list[sa.Column[Any]], **filled: str) -> None:
    """Make the table of updates again under another rule; renaming it turns its references to itself."""
    op.create_table(
        "progress_updates_anew",
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
        *more,
        sa.CheckConstraint(rule, name=op.f("ck_progress_updates_says_one_thing")),
        sa.ForeignKeyConstraint(
            ["pledge", "supersedes"],
            ["progress_updates_anew.pledge", "progress_updates_anew.number"],
            name=op.f("fk_progress_updates_pledge_supersedes"),
        ),
        sa.ForeignKeyConstraint(["pledge"], ["pledges.id"], name=op.f("fk_progress_updates_pledge")),
        sa.PrimaryKeyConstraint("pledge", "number", name=op.f("pk_progress_updates")),
        **dialects.CLUSTERED,
    )
    target, source = ", ".join([*BEFORE, *filled]), ", ".join([*BEFORE, *filled.values()])
    op.execute(f"INSERT INTO progress_updates_anew ({target}) SELECT {source} FROM progress_updates")  # noqa: S608
    op.drop_table("progress_updates")
    op.rename_table("progress_updates_anew", "progress_updates")


def _create_decisions() -> None:
    op.create_table(
        "decisions",
        sa.Column("pledge", sa.String(length=100), nullable=False),
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("update", sa.Integer(), nullable=False),
        sa.Column("before", sa.String(length=10), nullable=False),
        sa.Column("review", sa.String(length=10), nullable=False),
        sa.Column("decided_on", sa.Date(), nullable=False),
        sa.Column("decided_by", sa.Text(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("counter_claim", dialects.Document, nullable=True),
        sa.Column("recorded_at", dialects.Instant(), nullable=False),
        sa.ForeignKeyConstraint(
            ["pledge", "update"],
            ["progress_updates.pledge", "progress_updates.number"],
            name=op.f("fk_decisions_pledge_update"),
        ),
        sa.PrimaryKeyConstraint("pledge", "number", name=op.f("pk_decisions")),
        **dialects.CLUSTERED,
    )


def _create_resolutions() -> None:
    op.create_table(
        "resolutions",
        sa.Column("pledge", sa.String(length=100), nullable=False),
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("as_of", sa.Date(), nullable=False),
        sa.Column("milestone", sa.String(length=100), nullable=True),
        sa.Column("chosen", sa.Integer(), nullable=False),
        sa.Column("among", dialects.Document, nullable=False),
        sa.Column("decided_on", sa.Date(), nullable=False),
        sa.Column("decided_by", sa.Text(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("recorded_at", dialects.Instant(), nullable=False),
        sa.ForeignKeyConstraint(
            ["pledge", "chosen"],
            ["progress_updates.pledge", "progress_updates.number"],
            name=op.f("fk_resolutions_pledge_chosen"),
        ),
        sa.PrimaryKeyConstraint("pledge", "number", name=op.f("pk_resolutions")),
        **dialects.CLUSTERED,
    )


def _create_editions() -> None:
    editions = op.create_table(
        "editions",
        sa.Column("pledge", sa.String(length=100), nullable=False),
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("recorded_at", dialects.Instant(), nullable=False),
        sa.Column("document", dialects.Document, nullable=False),
        sa.ForeignKeyConstraint(["pledge"], ["pledges.id"], name=op.f("fk_editions_pledge")),
        sa.PrimaryKeyConstraint("pledge", "number", name=op.f("pk_editions")),
        **dialects.CLUSTERED,
    )
    connection, last = op.get_bind(), ""
    while True:
        chosen = sa.select(PLEDGES).where(PLEDGES.c.id > last).order_by(PLEDGES.c.id).limit(BATCH)
        found = connection.execute(chosen).mappings().all()
        if not found:
            return
        last = found[-1]["id"]
        hanging = sa.select(MILESTONES).where(MILESTONES.c.pledge.in_([row["id"] for row in found]))
        stages = connection.execute(hanging.order_by(MILESTONES.c.pledge, MILESTONES.c.id)).mappings().all()
        rows = [
            {
                "pledge": row["id"],
                "number": 1,
                "recorded_at": row["created_at"],
                "document": _document(row, [stage for stage in stages if stage["pledge"] == row["id"]]),
            }
            for row in found
        ]
        connection.execute(sa.insert(editions), rows)


PLEDGES = sa.table(
    "pledges",
    *(sa.column(name, sa.Text()) for name in ("id", "title", "pledger", "initiative", "indicator", "unit")),
    *(sa.column(name, sa.Text()) for name in ("comparator", "time_zone", "due")),
    *(sa.column(name, dialects.Number()) for name in ("target", "tolerance", "baseline_value")),
    *(sa.column(name, sa.Date()) for name in ("announced_on", "baseline_date")),
    *(sa.column(name, sa.Integer()) for name in ("cadence_days", "grace_days")),
    sa.column("statement", dialects.Document),
    sa.column("created_at", dialects.Instant()),
)
MILESTONES = sa.table(
    "milestones",
    *(sa.column(name, sa.Text()) for name in ("pledge", "id", "title", "due", "set_by")),
    sa.column("target", dialects.Number()),
)


def _document(row: Any, stages: list[Any]) -> dict[str, Any]:
    """What a pledge says, as editions are kept."""
    same = ("title", "pledger", "initiative", "statement", "indicator", "unit", "comparator", "time_zone")
    known = {name: row[name] for name in (*same, "cadence_days", "grace_days", "due")}
    known |= {name: None if row[name] is None else format(row[name], "f") for name in ("target", "tolerance")}
    known["announced_on"] = row["announced_on"].isoformat()
    known["baseline"] = {
        "value": format(row["baseline_value"], "f"),
        "date": row["baseline_date"].isoformat(),
    }
    known["milestones"] = [
        {
            "id": stage["id"],
            "title": stage["title"],
            "due": stage["due"],
            "target": None if stage["target"] is None else format(stage["target"], "f"),
            "set_by": stage["set_by"],
        }
        for stage in stages
    ]
    return known
