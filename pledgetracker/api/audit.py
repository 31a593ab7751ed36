"""/v1/audit: who changed what, and when."""

from typing import Any

from flask import Response
from marshmallow import fields

from pledgetracker.api.access import needs
from pledgetracker.api.answers import listed
from pledgetracker.api.blueprint import ApiBlueprint, list_of
from pledgetracker.api.fields import Choice, Kept, Line, Moment, Whole
from pledgetracker.api.paging import PageQuery, Sort
from pledgetracker.api.schemas.base import MAX_NUMBER, Document, Part
from pledgetracker.domain.access import Scope
from pledgetracker.domain.audit import ActorKind, SubjectKind
from pledgetracker.storage.audit import AuditFilter
from pledgetracker.web import next_cursor, runtime

blueprint = ApiBlueprint("audit", __name__, description="Who changed what, and when")


class ActorDocument(Document):
    """Who changed something."""

    kind = Choice(ActorKind, attribute="kind", dump_only=True)
    key = Line(dump_only=True, allow_none=True, metadata={"description": "The public id of the key."})
    name = Line(dump_only=True, metadata={"description": "Of the key, or of the user on the command line."})


class AuditDocument(Document):
    """One change, as the audit log keeps it."""

    id = Whole(1, MAX_NUMBER, attribute="number", dump_only=True)
    at = fields.AwareDateTime(attribute="deed.at", dump_only=True)
    actor = Part(ActorDocument, attribute="deed.actor", dump_only=True)
    request = Line(
        attribute="deed.actor.request",
        dump_only=True,
        allow_none=True,
        metadata={"description": "The X-Request-Id of the request."},
    )
    action = Line(attribute="deed.action", dump_only=True, metadata={"description": "`pledge.create`, say."})
    subject = Line(
        attribute="deed.subject",
        dump_only=True,
        metadata={"description": "The id of what was changed; for progress and verdicts, of the pledge."},
    )
    before = Kept(attribute="deed.before", dump_only=True, allow_none=True)
    after = Kept(attribute="deed.after", dump_only=True, allow_none=True)
    previous = Line(dump_only=True, metadata={"description": "The hash of the entry before."})
    hash = Line(dump_only=True, metadata={"description": "SHA-256 of this entry and of the hash before."})


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
