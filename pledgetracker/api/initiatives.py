"""/v1/initiatives: what groups pledges."""

from datetime import datetime
from typing import Any

from flask import Response, url_for

from pledgetracker.api import examples
from pledgetracker.api.access import needs
from pledgetracker.api.answers import answer, created, listed, nothing
from pledgetracker.api.blueprint import ApiBlueprint, list_of
from pledgetracker.api.effects import effect
from pledgetracker.api.paging import PageQuery, Sort
from pledgetracker.api.schemas import InitiativeChange, InitiativeDocument
from pledgetracker.domain.access import Scope
from pledgetracker.services import cataloguing
from pledgetracker.storage.database import Transaction
from pledgetracker.web import next_cursor, now, runtime

blueprint = ApiBlueprint("initiatives", __name__, description="What groups pledges")


class InitiativeQuery(PageQuery):
    """In which order initiatives are wanted."""

    types = {"id": str, "title": str, "updated_at": datetime}

    sort = Sort(("id", "title", "updated_at"), load_default="id")


@blueprint.route("/initiatives", methods=["GET"])
@needs(Scope.READ)
@blueprint.arguments(InitiativeQuery(), location="query")
@blueprint.response(200, list_of(InitiativeDocument))
def list_all(query: dict[str, Any]) -> Response:
    """List initiatives."""
    page = query["page"]
    with runtime().database.read(may_lag=True) as tx:
        found = cataloguing.list_initiatives(tx, page)
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
        return created(InitiativeDocument, made, url_for("initiatives.get", initiative=made.id))

    return effect(record)


@blueprint.route("/initiatives/<slug:initiative>", methods=["GET"])
@needs(Scope.READ)
@blueprint.response(200, InitiativeDocument)
@blueprint.refuses(404)
def get(initiative: str) -> Response:
    """Show an initiative."""
    with runtime().database.read(may_lag=True) as tx:
        return answer(InitiativeDocument, cataloguing.get_initiative(tx, initiative))


@blueprint.route("/initiatives/<slug:initiative>", methods=["PATCH"])
@needs(Scope.WRITE)
@blueprint.arguments(InitiativeChange(partial=True), example=examples.INITIATIVE_CHANGE)
@blueprint.response(200, InitiativeDocument)
@blueprint.refuses(404)
def change(fields: Any, initiative: str) -> Response:
    """Change an initiative."""
    return effect(
        lambda tx: answer(
            InitiativeDocument, cataloguing.change_initiative(tx, initiative, fields, now=now())
        )
    )


@blueprint.route("/initiatives/<slug:initiative>", methods=["DELETE"])
@needs(Scope.WRITE)
@blueprint.response(204)
@blueprint.refuses(404, 409)
def delete(initiative: str) -> Response:
    """Remove an initiative that nothing names."""

    def remove(tx: Transaction) -> Response:
        cataloguing.delete_initiative(tx, initiative)
        return nothing()

    return effect(remove)
