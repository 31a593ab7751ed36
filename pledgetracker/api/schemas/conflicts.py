"""Updates about one day that differ, and which of them a reviewer chose."""

from marshmallow import fields

from pledgetracker.api.fields import Choice, Day, Line, Number, Slug, Text, Truth, Whole
from pledgetracker.api.schemas.base import MAX_NUMBER, Document
from pledgetracker.api.schemas.sources import SourceDocument
from pledgetracker.domain.update import Claim


class ResolutionDocument(Document):
    """Which of several updates about one day makes the figure."""

    id = Whole(1, MAX_NUMBER, attribute="number", dump_only=True)
    as_of = Day(required=True, metadata={"description": "The day about which they differ."})
    milestone = Slug(allow_none=True, metadata={"description": "The event milestone that they speak of."})
    chosen = Whole(1, MAX_NUMBER, required=True, metadata={"description": "The update that counts."})
    among = fields.List(Whole(1, MAX_NUMBER), dump_only=True)
    reason = Text(allow_none=True)
    decided_on = Day(dump_only=True)
    decided_by = Line(dump_only=True, allow_none=True, metadata={"description": "The name of the key."})
    recorded_at = fields.AwareDateTime(dump_only=True)


class RivalDocument(Document):
    """One of several updates about one day that differ."""

    id = Whole(1, MAX_NUMBER, attribute="number", dump_only=True)
    value = Number(dump_only=True, allow_none=True)
    done = Truth(dump_only=True, allow_none=True)
    claim = Choice(Claim, dump_only=True)
    reported_by = Line(dump_only=True, allow_none=True)
    evidence = fields.List(fields.Nested(SourceDocument), dump_only=True)


class ConflictDocument(Document):
    """Accepted updates about one day that differ; until one is chosen, the least favourable counts."""

    as_of = Day(dump_only=True)
    milestone = Slug(dump_only=True, allow_none=True)
    is_open = Truth(dump_only=True, metadata={"description": "Whether some still differ."})
    updates = fields.List(fields.Nested(RivalDocument), attribute="rivals", dump_only=True)
    choice = fields.Nested(
        ResolutionDocument,
        dump_only=True,
        allow_none=True,
        metadata={"description": "What was last chosen."},
    )
