"""/v1/initiatives: what groups pledges."""

from datetime import datetime
from typing import Any

from flask import Response, url_for

from pledgetracker.api import examples
from pledgetracker.api.access import needs
from pledgetracker.api.answers import answer, created, listed, nothing
from pledgetracker.api.blueprint import ApiBlueprint, list_of
from pledgetracker.api.conditions import check_entry_unchanged, entry_tag, tagged, unless_known
from pledgetracker.api.effects import effect
from pledgetracker.api.fields import Slug
from pledgetracker.api.paging import PageQuery, Sort
from pledgetracker.api.schemas.catalogue import InitiativeChange, InitiativeDocument
from pledgetracker.api.vantage import VantageQuery, vantage
from pledgetracker.domain.access import Scope
from pledgetracker.services import cataloguing
from pledgetracker.services.recalling import initiative_known
from pledgetracker.storage.database import Transaction
from pledgetracker.web import next_cursor, now, runtime

blueprint = ApiBlueprint("initiatives", __name__, description="What groups pledges")


class InitiativeQuery(PageQuery, VantageQuery):
    """Which initiatives are wanted, in which order and knowing what."""

    class Meta(PageQuery.Meta):
        """Nothing is said of them about a day."""

        exclude = ("as_of",)

    types = {"id": str, "title": str, "updated_at": datetime}

    parent = Slug(metadata={"description": "Those that stand directly under this one."})
    sort = Sort(("id", "title", "updated_at"), load_default="id")


@blueprint.route("/initiatives", methods=["GET"])
@needs(Scope.READ)
@blueprint.arguments(InitiativeQuery(), location="query")
@blueprint.response(200, list_of(InitiativeDocument))
def list_all(query: dict[str, Any]) -> Response:
    """List initiatives."""
    page, at = query["page"], vantage(query)
    with runtime().database.read(may_lag=True) as tx:
        found = cataloguing.list_initiatives(tx, page, at, parent=query.get("parent"))
    return listed(InitiativeDocument, found, next_cursor(page, found.after))


@blueprint.route("/initiatives", methods=["POST"])
@needs(Scope.WRITE)
@blueprint.arguments(InitiativeDocument(), example=examples.INITIATIVE)
@blueprint.response(201, InitiativeDocument)
@blueprint.refuses(409)
def add(fields: Any) -> Response:
    """Record an initiative."""

    def record(tx: Transaction) -> Response:
        made = cataloguing.add_initiative(tx, fields, now=now())
        location = url_for("initiatives.get", initiative=made.id)
        return tagged(created(InitiativeDocument, made, location), entry_tag(made))

    return effect(record)


@blueprint.route("/initiatives/<slug:initiative>", methods=["GET"])
@needs(Scope.READ)
@blueprint.arguments(VantageQuery(only=("known_at",)), location="query")
@blueprint.response(200, InitiativeDocument)
@blueprint.refuses(404)
def get(query: dict[str, Any], initiative: str) -> Response:
    """Show an initiative."""
    at = vantage(query)
    with runtime().database.glance(may_lag=True) as tx:
        found = initiative_known(tx, initiative, at)
    return unless_known(entry_tag(found), lambda: answer(InitiativeDocument, found))


@blueprint.route("/initiatives/<slug:initiative>", methods=["PATCH"])
@needs(Scope.WRITE)
@blueprint.arguments(InitiativeChange(partial=True), example=examples.INITIATIVE_CHANGE)
@blueprint.response(200, InitiativeDocument)
@blueprint.refuses(404, 412, 428)
def change(fields: Any, initiative: str) -> Response:
    """Change an initiative."""

    def edit(tx: Transaction) -> Response:
        check_entry_unchanged("initiative", tx.initiatives.lock(initiative))
        changed = cataloguing.change_initiative(tx, initiative, fields, now=now())
        return tagged(answer(InitiativeDocument, changed), entry_tag(changed))

    return effect(edit)


@blueprint.route("/initiatives/<slug:initiative>", methods=["DELETE"])
@needs(Scope.WRITE)
@blueprint.response(204)
@blueprint.refuses(404, 409, 412, 428)
def delete(initiative: str) -> Response:
    """Remove an initiative that nothing names."""

    def remove(tx: Transaction) -> Response:
        check_entry_unchanged("initiative", tx.initiatives.lock(initiative))
        cataloguing.delete_initiative(tx, initiative, now=now())
        return nothing()

    return effect(remove)
