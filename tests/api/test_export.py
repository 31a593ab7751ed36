"""The record as files over HTTP: the same bytes as on the command line, and no addresses of people."""

import csv
import io

import pytest
from flask.testing import FlaskClient

from pledgetracker.api import export
from pledgetracker.runtime import Runtime
from tests.api.conftest import Post, Promise, Refused
from tests.exchange.conftest import exported


@pytest.fixture(autouse=True)
def record(promise: Promise, post: Post) -> None:
    promise(contacts=[{"email": "ada@example.org"}])
    promise(id="other")
    for pledge in ("people-trained", "other"):
        post(f"/v1/pledges/{pledge}/progress", {"value": 2, "as_of": "2026-01-01", "note": "=1+1"})


@pytest.mark.parametrize("in_memory", [1, 10**6])
@pytest.mark.parametrize(
    ("address", "form", "mimetype"),
    [
        ("/v1/export", "archive", "application/zip"),
        ("/v1/pledges.csv", "pledges", "text/csv"),
        ("/v1/progress.csv", "progress", "text/csv"),
    ],
)
def test_the_record_leaves_as_a_file(
    anybody: FlaskClient,
    runtime: Runtime,
    monkeypatch: pytest.MonkeyPatch,
    address: str,
    form: str,
    mimetype: str,
    in_memory: int,
) -> None:
    monkeypatch.setattr(export, "IN_MEMORY_BYTES", in_memory)
    answer = anybody.get(address)
    assert (answer.status_code, answer.mimetype) == (200, mimetype)
    assert answer.data == exported(runtime, form)
    assert int(answer.headers["Content-Length"]) == len(answer.data)
    assert "attachment" in answer.headers["Content-Disposition"]
    assert b"ada@example.org" not in answer.data


def test_the_updates_of_one_pledge_leave_alone(anybody: FlaskClient, refused: Refused) -> None:
    answer = anybody.get("/v1/pledges/other/progress.csv")
    [row] = csv.DictReader(io.StringIO(answer.text))
    assert (row["pledge"], row["value"], row["note"]) == ("other", "2", "'=1+1")
    refused(anybody.get("/v1/pledges/nobody/progress.csv"), 404)
