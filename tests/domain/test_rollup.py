"""Roll-ups: what adds up, what does not and why, and that nothing counts twice."""

from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from itertools import permutations
from random import Random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pledgetracker.domain.contribution import SENTENCES, Contribution, Named, Reason, contribution
from pledgetracker.domain.money import CURRENCIES, Conversion, ExchangeRate, rate_id
from pledgetracker.domain.pledge import OtherTarget, Source
from pledgetracker.domain.policy import Policy
from pledgetracker.domain.record import Record
from pledgetracker.domain.review import Review
from pledgetracker.domain.rollup import Amount, Delivered, RollUp, Total
from pledgetracker.domain.standing import Status, standing
from pledgetracker.domain.sums import roll_up
from tests.deeds import DAY, World, digits
from tests.domain.cases import day, pledge, record, update, withdrawn

THEN = datetime(2024, 5, 28, tzinfo=UTC)


def brought(
    key: str,
    promised: float | None = 1,
    accepted: float | None = None,
    *,
    part_of: str | None = None,
    restates: tuple[str, ...] = (),
    unit: str | None = "EUR",
    **more: Any,
) -> Contribution:
    """What a pledge brings; what is claimed is what is accepted unless said."""
    own = None if accepted is None else Decimal(str(accepted))
    return Contribution(
        key,
        more.pop("announced_on", DAY),
        Status.IN_PROGRESS,
        unit,
        Named(part_of, restates),
        promised=None if promised is None else Decimal(str(promised)),
        accepted=own,
        claimed=more.pop("claimed", own),
        **more,
    )


def rolled(*contributions: Contribution, beyond: Mapping[str, Named] | None = None) -> RollUp:
    return roll_up(contributions, beyond or {}, Conversion())


def only(found: RollUp) -> Amount:
    [amount] = found.amounts
    return amount


def split(of: Amount | Total) -> tuple[Decimal, ...]:
    return of.announced, of.new, of.restated, of.unexplained


def decimals(*numbers: str) -> tuple[Decimal, ...]:
    return tuple(map(Decimal, numbers))


def reasons(found: RollUp) -> dict[str, Reason]:
    return {item.pledge: item.reason for item in found.not_added}


def seen(told: Record, today: str) -> Contribution:
    return contribution(told, standing(told, Policy(), today=day(today)))


def rate(base: str, quote: str, amount: str) -> ExchangeRate:
    on = date(2024, 5, 28)
    return ExchangeRate(
        rate_id(base, quote, on), base, quote, on, Decimal(amount), Source(title="Rates"), THEN
    )


TOTAL_2024 = brought("total", 15)
MICROSOFT = brought("microsoft", 4, part_of="total")
AMAZON = brought("amazon", 1.2, part_of="total")


class TestTotals:
    def test_may_2024_a_total_of_15_of_which_parts_say_5_2(self) -> None:
        found = only(rolled(TOTAL_2024, MICROSOFT, AMAZON))
        assert split(found) == decimals("15", "5.2", "0", "9.8")
        assert (found.pledges, found.coverage.pledges) == (1, 3)
        [total] = found.totals
        assert (total.pledge, total.sum, total.difference) == ("total", *decimals("5.2", "9.8"))
        assert [(part.pledge, part.announced) for part in total.parts] == [
            ("amazon", Decimal("1.2")),
            ("microsoft", Decimal(4)),
        ]
        assert total.because == "15 EUR announced; the parts on record come to 5.2; 9.8 has no pledge here."

    def test_may_2025_20_new_17_restated_and_a_rest_beside_another_total(self) -> None:
        other = OtherTarget(Decimal("40.8"), Source(title="Another paper"))
        total = brought("total", 37.3, other_targets=(other,))
        new = brought("new", 20, part_of="total")
        again = brought("again", 17, part_of="total", restates=("before",))
        found = only(rolled(total, new, again))
        assert split(found) == decimals("37.3", "20", "17", "0.3")
        [conflicting] = found.conflicting
        assert (conflicting.pledge, conflicting.unit, conflicting.other) == ("total", "EUR", other)
        assert [part.is_restated for part in found.totals[0].parts] == [True, False]

    def test_without_parts_and_restatements_all_is_new(self) -> None:
        assert split(only(rolled(brought("a", 2), brought("b", 3)))) == decimals("5", "5", "0", "0")

    def test_a_total_that_restates_is_restated_whatever_its_parts_say(self) -> None:
        found = only(rolled(brought("a", 3, restates=("x",)), brought("b", 1, part_of="a")))
        assert split(found) == decimals("3", "0", "3", "0")

    def test_parts_of_parts_count_inside_the_outermost(self) -> None:
        chain = (brought("a", 10), brought("b", 6, part_of="a"), brought("c", 5, part_of="b"))
        found = only(rolled(*chain))
        assert split(found) == decimals("10", "5", "0", "5")
        assert [split(total) for total in found.totals] == [
            decimals("10", "5", "0", "5"),
            decimals("6", "5", "0", "1"),
        ]

    def test_parts_that_come_to_more_than_their_total_are_told(self) -> None:
        [total] = only(rolled(brought("a", 3), brought("b", 4, part_of="a"))).totals
        assert (total.difference, total.unexplained) == decimals("-1", "-1")
        assert total.because == "3 EUR announced; the parts on record come to 4, 1 more than announced."
        [exact] = only(rolled(brought("a", 4), brought("b", 4, part_of="a"))).totals
        assert exact.because.endswith("come to 4, which is all of it.")

    def test_a_part_whose_total_lies_outside_counts_by_itself(self) -> None:
        assert split(only(rolled(MICROSOFT, AMAZON))) == decimals("5.2", "5.2", "0", "0")

    def test_a_total_above_one_that_lies_outside_still_holds_the_part(self) -> None:
        found = rolled(brought("a", 10), brought("c", 5, part_of="b"), beyond={"b": Named("a")})
        assert split(only(found)) == decimals("10", "5", "0", "5")

    def test_a_total_that_does_not_count_hands_its_parts_up(self) -> None:
        gone = brought("b", None, part_of="a", reason=Reason.WITHDRAWN)
        found = rolled(brought("a", 10), gone, brought("c", 5, part_of="b"))
        assert only(found).totals[0].sum == 5
        assert reasons(found) == {"b": Reason.WITHDRAWN}

    def test_a_part_in_another_unit_counts_there(self) -> None:
        found = rolled(brought("a", 10), brought("b", 5, part_of="a", unit="job"))
        assert [amount.unit for amount in found.amounts] == ["EUR", "job"]
        assert [amount.announced for amount in found.amounts] == [10, 5]


class TestDelivered:
    def test_a_totals_own_figure_goes_before_those_of_its_parts(self) -> None:
        found = only(rolled(brought("a", 10, 4), brought("b", 5, 3, part_of="a")))
        assert found.delivered.accepted == 4
        assert found.totals[0].basis.accepted == "figure"
        assert (found.completion.share, found.completion.denominator) == decimals("0.4", "10")

    def test_without_one_its_parts_are_added_up(self) -> None:
        parts = (brought("b", 5, 3, part_of="a"), brought("c", 2, 1, part_of="a"))
        found = only(rolled(brought("a", 10), *parts))
        assert found.delivered.accepted == 4
        assert found.totals[0].basis.accepted == "parts"

    def test_what_is_claimed_is_shown_apart(self) -> None:
        total = brought("a", 10, claimed=Decimal(7))
        found = only(rolled(total, brought("b", 5, 3, part_of="a")))
        assert found.delivered == Delivered(Decimal(3), Decimal(7))
        assert (found.totals[0].basis.accepted, found.totals[0].basis.claimed) == ("parts", "figure")
        assert found.coverage.with_figure == 2

    def test_silence_is_no_zero(self) -> None:
        found = only(rolled(brought("a", 10)))
        assert found.delivered == Delivered(None, None)
        assert (found.completion.share, found.completion.numerator) == (None, None)
        assert (found.coverage.pledges, found.coverage.with_figure) == (1, 0)
        assert found.coverage.share == 0

    def test_a_restatement_of_what_counts_delivers_nothing_of_its_own(self) -> None:
        found = rolled(brought("a", 5, 2), brought("b", 5, 2, restates=("a",)))
        assert only(found).announced == 10
        assert only(found).restated == 5
        assert only(found).delivered.accepted == 2
        assert only(found).completion.denominator == 5
        assert reasons(found) == {"b": Reason.RESTATED_FIGURE}

    def test_a_restatement_of_what_lies_outside_delivers(self) -> None:
        found = rolled(brought("b", 5, 2, restates=("a",)))
        assert only(found).delivered.accepted == 2
        assert found.not_added == []

    def test_a_total_whose_parts_count_elsewhere_too_goes_by_its_parts(self) -> None:
        found = rolled(
            brought("old", 17, 6),
            brought("total", 37, 10),
            brought("again", 17, 6, part_of="total", restates=("old",)),
            brought("new", 20, 4, part_of="total"),
        )
        assert only(found).delivered.accepted == 10
        assert only(found).completion.denominator == 37
        assert reasons(found) == {"again": Reason.RESTATED_FIGURE, "total": Reason.OVERLAPPING_FIGURE}

    def test_of_two_that_restate_the_same_the_first_announced_delivers(self) -> None:
        later = brought("a", 5, 3, restates=("x",), announced_on=DAY + timedelta(1))
        found = rolled(later, brought("b", 5, 2, restates=("x",)))
        assert only(found).delivered.accepted == 2
        assert reasons(found) == {"a": Reason.RESTATED_FIGURE}


class TestWhatDoesNotAdd:
    @pytest.mark.parametrize(
        ("changes", "reason"),
        [
            ({"comparator": "event", "target": None}, Reason.EVENT),
            ({"target": None}, Reason.NO_TARGET),
            ({"unit": None}, Reason.NO_UNIT),
            ({"unit": "%"}, Reason.PERCENTAGE),
            ({"unit": "Percent"}, Reason.PERCENTAGE),
            ({"comparator": "at_most"}, Reason.CAP),
            ({"target": -5}, Reason.LOWER_IS_BETTER),
            ({}, None),
            ({"comparator": "up_to"}, None),
        ],
    )
    def test_each_has_its_reason(self, changes: dict[str, Any], reason: Reason | None) -> None:
        found = seen(record(pledge(**{"unit": "job", **changes})), "2025-02-01")
        assert found.reason is reason
        assert (found.promised is None) == (reason is not None)

    def test_what_was_withdrawn_by_then(self) -> None:
        told = record(pledge(unit="job"), withdrawals=(withdrawn("2025-03-01"),))
        assert seen(told, "2025-02-28").reason is None
        assert seen(told, "2025-03-01").reason is Reason.WITHDRAWN

    def test_what_was_there_at_the_start_was_neither_promised_nor_delivered(self) -> None:
        found = seen(record(pledge(unit="job", baseline=30), update("2025-02-01", 40)), "2025-03-01")
        assert (found.promised, found.accepted, found.claimed) == decimals("70", "10", "10")

    def test_what_waits_for_a_reviewer_is_claimed_and_not_delivered(self) -> None:
        told = record(pledge(unit="job"), update("2025-02-01", 40, review=Review.SUBMITTED))
        assert seen(told, "2025-01-31").claimed is None
        found = seen(told, "2025-03-01")
        assert (found.accepted, found.claimed) == (None, Decimal(40))

    def test_every_reason_has_its_sentence(self) -> None:
        assert SENTENCES.keys() == set(Reason)
        assert rolled(brought("a", None, reason=Reason.CAP)).not_added[0].detail == SENTENCES[Reason.CAP]

    def test_all_pledges_are_counted_by_status(self) -> None:
        found = rolled(brought("a", 1), brought("b", None, reason=Reason.EVENT))
        assert found.pledges == 2
        assert found.by_status["in_progress"] == 2
        assert sum(found.by_status.values()) == 2
        assert found.by_status.keys() == {status.value for status in Status}


class TestCurrencies:
    FIVE = (brought("a", 4), brought("b", 1.2))

    def test_money_is_converted_by_the_rate_given_and_shows_it(self) -> None:
        dated = rate("EUR", "USD", "1.0769")
        found = roll_up(self.FIVE, {}, Conversion("USD", [dated]))
        assert (only(found).unit, only(found).announced) == ("USD", Decimal("5.59988"))
        assert found.rates == [dated]

    def test_the_rate_the_other_way_round_serves_and_only_the_end_is_rounded(self) -> None:
        found = roll_up(self.FIVE, {}, Conversion("USD", [rate("USD", "EUR", "0.93")]))
        assert only(found).announced == Decimal("5.591398")

    def test_the_direct_rate_goes_first(self) -> None:
        both = [rate("USD", "EUR", "0.9"), rate("EUR", "USD", "2")]
        assert only(roll_up(self.FIVE, {}, Conversion("USD", both))).announced == Decimal("10.4")

    def test_without_a_rate_amounts_stay_in_their_currency_and_say_so(self) -> None:
        dollars = brought("c", 3, unit="USD")
        found = roll_up((*self.FIVE, dollars), {}, Conversion("USD", [rate("EUR", "GBP", "0.85")]))
        assert [(a.unit, a.announced) for a in found.amounts] == [("EUR", Decimal("5.2")), ("USD", 3)]
        assert reasons(found) == {"a": Reason.NO_RATE, "b": Reason.NO_RATE}
        assert found.rates == []

    def test_what_is_no_money_stays_what_it_is(self) -> None:
        found = roll_up([brought("a", 3, unit="job")], {}, Conversion("USD"))
        assert (only(found).unit, found.not_added) == ("job", [])

    def test_parts_in_another_currency_find_their_total_once_converted(self) -> None:
        both = (brought("a", 10), brought("b", 4, part_of="a", unit="USD"))
        found = only(roll_up(both, {}, Conversion("EUR", [rate("USD", "EUR", "0.5")])))
        assert split(found) == decimals("10", "2", "0", "8")

    def test_codes_are_iso_4217(self) -> None:
        assert {"EUR", "USD", "JPY"} <= CURRENCIES
        assert all(len(code) == 3 and code.isalpha() and code.isupper() for code in CURRENCIES)


def contributions(world: World) -> list[Contribution]:
    return [
        brought(
            key,
            world.worth(key),
            world.worth(key) if key in world.reported else None,
            part_of=world.part_of[key],
            restates=world.restates[key],
            announced_on=world.days[key],
        )
        for key in world.scope
    ]


worlds = st.randoms(use_true_random=False).map(World)


@given(world=worlds)
def test_no_deed_is_delivered_twice(world: World) -> None:
    for amount in roll_up(contributions(world), world.beyond(), Conversion()).amounts:
        assert max(digits(amount.delivered.accepted), default=0) <= 1


@given(world=worlds)
def test_new_restated_and_unexplained_make_up_what_was_announced(world: World) -> None:
    for amount in roll_up(contributions(world), world.beyond(), Conversion()).amounts:
        shown: list[Amount | Total] = [amount, *amount.totals]
        for of in shown:
            assert of.new + of.restated + of.unexplained == of.announced


@given(world=worlds)
def test_parts_are_in_their_totals_and_nowhere_else(world: World) -> None:
    for amount in roll_up(contributions(world), world.beyond(), Conversion()).amounts:
        inside = [part.pledge for total in amount.totals for part in total.parts]
        assert len(inside) == len(set(inside)) == amount.coverage.pledges - amount.pledges
        outside = [c for c in contributions(world) if c.pledge not in inside]
        assert amount.announced == sum(c.promised or 0 for c in outside)


@given(world=worlds, rng=st.randoms(use_true_random=False))
def test_the_order_of_pledges_plays_no_part(world: World, rng: Random) -> None:
    others = contributions(world)
    rng.shuffle(others)
    again = roll_up(others, world.beyond(), Conversion())
    assert again == roll_up(contributions(world), world.beyond(), Conversion())


@given(world=worlds)
def test_another_unit_changes_nothing(world: World) -> None:
    before = roll_up(contributions(world), world.beyond(), Conversion())
    stranger = brought("stranger", 7, 3, unit="job", part_of="p0", restates=("p1",))
    after = roll_up([*contributions(world), stranger], world.beyond(), Conversion())
    assert [amount for amount in after.amounts if amount.unit == "EUR"] == list(before.amounts)


@given(world=worlds, amount=st.decimals("0.01", "100", places=2))
def test_converting_there_and_back_gives_the_same_shares(world: World, amount: Decimal) -> None:
    before = roll_up(contributions(world), world.beyond(), Conversion())
    after = roll_up(
        contributions(world), world.beyond(), Conversion("USD", [rate("EUR", "USD", str(amount))])
    )
    assert [a.completion.share for a in after.amounts] == [a.completion.share for a in before.amounts]
    for converted, plain in zip(after.amounts, before.amounts, strict=True):
        exact = Fraction(plain.announced) * Fraction(amount)
        assert abs(Fraction(converted.announced) - exact) <= Fraction(1, 2 * 10**6)


def test_links_that_form_a_ring_end_all_the_same() -> None:
    ring = {"x": Named("y", ("y",)), "y": Named("x", ("x",))}
    pledges = (brought("a", 1, 1, part_of="x"), brought("b", 1, 1, restates=("y",)))
    for order in permutations(pledges):
        found = only(rolled(*order, beyond=ring))
        assert (found.announced, found.delivered.accepted) == decimals("2", "1")
