# ruff: noqa: RUF001 -- French is read here as it is set, with typographic apostrophes

import json
import re
import shlex
from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from pledgetracker.domain.alert import AlertKind, NewsKind
from pledgetracker.domain.days import Due
from pledgetracker.domain.flag import FlagKind
from pledgetracker.domain.notice import Notice
from pledgetracker.domain.pledge import Contact, Reschedule, SetBy
from pledgetracker.domain.record import Record
from pledgetracker.domain.review import Resolution, Review
from pledgetracker.domain.target import Comparator
from pledgetracker.domain.update import Claim, Correction

from .reading import (
    KINDS,
    LANGUAGES,
    NOW,
    NoticeOf,
    Pledges,
    Report,
    body,
    html_of,
    parsed,
    subject_of,
    text_of,
    written,
)


def test_a_checkpoint_of_the_tracker_is_called_ours_and_no_promise(notice_of: NoticeOf) -> None:
    checkpoint = {"milestone": "checkpoint-2026", "today": "2026-12-01"}
    english = text_of(notice_of(FlagKind.NO_PROGRESS, **checkpoint))
    assert "This checkpoint is the tracker’s own" in english
    assert "Microsoft has not promised it." in english
    assert "the milestone “End of 2026”" not in english
    assert "Microsoft ne l’a pas promis." in text_of(notice_of(FlagKind.NO_PROGRESS, "fr", **checkpoint))
    assert "has not promised" not in text_of(notice_of(FlagKind.NO_PROGRESS))


def test_a_checkpoint_that_has_passed_is_not_called_overdue(notice_of: NoticeOf) -> None:
    notice = notice_of(FlagKind.OVERDUE, record=notice_of(FlagKind.STALE).record, today="2027-01-31")
    passed = notice_of(
        FlagKind.OVERDUE, record=notice.record, milestone="checkpoint-2026", today="2027-01-31"
    )
    assert subject_of(passed).startswith("Checkpoint passed 31 days ago: ")
    assert text_of(passed).startswith("CHECKPOINT PASSED ")


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("figure", [None, Decimal(20_000)])
def test_a_ceiling_is_never_called_missed(
    notice_of: NoticeOf, pledges: Pledges, report: Report, language: str, figure: Decimal | None
) -> None:
    updates = () if figure is None else (report(1, "2025-12-01", value=figure),)
    notice = notice_of(FlagKind.OVERDUE, language, record=Record(pledges["gpus"], updates))
    said = text_of(notice).lower()
    assert not [word for word in ("missed", "broken", "failed", "manqué", "échoué", "rompu") if word in said]


def test_a_ceiling_with_a_figure_below_it_is_left_open(
    notice_of: NoticeOf, pledges: Pledges, report: Report
) -> None:
    record = Record(pledges["gpus"], (report(1, "2025-12-01", value=Decimal(20_000)),))
    notice = notice_of(NewsKind.PROGRESS, record=record, today="2026-02-01")
    assert "What was promised is a ceiling, so a figure below it settles nothing" in text_of(notice)
    french = notice_of(NewsKind.PROGRESS, "fr", record=record, today="2026-02-01")
    assert "La promesse était un plafond : un chiffre inférieur ne permet pas de conclure" in text_of(french)


@pytest.mark.parametrize(
    ("comparator", "target", "english", "french"),
    [
        (Comparator.AT_LEAST, 50, "At least 50 people", "Au moins 50 personnes"),
        (Comparator.MORE_THAN, 50, "More than 50 people", "Plus de 50 personnes"),
        (Comparator.ABOUT, 50, "About 50 people", "Environ 50 personnes"),
        (Comparator.EXACTLY, 50, "Exactly 50 people", "Exactement 50 personnes"),
        (Comparator.UP_TO, 50, "Up to 50 people", "Jusqu’à 50 personnes"),
        (Comparator.AT_MOST, 50, "At most 50 people", "Au plus 50 personnes"),
        (Comparator.AT_LEAST, -1, "Down to -1 person or less", "Descendre à -1 personne ou moins"),
        (Comparator.EVENT, None, "To be done by the end of 2027", "À réaliser d’ici fin 2027"),
        (
            Comparator.AT_LEAST,
            None,
            "No stated figure, by the end of 2027",
            "Aucun chiffre annoncé, d’ici fin 2027",
        ),
    ],
)
def test_the_promise_keeps_its_hedge(
    notice_of: NoticeOf, comparator: Comparator, target: int | None, english: str, french: str
) -> None:
    changes = {
        "comparator": comparator,
        "target": None if target is None else Decimal(target),
        "milestones": (),
    }
    assert f"Promised {english}" in text_of(notice_of(FlagKind.NEVER_REPORTED, pledge=changes))
    assert f"promis {french}" in text_of(notice_of(FlagKind.NEVER_REPORTED, "fr", pledge=changes))


@pytest.mark.parametrize(
    ("due", "english", "french"),
    [
        ("2027", "by the end of 2027", "d’ici fin 2027"),
        ("2027-Q1", "by the end of the first quarter of 2027", "d’ici la fin du 1er trimestre 2027"),
        ("2027-08", "by the end of August 2027", "d’ici fin août 2027"),
        ("2027-05-01", "by 1 May 2027", "au plus tard le 1er mai 2027"),
    ],
)
def test_a_deadline_is_told_as_precisely_as_it_was_said(
    notice_of: NoticeOf, due: str, english: str, french: str
) -> None:
    changes = {"due": Due.parse(due), "milestones": ()}
    assert f"people {english}" in text_of(notice_of(FlagKind.NEVER_REPORTED, pledge=changes))
    assert f"personnes {french}" in text_of(notice_of(FlagKind.NEVER_REPORTED, "fr", pledge=changes))


@pytest.mark.parametrize(
    ("unit", "value", "english", "french"),
    [
        ("person", "1", "1 person", "1 personne"),
        ("person", "1.5", "1.5 people", "1,5 personne"),
        ("EUR", "4000000000", "€4,000,000,000", "4 000 000 000 €"),
        ("EUR", "0.5", "€0.5", "0,5 €"),
        ("percent", "12.345678", "12.345678%", "12,345678 %"),
        ("GWh", "123456789.123456", "123,456,789.123456 GWh", "123 456 789,123456 GWh"),
        (None, "7", "7", "7"),
    ],
)
def test_numbers_are_written_to_the_last_digit_as_the_language_does(
    notice_of: NoticeOf, report: Report, unit: str | None, value: str, english: str, french: str
) -> None:
    pledge = replace(notice_of(FlagKind.STALE).record.pledge, unit=unit)
    record = Record(pledge, (report(1, "2025-11-04", value=Decimal(value)),))
    assert f"Last report {english}, as of" in text_of(notice_of(NewsKind.PROGRESS, record=record))
    assert f"compte rendu {french}, au" in text_of(notice_of(NewsKind.PROGRESS, "fr", record=record))


def test_of_reports_that_differed_the_one_that_a_reviewer_chose_is_the_last(
    notice_of: NoticeOf, report: Report
) -> None:
    record = notice_of(FlagKind.STALE).record
    reports = (
        report(1, "2025-11-04", value=Decimal(250_000)),
        report(2, "2025-11-04", value=Decimal(700_000)),
    )
    chosen = Resolution(
        number=1,
        as_of=date(2025, 11, 4),
        milestone=None,
        chosen=1,
        among=(1, 2),
        decided_on=date(2025, 11, 5),
        decided_by=None,
        reason=None,
        recorded_at=datetime(2025, 11, 5, tzinfo=UTC),
    )
    differing = Record(record.pledge, reports)
    assert "Last report 700,000" in text_of(notice_of(NewsKind.PROGRESS, record=differing))
    settled = replace(differing, resolutions=(chosen,))
    assert "Last report 250,000" in text_of(notice_of(NewsKind.PROGRESS, record=settled))


@pytest.mark.parametrize(
    ("today", "english", "french"),
    [
        ("2026-03-31", "is due today, 31 March 2026", "arrive à échéance aujourd’hui, 31 mars 2026"),
        ("2026-03-30", "is due tomorrow, 31 March 2026", "arrive à échéance demain, 31 mars 2026"),
        ("2026-03-24", "is due on 31 March 2026, in 7 days", "le 31 mars 2026, dans 7 jours"),
    ],
)
def test_days_are_counted_from_the_day_of_writing(
    notice_of: NoticeOf, today: str, english: str, french: str
) -> None:
    assert english in text_of(notice_of(FlagKind.NO_PROGRESS, today=today))
    assert french in text_of(notice_of(FlagKind.NO_PROGRESS, "fr", today=today))


@pytest.mark.parametrize(
    ("reports", "english", "french"),
    [
        ([], "no progress has ever been reported", "aucun avancement n’a jamais été signalé"),
        (
            [("2026-02-01", {"no_change": True})],
            "no progress has ever been reported",
            "aucun avancement n’a jamais",
        ),
        (
            [("2025-06-01", {"value": Decimal(5)}), ("2026-02-01", {"value": Decimal(5)})],
            "what was reported lately brings it no nearer",
            "les derniers comptes rendus ne l’en rapprochent pas",
        ),
    ],
)
def test_silence_is_told_from_reports_without_progress(
    notice_of: NoticeOf,
    report: Report,
    reports: list[tuple[str, dict[str, object]]],
    english: str,
    french: str,
) -> None:
    updates = tuple(report(n, day, **content) for n, (day, content) in enumerate(reports, 1))
    record = Record(notice_of(FlagKind.STALE).record.pledge, updates)
    assert english in text_of(notice_of(FlagKind.NO_PROGRESS, record=record))
    assert french in text_of(notice_of(FlagKind.NO_PROGRESS, "fr", record=record))


@pytest.mark.parametrize(
    ("content", "english", "french"),
    [
        ({"increment": Decimal(5000)}, "New report, 5,000 people more", "5 000 personnes de plus"),
        ({"no_change": True}, "New report, no change", "aucun changement"),
        ({"done": True}, "New report, done", "réalisé"),
        ({"done": False}, "New report, not done", "non réalisé"),
    ],
)
def test_each_form_of_report_has_its_words(
    notice_of: NoticeOf, report: Report, content: dict[str, object], english: str, french: str
) -> None:
    record = Record(notice_of(FlagKind.STALE).record.pledge, (report(1, "2025-11-04", **content),))
    assert english in subject_of(notice_of(NewsKind.PROGRESS, record=record))
    assert french in subject_of(notice_of(NewsKind.PROGRESS, "fr", record=record))


@pytest.mark.parametrize(
    ("said", "english", "french"),
    [
        (
            {"reported_by": "Le Monde", "claim": Claim.THIRD_PARTY},
            "by Le Monde (a third party’s word)",
            "par Le Monde (source tierce)",
        ),
        ({"claim": Claim.OFFICIAL_STATISTIC}, "(an official statistic)", "(statistique officielle)"),
        ({"claim": Claim.AUDITED}, "(an audited figure)", "(chiffre audité)"),
        ({}, "by Microsoft (the pledger’s own word)", "par Microsoft (déclaration de l’intéressé)"),
    ],
)
def test_a_mail_tells_who_says_so(
    notice_of: NoticeOf, report: Report, said: dict[str, object], english: str, french: str
) -> None:
    record = Record(
        notice_of(FlagKind.STALE).record.pledge, (report(1, "2025-11-04", no_change=True, **said),)
    )
    assert english in text_of(notice_of(NewsKind.PROGRESS, record=record))
    assert french in text_of(notice_of(NewsKind.PROGRESS, "fr", record=record))


def test_an_event_is_asked_for_in_the_form_in_which_it_is_reported(
    notice_of: NoticeOf, pledges: Pledges
) -> None:
    def asked(milestone: str, kind: AlertKind, today: str) -> object:
        notice = notice_of(kind, record=Record(pledges["event"]), milestone=milestone, today=today)
        text = body(parsed(written(notice)), "plain")
        command = shlex.split(text[text.index("curl") : text.index("\n\n", text.index("curl"))])
        assert command[1] == notice.links.progress
        return json.loads(command[-1].replace("TRUE_OR_FALSE", "true"))

    permit = {"milestone": "permit", "done": True, "as_of": "2026-02-01"}
    assert asked("permit", FlagKind.OVERDUE, "2026-02-01") == permit
    assert asked("target", FlagKind.NO_PROGRESS, "2026-06-01") == {"done": True, "as_of": "2026-06-01"}


def test_a_command_is_refused_until_what_it_asks_for_is_filled_in(
    notice_of: NoticeOf, pledges: Pledges
) -> None:
    def asked(notice: Notice) -> str:
        text = body(parsed(written(notice)), "plain")
        said = shlex.split(text[text.index("curl") : text.index("\n\n", text.index("curl"))])[-1]
        with pytest.raises(json.JSONDecodeError):
            json.loads(said)
        return said

    event = asked(notice_of(FlagKind.STALE, record=Record(pledges["event"])))
    assert json.loads(event.replace("TRUE_OR_FALSE", "true")) == {"done": True, "as_of": "2026-03-10"}
    figure = asked(notice_of(FlagKind.STALE))
    assert json.loads(figure.replace("VALUE", "1")) == {"value": 1, "as_of": "2026-03-10"}


def test_a_milestone_of_an_event_is_reported_by_name(
    notice_of: NoticeOf, pledges: Pledges, report: Report
) -> None:
    record = Record(pledges["event"], (report(1, "2025-11-04", done=True, milestone="permit"),))
    notice = notice_of(NewsKind.MET, record=record, milestone="permit", today="2025-11-05")
    assert "the checkpoint “Building permit granted” is met" in text_of(notice)
    assert subject_of(notice).startswith("Checkpoint met: ")
    french = notice_of(NewsKind.MET, "fr", record=record, milestone="permit", today="2025-11-05")
    assert "le point d’étape « Building permit granted » est atteint" in text_of(french)
    assert subject_of(french).startswith("Point d’étape atteint : ")
    told = notice_of(NewsKind.PROGRESS, record=record, today="2025-11-05")
    assert "The checkpoint “Building permit granted” done as of 4 November 2025" in text_of(told)


def test_a_promise_met_late_tells_by_how_much(notice_of: NoticeOf, report: Report) -> None:
    pledge = notice_of(FlagKind.STALE).record.pledge
    record = Record(pledge, (report(1, "2028-01-17", value=Decimal(1_000_000)),))
    english = text_of(notice_of(NewsKind.MET, record=record, today="2028-01-18"))
    assert "the pledge is met, 17 days after its deadline: 1,000,000 people" in english
    assert "Met, 17 days late" in english
    french = text_of(notice_of(NewsKind.MET, "fr", record=record, today="2028-01-18"))
    assert "tenu, 17 jours après l’échéance : 1 000 000 personnes" in french
    assert "Tenu, avec 17 jours de retard" in french


@pytest.mark.parametrize(
    ("first", "new", "moved_by", "english", "french"),
    [
        ("2027", None, SetBy.PLEDGER, "31 December 2027, was dropped", "du 31 décembre 2027 a été supprimée"),
        (None, "2028", SetBy.TRACKER, "A deadline was set: 31 December 2028", "Une échéance a été fixée"),
        (None, None, SetBy.TRACKER, "Announced by the tracker", "Annoncé par le suivi"),
    ],
)
def test_a_deadline_that_comes_or_goes_is_told_as_such(
    notice_of: NoticeOf,
    first: str | None,
    new: str | None,
    moved_by: SetBy,
    english: str,
    french: str,
) -> None:
    pledge = replace(
        notice_of(FlagKind.STALE).record.pledge, due=Due.parse(first) if first else None, milestones=()
    )
    move = Reschedule(1, Due.parse(new) if new else None, date(2025, 11, 1), moved_by, None, None, NOW)
    record = Record(pledge, (), (move,))
    assert english in text_of(notice_of(NewsKind.RESCHEDULED, record=record))
    assert french in text_of(notice_of(NewsKind.RESCHEDULED, "fr", record=record))


def test_the_second_move_of_a_deadline_starts_from_the_first(notice_of: NoticeOf) -> None:
    moved = notice_of(NewsKind.RESCHEDULED).record
    again = replace(moved.reschedules[0], number=2, due=Due.parse("2029"))
    notice = notice_of(
        NewsKind.RESCHEDULED, record=replace(moved, reschedules=(*moved.reschedules, again)), step=2
    )
    assert "moved from 31 December 2028 to 31 December 2029" in text_of(notice)


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("kind", KINDS)
def test_a_notice_whose_occasion_has_left_the_record_still_makes_a_mail(
    notice_of: NoticeOf, kind: AlertKind, language: str
) -> None:
    pledge = replace(notice_of(FlagKind.STALE).record.pledge, milestones=(), due=None, target=None)
    notice = notice_of(kind, language, record=Record(pledge), step=99, today="2025-11-20")
    assert pledge.title in text_of(replace(notice, milestone="gone"))


def test_all_other_open_flags_are_listed_once(notice_of: NoticeOf) -> None:
    notice = notice_of(FlagKind.NO_PROGRESS, milestone="checkpoint-2026", today="2026-12-01")
    text = text_of(notice)
    listed = text[text.index("Also open on this pledge") : text.index("See the pledge")]
    assert len(notice.standing.flags) == 4
    assert listed.count(" - ") == 3
    assert "“Half way” was due on 31 March 2026" in listed
    assert "checkpoint" not in listed


def test_a_contact_and_a_subscriber_of_the_list_are_told_apart(notice_of: NoticeOf) -> None:
    stranger = {"contacts": (Contact("someone@example.org"),)}
    assert "you are a contact of this pledge" in text_of(notice_of(FlagKind.STALE))
    assert "tracker’s list of alert recipients" in text_of(notice_of(FlagKind.STALE, pledge=stranger))
    assert "la liste d’alerte" in text_of(notice_of(FlagKind.STALE, "fr", pledge=stranger))


@pytest.mark.parametrize(
    ("language", "chosen"),
    [("fr", "fr"), ("fr-CA", "fr"), ("FR_fr", "fr"), ("en-US", "en"), ("de", "en"), ("", "en")],
)
def test_a_language_that_we_lack_becomes_english(notice_of: NoticeOf, language: str, chosen: str) -> None:
    assert parsed(written(notice_of(FlagKind.STALE, language)))["Content-Language"] == chosen


def test_french_is_set_with_no_break_spaces(notice_of: NoticeOf) -> None:
    text = body(parsed(written(notice_of(FlagKind.CONFLICT, "fr"))), "plain")
    assert "4\u00a0novembre 2025" in text
    assert "250\u202f000\u00a0personnes" in text
    assert not re.search(r" [:;?!»%€]|« ", text.replace("  - ", ""))


@pytest.mark.parametrize(
    ("completion", "cells"),
    [("250000", {"done": "25%", "missing": "14%", "rest": "61%"}), ("-5", {"done": None, "rest": "61%"})],
)
def test_the_bar_shows_done_missing_and_the_rest(
    notice_of: NoticeOf, report: Report, completion: str, cells: dict[str, str | None]
) -> None:
    record = Record(
        notice_of(FlagKind.STALE).record.pledge, (report(1, "2025-11-04", value=Decimal(completion)),)
    )
    html = html_of(notice_of(NewsKind.PROGRESS, record=record))
    found = dict(re.findall(r'<td class="(done|missing|rest)" width="(\d+%)"', html))
    assert {name: found.get(name) for name in cells} == cells


@pytest.mark.parametrize(
    ("day", "value", "english", "french"),
    [
        ("2025-11-04", 700_000, "On track", "d’avance"),
        (
            "2025-11-04",
            -5,
            "Further from the target than at the start",
            "Plus loin de l’objectif qu’au départ",
        ),
        ("2024-05-13", 0, "Not started", "Pas encore commencé"),
    ],
)
def test_where_it_stands_is_told_ahead_and_behind(
    notice_of: NoticeOf, report: Report, day: str, value: int, english: str, french: str
) -> None:
    pledge = replace(notice_of(FlagKind.STALE).record.pledge, due=None if value <= 0 else Due.parse("2027"))
    record = Record(pledge, (report(1, day, value=Decimal(value)),))
    today = "2025-11-20" if value else "2024-05-20"
    assert english in text_of(notice_of(NewsKind.PROGRESS, record=record, today=today))
    assert french in text_of(notice_of(NewsKind.PROGRESS, "fr", record=record, today=today))


def test_before_anything_is_expected_no_pace_is_told(notice_of: NoticeOf, report: Report) -> None:
    record = Record(notice_of(FlagKind.STALE).record.pledge, (report(1, "2024-05-13", value=Decimal(0)),))
    text = text_of(notice_of(NewsKind.PROGRESS, record=record, today="2024-05-20"))
    assert "0 people expected by then · on the day" in text
    assert "of the pace" not in text
    french = text_of(notice_of(NewsKind.PROGRESS, "fr", record=record, today="2024-05-20"))
    assert "Attendu à cette date : 0 personne · au jour près" in french


def test_an_overdue_promise_tells_whether_figures_or_words_are_lacking(
    notice_of: NoticeOf, pledges: Pledges, report: Report
) -> None:
    below = Record(pledges["people"], (report(1, "2027-12-01", value=Decimal(5)),))
    undone = Record(pledges["event"], (report(1, "2026-06-01", done=False),))
    english, french = (
        [
            text_of(notice_of(FlagKind.OVERDUE, language, record=record, today=today))
            for record, today in ((below, "2028-01-01"), (undone, "2026-07-01"))
        ]
        for language in LANGUAGES
    )
    assert "was due yesterday, 31 December 2027, and the reported figures do not meet it." in english[0]
    assert "was due yesterday, 30 June 2026, and it has not been reported as done." in english[1]
    assert "hier, 31 décembre 2027, et il n’est pas tenu d’après les chiffres communiqués." in french[0]
    assert "hier, 30 juin 2026, et sa réalisation n’a pas été signalée." in french[1]


@pytest.mark.parametrize(
    ("review", "english", "french"),
    [
        (Review.SUBMITTED, "It waits for review, and makes no figure", "Il attend d’être validé"),
        (Review.DISPUTED, "It is disputed, and makes no figure", "Il est contesté"),
    ],
)
def test_a_report_that_does_not_count_is_told_and_told_not_to_count(
    notice_of: NoticeOf, pledges: Pledges, report: Report, review: Review, english: str, french: str
) -> None:
    claimed = replace(report(1, "2027-11-01", value=Decimal(5)), review=review)
    record = Record(pledges["people"], (claimed,))
    for kind, today, said, dit in (
        (FlagKind.OVERDUE, "2028-01-01", "no figure has been accepted", "aucun chiffre n’a été validé"),
        (
            FlagKind.NO_PROGRESS,
            "2027-12-20",
            "no progress that was reported has been accepted",
            "aucun avancement signalé n’a été validé",
        ),
    ):
        in_english = text_of(notice_of(kind, record=record, today=today))
        assert said in in_english
        assert "5 people, as of 1 November 2027" in in_english
        assert english in in_english
        in_french = text_of(notice_of(kind, "fr", record=record, today=today))
        assert dit in in_french
        assert french in in_french


def test_a_report_taken_back_is_told_as_such(notice_of: NoticeOf, report: Report) -> None:
    promise = notice_of(FlagKind.STALE).record.pledge
    taken = replace(report(2, "2025-11-04", supersedes=1), reason=Correction.RETRACTED)
    record = Record(promise, (report(1, "2025-11-04", value=Decimal(5)), taken))
    english = text_of(notice_of(NewsKind.CORRECTED, record=record))
    assert "was corrected: nothing, it was taken back instead of 5 people." in english
    french = text_of(notice_of(NewsKind.CORRECTED, "fr", record=record))
    assert "rien, il a été retiré au lieu de 5 personnes." in french


def test_an_event_on_which_reports_disagree_counts_as_not_done(
    notice_of: NoticeOf, pledges: Pledges, report: Report
) -> None:
    record = Record(
        pledges["event"], (report(1, "2025-11-04", done=True), report(2, "2025-11-04", done=False))
    )
    assert "Until that is settled, it counts as not done." in text_of(
        notice_of(FlagKind.CONFLICT, record=record)
    )
    assert "l’engagement compte comme non réalisé" in text_of(
        notice_of(FlagKind.CONFLICT, "fr", record=record)
    )


def test_an_event_on_the_way_on_which_reports_disagree_counts_as_not_done_by_its_name(
    notice_of: NoticeOf, pledges: Pledges, report: Report
) -> None:
    # Totals of the same day that differ are another conflict, with a flag of its own.
    reports = (
        report(1, "2025-11-04", done=True, milestone="permit"),
        report(2, "2025-11-04", done=False, milestone="permit"),
        report(3, "2025-11-04", value=Decimal(5)),
        report(4, "2025-11-04", value=Decimal(6)),
    )
    permit = replace(pledges["event"].milestones[0], set_by=SetBy.PLEDGER)
    record = Record(replace(pledges["people"], milestones=(permit,)), reports)
    notices = [
        notice_of(FlagKind.CONFLICT, tongue, record=record, milestone="permit") for tongue in ("en", "fr")
    ]
    english, french = map(text_of, notices)
    assert (
        "The reports for 4 November 2025 on the milestone “Building permit granted” disagree. "
        "Until that is settled, it counts as not done."
    ) in english
    assert "disagree: 5 people and 6 people. Until that is settled, the figure least favourable" in english
    assert re.search("le jalon «.Building permit granted.» compte comme non réalisé", french)
