"""Random chronicles told to the API, asked at any instant about any day, and held against the reference."""

import json
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from random import Random
from typing import Any

import pytest
from flask import Flask

from pledgetracker import app as application
from pledgetracker.domain.access import Scope
from pledgetracker.domain.policy import Policy
from pledgetracker.runtime import Runtime
from pledgetracker.services import policing
from tests.chronicles import possible
from tests.conftest import Clock, client_of, key_of
from tests.disagreements import questions
from tests.reference import plain
from tests.reference.chronicle import Question
from tests.reference.over_http import Told, asked

Json = dict[str, Any]
# All that shows a day and may be read without a key.
ADDRESSES = ("{path}", "{path}/progress", "{path}/conflicts", "/v1/pledges")

# Longer than the chronicles are apart.
YEARS = timedelta(days=1500)


@dataclass
class Teller:
    """Tells chronicles to the application, each deed at its own instant."""

    app: Flask
    runtime: Runtime
    clock: Clock
    submitter: str
    reviewer: str
    told: int = 0

    def ask(self, method: str, path: str, body: bytes | None, *, key: str | None) -> tuple[int, bytes]:
        headers = {"If-Match": "*"} if method in {"PATCH", "DELETE"} else {}
        client = client_of(self.app, key)
        answer = client.open(path, method=method, data=body, content_type="application/json", headers=headers)
        return answer.status_code, answer.data

    def begin(self) -> Told:
        """A pledge of which nothing has been told yet."""
        self.told += 1
        pledge, policy = f"pledge-{self.told}", plain.plain_policy(Policy())
        return Told(self.ask, pledge, "acme", self.submitter, self.reviewer, policy)

    def tell(self, told: Told, deeds: list[Json]) -> None:
        """Do what deeds say, but for changes of policy: the server has one."""
        for deed in deeds:
            if deed["deed"] != "judged":
                self.clock.now = deed["at"]
                assert told.tell(deed) is None

    def tell_all(self, deeds: list[Json]) -> Told:
        """Do what deeds say on a server that changes its policy when they say so."""
        told = self.begin()
        told.policy = deeds[0]["policy"]
        for deed in deeds:
            if deed["deed"] == "judged":
                self._judge_by(Policy(**deed["policy"]), deed["at"])
                # The first held before everything, as `policy` says.
                told.deeds += [deed] if told.deeds else []
            else:
                self.tell(told, [deed])
        return told

    def _judge_by(self, policy: Policy, at: datetime) -> None:
        policing.note(self.runtime.database, policy, now=at)
        rules = replace(self.runtime.rules, policy=policy)
        self.app = application.create(replace(self.runtime, rules=rules))

    def documents(self, told: Told, as_of: date | None, known_at: datetime | None) -> list[bytes]:
        """What anybody can read of the pledge, to the last byte."""
        question = Question(self.clock.now, as_of, known_at)
        addresses = (*ADDRESSES, "{path}/history") if as_of is None else ADDRESSES
        found = [self.read(address.format(path=told.path), question) for address in addresses]
        assert {status for status, _ in found} == {200}, found
        return [content for _, content in found]

    def read(self, path: str, question: Question) -> tuple[int, bytes]:
        return self.ask("GET", f"{path}?{asked(question)}", None, key=None)


@pytest.fixture
def teller(app: Flask, runtime: Runtime, clock: Clock) -> Teller:
    made = Teller(app, runtime, clock, key_of(runtime, Scope.PROGRESS), key_of(runtime, Scope.REVIEW))
    clock.now = datetime.fromisoformat("2024-01-01T00:00:00Z")
    status, content = made.ask("POST", "/v1/pledgers", b'{"id": "acme", "name": "Acme"}', key=made.reviewer)
    assert status == 201, content
    return made


def agree(teller: Teller, seeds: range) -> None:
    for seed in seeds:
        rng = Random(f"http-{seed}")
        told = teller.begin()
        teller.tell(told, possible(rng))
        asking = questions(rng, told.chronicle)
        for question in (next(asking) for _ in range(8)):
            teller.clock.now = question.now
            assert list(told.partings(question)) == [], f"seed {seed}: {told.chronicle}"


def test_the_api_and_the_reference_agree_on_histories_at_any_instant_about_any_day(teller: Teller) -> None:
    agree(teller, range(15))


# The rules are the same everywhere, and the few are on both.
@pytest.mark.sqlite
@pytest.mark.slow
def test_the_api_and_the_reference_agree_on_hundreds_of_histories(teller: Teller) -> None:
    agree(teller, range(15, 215))


def judged_anew(rng: Random) -> list[Json]:
    """A chronicle with a change of policy in it."""
    while True:
        deeds = possible(rng)
        if any(deed["deed"] == "judged" for deed in deeds[1:]):
            return deeds


@pytest.mark.parametrize("seed", range(6))
def test_they_agree_where_the_thresholds_changed_as_well(teller: Teller, seed: int) -> None:
    rng = Random(f"policies-{seed}")
    told = teller.tell_all(judged_anew(rng))
    asking = questions(rng, told.chronicle)
    for question in (next(asking) for _ in range(12)):
        teller.clock.now = question.now
        assert list(told.partings(question)) == [], told.chronicle


@pytest.mark.parametrize("seed", range(8))
def test_what_was_known_at_an_instant_never_changes_again_whatever_is_recorded(
    teller: Teller, seed: int
) -> None:
    rng = Random(f"known-{seed}")
    deeds = possible(rng)
    half = rng.randint(2, len(deeds))
    told = teller.begin()
    teller.tell(told, deeds[:half])
    teller.clock.now = now = deeds[half - 1]["at"] + timedelta(microseconds=1)
    instants = [now, *(deed["at"] for deed in rng.sample(told.deeds, min(3, len(told.deeds))))]
    days = [None, *(now.date() + timedelta(days=n) for n in (-20, 30))]
    before = [teller.documents(told, day, instant) for day in days for instant in instants]
    teller.tell(told, deeds[half:])
    teller.clock.now += timedelta(hours=1)
    for change in ({"contacts": [{"email": "ann@example.org"}]}, {"title": "Known by another name"}):
        sent = json.dumps(change).encode()
        assert teller.ask("PATCH", told.path, sent, key=teller.reviewer)[0] == 200
    teller.tell(teller.begin(), [deed | {"at": deed["at"] + YEARS} for deed in possible(rng)])
    after = [teller.documents(told, day, instant) for day in days for instant in instants]
    assert after == before


@pytest.mark.parametrize("seed", range(4))
def test_to_know_what_is_known_now_is_to_know_everything(teller: Teller, seed: int) -> None:
    told = teller.begin()
    teller.tell(told, possible(Random(f"now-{seed}")))
    teller.clock.now = now = told.deeds[-1]["at"] + timedelta(hours=1)
    for day in (None, now.date(), now.date() - timedelta(days=15)):
        assert teller.documents(told, day, now) == teller.documents(told, day, None)


@pytest.mark.parametrize("seed", range(4))
def test_lists_show_of_any_instant_what_the_pledges_themselves_show(teller: Teller, seed: int) -> None:
    several = [teller.begin() for _ in range(3)]
    for number, told in enumerate(several):
        deeds = possible(Random(f"list-{seed}"))
        teller.tell(told, [deed | {"at": deed["at"] + number * YEARS} for deed in deeds])
    teller.clock.now = last = several[-1].deeds[-1]["at"]
    for instant in (last, last - timedelta(days=9), last - YEARS, last - YEARS - timedelta(days=9)):
        question = Question(last, None, instant)
        alone = [teller.read(told.path, question) for told in several]
        known = [json.loads(document) for status, document in alone if status == 200]
        assert json.loads(teller.read("/v1/pledges", question)[1])["items"] == known
