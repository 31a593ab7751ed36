"""Notices as the scheduler would write them: one for every kind, in any language."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest

from pledgetracker.domain.alert import AlertKind, NewsKind, Recipient
from pledgetracker.domain.days import Due
from pledgetracker.domain.flag import FlagKind
from pledgetracker.domain.notice import Links, Notice
from pledgetracker.domain.pledge import (
    Baseline,
    Contact,
    Milestone,
    Pledge,
    Reschedule,
    SetBy,
    Source,
    Statement,
    Withdrawal,
)
from pledgetracker.domain.policy import Policy
from pledgetracker.domain.record import Record
from pledgetracker.domain.standing import standing
from pledgetracker.domain.target import Comparator
from pledgetracker.domain.update import Claim, ProgressUpdate

NoticeOf = Callable[..., Notice]

AT = datetime(2025, 11, 20, 9, tzinfo=UTC)

PEOPLE = Pledge(
    id="microsoft-france-people-trained",
    title="1,000,000 people in France trained in AI",
    pledger="microsoft",
    initiative="choose-france-2024",
    announced_on=date(2024, 5, 13),
    baseline=Baseline(Decimal(0), date(2024, 5, 13)),
    time_zone="Europe/Paris",
    statement=Statement(
        "One million people are to be trained in AI by 2027.", Source("https://example.org/1")
    ),
    indicator="people who completed a course in AI",
    unit="person",
    comparator=Comparator.AT_LEAST,
    target=Decimal(1_000_000),
    due=Due.parse("2027"),
    milestones=(
        Milestone("half-way", Due.parse("2026-03-31"), "Half way", Decimal(500_000), SetBy.PLEDGER),
        Milestone("checkpoint-2026", Due.parse("2026-12-31"), "End of 2026", Decimal(700_000), SetBy.TRACKER),
    ),
    contacts=(Contact("ada@example.org", "Ada"),),
)
GPUS = replace(
    PEOPLE,
    id="microsoft-france-gpus",
    title="Up to 25,000 advanced GPUs in France",
    statement=None,
    indicator=None,
    unit="GPU",
    comparator=Comparator.UP_TO,
    target=Decimal(25_000),
    due=Due.parse("2025"),
    milestones=(),
)
DATA_CENTRE = replace(
    PEOPLE,
    id="microsoft-mulhouse-data-centre",
    title="A data centre near Mulhouse",
    statement=None,
    indicator="the data centre is open",
    unit=None,
    comparator=Comparator.EVENT,
    target=None,
    due=Due.parse("2026-Q2"),
    milestones=(Milestone("permit", Due.parse("2025-12"), "Building permit granted", None, SetBy.TRACKER),),
)
NOVEMBER = ProgressUpdate(1, date(2025, 11, 4), date(2025, 11, 6), AT, value=Decimal(250_000))


def said(number: int, day: str, **body: Any) -> ProgressUpdate:
    fields: dict[str, Any] = {"reported_at": date.fromisoformat(day), "recorded_at": AT, **body}
    return ProgressUpdate(number, date.fromisoformat(day), **fields)


# What each kind is tried with: record, milestone, step and the local day.
CASES: dict[AlertKind, tuple[Record, str | None, int, str]] = {
    FlagKind.NO_PROGRESS: (Record(PEOPLE, (NOVEMBER,)), "half-way", 30, "2026-03-01"),
    FlagKind.OVERDUE: (Record(GPUS), "target", 31, "2026-01-31"),
    FlagKind.NEVER_REPORTED: (Record(PEOPLE), None, 0, "2024-09-11"),
    FlagKind.STALE: (Record(PEOPLE, (NOVEMBER,)), None, 0, "2026-03-10"),
    FlagKind.BEHIND: (Record(PEOPLE, (NOVEMBER,)), None, 0, "2025-11-20"),
    FlagKind.CONFLICT: (
        Record(
            PEOPLE,
            (NOVEMBER, said(2, "2025-11-04", value=Decimal(700_000), claim=Claim.THIRD_PARTY)),
        ),
        None,
        0,
        "2025-11-20",
    ),
    NewsKind.PROGRESS: (
        Record(PEOPLE, (replace(NOVEMBER, note="As told at the AI tour."),)),
        None,
        1,
        "2025-11-20",
    ),
    NewsKind.MET: (
        Record(PEOPLE, (said(1, "2027-10-01", value=Decimal(1_000_001)),)),
        "target",
        1,
        "2027-10-02",
    ),
    NewsKind.RESCHEDULED: (
        Record(
            PEOPLE,
            (NOVEMBER,),
            (
                Reschedule(
                    1,
                    Due.parse("2028"),
                    date(2025, 11, 18),
                    SetBy.PLEDGER,
                    "More time for schools.",
                    None,
                    AT,
                ),
            ),
        ),
        None,
        1,
        "2025-11-20",
    ),
    NewsKind.WITHDRAWN: (
        Record(
            PEOPLE,
            (NOVEMBER,),
            withdrawals=(Withdrawal(1, date(2025, 11, 19), "Plans changed.", None, AT),),
        ),
        None,
        1,
        "2025-11-20",
    ),
    NewsKind.CORRECTED: (
        Record(PEOPLE, (NOVEMBER, said(2, "2025-11-04", value=Decimal(240_000), supersedes=1))),
        None,
        2,
        "2025-11-20",
    ),
}


def _notice(record: Record, kind: AlertKind, milestone: str | None, step: int, today: str) -> Notice:
    stands = standing(record, Policy(), today=date.fromisoformat(today))
    matching = (f.episode for f in stands.flags if (f.kind, f.milestone) == (kind, milestone))
    return Notice(
        message_id=f"<{kind}.{record.pledge.id}@pledges.example>",
        recipient=Recipient("ada@example.org", "Ada Lovelace", "en"),
        kind=kind,
        milestone=milestone,
        episode=next(matching, stands.today),
        step=step,
        record=record,
        standing=stands,
        pledger="Microsoft",
        initiative="Choose France 2024",
        links=Links(
            page=f"https://pledges.example/pledges/{record.pledge.id}",
            progress=f"https://pledges.example/v1/pledges/{record.pledge.id}/progress",
        ),
    )


@pytest.fixture(scope="session")
def notice_of() -> NoticeOf:
    """The notice of a kind; any part of its case, or of the pledge by `pledge=`, can be another."""

    def make(
        kind: AlertKind,
        language: str = "en",
        *,
        record: Record | None = None,
        milestone: str | None = None,
        step: int | None = None,
        today: str | None = None,
        pledge: dict[str, Any] | None = None,
    ) -> Notice:
        usual_record, usual_milestone, usual_step, usual_today = CASES[kind]
        chosen = usual_record if record is None else record
        if pledge:
            chosen = replace(chosen, pledge=replace(chosen.pledge, **pledge))
        notice = _notice(
            chosen,
            kind,
            milestone or usual_milestone,
            usual_step if step is None else step,
            today or usual_today,
        )
        return replace(notice, recipient=replace(notice.recipient, language=language))

    return make


@pytest.fixture(scope="session")
def pledges() -> dict[str, Pledge]:
    """Pledges of each sort, by a word."""
    return {"people": PEOPLE, "gpus": GPUS, "event": DATA_CENTRE}


@pytest.fixture(scope="session")
def report() -> Callable[..., ProgressUpdate]:
    """Makes updates: number, day, and what they say."""
    return said
