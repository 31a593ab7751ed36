"""/v1/rubrics: the scales by which people rule on pledges."""

from typing import Any

from flask import Response, url_for

from pledgetracker.api import examples
from pledgetracker.api.access import needs
from pledgetracker.api.answers import answer, created, listed
from pledgetracker.api.blueprint import ApiBlueprint, list_of
from pledgetracker.api.conditions import rubric_tag, tagged, unless_known
from pledgetracker.api.effects import effect
from pledgetracker.api.fields import Slug
from pledgetracker.api.paging import PageQuery, Sort
from pledgetracker.api.schemas.rubrics import RubricDocument
from pledgetracker.domain.access import Scope
from pledgetracker.services.grading import add_rubric, get_rubric, list_rubrics
from pledgetracker.storage.database import Transaction
from pledgetracker.web import next_cursor, now, runtime

blueprint = ApiBlueprint("rubrics", __name__, description="The scales by which people rule on pledges")


class RubricQuery(PageQuery):
    """Which rubrics are wanted, in which order."""

    types = {"name": str}

    name = Slug(metadata={"description": "Every version of this one."})
    sort = Sort(("name",), load_default="name")


@blueprint.route("/rubrics", methods=["GET"])
@needs(Scope.READ)
@blueprint.arguments(RubricQuery(), location="query")
@blueprint.response(200, list_of(RubricDocument))
def list_all(query: dict[str, Any]) -> Response:
    """List rubrics, every version of each."""
    page = query["page"]
    with runtime().database.read(may_lag=True) as tx:
        found = list_rubrics(tx, page, name=query.get("name"))
    return listed(RubricDocument, found, next_cursor(page, found.after))


@blueprint.route("/rubrics", methods=["POST"])
@needs(Scope.REVIEW)
@blueprint.arguments(RubricDocument(), example=examples.RUBRIC)
@blueprint.response(201, RubricDocument)
@blueprint.refuses(409)
def add(fields: Any) -> Response:
    """Record a rubric, or another version of one; what is recorded never changes."""

    def record(tx: Transaction) -> Response:
        made = add_rubric(tx, fields, now=now())
        location = url_for("rubrics.get", rubric=made.name, version=made.version)
        return tagged(created(RubricDocument, made, location), rubric_tag(made))

    return effect(record)


@blueprint.route("/rubrics/<slug:rubric>/<number:version>", methods=["GET"])
@needs(Scope.READ)
@blueprint.response(200, RubricDocument)
@blueprint.refuses(404)
def get(rubric: str, version: int) -> Response:
    """Show one version of a rubric."""
    with runtime().database.glance(may_lag=True) as tx:
        found = get_rubric(tx, rubric, version)
    return unless_known(rubric_tag(found), lambda: answer(RubricDocument, found))
