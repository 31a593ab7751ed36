"""/v1/audit: who changed what, and when."""

from typing import Any

from flask import Response

from pledgetracker.api.access import needs
from pledgetracker.api.answers import listed
from pledgetracker.api.blueprint import ApiBlueprint, list_of
from pledgetracker.api.fields import Choice, Line, Moment
from pledgetracker.api.paging import PageQuery, Sort
from pledgetracker.api.schemas import AuditDocument
from pledgetracker.domain.access import Scope
from pledgetracker.domain.audit import SubjectKind
from pledgetracker.storage.audit import AuditFilter
from pledgetracker.web import next_cursor, runtime

blueprint = ApiBlueprint("audit", __name__, description="Who changed what, and when")


class AuditQuery(PageQuery):
    """Which entries are wanted, in which order."""

    types = {"id": int}

    kind = Choice(SubjectKind, metadata={"description": "The sort of thing that was changed."})
    subject = Line(
        metadata={"description": "The id of what was changed; for progress and verdicts, of the pledge."}
    )
    actor = Line(
        max_length=40, metadata={"description": "The public id of a key, or cli, scheduler or system."}
    )
    since = Moment(metadata={"description": "Changes at this instant or later."})
    until = Moment(metadata={"description": "Changes before this instant."})
    sort = Sort(("id",), load_default="id")


@blueprint.route("/audit", methods=["GET"])
@needs(Scope.ADMIN)
@blueprint.arguments(AuditQuery(), location="query")
@blueprint.response(200, list_of(AuditDocument))
def list_all(query: dict[str, Any]) -> Response:
    """List every change since the log began, in order; `pledgetracker audit verify` proves it whole."""
    page = query.pop("page")
    with runtime().database.read() as tx:
        found = tx.audit.page(AuditFilter(**query), page)
    return listed(AuditDocument, found, next_cursor(page, found.after))
