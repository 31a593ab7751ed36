"""What browsers are told: every answer is confined, and only what anybody may read is for other sites."""

import re
from collections.abc import Iterator
from typing import NoReturn

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.wrappers import Response

from pledgetracker.domain.access import Scope
from pledgetracker.runtime import Runtime
from tests.api.conftest import PARTS, Promise
from tests.conftest import client_of, key_of

PAGE = "text/html,*/*;q=0.8"
POLICY = "Content-Security-Policy"
CORS = "Access-Control-Allow-Origin"


def is_confined(answer: Response) -> bool:
    headers = answer.headers
    policy = dict(part.split(" ", 1) for part in headers[POLICY].split("; "))
    wanted = {"default-src": "'none'", "base-uri": "'none'", "frame-ancestors": "'none'"}
    assert wanted.items() <= policy.items()
    assert not {"script-src", "object-src", "unsafe-inline", "unsafe-eval"} & {
        *policy,
        *re.findall(r"[a-z-]+", headers[POLICY]),
    }
    assert headers["X-Frame-Options"] == "DENY"
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Referrer-Policy"] == "no-referrer"
    assert headers["Cross-Origin-Resource-Policy"] in {"same-origin", "cross-origin"}
    names = [name.lower() for name in headers.keys()]  # noqa: SIM118 -- its own iteration gives pairs
    assert len(names) == len(set(names))
    return True


def every_address(app: Flask) -> Iterator[tuple[str, str]]:
    """Every call that the application knows: method and address."""
    for rule in app.url_map.iter_rules():
        parts = PARTS | {"filename": "style.css"}
        built = rule.build({name: parts[name] for name in rule.arguments}, append_unknown=False)
        assert built is not None
        for method in sorted(rule.methods or ()):
            yield method, built[1]


def test_every_answer_at_every_address_is_confined(app: Flask, editor: FlaskClient, promise: Promise) -> None:
    promise()
    seen = 0
    for client in (client_of(app, None), client_of(app, "pt_wrong"), editor):
        for method, address in every_address(app):
            for accepted in ("application/json", PAGE):
                with client.open(address, method=method, headers={"Accept": accepted}) as answer:
                    assert is_confined(answer), (method, address)
                seen += 1
    assert seen > 200


@pytest.fixture
def buggy(app: Flask) -> Flask:
    """The application with an address that fails."""

    def bug() -> NoReturn:
        raise RuntimeError

    app.add_url_rule("/bug", "bug", bug)
    return app


def test_errors_and_answers_without_a_body_are_confined_too(
    buggy: Flask, editor: FlaskClient, promise: Promise
) -> None:
    promise()
    tag = editor.get("/v1/pledges/people-trained").headers["ETag"]
    pledge = "/v1/pledges/people-trained"
    statuses = []
    for accepted in ("application/json", PAGE):
        accepts = {"Accept": accepted}
        for answer in (
            editor.get(pledge, headers={"If-None-Match": tag, **accepts}),
            editor.post("/v1/pledges", data="{", content_type="application/json", headers=accepts),
            editor.get("/nowhere", headers=accepts),
            editor.get("/v1/nowhere", headers=accepts),
            editor.put(pledge, headers=accepts),
            editor.patch(pledge, json={}, headers={"If-Match": '"0"', **accepts}),
            editor.post(
                "/v1/pledges", data="x" * 2_000_000, content_type="application/json", headers=accepts
            ),
            editor.post("/v1/pledges", data="x", headers=accepts),
            editor.post("/v1/pledges", json={}, headers=accepts),
            editor.get("/bug", headers=accepts),
        ):
            assert is_confined(answer)
            statuses.append(answer.status_code)
    assert statuses == [304, 400, 404, 404, 405, 412, 413, 415, 422, 500] * 2


def test_pages_are_opened_by_no_other_site_and_load_only_their_own_style(
    anybody: FlaskClient, promise: Promise
) -> None:
    promise()
    for address in ("/", "/pledges/people-trained", "/docs", "/nowhere", "/pledges/nothing"):
        answer = anybody.get(address, headers={"Accept": PAGE})
        assert answer.mimetype == "text/html"
        assert answer.headers["Cross-Origin-Opener-Policy"] == "same-origin"
        assert answer.headers["Cross-Origin-Resource-Policy"] == "same-origin"
        assert "style-src 'self';" in answer.headers[POLICY]
        assert CORS not in answer.headers
        assert not re.search(r"<script|<style|\bstyle=|\bon[a-z]+=|javascript:", answer.text)


def test_scripts_of_other_sites_may_read_what_anybody_may(
    app: Flask, anybody: FlaskClient, promise: Promise
) -> None:
    promise()
    for address in ("/v1/pledges", "/v1/pledges/people-trained", "/v1/flags", "/openapi.json"):
        answer = anybody.get(address)
        assert (answer.status_code, answer.headers[CORS]) == (200, "*")
        assert "ETag" in answer.headers["Access-Control-Expose-Headers"]
        assert answer.headers["Cross-Origin-Resource-Policy"] == "cross-origin"
    assert anybody.get("/v1/pledges/nothing").headers[CORS] == "*"


def test_nothing_lets_another_site_send_a_key_or_change_something(
    app: Flask, runtime: Runtime, promise: Promise
) -> None:
    promise()
    admin = client_of(app, key_of(runtime, Scope.ADMIN))
    asks = {"Origin": "https://elsewhere.example", "Access-Control-Request-Method": "GET"}
    for method, address in every_address(app):
        for client in (client_of(app, None), admin):
            with client.open(address, method=method, headers=asks) as answer:
                pass
            assert "Access-Control-Allow-Headers" not in answer.headers
            assert "Access-Control-Allow-Credentials" not in answer.headers
            is_public = client is not admin and method in {"GET", "HEAD"} and address.startswith("/v1/")
            is_public = is_public and not address.endswith(("/contacts", "/audit", "/attempts", "/reviews"))
            is_public = is_public or (method in {"GET", "HEAD"} and address == "/openapi.json")
            if client is admin or not is_public:
                assert CORS not in answer.headers, (method, address)
            else:
                assert answer.headers[CORS] == "*", (method, address)


class TestWithoutPublicReads:
    @pytest.fixture
    def environ(self, environ: dict[str, str]) -> dict[str, str]:
        return environ | {"PLEDGETRACKER_PUBLIC_READS": "false"}

    def test_no_other_site_reads_the_record(self, app: Flask, anybody: FlaskClient) -> None:
        for method, address in every_address(app):
            if address.startswith("/v1/"):
                answer = anybody.open(address, method=method)
                assert CORS not in answer.headers
                assert is_confined(answer)
