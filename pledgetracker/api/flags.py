"""/v1/flags: what the scheduler found, open and past."""

from datetime import datetime
from typing import Any

from flask import Response

from pledgetracker.api.access import needs
from pledgetracker.api.answers import listed
from pledgetracker.api.blueprint import ApiBlueprint, list_of
from pledgetracker.api.fields import Choice, QueryTruth, Slug
from pledgetracker.api.paging import PageQuery, Sort
from pledgetracker.api.schemas import FlagDocument
from pledgetracker.domain.access import Scope
from pledgetracker.domain.flag import FlagKind
from pledgetracker.storage.flags import FlagFilter
from pledgetracker.web import next_cursor, runtime

blueprint = ApiBlueprint("flags", __name__, description="What the scheduler found")


class FlagQuery(PageQuery):
    """Which flags are wanted, in which order."""

    types = {"id": int, "opened_at": datetime}

    pledge = Slug()
    kind = Choice(FlagKind)
    open = QueryTruth(metadata={"description": "true for open ones, false for cleared ones."})
    sort = Sort(("id", "opened_at"), load_default="id")


@blueprint.route("/flags", methods=["GET"])
@needs(Scope.READ)
@blueprint.arguments(FlagQuery(), location="query")
@blueprint.response(200, list_of(FlagDocument))
def list_all(query: dict[str, Any]) -> Response:
    """List the stored record of flags; a pledge's standing shows those of its instant."""
    page = query["page"]
    wanted = FlagFilter(query.get("pledge"), query.get("kind"), query.get("open"))
    with runtime().database.read(may_lag=True) as tx:
        found = tx.flags.page(wanted, page)
    return listed(FlagDocument, found, next_cursor(page, found.after))
