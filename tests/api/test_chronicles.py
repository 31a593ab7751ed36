"""Random chronicles told to the API, asked at any instant about any day, and held against the reference."""

import json
from datetime import timedelta
from random import Random
from typing import Any

import pytest
from flask import Flask

from pledgetracker.runtime import Runtime
from tests.chronicles import possible
from tests.conftest import Clock
from tests.disagreements import questions
from tests.reference.chronicle import Question
from tests.telling import YEARS, Teller, teller_of

Json = dict[str, Any]


@pytest.fixture
def teller(app: Flask, runtime: Runtime, clock: Clock) -> Teller:
    return teller_of(app, runtime, clock)


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
