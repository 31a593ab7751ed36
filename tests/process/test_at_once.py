"""Many requests at the same moment to two servers that share a record: each has its effect once, or none."""

from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest

from pledgetracker.domain.access import Scope
from pledgetracker.runtime import Runtime
from tests.conftest import key_of
from tests.outages import is_whole
from tests.processes import PATIENCE_SECONDS, Answer, answers, ask, started, wait_until
from tests.sinks import free_port
from tests.world import add_pledge

pytestmark = pytest.mark.slow

REQUESTS = 40
EDITORS = 16


@pytest.fixture
def bases(runtime: Runtime, served: dict[str, str], port: int) -> Iterator[list[str]]:
    """The addresses of two servers over one record with a pledge in it."""
    add_pledge(runtime, contacts=())
    other = free_port()
    elsewhere = served | {"PLEDGETRACKER_PORT": str(other)}
    with started(served, "serve"), started(elsewhere, "serve"):
        made = [f"http://127.0.0.1:{number}" for number in (port, other)]
        for base in made:
            wait_until(lambda base=base: answers(f"{base}/healthz"))  # type: ignore[misc] # binds the loop's
        yield made


def at_once(bases: list[str], number: int, send: Callable[[str, int], Answer]) -> list[Answer]:
    """So many requests, to one server after the other, none before all are ready."""
    ready = Barrier(number)

    def begin(n: int) -> Answer:
        ready.wait(PATIENCE_SECONDS)
        return send(bases[n % len(bases)], n)

    with ThreadPoolExecutor(number) as pool:
        return list(pool.map(begin, range(number)))


def test_forty_requests_at_once_under_one_key_record_one_update(runtime: Runtime, bases: list[str]) -> None:
    key = key_of(runtime, Scope.REVIEW)
    body = {"increment": 1, "as_of": "2026-02-01"}

    def send(base: str, _: int) -> Answer:
        return ask(f"{base}/v1/pledges/people/progress", body, key=key, Idempotency_Key="the-only-one")

    found = at_once(bases, REQUESTS, send)
    assert {answer.status for answer in found} == {201}
    assert Counter(answer.headers["Idempotent-Replayed"] for answer in found) == {None: 1, "true": 39}
    told = {(answer.headers["Location"], answer.headers["ETag"], str(answer.body)) for answer in found}
    assert len(told) == 1
    for base in bases:
        assert len(ask(f"{base}/v1/pledges/people/progress").body["items"]) == 1
    assert is_whole(runtime)


def test_of_editors_who_saw_the_same_one_gets_through_and_the_others_are_told(
    runtime: Runtime, bases: list[str]
) -> None:
    key = key_of(runtime, Scope.WRITE)
    address = "/v1/pledges/people"
    seen = ask(f"{bases[0]}{address}").headers["ETag"]

    def send(base: str, n: int) -> Answer:
        return ask(f"{base}{address}", {"title": f"Title {n}"}, key=key, method="PATCH", If_Match=seen)

    found = at_once(bases, EDITORS, send)
    assert Counter(answer.status for answer in found) == {200: 1, 412: EDITORS - 1}
    [kept] = [answer for answer in found if answer.status == 200]
    for base in bases:
        assert ask(f"{base}{address}").body["title"] == kept.body["title"]
    [told] = {answer.headers["ETag"] for answer in found if answer.status == 412}
    assert ask(f"{bases[1]}{address}", {"title": "New"}, key=key, method="PATCH", If_Match=told).status == 200


def test_editors_who_look_again_when_told_to_lose_no_edit(runtime: Runtime, bases: list[str]) -> None:
    """Each adds a line of its own to what it saw, and all have seen the same at first."""
    key = key_of(runtime, Scope.WRITE)
    have_seen = Barrier(8)
    refused: list[int] = []

    def send(base: str, n: int) -> Answer:
        address = f"{base}/v1/pledges/people"
        seen = ask(address)
        have_seen.wait(PATIENCE_SECONDS)
        while True:
            title = f"{seen.body['title']} {n}"
            answer = ask(address, {"title": title}, key=key, method="PATCH", If_Match=seen.headers["ETag"])
            if answer.status != 412:
                return answer
            refused.append(n)
            seen = ask(address)

    found = at_once(bases, have_seen.parties, send)
    assert {answer.status for answer in found} == {200}
    title = ask(f"{bases[0]}/v1/pledges/people").body["title"]
    assert sorted(title.removeprefix("People trained ").split()) == [str(n) for n in range(8)]
    assert len(set(refused)) == 7
