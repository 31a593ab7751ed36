"""/v1/pledges/{id}/verdicts: what people ruled, and what the tracker would suggest."""

from datetime import date
from typing import Any

from flask import Response, url_for

from pledgetracker.api import examples
from pledgetracker.api.access import needs
from pledgetracker.api.answers import answer, created, listed
from pledgetracker.api.blueprint import ApiBlueprint, list_of
from pledgetracker.api.conditions import tagged, unless_known, verdict_tag
from pledgetracker.api.effects import effect
from pledgetracker.api.paging import PageQuery, Sort
from pledgetracker.api.schemas.rubrics import SuggestionDocument
from pledgetracker.api.schemas.verdicts import VerdictDocument
from pledgetracker.api.vantage import VantageQuery, vantage
from pledgetracker.domain.access import Scope
from pledgetracker.services import ruling
from pledgetracker.services.reading import view_verdict
from pledgetracker.storage.database import Transaction
from pledgetracker.web import next_cursor, now, runtime

blueprint = ApiBlueprint("verdicts", __name__, description="What people ruled on a pledge")


class VerdictQuery(PageQuery, VantageQuery):
    """In which order verdicts are wanted, ruled until when and knowing what."""

    types = {"id": int, "ruled_on": date}

    sort = Sort(("id", "ruled_on"), load_default="id")


@blueprint.route("/pledges/<slug:pledge>/verdicts", methods=["GET"])
@needs(Scope.READ)
@blueprint.arguments(VerdictQuery(), location="query")
@blueprint.response(200, list_of(VerdictDocument))
@blueprint.refuses(404)
def list_all(query: dict[str, Any], pledge: str) -> Response:
    """List every verdict on a pledge, also those that later ones replace or take back."""
    page, at = query["page"], vantage(query)
    with runtime().database.read(may_lag=True) as tx:
        found = ruling.list_verdicts(tx, pledge, page, at)
    return listed(VerdictDocument, found, next_cursor(page, found.after))


@blueprint.route("/pledges/<slug:pledge>/verdicts", methods=["POST"])
@needs(Scope.REVIEW)
@blueprint.arguments(VerdictDocument(), example=examples.VERDICT)
@blueprint.response(201, VerdictDocument)
@blueprint.refuses(404, 409)
def add(fields: Any, pledge: str) -> Response:
    """Record what somebody rules; with `retracts`, that an earlier verdict was recorded by mistake."""

    def rule(tx: Transaction) -> Response:
        record, verdict = ruling.record_verdict(tx, pledge, fields, runtime().rules, now=now())
        location = url_for("verdicts.get", pledge=pledge, number=verdict.number)
        shown = view_verdict(record, verdict)
        return tagged(created(VerdictDocument, shown, location), verdict_tag(shown))

    return effect(rule)


@blueprint.route("/pledges/<slug:pledge>/verdicts/<number:number>", methods=["GET"])
@needs(Scope.READ)
@blueprint.arguments(VantageQuery(only=("known_at",)), location="query")
@blueprint.response(200, VerdictDocument)
@blueprint.refuses(404)
def get(query: dict[str, Any], pledge: str, number: int) -> Response:
    """Show one verdict."""
    at = vantage(query)
    with runtime().database.read(may_lag=True) as tx:
        shown = ruling.get_verdict(tx, pledge, number, at)
    return unless_known(verdict_tag(shown), lambda: answer(VerdictDocument, shown))


@blueprint.route("/pledges/<slug:pledge>/verdicts/suggestions", methods=["GET"])
@needs(Scope.READ)
@blueprint.arguments(VantageQuery(), location="query")
@blueprint.response(200, list_of(SuggestionDocument))
@blueprint.refuses(404)
def suggest(query: dict[str, Any], pledge: str) -> Response:
    """Show what the newest version of each rubric would suggest; the tracker never decides."""
    at = vantage(query)
    with runtime().database.read(may_lag=True) as tx:
        found = ruling.suggestions(tx, pledge, runtime().rules, at)
    return listed(SuggestionDocument, found, None)
