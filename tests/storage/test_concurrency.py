"""Several processes at once on one database: nothing lost, nothing twice. Each has its own connections."""

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import replace
from datetime import timedelta
from typing import TypeVar

import pytest
from flask.testing import FlaskClient

from pledgetracker import app as application
from pledgetracker.domain.access import Scope
from pledgetracker.runtime import Runtime
from pledgetracker.storage.database import Database
from tests.conftest import Clock, client_of, key_of
from tests.processes import PATIENCE_SECONDS
from tests.world import add_pledge, alerts, flags, noon, tick

S = TypeVar("S")
T = TypeVar("T")


@pytest.fixture
def processes(runtime: Runtime) -> Iterator[Callable[[int], list[Runtime]]]:
    """So many processes on one database."""
    with ExitStack() as stack:

        def processes(number: int) -> list[Runtime]:
            made = [Database(runtime.settings.database_url) for _ in range(number)]
            for database in made:
                stack.callback(database.close)
            return [replace(runtime, database=database) for database in made]

        yield processes


def at_once(work: Callable[[S], T], several: list[S]) -> list[T]:
    """Each does it, none before all are ready."""
    ready = threading.Barrier(len(several))

    def begin(one: S) -> T:
        ready.wait(PATIENCE_SECONDS)
        return work(one)

    with ThreadPoolExecutor(len(several)) as pool:
        return list(pool.map(begin, several))


def clients(several: list[Runtime], key: str) -> list[FlaskClient]:
    """A client of each; Python 3.11 fails at times when applications are made by several threads at once."""
    return [client_of(application.create(process), key) for process in several]


def test_updates_posted_at_once_get_numbers_one_after_the_other(
    runtime: Runtime, processes: Callable[[int], list[Runtime]]
) -> None:
    add_pledge(runtime)
    key = key_of(runtime, Scope.WRITE)

    def post(client: FlaskClient) -> list[int]:
        report = {"increment": 1, "as_of": "2026-11-01"}
        answers = [client.post("/v1/pledges/people/progress", json=report) for _ in range(4)]
        assert [answer.status_code for answer in answers] == [201] * 4
        return [answer.get_json()["id"] for answer in answers]

    given = at_once(post, clients(processes(4) * 2, key))
    assert sorted(number for numbers in given for number in numbers) == list(range(1, 33))


def test_of_two_corrections_of_one_update_at_once_one_is_refused(
    runtime: Runtime, processes: Callable[[int], list[Runtime]]
) -> None:
    add_pledge(runtime)
    key = key_of(runtime, Scope.WRITE)
    client = client_of(application.create(runtime), key)
    client.post("/v1/pledges/people/progress", json={"value": 10, "as_of": "2026-11-01"})

    def correct(client: FlaskClient) -> int:
        correction = {"value": 11, "as_of": "2026-11-01", "supersedes": 1}
        return client.post("/v1/pledges/people/progress", json=correction).status_code

    assert sorted(at_once(correct, clients(processes(4), key))) == [201, 409, 409, 409]


def test_links_added_at_once_close_no_ring(
    runtime: Runtime, processes: Callable[[int], list[Runtime]]
) -> None:
    for key in ("a", "b", "c"):
        add_pledge(runtime, key=key)
    several = list(zip(clients(processes(3), key_of(runtime, Scope.WRITE)), "abc", "bca", strict=True))

    def link(one: tuple[FlaskClient, str, str]) -> int:
        client, key, other = one
        said = {"part_of": other} if key == "a" else {"restates": [other]}
        answer = client.patch(f"/v1/pledges/{key}", json=said, headers={"If-Match": "*"})
        return answer.status_code

    assert sorted(at_once(link, several)) == [200, 200, 422]
    with runtime.database.read() as tx:
        links = [record.pledge.links for record in tx.records.get_many(["a", "b", "c"])]
    assert sorted(map(len, links)) == [0, 1, 1]


def test_who_names_a_pledge_while_it_is_deleted_does_not_hang_in_the_air(
    runtime: Runtime, processes: Callable[[int], list[Runtime]]
) -> None:
    """Either the deletion comes first, or the link does; whoever comes second is refused."""
    add_pledge(runtime, key="part")
    add_pledge(runtime, key="total", contacts=())
    linker, deleter = clients(processes(2), key_of(runtime, Scope.WRITE))
    always = {"If-Match": "*"}

    def go(client: FlaskClient) -> int:
        if client is deleter:
            return client.delete("/v1/pledges/total", headers=always).status_code
        answer = client.patch("/v1/pledges/part", json={"part_of": "total"}, headers=always)
        return answer.status_code

    assert at_once(go, [linker, deleter]) in ([200, 409], [422, 204])


def test_pledges_of_one_title_recorded_at_once_get_ids_of_their_own(
    runtime: Runtime, processes: Callable[[int], list[Runtime]]
) -> None:
    add_pledge(runtime)
    key = key_of(runtime, Scope.WRITE)
    promise = {"title": "Trees", "pledger": "acme", "target": 5, "announced_on": "2026-01-01", "due": "2027"}

    def post(client: FlaskClient) -> tuple[int, str]:
        answer = client.post("/v1/pledges", json=promise)
        return answer.status_code, answer.get_json().get("id", "")

    answers = at_once(post, clients(processes(2), key))
    assert {answer for answer in answers if answer[0] == 201} == {(201, "trees"), (201, "trees-2")}


def test_schedulers_that_tick_at_once_plan_each_alert_once(
    runtime: Runtime, clock: Clock, processes: Callable[[int], list[Runtime]]
) -> None:
    clock.now = noon("2026-01-02")
    for number in range(12):
        add_pledge(runtime, key=f"p-{number}")
    clock.now = noon("2026-12-05")
    reports = at_once(tick, processes(3))
    assert sum(report.checked for report in reports) == 12
    planned = [owed.dedup_key for report in reports for look in report.looks for owed in look.planned]
    assert len(planned) == len(set(planned))
    stored = [alert.dedup_key for alert in alerts(runtime)]
    assert len(stored) == len(set(stored))
    assert {alert.pledge for alert in alerts(runtime)} == {f"p-{number}" for number in range(12)}
    found = [(flag.pledge, flag.kind, flag.episode) for flag in flags(runtime)]
    assert len(found) == len(set(found))


def test_dispatchers_that_claim_at_once_never_claim_the_same(
    runtime: Runtime, clock: Clock, processes: Callable[[int], list[Runtime]]
) -> None:
    clock.now = noon("2026-01-02")
    for number in range(20):
        add_pledge(runtime, key=f"p-{number}")
    clock.now = noon("2026-12-05")
    tick(runtime)
    until = clock.now + timedelta(minutes=10)

    def claim(process: Runtime) -> list[int]:
        mine: list[int] = []
        token = f"token-{id(process)}"
        while claimed := process.database.write(
            lambda tx: tx.deliveries.claim(now=clock.now, until=until, token=token, limit=3)
        ):
            assert len(claimed) <= 3
            mine += [alert.id for alert in claimed]
        return mine

    claimed = [key for keys in at_once(claim, processes(4)) for key in keys]
    assert len(claimed) == len(set(claimed)) >= 20
