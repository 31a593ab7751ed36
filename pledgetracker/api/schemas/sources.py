"""Where something was said, and in which words."""

from typing import Any

from marshmallow import ValidationError, post_load

from pledgetracker.api.fields import Day, Line, Text, Url
from pledgetracker.api.schemas.base import Document, Part
from pledgetracker.domain.pledge import Source, Statement


class SourceDocument(Document):
    """Where something was said."""

    url = Url(allow_none=True, metadata={"description": "Where it is to be read."})
    title = Line(allow_none=True)
    publisher = Line(allow_none=True)
    published_on = Day(allow_none=True)
    archived_url = Url(allow_none=True, metadata={"description": "A copy that outlives the page."})
    quote = Text(allow_none=True, metadata={"description": "A few of its words."})

    @post_load
    def make(self, data: dict[str, Any], **_: Any) -> Source:
        """The source, which must be found somehow."""
        if not any(value for name, value in data.items() if name != "published_on"):
            raise ValidationError("Say at least one of url, title, publisher, archived_url and quote.")
        return Source(**data)


class StatementDocument(Document):
    """The promise in the words it was made in."""

    text = Text(required=True)
    source = Part(SourceDocument, allow_none=True)

    @post_load
    def make(self, data: dict[str, Any], **_: Any) -> Statement:
        """The statement."""
        return Statement(**data)
