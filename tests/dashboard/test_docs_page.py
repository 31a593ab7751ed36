"""The documentation of the API: complete, and true."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from pledgetracker.dashboard.reference import BODIES, PLACES, reference
from pledgetracker.domain.access import Scope
from pledgetracker.domain.alert import Recipient
from pledgetracker.runtime import Runtime
from pledgetracker.services.monitoring import heed
from tests.conftest import client_of, key_of
from tests.world import tick

Visit = Callable[[str], Any]


def test_every_call_of_the_document_is_on_the_page_with_its_scope(anybody: FlaskClient, visit: Visit) -> None:
    page = visit("/docs")
    headings = {e.text for e in page.all("h3")}
    document = anybody.get("/openapi.json").json
    assert document is not None
    for path, item in document["paths"].items():
        for method in {"get", "post", "patch", "delete"} & item.keys():
            assert f"{method.upper()} {path}" in headings
            if method != "get":
                assert f"Scope {item[method]['x-scope']}." in page.text


def test_every_document_that_a_call_names_is_described(visit: Visit) -> None:
    ids = {e.get("id") for e in visit("/docs").elements}
    assert {"document-Pledge", "document-Progress", "document-Milestone", "document-Problem"} <= ids


def test_every_kind_of_problem_has_its_anchor(app: Flask, visit: Visit) -> None:
    ids = {e.get("id") for e in visit("/docs").elements}
    names = {f"problem-{kind.name}" for kind in app.extensions["pledgetracker.problems"]}
    assert {"problem-invalid", "problem-not-found", "problem-unavailable"} <= names <= ids


@pytest.mark.parametrize("address", ["/v1/nowhere", "/v1/pledges/nope", "/v1/pledges?limit=x"])
def test_the_type_of_a_problem_leads_to_its_place(anybody: FlaskClient, visit: Visit, address: str) -> None:
    problem = anybody.get(address).json
    assert problem is not None
    page, _, anchor = problem["type"].partition("#")
    assert anchor in {e.get("id") for e in visit(page).elements}


def test_every_call_with_a_body_has_an_example(anybody: FlaskClient) -> None:
    document = anybody.get("/openapi.json").json
    assert document is not None
    with_body = {
        (method, path)
        for path, item in document["paths"].items()
        for method in {"post", "patch"} & item.keys()
        if "requestBody" in item[method]
    }
    assert set(BODIES) == with_body


@pytest.mark.parametrize(("method", "path"), list(BODIES))
def test_the_examples_are_taken(seeded: Runtime, editor: FlaskClient, method: str, path: str) -> None:
    if path.endswith("/conflicts"):
        rival = {"value": 700000, "as_of": BODIES[method, path]["as_of"]}
        editor.post(f"/v1/pledges/{PLACES['pledge']}/progress", json=rival)
    answer = editor.open(path.format_map(PLACES), method=method.upper(), json=BODIES[method, path])
    assert answer.status_code in {200, 201}, answer.text


def test_the_places_shown_exist_among_the_seeds(seeded: Runtime, app: Flask) -> None:
    admin = client_of(app, key_of(seeded, Scope.ADMIN))
    watched = replace(
        seeded, rules=replace(seeded.rules, watchers=(Recipient("desk@example.org", None, "en"),))
    )
    admin.post("/v1/rates", json=BODIES["post", "/v1/rates"])  # no seeds, but as its example has it
    heed(watched.database, watched.rules, now=watched.clock())
    tick(watched)
    ruled = ("post", "/v1/pledges/{pledge}/verdicts")
    assert admin.post(ruled[1].format_map(PLACES), json=BODIES[ruled]).status_code == 201
    document = admin.get("/openapi.json").json
    assert document is not None
    for path, item in document["paths"].items():
        if "get" in item:
            assert admin.get(path.format_map(PLACES)).status_code == 200


def test_a_document_of_another_make_is_arranged_too() -> None:
    schemas = {
        "A": {
            "properties": {
                "b": {"oneOf": [{"$ref": "#/components/schemas/B"}, {"type": "null"}]},
                "many": {"type": "array", "items": {"type": "string", "format": "uuid"}},
                "free": {},
            }
        },
        "B": {"properties": {}},
    }
    content = {"application/json": {"schema": {"$ref": "#/components/schemas/A"}}}
    post = {
        "requestBody": {"content": content},
        "responses": {"204": {"description": ""}, "default": {"description": ""}},
        "tags": ["t"],
    }
    document = {
        "info": {"version": "1"},
        "paths": {"/x": {"post": post}},
        "tags": [{"name": "t"}],
        "components": {"schemas": schemas},
    }
    made = reference(document, "http://127.0.0.1")
    [call] = made.segments[0].calls
    assert [(row.name, row.kind) for row in call.fields] == [
        ("b", "B or null"),
        ("many", "list of uuid"),
        ("free", "any"),
    ]
    assert [shape.name for shape in made.shapes] == ["B"]
    assert call.curl.startswith("curl -X POST http://127.0.0.1/x")
