"""/v1/pledges/{id}/history: everything that was recorded of a pledge, as one readable timeline."""

from datetime import datetime
from typing import Any

from flask import Response
from marshmallow import fields

from pledgetracker.api.access import needs
from pledgetracker.api.answers import listed
from pledgetracker.api.blueprint import ApiBlueprint, list_of
from pledgetracker.api.fields import Choice, Day, Line, Text, Whole
from pledgetracker.api.paging import PageQuery, Sort
from pledgetracker.api.schemas.base import MAX_NUMBER, Document
from pledgetracker.api.vantage import VantageQuery, vantage
from pledgetracker.domain.access import Scope
from pledgetracker.domain.history import Happening
from pledgetracker.services.recounting import history
from pledgetracker.web import next_cursor, runtime

blueprint = ApiBlueprint("history", __name__, description="What was recorded of a pledge, and when")


class HistoryDocument(Document):
    """One thing that was recorded of a pledge."""

    at = fields.AwareDateTime(dump_only=True, metadata={"description": "The instant of recording."})
    what = Choice(Happening, dump_only=True)
    number = Whole(1, MAX_NUMBER, dump_only=True, metadata={"description": "Of the row that it tells of."})
    day = Day(dump_only=True, metadata={"description": "The day that it speaks of."})
    summary = Text(dump_only=True, metadata={"description": "A sentence that can be read alone."})
    by = Line(dump_only=True, allow_none=True, metadata={"description": "Who did it, where that is known."})


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
