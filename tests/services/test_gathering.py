"""Pledges and initiatives gathered for what shows many of them."""

from datetime import timedelta

import pytest

from pledgetracker.domain.errors import NotFound
from pledgetracker.domain.vantage import Vantage
from pledgetracker.runtime import Runtime
from pledgetracker.services import cataloguing, pledging
from pledgetracker.services.gathering import gather, gather_initiatives, gather_one
from pledgetracker.services.listing import CHUNK
from pledgetracker.storage.database import Transaction
from tests.conftest import Clock
from tests.world import add_pledge, day


def now(runtime: Runtime) -> Vantage:
    """From where the present is seen."""
    return Vantage(runtime.clock())


@pytest.fixture
def tree(runtime: Runtime) -> None:
    """A plan with a part, a part of that, and another plan."""
    for key, parent in (("plan", None), ("part", "plan"), ("detail", "part"), ("other", None)):
        runtime.database.write(
            lambda tx, key=key, parent=parent: cataloguing.add_initiative(  # type: ignore[misc]
                tx, {"id": key, "title": f"The {key}", "parent": parent}, now=runtime.clock()
            )
        )


def test_an_initiative_comes_with_all_that_stand_under_it(runtime: Runtime, tree: None) -> None:
    assert [found.id for found in gather_initiatives(runtime.database, now(runtime), "plan")] == [
        "detail",
        "part",
        "plan",
    ]
    assert [found.id for found in gather_initiatives(runtime.database, now(runtime), "detail")] == ["detail"]


def test_without_a_name_every_initiative_comes(runtime: Runtime, tree: None) -> None:
    assert [found.id for found in gather_initiatives(runtime.database, now(runtime))] == [
        "detail",
        "other",
        "part",
        "plan",
    ]


def test_what_does_not_exist_is_refused(runtime: Runtime) -> None:
    with pytest.raises(NotFound):
        gather_initiatives(runtime.database, now(runtime), "nothing")
    with pytest.raises(NotFound):
        gather_one(runtime.database, "nothing", runtime.rules, now(runtime))


def test_many_initiatives_are_all_found(runtime: Runtime) -> None:
    def add(tx: Transaction) -> None:
        for n in range(CHUNK + 5):
            parent = None if n == 0 else "p000"
            cataloguing.add_initiative(
                tx, {"id": f"p{n:03}", "title": "The plan", "parent": parent}, now=runtime.clock()
            )

    runtime.database.write(add)
    assert len(gather_initiatives(runtime.database, now(runtime), "p000")) == CHUNK + 5


def test_pledges_come_page_by_page_with_who_made_them_and_what_they_stand_under(
    runtime: Runtime, tree: None
) -> None:
    for n in range(CHUNK + 1):
        add_pledge(runtime, key=f"p{n:03}", initiative="part" if n else None)
    first, second = gather(runtime.database, runtime.rules, Vantage(runtime.clock(), day("2026-02-01")))
    assert (len(first), len(second)) == (CHUNK, 1)
    assert [found.record.pledge.id for found in (first[0], *second)] == ["p000", f"p{CHUNK:03}"]
    assert (first[0].pledger.name, first[0].initiative) == ("Acme", None)
    assert second[0].initiative is not None
    assert second[0].initiative.title == "The part"
    assert second[0].view.standing.today == day("2026-02-01")


def test_only_what_is_wanted_is_gathered(runtime: Runtime, tree: None) -> None:
    for key, under in (("one", "detail"), ("two", "other"), ("three", None)):
        add_pledge(runtime, key=key, initiative=under)
    found = gather(runtime.database, runtime.rules, now(runtime), "plan")
    assert [[entry.record.pledge.id for entry in page] for page in found] == [["one"]]


def test_one_pledge_comes_with_the_same(runtime: Runtime, tree: None) -> None:
    add_pledge(runtime, initiative="part")
    found = gather_one(runtime.database, "people", runtime.rules, now(runtime))
    assert (found.record.pledge.id, found.pledger.id) == ("people", "acme")
    assert found.initiative is not None
    assert found.initiative.id == "part"


class TestThen:
    """What was known at an instant is found as it was then, whatever happened since."""

    @pytest.fixture
    def then(self, runtime: Runtime, tree: None, clock: Clock) -> Vantage:
        """An instant at which there was one pledge, and before everything was renamed and moved."""
        add_pledge(runtime, initiative="part")
        instant = clock.now
        clock.now += timedelta(days=1)
        add_pledge(runtime, key="later", initiative="part")

        def turn(tx: Transaction) -> None:
            at = clock.now
            cataloguing.add_pledger(tx, {"id": "beta", "name": "Beta"}, now=at)
            cataloguing.change_pledger(tx, "acme", {"name": "Acme SA"}, now=at)
            cataloguing.change_initiative(tx, "part", {"title": "Another part", "parent": "other"}, now=at)
            cataloguing.add_initiative(tx, {"id": "new", "title": "New", "parent": "plan"}, now=at)

        runtime.database.write(turn)
        return Vantage(clock.now, known_at=instant)

    def test_pledges_come_under_what_they_stood_under_with_the_names_of_then(
        self, runtime: Runtime, then: Vantage
    ) -> None:
        [[found]] = gather(runtime.database, runtime.rules, then, "plan")
        assert (found.record.pledge.id, found.pledger.name) == ("people", "Acme")
        assert found.initiative is not None
        assert found.initiative.title == "The part"
        [[one, two]] = gather(runtime.database, runtime.rules, now(runtime), "other")
        assert [(e.record.pledge.id, e.pledger.name) for e in (one, two)] == [
            ("later", "Acme SA"),
            ("people", "Acme SA"),
        ]
        assert list(gather(runtime.database, runtime.rules, now(runtime), "plan")) == []

    def test_initiatives_come_as_they_stood(self, runtime: Runtime, then: Vantage) -> None:
        found = gather_initiatives(runtime.database, then, "plan")
        assert [(entry.id, entry.title, entry.parent) for entry in found] == [
            ("detail", "The detail", "part"),
            ("part", "The part", "plan"),
            ("plan", "The plan", None),
        ]
        assert [entry.id for entry in gather_initiatives(runtime.database, then)] == [
            "detail",
            "other",
            "part",
            "plan",
        ]

    def test_what_was_begun_later_is_not_there(self, runtime: Runtime, then: Vantage) -> None:
        with pytest.raises(NotFound):
            gather_initiatives(runtime.database, then, "new")
        with pytest.raises(NotFound):
            list(gather(runtime.database, runtime.rules, then, "new"))
        with pytest.raises(NotFound):
            gather_one(runtime.database, "later", runtime.rules, then)

    def test_one_pledge_is_known_by_the_names_of_then(self, runtime: Runtime, then: Vantage) -> None:
        found = gather_one(runtime.database, "people", runtime.rules, then)
        assert found.pledger.name == "Acme"

    def test_a_pledger_who_has_gone_since_is_remembered(self, runtime: Runtime, then: Vantage) -> None:
        def move(tx: Transaction) -> None:
            for key in ("people", "later"):
                pledging.change_pledge(tx, key, {"pledger": "beta"}, runtime.rules, now=runtime.clock())
            cataloguing.delete_pledger(tx, "acme", now=runtime.clock())

        runtime.database.write(move)
        assert gather_one(runtime.database, "people", runtime.rules, then).pledger.name == "Acme"
        assert gather_one(runtime.database, "people", runtime.rules, now(runtime)).pledger.name == "Beta"

    def test_many_pledges_of_then_come_page_by_page(self, runtime: Runtime, tree: None, clock: Clock) -> None:
        for n in range(CHUNK + 1):
            add_pledge(runtime, key=f"p{n:03}", initiative="part" if n % 2 else "other")
        then = Vantage(clock.now + timedelta(days=1), known_at=clock.now)
        first, second = gather(runtime.database, runtime.rules, then, "other")
        assert (len(first), len(second)) == (CHUNK // 2, 1)
