"""/v1/rates: what one currency was in another on a day, as somebody published it."""

from datetime import date
from typing import Any

from flask import Response, url_for
from marshmallow import ValidationError, fields

from pledgetracker.api import examples
from pledgetracker.api.access import needs
from pledgetracker.api.answers import answer, created, listed
from pledgetracker.api.blueprint import ApiBlueprint, list_of
from pledgetracker.api.effects import effect
from pledgetracker.api.fields import Day, Line, Number, Slug
from pledgetracker.api.paging import PageQuery, Sort
from pledgetracker.api.schemas.base import Document, Part
from pledgetracker.api.schemas.sources import SourceDocument
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
    rate = Number(required=True, metadata={"description": "What one `base` was in `quote`; above 0."})
    source = Part(SourceDocument, required=True, metadata={"description": "Who published it."})
    recorded_at = fields.AwareDateTime(dump_only=True)


class RateQuery(PageQuery):
    """Which rates are wanted, in which order."""

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
    page = query.pop("page")
    with runtime().database.glance(may_lag=True) as tx:
        found = tx.rates.page(RateFilter(**query), page)
    return listed(RateDocument, found, next_cursor(page, found.after))


@blueprint.route("/rates", methods=["POST"])
@needs(Scope.WRITE)
@blueprint.arguments(RateDocument(), example=examples.RATE)
@blueprint.response(201, RateDocument)
@blueprint.refuses(409)
def add(said: Any) -> Response:
    """Record an exchange rate; a pair has one a day."""

    def record(tx: Transaction) -> Response:
        made = exchanging.add_rate(tx, said, now=now())
        return created(RateDocument, made, url_for("rates.show", rate=made.id))

    return effect(record)


@blueprint.route("/rates/<slug:rate>", methods=["GET"])
@needs(Scope.READ)
@blueprint.response(200, RateDocument)
@blueprint.refuses(404)
def show(rate: str) -> Response:
    """Show an exchange rate."""
    with runtime().database.glance(may_lag=True) as tx:
        return answer(RateDocument, exchanging.get_rate(tx, rate))
