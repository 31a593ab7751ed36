"""/v1/pledges/{id}/conflicts: days about which accepted updates differ."""

from datetime import date
from typing import Any

from flask import Response, url_for

from pledgetracker.api import examples
from pledgetracker.api.access import actor, needs
from pledgetracker.api.answers import created, listed
from pledgetracker.api.blueprint import ApiBlueprint, list_of
from pledgetracker.api.effects import effect
from pledgetracker.api.paging import PageQuery, Sort
from pledgetracker.api.schemas.conflicts import ConflictDocument, ResolutionDocument
from pledgetracker.api.vantage import VantageQuery, vantage
from pledgetracker.domain.access import Scope
from pledgetracker.domain.conflict import conflicts
from pledgetracker.services import reviewing
from pledgetracker.services.reading import get_record, known
from pledgetracker.storage.database import Transaction
from pledgetracker.storage.paging import Page, Position, paged
from pledgetracker.web import next_cursor, now, runtime

blueprint = ApiBlueprint("conflicts", __name__, description="Reports that differ")


class ConflictQuery(PageQuery, VantageQuery):
    """Which conflicts are wanted."""

    types = {"as_of": date}

    sort = Sort(("as_of",), load_default="as_of")


@blueprint.route("/pledges/<slug:pledge>/conflicts", methods=["GET"])
@needs(Scope.READ)
@blueprint.arguments(ConflictQuery(), location="query")
@blueprint.response(200, list_of(ConflictDocument))
@blueprint.refuses(404)
def list_all(query: dict[str, Any], pledge: str) -> Response:
    """List the days about which accepted updates differ, settled ones too, each with its sources."""
    page, at = query["page"], vantage(query)
    with runtime().database.read(may_lag=True) as tx:
        record = known(get_record(tx, pledge), at)
    found = {
        Position(conflict.as_of, conflict.milestone or ""): conflict
        for conflict in conflicts(record, today=at.today(record.pledge.time_zone))
    }
    places = paged(found, page)
    shown = Page([found[place] for place in places.items], places.positions, places.has_more)
    return listed(ConflictDocument, shown, next_cursor(page, shown.after))


@blueprint.route("/pledges/<slug:pledge>/conflicts", methods=["POST"])
@needs(Scope.REVIEW)
@blueprint.arguments(ResolutionDocument(), example=examples.RESOLUTION)
@blueprint.response(201, ResolutionDocument)
@blueprint.refuses(404, 409)
def resolve(fields: Any, pledge: str) -> Response:
    """Choose which of several updates about one day makes the figure; the others stay on record."""
    by = actor().name

    def choose(tx: Transaction) -> Response:
        choice = reviewing.resolve(tx, pledge, fields, runtime().rules, by=by, now=now())
        return created(ResolutionDocument, choice, url_for("conflicts.list_all", pledge=pledge))

    return effect(choose)
