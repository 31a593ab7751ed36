"""Hypothesis strategies for what the domain speaks of; every one yields well-formed values only."""

from datetime import date, timedelta
from random import Random
from typing import Any

from hypothesis import strategies as st

from pledgetracker.domain.pledge import Pledge
from pledgetracker.domain.policy import Policy
from pledgetracker.domain.record import Record
from tests import histories
from tests.chronicles import chronicle, done
from tests.recounting import recounted

_randomness = st.randoms(use_true_random=False)


def pledges() -> st.SearchStrategy[Pledge]:
    """Pledges of all comparators, both directions, with and without deadline, target and milestones."""
    return _randomness.map(histories.pledge)


def records() -> st.SearchStrategy[Record]:
    """Pledges with reports on few days, reviewed or not, corrections, moves and withdrawals."""
    return _randomness.map(_record)


def _record(rng: Random) -> Record:
    return histories.record(rng) if rng.random() < 0.5 else recounted(done(chronicle(rng)))[0]


def chronicles() -> st.SearchStrategy[list[dict[str, Any]]]:
    """All that was done to a pledge, deed by deed, as `tests.reference.chronicle` says."""
    return _randomness.map(lambda rng: done(chronicle(rng)))


def reviewed_records() -> st.SearchStrategy[Record]:
    """Records in which some reports are not accepted, and reviewers chose between some that differ."""
    return _randomness.map(lambda rng: histories.reviewed(rng, histories.record(rng)))


def policies() -> st.SearchStrategy[Policy]:
    """Thresholds, with periods short enough for few days."""
    return _randomness.map(histories.policy)


def days_of(record: Record) -> st.SearchStrategy[date]:
    """Days on which something may come of `record`: from before its first possible day to after its last."""
    first = min(record.pledge.announced_on, record.pledge.baseline.date) - timedelta(days=10)
    return st.integers(0, 60).map(lambda n: first + timedelta(days=n))
