"""Who may call what: scopes, keys, and what shows to whom; test_permissions.py has the whole matrix."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from pledgetracker.domain.access import Scope
from pledgetracker.runtime import Runtime
from pledgetracker.services.keyring import create_key, revoke_key
from tests.api.conftest import PARTS, Post, Promise, Refused
from tests.conftest import client_of, key_of

UPDATE = {"value": 1, "as_of": "2026-01-01"}


def calls(app: Flask) -> Iterator[tuple[str, str, Scope | None]]:
    """Every call of the API: method, address, and the scope it declares."""
    for rule in app.url_map.iter_rules():
        if rule.rule.startswith("/v1"):
            built = rule.build({name: PARTS[name] for name in rule.arguments}, append_unknown=False)
            assert built is not None
            view = app.view_functions[rule.endpoint]
            for method in sorted((rule.methods or set()) - {"OPTIONS"}):
                yield method, built[1], getattr(view, "scope", None)


def let_in(answer: Any) -> bool:
    """Whether a caller came past the door; what became of the call does not matter here."""
    return answer.status_code not in {401, 403}


@pytest.fixture
def public_reads() -> bool:
    return True


@pytest.fixture
def environ(environ: dict[str, str], *, public_reads: bool) -> dict[str, str]:
    return environ | {"PLEDGETRACKER_PUBLIC_READS": str(public_reads).lower()}


@pytest.fixture
def record(promise: Promise, post: Post) -> None:
    post("/v1/initiatives", {"id": "choose", "title": "Choose"})
    promise()


# What of reading is not for everybody, and what of changing needs another scope than write.
CLOSED = {"contacts": Scope.WRITE, "attempts": Scope.WRITE, "reviews": Scope.REVIEW, "audit": Scope.ADMIN}
CHANGING = {"progress": Scope.PROGRESS, "decisions": Scope.REVIEW, "conflicts": Scope.REVIEW}
CHANGING |= {"verdicts": Scope.REVIEW, "rubrics": Scope.REVIEW}


def test_changing_anything_needs_more_than_reading(app: Flask) -> None:
    for method, address, scope in calls(app):
        if method in {"GET", "HEAD"}:
            assert scope is CLOSED.get(address.rpartition("/")[2], Scope.READ)
        else:
            assert scope is CHANGING.get(address.rpartition("/")[2], Scope.WRITE)


@pytest.mark.parametrize("held", [None, *Scope])
@pytest.mark.parametrize("public_reads", [True, False])
def test_a_key_opens_what_its_scope_includes_and_nothing_else(
    app: Flask, runtime: Runtime, refused: Refused, record: None, held: Scope | None, *, public_reads: bool
) -> None:
    client = client_of(app, None if held is None else key_of(runtime, held))
    for method, address, needed in calls(app):
        assert needed is not None
        # The query is refused behind the door, so nothing changes for the calls that follow.
        answer = client.open(address, method=method, query_string={"no": "1"})
        is_open = needed is Scope.READ and public_reads
        if is_open if held is None else held.includes(needed):
            assert let_in(answer), (method, address)
        elif method == "HEAD":
            assert not let_in(answer)
        else:
            told = refused(answer, 401 if held is None else 403)
            assert f"'{needed.value}'" in told["detail"]


@pytest.mark.parametrize("public_reads", [False])
def test_without_public_reads_every_address_of_the_record_is_closed(
    app: Flask, anybody: FlaskClient, record: None, *, public_reads: bool
) -> None:
    for method, address, _ in calls(app):
        assert anybody.open(address, method=method).status_code == 401, (method, address)
    for address in ("/healthz", "/openapi.json"):
        assert anybody.get(address).status_code == 200


@pytest.fixture
def bad_keys(app: Flask, runtime: Runtime) -> dict[str, str]:
    """What is sent as Authorization and opens nothing."""
    good = key_of(runtime, Scope.ADMIN)
    revoked = key_of(runtime, Scope.ADMIN)
    expired = runtime.database.write(
        lambda tx: create_key(
            tx,
            "old",
            Scope.ADMIN,
            runtime.pepper,
            expires_at=runtime.clock(),
            now=runtime.clock() - timedelta(1),
        )
    )
    runtime.database.write(lambda tx: revoke_key(tx, revoked.split("_")[1], now=runtime.clock()))
    prefix, key_id, secret = good.split("_")
    return {
        "revoked": f"Bearer {revoked}",
        "expired": f"Bearer {expired}",
        "another secret": f"Bearer {prefix}_{key_id}_{secret[::-1]}",
        "another key's secret": f"Bearer {prefix}_{revoked.split('_')[1]}_{secret}",
        "unknown": f"Bearer {prefix}_000000000000_{secret}",
        "without a secret": f"Bearer {prefix}_{key_id}_",
        "without a prefix": f"Bearer {key_id}_{secret}",
        "with more": f"Bearer {good}_x",
        "in capitals": f"Bearer {good.upper()}",
        "another scheme": f"Basic {good}",
        "no scheme": good,
        "only the scheme": "Bearer",
        "blank": "Bearer  ",
        "empty": "",
        "two keys": f"Bearer {good} {good}",
        "endless": "Bearer " + "x" * 10_000,
        "with a control character": f"Bearer {prefix}_{key_id}\x01_{secret}",
        "not ASCII": f"Bearer {prefix}_{key_id}é_{secret}",
    }


def test_a_key_that_is_not_valid_opens_nothing_not_even_what_needs_none(
    app: Flask, anybody: FlaskClient, refused: Refused, record: None, bad_keys: dict[str, str]
) -> None:
    for kind, header in bad_keys.items():
        for method, address, _ in calls(app):
            if method != "HEAD":
                answer = anybody.open(address, method=method, headers={"Authorization": header})
                assert refused(answer, 401)["type"] == "/docs#problem-key-unknown", kind
                assert answer.headers["WWW-Authenticate"] == 'Bearer realm="pledgetracker"'


def test_the_scheme_may_be_spelled_in_any_case(app: Flask, runtime: Runtime, record: None) -> None:
    key = key_of(runtime, Scope.WRITE)
    for scheme in ("Bearer", "bearer", "BEARER"):
        answer = app.test_client().get(
            "/v1/pledges/people-trained/contacts", headers={"Authorization": f"{scheme}  {key} "}
        )
        assert answer.status_code == 200


def test_a_key_works_until_the_instant_it_expires(app: Flask, runtime: Runtime, clock: Any) -> None:
    key = runtime.database.write(
        lambda tx: create_key(
            tx, "short", Scope.READ, runtime.pepper, expires_at=clock.now + timedelta(hours=1), now=clock.now
        )
    )
    client = client_of(app, key)
    clock.now += timedelta(minutes=59, seconds=59)
    assert client.get("/v1/pledges").status_code == 200
    clock.now += timedelta(seconds=1)
    assert client.get("/v1/pledges").status_code == 401


def test_a_key_tied_to_a_pledger_reports_for_that_one_alone(
    app: Flask, runtime: Runtime, promise: Promise, post: Post, refused: Refused
) -> None:
    promise()
    post("/v1/pledgers", {"id": "other", "name": "Other"})
    promise(id="of-another", pledger="other")
    tied = client_of(app, key_of(runtime, Scope.PROGRESS, pledger="acme"))
    assert tied.post("/v1/pledges/people-trained/progress", json=UPDATE).status_code == 201
    told = refused(tied.post("/v1/pledges/of-another/progress", json=UPDATE), 403)
    assert "'acme'" in told["detail"]
    assert "'other'" in told["detail"]
    assert tied.get("/v1/pledges/of-another/progress").get_json()["items"] == []
    refused(tied.post("/v1/pledges/nobody/progress", json=UPDATE), 404)


def test_contacts_show_only_to_keys_that_may_change_them(
    app: Flask, runtime: Runtime, promise: Promise, refused: Refused
) -> None:
    contact = {"name": "Ada", "email": "ada@example.org", "language": "fr", "role": "press"}
    made = promise(contacts=[contact])
    assert "contacts" not in made
    address = "/v1/pledges/people-trained/contacts"
    for scope in Scope:
        answer = client_of(app, key_of(runtime, scope)).get(address)
        if scope.includes(Scope.WRITE):
            assert answer.get_json() == {"items": [contact]}
        else:
            refused(answer, 403)
    everything = (
        app.test_client().get("/v1/pledges").text + app.test_client().get("/v1/pledges/people-trained").text
    )
    assert "ada@example.org" not in everything


def test_who_gets_an_alert_shows_only_to_keys_with_scope_write(
    app: Flask, runtime: Runtime, promise: Promise
) -> None:
    promise(contacts=[{"email": "ada@example.org"}])
    for scope in (None, *Scope):
        client = client_of(app, None if scope is None else key_of(runtime, scope))
        answer = client.get("/v1/alerts")
        [alert] = answer.get_json()["items"]
        if scope is not None and scope.includes(Scope.WRITE):
            assert alert["recipient"] == "ada@example.org"
            assert alert["message_id"].startswith("<")
        else:
            assert (alert["recipient"], alert["message_id"]) == (None, None)
            assert "ada@" not in answer.text
