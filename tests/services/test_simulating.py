"""What a simulation says is what ticks then do; asking for it changes nothing."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import date, datetime, timedelta
from functools import partial
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import given

from pledgetracker import runtime as composition
from pledgetracker.domain.alert import Recipient
from pledgetracker.domain.vantage import Vantage
from pledgetracker.runtime import Runtime
from pledgetracker.services import cataloguing, pledging, simulating
from pledgetracker.services.monitoring import Look
from pledgetracker.services.simulating import Scene, Simulated, Span
from pledgetracker.settings import load
from pledgetracker.storage.paging import Page
from tests.conftest import Clock, Install
from tests.services.test_histories import History, few, many, randomness
from tests.world import (
    ANN,
    EVERYTHING,
    add_pledge,
    alerts,
    day,
    flags,
    noon,
    report,
    send,
    tick,
    without_news,
)

DAY = timedelta(days=1)
Happening = tuple[date, str, object]


@contextmanager
def installed(install: Install, history: History) -> Iterator[tuple[Runtime, Clock]]:
    """An installation of its own for one example, that mails into a folder."""
    with TemporaryDirectory() as folder:
        environ, done = install(Path(folder))
        clock = Clock()
        runtime = replace(composition.assemble(load(environ)), clock=clock, rules=history.rules)
        try:
            yield runtime, clock
        finally:
            runtime.database.close()
            done()


def simulated(
    runtime: Runtime,
    first: date,
    last: date,
    scene: Scene | None = None,
    *,
    known_at: datetime | None = None,
    limit: int = 100,
) -> Page[Simulated]:
    at, request = Vantage(runtime.clock(), known_at=known_at), replace(EVERYTHING, limit=limit)
    with runtime.database.read() as tx:
        return simulating.simulate_page(tx, scene or Scene(), Span(first, last), request, runtime.rules, at)


def foretold(page: Page[Simulated]) -> list[Happening]:
    """All that a simulation says of its only pledge."""
    found: list[Happening] = []
    for on in page.items[0].days:
        found += ((on.day, "opens", (flag.identity, flag.opened_on)) for flag in on.opened)
        found += ((on.day, "clears", flag.identity) for flag in on.cleared)
        for message in on.messages:
            speaks = message.speaker is None
            found.append((on.day, "leaves" if speaks else "spoken for", message.leader.dedup_key))
            found += ((on.day, "spoken for", alert.dedup_key) for alert in message.spoken_for)
    return sorted(found, key=repr)


def ticked(today: date, looks: Sequence[Look]) -> Iterator[Happening]:
    """All that the tick of a day did to the only pledge."""
    for look in looks:
        yield from ((today, "opens", (flag.identity, flag.opened_on)) for flag in look.opened)
        yield from ((today, "clears", flag.identity) for flag in look.cleared)
        yield from ((today, "leaves", alert.dedup_key) for alert in look.planned)
        yield from ((today, "spoken for", alert.dedup_key) for alert in look.superseded)


def a_simulation_is_what_happens(install: Install, rng: Random) -> None:
    history = History.of(rng)
    watchers = (Recipient("watcher@example.org"),)
    history = replace(history, rules=replace(history.rules, watchers=watchers))
    until = rng.choice(history.days)
    with installed(install, history) as (runtime, clock):
        clock.now = noon(history.days[0])
        history.begin(runtime.database)
        for today in history.days[: history.days.index(until) + 1]:
            clock.now = noon(today)
            if rng.random() < 0.5:
                tick(runtime)
                if rng.random() < 0.5:
                    send(runtime)
            history.record_day(runtime.database, today)
        first, last = until + rng.randrange(5) * DAY, until + rng.randrange(5, 130) * DAY
        before = alerts(runtime), flags(runtime)
        expected = foretold(simulated(runtime, first, last))
        assert (alerts(runtime), flags(runtime)) == before
        done: list[Happening] = []
        for n in range((last - until).days + 1):
            clock.now = noon(until + n * DAY)
            looks = tick(runtime).looks
            send(runtime)
            if clock.now.date() >= first:
                done += ticked(until + n * DAY, looks)
        assert expected == sorted(done, key=repr)


@few
@given(rng=randomness)
def test_ticks_do_day_by_day_what_a_simulation_said(install: Install, rng: Random) -> None:
    a_simulation_is_what_happens(install, rng)


def unnamed(said: Sequence[Happening]) -> list[Happening]:
    """The same without the address of its only recipient."""
    return sorted(
        ((on, what, of.replace(ANN, "") if isinstance(of, str) else of) for on, what, of in said), key=repr
    )


def a_simulation_of_then_stays_as_it_was(install: Install, rng: Random) -> None:
    history = History.of(rng)
    until = rng.choice(history.days)
    first, last = until + rng.randrange(-30, 5) * DAY, until + rng.randrange(5, 130) * DAY
    then, said = noon(until) + timedelta(hours=1), None
    with installed(install, history) as (runtime, clock):
        clock.now = noon(history.days[0])
        history.begin(runtime.database)
        for today in history.days:
            clock.now = noon(today)
            if rng.random() < 0.5:
                tick(runtime)
            history.record_day(runtime.database, today)
            send(runtime)
            if today == until:
                clock.now = then
                said = unnamed(foretold(simulated(runtime, first, last)))
        assert foretold(simulated(runtime, first, last, known_at=then)) == said


@few
@given(rng=randomness)
def test_with_known_at_it_says_what_it_said_then(install: Install, rng: Random) -> None:
    a_simulation_of_then_stays_as_it_was(install, rng)


# The rules are the same everywhere, and the few are on both.
@pytest.mark.sqlite
@pytest.mark.slow
@many
@given(rng=randomness)
def test_with_known_at_it_says_what_it_said_then_in_many_histories(install: Install, rng: Random) -> None:
    a_simulation_of_then_stays_as_it_was(install, rng)


# The rules are the same everywhere, and the few are on both.
@pytest.mark.sqlite
@pytest.mark.slow
@many
@given(rng=randomness)
def test_ticks_do_what_a_simulation_said_in_many_histories(install: Install, rng: Random) -> None:
    a_simulation_is_what_happens(install, rng)


@pytest.fixture
def quiet(runtime: Runtime, clock: Clock) -> Runtime:
    """A pledge of 2026 of which nothing was ever reported, looked at on every day until 30 November."""
    clock.now = noon("2026-01-01")
    runtime = without_news(runtime)
    add_pledge(runtime)
    for n in range(334):
        clock.now = noon(day("2026-01-01") + n * DAY)
        if tick(runtime).checked:
            send(runtime)
    return runtime


def said(page: Page[Simulated]) -> list[str]:
    """Each day of the only pledge in a few words."""
    return [
        " ".join(
            (
                str(on.day),
                *(f"+{flag.kind}" for flag in on.opened),
                *(f"-{flag.kind}" for flag in on.cleared),
                *(f"{m.leader.kind}/{m.leader.step}>{len(m.spoken_for)}" for m in on.messages),
            )
        )
        for on in page.items[0].days
    ]


def test_the_past_is_replayed_and_the_days_to_come_go_on_from_what_is_on_record(quiet: Runtime) -> None:
    assert said(simulated(quiet, day("2026-10-02"), day("2027-02-01"))) == [
        "2026-10-02 +no_progress no_progress/90>0",
        "2026-12-01 no_progress/30>0",
        "2026-12-24 no_progress/7>0",
        "2026-12-30 no_progress/1>0",
        "2027-01-01 +overdue -no_progress overdue/1>0",
        "2027-01-31 overdue/31>0",
    ]


def test_what_a_scheduler_that_was_down_has_not_seen_comes_on_the_first_day(
    runtime: Runtime, clock: Clock
) -> None:
    clock.now = noon("2026-01-01")
    runtime = without_news(runtime)
    add_pledge(runtime)
    clock.now = noon("2026-12-01")
    assert said(simulated(runtime, day("2026-12-01"), day("2026-12-24"))) == [
        "2026-12-01 +never_reported +no_progress no_progress/30>5",
        "2026-12-24 no_progress/7>0",
    ]


def test_a_figure_recorded_late_counts_in_the_past_from_its_own_day(quiet: Runtime) -> None:
    report(quiet, as_of=day("2026-05-20"), value=30)
    past = simulated(quiet, day("2026-05-01"), day("2026-08-31"))
    assert said(past) == [
        "2026-05-02 +never_reported never_reported/0>0",
        "2026-05-20 +behind -never_reported behind/0>0",
        "2026-06-19 behind/30>0",
        "2026-07-19 behind/60>0",
        "2026-08-18 behind/90>0",
    ]


def test_only_the_pledges_asked_for_are_simulated(quiet: Runtime) -> None:
    now = quiet.clock()
    quiet.database.write(lambda tx: cataloguing.add_pledger(tx, {"id": "other", "name": "O"}, now=now))
    quiet.database.write(lambda tx: cataloguing.add_initiative(tx, {"id": "all", "title": "A"}, now=now))
    below: cataloguing.InitiativeFields = {"id": "part", "title": "P", "parent": "all"}
    quiet.database.write(lambda tx: cataloguing.add_initiative(tx, below, now=now))
    add_pledge(quiet, key="theirs", pledger="other", initiative="part")

    def chosen(**of: str) -> list[str]:
        page = simulated(quiet, day("2026-12-01"), day("2027-01-31"), Scene(**of))
        return [item.pledge for item in page.items]

    assert chosen() == ["people", "theirs"]
    assert chosen(pledge="people") == ["people"]
    assert chosen(pledger="other") == ["theirs"]
    assert chosen(initiative="all") == ["theirs"]
    assert chosen(pledge="people", pledger="other") == []


def test_what_a_pledge_was_made_under_then_says_whether_it_is_simulated(quiet: Runtime, clock: Clock) -> None:
    def simulated_then(**of: Any) -> list[str]:
        scene = Scene(**of)
        first = simulated(quiet, day("2026-12-01"), day("2026-12-31"), scene, known_at=then, limit=1)
        return [item.pledge for item in first.items] + ["…"] * first.has_more

    for key in ("all", "other"):
        begin: Any = partial(cataloguing.add_initiative, fields={"id": key, "title": key}, now=clock.now)
        quiet.database.write(begin)
    add_pledge(quiet, key="theirs", pledger="them", initiative="all")
    clock.now += timedelta(hours=1)
    then = clock.now
    clock.now += timedelta(hours=1)
    add_pledge(quiet, key="later", initiative="all")
    moved: Any = {"initiative": "other", "pledger": "acme"}
    quiet.database.write(lambda tx: pledging.change_pledge(tx, "theirs", moved, quiet.rules, now=clock.now))
    assert simulated_then() == ["people", "…"]
    assert simulated_then(initiative="all") == simulated_then(pledger="them") == ["theirs"]
    assert simulated_then(pledge="later") == simulated_then(initiative="other") == []


def test_a_range_runs_forward_and_is_not_endless() -> None:
    first = day("2026-01-01")
    assert Span(first, first).complaint() is None
    assert Span(first, first + 399 * DAY).complaint() is None
    assert Span(first, first + 400 * DAY).complaint() == (
        "401 days; at most 400 are simulated at once. Ask for the rest by itself."
    )
    assert Span(first, first - DAY).complaint() == "Lies before the first day, 2026-01-01."
