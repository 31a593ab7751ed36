"""/v1/reviews: what waits for a reviewer; and the decisions about one update."""

from datetime import datetime
from typing import Any

from flask import Response, url_for
from marshmallow import ValidationError, fields

from pledgetracker.api import examples
from pledgetracker.api.access import actor, needs
from pledgetracker.api.answers import created, listed
from pledgetracker.api.blueprint import ApiBlueprint, list_of
from pledgetracker.api.effects import effect
from pledgetracker.api.fields import Choice, Line, Slug
from pledgetracker.api.paging import PageQuery, Sort
from pledgetracker.api.schemas.base import Document
from pledgetracker.api.schemas.progress import DecisionDocument, ProgressDocument
from pledgetracker.api.vantage import VantageQuery, vantage
from pledgetracker.domain.access import Scope
from pledgetracker.domain.review import Review
from pledgetracker.services import reviewing
from pledgetracker.services.reading import get_update
from pledgetracker.storage.database import Transaction
from pledgetracker.storage.paging import Page, Position, paged
from pledgetracker.storage.reviews import WaitingFilter
from pledgetracker.web import next_cursor, now, runtime

blueprint = ApiBlueprint("reviews", __name__, description="Which reports count")


class WaitingDocument(Document):
    """An update that waits for a reviewer."""

    pledge = Slug(attribute="pledge.id", dump_only=True)
    title = Line(attribute="pledge.title", dump_only=True)
    pledger = Slug(attribute="pledge.pledger", dump_only=True)
    unit = Line(attribute="pledge.unit", dump_only=True, allow_none=True)
    update = fields.Nested(ProgressDocument, attribute="shown", dump_only=True)


class OpenReview(Choice[Review]):
    """A state in which an update waits."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(Review, **kwargs)
        self.openapi = {"type": "string", "enum": [review.value for review in Review if review.is_open]}

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> Review:
        review = super()._deserialize(value, attr, data, **kwargs)
        if not review.is_open:
            raise ValidationError("Must be submitted or disputed; others wait for nobody.")
        return review


class WaitingQuery(PageQuery):
    """What is wanted of what waits."""

    types = {"recorded_at": datetime}

    review = OpenReview()
    pledge = Slug(metadata={"description": "Those about this one."})
    pledger = Slug(metadata={"description": "Those about pledges of this one."})
    sort = Sort(("recorded_at",), load_default="recorded_at")


class DecisionQuery(PageQuery, VantageQuery):
    """Which decisions are wanted."""

    types = {"id": int}

    sort = Sort(("id",), load_default="id")


@blueprint.route("/reviews", methods=["GET"])
@needs(Scope.REVIEW)
@blueprint.arguments(WaitingQuery(), location="query")
@blueprint.response(200, list_of(WaitingDocument))
def list_all(query: dict[str, Any]) -> Response:
    """List what was submitted or is disputed, what waits longest first."""
    page = query.pop("page")
    with runtime().database.read(may_lag=True) as tx:
        found = reviewing.list_waiting(tx, WaitingFilter(**query), page)
    return listed(WaitingDocument, found, next_cursor(page, found.after))


@blueprint.route("/pledges/<slug:pledge>/progress/<number:number>/decisions", methods=["GET"])
@needs(Scope.READ)
@blueprint.arguments(DecisionQuery(), location="query")
@blueprint.response(200, list_of(DecisionDocument))
@blueprint.refuses(404)
def list_decisions(query: dict[str, Any], pledge: str, number: int) -> Response:
    """List what reviewers decided about an update: who, when, why."""
    page, at = query["page"], vantage(query)
    with runtime().database.read(may_lag=True) as tx:
        decisions = {d.number: d for d in get_update(tx, pledge, number, at).decisions}
    found = paged((Position(n, n) for n in decisions), page)
    shown = Page([decisions[int(place.key)] for place in found.items], found.positions, found.has_more)
    return listed(DecisionDocument, shown, next_cursor(page, found.after))


@blueprint.route("/pledges/<slug:pledge>/progress/<number:number>/decisions", methods=["POST"])
@needs(Scope.REVIEW)
@blueprint.arguments(DecisionDocument(), example=examples.DECISION)
@blueprint.response(201, DecisionDocument)
@blueprint.refuses(404, 409)
def add(fields: Any, pledge: str, number: int) -> Response:
    """Accept an update, return it saying what is wanted, or dispute it with a counter-claim."""
    by = actor().name

    def decide(tx: Transaction) -> Response:
        decided = reviewing.decide(tx, pledge, number, fields, runtime().rules, by=by, now=now())
        return created(
            DecisionDocument, decided, url_for("reviews.list_decisions", pledge=pledge, number=number)
        )

    return effect(decide)
