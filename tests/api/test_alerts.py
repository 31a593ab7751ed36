"""Single alerts over HTTP: what became of each attempt, and dead ones tried anew."""

from datetime import timedelta

import pytest
from flask.testing import FlaskClient

from pledgetracker.api.veil import veiled
from pledgetracker.domain.alert import AlertState
from pledgetracker.domain.attempt import Outcome, Phase, Result
from pledgetracker.runtime import Runtime
from pledgetracker.services.leasing import LEASE
from pledgetracker.storage.database import Transaction
from tests.api.conftest import Promise, Refused
from tests.conftest import Clock
from tests.world import alerts

ADA = "ada@example.org"
REASON = f"RCPT TO: 550 5.1.1 <{ADA}> no such user"


@pytest.fixture
def dead(runtime: Runtime, promise: Promise, clock: Clock) -> int:
    """An alert whose second attempt was refused for good."""
    promise(contacts=[{"email": ADA}], announced_on="2024-01-01", due="2025")
    [alert] = alerts(runtime, AlertState.PENDING)
    later = clock.now + timedelta(minutes=1)

    def attempt(tx: Transaction) -> None:
        tx.deliveries.claim(now=clock.now, until=clock.now + LEASE, token="one", limit=1)
        tx.attempts.begin(alert.id, token="one", now=clock.now)
        tx.deliveries.put_off(alert.id, "451 later", token="one", until=later, begun_at=clock.now)
        failed = Result(Outcome.PUT_OFF, Phase.BEFORE_FINAL_DOT, 451, "451 later")
        tx.attempts.end(alert.id, failed, now=clock.now)
        tx.deliveries.claim(now=later, until=later + LEASE, token="two", limit=1)
        tx.attempts.begin(alert.id, token="two", now=later)
        tx.deliveries.end(alert.id, AlertState.DEAD, REASON, token="two", now=later, was_tried=True)
        tx.attempts.end(alert.id, Result(Outcome.REFUSED, Phase.BEFORE_FINAL_DOT, 550, REASON), now=later)

    runtime.database.write(attempt)
    return alert.id


def test_an_alert_shows_by_its_id(anybody: FlaskClient, dead: int, refused: Refused) -> None:
    listed = anybody.get("/v1/alerts?state=dead").get_json()["items"]
    assert listed == [anybody.get(f"/v1/alerts/{dead}").get_json()]
    refused(anybody.get("/v1/alerts/4242"), 404)


def test_the_address_in_a_servers_words_shows_only_to_keys_with_scope_write(
    anybody: FlaskClient, editor: FlaskClient, dead: int
) -> None:
    shown = anybody.get(f"/v1/alerts/{dead}").get_json()
    assert (shown["recipient"], shown["reason"]) == (None, "RCPT TO: 550 5.1.1 <…> no such user")
    assert editor.get(f"/v1/alerts/{dead}").get_json()["reason"] == REASON


def test_every_attempt_is_listed_with_what_the_server_said(
    editor: FlaskClient, anybody: FlaskClient, dead: int, refused: Refused
) -> None:
    address = f"/v1/alerts/{dead}/attempts"
    first, second = editor.get(address).get_json()["items"]
    assert first == {
        "number": 1,
        "begun_at": "2026-11-23T12:00:00Z",
        "ended_at": "2026-11-23T12:00:00Z",
        "outcome": "put_off",
        "phase": "before_final_dot",
        "code": 451,
        "words": "451 later",
    }
    assert (second["number"], second["outcome"], second["code"]) == (2, "refused", 550)
    refused(anybody.get(address), 401)
    refused(editor.get("/v1/alerts/4242/attempts"), 404)


def test_a_dead_alert_is_requeued_once_and_its_attempts_are_counted_on(
    editor: FlaskClient, runtime: Runtime, dead: int, refused: Refused
) -> None:
    before = editor.get(f"/v1/alerts/{dead}").get_json()
    answer = editor.post(f"/v1/alerts/{dead}/requeue", headers={"Idempotency-Key": "a"})
    assert answer.status_code == 200
    shown = answer.get_json()
    assert (shown["state"], shown["reason"], shown["ended_at"]) == ("pending", None, None)
    assert (shown["attempts"], shown["message_id"]) == (2, before["message_id"])
    again = editor.post(f"/v1/alerts/{dead}/requeue", headers={"Idempotency-Key": "a"})
    assert (again.data, again.headers["Idempotent-Replayed"]) == (answer.data, "true")
    told = refused(editor.post(f"/v1/alerts/{dead}/requeue"), 409)
    assert told["detail"] == f"The alert {dead} is pending; only one that is dead can be requeued."
    refused(editor.post("/v1/alerts/4242/requeue"), 404)
    [alert] = alerts(runtime, AlertState.PENDING)
    assert alert.first_attempt_at is None


def test_what_everybody_may_read_names_nobody_whom_a_server_named() -> None:
    said = "550 <ada@example.org>: forwarded to j.doe@internal.example, who is gone"
    assert veiled(said) == "550 <…>: forwarded to …, who is gone"
