"""What a process does that may die in the middle of it, and how it is told to.

`python -m tests.torture.flows` reads jobs as lines of JSON, does each in a process of its own, which it
forks, and answers each with one line of JSON. Starting Python anew for each would take a second, and making
the application a fifth of one: they inherit both, and open what they need of the database themselves.
"""

import json
import os
import sys
import traceback
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from functools import cache, partial
from typing import Any

from flask import Flask

from pledgetracker import app as application
from pledgetracker import runtime as composition
from pledgetracker.runtime import Runtime
from pledgetracker.services import monitoring
from pledgetracker.services.delivering import deliver
from pledgetracker.settings import load
from pledgetracker.storage.dialects import sqlite
from tests.conftest import Clock
from tests.torture.traps import Traps

# Status, whether it is a replay, body.
Answer = tuple[int, bool, str]


@dataclass(frozen=True, slots=True)
class Job:
    """One thing to do.

    Attributes:
        flow: which of FLOWS.
        now: the instant that the process believes in.
        dies_at: the number of the moment at which it dies; None for never.
        times: how often it does it, where it does not die.
        request: method, path and body, where the flow is a request; `key` is its Idempotency-Key.
    """

    flow: str
    environ: Mapping[str, str]
    now: str
    dies_at: int | None = None
    times: int = 1
    bearer: str = ""
    key: str = ""
    request: tuple[str, str, Any] = ("", "", None)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a job.

    Attributes:
        died: the moment at which the process died, or None.
        error: how it failed otherwise, or None.
        answers: to a request, each time.
    """

    moments: int
    dots: int
    died: str | None = None
    error: str | None = None
    answers: Sequence[Answer] = ()


@dataclass(frozen=True, slots=True)
class Program:
    """What does the jobs: a runtime whose clock is set for each, and the application over it."""

    clock: Clock
    runtime: Runtime
    app: Flask


@cache
def program(environ: frozenset[tuple[str, str]]) -> Program:
    """The program with the settings of `environ`, its database not yet opened."""
    clock = Clock()
    runtime = replace(composition.assemble(load(dict(environ))), clock=clock)
    return Program(clock, runtime, application.create(runtime))


def _ask(program: Program, job: Job) -> Answer:
    method, path, document = job.request
    headers = {"Authorization": f"Bearer {job.bearer}", "Idempotency-Key": job.key, "If-Match": "*"}
    answer = program.app.test_client().open(path, method=method, json=document, headers=headers)
    is_replayed = answer.headers.get("Idempotent-Replayed") == "true"
    return answer.status_code, is_replayed, answer.text


def _tick(program: Program, job: Job) -> None:
    runtime = program.runtime
    monitoring.heed(runtime.database, runtime.rules, now=runtime.clock())
    monitoring.tick(runtime.database, runtime.rules, now=runtime.clock())


def _deliver(program: Program, job: Job) -> None:
    runtime = program.runtime
    report = deliver(runtime.database, runtime.post_office(), runtime.rules)
    if report.outage is not None:
        raise RuntimeError(report.outage)


FLOWS: dict[str, Callable[[Program, Job], Answer | None]] = {
    "request": _ask,
    "tick": _tick,
    "deliver": _deliver,
}


def perform(job: Job, tell: Callable[[Outcome], None]) -> None:
    """Do a job, or die; tell what became of it."""

    def confess(what: str) -> None:
        tell(Outcome(traps.moments, traps.dots, died=what))

    traps = Traps(job.dies_at, confess)
    traps.set(sqlite.driver())
    try:
        doer = program(frozenset(job.environ.items()))
        doer.clock.now = datetime.fromisoformat(job.now)
        found = [FLOWS[job.flow](doer, job) for _ in range(job.times)]
    except Exception:  # noqa: BLE001 -- whatever it is, it is told
        tell(Outcome(traps.moments, traps.dots, error=traceback.format_exc()))
    else:
        tell(Outcome(traps.moments, traps.dots, answers=[answer for answer in found if answer]))


def main() -> None:
    """Do what standard input says."""
    # Whatever is logged on the way must not stand between the answers.
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    for line in sys.stdin:
        job = Job(**json.loads(line))
        program(frozenset(job.environ.items()))
        reader, writer = os.pipe()
        child = os.fork()
        if child == 0:
            os.close(reader)
            try:
                perform(job, partial(_tell, writer))
            finally:
                # Nothing of what the parent has to do at its end is the child's to do.
                os._exit(0)
        os.close(writer)
        with os.fdopen(reader, "rb") as told:
            answer = told.read()
        os.waitpid(child, 0)
        print(answer.decode(), file=answers, flush=True)


def _tell(file: int, told: Outcome) -> None:
    data = json.dumps(asdict(told)).encode()
    while data:
        data = data[os.write(file, data) :]


if __name__ == "__main__":
    main()
