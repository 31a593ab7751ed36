"""/v1/…/rollup: what the pledges of an initiative, a pledger or a tag amount to together."""

from collections.abc import Callable, Mapping
from typing import Any

from flask import Response
from marshmallow import ValidationError, fields, validates_schema

from pledgetracker.api.access import needs
from pledgetracker.api.answers import answer
from pledgetracker.api.blueprint import ApiBlueprint
from pledgetracker.api.fields import Choice, Day, Documented, Line, Number, Slug, Text, Truth, Whole
from pledgetracker.api.rates import Currency, RateDocument
from pledgetracker.api.schemas.base import MAX_NUMBER, Document
from pledgetracker.api.schemas.sources import SourceDocument
from pledgetracker.api.vantage import VantageQuery, vantage
from pledgetracker.domain.access import Scope
from pledgetracker.domain.contribution import Reason
from pledgetracker.domain.rollup import RollUp
from pledgetracker.domain.standing import Status
from pledgetracker.domain.vantage import Vantage
from pledgetracker.services import rolling_up
from pledgetracker.services.rolling_up import Terms
from pledgetracker.services.rules import Rules
from pledgetracker.storage.database import Transaction
from pledgetracker.web import runtime

blueprint = ApiBlueprint("rollups", __name__, description="What pledges amount to together")


class RollUpQuery(VantageQuery):
    """As of which day and knowing what, in which currency, by the rates of which day."""

    currency = Currency(metadata={"description": "Convert money to it, where `rates_on` allows."})
    rates_on = Day(metadata={"description": "Convert by the rates recorded for exactly this day."})

    @validates_schema
    def check(self, data: dict[str, Any], **_: Any) -> None:
        """A day of rates says nothing without a currency."""
        if "rates_on" in data and "currency" not in data:
            raise ValidationError("Say with `currency` into which to convert.", "rates_on")


class DeliveredDocument(Document):
    """What was delivered; null where there is no figure."""

    accepted = Number(dump_only=True, allow_none=True)
    claimed = Number(
        dump_only=True,
        allow_none=True,
        metadata={"description": "As if all that was submitted or is disputed were accepted."},
    )


class BasisDocument(Document):
    """What each follows from: `figure`, the total's own, or `parts`."""

    accepted = Line(dump_only=True, allow_none=True)
    claimed = Line(dump_only=True, allow_none=True)


class CompletionDocument(Document):
    """The share delivered, accepted; each promise counts once, however often it was announced."""

    share = Number(dump_only=True, allow_none=True)
    numerator = Number(dump_only=True, allow_none=True)
    denominator = Number(dump_only=True)


class CoverageDocument(Document):
    """How many of the pledges that count, parts too, have any figure."""

    pledges = Whole(0, MAX_NUMBER, dump_only=True)
    with_figure = Whole(0, MAX_NUMBER, dump_only=True)
    share = Number(dump_only=True)


class PartDocument(Document):
    """A pledge that counts inside another."""

    pledge = Slug(dump_only=True)
    announced = Number(dump_only=True)
    is_restated = Truth(dump_only=True)


class TotalDocument(Document):
    """A pledge that has others as its parts, and what they say of it."""

    pledge = Slug(dump_only=True)
    announced = Number(dump_only=True)
    parts = fields.List(fields.Nested(PartDocument), dump_only=True)
    sum = Number(dump_only=True, metadata={"description": "Of the parts."})
    difference = Number(dump_only=True, metadata={"description": "announced - sum"})
    new = Number(dump_only=True)
    restated = Number(dump_only=True)
    unexplained = Number(dump_only=True)
    delivered = fields.Nested(DeliveredDocument, dump_only=True)
    basis = fields.Nested(BasisDocument, dump_only=True, data_key="from")
    because = Text(dump_only=True)


class ConflictingDocument(Document):
    """What another source says of a target that was added; in the unit of the pledge."""

    pledge = Slug(dump_only=True)
    unit = Line(dump_only=True, allow_none=True)
    value = Number(attribute="other.value", dump_only=True)
    source = fields.Nested(SourceDocument, attribute="other.source", dump_only=True, allow_none=True)
    note = Text(attribute="other.note", dump_only=True, allow_none=True)


class AmountDocument(Document):
    """What the pledges in one unit amount to."""

    unit = Line(dump_only=True)
    pledges = Whole(
        0, MAX_NUMBER, dump_only=True, metadata={"description": "Those added up; parts are inside them."}
    )
    announced = Number(dump_only=True)
    new = Number(dump_only=True)
    restated = Number(dump_only=True, metadata={"description": "Announced again."})
    unexplained = Number(
        dump_only=True, metadata={"description": "What totals are beyond their parts on record."}
    )
    delivered = fields.Nested(DeliveredDocument, dump_only=True)
    completion = fields.Nested(CompletionDocument, dump_only=True)
    coverage = fields.Nested(CoverageDocument, dump_only=True)
    totals = fields.List(fields.Nested(TotalDocument), dump_only=True)
    conflicting = fields.List(fields.Nested(ConflictingDocument), dump_only=True)


class NotAddedDocument(Document):
    """Something that is in the scope and not in the sums."""

    pledge = Slug(dump_only=True)
    reason = Choice(Reason, dump_only=True)
    detail = Text(dump_only=True)


class Counts(fields.Field[Mapping[str, int]], Documented):
    """How many pledges have each status."""

    openapi = {
        "type": "object",
        "properties": {status.value: {"type": "integer", "minimum": 0} for status in Status},
        "required": [status.value for status in Status],
        "additionalProperties": False,
    }


class RollUpDocument(Document):
    """What the pledges of a scope amount to, never across units."""

    pledges = Whole(0, MAX_NUMBER, dump_only=True, metadata={"description": "All in the scope."})
    by_status = Counts(dump_only=True)
    amounts = fields.List(fields.Nested(AmountDocument), dump_only=True)
    not_added = fields.List(fields.Nested(NotAddedDocument), dump_only=True)
    rates = fields.List(
        fields.Nested(RateDocument), dump_only=True, metadata={"description": "Those that were used."}
    )


RollUpWork = Callable[[Transaction, str, Terms, Rules, Vantage], RollUp]


@blueprint.route("/initiatives/<slug:initiative>/rollup", methods=["GET"])
@needs(Scope.READ)
@blueprint.arguments(RollUpQuery(), location="query")
@blueprint.response(200, RollUpDocument)
@blueprint.refuses(404)
def of_initiative(query: dict[str, Any], initiative: str) -> Response:
    """Roll up an initiative and all that stand under it."""
    return _rolled_up(rolling_up.roll_up_initiative, initiative, query)


@blueprint.route("/pledgers/<slug:pledger>/rollup", methods=["GET"])
@needs(Scope.READ)
@blueprint.arguments(RollUpQuery(), location="query")
@blueprint.response(200, RollUpDocument)
@blueprint.refuses(404)
def of_pledger(query: dict[str, Any], pledger: str) -> Response:
    """Roll up the pledges of a pledger."""
    return _rolled_up(rolling_up.roll_up_pledger, pledger, query)


@blueprint.route("/tags/<slug:tag>/rollup", methods=["GET"])
@needs(Scope.READ)
@blueprint.arguments(RollUpQuery(), location="query")
@blueprint.response(200, RollUpDocument)
@blueprint.refuses(404)
def of_tag(query: dict[str, Any], tag: str) -> Response:
    """Roll up the pledges with a tag."""
    return _rolled_up(rolling_up.roll_up_tag, tag, query)


def _rolled_up(work: RollUpWork, key: str, query: dict[str, Any]) -> Response:
    terms = Terms(query.get("currency"), query.get("rates_on"))
    at = vantage(query)
    with runtime().database.read(may_lag=True) as tx:
        return answer(RollUpDocument, work(tx, key, terms, runtime().rules, at))
