"""What is answered with 201 has been synced to disk before, as the system itself saw it."""

import re
import shutil
import subprocess
from collections.abc import Iterable, Sequence
from pathlib import Path

import pytest

from pledgetracker.domain.access import Scope
from pledgetracker.runtime import Runtime
from tests.conftest import key_of
from tests.outages import post
from tests.processes import answers, started, wait_until
from tests.world import add_pledge

pytestmark = pytest.mark.sqlite

POSTS = 5
# With each file by its path, and every thread and process of the server.
WATCHED = "trace=write,writev,sendto,sendmsg,pwrite64,fsync,fdatasync"
STRACE = ("strace", "-f", "-y", "-s", "32", "-e", WATCHED)
CALL = re.compile(r"(?P<thread>\d+) +(?P<name>\w+)\(\d+<(?P<file>[^>]*)>(?P<rest>.*)")
RESUMED = re.compile(r"(?P<thread>\d+) +<\.\.\. (?P<name>\w+) resumed>(?P<rest>.*)")
SYNC = re.compile(r"\bf(data)?sync\b")
FAILED = re.compile(r"= -1 ")


def unsynced(trace: Iterable[str]) -> list[int]:
    """Which answers of 201, counted from 0, began before what was written last had been synced.

    A sync counts once it has come to its end, an answer once it has begun.
    """
    written, syncing, found = set[str](), dict[str, str](), list[int]()
    answered = 0
    for line in trace:
        if ended := RESUMED.match(line):
            if ended["name"] in {"fsync", "fdatasync"} and not FAILED.search(ended["rest"]):
                written.discard(syncing.pop(ended["thread"]))
        elif begun := CALL.match(line):
            file = begun["file"]
            if begun["name"] == "pwrite64" and "sqlite3" in file and not file.endswith("-shm"):
                written.add(file)
            elif begun["name"] in {"fsync", "fdatasync"}:
                if "<unfinished" in line:
                    syncing[begun["thread"]] = file
                elif not FAILED.search(begun["rest"]):
                    written.discard(file)
            elif "HTTP/1.1 201" in begun["rest"]:
                found += [answered] if written else []
                answered += 1
    assert answered == POSTS
    return found


@pytest.fixture
def strace(tmp_path: Path) -> Sequence[str]:
    """What a command is started under to be watched."""
    if shutil.which("strace") is None:
        pytest.skip("strace is not installed")
    tried = subprocess.run(["strace", "-f", "-o", "/dev/null", "true"], check=False, capture_output=True)
    if tried.returncode != 0:
        pytest.skip(f"strace may not watch here: {tried.stderr.decode().strip()}")
    return [*STRACE, "-o", str(tmp_path / "trace")]


def test_every_update_is_synced_between_its_writing_and_its_201(
    runtime: Runtime, served: dict[str, str], base: str, strace: Sequence[str], tmp_path: Path
) -> None:
    add_pledge(runtime, contacts=())
    key = key_of(runtime, Scope.REVIEW)
    with started(served, "serve", under=strace):
        wait_until(lambda: answers(f"{base}/healthz"))
        assert [post(base, key, str(n)).status for n in range(POSTS)] == [201] * POSTS
    trace = (tmp_path / "trace").read_text().splitlines()
    assert sum("pwrite64" in line for line in trace) >= POSTS
    assert unsynced(trace) == []
    # Without its syncs the same trace must not pass.
    assert unsynced(line for line in trace if not SYNC.search(line)) == list(range(POSTS))
