"""The OpenAPI document: made from routes and schemas once, served from memory at /openapi.json."""

from functools import cache
from http import HTTPStatus
from typing import Any

import orjson
from flask import Blueprint, Flask, Response, current_app
from flask_smorest import Api
from flask_smorest.utils import prepare_response
from marshmallow import Schema, fields

import pledgetracker
from pledgetracker.api import (
    alerts,
    audit,
    conflicts,
    explain,
    export,
    feeds,
    flags,
    history,
    initiatives,
    pledgers,
    pledges,
    progress,
    rates,
    reviews,
    rollups,
    rubrics,
    simulation,
    verdicts,
)
from pledgetracker.api.blueprint import (
    NumberConverter,
    SlugConverter,
    add_converters,
    number_parameter,
    slug_parameter,
)
from pledgetracker.api.directions import tell_apart
from pledgetracker.api.fields import DueField, openapi_of
from pledgetracker.api.problems import MIMETYPE
from pledgetracker.domain.access import Scope
from pledgetracker.web import DOCUMENT

PREFIX = "/v1"
SEGMENTS = (
    *(pledges, explain, progress, reviews, conflicts, verdicts, rubrics, history),
    *(pledgers, initiatives, rollups, rates, feeds, flags, alerts, simulation, audit, export),
)

DESCRIPTION = """\
Tracks public pledges with targets and deadlines.

Errors are RFC 9457 problem documents. Lists come in pages: send `next_cursor` back as `cursor`.
Reading needs no key unless the operator wants one; for the rest send `Authorization: Bearer KEY`.
"""

# Headers that answers of a status always carry.
HEADERS: dict[HTTPStatus, dict[str, Any]] = {
    HTTPStatus.CREATED: {
        "Location": {
            "description": "The address of what was recorded.",
            "required": True,
            "schema": {"type": "string", "format": "uri-reference"},
        }
    },
    HTTPStatus.PRECONDITION_FAILED: {
        "ETag": {
            "description": "The tag of what is there now.",
            "required": True,
            "schema": {"type": "string"},
        }
    },
    HTTPStatus.UNAUTHORIZED: {
        "WWW-Authenticate": {"required": True, "schema": {"type": "string", "pattern": "^Bearer "}}
    },
    HTTPStatus.TOO_MANY_REQUESTS: {
        "Retry-After": {
            "description": "Seconds to wait, rounded up.",
            "required": True,
            "schema": {"type": "integer", "minimum": 1},
        }
    },
    HTTPStatus.SERVICE_UNAVAILABLE: {
        "Retry-After": {
            "description": "Seconds to wait.",
            "required": True,
            "schema": {"type": "integer", "minimum": 1},
        }
    },
}
_ETAG = {"ETag": {"description": "Changes with what is shown.", "schema": {"type": "string"}}}
_IDEMPOTENCY_KEY = {
    "in": "header",
    "name": "Idempotency-Key",
    "description": (
        "Any text of your own, such as a UUID. Repeating the same request under it within 7 days does nothing"
        " more and answers as the first did, with `Idempotent-Replayed: true`; another request under it is"
        " refused."
    ),
    "schema": {"type": "string", "pattern": "^[!-~]{1,255}$"},
}
_IF_MATCH = {
    "in": "header",
    "name": "If-Match",
    "required": True,
    "description": (
        "The ETag that you saw; if somebody has made a change since, yours is refused (412). `*` stands for"
        " whichever version is there."
    ),
    "schema": {"type": "string", "pattern": r'^(\*|"[!#-~]{1,100}")$'},
}
_IF_NONE_MATCH = {
    "in": "header",
    "name": "If-None-Match",
    "description": "The ETag that you have; if it still holds, the answer is 304 without a body.",
    "schema": {"type": "string", "pattern": '^"[!#-~]{1,100}"$'},
}
# Problems that any call may end with, and those that only one with a body or a scope can.
_FOR_ALL = (
    HTTPStatus.UNAUTHORIZED,
    HTTPStatus.UNPROCESSABLE_ENTITY,
    HTTPStatus.TOO_MANY_REQUESTS,
    HTTPStatus.SERVICE_UNAVAILABLE,
)
_FOR_BODIES = (
    HTTPStatus.BAD_REQUEST,
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
    HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
)
_FOR_SCOPES = (HTTPStatus.FORBIDDEN,)
_ALWAYS = {status.name for status in (*_FOR_ALL, *_FOR_BODIES, *_FOR_SCOPES)}
# Ends of the names of endpoints that show one thing, and its tag.
_OF_ONE = (".get", ".get_iati", ".get_ocds")

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
            self._register_problem(status.name, status.phrase, HEADERS.get(status, {}))
        self._register_problem(self.DEFAULT_ERROR_RESPONSE_NAME, "A problem", {})

    def _register_problem(self, name: str, description: str, headers: dict[str, Any]) -> None:
        response: dict[str, Any] = {"description": description, "schema": Problem}
        if headers:
            response["headers"] = headers
        prepare_response(response, self.spec, MIMETYPE)
        self.spec.components.response(name, response, lazy=name not in _ALWAYS)

    def _register_error_handlers(self) -> None:
        """Leave errors to the problem table."""


def register(app: Flask) -> None:
    """Serve every segment of the API, and the document that describes them."""
    for segment in SEGMENTS:
        app.register_blueprint(segment.blueprint, url_prefix=PREFIX)
    app.extensions[DOCUMENT], app.extensions[f"{DOCUMENT}.json"] = _made()
    app.register_blueprint(blueprint)


@cache
def _made() -> tuple[dict[str, Any], bytes]:
    """The document, and as JSON: the same for every application, and made once, as it takes its time."""
    app = Flask(__name__, static_folder=None)
    add_converters(app)
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
    api.ma_plugin.converter.add_attribute_function(_described)
    api.spec.components.security_scheme("key", {"type": "http", "scheme": "bearer"})
    for segment in SEGMENTS:
        api.register_blueprint(segment.blueprint, url_prefix=PREFIX)
    document = api.spec.to_dict()
    tell_apart(document)
    _complete(app, document)
    return document, orjson.dumps(document)


def _described(converter: Any, field: fields.Field[Any], **_: Any) -> dict[str, Any]:
    """What a field of ours adds to its description."""
    if not isinstance(field, DueField):
        return openapi_of(field)
    forms = [field.bare, converter.resolve_nested_schema(field.shown)]
    return {"anyOf": [*forms, {"type": "null"}] if field.allow_none else forms}


def _complete(app: Flask, document: dict[str, Any]) -> None:
    """Say of each call which scope its key needs, and with which problems it may end."""
    for rule in app.url_map.iter_rules():
        scope: Scope | None = getattr(app.view_functions[rule.endpoint], "scope", None)
        path = document["paths"].get(_template(rule.rule), {})
        for method in rule.methods or ():
            if scope is not None and (operation := path.get(method.lower())) is not None:
                _complete_call(operation, scope)
                _add_conditions(operation, method, is_one=rule.endpoint.endswith(_OF_ONE))


def _complete_call(operation: dict[str, Any], scope: Scope) -> None:
    is_read = scope is Scope.READ
    operation["security"] = [{}, {"key": []}] if is_read else [{"key": []}]
    operation["x-scope"] = scope.value
    problems = [*_FOR_ALL, *(() if is_read else _FOR_SCOPES)]
    if "requestBody" in operation:
        problems += _FOR_BODIES
    responses = operation["responses"]
    for status in problems:
        responses[str(status.value)] = {"$ref": f"#/components/responses/{status.name}"}
    if "201" in responses:
        responses["201"]["headers"] = HEADERS[HTTPStatus.CREATED]


def _add_conditions(operation: dict[str, Any], method: str, *, is_one: bool) -> None:
    """Say which headers make a call conditional, or happen once."""
    parameters = operation.setdefault("parameters", [])
    if method in {"POST", "PATCH", "DELETE"}:
        parameters.append(_IDEMPOTENCY_KEY)
        operation["responses"]["400"] = {"$ref": "#/components/responses/BAD_REQUEST"}
    if method in {"PATCH", "DELETE"}:
        parameters.append(_IF_MATCH)
    if method == "GET" and is_one:
        parameters.append(_IF_NONE_MATCH)
        operation["responses"]["200"]["headers"] = _ETAG
        operation["responses"]["304"] = {"description": "You have it already.", "headers": _ETAG}


def _template(rule: str) -> str:
    return "/".join(
        f"{{{part[1:-1].partition(':')[2]}}}" if part.startswith("<") else part for part in rule.split("/")
    )


@blueprint.get("/openapi.json")
def openapi() -> Response:
    """The OpenAPI 3.1 document."""
    return Response(current_app.extensions[f"{DOCUMENT}.json"], mimetype="application/json")
