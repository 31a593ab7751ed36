"""Where an address leads is looked up once, and what leads nowhere each time."""

from typing import Any, cast

import pytest
from flask import Flask, request, url_for
from flask.testing import FlaskClient

from pledgetracker.app import LONGEST_REMEMBERED, Application


@pytest.fixture
def routed(app: Flask) -> Flask:
    """The application with a route that tells what it was asked, and its own address."""

    @app.route("/echo/<word>", methods=["GET", "PUT"])
    def echo(word: str, **more: Any) -> list[Any]:
        made = url_for("echo", word=word)
        return [word, more, made]

    return app


@pytest.fixture
def client(routed: Flask) -> FlaskClient:
    return routed.test_client()


def known(app: Flask) -> int:
    """How many addresses are remembered."""
    return int(cast("Any", cast("Application", app).known_route).cache_info().currsize)


def test_each_address_leads_where_it_did(client: FlaskClient) -> None:
    for word in ("a", "b", "a", "b"):
        assert client.get(f"/echo/{word}").get_json() == [word, {}, f"/echo/{word}"]


def test_a_method_is_looked_up_by_itself(client: FlaskClient) -> None:
    assert client.get("/echo/a").status_code == 200
    assert client.put("/echo/a").status_code == 200
    refused = client.post("/echo/a")
    assert refused.status_code == 405
    assert set(refused.headers["Allow"].split(", ")) == {"GET", "HEAD", "OPTIONS", "PUT"}


def test_what_one_request_makes_of_its_arguments_is_its_own(routed: Flask, client: FlaskClient) -> None:
    @routed.before_request
    def spoil() -> None:
        assert request.view_args is not None
        request.view_args["more"] = len(request.view_args)

    assert [client.get("/echo/a").get_json()[1] for _ in range(2)] == [{"more": 1}, {"more": 1}]


def test_what_leads_nowhere_is_not_remembered(routed: Flask, client: FlaskClient) -> None:
    for number in range(5):
        assert client.get(f"/nowhere/{number}").status_code == 404
    assert known(routed) == 0
    client.get("/echo/a")
    assert known(routed) == 1


def test_what_is_longer_than_any_address_of_ours_is_found_and_not_remembered(
    routed: Flask, client: FlaskClient
) -> None:
    longest = "a" * (LONGEST_REMEMBERED - len("/echo/"))
    assert client.get(f"/echo/{longest}a").get_json()[0] == f"{longest}a"
    assert known(routed) == 0
    assert client.get(f"/echo/{longest}").get_json()[0] == longest
    assert known(routed) == 1
