from dataclasses import replace
from datetime import date
from decimal import Decimal
from unicodedata import category

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pledgetracker.channels.base import RecipientRefused
from pledgetracker.domain.alert import NewsKind
from pledgetracker.domain.days import Due
from pledgetracker.domain.flag import FlagKind
from pledgetracker.domain.pledge import Baseline, Milestone, SetBy, Statement
from pledgetracker.domain.record import Record

from .reading import LANGUAGES, Assets, NoticeOf, Report, body, html_of, parsed, subject_of, text_of, written

ANY_TEXT = st.text(max_size=300)


def test_markup_in_the_record_is_shown_and_never_obeyed(notice_of: NoticeOf, report: Report) -> None:
    evil = "<script>alert(1)</script><img src=https://evil.example/x>"
    pledge = replace(
        notice_of(FlagKind.STALE).record.pledge,
        title=evil,
        unit=evil,
        indicator=evil,
        statement=Statement(evil),
        milestones=(Milestone("m", Due.parse("2026"), evil, Decimal(5), SetBy.TRACKER),),
    )
    update = report(1, "2025-11-04", value=Decimal(1), note=evil, reported_by=evil)
    notice = notice_of(NewsKind.PROGRESS, record=Record(pledge, (update,)), milestone="m")
    html = html_of(replace(notice, pledger=evil, initiative=evil))
    assert not Assets(html).tags & {"script", "img"}
    assert html.count("&lt;script&gt;") >= 9
    assert evil in text_of(notice)


@pytest.mark.parametrize("ending", ["\r\n", "\n", "\r", "\u2028", "\x0b", "\x85", "\x00"])
def test_no_title_smuggles_in_a_header(notice_of: NoticeOf, ending: str) -> None:
    evil = f"Title{ending}Bcc: everyone@example.org{ending}{ending}Body"
    notice = notice_of(FlagKind.STALE, pledge={"title": evil, "unit": evil})
    notice = replace(notice, pledger=evil, recipient=replace(notice.recipient, name=evil))
    message = parsed(written(notice))
    assert message["Bcc"] is None
    assert "Title Bcc: everyone@example.org" in message["Subject"]
    assert [address.addr_spec for address in message["To"].addresses] == ["ada@example.org"]


@pytest.mark.parametrize(
    "address",
    [
        "",
        "ada",
        "ada@",
        "@example.org",
        "a b@example.org",
        "a@b\r\nBcc: c@d",
        "a@" + "x" * 300,
        "a@b..c",
        "<a@b>",
    ],
)
def test_an_address_that_is_none_is_refused_for_good(notice_of: NoticeOf, address: str) -> None:
    notice = notice_of(FlagKind.STALE)
    with pytest.raises(RecipientRefused):
        written(replace(notice, recipient=replace(notice.recipient, email=address)))


def test_an_address_beyond_ascii_keeps_its_name_and_gets_an_ascii_domain(notice_of: NoticeOf) -> None:
    notice = notice_of(FlagKind.STALE)
    letter = written(replace(notice, recipient=replace(notice.recipient, email="zoë@bücher.example")))
    assert letter.recipient == "zoë@xn--bcher-kva.example"
    assert "<zoë@xn--bcher-kva.example>".encode() in letter.content


def test_the_sender_may_have_a_name(notice_of: NoticeOf) -> None:
    letter = written(notice_of(FlagKind.STALE), "Suivi des engagements, État <alerts@pledges.example>")
    sender = parsed(letter)["From"].addresses[0]
    assert letter.sender == sender.addr_spec == "alerts@pledges.example"
    assert sender.display_name == "Suivi des engagements État"


def test_a_long_title_is_cut_between_words_in_the_subject_and_nowhere_else(notice_of: NoticeOf) -> None:
    title = "word " * 60 + "end"
    notice = notice_of(FlagKind.STALE, pledge={"title": title})
    assert subject_of(notice) == f"No report for 124 days: {'word ' * 13}word… (Microsoft)"
    assert title in text_of(notice)


@given(title=ANY_TEXT, unit=ANY_TEXT, pledger=ANY_TEXT, name=ANY_TEXT, language=st.sampled_from(LANGUAGES))
def test_any_words_make_a_mail_that_reads_back_as_it_was_meant(
    notice_of: NoticeOf, title: str, unit: str, pledger: str, name: str, language: str
) -> None:
    notice = notice_of(NewsKind.PROGRESS, language, pledge={"title": title, "unit": unit})
    notice = replace(notice, pledger=pledger, recipient=replace(notice.recipient, name=name))
    letter = written(notice)
    message = parsed(letter)
    assert letter.content.isascii()
    assert not Assets(body(message, "html")).addresses
    assert [address.addr_spec for address in message["To"].addresses] == ["ada@example.org"]
    assert not {category(c) for c in message["Subject"]} & {"Cc", "Cs", "Zl", "Zp"}
    assert body(message, "plain").splitlines()[0] in {"NEW REPORT", "NOUVEAU COMPTE RENDU"}
    assert letter == written(notice)


@given(words=st.text(st.characters(categories=["L", "N", "P", "S", "Zs"]), max_size=70))
def test_a_subject_reads_back_to_the_letter(notice_of: NoticeOf, words: str) -> None:
    title = " ".join(words.split())
    subject = parsed(written(notice_of(NewsKind.MET, pledge={"title": title})))["Subject"]
    assert subject == f"Met: {title} (Microsoft)"


def test_a_pledge_that_was_promised_without_baseline_at_zero_counts_from_its_baseline(
    notice_of: NoticeOf, report: Report
) -> None:
    pledge = replace(
        notice_of(FlagKind.STALE).record.pledge,
        baseline=Baseline(Decimal(100), date(2024, 5, 13)),
        target=Decimal(50),
        unit="tonne",
        milestones=(),
    )
    record = Record(pledge, (report(1, "2025-11-04", value=Decimal(90)),))
    text = text_of(notice_of(FlagKind.BEHIND, record=record))
    assert "Down to 50 tonnes or less by the end of 2027" in text
    assert "20% of the way" in text
