"""What makes a promise well-formed: each rule, and where its breach is reported."""

from dataclasses import replace
from decimal import Decimal

import pytest

from pledgetracker.domain.pledge import Contact, Pledge, problems
from tests.domain.cases import milestone, pledge


def places(promised: Pledge) -> list[str]:
    return [problem.pointer for problem in problems(promised)]


@pytest.mark.parametrize(
    "promised",
    [
        pledge(),
        pledge(due=None),
        pledge(target=None),
        pledge("event", None),
        pledge("at_most", 0),
        pledge("at_most", 100),
        pledge("about", 100, tolerance=Decimal("0.99")),
        pledge("at_least", 0, baseline=100),
        pledge("at_least", -5),
    ],
)
def test_a_well_formed_promise_has_no_problems(promised: Pledge) -> None:
    assert places(promised) == []


@pytest.mark.parametrize(
    ("promised", "place"),
    [
        (pledge("event", 1), "/target"),
        (pledge(tolerance=Decimal("0.1")), "/tolerance"),
        (pledge("at_most", 10, baseline=11), "/baseline/value"),
        (pledge(target=0), "/target"),
        (pledge("exactly", 5, baseline=5), "/target"),
        (pledge("about", 100, baseline=90), "/tolerance"),
        (pledge("about", 100, baseline=110), "/tolerance"),
        (pledge("about", 100, tolerance=Decimal(1)), "/tolerance"),
        (pledge(due="2025-01-01"), "/due"),
        (pledge(due="2024"), "/due"),
    ],
)
def test_a_breach_is_reported_where_it_is(promised: Pledge, place: str) -> None:
    assert places(promised) == [place]


@pytest.mark.parametrize(
    ("stones", "expected"),
    [
        ([("a", "2025-06-30", 50), ("b", "2025-09-30", 50)], []),  # level is allowed
        ([("b", "2025-09-30", 60), ("a", "2025-06-30", 50)], []),  # in any order
        ([("a", "2025-06-30", 0), ("b", "2025-09-30", 100)], []),
        ([("a", "2025-06-30", None)], []),
        ([("target", "2025-06-30", 50)], ["/milestones/0/id"]),
        ([("a", "2025-06-30", 50), ("a", "2025-09-30", 60)], ["/milestones/1/id"]),
        ([("a", "2025-01-01", 50)], ["/milestones/0/due"]),
        ([("a", "2025-12-31", 50)], ["/milestones/0/due"]),
        ([("a", "2026-01-01", 50)], ["/milestones/0/due"]),
        ([("a", "2025-06-30", 50), ("b", "2025-06", 60)], ["/milestones/1/due"]),
        ([("a", "2025-06-30", 60), ("b", "2025-09-30", 50)], ["/milestones/1/target"]),
        ([("a", "2025-06-30", 101)], ["/milestones/0/target"]),
        ([("a", "2025-06-30", -1)], ["/milestones/0/target"]),
    ],
)
def test_milestones_lie_on_the_way(stones: list[tuple[str, str, int | None]], expected: list[str]) -> None:
    assert places(pledge(milestones=tuple(milestone(*stone) for stone in stones))) == expected


def test_where_lower_is_better_milestones_go_down() -> None:
    down = milestone("a", "2025-06-30", 60), milestone("b", "2025-09-30", 40)
    assert places(pledge(target=0, baseline=100, milestones=down)) == []
    up = milestone("a", "2025-06-30", 40), milestone("b", "2025-09-30", 60)
    assert places(pledge(target=0, baseline=100, milestones=up)) == ["/milestones/1/target"]


def test_bounds_of_targets_are_spelled_out_in_digits() -> None:
    promised = replace(pledge(milestones=(milestone("a", "2025-06-30", 101),)), target=Decimal("1E+2"))
    [problem] = problems(promised)
    assert problem.detail.endswith("without going back: between 0 and 100.")


def test_without_a_target_milestones_are_events() -> None:
    assert places(pledge(target=None, milestones=(milestone("a", "2025-06-30", 5),))) == [
        "/milestones/0/target"
    ]


def test_without_a_deadline_milestones_may_lie_on_any_later_day() -> None:
    assert places(pledge(due=None, milestones=(milestone("a", "2190", 5),))) == []
    assert places(pledge(due=None, milestones=(milestone("a", "2024", 5),))) == ["/milestones/0/due"]


def test_each_address_is_listed_once_whatever_its_case() -> None:
    contacts = Contact("a@example.org"), Contact("b@example.org"), Contact("A@example.org")
    assert places(pledge(contacts=contacts)) == ["/contacts/2/email"]


def test_every_breach_is_reported_not_only_the_first() -> None:
    assert places(pledge(target=0, due="2024", tolerance=Decimal(1))) == ["/tolerance", "/target", "/due"]
