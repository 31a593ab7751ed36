"""Pledges are edited, moved, withdrawn and deleted without hiding what was."""

from decimal import Decimal
from typing import Any

import pytest

from pledgetracker.domain.days import Due
from pledgetracker.domain.errors import (
    AlreadySuperseded,
    AlreadyWithdrawn,
    Invalid,
    NotFound,
    StillReferenced,
)
from pledgetracker.domain.pledge import SetBy
from pledgetracker.domain.record import Record
from pledgetracker.domain.standing import Status
from pledgetracker.domain.target import Comparator
from pledgetracker.domain.vantage import Vantage
from pledgetracker.runtime import Runtime
from pledgetracker.services import (
    cataloguing,
    changing,
    listing,
    pledging,
    reading,
    reporting,
    rescheduling,
    ruling,
    withdrawing,
)
from pledgetracker.services.listing import Wanted
from pledgetracker.storage.paging import PageRequest
from tests.conftest import Clock
from tests.world import (
    EVERYTHING,
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
)

RULED = {"rubric": "political", "rating": "stalled", "ruled_by": "Us", "reason": "Nothing moves."}


@pytest.fixture(autouse=True)
def spring(clock: Clock) -> None:
    clock.now = noon("2026-03-01")


def do(runtime: Runtime, work: Any, *words: Any) -> Any:
    """One use case on the pledge `people`, under the rules and at the clock of the runtime."""
    return runtime.database.write(lambda tx: work(tx, "people", *words, runtime.rules, now=runtime.clock()))


def stored(runtime: Runtime) -> Record:
    with runtime.database.read() as tx:
        return reading.get_record(tx, "people")


def edit(runtime: Runtime, **fields: Any) -> Record:
    changed: Record = do(runtime, pledging.change_pledge, fields)
    return changed


def test_an_edit_is_a_new_version_and_one_that_changes_nothing_is_none(
    runtime: Runtime, clock: Clock
) -> None:
    add_pledge(runtime)
    assert edit(runtime, title="New", milestones=(stone("a", "2026-06-30", 50),)).pledge.version == 2
    clock.now = noon("2026-03-02")
    assert edit(runtime, id="people", title="New").pledge.version == 2
    assert stored(runtime).pledge.updated_at == noon("2026-03-01") + changing.INSTANT
    assert [m.id for m in stored(runtime).pledge.milestones] == ["a"]
    assert alerts(runtime) == []


def test_an_edit_of_the_baseline_keeps_what_it_does_not_name(runtime: Runtime) -> None:
    add_pledge(runtime)
    base = edit(runtime, baseline={"value": Decimal(5), "date": None}).pledge.baseline
    assert (base.value, base.date) == (Decimal(5), day("2026-01-01"))


def test_an_edit_of_the_deadline_is_a_move_by_the_tracker(runtime: Runtime) -> None:
    add_pledge(runtime)
    record = edit(runtime, due=Due.parse("2027"), title="Longer")
    assert record.pledge.due == Due.parse("2026-12-31")
    [move] = record.reschedules
    assert (move.due, move.moved_by, move.announced_on) == (
        Due.parse("2027"),
        SetBy.TRACKER,
        day("2026-03-01"),
    )
    assert told(alerts(runtime)) == [("rescheduled", 1, "pending")]
    assert edit(runtime, due=Due.parse("2027")).reschedules == (move,)
    assert stored(runtime) == record


def test_edits_that_make_no_sense_are_refused_and_leave_no_trace(runtime: Runtime) -> None:
    add_pledge(runtime)
    before = stored(runtime)
    for fields, complaint in (
        ({"id": "other"}, "Ids are permanent"),
        ({"pledger": "nobody"}, "There is no pledger 'nobody'"),
        ({"initiative": "nothing"}, "There is no initiative 'nothing'"),
        ({"target": Decimal(0)}, "Equal to the baseline"),
        ({"due": Due.parse("2025")}, "Not after the baseline date"),
    ):
        with pytest.raises(Invalid, match=complaint):
            edit(runtime, **fields)
    assert stored(runtime) == before


def test_an_event_milestone_that_was_reported_on_stays(runtime: Runtime) -> None:
    add_pledge(runtime, milestones=(stone("opening", "2026-06-30"),))
    report(runtime, done=True, milestone="opening")
    for milestones in ((), (stone("opening", "2026-06-30", 5),)):
        with pytest.raises(StillReferenced, match="update 1 says whether it was done"):
            edit(runtime, milestones=milestones)
    assert edit(runtime, milestones=(stone("opening", "2026-07-31"),)).pledge.version == 3


AS_EVENT = {"comparator": Comparator.EVENT, "target": None, "unit": None}

LEFT_WITHOUT_FOOTING: dict[str, tuple[dict[str, Any], tuple[Any, dict[str, Any]], dict[str, Any], str]] = {
    "announced after a move of the deadline": (
        {},
        (rescheduling.reschedule, {"due": Due.parse("2027"), "announced_on": day("2026-02-01")}),
        {"announced_on": day("2026-02-02")},
        "/announced_on: Move 1 of the deadline was announced on 2026-02-01",
    ),
    "announced after its withdrawal": (
        {},
        (withdrawing.withdraw, {"on": day("2026-02-01")}),
        {"announced_on": day("2026-02-02")},
        "/announced_on: It was withdrawn on 2026-02-01",
    ),
    "announced after a verdict": (
        {},
        (ruling.record_verdict, RULED | {"ruled_on": day("2026-02-01")}),
        {"announced_on": day("2026-02-02")},
        "/announced_on: Verdict 1 was ruled on 2026-02-01",
    ),
    "measured from after a deadline of before": (
        {},
        (rescheduling.reschedule, {"due": Due.parse("2028")}),
        {"baseline": {"date": day("2026-12-31")}},
        "/baseline/date: The deadline was 2026-12-31 at one time",
    ),
    "an event that has a value": (
        {},
        (reporting.record_progress, {"as_of": day("2026-02-01"), "value": Decimal(5)}),
        AS_EVENT,
        "/comparator: Update 1 has a figure",
    ),
    "an amount that was done": (
        AS_EVENT,
        (reporting.record_progress, {"as_of": day("2026-02-01"), "done": True}),
        {"comparator": Comparator.AT_LEAST, "target": Decimal(5)},
        "/comparator: Update 1 says whether it was done",
    ),
}


@pytest.mark.parametrize("case", LEFT_WITHOUT_FOOTING)
def test_an_edit_does_not_contradict_what_is_on_record(case: str, runtime: Runtime) -> None:
    said, (work, fields), edited, complaint = LEFT_WITHOUT_FOOTING[case]
    add_pledge(runtime, **said)
    do(runtime, work, fields)
    before = stored(runtime)
    with pytest.raises(Invalid, match=complaint):
        edit(runtime, **edited)
    assert stored(runtime) == before


def test_an_edit_may_change_what_nothing_on_record_stands_on(runtime: Runtime) -> None:
    add_pledge(runtime, milestones=(stone("opening", "2026-06-30"),))
    do(runtime, rescheduling.reschedule, {"due": Due.parse("2027"), "announced_on": day("2026-02-01")})
    report(runtime, no_change=True)
    report(runtime, done=True, milestone="opening")
    fields = {"announced_on": day("2026-02-01"), "baseline": {"date": day("2026-02-01")}, **AS_EVENT}
    assert edit(runtime, **fields).pledge.is_event


def test_a_move_clears_what_the_old_deadline_flagged_and_the_past_stays_on_record(
    runtime: Runtime, clock: Clock
) -> None:
    add_pledge(runtime, announced_on=day("2025-01-01"), due=Due.parse("2026-01-31"), cadence_days=3_000)
    assert open_flags(runtime) == {"overdue"}
    do(runtime, rescheduling.reschedule, {"due": Due.parse("2027"), "moved_by": SetBy.PLEDGER})
    assert open_flags(runtime) == set()
    assert flags(runtime)[0].cleared_at == clock.now


@pytest.mark.parametrize(
    ("fields", "complaint"),
    [
        ({"due": Due.parse("2026-12-31")}, "This is the deadline already"),
        ({"due": Due.parse("2026-05")}, "The milestone 'a' is due on 2026-06-30"),
        ({"due": Due.parse("2027"), "announced_on": day("2026-03-02")}, "Later than today"),
        ({"due": Due.parse("2027"), "announced_on": day("2025-12-31")}, "Before the pledge itself"),
    ],
)
def test_moves_that_make_no_sense_are_refused(
    runtime: Runtime, fields: dict[str, Any], complaint: str
) -> None:
    add_pledge(runtime, milestones=(stone("a", "2026-06-30", 50),))
    with pytest.raises(Invalid, match=complaint):
        do(runtime, rescheduling.reschedule, fields)
    assert stored(runtime).reschedules == ()


def test_a_withdrawal_can_be_taken_back_and_made_again(runtime: Runtime) -> None:
    add_pledge(runtime)
    do(runtime, withdrawing.withdraw, {"reason": "Sold."})
    with pytest.raises(AlreadyWithdrawn):
        do(runtime, withdrawing.withdraw, {})
    do(runtime, withdrawing.rescind_withdrawal)
    assert stored(runtime).withdrawal is None
    with pytest.raises(NotFound):
        do(runtime, withdrawing.rescind_withdrawal)
    do(runtime, withdrawing.withdraw, {"on": day("2026-02-01")})
    withdrawal = stored(runtime).withdrawal
    assert withdrawal is not None
    assert (withdrawal.on, withdrawal.reason) == (day("2026-02-01"), None)
    assert [kind for kind, _, _ in told(alerts(runtime))] == ["withdrawn", "withdrawn"]
    with runtime.database.engine.connect() as connection:
        kept = connection.exec_driver_sql("SELECT number, rescinded_at IS NULL FROM withdrawals").all()
    assert [tuple(row) for row in kept] == [(1, 0), (2, 1)]


def test_a_withdrawal_before_the_announcement_is_refused(runtime: Runtime) -> None:
    add_pledge(runtime)
    with pytest.raises(Invalid, match="Before the announcement"):
        do(runtime, withdrawing.withdraw, {"on": day("2025-12-31")})


def test_only_a_pledge_on_which_nothing_hangs_is_deleted(runtime: Runtime) -> None:
    add_pledge(runtime, milestones=(stone("a", "2026-06-30", 50),))
    runtime.database.write(lambda tx: pledging.delete_pledge(tx, "people", now=runtime.clock()))
    with pytest.raises(NotFound):
        stored(runtime)
    with pytest.raises(NotFound):
        runtime.database.write(lambda tx: pledging.delete_pledge(tx, "people", now=runtime.clock()))
    add_pledge(runtime)
    report(runtime, value=1)
    do(runtime, withdrawing.withdraw, {})
    with pytest.raises(StillReferenced, match="it has progress updates, a withdrawal, alerts"):
        runtime.database.write(lambda tx: pledging.delete_pledge(tx, "people", now=runtime.clock()))


def test_nothing_changes_a_pledge_that_is_not_there(runtime: Runtime) -> None:
    with pytest.raises(NotFound):
        runtime.database.write(
            lambda tx: changing.change(
                tx, "nobody", runtime.rules, lambda record, _: changing.Change(record), now=runtime.clock()
            )
        )


@pytest.mark.parametrize(
    ("fields", "pointer"),
    [
        ({}, ""),
        ({"value": 1, "increment": 1}, "/increment"),
        ({"no_change": False}, ""),
        ({"value": 1, "as_of": day("2026-03-02")}, "/as_of"),
        ({"value": 1, "reported_at": day("2026-03-02")}, "/reported_at"),
        ({"value": 1, "milestone": "opening"}, "/milestone"),
        ({"done": True, "milestone": "nothing"}, "/milestone"),
        ({"done": True}, "/done"),
        ({"value": 1, "supersedes": 9}, "/supersedes"),
    ],
)
def test_reports_that_make_no_sense_are_refused_at_the_field(
    runtime: Runtime, fields: dict[str, Any], pointer: str
) -> None:
    add_pledge(runtime, milestones=(stone("opening", "2026-06-30"),))
    with pytest.raises(Invalid) as caught:
        report(runtime, **fields)
    assert pointer in {problem.pointer for problem in caught.value.problems}
    assert stored(runtime).updates == ()


def test_an_event_takes_no_figures_and_has_no_milestones_to_name(runtime: Runtime) -> None:
    add_pledge(runtime, comparator=Comparator.EVENT, target=None)
    with pytest.raises(Invalid, match="This pledge is an event"):
        report(runtime, value=1)
    with pytest.raises(Invalid, match="it has no event milestones"):
        report(runtime, done=True, milestone="x")
    report(runtime, done=True)
    assert [kind for kind, _, _ in told(alerts(runtime))] == ["progress", "met"]


def test_a_correction_inherits_the_day_of_its_report(runtime: Runtime, clock: Clock) -> None:
    add_pledge(runtime)
    report(runtime, value=1, reported_at=day("2026-02-01"), as_of=day("2026-01-31"))
    clock.now = noon("2026-04-01")
    record = report(runtime, value=2, as_of=day("2026-01-31"), supersedes=1)
    assert record.updates[-1].reported_at == day("2026-02-01")
    with pytest.raises(AlreadySuperseded, match="superseded by update 2"):
        report(runtime, value=3, supersedes=1)


def listed(runtime: Runtime, *, limit: int = 100, **wanted: Any) -> list[str]:
    """The ids that a list shows, page after page."""
    found: list[str] = []
    after = None
    while True:
        with runtime.database.read() as tx:
            page = listing.list_pledges(
                tx,
                Wanted(**wanted),
                PageRequest("id", descending=False, after=after, limit=limit),
                runtime.rules,
                Vantage(runtime.clock()),
            )
        found += [view.pledge.id for view in page.items]
        if (after := page.after) is None:
            return found


@pytest.mark.parametrize("limit", [1, 2, 100])
def test_the_status_asked_for_is_the_status_shown_before_any_tick_and_after(
    runtime: Runtime, clock: Clock, limit: int
) -> None:
    for n in range(5):
        add_pledge(runtime, key=f"p{n}", cadence_days=60 if n % 2 else 3_000, due=None)
    clock.now = noon("2026-05-02")
    for _ in range(2):
        assert listed(runtime, status=Status.NEVER_REPORTED, limit=limit) == ["p1", "p3"]
        assert listed(runtime, status=Status.NOT_STARTED, limit=limit) == ["p0", "p2", "p4"]
        tick(runtime)


def test_lists_are_narrowed_by_family_pledger_words_and_dues(runtime: Runtime) -> None:
    def build(tx: Any) -> None:
        cataloguing.add_initiative(tx, {"id": "top", "title": "Top"}, now=runtime.clock())
        cataloguing.add_initiative(tx, {"id": "sub", "title": "Sub", "parent": "top"}, now=runtime.clock())

    runtime.database.write(build)
    add_pledge(runtime, key="a", initiative="sub")
    add_pledge(runtime, key="b", pledger="beta", due=Due.parse("2028"))
    assert listed(runtime) == ["a", "b"]
    assert listed(runtime, initiative="top") == ["a"]
    assert listed(runtime, initiative="nothing") == []
    assert listed(runtime, pledger="beta") == ["b"]
    assert listed(runtime, due_from=day("2027-01-01")) == ["b"]
    assert listed(runtime, text="trained beta") == ["b"]


def test_updates_are_listed_with_what_became_of_them(runtime: Runtime) -> None:
    add_pledge(runtime)
    for value, as_of in ((1, "2026-02-01"), (2, "2025-12-01"), (3, "2026-02-15")):
        report(runtime, value=value, as_of=day(as_of))
    report(runtime, value=4, as_of=day("2026-02-01"), supersedes=1)

    def numbers(sort: str, *, descending: bool) -> list[int]:
        found: list[int] = []
        after = None
        while True:
            with runtime.database.read() as tx:
                page = reading.list_updates(
                    tx, "people", PageRequest(sort, descending, after, 1), Vantage(runtime.clock())
                )
            found += [view.update.number for view in page.items]
            if (after := page.after) is None:
                return found

    assert numbers("id", descending=False) == [1, 2, 3, 4]
    assert numbers("as_of", descending=False) == [2, 1, 4, 3]
    assert numbers("as_of", descending=True) == [3, 4, 1, 2]
    with runtime.database.read() as tx:
        views = reading.list_updates(tx, "people", EVERYTHING, Vantage(runtime.clock())).items
        assert [(view.superseded_by, view.counts) for view in views] == [
            (4, False),
            (None, False),
            (None, True),
            (None, True),
        ]
        assert reading.get_update(tx, "people", 4, Vantage(runtime.clock())).update.supersedes == 1
    for number in (0, 5):
        with pytest.raises(NotFound, match=f"people/{number}"), runtime.database.read() as tx:
            reading.get_update(tx, "people", number, Vantage(runtime.clock()))


def test_a_view_tells_dues_figures_and_milestones(runtime: Runtime, clock: Clock) -> None:
    add_pledge(runtime, milestones=(stone("a", "2026-03-31", 20),))
    view = reading.view(stored(runtime), runtime.rules, Vantage(clock.now))
    assert view.figure is None
    report(runtime, value=10, as_of=day("2026-02-01"))
    do(runtime, rescheduling.reschedule, {"due": Due.parse("2027")})
    view = reading.view(stored(runtime), runtime.rules, Vantage(clock.now))
    assert view.figure is not None
    assert (view.figure.value, view.figure.completion) == (Decimal(10), Decimal("0.1"))
    assert view.due is not None
    assert (view.due.date, view.due.original_date) == (day("2027-12-31"), day("2026-12-31"))
    assert [(m.id, m.due.text, m.due.original_date) for m in view.milestones] == [
        ("a", "2026-03-31", day("2026-03-31")),
        ("target", "2027", day("2026-12-31")),
    ]
    do(runtime, rescheduling.reschedule, {"due": None})
    later = reading.view(stored(runtime), runtime.rules, Vantage(clock.now, day("2026-03-01")))
    assert later.due is None
    assert [m.id for m in later.milestones] == ["a"]
