"""Whatever is recorded, the files are valid, and say what the API says to the digit."""

import json
from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal
from typing import Any

from hypothesis import HealthCheck, given
from hypothesis import strategies as st

from pledgetracker.api.answers import dumper, to_json
from pledgetracker.api.schemas.pledges import PledgeDocument
from pledgetracker.domain.catalogue import Pledger, PledgerKind
from pledgetracker.domain.pledge import Source, Statement
from pledgetracker.domain.record import Record
from pledgetracker.domain.review import Review
from pledgetracker.services.gathering import Attributed
from tests import strategies
from tests.domain.cases import pledge, record, update
from tests.examples import times
from tests.feeds.reading import NOW, activity_file, attributed, initiative, package, texts
from tests.standards import Complaints

# Everything that can be typed, and what XML forbids, ends or mistakes for itself.
hostile = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=40) | st.sampled_from(
    ["]]>", "<!--", "&amp;<b>", "\x0b\x1b\x01", "\ufffe\uffff", "'\"", "\r\n\t", "\U0010ffff", "#", "%zz"]
)
# What tells the parts of an address apart comes often.
addresses = st.one_of(
    hostile.map("http://".__add__),
    hostile.map("https://example.org/".__add__),
    st.text(st.sampled_from(":/?#[]@%0Aaé.-"), min_size=1, max_size=12).map("http://".__add__),
)
sources = st.builds(
    Source,
    st.none() | addresses,
    st.none() | hostile,
    st.none() | hostile,
    st.none() | st.dates(),
    st.none() | hostile.map("https://example.org/?".__add__),
    st.none() | hostile,
)
reviews = st.sampled_from([Review.ACCEPTED, Review.ACCEPTED, *Review])
pledgers = st.builds(
    Pledger,
    st.just("acme"),
    hostile,
    st.just(1),
    st.just(NOW),
    st.just(NOW),
    st.sampled_from([None, *PledgerKind]),
)


@st.composite
def hostile_records(draw: st.DrawFn) -> Record:
    """Records of all kinds with hostile texts wherever a text may stand."""
    record = draw(strategies.records())
    pledge = replace(
        record.pledge,
        title=draw(hostile),
        indicator=draw(st.none() | hostile),
        unit=draw(st.none() | hostile),
        statement=draw(st.none() | st.builds(Statement, hostile, st.none() | sources)),
        milestones=tuple(
            replace(stone, title=draw(st.none() | hostile)) for stone in record.pledge.milestones
        ),
        updated_at=draw(st.none() | st.just(NOW)),
        part_of=draw(st.sampled_from([None, "whole"])),
        restates=draw(st.sampled_from([(), ("one",), ("one", "two")])),
    )
    updates = tuple(
        replace(
            update,
            review=draw(reviews),
            note=draw(st.none() | hostile),
            reported_by=draw(st.none() | hostile),
            evidence=tuple(draw(st.lists(sources, max_size=2))),
        )
        for update in record.updates
    )
    moves = tuple(replace(move, source=draw(st.none() | sources)) for move in record.reschedules)
    withdrawals = tuple(
        replace(taken, reason=draw(hostile), source=draw(sources)) for taken in record.withdrawals
    )
    return replace(record, pledge=pledge, updates=updates, reschedules=moves, withdrawals=withdrawals)


@st.composite
def hostile_pledges(draw: st.DrawFn) -> Attributed:
    """Such records, judged on any day."""
    record = draw(hostile_records())
    under = draw(st.none() | st.builds(initiative, title=hostile, description=st.none() | hostile))
    return attributed(record, draw(strategies.days_of(record)), pledger=draw(pledgers), under=under)


lasting = times(1, suppress_health_check=[HealthCheck.function_scoped_fixture])


@lasting
@given(st.lists(hostile_pledges(), min_size=1, max_size=3))
def test_every_iati_file_is_valid(iati_complaints: Complaints, found: list[Attributed]) -> None:
    over = [entry.initiative for entry in found if entry.initiative is not None][:1]
    assert iati_complaints(activity_file(found, over)) == []


@lasting
@given(st.lists(addresses, min_size=20, max_size=20))
def test_every_address_that_is_linked_to_is_one(iati_complaints: Complaints, said: list[str]) -> None:
    promised = pledge(statement=Statement("We shall."))
    report = update("2025-02-01", 10, evidence=tuple(map(Source, said)))
    assert iati_complaints(activity_file([attributed(record(promised, report))])) == []


@lasting
@given(st.lists(hostile_pledges(), max_size=3))
def test_every_ocds_release_is_valid(ocds_complaints: Complaints, found: list[Attributed]) -> None:
    assert ocds_complaints(package(found)) == []


def numbers_of(indicator: Any) -> Iterator[tuple[str, Decimal]]:
    """The days and values of all actuals."""
    for actual in indicator.iterfind("period/actual"):
        [said, *_] = texts(actual, "comment/narrative")
        assert said.startswith("As of ")
        yield said[6:16], Decimal(actual.get("value"))


@lasting
@given(hostile_pledges())
def test_iati_says_what_the_api_says_to_the_digit(found: Attributed) -> None:
    shown = json.loads(to_json(dumper(PledgeDocument)(found.view)), parse_float=Decimal, parse_int=Decimal)
    [result] = activity_file([found]).iterfind("iati-activity/result")
    indicator, *events = result.findall("indicator")
    assert len(events) == sum(
        stone["target"] is None and stone["id"] != "target" for stone in shown["milestones"]
    )
    if found.view.pledge.is_event:
        assert [node for node in indicator.iter() if node.get("value") is not None] == []
        return
    assert indicator.find("baseline").get("value") == format(shown["baseline"]["value"], "f")
    targets = {
        (period.find("period-end").get("iso-date"), target.get("value"))
        for period in indicator.iterfind("period")
        for target in period.iterfind("target")
    }
    assert targets >= {
        (stone["due"]["date"], format(stone["target"], "f"))
        for stone in shown["milestones"]
        if stone["target"] is not None
    }
    actuals = list(numbers_of(indicator))
    if shown["figure"] is None:
        assert actuals == []
    else:
        last_day = max(day for day, _ in actuals)
        assert last_day == shown["figure"]["as_of"]
        assert shown["figure"]["value"] in {value for day, value in actuals if day == last_day}


@lasting
@given(hostile_pledges())
def test_ocds_says_of_each_milestone_what_the_api_says(found: Attributed) -> None:
    shown = json.loads(to_json(dumper(PledgeDocument)(found.view)))
    [release] = package([found])["releases"]
    told = release["planning"].get("milestones", [])
    assert [stone["id"] for stone in told] == [stone["id"] for stone in shown["milestones"]]
    for ours, theirs in zip(shown["milestones"], told, strict=True):
        assert theirs["dueDate"].startswith(ours["due"]["date"])
        is_met = ours["status"].startswith("met")
        assert ("dateMet" in theirs) == is_met
        # Missed, in whole or in part, is never made up by arithmetic.
        otherwise = None if shown["delivery"] == "withdrawn" else "scheduled"
        assert theirs.get("status") == ("met" if is_met else otherwise)
        if ours["status"] == "met_on_time":
            assert theirs["dateMet"] <= theirs["dueDate"]
