"""Whether the process lives, and whether the service works."""

import re
from datetime import timedelta

from flask.testing import FlaskClient
from sqlalchemy import text

from pledgetracker.runtime import Runtime
from tests.conftest import Clock


def test_a_process_that_answers_is_alive(anybody: FlaskClient) -> None:
    assert anybody.get("/healthz").get_json() == {"status": "alive"}


def test_ready_means_database_and_schema_and_tells_of_the_rest(
    anybody: FlaskClient, runtime: Runtime, clock: Clock
) -> None:
    answer = anybody.get("/readyz")
    checks = answer.get_json()["checks"]
    assert (answer.status_code, answer.get_json()["status"]) == (200, "ready")
    assert {name: check["ok"] for name, check in checks.items()} == {
        "database": True,
        "schema": True,
        "scheduler": False,
        "queue": True,
        "mail": True,
    }
    assert checks["schema"]["found"] == checks["schema"]["wanted"]
    assert re.match(r"(SQLite|PostgreSQL) \d+\.\d+", checks["database"]["detail"])


def test_a_database_of_another_version_is_not_ready(anybody: FlaskClient, runtime: Runtime) -> None:
    with runtime.database.engine.begin() as connection:
        connection.execute(text("DELETE FROM alembic_version"))
    answer = anybody.get("/readyz")
    assert (answer.status_code, answer.get_json()["status"]) == (503, "not ready")
    assert "db upgrade" in answer.get_json()["checks"]["schema"]["detail"]


def test_alerts_that_wait_long_are_told(
    anybody: FlaskClient, editor: FlaskClient, acme: dict[str, str], clock: Clock
) -> None:
    said = {
        "title": "Late",
        "pledger": "acme",
        "announced_on": "2024-01-01",
        "due": "2025",
        "contacts": [{"email": "ada@example.org"}],
    }
    assert editor.post("/v1/pledges", json=said).status_code == 201
    assert anybody.get("/readyz").get_json()["checks"]["queue"]["ok"] is True
    clock.now += timedelta(hours=2)
    queue = anybody.get("/readyz").get_json()["checks"]["queue"]
    assert (queue["ok"], queue["oldest_pending_age_seconds"]) == (False, 7200)
