"""Roll-ups over a stored record: the right pledges, from any vantage, however many there are."""

from datetime import date, datetime, timedelta
from decimal import Decimal
from random import Random
from typing import Any

import pytest

from pledgetracker.domain.contribution import contribution
from pledgetracker.domain.errors import NotFound
from pledgetracker.domain.money import Conversion
from pledgetracker.domain.pledge import Source
from pledgetracker.domain.rollup import Amount, RollUp
from pledgetracker.domain.standing import standing
from pledgetracker.domain.sums import roll_up
from pledgetracker.domain.vantage import Vantage
from pledgetracker.runtime import Runtime
from pledgetracker.services import cataloguing, exchanging, pledging, rolling_up
from pledgetracker.services.rolling_up import Terms
from tests.conftest import Clock
from tests.deeds import World, digits
from tests.world import ZONE, add_pledge, day, noon, report

AS_IT_IS = Terms()


def rolled(runtime: Runtime, work: Any, key: str, terms: Terms = AS_IT_IS, **vantage: Any) -> RollUp:
    at = Vantage(runtime.clock(), **vantage)
    with runtime.database.read() as tx:
        found: RollUp = work(tx, key, terms, runtime.rules, at)
        return found


def tagged(runtime: Runtime, tag: str, **vantage: Any) -> RollUp:
    return rolled(runtime, rolling_up.roll_up_tag, tag, **vantage)


def soon(runtime: Runtime) -> datetime:
    """After all that was recorded at one instant of the clock: each change has an instant of its own."""
    return runtime.clock() + timedelta(seconds=1)


def only(found: RollUp) -> Amount:
    [amount] = found.amounts
    return amount


def initiative(runtime: Runtime, key: str, parent: str | None = None) -> None:
    fields: Any = {"id": key, "title": key, "parent": parent}
    runtime.database.write(lambda tx: cataloguing.add_initiative(tx, fields, now=runtime.clock()))


def change(runtime: Runtime, key: str, **said: Any) -> None:
    fields: Any = said
    runtime.database.write(
        lambda tx: pledging.change_pledge(tx, key, fields, runtime.rules, now=runtime.clock())
    )


def test_an_initiative_takes_in_all_that_stand_under_it(runtime: Runtime) -> None:
    initiative(runtime, "top")
    initiative(runtime, "below", "top")
    initiative(runtime, "other")
    for key, under in (("a", "top"), ("b", "below"), ("c", "other")):
        add_pledge(runtime, key=key, initiative=under)
    report(runtime, key="b", value=30)
    found = rolled(runtime, rolling_up.roll_up_initiative, "top")
    assert (found.pledges, only(found).announced) == (2, Decimal(200))
    assert only(found).delivered.accepted == 30
    assert rolled(runtime, rolling_up.roll_up_initiative, "below").pledges == 1


def test_a_pledger_has_only_pledges_of_its_own(runtime: Runtime) -> None:
    add_pledge(runtime, key="a")
    add_pledge(runtime, key="b", pledger="other")
    assert rolled(runtime, rolling_up.roll_up_pledger, "other").pledges == 1


@pytest.mark.parametrize(
    "work", [rolling_up.roll_up_initiative, rolling_up.roll_up_pledger, rolling_up.roll_up_tag]
)
def test_what_does_not_exist_has_no_sum(runtime: Runtime, work: Any) -> None:
    with pytest.raises(NotFound, match="'nothing'"):
        rolled(runtime, work, "nothing")


def test_only_what_had_been_announced_by_then_counts(runtime: Runtime) -> None:
    add_pledge(runtime, key="a", tags=("x",))
    add_pledge(runtime, key="b", tags=("x",), announced_on=day("2026-06-01"))
    report(runtime, key="a", value=10, as_of=day("2026-02-01"))
    report(runtime, key="a", value=40, as_of=day("2026-03-01"))
    then = only(tagged(runtime, "x", as_of=day("2026-02-15")))
    assert then.announced == 100
    assert then.delivered.accepted == 10
    assert only(tagged(runtime, "x")).announced == 200


def test_what_was_known_then_stays_what_was_known_then(runtime: Runtime, clock: Clock) -> None:
    clock.now = noon("2026-03-01")
    add_pledge(runtime, key="a", tags=("x",), restates=())
    add_pledge(runtime, key="total", tags=("x",), target=Decimal(500))
    report(runtime, key="a", value=10)
    then = soon(runtime)
    first = tagged(runtime, "x", known_at=then)
    assert first == tagged(runtime, "x")
    clock.now = noon("2026-04-01")
    report(runtime, key="a", value=40)
    change(runtime, "a", part_of="total", target=Decimal(200))
    change(runtime, "total", tags=())
    assert tagged(runtime, "x", known_at=then) == first
    assert only(tagged(runtime, "x")).announced == 200
    clock.now += timedelta(days=1)
    change(runtime, "a", tags=())
    with pytest.raises(NotFound):
        tagged(runtime, "x")
    assert tagged(runtime, "x", known_at=then) == first
    with pytest.raises(NotFound):
        tagged(runtime, "x", known_at=noon("2026-02-01"))


def test_what_did_not_exist_then_had_no_sum_then(runtime: Runtime) -> None:
    add_pledge(runtime, key="a")
    earlier = runtime.clock() - timedelta(days=1)
    with pytest.raises(NotFound):
        rolled(runtime, rolling_up.roll_up_pledger, "acme", known_at=earlier)


def test_links_that_lead_through_pledges_outside_are_followed(runtime: Runtime) -> None:
    """a (in) holds b (out), of which c (in) is a part; d (in) restates e (out), which f (in) is a part of."""
    pledges: dict[str, dict[str, Any]] = {
        "a": {"tags": ("x",), "target": Decimal(500)},
        "b": {"part_of": "a"},
        "c": {"tags": ("x",), "part_of": "b"},
        "e": {},
        "f": {"tags": ("x",), "part_of": "e"},
        "d": {"tags": ("x",), "restates": ("e",)},
    }
    for key, said in pledges.items():
        add_pledge(runtime, key=key, **said)
    for key in ("c", "d", "f"):
        report(runtime, key=key, value=10)
    found = tagged(runtime, "x")
    assert [total.pledge for total in only(found).totals] == ["a"]
    assert only(found).announced == 700
    assert only(found).delivered.accepted == 20
    assert tagged(runtime, "x", known_at=soon(runtime)) == found


def test_an_outside_part_that_restates_what_counts_keeps_its_total_from_counting_twice(
    runtime: Runtime,
) -> None:
    add_pledge(runtime, key="old", tags=("x",))
    add_pledge(runtime, key="total", tags=("x",), target=Decimal(500))
    add_pledge(runtime, key="again", part_of="total", restates=("old",))
    report(runtime, key="old", value=10)
    report(runtime, key="total", value=30)
    found = tagged(runtime, "x")
    assert only(found).delivered.accepted == 10
    assert [(item.pledge, item.reason) for item in found.not_added] == [("total", "overlapping_figure")]
    assert tagged(runtime, "x", known_at=soon(runtime)) == found


def rate(runtime: Runtime, amount: str, on: str = "2026-05-28") -> None:
    fields: Any = {
        "base": "EUR",
        "quote": "USD",
        "date": day(on),
        "rate": Decimal(amount),
        "source": Source(title="Rates"),
    }
    runtime.database.write(lambda tx: exchanging.add_rate(tx, fields, now=runtime.clock()))


def test_money_is_converted_by_the_rate_of_the_day_named_and_of_no_other(
    runtime: Runtime, clock: Clock
) -> None:
    add_pledge(runtime, key="a", tags=("x",), unit="EUR")
    before = clock.now
    clock.now += timedelta(days=1)
    rate(runtime, "1.5")

    def units(on: date | None, **vantage: Any) -> list[tuple[str, Decimal]]:
        found = rolled(runtime, rolling_up.roll_up_tag, "x", Terms("USD", on), **vantage)
        return [(amount.unit, amount.announced) for amount in found.amounts]

    assert units(day("2026-05-28")) == [("USD", Decimal(150))]
    assert units(day("2026-05-27")) == [("EUR", Decimal(100))]
    assert units(None) == [("EUR", Decimal(100))]
    # A rate recorded later was not known then.
    assert units(day("2026-05-28"), known_at=before) == [("EUR", Decimal(100))]


def test_a_scope_of_several_batches_is_added_up_whole(
    runtime: Runtime, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rolling_up, "CHUNK", 3)
    for number in range(10):
        add_pledge(runtime, key=f"p-{number}", tags=("x",))
    assert (tagged(runtime, "x").pledges, only(tagged(runtime, "x")).announced) == (10, Decimal(1000))


@pytest.mark.parametrize("seed", range(12))
def test_from_every_side_a_scope_amounts_to_the_same(runtime: Runtime, seed: int) -> None:
    """As the database finds it now, as every record tells by itself, and as the sums of all links have it."""
    world = World(Random(seed))
    for key in reversed(world.keys):
        add_pledge(
            runtime,
            key=key,
            tags=("x",) if key in world.scope else (),
            target=Decimal(world.worth(key)),
            announced_on=world.days[key],
            restates=world.restates[key],
            part_of=world.part_of[key],
            contacts=(),
        )
        if key in world.reported:
            report(runtime, key=key, value=world.worth(key))
    add_pledge(runtime, key="anchor", tags=("x",), unit="tree", contacts=())
    found = tagged(runtime, "x")
    assert tagged(runtime, "x", known_at=soon(runtime)) == found
    with runtime.database.read() as tx:
        records = tx.records.get_many([*sorted(world.scope), "anchor"])
    today = Vantage(runtime.clock()).today(ZONE)
    judged = [contribution(r, standing(r, runtime.rules.policy, today=today)) for r in records]
    assert roll_up(judged, world.beyond(), Conversion()) == found
    for amount in found.amounts:
        assert max(digits(amount.delivered.accepted), default=0) <= 1 or amount.unit == "tree"
