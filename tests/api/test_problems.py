"""Every refusal has its row, and every error is a problem document."""

from collections.abc import Iterator
from typing import Any, NoReturn

import pytest
from flask import Flask, abort
from flask.testing import FlaskClient
from sqlalchemy import text
from werkzeug.exceptions import ImATeapot

from pledgetracker.api.problems import HTTP_CURES, TABLE
from pledgetracker.domain import errors
from pledgetracker.runtime import Runtime
from tests.api.conftest import Refused


def refusals(kind: type[Exception]) -> Iterator[type[Exception]]:
    for below in kind.__subclasses__():
        yield below
        yield from refusals(below)


def test_every_refusal_of_the_domain_has_a_row_in_the_table() -> None:
    ours = {kind for kind in refusals(errors.Refusal) if kind.__module__ == errors.__name__}
    assert len(ours) >= 10
    assert ours - TABLE.keys() == set()


def test_rows_have_names_and_statuses_that_fit() -> None:
    names = [name for _, name, _ in TABLE.values()]
    assert len(names) == len(set(names))
    assert all(400 <= status < 600 for status, _, _ in TABLE.values())
    # One name means one thing, in whichever table it stands.
    known = {name: status for status, name, _ in TABLE.values()}
    for status, (name, _) in HTTP_CURES.items():
        assert known.get(name, status) == status


@pytest.fixture
def broken(app: Flask) -> Flask:
    """The application with addresses that fail in ways of their own."""

    def bug() -> NoReturn:
        raise RuntimeError("a secret in the message")

    def teapot() -> NoReturn:
        raise ImATeapot

    def gone() -> NoReturn:
        abort(410, "It was here.")

    def bare() -> NoReturn:
        abort(400)

    for view in (bug, teapot, gone, bare):
        app.add_url_rule(f"/{view.__name__}", view.__name__, view)
    return app


def test_a_bug_is_logged_and_tells_the_caller_nothing_of_itself(
    broken: Flask, refused: Refused, capfd: pytest.CaptureFixture[str]
) -> None:
    told = refused(broken.test_client().get("/bug"), 500)
    assert "secret" not in str(told)
    assert (told["type"], told["instance"]) == ("/docs#problem-internal-error", "/bug")
    out, err = capfd.readouterr()
    assert "a secret in the message" in out + err


@pytest.mark.parametrize(
    ("address", "status", "name"),
    [
        ("/teapot", 418, "i'm-a-teapot"),
        ("/gone", 410, "gone"),
        ("/bare", 400, "malformed"),
        ("/none", 404, "not-found"),
    ],
)
def test_errors_of_http_are_problems_too(
    broken: Flask, refused: Refused, address: str, status: int, name: str
) -> None:
    told = refused(broken.test_client().get(address), status)
    assert told["type"] == f"/docs#problem-{name}"


@pytest.mark.parametrize("host", ["pledges.example.org:8000", "a b", "<a>", "é"])
def test_what_the_host_is_called_plays_no_part(anybody: FlaskClient, host: str) -> None:
    answer = anybody.get("/", headers={"Host": host})
    assert answer.status_code == 200
    assert host not in answer.text


def test_a_database_that_does_not_answer_is_a_503_that_says_when_to_come_back(
    anybody: FlaskClient, editor: FlaskClient, runtime: Runtime, pledge: dict[str, Any], refused: Refused
) -> None:
    with runtime.database.engine.begin() as connection:
        connection.execute(text("ALTER TABLE pledges RENAME TO elsewhere"))
    for answer in (
        anybody.get("/v1/pledges"),
        anybody.get("/v1/pledges/people-trained"),
        editor.post("/v1/pledges/people-trained/progress", json={"value": 1, "as_of": "2026-01-01"}),
    ):
        told = refused(answer, 503)
        assert told["type"] == "/docs#problem-unavailable"
        assert "elsewhere" not in str(told)
        assert int(answer.headers["Retry-After"]) > 0
