"""The OpenAPI document is valid, complete, and true: what it says is what happens."""

import re
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from openapi_spec_validator import OpenAPIV31SpecValidator

from pledgetracker.api import examples
from pledgetracker.domain.access import Scope
from pledgetracker.runtime import Runtime
from tests.api.conftest import RATE, Post, Promise
from tests.api.operations import operations
from tests.conftest import client_of, key_of


@pytest.fixture
def document(anybody: FlaskClient) -> dict[str, Any]:
    return dict(anybody.get("/openapi.json").get_json())


def test_the_document_is_valid_openapi_3_1(document: dict[str, Any]) -> None:
    assert document["openapi"] == "3.1.0"
    assert [str(error) for error in OpenAPIV31SpecValidator(document).iter_errors()] == []


def test_every_call_is_documented_and_every_documented_call_exists(
    app: Flask, document: dict[str, Any]
) -> None:
    routed = {
        (method.lower(), re.sub(r"<\w+:(\w+)>", r"{\1}", rule.rule))
        for rule in app.url_map.iter_rules()
        if rule.rule.startswith("/v1")
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}
    }
    assert routed == {(method, path) for method, path, _ in operations(document)}


def test_every_call_is_described_and_says_which_key_it_needs(app: Flask, document: dict[str, Any]) -> None:
    for method, path, operation in operations(document):
        assert operation["summary"].endswith("."), path
        is_read = operation["x-scope"] == Scope.READ
        assert operation["security"] == ([{}, {"key": []}] if is_read else [{"key": []}])
        is_closed = path.endswith(("/contacts", "/attempts", "/audit", "/reviews"))
        assert is_read == (method == "get" and not is_closed)


def test_every_schema_is_pointed_to_and_each_has_a_name_of_its_own(document: dict[str, Any]) -> None:
    text = str(document)
    for name, schema in document["components"]["schemas"].items():
        assert f"'#/components/schemas/{name}'" in text
        # A number at the end is what the library makes of two schemas that clash.
        assert not name[-1].isdigit()
        assert schema["additionalProperties"] is False, name


def test_answers_promise_every_field_and_inputs_only_ask_for_what_is_needed(document: dict[str, Any]) -> None:
    schemas = document["components"]["schemas"]
    assert set(schemas["Pledge"]["required"]) == set(schemas["Pledge"]["properties"])
    assert "contacts" not in schemas["Pledge"]["properties"]
    assert schemas["PledgeInput"]["required"] == ["announced_on", "pledger", "title"]
    assert "required" not in schemas["PledgeChange"]
    assert schemas["PledgeInput"]["properties"]["status"]["readOnly"] is True
    bare, as_object, nothing = schemas["PledgeInput"]["properties"]["due"]["anyOf"]
    assert re.fullmatch(bare["pattern"], "2025-Q4")
    assert (as_object["$ref"], nothing["type"]) == ("#/components/schemas/DueInput", "null")
    assert schemas["Pledge"]["properties"]["due"]["anyOf"] == [
        {"$ref": "#/components/schemas/Due"},
        {"type": "null"},
    ]


def test_the_document_is_the_same_bytes_each_time(anybody: FlaskClient) -> None:
    first, second = anybody.get("/openapi.json"), anybody.get("/openapi.json")
    assert first.mimetype == "application/json"
    assert first.data == second.data


@pytest.fixture
def keys(app: Flask, runtime: Runtime, post: Post, promise: Promise) -> list[str | None]:
    """Keys for the calls, and some of the addresses that the calls may hit."""
    post("/v1/initiatives", {"id": "choose", "title": "Choose"})
    post("/v1/rates", RATE)
    promise(
        tags=["skills"],
        milestones=[{"id": "opening", "due": "2025"}, {"id": "half", "due": "2026-06", "target": 5}],
    )
    post("/v1/pledges/people-trained/progress", {"value": 2, "as_of": "2026-01-01"})
    post("/v1/pledges/people-trained/verdicts", examples.VERDICT)
    return [key_of(runtime, Scope.ADMIN), key_of(runtime, Scope.ADMIN), key_of(runtime, Scope.PROGRESS), None]


def tried(
    app: Flask, document: dict[str, Any], keys: list[str | None], examples: int, *, is_hostile: bool
) -> None:
    # Its libraries take seconds to load, which only the worker that comes to this should spend.
    from tests.api.calling import call_everything

    call_everything(app, document, keys, examples, is_hostile=is_hostile)


@pytest.mark.parametrize("is_hostile", [False, True])
def test_what_the_document_says_is_what_happens(
    app: Flask, document: dict[str, Any], keys: list[str | None], *, is_hostile: bool
) -> None:
    tried(app, document, keys, 2, is_hostile=is_hostile)


# The document is the same everywhere, and the short run is on both.
@pytest.mark.sqlite
@pytest.mark.slow
@pytest.mark.parametrize("is_hostile", [False, True])
def test_what_the_document_says_is_what_happens_at_length(
    app: Flask, document: dict[str, Any], keys: list[str | None], *, is_hostile: bool
) -> None:
    tried(app, document, keys, 15, is_hostile=is_hostile)


# What follows from the title, the day or the settings where it is not said, as descriptions tell.
FOLLOWS: dict[str, set[str]] = {
    "Pledge": {"id", "baseline", "cadence_days", "grace_days", "time_zone"},
    "Milestone": set(),
    "Reschedule": {"announced_on"},
    "Progress": {"reported_at"},
}


def test_what_is_not_said_is_as_the_document_says(
    document: dict[str, Any], acme: dict[str, Any], post: Post
) -> None:
    stone = {"id": "opening", "due": "2026"}
    said: dict[str, dict[str, Any]] = {
        "Pledge": {
            "title": "T",
            "pledger": "acme",
            "announced_on": "2025-01-01",
            "due": "2027",
            "milestones": [stone],
        },
        "Milestone": stone,
        "Reschedule": {"due": "2028"},
        "Progress": {"value": 1, "as_of": "2026-01-01"},
    }
    pledge = post("/v1/pledges", said["Pledge"])
    moved = post("/v1/pledges/t/reschedules", said["Reschedule"])
    shown = {
        "Pledge": pledge,
        "Milestone": pledge["milestones"][0],
        "Reschedule": moved["reschedules"][0],
        "Progress": post("/v1/pledges/t/progress", said["Progress"]),
    }
    schemas = document["components"]["schemas"]
    for name, answer in shown.items():
        sent = schemas[f"{name}Input"]["properties"]
        left = {
            field
            for field, schema in sent.items()
            if not (schema.get("readOnly") or schema.get("writeOnly"))
            and field not in said[name]
            and field in answer
        }
        told = {field: sent[field].get("default") for field in left - FOLLOWS[name]}
        assert {field: answer[field] for field in told} == told, name
        assert FOLLOWS[name] <= left


def test_only_what_is_sent_whole_has_defaults(document: dict[str, Any]) -> None:
    schemas = document["components"]["schemas"]
    having = {
        name
        for name, schema in schemas.items()
        if any("default" in field for field in schema["properties"].values())
    }
    assert {"PledgeInput", "MilestoneInput", "RescheduleInput", "ProgressInput", "ContactInput"} <= having
    assert all(name.endswith("Input") for name in having)


def test_an_answer_shows_exactly_what_the_document_promises(
    app: Flask, document: dict[str, Any], keys: list[str | None]
) -> None:
    client = client_of(app, keys[0])
    shown = client.get("/v1/pledges/people-trained").get_json()
    assert shown.keys() == document["components"]["schemas"]["Pledge"]["properties"].keys()
    [update] = client.get("/v1/pledges/people-trained/progress").get_json()["items"]
    assert update.keys() == document["components"]["schemas"]["Progress"]["properties"].keys()
