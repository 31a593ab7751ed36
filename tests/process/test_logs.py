"""What a whole run writes: JSON lines, ids, and none of the secrets that went through it."""

import json
from pathlib import Path
from typing import Any

import pytest

from pledgetracker.domain.access import Scope
from pledgetracker.runtime import Runtime
from tests.conftest import SECRET, Clock, key_of
from tests.processes import PATIENCE_SECONDS, answers, call, started, wait_until
from tests.sinks import Sink, free_port, listening
from tests.world import add_pledge

PASSWORD = "hunter2 of the mail server"
TOKEN = "a token for Prometheus"
PING = f"http://127.0.0.1:{free_port()}/f00dcafe-ping"


def lines(written: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in written.splitlines()]


def test_a_whole_run_writes_json_and_no_secret(
    runtime: Runtime, served: dict[str, str], port: int, mail_port: int, clock: Clock, tmp_path: Path
) -> None:
    environ = served | {
        "PLEDGETRACKER_LOG_LEVEL": "debug",
        "PLEDGETRACKER_SMTP_USERNAME": "me",
        "PLEDGETRACKER_SMTP_PASSWORD": PASSWORD,
        "PLEDGETRACKER_METRICS_TOKEN": TOKEN,
        "PLEDGETRACKER_PING_URL": PING,
    }
    add_pledge(runtime, announced_on=clock.now.date().replace(year=clock.now.year - 1), due=None)
    good = key_of(runtime, Scope.WRITE)
    bad = good[:-4] + "beef"
    base = f"http://127.0.0.1:{port}"
    with (tmp_path / "log").open("w+") as log, listening(Sink(password="another one"), mail_port):
        with started(environ, "serve", log=log) as server, started(environ, "schedule", log=log) as scheduler:
            wait_until(lambda: answers(f"{base}/healthz"))
            for key, status in ((good, 201), (bad, 401)):
                assert call(f"{base}/v1/pledgers", {"name": "Acme 2"}, key=key)[0] == status
                assert call(f"{base}/v1/{key}?key={key}")[0] == 404
            assert call(f"{base}/metrics", key="not the token")[0] == 401
            wait_until(lambda: "535" in (tmp_path / "log").read_text())
            wait_until(lambda: '"tick"' in (tmp_path / "log").read_text())
            for process in (server, scheduler):
                process.terminate()
                assert process.wait(PATIENCE_SECONDS) == 0
        written = (tmp_path / "log").read_text()
    for secret in (SECRET, PASSWORD, TOKEN, good.split("_")[2], bad.split("_")[2], PING.rpartition("/")[2]):
        assert secret not in written
    told = lines(written)
    assert {line["event"] for line in told} >= {"request", "tick", "Shutting down granian"}
    assert all(line["timestamp"] and line["level"] for line in told)
    posted = [line for line in told if line.get("method") == "POST"]
    assert [(line["status"], line["route"], line["key"]) for line in posted] == [
        (201, "/v1/pledgers", good.split("_")[1]),
        (401, "/v1/pledgers", None),
    ]
    assert len({line["request_id"] for line in posted}) == 2


@pytest.mark.postgresql
def test_the_password_of_the_database_is_not_told_even_when_it_is_refused(
    served: dict[str, str], tmp_path: Path
) -> None:
    address = f"postgresql://nobody:{PASSWORD.replace(' ', '%20')}@127.0.0.1:{free_port()}/nowhere"
    environ = served | {"PLEDGETRACKER_DATABASE_URL": address, "PLEDGETRACKER_LOG_LEVEL": "debug"}
    with (tmp_path / "log").open("w+") as log, started(environ, "serve", log=log) as process:
        assert process.wait(PATIENCE_SECONDS) == 1
    written = (tmp_path / "log").read_text()
    assert "refused" in written
    assert "hunter2" not in written


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no /dev/full here")
def test_a_log_that_cannot_be_written_keeps_nobody_from_being_served(
    runtime: Runtime, served: dict[str, str], port: int
) -> None:
    with Path("/dev/full").open("a") as full, started(served, "serve", log=full) as process:
        wait_until(lambda: answers(f"http://127.0.0.1:{port}/v1/pledges"))
        for _ in range(50):
            assert answers(f"http://127.0.0.1:{port}/v1/pledges")
        process.terminate()
        assert process.wait(PATIENCE_SECONDS) == 0
