"""/v1/alerts: what is owed to whom, and what became of it."""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from flask import Response
from marshmallow import fields

from pledgetracker.api.access import may, needs
from pledgetracker.api.answers import answer, listed
from pledgetracker.api.blueprint import ApiBlueprint, list_of
from pledgetracker.api.effects import effect
from pledgetracker.api.fields import Choice, Day, Email, Line, Slug, Whole
from pledgetracker.api.paging import PageQuery, Sort
from pledgetracker.api.schemas.base import MAX_NUMBER, Document
from pledgetracker.api.veil import veiled
from pledgetracker.domain.access import Scope
from pledgetracker.domain.alert import AlertState, message_id
from pledgetracker.domain.attempt import Outcome, Phase
from pledgetracker.services import requeuing
from pledgetracker.services.requeuing import get_alert
from pledgetracker.storage.alerts import AlertEntry, AlertFilter
from pledgetracker.storage.database import Transaction
from pledgetracker.storage.paging import Page
from pledgetracker.web import next_cursor, now, runtime

blueprint = ApiBlueprint("alerts", __name__, description="What is owed to whom, and what became of it")


class AlertDocument(Document):
    """An owed alert and what became of it. The recipient shows only to keys with scope write."""

    id = Whole(1, MAX_NUMBER, attribute="entry.id", dump_only=True)
    pledge = Slug(attribute="entry.pledge", dump_only=True)
    milestone = Slug(attribute="entry.milestone", dump_only=True, allow_none=True)
    kind = Line(attribute="entry.kind", dump_only=True)
    episode = Day(attribute="entry.episode", dump_only=True)
    step = Whole(0, MAX_NUMBER, attribute="entry.step", dump_only=True)
    recipient = Email(dump_only=True, allow_none=True)
    channel = Line(attribute="entry.channel", dump_only=True)
    due_at = fields.AwareDateTime(attribute="entry.due_at", dump_only=True)
    planned_at = fields.AwareDateTime(attribute="entry.planned_at", dump_only=True)
    state = Choice(AlertState, attribute="entry.state", dump_only=True)
    reason = Line(attribute="entry.reason", dump_only=True, allow_none=True)
    superseded_by = Whole(1, MAX_NUMBER, attribute="entry.superseded_by", dump_only=True, allow_none=True)
    attempts = Whole(0, MAX_NUMBER, attribute="entry.attempts", dump_only=True)
    next_attempt_at = fields.AwareDateTime(attribute="entry.next_attempt_at", dump_only=True, allow_none=True)
    ended_at = fields.AwareDateTime(attribute="entry.ended_at", dump_only=True, allow_none=True)
    message_id = Line(dump_only=True, allow_none=True)


class AttemptDocument(Document):
    """One attempt to send an alert."""

    number = Whole(1, MAX_NUMBER, dump_only=True)
    begun_at = fields.AwareDateTime(dump_only=True)
    ended_at = fields.AwareDateTime(
        dump_only=True, allow_none=True, metadata={"description": "Null while it is under way."}
    )
    outcome = Choice(
        Outcome,
        dump_only=True,
        allow_none=True,
        metadata={
            "description": "`outage`: no letter could leave, which counts against none; "
            "`lost`: whoever made it was killed."
        },
    )
    phase = Choice(
        Phase,
        dump_only=True,
        allow_none=True,
        metadata={"description": "How far it came; null where nobody knows."},
    )
    code = Whole(0, MAX_NUMBER, dump_only=True, allow_none=True)
    words = Line(
        dump_only=True, allow_none=True, metadata={"description": "What the server said, or was met."}
    )


class AlertQuery(PageQuery):
    """Which alerts are wanted, in which order."""

    types = {"id": int, "due_at": datetime}

    pledge = Slug(metadata={"description": "Those about this one."})
    state = Choice(AlertState)
    sort = Sort(("id", "due_at"), load_default="id")


@dataclass(frozen=True, slots=True)
class AlertView:
    """An alert as a caller may see it; who gets it is not for everyone."""

    entry: AlertEntry
    recipient: str | None
    message_id: str | None


@blueprint.route("/alerts", methods=["GET"])
@needs(Scope.READ)
@blueprint.arguments(AlertQuery(), location="query")
@blueprint.response(200, list_of(AlertDocument))
def list_all(query: dict[str, Any]) -> Response:
    """List alerts and what became of each; recipients show only to keys with scope write."""
    page = query["page"]
    wanted = AlertFilter(query.get("pledge"), query.get("state"))
    with runtime().database.read() as tx:
        found = tx.alerts.page(wanted, page)
    shown = Page([_view(entry) for entry in found.items], found.positions, found.has_more)
    return listed(AlertDocument, shown, next_cursor(page, found.after))


@blueprint.route("/alerts/<number:number>", methods=["GET"])
@needs(Scope.READ)
@blueprint.response(200, AlertDocument)
@blueprint.refuses(404)
def get(number: int) -> Response:
    """Show one alert."""
    with runtime().database.read() as tx:
        return answer(AlertDocument, _view(get_alert(tx, number)))


@blueprint.route("/alerts/<number:number>/attempts", methods=["GET"])
@needs(Scope.WRITE)
@blueprint.response(200, list_of(AttemptDocument))
@blueprint.refuses(404)
def attempts(number: int) -> Response:
    """List every attempt to send an alert, the first one first, on one page: what the mail server said."""
    with runtime().database.read() as tx:
        found = tx.attempts.of(get_alert(tx, number).id)
    return listed(AttemptDocument, Page(found, (), has_more=False), None)


@blueprint.route("/alerts/<number:number>/requeue", methods=["POST"])
@needs(Scope.WRITE)
@blueprint.response(200, AlertDocument)
@blueprint.refuses(404, 409)
def requeue(number: int) -> Response:
    """Try a dead alert anew, under the same Message-ID; one that is moot by then is cancelled."""

    def anew(tx: Transaction) -> Response:
        return answer(AlertDocument, _view(requeuing.requeue(tx, number, now=now())))

    return effect(anew)


def _view(entry: AlertEntry) -> AlertView:
    if not may(Scope.WRITE):
        # Not only the address of its recipient: one stands behind another, and servers say where it leads.
        return AlertView(replace(entry, reason=entry.reason and veiled(entry.reason)), None, None)
    return AlertView(entry, entry.recipient.email, message_id(entry.dedup_key, runtime().mail_domain))
