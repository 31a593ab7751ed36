"""The server as a process: it starts, stops, survives, and shares a database with another."""

import json
import select
import signal
import socket
import threading
from contextlib import closing
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

import pytest

from pledgetracker.domain.access import Scope
from pledgetracker.runtime import Runtime
from pledgetracker.server import STOP_SECONDS
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
    key = key_of(runtime, Scope.REVIEW)
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
    key = key_of(runtime, Scope.REVIEW)
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


@pytest.mark.sqlite
def test_told_to_stop_it_finishes_what_is_under_way_and_takes_nothing_new(
    runtime: Runtime, served: dict[str, str], port: int
) -> None:
    add_pledge(runtime, contacts=())
    key = key_of(runtime, Scope.REVIEW)
    environ = served | {"PLEDGETRACKER_LOCK_TIMEOUT_SECONDS": str(PATIENCE_SECONDS)}
    headers = {"Authorization": f"Bearer {key}", "Content-Type": "application/json"}
    body = json.dumps({"value": 5, "as_of": "2026-02-01"})
    client = HTTPConnection("127.0.0.1", port, timeout=PATIENCE_SECONDS)
    with started(environ, "serve") as process, closing(client):
        wait_until(lambda: answers(f"http://127.0.0.1:{port}/healthz"))
        # Nobody else can write meanwhile.
        with runtime.database._writers.begin():
            client.request("POST", "/v1/pledges/people/progress", body, headers)
            wait_until(lambda: has_read_all(port, client.sock))
            process.send_signal(signal.SIGTERM)
            wait_until(lambda: not connects(port))
            assert not select.select([client.sock], [], [], 0)[0]
            assert process.poll() is None
        assert client.getresponse().status == 201
        assert process.wait(PATIENCE_SECONDS) == 0


def has_read_all(port: int, client: socket.socket) -> bool:
    """Whether the server at the port has taken the connection and read whatever the client has sent."""
    ends = [f":{number:04X}" for number in (port, client.getsockname()[1])]
    for line in Path("/proc/net/tcp").read_text().splitlines()[1:]:
        _, here, there, _, queues, *_, inode, _ = line.split(maxsplit=10)
        if (here[-5:], there[-5:]) == tuple(ends):
            # Until it is taken, a connection is nobody's file.
            return inode != "0" and queues.endswith(":00000000")
    return False


def connects(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), timeout=PATIENCE_SECONDS).close()
    except ConnectionRefusedError:
        return False
    return True


@pytest.mark.slow
def test_a_client_that_never_ends_its_request_does_not_keep_it_from_stopping(
    runtime: Runtime, served: dict[str, str], port: int
) -> None:
    key = key_of(runtime, Scope.WRITE)
    head = (
        f"POST /v1/pledgers HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {key}\r\n"
        "Content-Type: application/json\r\nContent-Length: 100\r\n\r\n{"
    )
    with started(served, "serve") as process:
        wait_until(lambda: answers(f"http://127.0.0.1:{port}/healthz"))
        with socket.create_connection(("127.0.0.1", port)) as endless:
            endless.sendall(head.encode())
            wait_until(lambda: has_read_all(port, endless))
            process.send_signal(signal.SIGTERM)
            assert process.wait(STOP_SECONDS + PATIENCE_SECONDS) == 0
