"""Processes made to die: started in no time, because their parent has everything loaded already."""

import json
import select
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path

from tests.torture.flows import Job, Outcome

PATIENCE_SECONDS = 60


class Nursery:
    """Has jobs done, each in a process of its own."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process

    def do(self, job: Job) -> Outcome:
        """Have a job done, or died of.

        Raises:
            TimeoutError: the process neither ends nor dies.
        """
        requests, answers = self._process.stdin, self._process.stdout
        assert requests is not None
        assert answers is not None
        requests.write(json.dumps(asdict(job)) + "\n")
        requests.flush()
        if not select.select([answers], [], [], PATIENCE_SECONDS)[0]:
            raise TimeoutError(f"{job.flow} hangs, to die at moment {job.dies_at}")
        told = json.loads(answers.readline())
        return Outcome(**{**told, "answers": [tuple(answer) for answer in told["answers"]]})


@contextmanager
def nursery(log: Path, flows: str) -> Iterator[Nursery]:
    """A nursery for the flows of a module; what its processes log goes to a file."""
    command = [sys.executable, "-m", flows]
    with log.open("a") as file:
        process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=file, text=True
        )
        with process:
            yield Nursery(process)
