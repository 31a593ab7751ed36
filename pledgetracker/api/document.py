"""The OpenAPI document: made from routes and schemas once, served from memory at /openapi.json."""

from http import HTTPStatus
from typing import Any

import orjson
from flask import Blueprint, Flask, Response, current_app
from flask_smorest import Api
from flask_smorest.utils import prepare_response
from marshmallow import Schema, fields

import pledgetracker
from pledgetracker.api import alerts, flags, initiatives, pledgers, pledges, progress
from pledgetracker.api.blueprint import NumberConverter, SlugConverter, number_parameter, slug_parameter
from pledgetracker.api.fields import openapi_of
from pledgetracker.api.problems import MIMETYPE
from pledgetracker.domain.access import Scope
from pledgetracker.web import DOCUMENT

PREFIX = "/v1"
SEGMENTS = (pledges, progress, pledgers, initiatives, flags, alerts)

DESCRIPTION = """\
Tracks public pledges with targets and deadlines.

Errors are RFC 9457 problem documents. Lists come in pages: send `next_cursor` back as `cursor`.
Reading needs no key unless the operator wants one; for the rest send `Authorization: Bearer KEY`.
"""

blueprint = Blueprint("document", __name__)


class FieldError(Schema):
    """One thing wrong with one field of the body (`pointer`) or the query (`parameter`)."""

    pointer = fields.String(metadata={"description": "JSON Pointer into the body."})
    parameter = fields.String(metadata={"description": "Name of the query parameter."})
    detail = fields.String(required=True)


class Problem(Schema):
    """What went wrong, and what to do about it (RFC 9457)."""

    type = fields.String(required=True)
    title = fields.String(required=True)
    status = fields.Integer(required=True)
    detail = fields.String(required=True)
    instance = fields.String()
    errors = fields.List(fields.Nested(FieldError))


class ProblemApi(Api):
    """Documents errors as what they are."""

    ERROR_SCHEMA = Problem

    def _register_responses(self) -> None:
        for status in HTTPStatus:
            self._register_problem(status.name, status.phrase)
        self._register_problem(self.DEFAULT_ERROR_RESPONSE_NAME, "A problem")

    def _register_problem(self, name: str, description: str) -> None:
        response: dict[str, Any] = {"description": description, "schema": Problem}
        prepare_response(response, self.spec, MIMETYPE)
        self.spec.components.response(name, response, lazy=True)

    def _register_error_handlers(self) -> None:
        """Leave errors to the problem table."""


def register(app: Flask) -> None:
    """Serve every segment of the API, and the document that describes them."""
    app.config |= {
        "API_TITLE": "pledgetracker",
        "API_VERSION": pledgetracker.__version__,
        "OPENAPI_VERSION": "3.1.0",
        "API_SPEC_OPTIONS": {
            "info": {"description": DESCRIPTION, "license": {"name": "MIT", "identifier": "MIT"}},
            "servers": [{"url": "/"}],
        },
    }
    api = ProblemApi(app)
    api.register_converter(SlugConverter, slug_parameter)
    api.register_converter(NumberConverter, number_parameter)
    api.ma_plugin.converter.add_attribute_function(lambda _, field, **__: openapi_of(field))
    api.spec.components.security_scheme("key", {"type": "http", "scheme": "bearer"})
    for segment in SEGMENTS:
        api.register_blueprint(segment.blueprint, url_prefix=PREFIX)
    document = api.spec.to_dict()
    _add_security(app, document)
    app.extensions[DOCUMENT] = document
    app.extensions[f"{DOCUMENT}.json"] = orjson.dumps(document)
    app.register_blueprint(blueprint)


def _add_security(app: Flask, document: dict[str, Any]) -> None:
    """Say of each call which scope its key needs."""
    for rule in app.url_map.iter_rules():
        scope: Scope | None = getattr(app.view_functions[rule.endpoint], "scope", None)
        path = document["paths"].get(_template(rule.rule))
        if scope is None or path is None:
            continue
        for method in rule.methods or ():
            if (operation := path.get(method.lower())) is not None:
                operation["security"] = [{"key": []}] if scope is not Scope.READ else [{}, {"key": []}]
                operation["x-scope"] = scope.value


def _template(rule: str) -> str:
    return "/".join(
        f"{{{part[1:-1].partition(':')[2]}}}" if part.startswith("<") else part for part in rule.split("/")
    )


@blueprint.get("/openapi.json")
def openapi() -> Response:
    """The OpenAPI 3.1 document."""
    return Response(current_app.extensions[f"{DOCUMENT}.json"], mimetype="application/json")
