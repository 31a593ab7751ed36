"""Every request has an id, and leaves one line in the log."""

import io
import re
from collections.abc import Iterator
from typing import Any

import pytest
import structlog
from flask import Flask
from flask.testing import FlaskClient

from pledgetracker import app as application
from pledgetracker import runtime as composition
from pledgetracker.domain.access import Scope
from pledgetracker.runtime import Runtime
from pledgetracker.settings import load
from pledgetracker.telemetry import LONGEST_PATH_CHARACTERS, template
from tests.conftest import client_of, key_of
from tests.logbooks import events, logging


@pytest.fixture
def log() -> Iterator[io.StringIO]:
    with logging(LOG_LEVEL="debug") as stream:
        yield stream


def lines(log: io.StringIO) -> list[dict[str, Any]]:
    return [event for event in events(log) if event["event"] == "request"]


def test_a_request_is_told_in_one_line(log: io.StringIO, app: Flask, runtime: Runtime) -> None:
    key = key_of(runtime, Scope.WRITE)
    answer = client_of(app, key).post(
        "/v1/pledgers?", json={"id": "acme", "name": "ACME"}, headers={"X-Request-Id": "r-1"}
    )
    [line] = lines(log)
    assert line.pop("duration_ms") > 0
    assert line.pop("timestamp").endswith("Z")
    assert line == {
        "event": "request",
        "level": "info",
        "method": "POST",
        "route": "/v1/pledgers",
        "path": "/v1/pledgers",
        "status": 201,
        "bytes": len(answer.data),
        "request_id": "r-1",
        "key": key.split("_")[1],
        "client": "127.0.0.1",
    }


@pytest.mark.parametrize(
    ("method", "address", "status", "route"),
    [
        ("GET", "/v1/pledges?limit=5", 200, "/v1/pledges"),
        ("GET", "/v1/pledges/no-such", 404, "/v1/pledges/{pledge}"),
        ("GET", "/v1/pledges/no-such/progress/7", 404, "/v1/pledges/{pledge}/progress/{number}"),
        ("GET", "/no/such/thing", 404, None),
        ("DELETE", "/v1/pledges", 405, None),
        ("POST", "/v1/pledges", 401, "/v1/pledges"),
        ("HEAD", "/", 200, "/"),
        ("OPTIONS", "/v1/pledges", 200, "/v1/pledges"),
        ("GET", "/static/style.css", 200, "/static/{filename}"),
    ],
)
def test_whatever_the_answer_it_has_an_id_and_a_line(
    log: io.StringIO, anybody: FlaskClient, method: str, address: str, status: int, route: str | None
) -> None:
    answer = anybody.open(address, method=method)
    [line] = lines(log)
    assert (answer.status_code, line["status"], line["route"]) == (status, status, route)
    assert line["path"] == address.partition("?")[0]
    assert line["bytes"] == len(answer.data)
    answer.close()
    assert re.fullmatch("[0-9a-f]{32}", line["request_id"])
    assert answer.headers["X-Request-Id"] == line["request_id"]


@pytest.mark.parametrize("address", ["/healthz", "/readyz", "/metrics"])
def test_of_those_who_ask_every_few_seconds_nobody_reads_at_the_usual_level(
    log: io.StringIO, anybody: FlaskClient, address: str
) -> None:
    answer = anybody.get(address)
    [line] = lines(log)
    assert line["level"] == "debug"
    assert answer.headers["X-Request-Id"] == line["request_id"]


def test_every_line_of_a_request_has_its_id_and_no_line_after_it(
    log: io.StringIO, app: Flask, runtime: Runtime
) -> None:
    def fail() -> str:
        raise RuntimeError("nobody foresaw this")

    app.add_url_rule("/fail", view_func=fail)
    answer = client_of(app, None).get("/fail", headers={"X-Request-Id": "r-2"})
    structlog.get_logger().info("later")
    error, request, later = events(log)
    assert (error["event"], request["event"]) == ("unexpected error", "request")
    assert error["request_id"] == request["request_id"] == "r-2"
    assert (answer.status_code, request["status"], answer.headers["X-Request-Id"]) == (500, 500, "r-2")
    assert "request_id" not in later


@pytest.mark.parametrize("said", ["", "a b", "x" * 65, "é", "{}"])
def test_an_id_that_would_not_be_found_again_is_replaced(
    log: io.StringIO, anybody: FlaskClient, said: str
) -> None:
    answer = anybody.get("/v1/pledges", headers={"X-Request-Id": said})
    assert answer.headers["X-Request-Id"] == lines(log)[0]["request_id"] != said


def test_neither_query_nor_keys_are_told(log: io.StringIO, app: Flask, runtime: Runtime) -> None:
    good = key_of(runtime, Scope.ADMIN)
    bad = good[:-4] + "beef"
    for key in (good, bad):
        client = client_of(app, key)
        client.get(f"/v1/pledges?token={key}")
        client.get(f"/v1/{key}")
    for key in (good, bad):
        assert key.split("_")[2] not in log.getvalue()
    assert [line["key"] for line in lines(log)] == [good.split("_")[1], None, None, None]


def test_a_long_path_is_cut(log: io.StringIO, anybody: FlaskClient) -> None:
    anybody.get("/" + "x" * 5000)
    assert len(lines(log)[0]["path"]) == LONGEST_PATH_CHARACTERS


@pytest.mark.parametrize(
    ("rule", "spelled"),
    [
        ("/", "/"),
        ("/v1/pledges/<slug:pledge>/progress/<number:number>", "/v1/pledges/{pledge}/progress/{number}"),
        ("/static/<path:filename>", "/static/{filename}"),
        ("/x/<any(a, b):kind>/<name>", "/x/{kind}/{name}"),
    ],
)
def test_a_route_is_told_as_it_is_documented(rule: str, spelled: str) -> None:
    assert template(rule) == spelled


@pytest.mark.parametrize(("trusted", "client"), [("0", "127.0.0.1"), ("1", "203.0.113.9")])
def test_the_address_told_is_the_one_that_trusted_proxies_say(
    log: io.StringIO, environ: dict[str, str], trusted: str, client: str
) -> None:
    made = composition.assemble(load(environ | {"PLEDGETRACKER_TRUSTED_PROXIES": trusted}))
    headers = {"X-Forwarded-For": "made up, 203.0.113.9"}
    application.create(made).test_client().get("/v1/pledges", headers=headers)
    made.database.close()
    assert [line["client"] for line in lines(log)] == [client]
