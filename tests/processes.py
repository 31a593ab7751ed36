"""Real processes of the program; each test ends those that it started, by their ids and no others."""

import json
import os
import signal
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from email.message import Message
from pathlib import Path
from typing import IO, Any
from urllib.error import HTTPError, URLError

PATIENCE_SECONDS = 60
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
    environ: Mapping[str, str],
    *words: str,
    log: IO[str] | int = subprocess.DEVNULL,
    under: Sequence[str] = (),
) -> Iterator[subprocess.Popen[str]]:
    """A command under way, in a process group of its own, all of which is killed in the end.

    What it writes goes to `log`, a file, or a pipe that is `heard`: one that nobody reads would stop it once
    it is full. `under` is a program with its arguments that starts the command.
    """
    process = subprocess.Popen(
        [*under, *command(*words)],
        env=os.environ | environ,
        stdout=log,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    try:
        yield process
    finally:
        kill(process)
        if process.stdout is not None:
            process.stdout.close()


def heard(process: subprocess.Popen[str]) -> list[str]:
    """The lines that a command says whose log is a pipe, as they come."""
    lines: list[str] = []

    def listen() -> None:
        assert process.stdout is not None
        # Closed at the end of the process, whose last words nobody needs.
        with suppress(ValueError):
            for line in process.stdout:
                lines.append(line)  # noqa: PERF402 -- each as it comes, not all at the end

    threading.Thread(target=listen, daemon=True).start()
    return lines


def members(process: subprocess.Popen[str]) -> list[int]:
    """The processes of its group: it and those that it started."""
    found: list[int] = []
    for place in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):
            # What follows the name, which may hold anything: state, parent, group.
            if int(place.read_text().rpartition(")")[2].split()[2]) == process.pid:
                found.append(int(place.parent.name))
    return found


def kill(process: subprocess.Popen[str]) -> None:
    """SIGKILL for it and the processes that it started."""
    try:
        # The group is the process's own: its id stays taken until we have waited for the process.
        if process.returncode is None:
            os.killpg(process.pid, signal.SIGKILL)
    except ProcessLookupError:
        pass
    process.wait(PATIENCE_SECONDS)


@dataclass(frozen=True)
class Answer:
    """What a server said; headers are found however their names are written."""

    status: int
    headers: Message
    body: Any


def ask(
    address: str,
    body: Mapping[str, Any] | None = None,
    *,
    key: str | None = None,
    method: str | None = None,
    **headers: str,
) -> Answer:
    """GET, or POST where there is a body, unless `method` says otherwise; `If_Match="x"` is a header."""
    said = {name.replace("_", "-"): value for name, value in headers.items()}
    if body is not None:
        said["Content-Type"] = "application/json"
    if key is not None:
        said["Authorization"] = f"Bearer {key}"
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(address, data=data, headers=said, method=method)
    try:
        with urllib.request.urlopen(request, timeout=PATIENCE_SECONDS) as answer:
            return Answer(answer.status, answer.headers, json.loads(answer.read()))
    except HTTPError as error:
        with error:
            return Answer(error.code, error.headers, json.loads(error.read()))


def call(address: str, body: Mapping[str, Any] | None = None, *, key: str | None = None) -> tuple[int, Any]:
    """GET, or POST where there is a body: status and JSON."""
    answer = ask(address, body, key=key)
    return answer.status, answer.body


def answers(address: str) -> bool:
    """Whether somebody answers there."""
    try:
        return call(address)[0] == 200
    except (URLError, ConnectionError):
        return False
