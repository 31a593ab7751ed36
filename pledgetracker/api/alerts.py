"""/v1/alerts: what is owed to whom, and what became of it."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from flask import Response

from pledgetracker.api.access import may, needs
from pledgetracker.api.answers import listed
from pledgetracker.api.blueprint import ApiBlueprint, list_of
from pledgetracker.api.fields import Choice, Slug
from pledgetracker.api.paging import PageQuery, Sort
from pledgetracker.api.schemas import AlertDocument
from pledgetracker.domain.access import Scope
from pledgetracker.domain.alert import AlertState, message_id
from pledgetracker.storage.alerts import AlertEntry, AlertFilter
from pledgetracker.storage.paging import Page
from pledgetracker.web import next_cursor, runtime

blueprint = ApiBlueprint("alerts", __name__, description="What is owed to whom, and what became of it")


class AlertQuery(PageQuery):
    """Which alerts are wanted, in which order."""

    types = {"id": int, "due_at": datetime}

    pledge = Slug()
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


def _view(entry: AlertEntry) -> AlertView:
    if not may(Scope.WRITE):
        return AlertView(entry, None, None)
    return AlertView(entry, entry.recipient.email, message_id(entry.dedup_key, runtime().mail_domain))
