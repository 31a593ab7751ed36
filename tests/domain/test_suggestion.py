"""What the tracker would suggest: from what was said, never from silence."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pledgetracker.domain.because import because
from pledgetracker.domain.pledge import Pledge
from pledgetracker.domain.policy import Policy
from pledgetracker.domain.presets import COLOURS, COMPLETION, OCDS_MILESTONE, POLITICAL, PRESETS
from pledgetracker.domain.record import Record
from pledgetracker.domain.review import Review
from pledgetracker.domain.rubric import Finding, Rating, Rubric, Wording
from pledgetracker.domain.standing import standing
from pledgetracker.domain.suggestion import Suggestion, findings, suggest
from tests.domain.cases import POLICY, day, moved, pledge, record, update, withdrawn
from tests.examples import times
from tests.strategies import days_of, policies, records

# A pledge of 100 by 2025-12-31, announced on 2025-01-01 from 0.
PROMISE = pledge()
EVENT = pledge("event", None)
CAP = pledge("at_most", 50, baseline=40)
CEILING = pledge("up_to")
NO_DEADLINE = pledge(due=None)
FALLING = pledge(target=0, baseline=100)

# today, pledge, reports, what hangs on it; findings; what political, completion, OCDS and colours suggest
CASES: dict[str, tuple[str, Pledge, list[Any], dict[str, Any], str, list[str | None]]] = {
    "met in time": (
        "2026-02-01", PROMISE, [update("2025-12-01", 100)], {},
        "met", ["kept", "complete", "met", "green"],
    ),
    "met before its day": (
        "2025-06-01", PROMISE, [update("2025-05-01", 100)], {},
        "met", ["kept", "complete", "met", "green"],
    ),
    "met with no deadline": (
        "2025-06-01", NO_DEADLINE, [update("2025-05-01", 100)], {},
        "met", ["kept", "complete", "met", "green"],
    ),
    "met late": (
        "2026-02-01", PROMISE, [update("2026-01-05", 100)], {},
        "met_late", ["compromise", "complete", "met", "green"],
    ),
    "met by a deadline that was moved back": (
        "2026-05-01", PROMISE, [update("2026-04-01", 100)], {"reschedules": (moved("2026", "2025-12-01"),)},
        "met_late", ["compromise", "complete", "met", "green"],
    ),
    "short by a fifth, reported for the due day": (
        "2026-02-01", PROMISE, [update("2025-12-31", 80)], {},
        "mostly_delivered half_or_more", ["compromise", "substantial", "partiallyMet", "amber"],
    ),
    "half exactly": (
        "2026-02-01", PROMISE, [update("2026-01-10", 50)], {},
        "mostly_delivered half_or_more", ["compromise", "substantial", "partiallyMet", "amber"],
    ),
    "half but for a millionth": (
        "2026-02-01", PROMISE, [update("2026-01-10", "49.9999999")], {},
        "partly_delivered less_than_half", [None, "limited", "partiallyMet", "red"],
    ),
    "nothing, and said so": (
        "2026-02-01", PROMISE, [update("2026-01-10", 0)], {},
        "not_delivered none_done", ["broken", "not_started", "notMet", "red"],
    ),
    "further away than at the start": (
        "2026-02-01", FALLING, [update("2026-01-10", 120)], {},
        "not_delivered none_done", ["broken", "not_started", "notMet", "red"],
    ),
    "no change since, reported after the due day": (
        "2026-02-01", PROMISE, [update("2025-06-01", 20), update("2026-01-10")], {},
        "partly_delivered less_than_half", [None, "limited", "partiallyMet", "red"],
    ),
    "silence since before the due day": (
        "2026-02-01", PROMISE, [update("2025-12-30", 10)], {},
        "no_final_report less_than_half", [None, "limited", None, None],
    ),
    "silence for ever": (
        "2030-02-01", PROMISE, [], {},
        "no_report_ever", ["not_yet_rated", "no_evidence", None, None],
    ),
    "sources that disagree about the end": (
        "2026-02-01", PROMISE, [update("2026-01-10", 0), update("2026-01-10", 90)], {},
        "undecidable none_done", [None, "not_started", None, None],
    ),
    "silence since a report of nothing": (
        "2026-02-01", PROMISE, [update("2025-12-30", 0)], {},
        "no_final_report none_done", [None, "not_started", None, None],
    ),
    "a ceiling with a figure below it": (
        "2026-02-01", CEILING, [update("2026-01-10", 10)], {},
        "undecidable less_than_half", [None, "limited", None, None],
    ),
    "a ceiling in silence": (
        "2026-02-01", CEILING, [], {},
        "no_report_ever", ["not_yet_rated", "no_evidence", None, None],
    ),
    "a cap that was kept": (
        "2026-02-01", CAP, [update("2025-12-31", 50), update("2026-01-10", 70)], {},
        "met", ["kept", "complete", "met", "green"],
    ),
    "a cap that was not kept": (
        "2026-02-01", CAP, [update("2025-12-31", 51)], {},
        "not_delivered", ["broken", "not_started", "notMet", "red"],
    ),
    "a cap with a figure of the day after alone": (
        "2026-02-01", CAP, [update("2026-01-01", 51)], {},
        "no_final_report", [None, None, None, None],
    ),
    "a cap above which it is": (
        "2025-06-01", CAP, [update("2025-05-01", 51)], {},
        "off_track", ["in_the_works", None, "scheduled", "red"],
    ),
    "an event reported undone after its day": (
        "2026-02-01", EVENT, [update("2026-01-10", said=False)], {},
        "not_delivered", ["broken", "not_started", "notMet", "red"],
    ),
    "an event last heard of before its day": (
        "2026-02-01", EVENT, [update("2025-12-30", said=False)], {},
        "no_final_report", [None, None, None, None],
    ),
    "an event on its way": (
        "2025-06-01", EVENT, [update("2025-05-01", said=False)], {},
        "in_progress", ["in_the_works", None, "scheduled", None],
    ),
    "withdrawn": (
        "2025-06-01", PROMISE, [update("2025-05-01", 90)], {"withdrawals": (withdrawn("2025-05-20"),)},
        "withdrawn", [None, None, None, None],
    ),
    "met once, not any more": (
        "2025-06-01", PROMISE, [update("2025-04-01", 100), update("2025-05-01", 60)], {},
        "reversed on_track half_or_more", ["in_the_works", "substantial", "scheduled", "green"],
    ),
    "on track": (
        "2025-06-01", PROMISE, [update("2025-05-01", 40)], {},
        "on_track less_than_half", ["in_the_works", "limited", "scheduled", "green"],
    ),
    "at risk": (
        "2025-07-10", PROMISE, [update("2025-07-02", 40)], {},
        "at_risk less_than_half", ["in_the_works", "limited", "scheduled", "amber"],
    ),
    "off track and long silent, its day still to come": (
        "2025-12-01", PROMISE, [update("2025-05-01", 5)], {},
        "off_track less_than_half", ["in_the_works", "limited", "scheduled", "red"],
    ),
    "reported on and not begun": (
        "2025-06-01", PROMISE, [update("2025-05-01")], {},
        "not_begun off_track none_done", ["not_yet_rated", "not_started", "scheduled", "red"],
    ),
    "nothing reported yet": (
        "2025-03-01", PROMISE, [], {},
        "no_report_yet", ["not_yet_rated", "no_evidence", "scheduled", None],
    ),
    "reported as met, and not yet accepted": (
        "2026-02-01", PROMISE, [update("2025-12-31", 100, review=Review.SUBMITTED)], {},
        "no_report_ever", ["not_yet_rated", "no_evidence", None, None],
    ),
    "begun, with no deadline": (
        "2025-06-01", NO_DEADLINE, [update("2025-05-01", 70)], {},
        "in_progress half_or_more", ["in_the_works", "substantial", "scheduled", None],
    ),
}  # fmt: skip


def suggested(rubric: Rubric, promised: Record, today: str, policy: Policy = POLICY) -> Suggestion:
    return suggest(rubric, promised, standing(promised, policy, today=day(today)), policy)


@pytest.mark.parametrize(
    ("today", "promised", "reports", "hanging", "found", "ratings"), CASES.values(), ids=CASES.keys()
)
def test_a_standing_amounts_to_findings_and_each_rubric_makes_of_them_what_it_says(
    today: str,
    promised: Pledge,
    reports: list[Any],
    hanging: dict[str, Any],
    found: str,
    ratings: list[str | None],
) -> None:
    known = record(promised, *reports, **hanging)
    stands = standing(known, POLICY, today=day(today))
    assert " ".join(findings(known, stands)) == found
    assert [
        suggest(rubric, known, stands, POLICY).rating_id
        for rubric in (POLITICAL, COMPLETION, OCDS_MILESTONE, COLOURS)
    ] == ratings


@pytest.mark.parametrize(
    ("today", "reports", "reason"),
    [
        (
            "2026-02-01",
            [update("2025-12-01", 100)],
            "Met in time: 100 reported as of 1 December 2025, against at least 100 due by 31 December 2025.",
        ),
        (
            "2026-02-01",
            [update("2026-01-10", 0)],
            (
                "The deadline has come, with nothing delivered, as was reported for it; due by 31 December"
                " 2025, 32 days ago: 0 reported as of 10 January 2026, against at least 100."
            ),
        ),
        (
            "2026-02-01",
            [update("2025-12-30", 10)],
            (
                "The deadline has come, and no report that counts is of that day or a later one; due"
                " by 31 December 2025, 32 days ago: 10 reported as of 30 December 2025, against at least 100;"
                " what that amounts to is for people to say."
            ),
        ),
    ],
)
def test_the_reason_is_one_sentence_with_the_numbers(today: str, reports: list[Any], reason: str) -> None:
    assert suggested(POLITICAL, record(PROMISE, *reports), today).reason == reason


def test_a_rubric_without_rules_leaves_everything_to_people() -> None:
    words = Wording("Words")
    scale = Rubric("scale", 1, words, (Rating("a", words, words), Rating("b", words, words)))
    found = suggested(scale, record(PROMISE, update("2025-12-01", 100)), "2026-02-01")
    assert (found.rating, found.finding) == (None, Finding.MET)
    assert found.reason.endswith("; what that amounts to is for people to say.")


@given(data=st.data(), known=records(), policy=policies())
@times(2)
def test_silence_alone_never_suggests_a_final_rating(
    data: st.DataObject, known: Record, policy: Policy
) -> None:
    """Whatever was promised, however late it is: without reports and withdrawal nothing is final."""
    silent = replace(known, updates=(), withdrawals=())
    today = data.draw(days_of(known))
    stands = standing(silent, policy, today=today)
    for rubric in PRESETS:
        found = suggest(rubric, silent, stands, policy)
        assert found.rating is None or not found.rating.is_final


@given(data=st.data(), known=records(), policy=policies())
@times(2)
def test_what_is_final_while_unmet_rests_on_a_report_of_the_due_day_or_later(
    data: st.DataObject, known: Record, policy: Policy
) -> None:
    today = data.draw(days_of(known))
    stands = standing(known, policy, today=today)
    assert findings(known, stands)
    for rubric in PRESETS:
        found = suggest(rubric, known, stands, policy)
        assert found.reason.endswith(".")
        assert because(known, stands, policy)[1:-1] in found.reason
        if found.rating is None or not found.rating.is_final or found.finding in {"met", "met_late"}:
            continue
        due = known.due_on(today)
        assert due is not None
        assert due.date < today
        assert known.reports_until(today)[-1].as_of >= due.date
