"""`pledgetracker simulate` says day by day what ticks would bring."""

import pytest

from pledgetracker.runtime import Runtime
from tests.cli.conftest import Invoke
from tests.conftest import Clock
from tests.world import add_pledge, alerts, flags, noon, report, without_news


@pytest.fixture
def quiet(runtime: Runtime, clock: Clock) -> Runtime:
    """Two pledges of 2020, one of them of nobody's concern."""
    clock.now = noon("2020-01-01")
    quiet = without_news(runtime)
    add_pledge(quiet, announced_on=clock.now.date())
    add_pledge(quiet, key="others", contacts=(), announced_on=clock.now.date())
    return quiet


def test_it_tells_each_day_and_changes_nothing(invoke: Invoke, quiet: Runtime) -> None:
    before = alerts(quiet), flags(quiet)
    found = invoke("simulate", "--from", "2020-04-01", "--to", "2020-05-31")
    assert found.exit_code == 0
    assert found.output == (
        "2020-05-01\n"
        "others\n"
        "  opened   never_reported (2020-03-31)\n"
        "people\n"
        "  opened   never_reported (2020-03-31)\n"
        "  alert    never_reported, step 0, to ann@example.org\n"
        "2020-05-31\n"
        "people\n"
        "  alert    never_reported, step 30, to ann@example.org\n"
        "2 pledges simulated; nothing was changed.\n"
    )
    assert (alerts(quiet), flags(quiet)) == before


def test_one_pledge_alone(invoke: Invoke, quiet: Runtime) -> None:
    found = invoke("simulate", "--from", "2020-05-01", "--to", "2020-05-01", "--pledge", "others")
    assert found.output == (
        "2020-05-01\nothers\n  opened   never_reported (2020-03-31)\n"
        "1 pledge simulated; nothing was changed.\n"
    )


def test_it_tells_what_it_told_at_a_past_instant(invoke: Invoke, quiet: Runtime, clock: Clock) -> None:
    instant = f"{clock.now:%Y-%m-%dT%H:%M:%SZ}"
    clock.now = noon("2020-04-10")
    report(quiet, value=1)
    found = invoke("simulate", "--from", "2020-05-01", "--to", "2020-05-31", "--known-at", instant)
    assert found.output == (
        "2020-05-01\n"
        "others\n"
        "  opened   never_reported (2020-03-31)\n"
        "  alert    never_reported, step 0\n"
        "people\n"
        "  opened   never_reported (2020-03-31)\n"
        "  alert    never_reported, step 0\n"
        "2020-05-31\n"
        "others\n"
        "  alert    never_reported, step 30\n"
        "people\n"
        "  alert    never_reported, step 30\n"
        "2 pledges simulated; nothing was changed.\n"
    )


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        (("2026-02-01", "2026-01-01"), "Lies before the first day, 2026-02-01."),
        (("2026-01-01", "2028-01-01"), "731 days; at most 400 are simulated at once."),
        (("1969-01-01", "2026-01-01"), "Dates lie between 1970-01-01 and 2200-12-31."),
        (("yesterday", "2026-01-01"), "Must be a full date without a time, as 2025-12-31."),
        (("2026-01-01", "2026-01-02", "--pledge", "none"), "There is no pledge 'none'."),
        (("2020-05-01", "2020-05-02", "--known-at", "2020-04-01"), "Must be an instant, as 2025-12-31T23:00"),
        (("2020-05-01", "2020-05-02", "--known-at", "2199-01-01T00:00:00Z"), "Lies ahead"),
        (
            ("2020-05-01", "2020-05-02", "--pledge", "people", "--known-at", "2019-12-31T00:00:00Z"),
            "There is no pledge 'people'.",
        ),
    ],
)
def test_what_cannot_be_simulated_is_said(
    invoke: Invoke, quiet: Runtime, words: tuple[str, ...], complaint: str
) -> None:
    first, last, *more = words
    found = invoke("simulate", "--from", first, "--to", last, *more)
    assert found.exit_code != 0
    assert complaint in found.output
