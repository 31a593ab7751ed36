"""`./dev bench`: speed as ratios against a baseline measured in the same run; machines differ and are noisy.

HTTP: rounds of load on addresses of one granian server, in turn: a bare Flask route, GET of one pledge's
standing, the same as it was known at some instant of the run, POST of a progress update. Tick: 1,000 pledges
due among 1,000 and among 100,000. Delivery: 1,000 alerts by SMTP against a bare smtplib loop that sends the
same letters to the same sink. Import: a table of 100,000 progress updates against a bare executemany of the
same rows, and its memory.
Prints one line a figure and ends with one line of JSON; exits with 1 if a goal is missed.
"""

import argparse
import json
import os
import secrets
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import Decimal
from itertools import count
from pathlib import Path

from sqlalchemy import delete, insert, update

from pledgetracker import runtime as composition
from pledgetracker.domain.access import Scope
from pledgetracker.domain.days import Due
from pledgetracker.runtime import Runtime
from pledgetracker.services import monitoring
from pledgetracker.services.cataloguing import add_pledger
from pledgetracker.services.keyring import create_key
from pledgetracker.services.pledging import add_pledge
from pledgetracker.settings import load
from pledgetracker.storage import schema
from pledgetracker.storage.database import Transaction
from pledgetracker.storage.tables import alerts, flags, pledges

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parent.parent))  # this is run as a program
from tests.bench import delivery, importing  # noqa: E402

PLEDGES = 200
DUE = 1_000
FLOORS = {"get_ratio": 0.30, "post_ratio": 0.04, "delivery_ratio": 0.5, "import_ratio": 0.2}
CEILINGS = {
    "get_p99_over_median": 10.0,
    "post_p99_over_median": 10.0,
    "known_at_over_get": 2.0,
    "tick_ratio": 1.3,
    "import_memory_ratio": 1.2,
}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--clients", type=int, default=16, help="clients at the same time")
    parser.add_argument("--rounds", type=int, default=7, help="rounds of all three addresses")
    parser.add_argument("--seconds", type=float, default=2.0, help="seconds of load on an address in a round")
    parser.add_argument("--only", choices=["http", "tick", "delivery", "import"], help="measure only this")
    options = parser.parse_args()
    figures: dict[str, float] = {}
    with tempfile.TemporaryDirectory() as folder:
        if options.only in {None, "http"}:
            figures |= bench_http(Path(folder) / "http", options.clients, options.rounds, options.seconds)
        if options.only in {None, "tick"}:
            figures |= bench_tick(Path(folder) / "tick")
        if options.only in {None, "delivery"}:
            figures |= bench_delivery(Path(folder) / "delivery")
        if options.only in {None, "import"}:
            place = Path(folder) / "import"
            figures |= importing.bench(installation_with_pledges(place), place, PLEDGES)
    missed = [name for name, least in FLOORS.items() if figures.get(name, least) < least]
    missed += [name for name, most in CEILINGS.items() if figures.get(name, most) > most]
    for name, value in figures.items():
        print(f"{name:<24}{value:>12,.4g}{'   MISSED' if name in missed else ''}")
    print(json.dumps({**{name: round(value, 4) for name, value in figures.items()}, "missed": missed}))
    return 1 if missed else 0


@dataclass
class Load:
    """What is asked of one address, and how it answered.

    Attributes:
        request: the bytes of the n-th request.
        expected: the status line that each answer must begin with.
        seconds: how long each answer took.
        rates: answers a second, one figure a round.
    """

    request: Callable[[int], bytes]
    expected: bytes
    seconds: list[float] = field(default_factory=list)
    rates: list[float] = field(default_factory=list)


def bench_http(folder: Path, clients: int, rounds: int, seconds: float) -> dict[str, float]:
    environ = {"PLEDGETRACKER_DATA_DIR": str(folder), "PLEDGETRACKER_LOG_LEVEL": "warning"}
    # Limits that are counted and never reached.
    environ |= {
        f"PLEDGETRACKER_{what}_{how}": "1000000"
        for what in ("READS", "WRITES", "FAILURES")
        for how in ("PER_MINUTE", "BURST")
    }
    runtime = _installation(environ)
    key = runtime.database.write(lambda tx: _fill(tx, runtime))
    runtime.database.close()
    # Instants between the rounds, each a place of its own among the reports.
    marks = [f"{runtime.clock():%Y-%m-%dT%H:%M:%S.%fZ}"]

    def known(n: int) -> bytes:
        return _get(f"/v1/pledges/bench-{n % PLEDGES}?known_at={marks[n % len(marks)]}")

    loads = {
        "bare": Load(lambda _: _get("/bare/"), b"HTTP/1.1 200"),
        "get": Load(lambda n: _get(f"/v1/pledges/bench-{n % PLEDGES}"), b"HTTP/1.1 200"),
        "known": Load(known, b"HTTP/1.1 200"),
        "post": Load(lambda n: _post(f"/v1/pledges/bench-{n % PLEDGES}/progress", key, n), b"HTTP/1.1 201"),
    }
    with _server(environ) as port:
        for one in loads.values():
            _press(port, one, clients, 0.5)
            one.seconds.clear()
            one.rates.clear()
        for _ in range(rounds):
            for one in loads.values():
                _press(port, one, clients, seconds)
            marks.append(f"{runtime.clock():%Y-%m-%dT%H:%M:%S.%fZ}")
    figures = {"bare_per_second": statistics.median(loads["bare"].rates)}
    pairs = zip(loads["get"].rates, loads["known"].rates, strict=True)
    figures["known_at_over_get"] = statistics.median(plain / known for plain, known in pairs)
    for name in ("get", "post"):
        # Neighbours in time share the machine's mood: each round is held against its own baseline.
        pairs = zip(loads[name].rates, loads["bare"].rates, strict=True)
        ordered = sorted(loads[name].seconds)
        median = ordered[len(ordered) // 2]
        figures |= {
            f"{name}_per_second": statistics.median(loads[name].rates),
            f"{name}_ratio": statistics.median(rate / bare for rate, bare in pairs),
            f"{name}_median_ms": 1000 * median,
            f"{name}_p99_over_median": ordered[int(len(ordered) * 0.99)] / median,
        }
    return figures


def _installation(environ: dict[str, str]) -> Runtime:
    runtime = composition.assemble(load(environ))
    schema.upgrade(runtime.database)
    return runtime


def installation_with_pledges(folder: Path) -> Runtime:
    """An installation with pledges to report on."""
    runtime = _installation({"PLEDGETRACKER_DATA_DIR": str(folder), "PLEDGETRACKER_LOG_LEVEL": "warning"})
    runtime.database.write(lambda tx: _fill(tx, runtime))
    return runtime


def _fill(tx: Transaction, runtime: Runtime) -> str:
    """Pledges to ask for and to report on; returns a key."""
    now = runtime.clock()
    add_pledger(tx, {"id": "bench", "name": "Bench"}, now=now)
    for n in range(PLEDGES):
        add_pledge(
            tx,
            {
                "id": f"bench-{n}",
                "title": f"Pledge {n}",
                "pledger": "bench",
                "announced_on": date(2024, 5, 13),
                "unit": "person",
                "target": Decimal(1_000_000),
                "due": Due.parse("2027"),
            },
            runtime.rules,
            now=now,
        )
    return create_key(tx, "bench", Scope.REVIEW, runtime.pepper, now=now)


def _get(path: str) -> bytes:
    return f"GET {path} HTTP/1.1\r\nHost: bench\r\n\r\n".encode()


def _post(path: str, key: str, n: int) -> bytes:
    day = date(2024, 6, 1) + timedelta(days=n // PLEDGES % 700)
    body = json.dumps({"value": n, "as_of": day.isoformat(), "note": "from the bench"})
    head = f"POST {path} HTTP/1.1\r\nHost: bench\r\nAuthorization: Bearer {key}\r\n"
    return f"{head}Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n{body}".encode()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def _server(environ: dict[str, str]) -> Iterator[int]:
    """A granian server with the bare route beside the application; yields its port."""
    port = _free_port()
    threads = str(load(environ).threads)
    command = [sys.executable, str(HERE / "server.py"), str(port), threads]
    process = subprocess.Popen(
        command, env=os.environ | environ, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        _await(port)
        yield port
    finally:
        process.terminate()
        process.wait()


def _await(port: int) -> None:
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        try:
            with socket.create_connection(("127.0.0.1", port)) as connection:
                connection.sendall(_get("/bare/"))
                if connection.recv(1000).startswith(b"HTTP/1.1 200"):
                    return
        except OSError:
            pass
        time.sleep(0.05)
    raise TimeoutError("the server does not answer")


def _press(port: int, one: Load, clients: int, seconds: float) -> None:
    """Ask for `seconds` from so many connections at once, each waiting for its answer."""
    numbers = count(secrets.randbelow(PLEDGES) * 1000)
    until = time.perf_counter() + seconds
    lock = threading.Lock()
    taken: list[float] = []

    def ask() -> None:
        mine: list[float] = []
        with socket.create_connection(("127.0.0.1", port)) as connection:
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            while time.perf_counter() < until:
                request = one.request(next(numbers))
                began = time.perf_counter()
                connection.sendall(request)
                answer = _answer(connection)
                mine.append(time.perf_counter() - began)
                if not answer.startswith(one.expected):
                    raise AssertionError(answer)
        with lock:
            taken.extend(mine)

    began = time.perf_counter()
    threads = [threading.Thread(target=ask) for _ in range(clients)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    one.seconds += taken
    one.rates.append(len(taken) / (time.perf_counter() - began))


def _answer(connection: socket.socket) -> bytes:
    received = connection.recv(65_536)
    while b"\r\n\r\n" not in received:
        received += connection.recv(65_536)
    head, _, body = received.partition(b"\r\n\r\n")
    length = int(head.lower().partition(b"content-length: ")[2].split(b"\r\n")[0])
    while len(body) < length:
        more = connection.recv(65_536)
        body += more
    return head + body


def bench_tick(folder: Path) -> dict[str, float]:
    """Time a tick with 1,000 due among 1,000 and among 100,000, several times, in turn."""
    sizes = (DUE, 100 * DUE)
    runtimes = {}
    for size in sizes:
        environ = {
            "PLEDGETRACKER_DATA_DIR": str(folder / str(size)),
            "PLEDGETRACKER_ALERT_RECIPIENTS": "desk@example.org",
        }
        runtimes[size] = _installation(environ)
        _fill_for_tick(runtimes[size], size)
    taken: dict[int, list[float]] = {size: [] for size in sizes}
    for _ in range(5):
        for size, runtime in runtimes.items():
            now = runtime.clock()
            _make_due(runtime, now)
            began = time.perf_counter()
            report = monitoring.tick(runtime.database, runtime.rules, now=now)
            taken[size].append(time.perf_counter() - began)
            if (report.checked, len(report.looks)) != (DUE, DUE):
                raise AssertionError(report)
    small, large = (statistics.median(taken[size]) for size in sizes)
    return {"tick_of_1000_s": small, "tick_of_100000_s": large, "tick_ratio": large / small}


def bench_delivery(folder: Path) -> dict[str, float]:
    """Time delivering by SMTP, on SQLite in a file."""
    port = _free_port()
    runtime = _installation({"PLEDGETRACKER_DATA_DIR": str(folder), **delivery.settings(port)})
    return delivery.bench(runtime, port)


def _fill_for_tick(runtime: Runtime, size: int) -> None:
    """Overdue pledges by the thousand, none of them due for a look."""
    now = runtime.clock()
    row = {
        "title": "Pledge",
        "pledger": "bench",
        "comparator": "at_least",
        "target": Decimal(100),
        "announced_on": date(2024, 5, 13),
        "baseline_value": Decimal(0),
        "baseline_date": date(2024, 5, 13),
        "time_zone": "UTC",
        "due": "2025",
        "due_on": date(2025, 12, 31),
        "contacts": [],
        "version": 1,
        "created_at": now,
        "updated_at": now,
        "status": "overdue",
        "search_text": "pledge",
        "next_check_at": now + timedelta(days=365),
    }
    runtime.database.write(lambda tx: add_pledger(tx, {"id": "bench", "name": "Bench"}, now=now))
    with runtime.database.engine.begin() as connection:
        for start in range(0, size, 10_000):
            rows = [row | {"id": f"bench-{n}"} for n in range(start, min(start + 10_000, size))]
            connection.execute(insert(pledges), rows)


def _make_due(runtime: Runtime, now: datetime) -> None:
    """Forget what the last tick found, and make 1,000 pledges due for a look."""
    chosen = pledges.c.id.in_([f"bench-{n}" for n in range(DUE)])
    with runtime.database.engine.begin() as connection:
        connection.execute(update(alerts).values(superseded_by=None))
        connection.execute(delete(alerts))
        connection.execute(delete(flags))
        connection.execute(update(pledges).where(chosen).values(next_check_at=now))


if __name__ == "__main__":
    sys.exit(main())
