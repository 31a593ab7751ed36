"""/v1/pledges/{id}/progress: what was reported."""

from datetime import date
from typing import Any

from flask import Response

from pledgetracker.api import examples
from pledgetracker.api.access import check_may_report_for, may, needs
from pledgetracker.api.answers import answer, created, listed
from pledgetracker.api.blueprint import ApiBlueprint, list_of
from pledgetracker.api.conditions import tagged, unless_known, update_tag
from pledgetracker.api.effects import effect
from pledgetracker.api.paging import PageQuery, Sort
from pledgetracker.api.schemas.progress import ProgressDocument
from pledgetracker.api.vantage import VantageQuery, vantage
from pledgetracker.domain.access import Scope
from pledgetracker.domain.review import Review
from pledgetracker.services.reading import get_update, list_updates, view_update
from pledgetracker.services.reporting import record_progress
from pledgetracker.storage.database import Transaction
from pledgetracker.web import next_cursor, now, runtime, visit

blueprint = ApiBlueprint("progress", __name__, description="What was reported on a pledge")


class ProgressQuery(PageQuery, VantageQuery):
    """In which order updates are wanted, about which days and knowing what."""

    types = {"id": int, "as_of": date}

    sort = Sort(("id", "as_of"), load_default="id")


@blueprint.route("/pledges/<slug:pledge>/progress", methods=["GET"])
@needs(Scope.READ)
@blueprint.arguments(ProgressQuery(), location="query")
@blueprint.response(200, list_of(ProgressDocument))
@blueprint.refuses(404)
def list_all(query: dict[str, Any], pledge: str) -> Response:
    """List the progress updates of a pledge, corrected ones too."""
    page, at = query["page"], vantage(query)
    with runtime().database.read(may_lag=True) as tx:
        found = list_updates(tx, pledge, page, at)
    return listed(ProgressDocument, found, next_cursor(page, found.after))


@blueprint.route("/pledges/<slug:pledge>/progress", methods=["POST"])
@needs(Scope.PROGRESS)
@blueprint.arguments(ProgressDocument(), example=examples.PROGRESS)
@blueprint.response(201, ProgressDocument)
@blueprint.refuses(404, 409)
def add(fields: Any, pledge: str) -> Response:
    """Record a progress update; one sent with a reviewer's key counts at once, others wait for a reviewer."""

    def report(tx: Transaction) -> Response:
        check_may_report_for(tx, pledge)
        review = Review.ACCEPTED if may(Scope.REVIEW) else Review.SUBMITTED
        record, update = record_progress(tx, pledge, fields, runtime().rules, review=review, now=now())
        shown = view_update(record, update)
        location = f"{visit().address}/{update.number}"
        return tagged(created(ProgressDocument, shown, location), update_tag(shown))

    return effect(report)


@blueprint.route("/pledges/<slug:pledge>/progress/<number:number>", methods=["GET"])
@needs(Scope.READ)
@blueprint.arguments(VantageQuery(only=("known_at",)), location="query")
@blueprint.response(200, ProgressDocument)
@blueprint.refuses(404)
def get(query: dict[str, Any], pledge: str, number: int) -> Response:
    """Show one progress update."""
    at = vantage(query)
    with runtime().database.read(may_lag=True) as tx:
        shown = get_update(tx, pledge, number, at)
    return unless_known(update_tag(shown), lambda: answer(ProgressDocument, shown))
