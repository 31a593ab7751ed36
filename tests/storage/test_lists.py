"""Lists come in pages that together are the list, whatever the sort; searches find what they name."""

from typing import Any

import pytest
from hypothesis import HealthCheck, given
from hypothesis import strategies as st

from pledgetracker.domain.days import Due
from pledgetracker.domain.pledge import Statement
from pledgetracker.runtime import Runtime
from pledgetracker.services import cataloguing
from pledgetracker.storage.flags import FlagFilter
from pledgetracker.storage.paging import PageRequest
from pledgetracker.storage.pledges import SORTS, PledgeFilter, searchable
from tests.conftest import Clock
from tests.examples import times
from tests.world import EVERYTHING, add_pledge, day, noon, tick


def filled(runtime: Runtime, clock: Clock) -> None:
    """Seven pledges: some without deadline, some alike in every column that lists sort by."""
    clock.now = noon("2026-01-01")
    dues = ["2026-12-31", None, "2026-12-31", "2027", None, "2026-06-30", "2027"]
    titles = ["B", "a", "B", "É", "a", "%", "_"]
    for n, (due, title) in enumerate(zip(dues, titles, strict=True)):
        add_pledge(
            runtime, key=f"p{n}", title=title, due=due and Due.parse(due), statement=Statement(f"Word{n}.")
        )


def pages(runtime: Runtime, sort: str, *, descending: bool, limit: int) -> list[str]:
    """All ids, a page at a time."""
    found: list[str] = []
    after = None
    while True:
        with runtime.database.read() as tx:
            page = tx.pledges.page(
                PledgeFilter(now=runtime.clock()), PageRequest(sort, descending, after, limit)
            )
        assert len(page.items) <= limit
        found += page.items
        if (after := page.after) is None:
            return found


@pytest.mark.parametrize("sort", SORTS)
@pytest.mark.parametrize("limit", [1, 2, 3, 7, 100])
def test_pages_together_are_the_list_in_either_direction(
    runtime: Runtime, clock: Clock, sort: str, limit: int
) -> None:
    filled(runtime, clock)
    forwards = pages(runtime, sort, descending=False, limit=limit)
    assert sorted(forwards) == [f"p{n}" for n in range(7)]
    assert pages(runtime, sort, descending=True, limit=limit) == forwards[::-1]


def test_pledges_without_deadline_come_last_by_deadline(runtime: Runtime, clock: Clock) -> None:
    filled(runtime, clock)
    assert pages(runtime, "due", descending=False, limit=2) == ["p5", "p0", "p2", "p3", "p6", "p1", "p4"]


def test_a_page_goes_on_where_it_was_though_rows_come_and_go(runtime: Runtime, clock: Clock) -> None:
    filled(runtime, clock)
    with runtime.database.read() as tx:
        first = tx.pledges.page(PledgeFilter(now=clock.now), PageRequest("id", False, None, 3))
    add_pledge(runtime, key="p0-before")
    runtime.database.write(lambda tx: tx.pledges.delete("p3"))
    with runtime.database.read() as tx:
        second = tx.pledges.page(PledgeFilter(now=clock.now), PageRequest("id", False, first.after, 3))
    assert (first.items, second.items) == (["p0", "p1", "p2"], ["p4", "p5", "p6"])


def search(runtime: Runtime, **wanted: Any) -> list[str]:
    with runtime.database.read() as tx:
        return list(tx.pledges.page(PledgeFilter(now=runtime.clock(), **wanted), EVERYTHING).items)


@pytest.mark.parametrize(
    ("words", "found"),
    [
        ("%", ["p5"]),
        ("_", ["p6"]),
        ("/", []),
        ("\\", []),
        ("'", []),
        ("é", ["p0", "p1", "p2", "p3", "p4", "p5", "p6"]),
        ("WORD3", ["p3"]),
        ("word3 p3", ["p3"]),
        ("word3 p4", []),
        ("", ["p0", "p1", "p2", "p3", "p4", "p5", "p6"]),
        ("  acme   person ", ["p0", "p1", "p2", "p3", "p4", "p5", "p6"]),
    ],
)
def test_a_search_takes_words_as_they_are_written(
    runtime: Runtime, clock: Clock, words: str, found: list[str]
) -> None:
    filled(runtime, clock)
    assert search(runtime, text=words) == found


@times(0.6, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(title=st.text(min_size=1, max_size=8).filter(lambda text: "\0" not in text and text.isprintable()))
def test_every_pledge_is_found_by_its_own_title(runtime: Runtime, clock: Clock, title: str) -> None:
    with runtime.database.read() as tx:
        key = f"p{len(tx.pledges.page(PledgeFilter(now=clock.now), EVERYTHING).items)}"
    add_pledge(runtime, key=key, title=title)
    assert key in search(runtime, text=title)


def test_case_and_accents_do_not_matter_to_a_search() -> None:
    assert searchable("Énergie STRASSE Straße ﬁn") == "energie strasse strasse fin"


def test_due_ranges_include_both_ends_and_leave_out_what_has_no_deadline(
    runtime: Runtime, clock: Clock
) -> None:
    filled(runtime, clock)
    assert search(runtime, due_from=day("2026-12-31"), due_to=day("2027-12-31")) == ["p0", "p2", "p3", "p6"]
    assert search(runtime, due_to=day("2026-12-30")) == ["p5"]


def test_the_status_sought_is_the_stored_one_only_while_it_is_known_to_hold(
    runtime: Runtime, clock: Clock
) -> None:
    clock.now = noon("2026-01-01")
    add_pledge(runtime, due=None)
    assert search(runtime, status="never_reported") == []
    clock.now = noon("2026-05-02")
    assert search(runtime, status="never_reported") == ["people"]
    tick(runtime)
    assert search(runtime, status="never_reported") == ["people"]
    assert search(runtime, status="not_started") == []


def test_flags_are_found_by_pledge_kind_and_whether_they_are_open(runtime: Runtime, clock: Clock) -> None:
    clock.now = noon("2026-01-01")
    for key in ("a", "b"):
        add_pledge(runtime, key=key)
    clock.now = noon("2027-02-01")
    tick(runtime)

    def found(**wanted: Any) -> list[tuple[str, str]]:
        with runtime.database.read() as tx:
            page = tx.flags.page(FlagFilter(**wanted), EVERYTHING)
        return [(flag.pledge, flag.kind.value) for flag in page.items]

    assert len(found()) == 6
    assert found(pledge="a", is_open=True) == [("a", "never_reported"), ("a", "overdue")]
    assert found(is_open=False) == [("a", "no_progress"), ("b", "no_progress")]
    kinds = {kind for _, kind in found(pledge="b")}
    assert kinds == {"no_progress", "never_reported", "overdue"}


def test_a_family_is_an_initiative_with_all_that_stands_under_it(runtime: Runtime, clock: Clock) -> None:
    def build(tx: Any) -> None:
        for key, parent in (("top", None), ("middle", "top"), ("leaf", "middle"), ("other", None)):
            cataloguing.add_initiative(tx, {"id": key, "title": key, "parent": parent}, now=runtime.clock())

    runtime.database.write(build)
    with runtime.database.read() as tx:
        assert sorted(tx.initiatives.family("top")) == ["leaf", "middle", "top"]
        assert list(tx.initiatives.family("leaf")) == ["leaf"]
        assert list(tx.initiatives.family("nobody")) == []
