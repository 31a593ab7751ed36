"""Links between pledges: known pledges only, no rings, and a deletion that leaves nobody hanging."""

from typing import Any

import pytest

from pledgetracker.domain.errors import Invalid, RingOfLinks, StillReferenced
from pledgetracker.domain.pledge import Pledge
from pledgetracker.runtime import Runtime
from pledgetracker.services import pledging
from pledgetracker.services.linking import in_order
from tests.world import add_pledge


def change(runtime: Runtime, key: str, **said: Any) -> Pledge:
    fields: Any = said
    work = runtime.database.write(
        lambda tx: pledging.change_pledge(tx, key, fields, runtime.rules, now=runtime.clock())
    )
    return work.pledge


def stored(runtime: Runtime, key: str) -> Pledge:
    with runtime.database.read() as tx:
        [record] = tx.records.get_many([key])
        return record.pledge


def test_links_tags_and_the_rest_are_kept_as_they_were_said(runtime: Runtime) -> None:
    for key in ("total", "first"):
        add_pledge(runtime, key=key)
    said: dict[str, Any] = {
        "tags": ("ai", "skills"),
        "restates": ("first",),
        "part_of": "total",
        "owner": "Ann, who trains",
        "verification": "By the certificates handed out.",
    }
    assert add_pledge(runtime, key="again", **said).pledge == stored(runtime, "again")
    assert {name: getattr(stored(runtime, "again"), name) for name in said} == said
    change(runtime, "again", tags=(), restates=(), part_of=None, owner=None)
    cleared = stored(runtime, "again")
    assert (cleared.tags, cleared.links, cleared.owner) == ((), (), None)
    assert cleared.verification == said["verification"]


@pytest.mark.parametrize(
    ("said", "at", "told"),
    [
        ({"part_of": "nobody"}, "/part_of", "There is no pledge 'nobody'"),
        ({"restates": ("d", "nobody")}, "/restates", "There is no pledge 'nobody'"),
        ({"part_of": "c"}, "/part_of", "ring: c → c"),
        ({"restates": ("c",)}, "/restates", "ring: c → c"),
        ({"part_of": "b"}, "/part_of", "ring: c → b → c"),
        ({"restates": ("a",)}, "/restates", "ring: c → a → b → c"),
        ({"restates": ("d",), "part_of": "d"}, "/part_of", "It restates this one in whole"),
        ({"tags": ("x", "x")}, "/tags", "'x' is listed twice"),
        ({"tags": tuple(f"t{n}" for n in range(51))}, "/tags", "At most 50"),
    ],
)
def test_what_cannot_be_is_refused_by_its_place(
    runtime: Runtime, said: dict[str, Any], at: str, told: str
) -> None:
    add_pledge(runtime, key="c")
    add_pledge(runtime, key="b", part_of="c")
    add_pledge(runtime, key="a", restates=("b",))
    add_pledge(runtime, key="d")
    with pytest.raises(Invalid) as refused:
        change(runtime, "c", **said)
    assert [problem.pointer for problem in refused.value.problems] == [at]
    assert told in refused.value.problems[0].detail
    assert stored(runtime, "c").links == ()


def test_a_new_pledge_may_not_name_itself(runtime: Runtime) -> None:
    with pytest.raises(Invalid, match="ring: a → a"):
        add_pledge(runtime, key="a", part_of="a")


def test_a_pledge_that_others_name_is_not_deleted(runtime: Runtime) -> None:
    add_pledge(runtime, key="total", contacts=())
    for n in range(12):
        add_pledge(runtime, key=f"part-{n:02}", part_of="total", contacts=())

    def delete(key: str) -> None:
        runtime.database.write(lambda tx: pledging.delete_pledge(tx, key, now=runtime.clock()))

    with pytest.raises(StillReferenced, match=r"part-00, part-01, .*, part-09 and others restate it or are"):
        delete("total")
    for n in range(12):
        delete(f"part-{n:02}")
    delete("total")
    with runtime.database.read() as tx:
        assert not tx.pledges.exists("total")


def test_what_is_named_comes_first() -> None:
    links = {"a": ("b", "z"), "b": ("c", "d"), "c": (), "d": ("c",), "e": ("a",)}
    order = list(in_order(links))
    assert sorted(order) == sorted(links)
    assert all(
        order.index(other) < order.index(key) for key in links for other in links[key] if other in links
    )


def test_long_chains_are_put_in_order_too() -> None:
    chain = {f"p{n:05}": (f"p{n + 1:05}",) for n in range(20_000)}
    assert list(in_order(chain)) == sorted(chain, reverse=True)


@pytest.mark.parametrize(
    ("links", "ring"),
    [
        ({"a": ("a",)}, "a → a"),
        ({"a": ("b",), "b": ("c",), "c": ("b",)}, "b → c → b"),
        ({"x": (), "a": ("x", "b"), "b": ("a",)}, "a → b → a"),
    ],
)
def test_in_a_ring_nothing_is_first(links: dict[str, tuple[str, ...]], ring: str) -> None:
    with pytest.raises(RingOfLinks, match=ring):
        in_order(links)
