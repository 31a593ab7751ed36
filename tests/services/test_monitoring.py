"""Flags open and close as the clock runs, and what they owe is on record."""

from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import event

from pledgetracker.domain.alert import AlertState, Recipient
from pledgetracker.domain.days import Due, start_of
from pledgetracker.domain.pledge import Contact
from pledgetracker.domain.target import Comparator
from pledgetracker.runtime import Runtime
from pledgetracker.services import monitoring, pledging, withdrawing
from tests.conftest import Clock
from tests.world import (
    ANN,
    add_pledge,
    alerts,
    day,
    flags,
    noon,
    open_flags,
    report,
    stone,
    tick,
    told,
    without_news,
)


@dataclass(frozen=True)
class Story:
    """A pledge, what was reported when, and on which days one kind of flag is open.

    Attributes:
        reports: by day of recording, what was said then.
        edges: days, each with whether the flag is open at its end.
    """

    name: str
    kind: str
    edges: dict[str, bool]
    pledge: dict[str, Any] = field(default_factory=dict)
    reports: dict[str, dict[str, Any]] = field(default_factory=dict)


STORIES = [
    Story(
        "no progress opens 90 days before the deadline and yields to overdue after it",
        "no_progress",
        {"2026-10-01": False, "2026-10-02": True, "2026-12-31": True, "2027-01-01": False},
    ),
    Story(
        "no progress closes when the figure comes nearer, not when nothing changed",
        "no_progress",
        {"2026-10-02": True, "2026-10-20": True, "2026-10-21": False},
        reports={"2026-10-20": {"no_change": True}, "2026-10-21": {"value": 1}},
    ),
    Story(
        "no progress on a milestone begins the day after the one before it",
        "no_progress",
        {"2026-06-30": False, "2026-07-01": True},
        pledge={"milestones": ("a", "2026-06-30", 20, "b", "2026-07-20", 60)},
        reports={"2026-06-01": {"value": 30}},
    ),
    Story(
        "overdue opens the day after the deadline and closes when the target is met",
        "overdue",
        {"2026-12-31": False, "2027-01-01": True, "2027-03-01": True, "2027-03-02": False},
        reports={"2027-03-02": {"value": 100}},
    ),
    Story(
        "overdue opens on the due day of a cap that is not kept",
        "overdue",
        {"2026-12-30": False, "2026-12-31": True, "2027-01-01": True},
        pledge={"comparator": Comparator.AT_MOST},
        reports={"2026-06-01": {"value": 101}},
    ),
    Story(
        "never reported opens after cadence and grace and closes with the first report",
        "never_reported",
        {"2026-05-01": False, "2026-05-02": True, "2026-06-01": False},
        reports={"2026-06-01": {"no_change": True}},
    ),
    Story(
        "stale opens after cadence and grace since the last report and closes with the next",
        "stale",
        {"2026-06-01": False, "2026-06-02": True, "2026-07-01": False, "2026-10-30": True},
        reports={"2026-02-01": {"value": 50}, "2026-07-01": {"value": 60}},
    ),
    Story(
        "behind opens under pace 0.90, stays at 0.95 and closes above it",
        "behind",
        {"2026-05-11": False, "2026-05-12": True, "2026-05-13": True, "2026-05-14": False},
        pledge={"due": "2026-09-28", "target": 1000, "announced_on": "2026-01-01"},
        # 270 days in all: on day 131 the path expects 485.19, on day 132 488.89, on day 133 492.59.
        reports={
            "2026-05-11": {"value": 440},
            "2026-05-12": {"value": 436},
            "2026-05-13": {"value": 464},
            "2026-05-14": {"value": 469},
        },
    ),
    Story(
        "a conflict stays open whatever is reported of later days, until a correction ends it",
        "conflict",
        {"2026-03-01": False, "2026-03-02": True, "2026-03-03": True, "2026-03-04": False},
        reports={
            "2026-03-01": {"value": 30, "as_of": "2026-03-01"},
            "2026-03-02": {"value": 40, "as_of": "2026-03-01"},
            "2026-03-03": {"value": 41},
            "2026-03-04": {"value": 40, "as_of": "2026-03-01", "supersedes": 1},
        },
    ),
]


def told_of(said: dict[str, Any]) -> dict[str, Any]:
    """The fields of a pledge, as services take them, from a story's short words."""
    fields = dict(said)
    if "milestones" in fields:
        names = fields["milestones"]
        fields["milestones"] = tuple(
            stone(name, due, target) for name, due, target in zip(*[iter(names)] * 3, strict=True)
        )
    if "due" in fields:
        fields["due"] = Due.parse(fields["due"])
    if "target" in fields:
        fields["target"] = Decimal(fields["target"])
    if "announced_on" in fields:
        fields["announced_on"] = day(fields["announced_on"])
    return fields


@pytest.mark.parametrize("story", STORIES, ids=lambda story: story.name)
def test_each_kind_of_flag_opens_and_closes_on_its_days(runtime: Runtime, clock: Clock, story: Story) -> None:
    clock.now = noon("2026-01-01")
    add_pledge(runtime, **told_of(story.pledge))
    at = day("2026-01-02")
    seen: dict[str, bool] = {}
    while len(seen) < len(story.edges):
        clock.now = noon(at)
        tick(runtime)
        if (said := story.reports.get(at.isoformat())) is not None:
            days = {name: day(text) for name, text in said.items() if name == "as_of"}
            report(runtime, **said | days)
        if at.isoformat() in story.edges:
            seen[at.isoformat()] = story.kind in open_flags(runtime)
        at += timedelta(days=1)
    assert seen == story.edges


def test_a_tick_costs_no_look_while_nothing_is_due(runtime: Runtime, clock: Clock) -> None:
    clock.now = noon("2026-01-01")
    add_pledge(runtime)
    clock.now = noon("2026-05-01")
    assert tick(runtime).checked == 0
    clock.now = noon("2026-05-02")
    assert tick(runtime).checked == 1


def test_a_flag_that_comes_back_is_a_new_row(runtime: Runtime, clock: Clock) -> None:
    clock.now = noon("2026-01-01")
    add_pledge(runtime)
    for at in ("2026-05-02", "2026-09-29"):
        clock.now = noon(at)
        tick(runtime)
        report(runtime, value=40)
    clock.now = noon("2027-01-28")
    tick(runtime)
    silence = [flag for flag in flags(runtime) if flag.kind.value in {"stale", "never_reported"}]
    assert [(f.kind.value, f.episode.isoformat(), f.cleared_at is None) for f in silence] == [
        ("never_reported", "2026-04-01", False),
        ("stale", "2026-07-31", False),
        ("stale", "2026-12-28", True),
    ]


def test_the_same_condition_of_the_same_day_coming_back_is_a_new_row_too(
    runtime: Runtime, clock: Clock
) -> None:
    clock.now = noon("2026-03-01")
    add_pledge(runtime)
    report(runtime, value=30)
    report(runtime, value=40)
    report(runtime, value=30, supersedes=2)
    report(runtime, value=50, supersedes=3)
    conflicts = [flag for flag in flags(runtime) if flag.kind.value == "conflict"]
    assert [flag.cleared_at is None for flag in conflicts] == [False, True]
    assert conflicts[0].episode == conflicts[1].episode
    assert [step for kind, step, _ in told(alerts(runtime)) if kind == "conflict"] == [0]


def test_a_pledge_that_was_never_reported_on_alerts_on_opening_and_every_30_days(
    runtime: Runtime, clock: Clock
) -> None:
    clock.now = noon("2026-01-01")
    add_pledge(runtime, due=None)
    found = steps_by_day(runtime, clock, "2026-01-02", "2026-12-01")
    assert found == {
        "2026-05-02": [("never_reported", 0)],
        "2026-06-01": [("never_reported", 30)],
        "2026-07-01": [("never_reported", 60)],
        "2026-07-31": [("never_reported", 90)],
    }


def test_an_approaching_deadline_alerts_90_30_7_and_1_days_before_and_a_passed_one_1_31_61_and_91_after(
    runtime: Runtime, clock: Clock
) -> None:
    clock.now = noon("2026-01-01")
    add_pledge(runtime, cadence_days=3_000)
    found = steps_by_day(runtime, clock, "2026-01-02", "2027-06-01")
    assert found == {
        "2026-10-02": [("no_progress", 90)],
        "2026-12-01": [("no_progress", 30)],
        "2026-12-24": [("no_progress", 7)],
        "2026-12-30": [("no_progress", 1)],
        "2027-01-01": [("overdue", 1)],
        "2027-01-31": [("overdue", 31)],
        "2027-03-02": [("overdue", 61)],
        "2027-04-01": [("overdue", 91)],
    }


def steps_by_day(runtime: Runtime, clock: Clock, first: str, last: str) -> dict[str, list[tuple[str, int]]]:
    """What daily ticks owe, by day."""
    found: dict[str, list[tuple[str, int]]] = {}
    at = day(first)
    while at <= day(last):
        clock.now = noon(at)
        planned = [alert for look in tick(runtime).looks for alert in look.planned]
        if planned:
            found[at.isoformat()] = [(alert.kind.value, alert.step) for alert in planned]
        at += timedelta(days=1)
    return found


def test_a_step_falls_due_at_the_first_instant_of_its_local_day(runtime: Runtime, clock: Clock) -> None:
    clock.now = noon("2026-01-01")
    add_pledge(runtime, time_zone="Pacific/Auckland", cadence_days=3_000)
    begins = start_of(date(2026, 10, 2), "Pacific/Auckland")
    clock.now = begins - timedelta(microseconds=1)
    assert tick(runtime).checked == 0
    clock.now = begins
    assert told(alerts(runtime)) == []
    tick(runtime)
    assert [alert.due_at for alert in alerts(runtime)] == [begins]


def test_downtime_collapses_into_one_message_and_loses_nothing(runtime: Runtime, clock: Clock) -> None:
    clock.now = noon("2026-01-01")
    add_pledge(runtime)
    clock.now = noon("2027-02-15")
    tick(runtime)
    entries = alerts(runtime)
    [leader] = [alert for alert in entries if alert.state is AlertState.PENDING]
    assert (leader.kind.value, leader.step) == ("overdue", 31)
    assert {(kind, step) for kind, step, state in told(entries) if state == "superseded"} == {
        *(("never_reported", n) for n in (0, 30, 60, 90)),
        *(("no_progress", n) for n in (90, 30, 7, 1)),
        ("overdue", 1),
    }
    assert {alert.superseded_by for alert in entries if alert is not leader} == {leader.id}
    assert all(alert.reason for alert in entries if alert is not leader)


def test_flags_that_came_and_went_during_downtime_are_on_record_as_cleared(
    runtime: Runtime, clock: Clock
) -> None:
    clock.now = noon("2026-01-01")
    add_pledge(runtime, cadence_days=3_000)
    clock.now = noon("2027-01-01")
    [look] = tick(runtime).looks
    assert [(f.kind.value, f.cleared_at is None) for f in flags(runtime)] == [
        ("no_progress", False),
        ("overdue", True),
    ]
    assert flags(runtime)[0].opened_on == day("2026-10-02")
    assert [flag.kind.value for flag in look.cleared] == ["no_progress"]


def test_what_was_owed_and_over_before_anybody_looked_is_recorded_as_cancelled(
    runtime: Runtime, clock: Clock
) -> None:
    clock.now = noon("2026-01-01")
    add_pledge(runtime, cadence_days=3_000, comparator=Comparator.UP_TO)
    report(runtime, value=10)
    clock.now = noon("2027-01-02")  # a ceiling that was not reached is indeterminate, and nothing is open
    tick(runtime)
    over = [alert for alert in alerts(runtime) if alert.kind.value == "no_progress"]
    assert {alert.step for alert in over} == {90, 30, 7, 1}
    assert {alert.state for alert in over} == {AlertState.CANCELLED}
    assert {alert.reason for alert in over} == {"The flag was cleared before anybody looked."}
    assert open_flags(runtime) == set()


def test_what_fell_due_before_a_report_is_owed_even_if_the_report_clears_it(
    runtime: Runtime, clock: Clock
) -> None:
    clock.now = noon("2026-01-01")
    runtime = without_news(runtime)
    add_pledge(runtime)
    clock.now = noon("2026-06-02")
    report(runtime, value=80)
    assert told(alerts(runtime)) == [("never_reported", 30, "pending"), ("never_reported", 0, "superseded")]
    [flag] = flags(runtime)
    assert flag.kind.value == "never_reported"
    assert flag.cleared_at == clock.now


def test_what_waits_is_folded_into_what_is_more_urgent(runtime: Runtime, clock: Clock) -> None:
    clock.now = noon("2026-01-01")
    add_pledge(runtime)
    clock.now = noon("2026-05-02")
    tick(runtime)
    assert told(alerts(runtime, AlertState.PENDING)) == [("never_reported", 0, "pending")]
    clock.now = noon("2027-01-02")
    tick(runtime)
    [leader] = alerts(runtime, AlertState.PENDING)
    assert (leader.kind.value, leader.step) == ("overdue", 1)
    # Those for which the folded one was to speak have a new speaker too.
    superseded = alerts(runtime, AlertState.SUPERSEDED)
    assert ("never_reported", 0) in {(alert.kind.value, alert.step) for alert in superseded}
    assert {alert.superseded_by for alert in superseded} == {leader.id}
    assert all(alert.reason for alert in superseded)


def test_what_is_less_urgent_than_what_waits_is_folded_into_it(runtime: Runtime, clock: Clock) -> None:
    clock.now = noon("2026-01-01")
    runtime = without_news(runtime)
    add_pledge(runtime)
    clock.now = noon("2027-01-02")
    tick(runtime)
    [overdue] = alerts(runtime, AlertState.PENDING)
    report(runtime, value=10)
    report(runtime, value=20)
    assert open_flags(runtime) == {"overdue", "behind", "conflict"}
    assert [alert.id for alert in alerts(runtime, AlertState.PENDING)] == [overdue.id]
    lesser = [alert for alert in alerts(runtime) if alert.kind.value in {"behind", "conflict"}]
    assert [(alert.state, alert.superseded_by) for alert in lesser] == [
        (AlertState.SUPERSEDED, overdue.id)
    ] * 2


def test_what_waits_and_is_moot_speaks_for_nothing(runtime: Runtime, clock: Clock) -> None:
    clock.now = noon("2026-01-01")
    runtime = without_news(runtime)
    add_pledge(runtime)
    clock.now = noon("2026-05-02")
    tick(runtime)
    report(runtime, value=10)
    report(runtime, value=1)
    pending = told(alerts(runtime, AlertState.PENDING))
    assert pending == [("never_reported", 0, "pending"), ("behind", 0, "pending")]


def test_each_recipient_is_told_once_in_the_language_of_the_contact(runtime: Runtime, clock: Clock) -> None:
    clock.now = noon("2026-01-01")
    watchers = (Recipient(ANN, None, "en"), Recipient("eve@example.org", None, "en"))
    runtime = replace(runtime, rules=replace(runtime.rules, watchers=watchers))
    add_pledge(
        runtime,
        contacts=(Contact(ANN.upper(), "Ann", "fr"), Contact("bob@example.org", "Bob", "en")),
        due=None,
    )
    clock.now = noon("2026-05-02")
    tick(runtime)
    found = [(alert.recipient.email, alert.recipient.language) for alert in alerts(runtime)]
    assert found == [(ANN, "fr"), ("bob@example.org", "en"), ("eve@example.org", "en")]


def test_two_recipients_get_a_message_each(runtime: Runtime, clock: Clock) -> None:
    clock.now = noon("2026-01-01")
    add_pledge(runtime, contacts=(Contact(ANN), Contact("bob@example.org")))
    clock.now = noon("2027-02-15")
    tick(runtime)
    pending = alerts(runtime, AlertState.PENDING)
    assert {alert.recipient.email for alert in pending} == {ANN, "bob@example.org"}
    assert len(pending) == 2
    for leader in pending:
        mine = [alert for alert in alerts(runtime) if alert.superseded_by == leader.id]
        assert {alert.recipient.email for alert in mine} == {leader.recipient.email}
        assert len(mine) == 9


def test_a_pledge_without_recipients_is_flagged_all_the_same(runtime: Runtime, clock: Clock) -> None:
    clock.now = noon("2026-01-01")
    add_pledge(runtime, contacts=())
    clock.now = noon("2026-05-02")
    tick(runtime)
    assert open_flags(runtime) == {"never_reported"}
    assert alerts(runtime) == []


def test_withdrawal_on_a_coming_day_clears_the_flags_on_that_day(runtime: Runtime, clock: Clock) -> None:
    clock.now = noon("2026-05-02")
    add_pledge(runtime)
    assert open_flags(runtime) == {"never_reported"}
    runtime.database.write(
        lambda tx: withdrawing.withdraw(tx, "people", {"on": day("2026-05-10")}, runtime.rules, now=clock.now)
    )
    clock.now = noon("2026-05-09")
    tick(runtime)
    assert open_flags(runtime) == {"never_reported"}
    clock.now = noon("2026-05-10")
    tick(runtime)
    assert open_flags(runtime) == set()


def test_a_rehearsal_tells_what_a_tick_would_do_and_changes_nothing(runtime: Runtime, clock: Clock) -> None:
    clock.now = noon("2026-01-01")
    add_pledge(runtime)
    rehearsed = monitoring.rehearse(runtime.database, runtime.rules, now=noon("2027-02-15"))
    assert flags(runtime) == []
    assert alerts(runtime) == []
    clock.now = noon("2027-02-15")
    done = tick(runtime)
    assert done.checked == rehearsed.checked == 1
    assert [look.planned for look in done.looks] == [look.planned for look in rehearsed.looks]


def test_a_tick_costs_what_is_due_and_not_what_exists(runtime: Runtime, clock: Clock) -> None:
    due = 10

    def statements_with(existing: int, prefix: str) -> int:
        clock.now = noon("2026-01-01")

        def fill(tx: Any) -> None:
            for n in range(existing):
                fields: Any = {
                    "id": f"{prefix}-{n}",
                    "title": "Silent",
                    "pledger": "acme",
                    "announced_on": day("2026-01-01"),
                    "cadence_days": 90 if n < due else 3_000,
                    "contacts": (Contact(ANN),),
                }
                pledging.add_pledge(tx, fields, runtime.rules, now=clock.now)

        runtime.database.write(fill)
        clock.now = noon("2026-05-02")
        return statements(runtime)

    add_pledge(runtime, key="first", due=None, cadence_days=3_000)
    few = statements_with(due, "few")
    many = statements_with(1_000, "many")
    assert few == many


def statements(runtime: Runtime) -> int:
    """How many statements one tick sends to the database."""
    sent: list[str] = []

    def count(_c: object, _cursor: object, statement: str, *_: object) -> None:
        sent.append(statement)

    event.listen(runtime.database.engine, "before_cursor_execute", count)
    try:
        assert tick(runtime).checked
    finally:
        event.remove(runtime.database.engine, "before_cursor_execute", count)
    return len(sent)


@pytest.mark.sqlite
def test_the_tick_finds_what_is_due_by_an_index(runtime: Runtime) -> None:
    with runtime.database.engine.connect() as connection:
        plan = connection.exec_driver_sql(
            "EXPLAIN QUERY PLAN SELECT id FROM pledges WHERE next_check_at <= 'x' ORDER BY next_check_at"
        ).all()
    assert any("ix_pledges_next_check_at" in str(row) for row in plan)
