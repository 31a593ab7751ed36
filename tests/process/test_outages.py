"""Faults of the database met by real servers and schedulers: 503 until it is mended, then all is well."""

import resource
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest
from sqlalchemy import text

from pledgetracker.domain.access import Scope
from pledgetracker.domain.alert import AlertState
from pledgetracker.runtime import Runtime
from pledgetracker.storage.database import Transaction
from tests.conftest import Clock, key_of
from tests.outages import NAMES, TOLD, figure, has_ticked, is_outage, is_whole, owe, post
from tests.processes import PATIENCE_SECONDS, Answer, answers, ask, heard, members, started, wait_until
from tests.sinks import Sink, listening
from tests.world import add_pledge, alerts

pytestmark = pytest.mark.slow


@pytest.fixture
def impatient(served: dict[str, str]) -> dict[str, str]:
    """The environment of processes that wait a second for others who write."""
    return served | {"PLEDGETRACKER_LOCK_TIMEOUT_SECONDS": "1"}


@pytest.fixture
def key(runtime: Runtime) -> str:
    """A key to report with; the pledge to report on is there too."""
    add_pledge(runtime, contacts=())
    return key_of(runtime, Scope.REVIEW)


@pytest.fixture
def owing(runtime: Runtime, clock: Clock) -> Runtime:
    owe(runtime, clock)
    return runtime


# A disk that is full


def leave_room(process: subprocess.Popen[str], size: int) -> None:
    """Let no file of it grow beyond so many bytes, as on a disk with that much room."""
    for pid in members(process):
        resource.prlimit(pid, resource.RLIMIT_FSIZE, (size, resource.RLIM_INFINITY))


@pytest.mark.sqlite
def test_on_a_full_disk_changes_wait_reads_go_on_and_with_room_again_all_is_well(
    runtime: Runtime, served: dict[str, str], base: str, key: str
) -> None:
    with started(served, "serve") as process:
        wait_until(lambda: answers(f"{base}/healthz"))
        assert post(base, key, "1").status == 201
        leave_room(process, 0)
        for _ in range(3):
            assert is_outage(post(base, key, "2"))
            assert figure(base) == 1
        assert ask(f"{base}/readyz").status == 200
        leave_room(process, resource.RLIM_INFINITY)
        assert post(base, key, "2").status == 201
        assert post(base, key, "2").headers["Idempotent-Replayed"] == "true"
        assert figure(base) == 2
    assert is_whole(runtime)


@pytest.mark.sqlite
def test_on_a_full_disk_the_scheduler_says_so_and_ticks_on(owing: Runtime, served: dict[str, str]) -> None:
    with started(served, "schedule", log=subprocess.PIPE) as process:
        lines = heard(process)
        wait_until(lambda: has_ticked(owing))
        leave_room(process, 0)
        wait_until(lambda: any(TOLD in line for line in lines))
        leave_room(process, resource.RLIM_INFINITY)
        said = len(lines)
        wait_until(lambda: any('"tick"' in line for line in lines[said:]))
        assert process.poll() is None
    # No mail server was there to take them.
    assert len(alerts(owing, AlertState.PENDING)) == len(NAMES)


# A file that may only be read


@contextmanager
def read_only(file: Path) -> Iterator[None]:
    """Nobody may write a file, nor what SQLite keeps beside it."""

    def change(mode: int) -> None:
        for place in file.parent.glob(f"{file.name}*"):
            place.chmod(mode)

    change(0o444)
    try:
        yield
    finally:
        change(0o600)


# Becomes another program, without root's power to write where nobody may; others never had it. The numbers
# are Linux's: PR_CAPBSET_DROP and CAP_DAC_OVERRIDE.
POWERLESS = """
import ctypes, os, sys
if os.geteuid() == 0 and ctypes.CDLL(None).prctl(24, 1, 0, 0, 0):
    sys.exit("root may not give up its powers here")
os.execv(sys.argv[1], sys.argv[1:])
"""


@pytest.fixture
def powerless(tmp_path: Path) -> list[str]:
    """What a command is started under that may write only what anybody may."""
    under = [sys.executable, "-c", POWERLESS]
    place = tmp_path / "read-only"
    place.touch(mode=0o444)
    writes = [sys.executable, "-c", "import sys; open(sys.argv[1], 'a')", str(place)]
    if subprocess.run([*under, *writes], check=False, capture_output=True).returncode == 0:
        pytest.skip("whoever runs the tests may write read-only files")
    return under


@pytest.mark.sqlite
def test_a_file_that_may_only_be_read_is_read_and_once_it_may_be_written_it_is(
    runtime: Runtime, served: dict[str, str], base: str, key: str, powerless: list[str]
) -> None:
    file = runtime.database.file
    assert file is not None
    # Its side files are there too: they stay as long as somebody has it open.
    assert file.with_name(f"{file.name}-shm").exists()
    with ExitStack() as stack:
        writable = stack.enter_context(ExitStack())
        writable.enter_context(read_only(file))
        stack.enter_context(started(served, "serve", under=powerless))
        wait_until(lambda: answers(f"{base}/healthz"))
        for _ in range(3):
            assert [figure(base) for _ in range(3)] == [None] * 3
            assert is_outage(post(base, key, "1"))
        writable.close()
        wait_until(lambda: post(base, key, "1").status == 201)
        assert figure(base) == 1
    assert is_whole(runtime)


# Somebody who writes for long


@contextmanager
def writing(runtime: Runtime, lock: Callable[[Transaction], object]) -> Iterator[None]:
    """Somebody else holds what `lock` takes, and does not come to an end before this does."""
    begun, over = threading.Event(), threading.Event()

    def work(tx: Transaction) -> None:
        lock(tx)
        begun.set()
        over.wait(PATIENCE_SECONDS)

    thread = threading.Thread(target=runtime.database.write, args=(work,))
    thread.start()
    try:
        assert begun.wait(PATIENCE_SECONDS)
        yield
    finally:
        over.set()
        thread.join()


def test_while_another_writes_for_longer_than_one_waits_changes_get_503_and_reads_are_answered(
    runtime: Runtime, impatient: dict[str, str], base: str, key: str
) -> None:
    """Reads must get through although there are more writers than threads to wait in."""
    found: list[Answer] = []

    def report(name: str) -> None:
        found.append(post(base, key, name))

    with started(impatient | {"PLEDGETRACKER_THREADS": "2"}, "serve"):
        wait_until(lambda: answers(f"{base}/healthz"))
        with writing(runtime, lambda tx: tx.records.lock("people")):
            threads = [threading.Thread(target=report, args=(str(n),)) for n in range(6)]
            for thread in threads:
                thread.start()
            for _ in range(5):
                assert figure(base) is None
            for thread in threads:
                thread.join()
        assert len(found) == len(threads)
        assert all(is_outage(answer) for answer in found)
        assert [post(base, key, str(n)).status for n in range(6)] == [201] * 6
        assert figure(base) == 6
    assert is_whole(runtime)


def test_a_scheduler_that_finds_the_pledges_locked_for_too_long_ticks_on(
    owing: Runtime, impatient: dict[str, str], mail_port: int
) -> None:
    sink = Sink()
    with listening(sink, mail_port), started(impatient, "schedule", log=subprocess.PIPE) as process:
        lines = heard(process)
        with writing(owing, lock_tables):
            wait_until(lambda: any(TOLD in line for line in lines))
        wait_until(lambda: len(sink.taken) >= len(NAMES))
        assert process.poll() is None
    assert sorted(sink.recipients) == sorted(NAMES)


def lock_tables(tx: Transaction) -> None:
    """Let nobody else plan, deliver or beat; where writers take turns that is so already."""
    if tx._connection.dialect.name == "postgresql":
        tx._connection.execute(text("LOCK TABLE alerts, heartbeats IN EXCLUSIVE MODE"))
