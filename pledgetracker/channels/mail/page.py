"""The order in which a mail says things: what happened, the promise, its standing, where to report."""

import shlex
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from pledgetracker.channels.mail.english import ENGLISH
from pledgetracker.channels.mail.facts import Facts, Subject, clean, shorten
from pledgetracker.channels.mail.french import FRENCH
from pledgetracker.channels.mail.words import Labels, Words, sentence
from pledgetracker.domain.alert import AlertKind, NewsKind
from pledgetracker.domain.flag import FlagKind
from pledgetracker.domain.notice import Links
from pledgetracker.domain.pledge import FINAL_MILESTONE

_LANGUAGES: dict[str, Words] = {words.language: words for words in (ENGLISH, FRENCH)}
_MAX_SUBJECT_TITLE = 70
_MAX_SUBJECT_PLEDGER = 40
_MAX_STATEMENT = 400
_TONES = {
    FlagKind.OVERDUE: "urgent",
    NewsKind.MET: "good",
    NewsKind.PROGRESS: "plain",
    NewsKind.RESCHEDULED: "plain",
    NewsKind.WITHDRAWN: "plain",
    NewsKind.CORRECTED: "plain",
}


@dataclass(frozen=True, slots=True)
class Row:
    """One fact: a label, its main line and what adds to it."""

    label: str
    value: str
    details: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Bar:
    """Three shares of the way in whole percent, which add up to 100.

    Attributes:
        done: reported.
        missing: expected by now and not reported.
        rest: neither.
    """

    done: int
    missing: int
    rest: int


@dataclass(frozen=True, slots=True)
class Page:
    """All that both parts of a mail show.

    Attributes:
        tone: urgent, attention, good or plain: the colour of the kicker.
        curl: the command that reports progress, or None when nothing is awaited.
    """

    language: str
    labels: Labels
    subject: str
    kicker: str
    tone: str
    title: str
    byline: str
    lead: Sequence[str]
    note: str | None
    rows: Sequence[Row]
    bar: Bar | None
    others: Sequence[str]
    links: Links
    curl: str | None
    closing: Sequence[str]


def words_for(language: str) -> Words:
    """The words for a language tag such as `fr-FR`; English where we have none."""
    primary = language.replace("_", "-").split("-")[0].strip().lower()
    return _LANGUAGES.get(primary, ENGLISH)


def page(facts: Facts) -> Page:
    """What the mail to the recipient of a notice shows."""
    notice = facts.notice
    words = words_for(notice.recipient.language)
    lead = facts.lead
    about = facts.subject(notice.milestone, notice.episode)
    initiative = clean(notice.initiative or "")
    return Page(
        language=words.language,
        labels=words.labels,
        subject=_subject_line(facts, words),
        kicker=words.kicker(facts),
        tone=_tone(facts.kind),
        title=facts.title,
        byline=f"{facts.pledger} · {initiative}" if initiative else facts.pledger,
        lead=[words.flag(facts, lead)] if lead else list(words.news(facts)),
        note=words.ours(facts) if about.is_ours else None,
        rows=_rows(facts, words, about),
        bar=_bar(facts),
        others=[words.flag(facts, flag) for flag in facts.others],
        links=notice.links,
        curl=None if facts.is_settled else _curl(facts),
        closing=words.closing(facts),
    )


def _tone(kind: AlertKind) -> str:
    return _TONES.get(kind, "attention")


def _subject_line(facts: Facts, words: Words) -> str:
    title = shorten(facts.title, _MAX_SUBJECT_TITLE)
    return (
        f"{words.subject(facts)}{words.labels.colon}{title} ({shorten(facts.pledger, _MAX_SUBJECT_PLEDGER)})"
    )


def _rows(facts: Facts, words: Words, about: Subject) -> list[Row]:
    rows = [] if about.is_final else [_milestone(facts, words, about)]
    rows.append(_promised(facts, words))
    due = facts.standing.due
    if due is not None:
        relative = words.relative((due.date - facts.today).days)
        first = facts.pledge.due
        moved = () if first is None or first.date == due.date else (sentence(words.originally(first)),)
        rows.append(Row(words.labels.due, f"{words.day(due.date)}, {relative}", moved))
    rows.extend((_last_report(facts, words), _stands(facts, words)))
    return rows


def _milestone(facts: Facts, words: Words, about: Subject) -> Row:
    label = words.labels.checkpoint if about.is_ours else words.labels.milestone
    target = words.promise(about.target, facts.unit) if about.target else None
    name = about.name or target or words.no_target(is_event=True)
    details = [sentence(target)] if about.name and target else []
    due = about.due or facts.notice.episode
    details.append(f"{words.day(due)}, {words.relative((due - facts.today).days)}")
    return Row(label, sentence(name), tuple(details))


def _promised(facts: Facts, words: Words) -> Row:
    pledge = facts.pledge
    what = (
        words.promise(pledge.goal, facts.unit)
        if pledge.goal is not None
        else words.no_target(is_event=pledge.is_event)
    )
    comma = "" if pledge.goal is not None or pledge.is_event else ","
    due = f"{comma} {words.deadline(facts.standing.due)}" if facts.standing.due else ""
    details = []
    if pledge.indicator and clean(pledge.indicator):
        details.append(f"{words.labels.counted}{words.labels.colon}{clean(pledge.indicator)}")
    if pledge.statement and clean(pledge.statement.text):
        # Whoever keeps the record may tell the promise in other words, so these are nobody's quotation.
        details.append(shorten(clean(pledge.statement.text), _MAX_STATEMENT))
    return Row(words.labels.promised, f"{sentence(what)}{due}", tuple(details))


def _last_report(facts: Facts, words: Words) -> Row:
    last = facts.last_report
    if last is None:
        return Row(words.labels.last_report, words.never_reported())
    said, *who = words.report(facts, last)
    return Row(words.labels.last_report, said, tuple(who))


def _stands(facts: Facts, words: Words) -> Row:
    return Row(words.labels.standing, words.status(facts), tuple(words.figures(facts)))


def _bar(facts: Facts) -> Bar | None:
    completion, expected = facts.standing.progress.completion, facts.standing.progress.expected
    goal = facts.pledge.goal
    if completion is None or goal is None:
        return None
    done = _percent(completion)
    span = goal.value - goal.baseline
    by_now = done if expected is None or facts.is_settled else _percent((expected - goal.baseline) / span)
    missing = max(by_now - done, 0)
    return Bar(done, missing, 100 - done - missing)


def _percent(share: Decimal) -> int:
    return int(min(max(share, Decimal(0)), Decimal(1)) * 100)


def _curl(facts: Facts) -> str:
    """A command to complete and paste; what is to be filled in is no JSON, lest it be reported by mistake."""
    said = '"value": VALUE'
    milestone = facts.notice.milestone
    is_event = facts.pledge.is_event or facts.subject(milestone).target is None
    if is_event and milestone not in {None, FINAL_MILESTONE}:
        said = f'"milestone": "{milestone}", "done": TRUE_OR_FALSE'
    elif facts.pledge.is_event:
        said = '"done": TRUE_OR_FALSE'
    body = f'{{{said}, "as_of": "{facts.today}"}}'
    return " \\\n  ".join(
        (
            f"curl {shlex.quote(facts.notice.links.progress)}",
            '-H "Authorization: Bearer $KEY"',
            "-H 'Content-Type: application/json'",
            f"-d {shlex.quote(body)}",
        )
    )
