"""The documentation of the API: complete, and true."""

import json
import shlex
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from pledgetracker.api import examples
from pledgetracker.dashboard.reference import PLACES, reference
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


@pytest.fixture
def bodies(anybody: FlaskClient) -> dict[tuple[str, str], dict[str, Any]]:
    """The example of every call that takes a body."""
    document = anybody.get("/openapi.json").json
    assert document is not None
    return {
        (method, path): item[method]["requestBody"]["content"]["application/json"]["example"]
        for path, item in document["paths"].items()
        for method in {"post", "patch"} & item.keys()
        if "requestBody" in item[method]
    }


def test_the_example_of_every_body_is_shown_and_taken(
    seeded: Runtime, editor: FlaskClient, visit: Visit, bodies: dict[tuple[str, str], dict[str, Any]]
) -> None:
    page = visit("/docs").text
    rival = {"value": 700000, "as_of": examples.RESOLUTION["as_of"]}
    editor.post(f"/v1/pledges/{PLACES['pledge']}/progress", json=rival)
    assert len(bodies) == 15
    # A figure that somebody disputes is in no conflict any more.
    for method, path in sorted(bodies, key=lambda call: call[1].endswith("/decisions")):
        body = bodies[method, path]
        quoted = shlex.quote(json.dumps(body, indent=2, ensure_ascii=False))
        assert " ".join(quoted.split()) in page
        answer = editor.open(path.format_map(PLACES), method=method.upper(), json=body)
        assert answer.status_code == (201 if method == "post" else 200), (path, answer.text)


def test_the_places_shown_exist_among_the_seeds(seeded: Runtime, app: Flask) -> None:
    admin = client_of(app, key_of(seeded, Scope.ADMIN))
    watched = replace(
        seeded, rules=replace(seeded.rules, watchers=(Recipient("desk@example.org", None, "en"),))
    )
    admin.post("/v1/rates", json=examples.RATE)  # no seeds, but as its example has it
    heed(watched.database, watched.rules, now=watched.clock())
    tick(watched)
    verdicts = f"/v1/pledges/{PLACES['pledge']}/verdicts"
    assert admin.post(verdicts, json=examples.VERDICT).status_code == 201
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
