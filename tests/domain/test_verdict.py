"""Which verdict is in force: the latest ruling under each version of each rubric, never one taken back."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from random import Random

from hypothesis import given
from hypothesis import strategies as st

from pledgetracker.domain.verdict import Verdict, in_force, retractions

AT = datetime(2026, 1, 1, tzinfo=UTC)
FIRST = date(2026, 1, 1)


def ruled(number: int, rating: str, on: int = 0, rubric: str = "political", version: int = 1) -> Verdict:
    """A ruling some days after the first."""
    day = FIRST + timedelta(days=on)
    return Verdict(number, rubric, version, rating, day, "Ann", "Because.", AT + timedelta(hours=number))


def taken_back(number: int, of: Verdict) -> Verdict:
    """That a ruling was made by mistake."""
    return replace(of, number=number, rating=None, retracts=of.number)


def ratings(verdicts: list[Verdict], on: int = 0) -> list[str | None]:
    return [row.rating for row in in_force(verdicts, FIRST + timedelta(days=on))]


def test_the_latest_ruling_by_its_day_is_in_force_and_of_one_day_the_last_recorded() -> None:
    rows = [ruled(1, "kept", on=5), ruled(2, "stalled", on=2), ruled(3, "broken", on=5)]
    assert [ratings(rows, on=day) for day in (1, 2, 4, 5, 6)] == [
        [],
        ["stalled"],
        ["stalled"],
        ["broken"],
        ["broken"],
    ]


def test_another_rubric_or_another_version_stands_beside_and_replaces_nothing() -> None:
    rows = [
        ruled(1, "kept"),
        ruled(2, "green", rubric="colours"),
        ruled(3, "broken", version=2),
        ruled(4, "red", rubric="colours"),
    ]
    assert [(row.rubric, row.rubric_version, row.rating) for row in in_force(rows, FIRST)] == [
        ("colours", 1, "red"),
        ("political", 1, "kept"),
        ("political", 2, "broken"),
    ]


def test_what_was_taken_back_never_counts_and_what_it_had_replaced_counts_again() -> None:
    first, second = ruled(1, "kept"), ruled(2, "broken", on=1)
    rows = [first, second, taken_back(3, second)]
    assert ratings(rows, on=9) == ["kept"]
    assert retractions(rows) == {2: 3}
    assert ratings([*rows, taken_back(4, first)], on=9) == []


ledgers = st.lists(
    st.tuples(st.sampled_from(["a", "b"]), st.integers(0, 3), st.integers(1, 2), st.booleans()), max_size=12
)


@given(ledgers, st.integers(0, 4), st.randoms(use_true_random=False))
def test_whatever_the_order_of_the_rows_each_scale_has_one_verdict_that_no_other_beats(
    drawn: list[tuple[str, int, int, bool]], on: int, rng: Random
) -> None:
    rows: list[Verdict] = []
    for number, (rubric, day, version, is_mistake) in enumerate(drawn, 1):
        standing = [row for row in rows if row.rating is not None and row.number not in retractions(rows)]
        if is_mistake and standing:
            rows.append(taken_back(number, standing[day % len(standing)]))
        else:
            rows.append(ruled(number, f"r{number}", day, rubric, version))
    today = FIRST + timedelta(days=on)
    found = in_force(rows, today)
    shuffled = list(rows)
    rng.shuffle(shuffled)
    assert in_force(shuffled, today) == found
    eligible = [
        row
        for row in rows
        if row.rating is not None and row.ruled_on <= today and row.number not in retractions(rows)
    ]
    assert [(row.rubric, row.rubric_version) for row in found] == sorted(
        {(row.rubric, row.rubric_version) for row in eligible}
    )
    for row in eligible:
        [chosen] = [v for v in found if (v.rubric, v.rubric_version) == (row.rubric, row.rubric_version)]
        assert (row.ruled_on, row.number) <= (chosen.ruled_on, chosen.number)
