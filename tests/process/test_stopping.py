"""The server is told to stop at the worst instants: while its processes start, and everybody at once."""

import os
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from pledgetracker.runtime import Runtime
from pledgetracker.server import STOP_SECONDS
from tests.processes import answers, heard, members, started, wait_until

pytestmark = pytest.mark.slow

# Less than it waits for processes that do not end, before it kills them.
SOON_SECONDS = STOP_SECONDS - 5
PROCESSES = 2


@contextmanager
def reached(pipe: Path) -> Iterator[int]:
    """Wait for somebody who reads the pipe: they wait for what is written into it, or for its end."""
    found: list[int] = []

    def is_read() -> bool:
        # Without a reader it cannot be opened.
        with suppress(OSError):
            found.append(os.open(pipe, os.O_WRONLY | os.O_NONBLOCK))
        return bool(found)

    wait_until(is_read)
    try:
        yield found[0]
    finally:
        os.close(found[0])


@pytest.fixture
def environ_of_several(served: dict[str, str]) -> dict[str, str]:
    return served | {"PLEDGETRACKER_PROCESSES": str(PROCESSES)}


def test_told_while_its_processes_start_it_waits_for_none_of_them(
    runtime: Runtime, environ_of_several: dict[str, str], tmp_path: Path
) -> None:
    # Each process reads its settings first, and cannot go on before it has them.
    secret = tmp_path / "token"
    os.mkfifo(secret)
    environ = environ_of_several | {"PLEDGETRACKER_METRICS_TOKEN_FILE": str(secret)}
    with started(environ, "serve", log=subprocess.PIPE) as process:
        lines = heard(process)
        with reached(secret) as pipe:
            os.write(pipe, b"a token for Prometheus")
        wait_until(lambda: sum("Spawning worker" in line for line in lines) == PROCESSES)
        with reached(secret):
            process.terminate()
            assert process.wait(SOON_SECONDS) == 0
            assert members(process) == []


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_told_together_with_the_processes_that_it_started_it_ends_well(
    runtime: Runtime, environ_of_several: dict[str, str], base: str, number: signal.Signals
) -> None:
    with started(environ_of_several, "serve") as process:
        wait_until(lambda: answers(f"{base}/healthz"))
        os.killpg(process.pid, number)
        assert process.wait(SOON_SECONDS) == 0
        assert members(process) == []
