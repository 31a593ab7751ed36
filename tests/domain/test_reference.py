"""The domain and an independent, slower reading of the same rules agree on random histories."""

from datetime import timedelta
from pathlib import Path
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pledgetracker.domain.policy import Policy
from pledgetracker.domain.record import Record
from tests import histories
from tests.disagreements import differences, disagreement
from tests.examples import times
from tests.strategies import days_of, policies, records
from tests.torture import figures
from tests.torture.campaign import Options


@given(data=st.data(), record=records(), policy=policies())
@times(3)
def test_the_domain_and_the_reference_agree(data: st.DataObject, record: Record, policy: Policy) -> None:
    assert differences(record, policy, data.draw(days_of(record))) == {}


def parted(seed: int) -> str | None:
    """What differs in the record of this seed on three days, or None."""
    rng = Random(seed)
    record, policy = histories.record(rng), histories.policy(rng)
    for _ in range(3):
        today = record.pledge.announced_on + timedelta(days=rng.randint(-6, 40))
        if found := differences(record, policy, today):
            return f"seed {seed}, {today}: (product, reference) = {found} of {record}, {policy}"
    return None


def test_they_agree_on_hundreds_of_records() -> None:
    assert next(filter(None, map(parted, range(300))), None) is None


def test_they_agree_on_hundreds_of_histories_at_any_instant_about_any_day() -> None:
    found = (disagreement(f"test-{n}", asked=3) for n in range(300))
    assert next(filter(None, found), None) is None


@pytest.mark.slow
@pytest.mark.parametrize("block", [pytest.param(n, id=f"from-{n * 4_000}") for n in range(3)])
def test_they_agree_on_twelve_thousand_records(block: int) -> None:
    found = map(parted, range(block * 4_000, block * 4_000 + 4_000))
    assert next(filter(None, found), None) is None


@pytest.mark.slow
def test_they_agree_on_eight_thousand_histories_at_any_instant_about_any_day(tmp_path: Path) -> None:
    result = figures.campaign(Options("sqlite", 8_000, 1, tmp_path, print))
    assert result.broken == []
    assert (result.figures["asked"], result.figures["disagreements"]) == (24_000, 0)
