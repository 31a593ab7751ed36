"""Small campaigns against schedulers and their mail server, and the proof that the auditor would notice."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from tests.torture.alerts import CALM, play
from tests.torture.bugs import BUGS
from tests.torture.campaign import OptionsOf, Result
from tests.torture.mailserver import FAULTS, Fault
from tests.torture.stage import Chapter

NOTHING = {"missing": 0, "double": 0, "unexpected": 0, "late": 0, "unrecovered": 0}
# What a bug needs to show itself: time that jumps, kills, and a mail server that is not always there.
TRIAL_FAULTS = (
    Fault("refuse"),
    None,
    Fault("defer", "rcpt"),
    Fault("drop", "quit"),
    None,
    Fault("defer", "dot"),
)
TRIAL = Chapter(cycles=6, days=15, pledges=10, faults=TRIAL_FAULTS, kills=1)

MOST_TRIALS = 4

pytestmark = pytest.mark.slow

Played = Callable[[Chapter], Result]


@pytest.fixture(params=["sqlite", "postgresql"])
def played(options_of: OptionsOf, request: pytest.FixtureRequest) -> Played:
    """What the auditor says of a chapter, on each database."""
    return lambda chapter: play(options_of(request.param, chapter.cycles), chapter)


def shown(result: Result) -> dict[str, int]:
    """The figures that must be nothing."""
    return {name: result.figures[name] for name in NOTHING}


def test_without_faults_two_schedulers_send_a_thousand_alerts_once_each(played: Played) -> None:
    result = played(CALM)
    assert result.broken == []
    assert result.figures["owed"] >= 1000
    assert shown(result) == NOTHING
    assert result.figures["duplicate"] == 0


def test_schedulers_killed_twenty_times_lose_nothing(played: Played) -> None:
    result = played(Chapter(cycles=20, schedulers=3, kills=1))
    assert result.broken == []
    assert result.figures["kills"] == 20
    assert shown(result) == NOTHING


def test_a_mail_server_that_does_everything_wrong_delays_alerts_and_loses_none(played: Played) -> None:
    result = played(Chapter(cycles=len(FAULTS), faults=FAULTS))
    assert result.broken == []
    assert result.figures["faults"] == len(FAULTS)
    assert shown(result) == NOTHING


@pytest.mark.parametrize("bug", sorted(BUGS))
def test_the_auditor_finds(options_of: OptionsOf, bug: str) -> None:
    """Put into every scheduler, each of these mistakes is seen in what becomes of the alerts.

    Not in every trial: some need two things to happen at once, which a machine need not do the first time.
    """
    options = options_of("sqlite", TRIAL.cycles)
    for seed in range(1, MOST_TRIALS + 1):
        folder = options.folder / str(seed)
        folder.mkdir()
        if play(replace(options, seed=seed, folder=folder), replace(TRIAL, bug=bug)).broken:
            return
    pytest.fail(f"Nothing was wrong in {MOST_TRIALS} trials.")


def test_the_auditor_finds_nothing_where_there_is_no_bug(played: Played) -> None:
    assert played(TRIAL).broken == []
