"""The documents of rubrics and of what they suggest."""

from typing import Any

from marshmallow import fields, post_load, validate

from pledgetracker.api.fields import Choice, Line, RatingId, Slug, Truth, Whole
from pledgetracker.api.schemas.base import MAX_NUMBER, Document, Part
from pledgetracker.domain.rubric import Finding, Rating, Wording

MIN_RATINGS = 2
MAX_RATINGS = 20


class WordingDocument(Document):
    """A few words in English, and in French if somebody has found them."""

    en = Line(required=True)
    fr = Line(allow_none=True)

    @post_load
    def make(self, data: dict[str, Any], **_: Any) -> Wording:
        """The words."""
        return Wording(**data)


class RatingDocument(Document):
    """One step of a rubric."""

    id = RatingId(required=True)
    title = Part(WordingDocument, required=True)
    meaning = Part(WordingDocument, required=True)
    final = Truth(
        attribute="is_final",
        metadata={"description": "Whether it closes the matter; false unless said."},
    )
    suggested_on = fields.List(
        Choice(Finding),
        validate=validate.Length(max=len(Finding), error=f"At most {len(Finding)} fit."),
        metadata={
            "description": "The findings on which the tracker suggests it; a final one only on what was said."
        },
    )

    @post_load
    def make(self, data: dict[str, Any], **_: Any) -> Rating:
        """The rating."""
        return Rating(**{**data, "suggested_on": tuple(data.get("suggested_on", ()))})


class RubricDocument(Document):
    """A scale by which people rule on pledges."""

    name = Slug(required=True, metadata={"description": "Permanent, and the same for all its versions."})
    version = Whole(
        1,
        MAX_NUMBER,
        allow_none=True,
        metadata={"description": "Permanent; the one after the newest unless said."},
    )
    title = Part(WordingDocument, required=True)
    ratings = fields.List(
        Part(RatingDocument),
        required=True,
        validate=validate.Length(
            MIN_RATINGS, MAX_RATINGS, error=f"A rubric has {MIN_RATINGS} to {MAX_RATINGS} ratings."
        ),
    )
    preset = Truth(
        attribute="is_preset",
        dump_only=True,
        metadata={"description": "Whether it comes with the program."},
    )
    recorded_at = fields.AwareDateTime(
        dump_only=True,
        allow_none=True,
        metadata={"description": "Null for those that come with the program."},
    )

    @post_load
    def make(self, data: dict[str, Any], **_: Any) -> dict[str, Any]:
        """The fields, lists as tuples."""
        return {**data, "ratings": tuple(data["ratings"])}


class SuggestionDocument(Document):
    """What one rubric suggests; people decide."""

    rubric = Slug(attribute="rubric.name", dump_only=True)
    rubric_version = Whole(1, MAX_NUMBER, attribute="rubric.version", dump_only=True)
    rating = RatingId(
        attribute="rating_id",
        dump_only=True,
        allow_none=True,
        metadata={"description": "Null where it is left to people."},
    )
    finding = Choice(Finding, dump_only=True, metadata={"description": "What it goes by."})
    reason = Line(dump_only=True, metadata={"description": "One sentence, with the numbers."})
