"""Several server processes count together, also what one of them counted that is no more."""

import os
import signal
from pathlib import Path
from urllib.request import urlopen

import pytest
from prometheus_client.parser import text_string_to_metric_families

from pledgetracker.runtime import Runtime
from tests.processes import PATIENCE_SECONDS, answers, started, wait_until

pytestmark = pytest.mark.slow

REQUESTS = 40
COUNT = ("pledgetracker_http_requests_total", {"method": "GET", "route": "/v1/pledges", "status": "2xx"})


def counted(base: str) -> float:
    with urlopen(f"{base}/metrics", timeout=PATIENCE_SECONDS) as answer:
        text = answer.read().decode()
    found = [
        sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
        if (sample.name, sample.labels) == COUNT
    ]
    return sum(found)


def children(pid: int) -> list[int]:
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


@pytest.mark.parametrize("processes", [1, 2])
def test_the_requests_of_all_processes_add_up(
    runtime: Runtime, served: dict[str, str], port: int, tmp_path: Path, processes: int
) -> None:
    (tmp_path / "temporary").mkdir()
    environ = served | {"PLEDGETRACKER_PROCESSES": str(processes), "TMPDIR": str(tmp_path / "temporary")}
    base = f"http://127.0.0.1:{port}"
    with started(environ, "serve") as process:
        wait_until(lambda: answers(f"{base}/healthz"))
        for _ in range(REQUESTS):
            assert answers(f"{base}/v1/pledges")
        # Whichever process answers.
        assert {counted(base) for _ in range(10)} == {REQUESTS}
        process.terminate()
        assert process.wait(PATIENCE_SECONDS) == 0
    assert list((tmp_path / "temporary").iterdir()) == []


@pytest.mark.skipif(not Path("/proc/self/task").exists(), reason="needs Linux")
def test_what_a_process_counted_outlives_it(runtime: Runtime, served: dict[str, str], port: int) -> None:
    base = f"http://127.0.0.1:{port}"
    with started(served | {"PLEDGETRACKER_PROCESSES": "2"}, "serve") as process:
        wait_until(lambda: answers(f"{base}/healthz"))
        for _ in range(REQUESTS):
            assert answers(f"{base}/v1/pledges")
        before = set(children(process.pid))
        os.kill(min(before), signal.SIGKILL)
        wait_until(lambda: len(set(children(process.pid)) - before) == 1)
        wait_until(lambda: answers(f"{base}/healthz"))
        assert counted(base) == REQUESTS


def test_where_nothing_can_be_counted_requests_are_answered_all_the_same(
    runtime: Runtime, served: dict[str, str], port: int, tmp_path: Path
) -> None:
    environ = served | {"PROMETHEUS_MULTIPROC_DIR": str(tmp_path / "gone")}
    base = f"http://127.0.0.1:{port}"
    with started(environ, "serve"):
        wait_until(lambda: answers(f"{base}/healthz"))
        assert answers(f"{base}/v1/pledges")
        assert counted(base) == 0
