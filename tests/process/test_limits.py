"""Limits and keys over several server processes at once, as they are run."""

import threading
import time
import urllib.request
from collections import Counter
from urllib.error import HTTPError

import pytest

from pledgetracker.domain.access import Scope
from pledgetracker.runtime import Runtime
from pledgetracker.services.keyring import revoke_key
from tests.conftest import key_of
from tests.processes import PATIENCE_SECONDS, answers, call, started, wait_until
from tests.sinks import free_port
from tests.world import add_pledge

pytestmark = pytest.mark.slow

BURST, CLIENTS, POSTS = 40, 6, 25
UPDATE = {"increment": 1, "as_of": "2026-02-01"}


@pytest.fixture
def served(served: dict[str, str]) -> dict[str, str]:
    """One more a minute is so few that it plays no part while a test runs."""
    said = {
        "WRITES_PER_MINUTE": "1",
        "WRITES_BURST": str(BURST),
        "FAILURES_PER_MINUTE": "1",
        "FAILURES_BURST": str(BURST),
        "TRUSTED_PROXIES": "1",
    }
    return served | {f"PLEDGETRACKER_{name}": value for name, value in said.items()}


def test_servers_at_once_record_exactly_what_the_limit_allows(
    runtime: Runtime, served: dict[str, str], port: int
) -> None:
    add_pledge(runtime, contacts=())
    key = key_of(runtime, Scope.REVIEW)
    other = free_port()
    bases = [f"http://127.0.0.1:{number}" for number in (port, other)]
    statuses: Counter[int] = Counter()

    def post(base: str) -> None:
        for _ in range(POSTS):
            statuses[call(f"{base}/v1/pledges/people/progress", UPDATE, key=key)[0]] += 1

    with started(served, "serve"), started(served | {"PLEDGETRACKER_PORT": str(other)}, "serve"):
        for base in bases:
            wait_until(lambda base=base: answers(f"{base}/healthz"))  # type: ignore[misc] # binds the loop's
        threads = [threading.Thread(target=post, args=(base,)) for base in bases for _ in range(CLIENTS)]
        began = time.monotonic()
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        minutes = (time.monotonic() - began) / 60
        figure = call(f"{bases[0]}/v1/pledges/people")[1]["figure"]["value"]
    total = len(bases) * CLIENTS * POSTS
    # The clock runs: one more comes back each minute.
    assert BURST <= statuses[201] <= BURST + minutes + 1
    assert statuses == {201: statuses[201], 429: total - statuses[201]}
    assert figure == statuses[201]


def test_a_guesser_is_slowed_over_all_servers_whatever_addresses_it_makes_up(
    runtime: Runtime, served: dict[str, str], port: int
) -> None:
    other = free_port()
    bases = [f"http://127.0.0.1:{number}" for number in (port, other)]

    def guess(base: str, **headers: str) -> int:
        asked = urllib.request.Request(
            f"{base}/v1/pledges", headers={"Authorization": "Bearer pt_0_0", **headers}
        )
        try:
            with urllib.request.urlopen(asked, timeout=PATIENCE_SECONDS) as answer:
                return int(answer.status)
        except HTTPError as error:
            with error:
                return error.code

    with started(served, "serve"), started(served | {"PLEDGETRACKER_PORT": str(other)}, "serve"):
        for base in bases:
            wait_until(lambda base=base: answers(f"{base}/healthz"))  # type: ignore[misc] # binds the loop's
        tried = Counter(
            guess(bases[i % 2], **{"X-Forwarded-For": f"10.0.0.{i}, 203.0.113.9"}) for i in range(6 * BURST)
        )
        assert guess(bases[0], **{"X-Forwarded-For": "203.0.113.9, 203.0.113.10"}) == 401
    # A tenth a server beyond the burst, and what was under way while a lot was being passed on.
    assert BURST <= tried[401] <= 2 * BURST
    assert tried[401] + tried[429] == 6 * BURST


def test_a_key_revoked_in_one_process_opens_nothing_in_any_other_from_then_on(
    runtime: Runtime, served: dict[str, str], port: int
) -> None:
    add_pledge(runtime, contacts=())
    key = key_of(runtime, Scope.REVIEW)
    address = f"http://127.0.0.1:{port}/v1/pledges/people/progress"
    with started(served, "serve"):
        wait_until(lambda: answers(f"http://127.0.0.1:{port}/healthz"))
        assert call(address, UPDATE, key=key)[0] == 201
        runtime.database.write(lambda tx: revoke_key(tx, key.split("_")[1], now=runtime.clock()))
        assert call(address, UPDATE, key=key)[0] == 401
        assert call(address, key=key)[0] == 401
        assert call(address)[1]["items"][-1]["id"] == 1
