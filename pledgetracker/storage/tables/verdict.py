"""Tables of what people ruled, and of the scales and thresholds that judge."""

from sqlalchemy import CheckConstraint, Column, Date, ForeignKey, Integer, String, Table, Text

from pledgetracker.domain.rubric import MAX_RATING_ID
from pledgetracker.storage.dialects import CLUSTERED, Document, partial_index
from pledgetracker.storage.tables.base import keep_entries, metadata, numbered, recorded_at, slug

rubrics = Table(
    "rubrics",
    metadata,
    Column("name", slug(), primary_key=True),
    Column("version", Integer, primary_key=True, autoincrement=False),
    Column("title", Document, nullable=False),
    Column("ratings", Document, nullable=False),
    recorded_at(),
    **CLUSTERED,
)

verdicts = Table(
    "verdicts",
    metadata,
    *numbered(ForeignKey("pledges.id")),
    # By name: the rubrics that come with the program are no rows.
    Column("rubric", slug(), nullable=False),
    Column("rubric_version", Integer, nullable=False),
    Column("rating", String(MAX_RATING_ID)),
    Column("ruled_on", Date, nullable=False),
    Column("ruled_by", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("evidence", Document, nullable=False),
    recorded_at(),
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

keep_entries(rubrics)
keep_entries(verdicts)

# The thresholds by which standings were judged from an instant on.
policies = Table(
    "policies",
    metadata,
    Column("number", Integer, primary_key=True, autoincrement=False),
    recorded_at(),
    Column("document", Document, nullable=False),
)
