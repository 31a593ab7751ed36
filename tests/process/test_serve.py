"""The server as a process: it starts, stops, survives, and shares a database with another."""

import signal
import socket
import threading
from typing import Any

from pledgetracker.domain.access import Scope
from pledgetracker.runtime import Runtime
from tests.conftest import key_of
from tests.processes import PATIENCE_SECONDS, answers, call, kill, run, started, wait_until
from tests.sinks import free_port
from tests.world import add_pledge

THREADS, POSTS = 8, 25


def test_it_answers_lets_no_second_one_share_its_port_and_stops_when_told_to(
    runtime: Runtime, served: dict[str, str], port: int
) -> None:
    with started(served, "serve") as process:
        wait_until(lambda: answers(f"http://127.0.0.1:{port}/healthz"))
        assert "Address already in use" in run(served, "serve").stderr
        process.send_signal(signal.SIGTERM)
        assert process.wait(PATIENCE_SECONDS) == 0
    assert not answers(f"http://127.0.0.1:{port}/healthz")


def test_a_taken_port_is_refused_with_a_sentence(runtime: Runtime, served: dict[str, str], port: int) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", port))
        taken.listen()
        ended = run(served, "serve")
    assert ended.returncode == 1
    assert f"127.0.0.1:{port}: Address already in use." in ended.stderr
    assert "PLEDGETRACKER_PORT" in ended.stderr
    assert "Traceback" not in ended.stderr


def test_what_was_answered_with_201_outlives_a_kill(
    runtime: Runtime, served: dict[str, str], port: int
) -> None:
    add_pledge(runtime)
    key = key_of(runtime, Scope.PROGRESS)
    base = f"http://127.0.0.1:{port}"
    with started(served, "serve") as process:
        wait_until(lambda: answers(f"{base}/healthz"))
        status, _ = call(f"{base}/v1/pledges/people/progress", {"value": 5, "as_of": "2026-02-01"}, key=key)
        kill(process)
    assert status == 201
    with started(served, "serve"):
        wait_until(lambda: answers(f"{base}/healthz"))
        assert call(f"{base}/v1/pledges/people")[1]["figure"]["value"] == 5


def test_two_servers_number_the_updates_of_one_pledge_without_gaps_and_never_find_the_database_locked(
    runtime: Runtime, served: dict[str, str], port: int
) -> None:
    add_pledge(runtime, contacts=())
    key = key_of(runtime, Scope.PROGRESS)
    other = free_port()
    bases = [f"http://127.0.0.1:{number}" for number in (port, other)]
    answered: list[tuple[int, Any]] = []

    def post(base: str) -> None:
        for _ in range(POSTS):
            body = {"increment": 1, "as_of": "2026-02-01"}
            answered.append(call(f"{base}/v1/pledges/people/progress", body, key=key))

    with started(served, "serve"), started(served | {"PLEDGETRACKER_PORT": str(other)}, "serve"):
        for base in bases:
            wait_until(lambda base=base: answers(f"{base}/healthz"))  # type: ignore[misc] # binds the loop's
        threads = [threading.Thread(target=post, args=(base,)) for base in bases for _ in range(THREADS)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        figures = [call(f"{base}/v1/pledges/people")[1]["figure"]["value"] for base in bases]
    expected = len(bases) * THREADS * POSTS
    assert {status for status, _ in answered} == {201}
    assert sorted(body["id"] for _, body in answered) == list(range(1, expected + 1))
    assert figures == [expected, expected]
