"""What flags owe, to whom and when, and how it is folded into one message."""

from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta
from itertools import permutations

import pytest

from pledgetracker.domain.alert import (
    AlertKind,
    NewsKind,
    OpenFlag,
    Owed,
    Recipient,
    alert_kind,
    collapse,
    message_id,
    owed_by,
    steps,
)
from pledgetracker.domain.flag import FlagKind
from tests.domain.cases import day

ANA, BEN = Recipient("ana@example.org"), Recipient("ben@example.org")
EPISODE = "2025-12-31"


def flag(kind: str, milestone: str | None = None, opened_on: str = "2025-03-01") -> OpenFlag:
    return OpenFlag(1, FlagKind(kind), milestone, day(EPISODE), day(opened_on))


def occasions(kind: str, lead_days: int = 90) -> list[tuple[int, str]]:
    return [(step.number, step.day.isoformat()) for step in steps(flag(kind), lead_days=lead_days)]


def test_no_progress_owes_an_alert_at_the_lead_time_and_30_7_and_1_days_before() -> None:
    assert occasions("no_progress") == [
        (90, "2025-10-02"),
        (30, "2025-12-01"),
        (7, "2025-12-24"),
        (1, "2025-12-30"),
    ]


@pytest.mark.parametrize(
    ("lead_days", "numbers"),
    [(120, [120, 30, 7, 1]), (30, [30, 7, 1]), (10, [10, 7, 1]), (1, [1]), (0, [0])],
)
def test_another_lead_time_moves_the_first_occasion_only(lead_days: int, numbers: list[int]) -> None:
    assert [number for number, _ in occasions("no_progress", lead_days)] == numbers


def test_overdue_owes_an_alert_1_31_61_and_91_days_after() -> None:
    assert occasions("overdue") == [
        (1, "2026-01-01"),
        (31, "2026-01-31"),
        (61, "2026-03-02"),
        (91, "2026-04-01"),
    ]


@pytest.mark.parametrize("kind", ["never_reported", "stale", "behind", "conflict"])
def test_the_others_owe_one_on_opening_and_three_reminders(kind: str) -> None:
    assert occasions(kind) == [
        (0, "2025-03-01"),
        (30, "2025-03-31"),
        (60, "2025-04-30"),
        (90, "2025-05-30"),
    ]


def owed(
    open_flag: OpenFlag, today: str, recipients: Iterable[Recipient] = (ANA,), zone: str = "Europe/Paris"
) -> list[Owed]:
    return list(owed_by(open_flag, "gpus", zone, recipients, lead_days=90, today=day(today)))


def test_a_step_falls_due_at_the_first_instant_of_its_local_day() -> None:
    assert owed(flag("overdue"), EPISODE) == []
    (first,) = owed(flag("overdue"), "2026-01-01")
    assert first.due_at == datetime(2025, 12, 31, 23, tzinfo=UTC)
    (stale,) = owed(flag("stale", opened_on="2018-11-04"), "2018-11-04", zone="America/Sao_Paulo")
    assert stale.due_at == datetime(2018, 11, 4, 3, tzinfo=UTC)


def test_all_that_fell_due_is_owed_to_each_recipient_whenever_it_is_asked() -> None:
    late = owed(flag("overdue"), "2026-02-01", (ANA, BEN))
    assert [(alert.recipient, alert.step) for alert in late] == [(ANA, 1), (ANA, 31), (BEN, 1), (BEN, 31)]


def test_the_dedup_key_names_the_occasion_and_not_the_clock() -> None:
    keys = [owed(flag("no_progress", "half"), today)[0].dedup_key for today in ("2025-10-02", "2025-12-30")]
    assert set(keys) == {"gpus|half|no_progress|2025-12-31|90|ana@example.org|email"}
    assert owed(flag("stale"), "2025-03-01")[0].dedup_key == "gpus||stale|2025-12-31|0|ana@example.org|email"


def test_everything_that_tells_two_alerts_apart_is_in_the_dedup_key() -> None:
    plain = ("gpus", "half", FlagKind.BEHIND, day(EPISODE), 30, ANA, datetime(2026, 1, 1, tzinfo=UTC))
    others: list[tuple[int, object]] = [
        (0, "people"),
        (1, None),
        (2, FlagKind.CONFLICT),
        (3, day("2025-12-30")),
        (4, 31),
        (5, BEN),
    ]
    keys = [Owed(*plain).dedup_key]
    for place, other in others:
        changed: list[object] = list(plain)
        changed[place] = other
        keys.append(Owed(*changed).dedup_key)  # type: ignore[arg-type] # one field at a time
    assert len(set(keys)) == 7


def test_the_message_id_follows_from_the_dedup_key_alone() -> None:
    key = owed(flag("stale"), "2025-03-01")[0].dedup_key
    assert message_id(key, "example.org") == message_id(key, "example.org")
    assert message_id(key, "example.org") != message_id(key + " ", "example.org")
    local, domain = message_id(key, "example.org").strip("<>").split("@")
    assert (len(local), local.isalnum(), domain) == (40, True, "example.org")


def alert(kind: str, step: int = 0, due: str = "2025-03-01", **more: object) -> Owed:
    at = datetime.combine(day(due), datetime.min.time(), tzinfo=UTC)
    recipient = more.get("recipient", ANA)
    assert isinstance(recipient, Recipient)
    stone = more.get("milestone")
    assert stone is None or isinstance(stone, str)
    return Owed(str(more.get("pledge", "gpus")), stone, alert_kind(kind), day(EPISODE), step, recipient, at)


def test_one_message_speaks_for_all_that_is_owed_on_a_pledge_led_by_the_most_urgent() -> None:
    order = ["overdue", "no_progress", "never_reported", "stale", "behind", "conflict"]
    assert [FlagKind(kind).urgency for kind in order] == [0, 1, 2, 3, 4, 5]
    for n, leader in enumerate(order):
        # The more urgent fell due earlier: urgency goes before age.
        owing = [alert(kind, due=f"2025-03-{10 + k:02}") for k, kind in enumerate(order) if k >= n]
        for shuffled in (owing, owing[::-1]):
            (bundle,) = collapse(shuffled)
            assert bundle.leader.kind == leader
            assert len(bundle.superseded) == len(owing) - 1


def test_after_downtime_the_latest_step_speaks_for_those_missed() -> None:
    (bundle,) = collapse(owed(flag("overdue"), "2026-04-01"))
    assert bundle.leader.step == 91
    assert sorted(other.step for other in bundle.superseded) == [1, 31, 61]


def test_of_several_milestones_nearing_the_nearest_step_leads_whichever_fell_due_last() -> None:
    near = alert("no_progress", 7, "2025-03-01", milestone="half")
    far = alert("no_progress", 30, "2025-03-02", milestone="target")
    for order in permutations((near, far, alert("no_progress", 90, "2025-01-01", milestone="target"))):
        (bundle,) = collapse(order)
        assert bundle.leader == near


def test_each_pledge_and_each_recipient_has_a_message_of_its_own() -> None:
    bundles = collapse(
        [
            alert("stale"),
            alert("stale", recipient=BEN),
            alert("stale", pledge="people"),
            alert("behind"),
            alert("behind", recipient=BEN),
        ]
    )
    assert sorted((b.leader.pledge, b.leader.recipient.email, len(b.superseded)) for b in bundles) == [
        ("gpus", ANA.email, 1),
        ("gpus", BEN.email, 1),
        ("people", ANA.email, 0),
    ]


def test_nothing_owed_makes_no_message() -> None:
    assert list(collapse([])) == []


@pytest.mark.parametrize("kind", [*FlagKind, *NewsKind])
def test_every_kind_is_found_by_its_name(kind: AlertKind) -> None:
    assert alert_kind(kind.value) is kind


def test_a_flag_keeps_its_identity_from_day_to_day() -> None:
    assert flag("stale", opened_on="2025-03-01").identity == flag("stale", opened_on="2025-03-02").identity
    tomorrow = date.fromisoformat(EPISODE) + timedelta(days=1)
    assert OpenFlag(2, FlagKind.STALE, None, tomorrow, tomorrow).identity != flag("stale").identity
