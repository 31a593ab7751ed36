"""Servers that are killed and come back, and the database under them that is ill-treated likewise."""

import os
import signal
import subprocess
import threading
import time
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from random import Random
from typing import IO
from urllib.error import URLError

import psycopg

from tests.processes import call, command, wait_until
from tests.servers import OwnServer
from tests.sinks import free_port

# "Serving again without a hand" is broken beyond this.
PATIENCE_SECONDS = 30.0
LONGEST_OUTAGE_SECONDS = 0.2
# How many of the kills hit one process of a server and not all of it, which takes longer to come back.
WORKER_KILLS = 0.75


class Server:
    """`pledgetracker serve`, started again when it has ended, as a service manager does."""

    def __init__(self, environ: Mapping[str, str], log: Path) -> None:
        self.port = free_port()
        self.base = f"http://127.0.0.1:{self.port}"
        self._environ = os.environ | environ | {"PLEDGETRACKER_PORT": str(self.port)}
        self._log: IO[bytes] = log.open("ab")
        self._process = self._start()

    def _start(self) -> subprocess.Popen[bytes]:
        return subprocess.Popen(
            command("serve"),
            env=self._environ,
            stdin=subprocess.DEVNULL,
            stdout=self._log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )

    def kill_worker(self) -> bool:
        """SIGKILL for a process that answers, which its parent replaces; False if there is none."""
        workers = children(self._process.pid)
        if self._process.poll() is not None or not workers:
            return False
        # The oldest, because the parent gives up where one dies twice within seconds.
        os.kill(workers[0], signal.SIGKILL)
        return True

    def kill(self) -> None:
        """SIGKILL for all of it."""
        # The group is the process's own: its id stays taken until we have waited for the process.
        if self._process.returncode is None:
            with suppress(ProcessLookupError):
                os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()

    def close(self) -> None:
        """End it for good."""
        self.kill()
        self._log.close()

    def await_answer(self, path: str) -> None:
        """Wait until it answers a GET, starting it where it has ended, and doing nothing else.

        Raises:
            TimeoutError: it does not come back by itself.
        """
        wait_until(lambda: self._answers(path), seconds=PATIENCE_SECONDS)

    def _answers(self, path: str) -> bool:
        if self._process.poll() is not None:
            # What it started may outlive it by a moment, and would be in the way.
            with suppress(ProcessLookupError):
                os.killpg(self._process.pid, signal.SIGKILL)
            self._process = self._start()
        with suppress(URLError, OSError):
            return call(self.base + path)[0] == 200
        return False


def children(pid: int) -> list[int]:
    """The processes that `pid` has started, in that order."""
    found: list[int] = []
    with suppress(OSError):
        for thread in sorted(Path(f"/proc/{pid}/task").iterdir()):
            found += [int(word) for word in (thread / "children").read_text().split()]
    return sorted(found)


class Faults:
    """What is done to servers and database; counts it."""

    def __init__(self, postgresql: OwnServer | None) -> None:
        self._postgresql = postgresql
        self._alone = threading.Lock()
        self.counts = dict.fromkeys(("worker_kills", "server_kills"), 0)
        if postgresql is not None:
            self.counts |= dict.fromkeys(("database_stops", "backend_kills"), 0)
        self.slowest_seconds = 0.0

    def befall(self, server: Server, path: str, *, number: int, chance: Random) -> None:
        """Do one of them, at a random moment, and wait until `server` answers again.

        Raises:
            TimeoutError: it does not.
        """
        time.sleep(chance.uniform(0.05, 0.35))
        began = time.monotonic()
        if self._postgresql is not None and number % 5 == 0:
            with self._alone:
                self._befall_database(self._postgresql, chance)
        elif chance.random() < WORKER_KILLS and server.kill_worker():
            self._counted("worker_kills")
        else:
            server.kill()
            self._counted("server_kills")
        server.await_answer(path)
        self.slowest_seconds = max(self.slowest_seconds, time.monotonic() - began)

    def _befall_database(self, postgresql: OwnServer, chance: Random) -> None:
        if chance.random() < 0.5:
            postgresql.stop_at_once()
            time.sleep(chance.uniform(0, LONGEST_OUTAGE_SECONDS))
            postgresql.start()
            self._counted("database_stops")
            return
        ours = sorted(set(_backends(postgresql)) & set(children(postgresql.pid)))
        if ours:
            os.kill(chance.choice(ours), signal.SIGKILL)
            self._counted("backend_kills")
            # The server ends them all, and begins anew.
            wait_until(lambda: not set(ours) & set(children(postgresql.pid)))
            wait_until(lambda: _is_up(postgresql), seconds=PATIENCE_SECONDS)

    def _counted(self, what: str) -> None:
        self.counts[what] += 1


def _backends(postgresql: OwnServer) -> list[int]:
    """The processes that serve the program."""
    with psycopg.connect(postgresql.address) as connection:
        query = "SELECT pid FROM pg_stat_activity WHERE application_name = 'pledgetracker'"
        return [row[0] for row in connection.execute(query)]


def _is_up(postgresql: OwnServer) -> bool:
    with suppress(psycopg.OperationalError):
        psycopg.connect(postgresql.address).close()
        return True
    return False
