"""Progress updates, and what reviewers decide about them."""

from typing import Any

from marshmallow import ValidationError, fields, post_load

from pledgetracker.api.fields import Choice, Day, Line, Number, Slug, Text, Truth, Whole
from pledgetracker.api.schemas.base import MAX_NUMBER, Document, Part, parts, said_of
from pledgetracker.api.schemas.sources import SourceDocument
from pledgetracker.domain.review import CounterClaim, Review
from pledgetracker.domain.update import Claim, Correction


class CounterClaimDocument(Document):
    """What somebody else says instead of a disputed update."""

    value = Number(allow_none=True, metadata={"description": "The total to date by their account."})
    text = Text(allow_none=True)
    source = Part(SourceDocument, allow_none=True)

    @post_load
    def make(self, data: dict[str, Any], **_: Any) -> CounterClaim:
        """The counter-claim, which must say something."""
        if all(value is None for value in data.values()):
            raise ValidationError("Say at least one of value, text and source.")
        return CounterClaim(**data)


class DecisionDocument(Document):
    """What a reviewer decided about an update."""

    id = Whole(1, MAX_NUMBER, attribute="number", dump_only=True)
    update = Whole(1, MAX_NUMBER, dump_only=True)
    before = Choice(Review, dump_only=True)
    review = Choice(Review, required=True, metadata={"description": "accepted, returned or disputed."})
    reason = Text(allow_none=True, metadata={"description": "Why; of a returned update, what is wanted."})
    counter_claim = Part(CounterClaimDocument, allow_none=True)
    decided_on = Day(dump_only=True)
    decided_by = Line(dump_only=True, allow_none=True, metadata={"description": "The name of the key."})
    recorded_at = fields.AwareDateTime(dump_only=True)


class ProgressDocument(Document):
    """A progress update: exactly one of value, increment, no_change and done."""

    id = Whole(1, MAX_NUMBER, attribute="update.number", dump_only=True)
    as_of = Day(
        attribute="update.as_of",
        metadata={"description": "The day that the figure describes; only a retraction may leave it out."},
    )
    reported_at = Day(
        attribute="update.reported_at",
        allow_none=True,
        metadata={"description": "When its source said it; today unless said."},
    )
    recorded_at = fields.AwareDateTime(attribute="update.recorded_at", dump_only=True)
    value = Number(attribute="update.value", allow_none=True, metadata={"description": "Total to date."})
    increment = Number(
        attribute="update.increment", allow_none=True, metadata={"description": "What came on top."}
    )
    no_change = Truth(attribute="update.no_change", allow_none=True, metadata={"default": False})
    done = Truth(attribute="update.done", allow_none=True)
    milestone = Slug(
        attribute="update.milestone",
        allow_none=True,
        metadata={"description": "The event milestone that `done` speaks of."},
    )
    claim = Choice(
        Claim, attribute="update.claim", allow_none=True, metadata={"default": Claim.SELF_REPORTED.value}
    )
    note = Text(attribute="update.note", allow_none=True)
    reported_by = Line(
        attribute="update.reported_by", allow_none=True, metadata={"description": "Who says so."}
    )
    evidence = parts(SourceDocument, attribute="update.evidence")
    supersedes = Whole(
        1,
        MAX_NUMBER,
        attribute="update.supersedes",
        allow_none=True,
        metadata={"description": "The update this corrects, once it is accepted."},
    )
    reason = Choice(
        Correction,
        attribute="update.reason",
        allow_none=True,
        metadata={"description": "Why it corrects; `retracted` takes back and says nothing else."},
    )
    review = Choice(
        Review,
        attribute="update.review",
        dump_only=True,
        metadata={"description": "Only accepted ones count."},
    )
    decisions = fields.List(fields.Nested(DecisionDocument), dump_only=True)
    superseded_by = Whole(1, MAX_NUMBER, dump_only=True, allow_none=True)
    counts = Truth(
        dump_only=True,
        metadata={"description": "Whether it is accepted, in force, and no figure of before the baseline."},
    )

    @post_load
    def make(self, data: dict[str, Any], **_: Any) -> dict[str, Any]:
        """The fields, lists as tuples."""
        said = said_of(data, "update")
        if "evidence" in said:
            said["evidence"] = tuple(said["evidence"])
        return said
