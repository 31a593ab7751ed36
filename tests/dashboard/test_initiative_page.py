"""The page of one initiative: what its pledges amount to together, and each of them."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from pledgetracker.dashboard.bars import announced_bar, delivered_bar
from pledgetracker.domain.access import Scope
from pledgetracker.domain.rollup import Amount, Completion, Coverage, Delivered
from pledgetracker.runtime import Runtime
from tests.conftest import Clock, client_of, key_of

Visit = Callable[[str], Any]


@pytest.fixture
def plan(editor: FlaskClient, pledger: str) -> str:
    """An initiative with another above it and one below."""
    for key, parent in (("wider", None), ("plan", "wider"), ("below", "plan")):
        answer = editor.post("/v1/initiatives", json={"id": key, "title": key.title(), "parent": parent})
        assert answer.status_code == 201, answer.text
    return "plan"


def _promise(editor: FlaskClient, key: str, **fields: Any) -> None:
    promised = {"id": key, "title": key.title(), "pledger": "acme", "announced_on": "2026-01-01"}
    counted = {"unit": "tree", "target": 100, "initiative": "plan"}
    answer = editor.post("/v1/pledges", json=promised | counted | fields)
    assert answer.status_code == 201, answer.text


def _report(editor: FlaskClient, key: str, value: int) -> None:
    answer = editor.post(f"/v1/pledges/{key}/progress", json={"value": value, "as_of": "2026-06-01"})
    assert answer.status_code == 201, answer.text


def _sums(page: Any) -> list[str]:
    """What each unit amounts to, in the words of the page."""
    return [e.text for e in page.classed("card") if e.name == "div"]


def test_every_initiative_of_the_seeds_has_a_sound_page(
    seeded: Runtime, anybody: FlaskClient, visit: Visit
) -> None:
    for initiative in anybody.get("/v1/initiatives?limit=200").json["items"]:  # type: ignore[index]
        page = visit(f"/initiatives/{initiative['id']}")
        rolled = anybody.get(f"/v1/initiatives/{initiative['id']}/rollup").json
        assert rolled is not None
        assert page.all("h1")[0].text == initiative["title"]
        assert len(page.all("article")) == rolled["pledges"] + 1
        assert len(_sums(page)) == len(rolled["amounts"])


def test_the_first_page_and_pledges_lead_to_it_and_it_leads_to_them(
    editor: FlaskClient, plan: str, visit: Visit
) -> None:
    _promise(editor, "oaks")
    _promise(editor, "elms", initiative="below")
    for address in ("/", "/pledges/oaks"):
        assert "/initiatives/plan" in [e.get("href") for e in visit(address).all("a")]
    page = visit("/initiatives/plan")
    links = [e.get("href") for e in page.all("a")]
    assert {"/initiatives/wider", "/initiatives/below", "/pledges/oaks", "/pledges/elms"} <= set(links)
    assert "/v1/initiatives/plan/rollup" in links
    counts = [e for e in page.all("a") if "badge" in (e.get("class") or "")]
    for count in counts:
        assert len(visit(count.get("href")).all("article")) == int(count.text.split()[0])
    assert sum(int(count.text.split()[0]) for count in counts) == 2


def test_what_is_new_announced_again_and_unexplained_stands_apart(
    editor: FlaskClient, plan: str, visit: Visit
) -> None:
    _promise(editor, "total", target=1000)
    _promise(editor, "old", target=150, initiative=None)
    _promise(editor, "fresh", target=600, part_of="total")
    _promise(editor, "again", target=150, part_of="total", restates=["old"])
    [said] = _sums(visit("/initiatives/plan"))
    for told in (
        "1,000 trees announced in 1 pledge",
        "600 trees new",
        "150 trees announced again",
        "250 trees in totals, with no pledge here",
        "No figure on any of 3 pledges",
    ):
        assert told in said
    page = visit("/initiatives/plan")
    rows = [e.text for e in page.all("tr")]
    assert rows[1:] == [
        "Total1,000 trees",
        "Again announced again150 trees",
        "Fresh600 trees",
        "With no pledge here250 trees",
    ]
    _promise(editor, "more", target=400, part_of="total")
    [said] = _sums(visit("/initiatives/plan"))
    assert "The parts on record come to 150 trees more than their totals." in said
    assert "More than announced150 trees" in [e.text for e in visit("/initiatives/plan").all("tr")]


def test_what_was_delivered_is_told_apart_from_what_is_claimed(
    app: Flask, runtime: Runtime, editor: FlaskClient, plan: str, visit: Visit
) -> None:
    _promise(editor, "oaks")
    _promise(editor, "elms")
    _report(editor, "oaks", 50)
    [said] = _sums(visit("/initiatives/plan"))
    assert "50 trees delivered, 25% of 200 trees" in said
    assert "1 of 2 pledges has a figure." in said
    assert "Claimed" not in said
    _report(client_of(app, key_of(runtime, Scope.PROGRESS)), "elms", 30)
    [said] = _sums(visit("/initiatives/plan"))
    assert "50 trees delivered" in said
    assert "Claimed 80 trees if what waits for review were accepted." in said


def test_what_cannot_be_added_is_named_with_the_reason_and_what_others_say_beside(
    editor: FlaskClient, plan: str, visit: Visit
) -> None:
    _promise(editor, "gate", unit=None, target=None, comparator="event", title="Open <the> gate")
    others = [{"value": 80, "note": "A later look."}]
    _promise(editor, "oaks", other_targets=others, title="Oaks & elms")
    page = visit("/initiatives/plan")
    assert "It is an event: done or not, with no number to add." in page.text
    assert [e.text for e in page.all("li") if "Open <the> gate" in e.text] == ["Open <the> gate"]
    [told] = [e.text for e in page.all("li") if "A later look." in e.text]
    assert told == "80 treesOaks & elms, which counts as 100 trees hereA later look.No source recorded"


def test_units_stand_apart_however_long_they_are(editor: FlaskClient, plan: str, visit: Visit) -> None:
    _promise(editor, "oaks", unit="tree of at least ten metres in height")
    _promise(editor, "money", unit="EUR", target=1500000000)
    said = sorted(_sums(visit("/initiatives/plan")))
    assert "tree of at least ten metres in height" in said[0]
    assert said[1].startswith("€1.5 billion announced in 1 pledge")


def test_it_can_be_looked_at_as_it_was(editor: FlaskClient, plan: str, visit: Visit, clock: Clock) -> None:
    _promise(editor, "oaks")
    _report(editor, "oaks", 10)
    then = f"{clock.now + timedelta(minutes=1):%Y-%m-%dT%H:%M:%SZ}"
    clock.now += timedelta(hours=1)
    _report(editor, "oaks", 20)
    _promise(editor, "elms")
    assert "200 trees announced" in _sums(visit("/initiatives/plan"))[0]
    page = visit(f"/initiatives/plan?known_at={then}")
    assert "100 trees announced" in _sums(page)[0]
    assert "10 trees delivered" in _sums(page)[0]
    assert "This is what one could say at 12:01 UTC on 23 November 2026" in page.text
    early = visit("/initiatives/plan?as_of=2025-05-05")
    assert _sums(early) == []
    assert "today about 5 May 2025" in early.text
    assert editor.get("/initiatives/plan?known_at=2020-01-01T00:00:00Z").status_code == 404
    assert editor.get("/initiatives/plan?as_of=x").status_code == 422


def test_an_initiative_without_pledges_says_so(plan: str, visit: Visit) -> None:
    assert "No pledge stands under it." in visit("/initiatives/below").text


def test_many_pledges_come_in_pages(editor: FlaskClient, plan: str, visit: Visit) -> None:
    for n in range(52):
        _promise(editor, f"oaks-{n:02}")
    first = visit("/initiatives/plan")
    [link] = [e.get("href") for e in first.all("a") if e.get("rel") == "next"]
    cards = [e.get("aria-labelledby") for page in (first, visit(link)) for e in page.classed("card")]
    named = [card for card in cards if card is not None]
    assert len(set(named)) == len(named) == 52
    answer = editor.get("/initiatives/plan?cursor=x")
    assert answer.status_code == 422
    assert answer.json is not None
    assert answer.json["errors"][0]["parameter"] == "cursor"


AMOUNT = Amount(
    "tree",
    1,
    Decimal(100),
    Decimal(100),
    Decimal(0),
    Decimal(0),
    Delivered(None, None),
    Completion(None, None, Decimal(100)),
    Coverage(1, 0, Decimal(0)),
    [],
    [],
)


@pytest.mark.parametrize(
    ("new", "restated", "unexplained", "drawn"),
    [
        (100, 0, 0, [("b-done", "0.00", "100.00")]),
        (
            50,
            30,
            20,
            [("b-done", "0.00", "50.00"), ("b-again", "50.00", "30.00"), ("b-open", "80.00", "20.00")],
        ),
        (150, 50, -100, [("b-done", "0.00", "75.00"), ("b-again", "75.00", "25.00")]),
        (0, 100, 0, [("b-again", "0.00", "100.00")]),
    ],
)
def test_a_bar_shows_the_parts_of_what_is_announced(
    new: int, restated: int, unexplained: int, drawn: list[tuple[str, str, str]], parse: Callable[[str], Any]
) -> None:
    amount = replace(AMOUNT, new=Decimal(new), restated=Decimal(restated), unexplained=Decimal(unexplained))
    boxes = parse(announced_bar(amount)).all("rect")
    assert [(e.get("class"), e.get("x"), e.get("width")) for e in boxes] == drawn


@pytest.mark.parametrize(
    ("accepted", "claimed", "widths"),
    [
        (None, None, {"b-rest": "100.00"}),
        (25, 25, {"b-rest": "100.00", "b-claimed": "25.00", "b-done": "25.00"}),
        (None, 40, {"b-rest": "100.00", "b-claimed": "40.00"}),
        (-5, 140, {"b-rest": "100.00", "b-claimed": "100.00", "b-done": "0.00"}),
    ],
)
def test_a_bar_shows_what_was_delivered_within_its_bounds(
    accepted: int | None, claimed: int | None, widths: dict[str, str], parse: Callable[[str], Any]
) -> None:
    said = [None if value is None else Decimal(value) for value in (accepted, claimed)]
    boxes = parse(delivered_bar(replace(AMOUNT, delivered=Delivered(*said)))).all("rect")
    assert {e.get("class"): e.get("width") for e in boxes} == widths
