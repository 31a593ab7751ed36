"""/v1/pledgers: who made promises."""

from datetime import datetime
from typing import Any

from flask import Response, url_for

from pledgetracker.api import examples
from pledgetracker.api.access import needs
from pledgetracker.api.answers import answer, created, listed, nothing
from pledgetracker.api.blueprint import ApiBlueprint, list_of
from pledgetracker.api.conditions import check_entry_unchanged, entry_tag, tagged, unless_known
from pledgetracker.api.effects import effect
from pledgetracker.api.fields import Choice
from pledgetracker.api.paging import PageQuery, Sort
from pledgetracker.api.schemas.catalogue import PledgerChange, PledgerDocument
from pledgetracker.api.vantage import VantageQuery, vantage
from pledgetracker.domain.access import Scope
from pledgetracker.domain.catalogue import PledgerKind
from pledgetracker.services import cataloguing
from pledgetracker.services.recalling import pledger_known
from pledgetracker.storage.database import Transaction
from pledgetracker.web import next_cursor, now, runtime

blueprint = ApiBlueprint("pledgers", __name__, description="Who made promises")


class PledgerQuery(PageQuery, VantageQuery):
    """Which pledgers are wanted, in which order and knowing what."""

    class Meta(PageQuery.Meta):
        """Nothing is said of them about a day."""

        exclude = ("as_of",)

    types = {"id": str, "name": str, "updated_at": datetime}

    kind = Choice(PledgerKind)
    sort = Sort(("id", "name", "updated_at"), load_default="id")


@blueprint.route("/pledgers", methods=["GET"])
@needs(Scope.READ)
@blueprint.arguments(PledgerQuery(), location="query")
@blueprint.response(200, list_of(PledgerDocument))
def list_all(query: dict[str, Any]) -> Response:
    """List pledgers."""
    page, at = query["page"], vantage(query)
    with runtime().database.read(may_lag=True) as tx:
        found = cataloguing.list_pledgers(tx, page, at, kind=query.get("kind"))
    return listed(PledgerDocument, found, next_cursor(page, found.after))


@blueprint.route("/pledgers", methods=["POST"])
@needs(Scope.WRITE)
@blueprint.arguments(PledgerDocument(), example=examples.PLEDGER)
@blueprint.response(201, PledgerDocument)
@blueprint.refuses(409)
def add(fields: Any) -> Response:
    """Record a pledger."""

    def record(tx: Transaction) -> Response:
        made = cataloguing.add_pledger(tx, fields, now=now())
        location = url_for("pledgers.get", pledger=made.id)
        return tagged(created(PledgerDocument, made, location), entry_tag(made))

    return effect(record)


@blueprint.route("/pledgers/<slug:pledger>", methods=["GET"])
@needs(Scope.READ)
@blueprint.arguments(VantageQuery(only=("known_at",)), location="query")
@blueprint.response(200, PledgerDocument)
@blueprint.refuses(404)
def get(query: dict[str, Any], pledger: str) -> Response:
    """Show a pledger."""
    at = vantage(query)
    with runtime().database.glance(may_lag=True) as tx:
        found = pledger_known(tx, pledger, at)
    return unless_known(entry_tag(found), lambda: answer(PledgerDocument, found))


@blueprint.route("/pledgers/<slug:pledger>", methods=["PATCH"])
@needs(Scope.WRITE)
@blueprint.arguments(PledgerChange(partial=True), example=examples.PLEDGER_CHANGE)
@blueprint.response(200, PledgerDocument)
@blueprint.refuses(404, 412, 428)
def change(fields: Any, pledger: str) -> Response:
    """Change a pledger."""

    def edit(tx: Transaction) -> Response:
        check_entry_unchanged("pledger", tx.pledgers.lock(pledger))
        changed = cataloguing.change_pledger(tx, pledger, fields, now=now())
        return tagged(answer(PledgerDocument, changed), entry_tag(changed))

    return effect(edit)


@blueprint.route("/pledgers/<slug:pledger>", methods=["DELETE"])
@needs(Scope.WRITE)
@blueprint.response(204)
@blueprint.refuses(404, 409, 412, 428)
def delete(pledger: str) -> Response:
    """Remove a pledger that nothing names."""

    def remove(tx: Transaction) -> Response:
        check_entry_unchanged("pledger", tx.pledgers.lock(pledger))
        cataloguing.delete_pledger(tx, pledger, now=now())
        return nothing()

    return effect(remove)
