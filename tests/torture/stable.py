"""Schedulers that start in no time: forked from a process that has everything loaded already.

Loading takes a second of a processor, and a campaign ends schedulers by the hundred.
"""

import contextlib
import os
import select
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from tests.torture.schedule import main

# A scheduler that was asked to leave finishes its tick first.
PATIENCE_SECONDS = 180


class Stable:
    """The process that schedulers come from, seen from the campaign."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process

    def start(self) -> "Scheduler":
        """Another scheduler."""
        return Scheduler(int(self.ask("start")), self)

    def ask(self, order: str) -> str:
        """Have an order carried out; its outcome.

        Raises:
            TimeoutError: it takes too long.
        """
        orders, outcomes = self._process.stdin, self._process.stdout
        assert orders is not None
        assert outcomes is not None
        orders.write(f"{order}\n")
        orders.flush()
        if not select.select([outcomes], [], [], PATIENCE_SECONDS)[0]:
            raise TimeoutError(f"{order!r} takes too long")
        return outcomes.readline().strip()


class Scheduler:
    """One scheduler. Its process id stays taken until its end has been asked for."""

    def __init__(self, pid: int, stable: Stable) -> None:
        self.pid = pid
        self._stable = stable

    def kill(self) -> None:
        """End it without warning."""
        os.kill(self.pid, signal.SIGKILL)
        self.wait()

    def ask_to_leave(self) -> None:
        """Let it finish what it is at."""
        os.kill(self.pid, signal.SIGTERM)

    def wait(self) -> int:
        """Its exit code, or the signal that ended it, as a negative number.

        Raises:
            TimeoutError: it does not end.
        """
        return int(self._stable.ask(f"wait {self.pid}"))

    def poll(self) -> int | None:
        """The same, or None while it lives."""
        said = self._stable.ask(f"poll {self.pid}")
        return int(said) if said else None


@contextmanager
def stable(folder: Path, environ: Mapping[str, str], bug: str | None) -> Iterator[Stable]:
    """A stable with the settings of `environ`; what came from it ends with it, and logs into `folder`."""
    words = [sys.executable, "-m", "tests.torture.stable", str(folder), *([bug] if bug else [])]
    with (
        (folder / "schedulers.log").open("a") as log,
        subprocess.Popen(
            words,
            env=os.environ | environ,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=log,
            text=True,
        ) as process,
    ):
        yield Stable(process)


def _serve(folder: Path, bug: str | None = None) -> None:
    """Carry out orders until there are none any more, however sudden the end of whoever gave them."""
    living: set[int] = set()
    for line in sys.stdin:
        match line.split():
            case ["start"]:
                pid = os.fork()
                if pid == 0:
                    _become_scheduler(folder, bug)
                living.add(pid)
                print(pid, flush=True)
            case [how, word]:
                pid, status = os.waitpid(int(word), 0 if how == "wait" else os.WNOHANG)
                living.discard(pid)
                print(os.waitstatus_to_exitcode(status) if pid else "", flush=True)
    for pid in living:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)


def _become_scheduler(folder: Path, bug: str | None) -> None:
    # Orders and outcomes are its parent's.
    with Path(os.devnull).open("rb") as nothing:
        os.dup2(nothing.fileno(), 0)
    os.dup2(2, 1)
    code = 1
    try:
        main(folder, "schedule", bug)
    except SystemExit as end:
        code = 0 if end.code is None else int(end.code)
    finally:
        sys.stderr.flush()
        os._exit(code)


if __name__ == "__main__":
    _serve(Path(sys.argv[1]), *sys.argv[2:])
