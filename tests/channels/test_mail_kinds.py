# ruff: noqa: RUF001 -- French is read here as it is set, with typographic apostrophes

import re
from dataclasses import replace
from html import unescape

import pytest

from pledgetracker.domain.alert import AlertKind, NewsKind
from pledgetracker.domain.flag import FlagKind

from .reading import (
    KINDS,
    LANGUAGES,
    NOW,
    Assets,
    NoticeOf,
    body,
    html_of,
    parsed,
    plain,
    subject_of,
    written,
)

ESSENTIALS = {
    FlagKind.NO_PROGRESS: {
        "en": ["Half way", "in 30 days", "31 March 2026", "since 4 November 2025", "250,000 people", "63.6%"],
        "fr": ["Half way", "dans 30 jours", "31 mars 2026", "depuis le 4 novembre 2025", "250 000 personnes"],
    },
    FlagKind.OVERDUE: {
        "en": [
            "Up to 25,000 GPUs by the end of 2025",
            "31 December 2025",
            "31 days ago",
            "Nothing has ever been",
        ],
        "fr": [
            "Jusqu’à 25 000 GPU d’ici fin 2025",
            "31 décembre 2025",
            "il y a 31 jours",
            "Rien n’a jamais été",
        ],
    },
    FlagKind.NEVER_REPORTED: {
        "en": [
            "announcement on 13 May 2024",
            "11 August 2024, 31 days ago",
            "31 December 2027, in 1,206 days",
        ],
        "fr": [
            "l’annonce, le 13 mai 2024",
            "11 août 2024, il y a 31 jours",
            "31 décembre 2027, dans 1 206 jours",
        ],
    },
    FlagKind.STALE: {
        "en": ["made on 6 November 2025", "due on 4 February 2026, 34 days ago", "25% of the way"],
        "fr": ["date du 6 novembre 2025", "le 4 février 2026, il y a 34 jours", "25 % du chemin"],
    },
    FlagKind.BEHIND: {
        "en": [
            "197 days behind the path",
            "393,013 people",
            "63.6% of the pace",
            "Off track",
            "12 April 2030",
        ],
        "fr": [
            "197 jours de retard",
            "393 013 personnes",
            "63,6 % du rythme",
            "Hors trajectoire",
            "12 avril 2030",
        ],
    },
    FlagKind.CONFLICT: {
        "en": ["4 November 2025 disagree: 250,000 people and 700,000 people", "least favourable"],
        "fr": ["se contredisent : 250 000 personnes et 700 000 personnes", "le moins favorable"],
    },
    NewsKind.PROGRESS: {
        "en": [
            "250,000 people as of 4 November 2025, reported on 6 November 2025 by Microsoft",
            "As told at the AI",
        ],
        "fr": [
            "250 000 personnes au 4 novembre 2025. Compte rendu du 6 novembre 2025 par Microsoft",
            "As told at",
        ],
    },
    NewsKind.MET: {
        "en": ["the pledge is met: 1,000,001 people as of 1 October 2027", "31 December 2027, in 90 days"],
        "fr": ["l’engagement est tenu : 1 000 001 personnes au 1er octobre 2027", "31 décembre 2027"],
    },
    NewsKind.RESCHEDULED: {
        "en": [
            "moved from 31 December 2027 to 31 December 2028",
            "by Microsoft on 18 November 2025",
            "More time",
        ],
        "fr": [
            "passe du 31 décembre 2027 au 31 décembre 2028",
            "par Microsoft le 18 novembre 2025",
            "More time",
        ],
    },
    NewsKind.WITHDRAWN: {
        "en": ["withdrawn with effect from 19 November 2025", "Plans changed."],
        "fr": ["retiré, avec effet au 19 novembre 2025", "Plans changed."],
    },
    NewsKind.CORRECTED: {
        "en": ["4 November 2025 was corrected: 240,000 people instead of 250,000 people", "61% of the pace"],
        "fr": [
            "4 novembre 2025 a été corrigé : 240 000 personnes au lieu de 250 000 personnes",
            "61 % du rythme",
        ],
    },
}


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("kind", KINDS)
def test_both_parts_of_each_mail_carry_its_facts(notice_of: NoticeOf, kind: AlertKind, language: str) -> None:
    notice = notice_of(kind, language)
    message = parsed(written(notice))
    essentials = [*ESSENTIALS[kind][language], notice.record.pledge.title, "Microsoft", "Choose France 2024"]
    for part in (body(message, "plain"), unescape(re.sub("<[^>]+>", " ", body(message, "html")))):
        missing = [fact for fact in essentials if fact not in plain(part)]
        assert not missing
    for part in (body(message, "plain"), body(message, "html")):
        assert notice.links.page in part
        assert (notice.links.progress in part) is (kind not in {NewsKind.MET, NewsKind.WITHDRAWN})


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("kind", KINDS)
def test_each_mail_says_what_it_is_to_people_and_to_machines(
    notice_of: NoticeOf, kind: AlertKind, language: str
) -> None:
    notice = notice_of(kind, language)
    letter = written(notice)
    message = parsed(letter)
    assert message.get_content_type() == "multipart/alternative"
    assert [part.get_content_type() for part in message.iter_parts()] == ["text/plain", "text/html"]
    assert message["Message-ID"] == notice.message_id == letter.message_id
    assert message["Content-Language"] == language
    assert message["Auto-Submitted"] == "auto-generated"
    assert message["Date"].datetime == NOW
    assert f"kind={kind}; pledge={notice.record.pledge.id}; " in message["X-Pledgetracker-Alert"]
    assert message["From"] == "Pledgetracker <alerts@pledges.example>"
    assert message["To"].addresses[0].display_name == "Ada Lovelace"
    assert (letter.sender, letter.recipient) == ("alerts@pledges.example", "ada@example.org")
    assert f'lang="{language}"' in body(message, "html")


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("kind", KINDS)
def test_a_letter_is_made_of_short_lines_of_ascii(
    notice_of: NoticeOf, kind: AlertKind, language: str
) -> None:
    content = written(notice_of(kind, language)).content
    assert content.isascii()
    assert b"\n" not in content.replace(b"\r\n", b"")
    assert max(map(len, content.split(b"\r\n"))) <= 78


@pytest.mark.parametrize("kind", KINDS)
def test_the_same_notice_at_the_same_instant_gives_the_same_bytes(
    notice_of: NoticeOf, kind: AlertKind
) -> None:
    notice = notice_of(kind)
    assert written(notice) == written(replace(notice))


@pytest.mark.parametrize("kind", KINDS)
def test_the_html_fetches_nothing_and_runs_nothing(notice_of: NoticeOf, kind: AlertKind) -> None:
    notice = notice_of(kind)
    html = html_of(notice)
    assets = Assets(html)
    assert not assets.addresses
    assert not assets.tags & {"script", "img", "link", "iframe", "object", "form"}
    assert "url(" not in html
    assert "@import" not in html
    assert assets.links == [notice.links.page]


SUBJECTS = {
    FlagKind.NO_PROGRESS: (
        "Milestone due in 30 days, no progress reported",
        "Jalon dans 30 jours, aucun avancement signalé",
    ),
    FlagKind.OVERDUE: ("31 days overdue", "Échéance dépassée de 31 jours"),
    FlagKind.NEVER_REPORTED: (
        "Nothing reported since 13 May 2024",
        "Rien n’a été signalé depuis le 13 mai 2024",
    ),
    FlagKind.STALE: ("No report for 124 days", "Sans nouvelles depuis 124 jours"),
    FlagKind.BEHIND: ("Behind, at 63.6% of the pace", "En retard, à 63,6 % du rythme prévu"),
    FlagKind.CONFLICT: (
        "Conflicting reports for 4 November 2025",
        "Comptes rendus contradictoires pour le 4 novembre 2025",
    ),
    NewsKind.PROGRESS: ("New report, 250,000 people", "Nouveau compte rendu, 250 000 personnes"),
    NewsKind.MET: ("Met", "Engagement tenu"),
    NewsKind.RESCHEDULED: ("Deadline moved to 31 December 2028", "Échéance déplacée au 31 décembre 2028"),
    NewsKind.WITHDRAWN: ("Withdrawn", "Engagement retiré"),
    NewsKind.CORRECTED: ("Report corrected, 240,000 people", "Compte rendu corrigé, 240 000 personnes"),
}


@pytest.mark.parametrize("kind", KINDS)
def test_a_subject_says_what_happened_before_the_title(notice_of: NoticeOf, kind: AlertKind) -> None:
    english, french = SUBJECTS[kind]
    title = notice_of(kind).record.pledge.title
    assert subject_of(notice_of(kind)) == f"{english}: {title} (Microsoft)"
    assert subject_of(notice_of(kind, "fr")) == f"{french} : {title} (Microsoft)"
