"""Backups of a record that a server is writing, and restores between real processes."""

import os
import resource
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from pledgetracker.domain.access import Scope
from pledgetracker.runtime import Runtime
from pledgetracker.services import copies
from tests.conftest import key_of
from tests.processes import PATIENCE_SECONDS, answers, call, command, kill, run, started, wait_until
from tests.world import add_pledge, report

# Only a database that is a file is backed up by the program itself.
pytestmark = pytest.mark.sqlite

POSTERS = 4
# A file may grow to this and no further, as on a disk with that much room.
ROOM_BYTES = 64 * 1024


@pytest.fixture
def place(tmp_path: Path) -> Path:
    folder = tmp_path / "backups"
    folder.mkdir()
    return folder / "b.sqlite3"


@pytest.fixture
def record(runtime: Runtime, tmp_path: Path) -> Path:
    add_pledge(runtime, contacts=())
    return tmp_path / "pledgetracker.sqlite3"


@contextmanager
def posting(base: str, key: str) -> Iterator[list[int]]:
    """POST under way all the time; the numbers of the updates that were acknowledged."""
    acknowledged: list[int] = []
    stop = threading.Event()

    def post() -> None:
        while not stop.is_set():
            body = {"increment": 1, "as_of": "2026-02-01"}
            status, update = call(f"{base}/v1/pledges/people/progress", body, key=key)
            assert status == 201
            acknowledged.append(update["id"])

    threads = [threading.Thread(target=post) for _ in range(POSTERS)]
    for thread in threads:
        thread.start()
    try:
        yield acknowledged
    finally:
        stop.set()
        for thread in threads:
            thread.join()


@pytest.mark.slow
def test_a_backup_under_load_has_all_that_was_acknowledged_before_it_began(
    runtime: Runtime, record: Path, served: dict[str, str], port: int, place: Path
) -> None:
    key = key_of(runtime, Scope.REVIEW)
    base = f"http://127.0.0.1:{port}"
    with started(served, "serve"):
        wait_until(lambda: answers(f"{base}/healthz"))
        with posting(base, key) as acknowledged:
            for n in range(2):
                wait_until(lambda: len(acknowledged) > 20)
                begun = list(acknowledged)
                file = place.with_name(f"b{n}.sqlite3")
                ended = run(served, "backup", str(file))
                assert ended.returncode == 0, ended.stderr
                counts = copies.read(file).contents.counts
                # Numbers have no gaps, so as many as the highest are there.
                assert max(begun) <= counts["progress_updates"] <= max(acknowledged) + POSTERS
                assert copies.examine(file) == copies.read(file).contents
                acknowledged.clear()


@pytest.mark.slow
def test_a_record_is_not_replaced_while_it_is_served_asked_or_not(
    runtime: Runtime, record: Path, served: dict[str, str], port: int, place: Path
) -> None:
    assert run(served, "backup", str(place)).returncode == 0
    report(runtime, value=5)
    runtime.database.close()
    base = f"http://127.0.0.1:{port}"
    with started(served, "serve") as process:
        wait_until(lambda: answers(f"{base}/healthz"))
        for _ in range(2):
            ended = run(served, "restore", str(place))
            assert ended.returncode == 1
            assert "is in use: stop 'serve' and 'schedule' first" in ended.stderr
            assert call(f"{base}/v1/pledges/people")[1]["figure"]["value"] == 5
        kill(process)
    ended = run(served, "restore", str(place))
    assert ended.returncode == 0, ended.stderr
    with started(served, "serve"):
        wait_until(lambda: answers(f"{base}/healthz"))
        assert call(f"{base}/v1/pledges/people")[1]["figure"] is None


HOLDING = """
import sys
from pledgetracker.storage.dialects import sqlite
module = sqlite.driver()
connection = module.connect(sys.argv[1], isolation_level=None)
connection.execute("INSERT INTO heartbeats VALUES ('other', '2026-01-01T00:00:00.000000Z', '{}')")
print("ready", flush=True)
sys.stdin.read()
"""


@pytest.mark.slow
def test_a_program_that_is_not_ours_keeps_the_record_too_and_leaves_its_journal_when_killed(
    runtime: Runtime, record: Path, served: dict[str, str], place: Path
) -> None:
    assert run(served, "backup", str(place)).returncode == 0
    runtime.database.close()
    program = [*command()[:1], "-c", HOLDING, str(record)]
    with subprocess.Popen(program, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as holding:
        assert holding.stdout is not None
        assert holding.stdout.readline() == "ready\n"
        refused = run(served, "restore", str(place))
        holding.kill()
    assert refused.returncode == 1
    assert "is in use" in refused.stderr
    assert record.with_name(f"{record.name}-wal").exists()
    ended = run(served, "restore", str(place))
    assert ended.returncode == 0, ended.stderr
    assert not record.with_name(f"{record.name}-wal").exists()
    [kept] = record.parent.glob("*.replaced-*Z")
    # What only the journal held is in what was kept.
    assert copies.examine(kept).counts["heartbeats"] == 1


@pytest.mark.slow
def test_a_full_disk_leaves_no_half_backup_and_no_half_restore(
    runtime: Runtime, record: Path, served: dict[str, str], place: Path
) -> None:
    assert run(served, "backup", str(place)).returncode == 0
    before = {path: path.stat().st_size for path in place.parent.iterdir()}
    runtime.database.close()

    def cramped(*words: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            command(*words),
            env=os.environ | served,
            check=False,
            capture_output=True,
            text=True,
            timeout=PATIENCE_SECONDS,
            preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (ROOM_BYTES, ROOM_BYTES)),
        )

    for words in (("backup", str(place), "--force"), ("restore", str(place))):
        ended = cramped(*words)
        assert ended.returncode == 1, ended.stdout
        assert "Traceback" not in ended.stderr
        assert ended.stderr.startswith("Error: ")
    assert {path: path.stat().st_size for path in place.parent.iterdir()} == before
    assert not [
        path.name for path in record.parent.iterdir() if "part" in path.name or "replaced" in path.name
    ]
    assert copies.examine(place) == copies.read(place).contents
    assert run(served, "audit", "verify").returncode == 0
