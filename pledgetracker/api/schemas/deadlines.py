"""Due dates as they were said, and their moves."""

from typing import Any

from marshmallow import fields, post_load

from pledgetracker.api.fields import Choice, Day, DueField, Line, Text, TimeZone, Whole
from pledgetracker.api.schemas.base import MAX_NUMBER, Document, Part, said_of
from pledgetracker.api.schemas.sources import SourceDocument
from pledgetracker.domain.pledge import SetBy


class DateDocument(Document):
    """A date as it was said, and the last day of the period it names."""

    text = Line(required=True, metadata={"description": "2025, 2025-Q4, 2025-12 or 2025-12-31."})
    precision = Line(dump_only=True, metadata={"description": "year, quarter, month or day."})
    date = Day(dump_only=True)


class DueDocument(DateDocument):
    """A due date: as it is now, as it was first promised, and the zone whose days they are."""

    original_date = Day(dump_only=True, allow_none=True, metadata={"description": "As first promised."})
    time_zone = TimeZone(metadata={"description": "That of the pledge."})


class RescheduleDocument(Document):
    """A move of the deadline, from `old` to `due`."""

    id = Whole(1, MAX_NUMBER, attribute="move.number", dump_only=True)
    old = fields.Nested(
        DateDocument,
        dump_only=True,
        allow_none=True,
        metadata={"description": "The deadline that it moved; null where there was none."},
    )
    due = DueField(DateDocument(), attribute="move.due", required=True, allow_none=True)
    announced_on = Day(
        attribute="move.announced_on",
        allow_none=True,
        metadata={"description": "From when it counts; today unless said."},
    )
    moved_by = Choice(SetBy, attribute="move.moved_by", metadata={"default": SetBy.PLEDGER.value})
    reason = Text(attribute="move.reason", allow_none=True)
    source = Part(SourceDocument, attribute="move.source", allow_none=True)
    recorded_at = fields.AwareDateTime(attribute="move.recorded_at", dump_only=True)

    @post_load
    def unpair(self, data: dict[str, Any], **_: Any) -> dict[str, Any]:
        """Only the date: the zone is the pledge's."""
        said = said_of(data, "move")
        if said.get("due") is not None:
            said["due"], _zone = said["due"]
        return said
