"""What a promise leaves open is told, each with a way out, and nothing is told of what is plain."""

from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given

from pledgetracker.domain.days import Due
from pledgetracker.domain.pledge import Baseline, Pledge, Source, Statement
from pledgetracker.domain.quality import Finding, quality
from pledgetracker.domain.record import Record
from tests.domain.cases import moved, pledge
from tests.strategies import records

SOURCE = Source(url="https://example.org/promise", title="The promise")
PLAIN: dict[str, Any] = {
    "statement": Statement("We will train 100 people by the end of 2025.", SOURCE),
    "indicator": "people who completed a course",
    "unit": "person",
    "owner": "Skills office",
    "verification": "The ministry's yearly count.",
    "baseline": Baseline(Decimal(0), date(2024, 12, 31)),
}


def plain(comparator: str = "at_least", **changes: Any) -> Pledge:
    """A promise that leaves nothing open, with changes."""
    return replace(pledge(comparator), **(PLAIN | changes))


def codes(promised: Pledge) -> list[str]:
    return [finding.code for finding in quality(Record(promised))]


def finding(promised: Pledge, code: str) -> Finding:
    [found] = [found for found in quality(Record(promised)) if found.code == code]
    return found


def test_of_a_plain_promise_there_is_nothing_to_say() -> None:
    assert codes(plain()) == []


@pytest.mark.parametrize(
    ("changes", "code", "field"),
    [
        ({"statement": None}, "no_statement", "/statement"),
        ({"statement": Statement("We will.")}, "no_source", "/statement/source"),
        ({"indicator": None}, "no_indicator", "/indicator"),
        ({"unit": None}, "no_unit", "/unit"),
        ({"verification": None}, "no_verification", "/verification"),
        ({"owner": None}, "no_owner", "/owner"),
        ({"target": None}, "no_target", "/target"),
        ({"due": None}, "no_deadline", "/due"),
        ({"baseline": pledge().baseline}, "assumed_baseline", "/baseline"),
    ],
)
def test_what_is_missing_is_told_once(changes: dict[str, Any], code: str, field: str) -> None:
    [found] = quality(Record(plain(**changes)))
    assert (found.code, found.field) == (code, field)


def test_an_event_lacks_neither_unit_nor_target_nor_baseline() -> None:
    opened = plain("event", target=None, unit=None, baseline=pledge().baseline)
    assert codes(opened) == []


def test_a_deadline_that_came_later_is_one() -> None:
    promised = plain(due=None)
    assert quality(Record(promised, reschedules=(moved("2026-12-31", "2025-06-01"),))) == ()


def test_by_a_year_is_read_as_its_last_day() -> None:
    found = finding(plain(due=Due.parse("2027")), "year_only")
    assert found.message == "'2027' names a year, and counts until its last day, 2027-12-31."
    assert found.suggestion == "If it was to be done before 2027 begins, say 2026-12-31."
    assert codes(plain(due=Due.parse("2027-12"))) == []


def test_a_ceiling_cannot_be_missed() -> None:
    assert finding(plain("up_to"), "ceiling").field == "/comparator"


@pytest.mark.parametrize(
    ("title", "comparator", "asked"),
    [
        ("Over 3,000 jobs", "at_least", "more_than"),
        ('"More than" 3,000 jobs', "at_least", "more_than"),
        ("Plus de 3 000 emplois", "at_least", "more_than"),
        ("About 3,000 jobs", "exactly", "about"),
        ("around 3000 jobs", "at_least", "about"),
        ("Nearly 3 000 jobs", "at_least", "about"),
        ("Près de 3\u202f000 emplois", "more_than", "about"),
        ("Some 3.000 jobs", "at_least", "about"),
        ("Environ 3 mille emplois", "at_least", "about"),
        ("Up to 3,000 jobs", "at_least", "up_to"),
        ("Jusqu\u2019à 3 000 emplois", "at_least", "up_to"),
        ("Au moins 3 000 emplois", "up_to", "at_least"),
        ("No more than 3,000 jobs", "at_least", "at_most"),
        ("Exactly 3k jobs", "at_least", "exactly"),
        ("A minimum of 3 thousand jobs", "about", "at_least"),
    ],
)
def test_words_about_the_target_that_ask_for_another_comparator(
    title: str, comparator: str, asked: str
) -> None:
    promised = plain(comparator, title=title, target=Decimal(3000))
    assert f"choose '{asked}'" in finding(promised, "hedge_differs").suggestion
    assert "hedge_differs" not in codes(plain(asked, title=title, target=Decimal(3000)))


@pytest.mark.parametrize(
    ("words", "rest", "target"),
    [
        ("over EUR 1.2 billion", "", 1_200_000_000),
        ("over €1.2bn", "", 1_200_000_000),
        ("plus de 1,2 milliard", " d'euros", 1_200_000_000),
        ("more than US$15 million", "", 15_000_000),
        ("more than one million", " people", 1_000_000),
        ("plus d'un million", " de personnes", 1_000_000),
        ("more than 1.2 billion", "", "1.2"),
    ],
)
def test_numbers_are_read_as_people_write_them(words: str, rest: str, target: int | str) -> None:
    said = Statement(f"We will do {words}{rest}.", SOURCE)
    found = finding(plain(statement=said, target=Decimal(target)), "hedge_differs")
    assert found.message == f"The statement says '{words}', and the comparator is 'at_least'."


@pytest.mark.parametrize(
    "text",
    [
        "Jobs for over 5 years",
        "over 300 of the 3,000 jobs",
        "overall 3,000 jobs",
        "3,000 jobs, over the next years",
        "more than a promise: 3,000 jobs",
        "moreover 3,000 jobs",
        "at least 3,000 jobs, some say over 3,000",
    ],
)
def test_words_that_are_not_about_the_target_say_nothing(text: str) -> None:
    assert codes(plain(title=text, target=Decimal(3000))) == []


def test_where_lower_is_better_less_than_is_beyond() -> None:
    promised = plain(baseline=Baseline(Decimal(9000), date(2024, 12, 31)), target=Decimal(3000))
    less = replace(promised, title="Less than 3,000 tonnes")
    assert "choose 'more_than'" in finding(less, "hedge_differs").suggestion
    assert codes(replace(promised, title="No more than 3,000 tonnes")) == []
    assert codes(replace(promised, title="Over 3,000 tonnes")) == []


def test_of_a_cap_one_may_say_up_to() -> None:
    assert codes(plain("at_most", title="Up to 100 tonnes")) == []


@pytest.mark.parametrize(
    ("indicator", "word"),
    [
        ("people trained", "trained"),
        ("personnes formées à l'IA", "formées"),
        ("startups supported", "supported"),
        ("start-up accompagnées", "accompagnées"),
        ("EUR invested in France", "invested"),
        ("people reached", "reached"),
    ],
)
def test_an_indicator_that_does_not_say_what_counts(indicator: str, word: str) -> None:
    assert finding(plain(indicator=indicator), "vague_indicator").message.startswith(f"'{word}' ")


@pytest.mark.parametrize(
    "indicator",
    [
        "people trained who completed the course",
        "startups supported by a grant",
        "EUR invested, counted once spent",
        "informed people",
        "courses constrained by room",
        "support centres opened",
    ],
)
def test_an_indicator_that_says_it_is_left_alone(indicator: str) -> None:
    assert codes(plain(indicator=indicator)) == []


@pytest.mark.parametrize(
    ("unit", "code"),
    [
        *((unit, "EUR") for unit in ("euros", "€", "eur", "million euros", "M€", "milliards d'euros")),
        ("US dollars", "USD"),
        ("$", "USD or CAD or AUD"),
    ],
)
def test_money_is_a_code(unit: str, code: str) -> None:
    assert f"code, {code}, and" in finding(plain(unit=unit), "currency_word").suggestion


@pytest.mark.parametrize("unit", ["EUR", "person", "m", "million people", "euro pallet"])
def test_what_is_a_code_or_no_money_is_left_alone(unit: str) -> None:
    assert codes(plain(unit=unit)) == []


def test_a_percentage_is_of_something() -> None:
    promised = plain(unit="%", indicator="renewable electricity")
    assert finding(promised, "percentage_of_what").field == "/indicator"
    assert codes(replace(promised, indicator="share of electricity from renewable sources")) == []
    assert codes(replace(promised, indicator="part de l'électricité")) == []
    assert codes(replace(promised, indicator=None)) == ["no_indicator", "percentage_of_what"]


@given(records())
def test_every_finding_is_whole_and_told_once(record: Record) -> None:
    found = quality(record)
    assert len({(one.code, one.field) for one in found}) == len(found)
    for one in found:
        assert one.field.startswith("/")
        assert one.message.endswith(".")
        assert one.suggestion.endswith(".")
