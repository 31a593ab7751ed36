"""What the API's tests share: a small record to work on, and one way to read a problem."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any, Protocol

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from pledgetracker import app as application
from pledgetracker import runtime as composition
from pledgetracker.domain.access import Scope
from pledgetracker.runtime import Runtime
from pledgetracker.settings import load
from tests.conftest import Clock, Install, client_of, editor_of, key_of

PLEDGE: dict[str, Any] = {
    "id": "people-trained",
    "title": "A million people trained",
    "pledger": "acme",
    "indicator": "people who completed a course",
    "unit": "person",
    "target": 1000000,
    "announced_on": "2024-05-13",
    "due": "2027",
    "time_zone": "Europe/Paris",
}


# What stands in addresses, where a test has something at every address.
PARTS = {
    "pledge": "people-trained",
    "pledger": "acme",
    "initiative": "choose",
    "tag": "skills",
    "rate": "eur-usd-2024-05-28",
    "rubric": "political",
    "version": "1",
    "number": "1",
}

RATE: dict[str, Any] = {
    "base": "EUR",
    "quote": "USD",
    "date": "2024-05-28",
    "rate": 1.087,
    "source": {"title": "Reference rates"},
}


class Post(Protocol):
    """POST a document; what was recorded comes back."""

    def __call__(self, address: str, document: dict[str, Any], /) -> dict[str, Any]: ...


class Promise(Protocol):
    """Record the pledge of these tests, with changes; what was recorded comes back."""

    def __call__(self, **changes: Any) -> dict[str, Any]: ...


class Refused(Protocol):
    """Check that an answer is a problem of this status; the problem document comes back."""

    def __call__(self, answer: TestResponse, status: int, /) -> dict[str, Any]: ...


@dataclass(frozen=True)
class Shared:
    """One record for a whole module of tests, none of which changes it."""

    runtime: Runtime
    app: Flask
    editor: FlaskClient
    anybody: FlaskClient

    def post(self, address: str, document: dict[str, Any]) -> None:
        answer = self.editor.post(address, json=document)
        assert answer.status_code == 201, answer.text


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory, install: Install) -> Iterator[Shared]:
    settings, done = install(tmp_path_factory.mktemp("shared"))
    runtime = replace(composition.assemble(load(settings)), clock=Clock())
    app = application.create(runtime)
    yield Shared(runtime, app, editor_of(app, key_of(runtime, Scope.ADMIN)), client_of(app, None))
    runtime.database.close()
    done()


@pytest.fixture
def post(editor: FlaskClient) -> Post:
    def post(address: str, document: dict[str, Any], /) -> dict[str, Any]:
        answer = editor.post(address, json=document)
        assert answer.status_code == 201, answer.text
        return dict(answer.get_json())

    return post


@pytest.fixture
def acme(post: Post) -> dict[str, Any]:
    """A pledger."""
    return post("/v1/pledgers", {"id": "acme", "name": "ACME"})


@pytest.fixture
def promise(post: Post, acme: dict[str, Any]) -> Promise:
    def promise(**changes: Any) -> dict[str, Any]:
        said = {name: value for name, value in (PLEDGE | changes).items() if value is not ...}
        return post("/v1/pledges", said)

    return promise


@pytest.fixture
def pledge(promise: Promise) -> dict[str, Any]:
    """A pledge without reports."""
    return promise()


@pytest.fixture
def refused() -> Refused:
    def refused(answer: TestResponse, status: int, /) -> dict[str, Any]:
        assert answer.status_code == status, answer.text
        assert answer.mimetype == "application/problem+json"
        problem = dict(answer.get_json())
        assert problem["status"] == status
        assert problem["detail"]
        assert problem["type"].startswith("/docs#problem-")
        return problem

    return refused


@pytest.fixture
def pointers() -> Callable[[dict[str, Any]], set[str]]:
    """The places that a problem names, `?name` for a parameter of the query."""

    def pointers(problem: dict[str, Any]) -> set[str]:
        return {
            error["pointer"] if "pointer" in error else f"?{error['parameter']}"
            for error in problem.get("errors", ())
        }

    return pointers
