"""What somebody ruled on a pledge."""

from typing import Any

from marshmallow import fields, post_load

from pledgetracker.api.fields import Day, Line, RatingId, Slug, Text, Whole
from pledgetracker.api.schemas.base import MAX_NUMBER, Document, parts, said_of
from pledgetracker.api.schemas.sources import SourceDocument


class VerdictDocument(Document):
    """What somebody ruled under a rubric, or that an earlier verdict is taken back."""

    id = Whole(1, MAX_NUMBER, attribute="verdict.number", dump_only=True)
    rubric = Slug(
        attribute="verdict.rubric",
        allow_none=True,
        metadata={"description": "The name of the rubric; needed but where a verdict is taken back."},
    )
    rubric_version = Whole(
        1,
        MAX_NUMBER,
        attribute="verdict.rubric_version",
        allow_none=True,
        metadata={"description": "The newest unless said."},
    )
    rating = RatingId(
        attribute="verdict.rating",
        allow_none=True,
        metadata={"description": "One of that version's; null where a verdict is taken back."},
    )
    ruled_on = Day(
        attribute="verdict.ruled_on",
        allow_none=True,
        metadata={"description": "The day from which it holds; today unless said."},
    )
    ruled_by = Line(
        attribute="verdict.ruled_by", required=True, metadata={"description": "Who answers for it."}
    )
    reason = Text(attribute="verdict.reason", required=True)
    evidence = parts(
        SourceDocument,
        attribute="verdict.evidence",
        metadata={"description": "A final rating needs some."},
    )
    retracts = Whole(
        1,
        MAX_NUMBER,
        attribute="verdict.retracts",
        allow_none=True,
        metadata={"description": "The verdict, recorded by mistake, that this takes back."},
    )
    retracted_by = Whole(1, MAX_NUMBER, dump_only=True, allow_none=True)
    recorded_at = fields.AwareDateTime(attribute="verdict.recorded_at", dump_only=True)

    @post_load
    def make(self, data: dict[str, Any], **_: Any) -> dict[str, Any]:
        """The fields, lists as tuples."""
        said = said_of(data, "verdict")
        if "evidence" in said:
            said["evidence"] = tuple(said["evidence"])
        return said
