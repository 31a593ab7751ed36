"""Tables of pledges: what each says, said before, and what became of its date."""

from sqlalchemy import Column, Date, ForeignKey, Index, Integer, String, Table, Text

from pledgetracker.storage.dialects import CLUSTERED, Document, Instant, Number, partial_index
from pledgetracker.storage.tables.base import edited, metadata, numbered, part_of_pledge, recorded_at, slug

pledges = Table(
    "pledges",
    metadata,
    Column("id", slug(), primary_key=True),
    Column("title", Text, nullable=False),
    Column("pledger", slug(), ForeignKey("pledgers.id"), nullable=False),
    Column("initiative", slug(), ForeignKey("initiatives.id")),
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
    *edited(),
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
    part_of_pledge(),
    Column("id", slug(), primary_key=True),
    Column("title", Text),
    Column("due", String(10), nullable=False),
    Column("target", Number),
    Column("set_by", String(10), nullable=False),
    **CLUSTERED,
)

pledge_tags = Table(
    "pledge_tags",
    metadata,
    part_of_pledge(),
    Column("tag", slug(), primary_key=True),
    Index("ix_pledge_tags_tag", "tag", "pledge"),  # lists and roll-ups of one tag
    **CLUSTERED,
)

pledge_links = Table(
    "pledge_links",
    metadata,
    part_of_pledge(),
    Column("kind", String(10), primary_key=True),
    Column("other", slug(), ForeignKey("pledges.id"), primary_key=True),
    Index("ix_pledge_links_other", "other", "pledge"),  # who names this one? deleting it
    **CLUSTERED,
)

partial_index(
    "uq_pledge_links_part_of",  # a pledge is part of one other
    pledge_links.c.pledge,
    unique=True,
    where=pledge_links.c.kind == "part_of",
)

reschedules = Table(
    "reschedules",
    metadata,
    *numbered(ForeignKey("pledges.id")),
    Column("due", String(10)),
    Column("announced_on", Date, nullable=False),
    Column("moved_by", String(10), nullable=False),
    Column("reason", Text),
    Column("source", Document),
    recorded_at(),
)

withdrawals = Table(
    "withdrawals",
    metadata,
    *numbered(ForeignKey("pledges.id")),
    Column("on", Date, nullable=False),
    Column("reason", Text),
    Column("source", Document),
    recorded_at(),
    Column("rescinded_at", Instant),
)

# What each pledge said from an instant on; contacts excepted.
editions = Table(
    "editions",
    metadata,
    *numbered(ForeignKey("pledges.id")),
    recorded_at(),
    Column("document", Document, nullable=False),
    **CLUSTERED,
)
