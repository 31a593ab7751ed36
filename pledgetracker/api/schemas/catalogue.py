"""Who made promises, and what groups them."""

from marshmallow import fields

from pledgetracker.api.fields import Choice, Line, Slug, Text, Url, Whole
from pledgetracker.api.schemas.base import MAX_NUMBER, Document
from pledgetracker.domain.catalogue import PledgerKind


class PledgerDocument(Document):
    """Who made promises."""

    id = Slug(metadata={"description": "Permanent; made from the name unless said."})
    name = Line(required=True)
    kind = Choice(PledgerKind, allow_none=True)
    url = Url(allow_none=True)
    version = Whole(1, MAX_NUMBER, dump_only=True)
    created_at = fields.AwareDateTime(dump_only=True)
    updated_at = fields.AwareDateTime(dump_only=True)


class PledgerChange(PledgerDocument):
    """What may be changed of a pledger."""


class InitiativeDocument(Document):
    """What groups pledges."""

    id = Slug(metadata={"description": "Permanent; made from the title unless said."})
    title = Line(required=True)
    parent = Slug(allow_none=True)
    description = Text(allow_none=True)
    url = Url(allow_none=True)
    version = Whole(1, MAX_NUMBER, dump_only=True)
    created_at = fields.AwareDateTime(dump_only=True)
    updated_at = fields.AwareDateTime(dump_only=True)


class InitiativeChange(InitiativeDocument):
    """What may be changed of an initiative."""
