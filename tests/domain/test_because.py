"""The one sentence, with its numbers, behind each headline."""

from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pledgetracker.domain.because import because
from pledgetracker.domain.pledge import Pledge
from pledgetracker.domain.policy import Policy
from pledgetracker.domain.record import Record
from pledgetracker.domain.standing import Status, standing
from pledgetracker.domain.update import ProgressUpdate
from tests.domain.cases import POLICY, day, moved, pledge, record, update, withdrawn
from tests.examples import times
from tests.strategies import days_of, policies, records

PEOPLE = replace(pledge(target=1_000_000, due="2027"), unit="person")


def why(today: str, promised: Pledge, *updates: ProgressUpdate) -> tuple[str, str]:
    known = record(promised, *updates)
    stand = standing(known, POLICY, today=day(today))
    return stand.status.value, because(known, stand, POLICY)


@pytest.mark.parametrize(
    ("today", "promised", "reports", "status", "sentence"),
    [
        (
            "2025-11-05",
            PEOPLE,
            [update("2025-11-04", 250_000)],
            "at_risk",
            (
                "250,000 people reported as of 4 November 2025, where the path expects 280,621.57 "
                "people: 89% of the "
                "pace (on track only from 90%), 34 days behind; at the current rate the target "
                "is reached on "
                "13 May 2028."
            ),
        ),
        (
            "2025-11-05",
            PEOPLE,
            [update("2025-11-04", 281_000)],
            "on_track",
            (
                "281,000 people reported as of 4 November 2025, where the path expects 280,621.57 "
                "people: 100.1% of "
                "the pace (on track from 90%), on the day; at the current rate the target is reached on "
                "30 December 2027."
            ),
        ),
        (
            "2025-11-05",
            PEOPLE,
            [update("2025-11-04", -3)],
            "off_track",
            (
                "-3 people reported as of 4 November 2025, where the path expects 280,621.57 people: "
                "-0.1% of the "
                "pace (off track below 70%), 307 days behind."
            ),
        ),
        (
            "2025-01-01",
            pledge(),
            [update("2025-01-01", 5)],
            "on_track",
            "5 reported as of 1 January 2025, where the path expects 0.",
        ),
        (
            "2025-02-01",
            pledge("exactly", 20),
            [update("2025-02-01", 21)],
            "off_track",
            "21 reported as of 1 February 2025, beyond the target of exactly 20.",
        ),
        (
            "2025-02-01",
            pledge("at_most", 20),
            [update("2025-02-01", 21)],
            "off_track",
            "21 reported as of 1 February 2025, above the cap of at most 20.",
        ),
        (
            "2025-02-01",
            pledge("at_most", 20),
            [update("2025-02-01", 19)],
            "on_track",
            "19 reported as of 1 February 2025, within the cap of at most 20.",
        ),
        (
            "2026-03-01",
            pledge("at_most", 20),
            [update("2025-12-01", 19), update("2026-02-01", 30)],
            "met",
            "Met in time: 19 reported as of 1 December 2025, against at most 20 due by 31 December 2025.",
        ),
        (
            "2026-01-02",
            pledge("at_most", 20),
            [update("2026-01-01", 3)],
            "overdue",
            (
                "Due by 31 December 2025, 2 days ago: no figure for that day or an earlier one, against at "
                "most 20."
            ),
        ),
        (
            "2025-12-31",
            pledge("at_most", 20),
            [update("2025-12-31", 21)],
            "overdue",
            (
                "Due by 31 December 2025, the day that has come: 21 reported as of 31 December 2025, against "
                "at most 20."
            ),
        ),
        (
            "2026-01-01",
            pledge(),
            [],
            "overdue",
            "Due by 31 December 2025, 1 day ago: nothing ever reported, against at least 100.",
        ),
        (
            "2026-01-01",
            pledge(),
            [update("2024-12-01", 5)],
            "overdue",
            (
                "Due by 31 December 2025, 1 day ago: last report as of 1 December 2024, "
                "without a figure, against at least 100."
            ),
        ),
        (
            "2026-01-01",
            pledge("event", None),
            [update("2025-11-01", said=False)],
            "overdue",
            "Due by 31 December 2025, 1 day ago: reported not done as of 1 November 2025, against done.",
        ),
        (
            "2026-01-01",
            pledge("up_to", 25_000),
            [update("2025-11-01", 10), update("2025-11-01", 12)],
            "indeterminate",
            (
                "The deadline of 31 December 2025 has passed: 10 reported as of 1 November 2025 (the least "
                "favourable of "
                "conflicting figures), against up to 25,000, a ceiling below which no sum can call it missed."
            ),
        ),
        (
            "2026-01-01",
            pledge(target=None),
            [update("2025-11-01", 10)],
            "indeterminate",
            (
                "The deadline of 31 December 2025 has passed: 10 reported as of 1 November 2025, against "
                "no stated target, "
                "nothing to hold it to."
            ),
        ),
        (
            "2026-02-01",
            pledge(),
            [update("2026-01-01", 100)],
            "met_late",
            (
                "Met 1 day after the deadline: 100 reported as of 1 January 2026, "
                "against at least 100 due by 31 December 2025."
            ),
        ),
        (
            "2026-02-01",
            pledge(due=None),
            [update("2026-01-01", 100)],
            "met",
            "Met: 100 reported as of 1 January 2026, against at least 100.",
        ),
        (
            "2025-03-01",
            pledge(),
            [update("2025-02-01", 100), update("2025-02-02", 90)],
            "reversed",
            (
                "The target was met once and is not any more: 90 reported as of 2 February 2025, "
                "against at least 100 "
                "due by 31 December 2025."
            ),
        ),
        (
            "2025-05-02",
            pledge(),
            [],
            "never_reported",
            (
                "Nothing reported since the announcement on 1 January 2025: a report "
                "was due on 1 April 2025, 31 days ago."
            ),
        ),
        (
            "2025-06-01",
            pledge(),
            [update("2025-01-31", 5)],
            "stale",
            (
                "Last reported on 31 January 2025: a report was due on 1 May 2025, 31 days ago; 5 reported "
                "as of "
                "31 January 2025."
            ),
        ),
        (
            "2025-02-01",
            pledge(),
            [],
            "not_started",
            (
                "Nothing ever reported, against at least 100, due by 31 December 2025; the next report is "
                "due on "
                "1 April 2025."
            ),
        ),
        (
            "2025-02-01",
            pledge(due=None),
            [update("2025-01-31", 5)],
            "in_progress",
            "5 reported as of 31 January 2025 (5%), against at least 100, with no deadline.",
        ),
        (
            "2025-02-01",
            pledge(due=None),
            [update("2025-01-31", -5)],
            "regressing",
            "-5 reported as of 31 January 2025 (-5%), against at least 100, with no deadline.",
        ),
    ],
)
def test_each_headline_has_its_sentence(
    today: str, promised: Pledge, reports: list[ProgressUpdate], status: str, sentence: str
) -> None:
    assert why(today, promised, *reports) == (status, sentence)


def test_a_withdrawn_pledge_says_since_when_and_what_had_been_reported() -> None:
    known = record(pledge(), update("2025-02-01", 5), withdrawals=(withdrawn("2025-03-01"),))
    stand = standing(known, POLICY, today=day("2025-03-01"))
    assert because(known, stand, POLICY) == (
        "Withdrawn with effect from 1 March 2025: 5 reported as of 1 February 2025, against at least 100."
    )


@pytest.mark.parametrize(
    ("comparator", "hedge"),
    [
        ("at_least", "no more than 40"),
        ("more_than", "less than 40"),
        ("about", "about 40"),
        ("up_to", "down to 40"),
        ("exactly", "exactly 40"),
    ],
)
def test_where_lower_is_better_the_hedge_is_turned_round(comparator: str, hedge: str) -> None:
    _, sentence = why("2025-02-01", pledge(comparator, 40, baseline=100))
    assert f"against {hedge}, due" in sentence


def test_a_small_number_is_not_rounded_to_nothing() -> None:
    _, sentence = why("2025-02-01", pledge(target="0.005"), update("2025-02-01", "0.001"))
    assert sentence.startswith("0.001 reported as of 1 February 2025, where the path expects 0.000426:")
    _, sentence = why("2026-02-01", pledge(target="1.005"), update("2025-02-01", "1.004999"))
    assert "1.004999 reported as of 1 February 2025, against at least 1.005." in sentence


def test_a_pace_that_just_misses_the_threshold_does_not_seem_to_reach_it() -> None:
    status, sentence = why("2025-04-11", pledge(target=364_000), update("2025-04-11", 89_960))
    assert status == "at_risk"
    assert "89.9% of the pace (on track only from 90%)" in sentence


def test_the_deadline_named_is_the_one_in_force() -> None:
    known = record(pledge(), reschedules=(moved("2026-06-30", "2025-02-01"),))
    stand = standing(known, POLICY, today=day("2025-03-01"))
    assert "due by 30 June 2026" in because(known, stand, POLICY)


def numbers_of(known: Record, status: Status) -> list[str]:
    """What a reader must find in the sentence whatever else it says."""
    if status in {Status.NEVER_REPORTED, Status.STALE}:
        return []
    target = known.pledge.target
    return [f"{target.normalize():,f}"] if isinstance(target, Decimal) else []


@given(data=st.data(), known=records(), policy=policies())
@times(3)
def test_every_standing_has_one_sentence_with_its_numbers(
    data: st.DataObject, known: Record, policy: Policy
) -> None:
    stand = standing(known, policy, today=data.draw(days_of(known)))
    sentence = because(known, stand, policy)
    assert sentence.endswith(".")
    assert ". " not in sentence
    shown = numbers_of(known, stand.status)
    judged_by_path = stand.status in {Status.ON_TRACK, Status.AT_RISK, Status.OFF_TRACK}
    assert judged_by_path or all(number in sentence for number in shown)
    assert any(character.isdigit() for character in sentence) or not (shown or stand.due)
