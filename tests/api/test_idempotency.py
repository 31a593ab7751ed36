"""A request that is repeated under its Idempotency-Key has its effect once."""

import json
import threading
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from pledgetracker.domain.access import Scope
from pledgetracker.runtime import Runtime
from pledgetracker.services.tidying import IDEMPOTENCY_KEPT_FOR, tidy
from tests.api.conftest import PLEDGE, Promise, Refused
from tests.conftest import Clock, client_of, key_of

PROGRESS = "/v1/pledges/people-trained/progress"
UPDATE = {"value": 250000, "as_of": "2025-11-04"}


def send(client: FlaskClient, key: str, address: str = PROGRESS, document: Any = UPDATE) -> TestResponse:
    return client.post(address, json=document, headers={"Idempotency-Key": key})


def numbers_recorded(client: FlaskClient) -> list[int]:
    return [item["id"] for item in client.get(PROGRESS).get_json()["items"]]


def test_a_repeated_request_is_answered_as_the_first_was(editor: FlaskClient, promise: Promise) -> None:
    promise()
    first = send(editor, "a")
    again = send(editor, "a")
    assert (first.status_code, again.status_code) == (201, 201)
    assert again.data == first.data
    for header in ("Location", "ETag", "Content-Type"):
        assert again.headers[header] == first.headers[header]
    assert "Idempotent-Replayed" not in first.headers
    assert again.headers["Idempotent-Replayed"] == "true"
    assert numbers_recorded(editor) == [1]


def test_without_a_key_every_request_has_its_effect(editor: FlaskClient, promise: Promise) -> None:
    promise()
    for _ in range(2):
        assert editor.post(PROGRESS, json=UPDATE).status_code == 201
    assert numbers_recorded(editor) == [1, 2]


@pytest.mark.parametrize(
    ("address", "document"),
    [
        (PROGRESS, {**UPDATE, "value": 250001}),
        ("/v1/pledges/people-trained/withdrawal", {}),
        ("/v1/pledgers", {"name": "Another"}),
    ],
)
def test_another_request_under_the_same_key_is_refused(
    editor: FlaskClient, promise: Promise, refused: Refused, address: str, document: dict[str, Any]
) -> None:
    promise()
    send(editor, "a")
    problem = refused(send(editor, "a", address, document), 422)
    assert problem["type"] == "/docs#problem-key-reused"
    assert numbers_recorded(editor) == [1]


def test_what_is_refused_is_not_kept_and_may_be_tried_again(
    editor: FlaskClient, acme: Any, refused: Refused
) -> None:
    refused(send(editor, "a"), 404)
    assert editor.post("/v1/pledges", json=PLEDGE).status_code == 201
    assert send(editor, "a").status_code == 201


def test_keys_of_two_callers_do_not_meet(
    app: Flask, runtime: Runtime, editor: FlaskClient, promise: Promise
) -> None:
    promise()
    other = client_of(app, key_of(runtime, Scope.PROGRESS))
    assert send(editor, "a").status_code == 201
    assert "Idempotent-Replayed" not in send(other, "a").headers
    assert numbers_recorded(editor) == [1, 2]


def test_who_may_not_do_it_is_not_told_what_it_did(
    app: Flask, runtime: Runtime, editor: FlaskClient, promise: Promise, refused: Refused
) -> None:
    promise()
    send(editor, "a")
    refused(send(client_of(app, None), "a"), 401)
    refused(send(client_of(app, key_of(runtime, Scope.READ)), "a"), 403)


@pytest.mark.parametrize("key", ["", "with space", "x" * 256, "caf\u00e9"])
def test_a_key_that_is_none_is_refused(
    editor: FlaskClient, promise: Promise, refused: Refused, key: str
) -> None:
    promise()
    assert "Idempotency-Key" in refused(send(editor, key), 400)["detail"]
    assert numbers_recorded(editor) == []


def test_a_repeated_change_is_looked_up_before_its_precondition(
    editor: FlaskClient, promise: Promise
) -> None:
    tag = editor.get(f"/v1/pledges/{promise()['id']}").headers["ETag"]
    headers = {"Idempotency-Key": "a", "If-Match": tag}
    answers = [
        editor.patch("/v1/pledges/people-trained", json={"title": "Other"}, headers=headers) for _ in range(2)
    ]
    assert [answer.status_code for answer in answers] == [200, 200]
    assert answers[0].data == answers[1].data
    assert editor.get("/v1/pledges/people-trained").get_json()["version"] == 2


def test_a_repeated_deletion_is_done_already(editor: FlaskClient, promise: Promise) -> None:
    promise()
    headers = {"Idempotency-Key": "a"}
    statuses = [editor.delete("/v1/pledges/people-trained", headers=headers).status_code for _ in range(2)]
    assert statuses == [204, 204]


def test_records_are_kept_for_seven_days(
    editor: FlaskClient, promise: Promise, runtime: Runtime, clock: Clock
) -> None:
    promise()
    send(editor, "a")
    clock.now += IDEMPOTENCY_KEPT_FOR
    runtime.database.write(lambda tx: tidy(tx, now=clock.now))
    assert send(editor, "a").headers["Idempotent-Replayed"] == "true"
    clock.now += timedelta(seconds=1)
    runtime.database.write(lambda tx: tidy(tx, now=clock.now))
    assert "Idempotent-Replayed" not in send(editor, "a").headers


def test_forty_requests_at_once_under_one_key_record_one_update(
    app: Flask, runtime: Runtime, editor: FlaskClient, promise: Promise
) -> None:
    promise()
    key = key_of(runtime, Scope.PROGRESS)
    answers: list[TestResponse] = []
    together = threading.Barrier(40)

    def repeat() -> None:
        client = client_of(app, key)
        together.wait()
        answers.append(send(client, "a"))

    threads = [threading.Thread(target=repeat) for _ in range(40)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert {answer.status_code for answer in answers} == {201}
    assert len({json.dumps(answer.get_json(), sort_keys=True) for answer in answers}) == 1
    assert sum("Idempotent-Replayed" in answer.headers for answer in answers) == 39
    assert numbers_recorded(editor) == [1]
