"""Delivering owed alerts by SMTP, held against sending the same letters in a bare loop on one connection."""

import smtplib
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import date, timedelta
from pathlib import Path

from sqlalchemy import delete, select, update

from pledgetracker.domain.alert import AlertState
from pledgetracker.domain.letter import Letter
from pledgetracker.domain.pledge import Contact
from pledgetracker.runtime import Runtime
from pledgetracker.services import monitoring
from pledgetracker.services.cataloguing import add_pledger
from pledgetracker.services.delivering import deliver
from pledgetracker.services.pledging import add_pledge
from pledgetracker.storage.database import Transaction
from pledgetracker.storage.tables import alerts, attempts, letters

HERE = Path(__file__).parent
ROUNDS = 5
PLEDGES = 250
CONTACTS = 4
ALERTS = PLEDGES * CONTACTS


def settings(port: int) -> dict[str, str]:
    """What an installation needs to send to the sink on `port`."""
    return {
        "PLEDGETRACKER_SMTP_HOST": "127.0.0.1",
        "PLEDGETRACKER_SMTP_PORT": str(port),
        "PLEDGETRACKER_SMTP_SECURITY": "none",
        "PLEDGETRACKER_MAIL_FROM": "alerts@pledges.example",
        "PLEDGETRACKER_HOLD_ABOVE": "0",
        "PLEDGETRACKER_LOG_LEVEL": "warning",
    }


def bench(runtime: Runtime, port: int) -> dict[str, float]:
    """Deliver 1,000 alerts, composing included, then send their letters in a loop; several times in turn."""
    runtime.database.write(lambda tx: _fill(tx, runtime))
    monitoring.tick(runtime.database, runtime.rules, now=runtime.clock())
    ours: list[float] = []
    bare: list[float] = []
    with _sink(port):
        for _ in range(ROUNDS):
            _forget(runtime)
            began = time.perf_counter()
            report = deliver(runtime.database, runtime.post_office(), runtime.rules)
            ours.append(ALERTS / (time.perf_counter() - began))
            if report.sent != ALERTS:
                raise AssertionError(report)
            bare.append(_send_in_a_loop(_letters(runtime), port))
    return {
        "delivered_per_second": statistics.median(ours),
        "bare_smtp_per_second": statistics.median(bare),
        # Neighbours in time share the machine's mood.
        "delivery_ratio": statistics.median(one / other for one, other in zip(ours, bare, strict=True)),
    }


def _fill(tx: Transaction, runtime: Runtime) -> None:
    """Pledges that nobody has ever reported on, with contacts in two languages."""
    now = runtime.clock()
    add_pledger(tx, {"id": "bench", "name": "Bench"}, now=now)
    for n in range(PLEDGES):
        contacts = tuple(
            Contact(f"person-{n}-{i}@example.org", None, "fr" if i % 2 else "en") for i in range(CONTACTS)
        )
        fields = {
            "id": f"bench-{n}",
            "title": f"Pledge {n} of the bench",
            "pledger": "bench",
            "announced_on": date(2024, 5, 13),
            "contacts": contacts,
        }
        add_pledge(tx, fields, runtime.rules, now=now - timedelta(days=300))  # type: ignore[arg-type]


def _forget(runtime: Runtime) -> None:
    """Let all be owed that was, with nothing composed or tried."""
    owed = {"state": AlertState.PENDING.value, "ended_at": None, "attempts": 0}
    with runtime.database.engine.begin() as connection:
        connection.execute(delete(attempts))
        connection.execute(delete(letters))
        connection.execute(update(alerts).where(alerts.c.state == AlertState.SENT.value).values(owed))


def _letters(runtime: Runtime) -> Sequence[Letter]:
    with runtime.database.engine.connect() as connection:
        sent = [row.alert for row in connection.execute(select(letters.c.alert))]
    with runtime.database.read() as tx:
        return list(tx.letters.get_many(sent).values())


def _send_in_a_loop(ready: Sequence[Letter], port: int) -> float:
    began = time.perf_counter()
    with smtplib.SMTP("127.0.0.1", port) as connection:
        for letter in ready:
            connection.sendmail(letter.sender, [letter.recipient], letter.content)
    return len(ready) / (time.perf_counter() - began)


@contextmanager
def _sink(port: int) -> Iterator[None]:
    process = subprocess.Popen([sys.executable, str(HERE / "sink.py"), str(port)])
    try:
        for _ in range(200):
            try:
                smtplib.SMTP("127.0.0.1", port).close()
                break
            except OSError:
                time.sleep(0.05)
        yield
    finally:
        process.terminate()
        process.wait()
