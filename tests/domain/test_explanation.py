"""An explanation gives the same numbers as the standing, and each follows from what it says."""

import re
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pledgetracker.domain.agenda import EntryKind
from pledgetracker.domain.explanation import Explanation, explain, known_by
from pledgetracker.domain.flag import FlagKind
from pledgetracker.domain.numbers import rounded
from pledgetracker.domain.pledge import Baseline
from pledgetracker.domain.policy import Policy
from pledgetracker.domain.record import Record
from pledgetracker.domain.review import Resolution, Review
from pledgetracker.domain.roles import Role
from pledgetracker.domain.standing import standing
from pledgetracker.domain.update import Correction, ProgressUpdate
from tests.domain.cases import RECORDED, day, milestone, moved, pledge, record, update, withdrawn
from tests.examples import times
from tests.strategies import days_of, policies, reviewed_records

ANNOUNCED = day("2024-05-13")
GOLDEN = record(
    replace(
        pledge(target=1_000_000, due="2027", unit="person"),
        announced_on=ANNOUNCED,
        baseline=Baseline(Decimal(0), ANNOUNCED),
    ),
    update("2025-11-04", 250_000),
)


def golden() -> Explanation:
    return explain(GOLDEN, Policy(), today=day("2025-11-04"))


def test_every_number_of_the_golden_case_with_the_numbers_put_in() -> None:
    told = {formula.name: (formula.filled, str(formula.result)) for formula in golden().formulas}
    assert told == {
        "completion": ("(250000 − 0) / (1000000 − 0)", "0.25"),
        "expected": ("0 + (1000000 − 0) × 540 / 1327", "406932.931424"),
        "gap": ("250000 − 406932.931424…", "-156932.931424"),
        "pace": ("(250000 − 0) / (406932.931424… − 0)", "0.614352"),
        "days_ahead": ("⌊331.75 − 540⌋, both in days after 2024-05-13", "-209"),
        "current_rate": ("(250000 − 0) / 540", "462.962963"),
        "required_rate": ("(1000000 − 250000) / 787", "952.986023"),
        "projected_value": ("0 + (250000 − 0) × 1327 / 540", "614351.851852"),
        "projected_date": ("2024-05-13 + ⌈(1000000 − 0) × 540 / (250000 − 0)⌉ days", "2030-04-12"),
    }


def evaluated(formula: str, letters: dict[str, Fraction] | None = None) -> Fraction:
    """What a formula comes to, its text read as the arithmetic that it is; nothing is rounded to days."""
    text = formula.partition(",")[0].removesuffix(" days").replace("−", "-").replace("×", "*")
    text = re.sub(r"^(t0|\d{4}-\d\d-\d\d) \+ (?=⌈)", "", text)
    text = re.sub(r"[⌊⌋⌈⌉]", "", text)
    exactly = re.sub(r"\b\d+(?:\.\d+)?\b", lambda number: f"Fraction('{number[0]}')", text)
    exactly = exactly if letters is None else text
    return Fraction(eval(exactly, {"__builtins__": {}, "Fraction": Fraction}, letters or {}))


def letters_of(told: Explanation) -> dict[str, Fraction]:
    """The letters, days counted as numbers."""
    found = {
        symbol.symbol: Fraction(value.toordinal() if isinstance(value, date) else value)
        for symbol in told.symbols
        if (value := symbol.value) is not None
    }
    exact = {formula.name: formula.exact for formula in told.formulas}
    if exact["expected"] is not None:
        found["expected"] = exact["expected"]
    return found


@given(data=st.data(), record=reviewed_records(), policy=policies())
@times(2)
def test_the_numbers_are_those_of_the_standing_to_the_digit(
    data: st.DataObject, record: Record, policy: Policy
) -> None:
    today = data.draw(days_of(record))
    progress = standing(record, policy, today=today).progress
    for formula in explain(record, policy, today=today).formulas:
        assert formula.result == getattr(progress, formula.name), formula
        assert (formula.result is None) == (formula.undefined is not None) == (formula.filled is None)


@given(data=st.data(), record=reviewed_records(), policy=policies())
@times(2)
def test_each_formula_comes_to_its_outcome_when_its_letters_are_filled_in(
    data: st.DataObject, record: Record, policy: Policy
) -> None:
    told = explain(record, policy, today=data.draw(days_of(record)))
    letters = letters_of(told)
    is_falling = "V" in letters and letters["V"] < letters["v0"]
    for formula in told.formulas:
        if formula.exact is None or formula.filled is None:
            continue
        if "…" not in formula.filled:
            assert evaluated(formula.filled) == formula.exact, formula
        if formula.name not in {"expected", "days_ahead"}:  # these name points of the path besides
            text = formula.formula.removesuffix(" where lower is better").split("; ")[
                is_falling if formula.name == "gap" else 0
            ]
            assert evaluated(text, letters) == formula.exact, formula
        if isinstance(formula.result, Decimal):
            assert rounded(formula.exact) == formula.result


@given(data=st.data(), record=reviewed_records(), policy=policies())
@times(2)
def test_the_updates_that_count_make_the_figure(data: st.DataObject, record: Record, policy: Policy) -> None:
    today = data.draw(days_of(record))
    told = explain(record, policy, today=today)
    by_role: dict[Role, list[Any]] = {role: [] for role in Role}
    for part in told.parts:
        by_role[part.role].append(part.update)
    figure = record.figure_on(today)
    if figure is not None:
        totals = {u.value for u in by_role[Role.MAKES]}
        assert len(totals) <= 1
        start = next(iter(totals), record.pledge.baseline.value)
        assert start + sum(u.increment for u in by_role[Role.ADDS]) == figure.value
        counting = (Role.MAKES, Role.ADDS, Role.CONFIRMS)
        assert max(u.as_of for role in counting for u in by_role[role]) == figure.as_of
    else:
        assert not any(by_role[role] for role in (Role.MAKES, Role.ADDS, Role.CONFIRMS))


@given(data=st.data(), record=reviewed_records(), policy=policies())
@times(2)
def test_whatever_stands_is_explained_and_whatever_comes_lies_ahead(
    data: st.DataObject, record: Record, policy: Policy
) -> None:
    today = data.draw(days_of(record))
    told = explain(record, policy, today=today)
    stands = told.standing
    said = {reason.about: reason.word for reason in told.reasons}
    assert said == {
        "delivery": stands.delivery.value,
        "reporting": stands.reporting.value,
        "schedule": stands.schedule.value,
        "status": stands.status.value,
    }
    assert [found.flag for found in told.flags] == list(stands.flags)
    assert [found.stage for found in told.milestones] == list(stands.milestones)
    days = [entry.on for entry in told.agenda]
    assert days == sorted(days)
    assert all(on >= today for on in days)
    sentences = [
        *(reason.rule for reason in told.reasons),
        *(found.rule for found in told.milestones),
        *(found.why for found in told.flags),
        *(part.why for part in told.parts),
        *(entry.words for entry in told.agenda),
    ]
    assert all(sentence.endswith(".") and len(sentence) < 400 for sentence in sentences)


@given(data=st.data(), record=reviewed_records(), policy=policies())
def test_the_agenda_says_when_the_next_flag_opens(
    data: st.DataObject, record: Record, policy: Policy
) -> None:
    today = data.draw(days_of(record))
    told = explain(record, policy, today=today)
    foreseen = [entry for entry in told.agenda if entry.kind is EntryKind.FLAG_OPENS]
    for entry in foreseen[:2]:
        later = standing(known_by(record, today), policy, today=entry.on).flags
        assert any((flag.kind, flag.milestone) == (entry.flag, entry.milestone) for flag in later)


def test_what_comes_next_of_the_golden_case() -> None:
    told = [(str(entry.on), entry.kind.value, entry.words) for entry in golden().agenda]
    assert told[2:6] == [
        ("2026-02-02", "report_due", "A report is due, with grace until 2026-03-04."),
        ("2026-02-02", "alert", "Alert: behind, for 90 days."),
        ("2026-03-05", "flag_opens", "Stale from this day on, unless something is reported before."),
        ("2026-03-05", "alert", "Alert: stale."),
    ]
    assert ("2027-12-01", "alert", "T−30 alert: 'target' is due in 30 days, with no progress.") in told
    assert told[-7:-3] == [
        ("2027-12-31", "due", "The last day of 'target'."),
        ("2028-01-01", "flag_clears", "The flag no_progress on 'target' closes."),
        ("2028-01-01", "flag_opens", "'target' is overdue from this day on, unless it is met before."),
        ("2028-01-01", "alert", "Alert: 'target' is overdue, by 1 day."),
    ]


def roles(*updates: ProgressUpdate, **more: Any) -> dict[int, str]:
    """The role of each update on 2025-06-30."""
    told = explain(record(pledge(**more), *updates), Policy(), today=day("2025-06-30"))
    return {part.update.number: part.role.value for part in told.parts}


def test_why_each_update_counts_or_does_not() -> None:
    assert roles(
        update("2024-12-01", 1),
        update("2025-02-01", 5),
        update("2025-03-01", 20),
        update("2025-03-01", increment=3),
        update("2025-03-01", 25),
        update("2025-04-01", increment=4),
        update("2025-05-01"),
        update("2025-07-01", 50),
        update("2025-04-02", increment=9),
        update("2025-04-02", increment=8, supersedes=9),
    ) == {
        1: "before_baseline",
        2: "outdated",
        3: "makes",
        4: "included",
        5: "outweighed",
        6: "adds",
        7: "confirms",
        8: "later",
        9: "superseded",
        10: "adds",
    }


def test_only_what_is_accepted_counts_and_a_reviewers_choice_does() -> None:
    said = (
        update("2025-03-01", 20),
        update("2025-03-01", 25),
        update("2025-04-01", 30, review=Review.SUBMITTED),
        update("2025-02-01", 8),
        update("2025-02-01", supersedes=4, reason=Correction.RETRACTED),
    )
    choice = Resolution(1, day("2025-03-01"), None, 2, (1, 2), day("2025-05-01"), None, None, RECORDED)
    chosen = record(pledge(), *said, resolutions=(choice,))
    told = explain(chosen, Policy(), today=day("2025-06-30"))
    assert {part.update.number: (part.role.value, part.why) for part in told.parts} == {
        1: ("outweighed", "Another total of the same day was chosen by a reviewer, and counts instead."),
        2: ("makes", "It is the latest total."),
        3: ("not_accepted", "It is submitted, and only what is accepted counts."),
        4: ("superseded", "Update 5 has taken its place."),
        5: ("retracts", "It takes back update 4, and says nothing itself."),
    }


def test_of_an_event_the_last_word_counts() -> None:
    event = {"comparator": "event", "target": None}
    said = (update("2025-02-01", done=False), update("2025-03-01"), update("2025-04-01", done=True))
    assert roles(*said, **event) == {1: "outdated", 2: "silent", 3: "says_done"}


def test_thresholds_say_where_they_come_from() -> None:
    told = explain(record(pledge("about", cadence_days=60)), Policy(), today=day("2025-06-30"))
    assert {(t.name, str(t.value), t.set_in.value) for t in told.thresholds} == {
        ("cadence_days", "60", "pledge"),
        ("grace_days", "30", "settings"),
        ("tolerance", "0.1", "default"),
        ("on_track_pace", "0.90", "settings"),
        ("at_risk_pace", "0.70", "settings"),
        ("behind_clears_pace", "0.95", "settings"),
        ("lead_days", "90", "settings"),
    }


def test_the_path_goes_through_the_pledgers_milestones() -> None:
    stones = (milestone("half", "2025-06-30", 40), milestone("ours", "2025-09-30", 60, "tracker"))
    told = explain(record(pledge(milestones=stones)), Policy(), today=day("2025-06-30"))
    assert [(p.name, str(p.day), int(p.value)) for p in told.path] == [
        ("baseline", "2025-01-01", 0),
        ("half", "2025-06-30", 40),
        ("target", "2025-12-31", 100),
    ]


def test_what_was_said_or_moved_later_plays_no_part_in_what_comes_next() -> None:
    later = record(
        pledge(),
        update("2025-08-01", 90),
        reschedules=(moved("2027", "2025-09-01"),),
        withdrawals=(withdrawn("2026-02-01"),),
    )
    quiet = record(pledge())
    today = day("2025-06-30")
    assert explain(later, Policy(), today=today).agenda == explain(quiet, Policy(), today=today).agenda


def test_a_withdrawal_that_was_known_closes_what_is_open_when_it_comes() -> None:
    told = explain(
        record(pledge(), withdrawals=(withdrawn("2026-02-01"),)), Policy(), today=day("2026-01-15")
    )
    closing = [entry for entry in told.agenda if entry.kind is EntryKind.FLAG_CLEARS]
    assert [(str(entry.on), entry.flag) for entry in closing] == [
        ("2026-02-01", FlagKind.OVERDUE),
        ("2026-02-01", FlagKind.NEVER_REPORTED),
    ]
    assert max(entry.on for entry in told.agenda) == day("2026-02-01")


def test_of_very_many_updates_the_latest_are_told() -> None:
    many = [update(str(day("2025-01-01") + timedelta(days=n)), n) for n in range(205)]
    told = explain(record(pledge(), *many), Policy(), today=day("2025-12-01"))
    assert (len(told.parts), told.parts_left_out) == (200, 5)
    assert told.parts[0].role is Role.MAKES


def test_reasons_say_the_rule_with_its_numbers() -> None:
    assert [(found.stage.id, found.rule) for found in golden().milestones] == [
        ("target", "Its due day, 2027-12-31, is not over, and it is not met so far.")
    ]
    rules = {reason.about: reason.rule for reason in golden().reasons}
    assert rules["delivery"] == (
        "The figure of 2025-11-04, 250,000 people, has left the baseline, 0, "
        "and is not at least 1,000,000 people."
    )
    assert rules["reporting"] == (
        "The next report is due on 2026-02-02, 90 days after the last report, 2025-11-04."
    )
    assert rules["schedule"] == "The pace on the day of the figure, 0.614352 when rounded, is below 0.70."
    assert rules["status"].startswith(
        "The first of these that an axis says, here schedule: withdrawn, met_late,"
    )
    [found] = golden().flags
    assert found.flag.kind is FlagKind.BEHIND
    assert found.why == (
        "With the figure of 2025-11-04 the pace fell below 0.90, and no figure since then came above 0.95."
    )


@pytest.mark.parametrize(
    ("today", "said"),
    [
        ("2025-12-31", "The due day of 'target', 2025-12-31, has come, and it is not met."),
        ("2026-01-01", "The due day of 'target', 2025-12-31, is over, and it is not met."),
    ],
)
def test_why_a_cap_is_overdue_is_true_on_the_due_day_too(today: str, said: str) -> None:
    told = explain(record(pledge("at_most"), update("2025-12-01", 101)), Policy(), today=day(today))
    assert [found.why for found in told.flags if found.flag.kind is FlagKind.OVERDUE] == [said]
    rule = said.replace("The due day of 'target',", "Its due day,")
    assert told.milestones[-1].rule == rule
    assert ("schedule", "overdue", rule) in [(r.about, r.word, r.rule) for r in told.reasons]
    assert all(entry.kind is not EntryKind.DUE for entry in told.agenda)


def test_what_comes_next_of_a_cap_that_is_not_kept_is_that_it_is_overdue_on_its_due_day() -> None:
    told = explain(record(pledge("at_most"), update("2025-12-01", 101)), Policy(), today=day("2025-12-30"))
    assert [(str(entry.on), entry.words) for entry in told.agenda if entry.milestone == "target"][:3] == [
        ("2025-12-31", "The last day of 'target'."),
        ("2025-12-31", "'target' is overdue from this day on, unless it is met before."),
        ("2026-01-01", "Alert: 'target' is overdue, by 1 day."),
    ]
