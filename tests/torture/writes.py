"""Acknowledged writes: servers are killed under load, and what clients were told of must be there, once.

Clients send reports, pledges and changes, each under an Idempotency-Key, and send again what they do not
know the outcome of until they do. In the end everything acknowledged is looked for, over HTTP and in the
database itself: as an update or a version, as an entry of the audit log, as an alert that tells of it.
"""

import json
import threading
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from random import Random

from pledgetracker.domain.access import Scope
from pledgetracker.services.cataloguing import add_pledger
from pledgetracker.services.keyring import create_key
from tests.processes import call
from tests.torture.campaign import Options, Result
from tests.torture.clients import SHARED_PLEDGES, Client, Pledges, a_pledge
from tests.torture.inspection import Inspection
from tests.torture.installations import Installation, installed
from tests.torture.lanes import Faults, Server
from tests.torture.ledger import Ledger

CYCLES = 100
SERVERS = 2
CLIENTS = 4
ANCHOR = "anchor"


def campaign(options: Options) -> Result:
    """Kill, write, look."""
    ledger = Ledger(options.folder / "ledger.sqlite3")
    settings = {"PLEDGETRACKER_LOG_LEVEL": "warning", "PLEDGETRACKER_PROCESSES": "2"}
    with installed(options, **settings) as installation:
        key = _prepare(installation)
        faults = Faults(installation.postgresql)
        broken: list[str] = []
        with _served(installation, options) as servers:
            clients = _tortured(options, servers, faults, ledger, key, broken)
            options.report("looking at what is there")
            _look_over_http(ledger, servers[0], Inspection(installation))
        figures = {"cycles": options.cycles, **faults.counts}
        figures["slowest_ms"] = round(1000 * faults.slowest_seconds)
        for name in ("acknowledged", "retried", "replayed"):
            figures[name] = sum(getattr(client.counts, name) for client in clients)
        broken += [sentence for client in clients for sentence in client.counts.broken]
        figures |= hold_against(ledger, Inspection(installation), broken)
    ledger.close()
    return Result(figures, broken)


def _prepare(installation: Installation) -> str:
    """A pledger, and a key to write with."""
    with installation.runtime() as runtime:
        now = runtime.clock()
        runtime.database.write(lambda tx: add_pledger(tx, {"id": "acme", "name": "Acme"}, now=now))
        return runtime.database.write(
            lambda tx: create_key(tx, "torture", Scope.REVIEW, runtime.pepper, now=now)
        )


@contextmanager
def _served(installation: Installation, options: Options) -> Iterator[list[Server]]:
    with ExitStack() as stack:
        servers = []
        for number in range(SERVERS):
            server = Server(installation.environ, options.folder / f"server-{number}.log")
            stack.callback(server.close)
            servers.append(server)
        yield servers


def _tortured(
    options: Options, servers: Sequence[Server], faults: Faults, ledger: Ledger, key: str, broken: list[str]
) -> list[Client]:
    """Let clients write while servers and database suffer; returns the clients, at rest."""
    first = _first_pledges(servers[0], ledger, key)
    pledges, stop = Pledges(first), threading.Event()
    ports = [server.port for server in servers]
    clients = [
        Client(f"c{n}", ports, key, ledger, pledges, stop, f"{options.seed}-client-{n}")
        for n in range(CLIENTS)
    ]
    for client in clients:
        client.start()
    torment = _Torment(options, faults, f"/v1/pledges/{first[0]}", clients, broken)
    tormentors = [threading.Thread(target=torment.run, args=(server,), daemon=True) for server in servers]
    for thread in tormentors:
        thread.start()
    for thread in tormentors:
        thread.join()
    stop.set()
    for client in clients:
        client.join()
    return clients


class _Torment:
    """All cycles, of which each server takes the next when it has come back from its last."""

    def __init__(
        self, options: Options, faults: Faults, path: str, clients: Sequence[Client], broken: list[str]
    ) -> None:
        self._options = options
        self._faults = faults
        self._path = path
        self._clients = clients
        self._broken = broken
        self._numbers = iter(range(1, options.cycles + 1))
        self._lock = threading.Lock()

    def run(self, server: Server) -> None:
        """Go on until there are no more cycles, or a promise is broken."""
        while not self._broken and (number := self._next()):
            try:
                chance = Random(f"{self._options.seed}-{number}")
                self._faults.befall(server, self._path, number=number, chance=chance)
            except TimeoutError:
                self._broken.append(f"after the fault of cycle {number} a server did not answer by itself")
            except Exception as error:  # an end that nobody hears of would be a campaign that does nothing
                self._broken.append(f"cycle {number} failed: {error!r}")
                raise
            if number % max(1, self._options.cycles // 10) == 0:
                written = sum(client.counts.acknowledged for client in self._clients)
                self._options.report(f"cycle {number}: {written} acknowledged, {self._faults.counts}")

    def _next(self) -> int:
        """The number of the next cycle, 0 when there are no more."""
        with self._lock:
            return next(self._numbers, 0)


def _first_pledges(server: Server, ledger: Ledger, key: str) -> list[str]:
    """Store the pledges that reports begin with; the first stays, and is what servers are asked for."""
    names = [f"{ANCHOR}-{n}" for n in range(SHARED_PLEDGES)]
    server.await_answer("/healthz")
    for name in names:
        write = a_pledge(name)
        status, answer = call(server.base + write.path, json.loads(write.body), key=key)
        if status != 201:
            raise AssertionError(answer)
        ledger.acknowledged(write, None)
    return names


def _look_over_http(ledger: Ledger, server: Server, inspection: Inspection) -> None:
    """Read every update of every pledge as anybody could."""
    server.await_answer("/healthz")

    def updates() -> Iterator[tuple[str, dict[str, object]]]:
        for pledge, _ in inspection.pledges():
            address = f"{server.base}/v1/pledges/{pledge}/progress?limit=200"
            for item in call(address)[1]["items"]:
                content = {"pledge": pledge, **{name: item[name] for name in ("as_of", "value", "note")}}
                yield item["note"], content

    ledger.tally("seen", updates())


def hold_against(ledger: Ledger, inspection: Inspection, broken: list[str]) -> dict[str, int]:
    """Hold the ledger against the database."""
    strangers = ledger.tally("rows", inspection.updates())
    strangers += ledger.tally("rows", inspection.created())
    strangers += ledger.tally("rows", inspection.changed())
    strangers += ledger.tally("entries", inspection.entries())
    strangers += ledger.tally_alerts(inspection.news())
    lost = "rows = 0 OR entries = 0 OR differs > 0 OR (kind = 'progress' AND (seen = 0 OR alerts = 0))"
    doubled = "rows > 1 OR entries > 1 OR seen > 1 OR alerts > 1"
    figures = {"lost": ledger.count(lost), "doubled": ledger.count(doubled), "strangers": strangers}
    if figures["lost"]:
        broken.append(f"acknowledged and not there, or different: {ledger.some(lost)}")
    if figures["doubled"]:
        broken.append(f"one key, two effects: {ledger.some(doubled)}")
    if strangers:
        broken.append(f"{strangers} effects that no client was told of")
    broken += [found for found in (inspection.damage(), inspection.audit()) if found is not None]
    return figures
