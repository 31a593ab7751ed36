"""Clients that write, and do not let go of a request until they know what became of it."""

import http.client
import json
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from itertools import count
from random import Random
from typing import Any

from tests.torture.ledger import Ledger, Write

# How long a client asks again before it says that nobody answers.
PATIENCE_SECONDS = 60.0
PAUSE_SECONDS = 0.02
WRITES_PER_PLEDGE = 30
SHARED_PLEDGES = 4
RECIPIENT = "desk@example.org"
FIRST_DAY = date(2024, 6, 1)
# Nothing was changed, or it is not known; the same request may go again.
ASK_AGAIN = frozenset({409, 429, 503})


@dataclass(slots=True)
class Counts:
    """What clients saw; each client has its own.

    Attributes:
        retried: writes sent again because no answer came, or none that told.
        replayed: of these, the ones that had taken effect the first time.
        broken: what was answered as no promise allows.
    """

    acknowledged: int = 0
    retried: int = 0
    replayed: int = 0
    broken: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Answer:
    """What a server said."""

    status: int
    body: bytes
    is_replayed: bool

    @property
    def document(self) -> Any:
        """Its JSON."""
        return json.loads(self.body)


class Pledges:
    """The pledges that clients report on together; each makes room for another after some reports."""

    def __init__(self, first: Sequence[str]) -> None:
        self._lock = threading.Lock()
        self._left = dict.fromkeys(first, WRITES_PER_PLEDGE)

    def take(self, chance: Random) -> str | None:
        """One to report on; None where a new one is wanted first."""
        with self._lock:
            if len(self._left) < SHARED_PLEDGES:
                return None
            chosen = chance.choice(sorted(self._left))
            self._left[chosen] -= 1
            if self._left[chosen] == 0:
                del self._left[chosen]
            return chosen

    def add(self, pledge: str) -> None:
        """One more, which is known to be stored."""
        with self._lock:
            self._left[pledge] = WRITES_PER_PLEDGE


class Client(threading.Thread):
    """Writes until told to stop: reports, sometimes a pledge, sometimes a change of a pledge of its own."""

    def __init__(
        self,
        name: str,
        ports: Sequence[int],
        key: str,
        ledger: Ledger,
        pledges: Pledges,
        stop: threading.Event,
        seed: str,
    ) -> None:
        super().__init__(name=name, daemon=True)
        self.counts = Counts()
        self._ports = ports
        self._key = key
        self._ledger = ledger
        self._pledges = pledges
        self._stopping = stop
        self._chance = Random(seed)
        self._numbers = count(1)
        self._own: str | None = None
        self._own_left = 0
        self._connection: http.client.HTTPConnection | None = None

    def run(self) -> None:
        try:
            while not self._stopping.is_set():
                if not self._settle(self._choose()):
                    return
        except Exception as error:  # a client that is silently no more would make the campaign easier
            self.counts.broken.append(f"{self.name} failed: {error!r}")
            raise
        finally:
            self._hang_up()

    def _choose(self) -> Write:
        token = f"{self.name}-{next(self._numbers)}"
        if self._chance.random() < 0.1:
            if self._own is None or self._own_left == 0:
                self._own, self._own_left = token, WRITES_PER_PLEDGE
                return a_pledge(token, contact=False)
            self._own_left -= 1
            return _a_patch(token, self._own)
        pledge = self._pledges.take(self._chance)
        return a_pledge(token) if pledge is None else _a_report(token, pledge, self._chance)

    def _settle(self, write: Write) -> bool:
        """Send it until it is known what became of it; False if that cannot be found out."""
        answer = self._ask(write)
        if answer is None:
            return False
        if answer.status not in {200, 201}:
            self._complain(write, f"{answer.status} {answer.body[:300]!r}")
            return False
        self._ledger.acknowledged(write, answer.document["id"] if write.kind == "progress" else None)
        self.counts.acknowledged += 1
        if write.kind == "pledge" and write.token != self._own:
            self._pledges.add(write.pledge)
        return self._chance.random() > 0.05 or self._is_replayed_alike(write, answer)

    def _is_replayed_alike(self, write: Write, first: Answer) -> bool:
        """Whether a request that has succeeded, sent once more, is answered in the same words."""
        again = self._ask(write)
        if again is None:
            return False
        if (again.status, again.body, again.is_replayed) != (first.status, first.body, True):
            self._complain(
                write, f"once more, {again.status} replayed={again.is_replayed} {again.body[:300]!r}"
            )
        return True

    def _ask(self, write: Write) -> Answer | None:
        """The first answer that tells what became of it."""
        gives_up = time.monotonic() + PATIENCE_SECONDS
        is_again = False
        while time.monotonic() < gives_up:
            answer = self._send(write)
            if answer is not None and answer.status not in ASK_AGAIN:
                self.counts.replayed += is_again and answer.is_replayed
                return answer
            if answer is not None and answer.status == 409 and b"problem-contended" not in answer.body:
                return answer
            self.counts.retried += not is_again
            is_again = True
            time.sleep(PAUSE_SECONDS)
        self._complain(write, f"no answer in {PATIENCE_SECONDS:.0f} s")
        return None

    def _send(self, write: Write) -> Answer | None:
        """What is answered, or None where the connection breaks before that is known."""
        if self._connection is None:
            port = self._chance.choice(self._ports)
            self._connection = http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE_SECONDS / 2)
        headers = {
            "Authorization": f"Bearer {self._key}",
            "Content-Type": "application/json",
            "Idempotency-Key": write.token,
            **({"If-Match": "*"} if write.method == "PATCH" else {}),
        }
        try:
            self._connection.request(write.method, write.path, write.body, headers)
            answer = self._connection.getresponse()
            is_replayed = answer.headers.get("Idempotent-Replayed") == "true"
            return Answer(answer.status, answer.read(), is_replayed)
        except (OSError, http.client.HTTPException):
            self._hang_up()
            return None

    def _hang_up(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _complain(self, write: Write, what: str) -> None:
        self.counts.broken.append(f"{write.method} {write.path} under {write.token}: {what}")


def a_pledge(token: str, *, contact: bool = True) -> Write:
    """A pledge whose id is the token; of what happens to it, its contact is told."""
    content = {"title": f"Pledge {token}"}
    document = {
        "id": token,
        **content,
        "pledger": "acme",
        "unit": "person",
        "target": 1_000_000,
        "announced_on": "2024-05-13",
        "due": "2028-12-31",
        "contacts": [{"email": RECIPIENT}] if contact else [],
    }
    return Write(token, "pledge", token, "POST", "/v1/pledges", json.dumps(document).encode(), content)


def _a_patch(token: str, pledge: str) -> Write:
    content = {"title": token}
    return Write(
        token, "patch", pledge, "PATCH", f"/v1/pledges/{pledge}", json.dumps(content).encode(), content
    )


def _a_report(token: str, pledge: str, chance: Random) -> Write:
    day = FIRST_DAY + timedelta(days=chance.randrange(500))
    content = {
        "pledge": pledge,
        "as_of": day.isoformat(),
        "value": chance.randrange(1_000_000),
        "note": token,
    }
    body = json.dumps({name: value for name, value in content.items() if name != "pledge"}).encode()
    return Write(token, "progress", pledge, "POST", f"/v1/pledges/{pledge}/progress", body, content)
