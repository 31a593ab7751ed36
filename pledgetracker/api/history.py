"""/v1/pledges/{id}/history: everything that was recorded of a pledge, as one readable timeline."""

from datetime import datetime
from typing import Any

from flask import Response

from pledgetracker.api.access import needs
from pledgetracker.api.answers import listed
from pledgetracker.api.blueprint import ApiBlueprint, list_of
from pledgetracker.api.paging import PageQuery, Sort
from pledgetracker.api.schemas import HistoryDocument
from pledgetracker.api.vantage import VantageQuery, vantage
from pledgetracker.domain.access import Scope
from pledgetracker.services.recounting import history
from pledgetracker.web import next_cursor, runtime

blueprint = ApiBlueprint("history", __name__, description="What was recorded of a pledge, and when")


class HistoryQuery(PageQuery, VantageQuery):
    """Which entries are wanted, in which order."""

    class Meta(PageQuery.Meta):
        """No day: a history has them all."""

        exclude = ("as_of",)

    types = {"at": datetime}

    sort = Sort(("at",), load_default="at")


@blueprint.route("/pledges/<slug:pledge>/history", methods=["GET"])
@needs(Scope.READ)
@blueprint.arguments(HistoryQuery(), location="query")
@blueprint.response(200, list_of(HistoryDocument))
@blueprint.refuses(404)
def list_all(query: dict[str, Any], pledge: str) -> Response:
    """Tell what was promised, reported, reviewed, corrected, moved, ruled, flagged, in order of recording."""
    page, at = query["page"], vantage(query)
    with runtime().database.read(may_lag=True) as tx:
        found = history(tx, pledge, page, at)
    return listed(HistoryDocument, found, next_cursor(page, found.after))
