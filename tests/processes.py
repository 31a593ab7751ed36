"""Real processes of the program; each test ends those that it started, by their ids and no others."""

import json
import os
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import IO, Any
from urllib.error import HTTPError, URLError

PATIENCE_SECONDS = 30
CHECK_SECONDS = 0.02


def wait_until(is_so: Callable[[], Any], *, seconds: float = PATIENCE_SECONDS) -> None:
    """Look again and again until it is so.

    Raises:
        TimeoutError: it does not come to be so.
    """
    end = time.monotonic() + seconds
    while not is_so():
        if time.monotonic() > end:
            raise TimeoutError("waited in vain")
        time.sleep(CHECK_SECONDS)


def command(*words: str) -> list[str]:
    return [sys.executable, "-m", "pledgetracker", *words]


def run(environ: Mapping[str, str], *words: str) -> subprocess.CompletedProcess[str]:
    """Run a command to its end."""
    return subprocess.run(
        command(*words),
        env=os.environ | environ,
        check=False,
        capture_output=True,
        text=True,
        timeout=PATIENCE_SECONDS,
    )


@contextmanager
def started(
    environ: Mapping[str, str], *words: str, log: IO[str] | None = None
) -> Iterator[subprocess.Popen[str]]:
    """A command under way, in a process group of its own, all of which is killed in the end.

    What it writes goes to `log`, a file: a pipe that nobody reads would stop it once it is full.
    """
    process = subprocess.Popen(
        command(*words),
        env=os.environ | environ,
        stdout=log or subprocess.DEVNULL,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    try:
        yield process
    finally:
        kill(process)


def kill(process: subprocess.Popen[str]) -> None:
    """SIGKILL for it and the processes that it started."""
    try:
        # The group is the process's own: its id stays taken until we have waited for the process.
        if process.returncode is None:
            os.killpg(process.pid, signal.SIGKILL)
    except ProcessLookupError:
        pass
    process.wait(PATIENCE_SECONDS)


def call(address: str, body: Mapping[str, Any] | None = None, *, key: str | None = None) -> tuple[int, Any]:
    """GET, or POST where there is a body: status and JSON."""
    headers = {"Content-Type": "application/json"} if body is not None else {}
    if key is not None:
        headers["Authorization"] = f"Bearer {key}"
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(address, data=data, headers=headers)
    try:
        with urllib.request.urlopen(request, timeout=PATIENCE_SECONDS) as answer:
            return answer.status, json.loads(answer.read())
    except HTTPError as error:
        with error:
            return error.code, json.loads(error.read())


def answers(address: str) -> bool:
    """Whether somebody answers there."""
    try:
        return call(address)[0] == 200
    except (URLError, ConnectionError):
        return False
