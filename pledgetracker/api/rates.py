"""/v1/rates: what one currency was in another on a day, as somebody published it."""

from datetime import date
from typing import Any

from flask import Response, url_for
from marshmallow import ValidationError, fields

from pledgetracker.api import examples
from pledgetracker.api.access import needs
from pledgetracker.api.answers import answer, created, listed
from pledgetracker.api.blueprint import ApiBlueprint, list_of
from pledgetracker.api.conditions import check_rate_unchanged, rate_tag, tagged, unless_known
from pledgetracker.api.effects import effect
from pledgetracker.api.fields import Day, Line, Number, Slug, Text, Whole
from pledgetracker.api.paging import PageQuery, Sort
from pledgetracker.api.schemas.base import MAX_NUMBER, Document, Part
from pledgetracker.api.schemas.sources import SourceDocument
from pledgetracker.api.vantage import VantageQuery, vantage
from pledgetracker.domain.access import Scope
from pledgetracker.domain.money import CURRENCIES
from pledgetracker.services import exchanging
from pledgetracker.storage.database import Transaction
from pledgetracker.storage.rates import RateFilter
from pledgetracker.web import next_cursor, now, runtime

blueprint = ApiBlueprint("rates", __name__, description="Exchange rates, dated, that roll-ups may use")


class Currency(Line):
    """An ISO 4217 code."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(max_length=3, **kwargs)
        self.openapi = {"type": "string", "pattern": "^[A-Z]{3}$", "examples": ["EUR"]}

    def check(self, text: str) -> str:
        """Refuse what is no currency."""
        if text not in CURRENCIES:
            raise ValidationError("Not a currency: use its ISO 4217 code in capitals, as EUR.")
        return text


class RateDocument(Document):
    """That on `date` one `base` was `rate` `quote`."""

    id = Slug(dump_only=True)
    base = Currency(required=True)
    quote = Currency(required=True)
    date = Day(required=True)
    rate = Number(
        required=True,
        allow_none=True,
        metadata={"description": "What one `base` was in `quote`, above 0; null once it is taken back."},
    )
    source = Part(SourceDocument, required=True, metadata={"description": "Who published it."})
    reason = Text(
        dump_only=True,
        allow_none=True,
        metadata={"description": "Why it differs from the version before; null of the first."},
    )
    version = Whole(1, MAX_NUMBER, dump_only=True)
    recorded_at = fields.AwareDateTime(dump_only=True, metadata={"description": "When this version was."})


class RateChange(RateDocument):
    """What may be corrected of a rate: all but its currencies and its day; a rate of null takes it back."""

    reason = Text(allow_none=True, metadata={"description": "Why the rate on record is not right; needed."})


class RateQuery(PageQuery, VantageQuery):
    """Which rates are wanted, in which order and knowing what."""

    class Meta(PageQuery.Meta):
        """A rate's own day is asked for by `on`."""

        exclude = ("as_of",)

    types = {"id": str, "date": date}

    currency = Currency(metadata={"description": "On either side."})
    on = Day(metadata={"description": "Those of this day."})
    sort = Sort(("id", "date"), load_default="id")


@blueprint.route("/rates", methods=["GET"])
@needs(Scope.READ)
@blueprint.arguments(RateQuery(), location="query")
@blueprint.response(200, list_of(RateDocument))
def list_all(query: dict[str, Any]) -> Response:
    """List exchange rates."""
    page, at = query.pop("page"), vantage(query)
    with runtime().database.glance(may_lag=True) as tx:
        found = tx.rates.page(RateFilter(**query, known_at=at.known_at), page)
    return listed(RateDocument, found, next_cursor(page, found.after))


@blueprint.route("/rates", methods=["POST"])
@needs(Scope.WRITE)
@blueprint.arguments(RateDocument(), example=examples.RATE)
@blueprint.response(201, RateDocument)
@blueprint.refuses(409)
def add(said: Any) -> Response:
    """Record an exchange rate; a pair has one a day, which can be corrected."""

    def record(tx: Transaction) -> Response:
        made = exchanging.add_rate(tx, said, now=now())
        return tagged(created(RateDocument, made, url_for("rates.get", rate=made.id)), rate_tag(made))

    return effect(record)


@blueprint.route("/rates/<slug:rate>", methods=["GET"])
@needs(Scope.READ)
@blueprint.arguments(VantageQuery(only=("known_at",)), location="query")
@blueprint.response(200, RateDocument)
@blueprint.refuses(404)
def get(query: dict[str, Any], rate: str) -> Response:
    """Show an exchange rate."""
    at = vantage(query)
    with runtime().database.glance(may_lag=True) as tx:
        found = exchanging.get_rate(tx, rate, known_at=at.known_at)
    return unless_known(rate_tag(found), lambda: answer(RateDocument, found))


@blueprint.route("/rates/<slug:rate>", methods=["PATCH"])
@needs(Scope.WRITE)
@blueprint.arguments(RateChange(partial=True), example=examples.RATE_CHANGE)
@blueprint.response(200, RateDocument)
@blueprint.refuses(404, 412, 428)
def change(said: Any, rate: str) -> Response:
    """Correct an exchange rate, or with a `rate` of null take it back; what it was stays on record."""

    def correct(tx: Transaction) -> Response:
        check_rate_unchanged(exchanging.get_rate(tx, rate, is_locked=True))
        changed = exchanging.correct_rate(tx, rate, said, now=now())
        return tagged(answer(RateDocument, changed), rate_tag(changed))

    return effect(correct)
