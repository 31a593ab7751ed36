"""One profile says how often laws are tried, and the gate tries the same each time."""

import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from tests.examples import FEWEST, times

TESTS = Path(__file__).parents[1]
# The profiles themselves, and calls whose number no profile can know.
THEIR_OWN = {TESTS / "examples.py", TESTS / "api" / "calling.py", Path(__file__)}


def test_no_test_says_by_itself_how_often() -> None:
    files = set(TESTS.rglob("*.py")) - THEIR_OWN
    assert [path.name for path in files if "max_examples" in path.read_text()] == []


# Hypothesis presets other profiles where the environment says CI, so each is asked in a process of its own.
@pytest.mark.parametrize("environment", [{}, {"CI": "true"}], ids=["here", "ci"])
def test_the_gate_tries_the_same_each_time_and_local_runs_do_not(environment: dict[str, str]) -> None:
    asked = """
from hypothesis import settings
import tests.examples
for name in ("exploring", "searching", "gate"):
    profile = settings.get_profile(name)
    print(name, profile.derandomize, profile.database is None, profile.print_blob, profile.deadline)
"""
    answer = subprocess.run(
        [sys.executable, "-c", asked],
        cwd=TESTS.parent,
        env=environment,
        check=True,
        capture_output=True,
        text=True,
    )
    assert answer.stdout.splitlines() == [
        "exploring False False True None",
        "searching False False True None",
        "gate True True True None",
    ]


@pytest.mark.parametrize(("weight", "share"), [(2, 2), (0.5, 0.5)])
def test_a_weight_is_of_what_the_profile_says(weight: float, share: float) -> None:
    assert times(weight).max_examples == share * settings().max_examples


def test_a_law_is_tried_more_than_once_and_a_busy_machine_fails_none() -> None:
    rare = times(0.001, suppress_health_check=[HealthCheck.function_scoped_fixture])
    assert rare.max_examples == FEWEST
    assert {HealthCheck.too_slow, HealthCheck.function_scoped_fixture} == set(rare.suppress_health_check)
