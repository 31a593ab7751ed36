"""/v1/flags: what the scheduler found, open and past."""

from datetime import datetime
from typing import Any

from flask import Response
from marshmallow import fields

from pledgetracker.api.access import needs
from pledgetracker.api.answers import listed
from pledgetracker.api.blueprint import ApiBlueprint, list_of
from pledgetracker.api.fields import Choice, Day, QueryTruth, Slug, Whole
from pledgetracker.api.paging import PageQuery, Sort
from pledgetracker.api.schemas.base import MAX_NUMBER, Document
from pledgetracker.api.vantage import VantageQuery, vantage
from pledgetracker.domain.access import Scope
from pledgetracker.domain.flag import FlagKind
from pledgetracker.storage.flags import FlagFilter
from pledgetracker.web import next_cursor, runtime

blueprint = ApiBlueprint("flags", __name__, description="What the scheduler found")


class FlagDocument(Document):
    """A flag as it stands in the record."""

    id = Whole(1, MAX_NUMBER, dump_only=True)
    pledge = Slug(dump_only=True)
    kind = Choice(FlagKind, dump_only=True)
    milestone = Slug(dump_only=True, allow_none=True)
    episode = Day(dump_only=True, metadata={"description": "The date that names this occurrence."})
    opened_on = Day(dump_only=True, metadata={"description": "The local day from which it counts."})
    opened_at = fields.AwareDateTime(dump_only=True)
    cleared_at = fields.AwareDateTime(dump_only=True, allow_none=True)


class FlagQuery(PageQuery, VantageQuery):
    """Which flags are wanted, in which order and knowing what."""

    class Meta(PageQuery.Meta):
        """No day: a standing shows the flags of any."""

        exclude = ("as_of",)

    types = {"id": int, "opened_at": datetime}

    pledge = Slug(metadata={"description": "Those about this one."})
    kind = Choice(FlagKind)
    open = QueryTruth(metadata={"description": "true for open ones, false for cleared ones."})
    sort = Sort(("id", "opened_at"), load_default="id")


@blueprint.route("/flags", methods=["GET"])
@needs(Scope.READ)
@blueprint.arguments(FlagQuery(), location="query")
@blueprint.response(200, list_of(FlagDocument))
def list_all(query: dict[str, Any]) -> Response:
    """List the stored record of flags; a pledge's standing shows those of its instant."""
    page, at = query["page"], vantage(query)
    wanted = FlagFilter(query.get("pledge"), query.get("kind"), query.get("open"), at.known_at)
    with runtime().database.read(may_lag=True) as tx:
        found = tx.flags.page(wanted, page)
    return listed(FlagDocument, found, next_cursor(page, found.after))
