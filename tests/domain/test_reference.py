"""The domain and an independent, slower reading of the same rules agree on random histories."""

from datetime import date, timedelta
from pprint import pformat
from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pledgetracker.domain.policy import Policy
from pledgetracker.domain.record import Record
from pledgetracker.domain.standing import standing
from tests import histories
from tests.reference import plain
from tests.reference import standing as reference_standing
from tests.strategies import days_of, policies, records


def in_one_order(answer: dict[str, Any]) -> dict[str, Any]:
    flags = sorted(answer["flags"], key=lambda f: (f["kind"], f["milestone"] or "", f["episode"]))
    return {**answer, "flags": flags}


def differences(record: Record, policy: Policy, today: date) -> dict[str, tuple[Any, Any]]:
    ours = in_one_order(plain.answer(standing(record, policy, today=today)))
    theirs = in_one_order(reference_standing(**plain.question(record, policy, today=today)))
    return {key: (ours[key], theirs[key]) for key in theirs if ours[key] != theirs[key]}


@given(data=st.data(), record=records(), policy=policies())
@settings(max_examples=300, deadline=None)
def test_the_domain_and_the_reference_agree(data: st.DataObject, record: Record, policy: Policy) -> None:
    today = data.draw(days_of(record))
    assert differences(record, policy, today) == {}


def disagreement(seed: int) -> str | None:
    """What differs in the history of this seed, written out, or None."""
    rng = Random(seed)
    record, policy = histories.record(rng), histories.policy(rng)
    for _ in range(3):
        today = record.pledge.announced_on + timedelta(days=rng.randint(-6, 40))
        if found := differences(record, policy, today):
            asked = plain.question(record, policy, today=today)
            return f"seed {seed}: (ours, reference) = {pformat(found)}\n{pformat(asked)}"
    return None


@pytest.mark.parametrize("block", [pytest.param(n, id=f"from-{n * 500}") for n in range(2)])
def test_they_agree_on_a_thousand_numbered_histories(block: int) -> None:
    found = (disagreement(seed) for seed in range(block * 500, block * 500 + 500))
    assert next(filter(None, found), None) is None


@pytest.mark.slow
@pytest.mark.parametrize("block", [pytest.param(n, id=f"from-{n * 12_500}") for n in range(8)])
def test_they_agree_on_a_hundred_thousand_numbered_histories(block: int) -> None:
    found = (disagreement(seed) for seed in range(block * 12_500, block * 12_500 + 12_500))
    assert next(filter(None, found), None) is None
