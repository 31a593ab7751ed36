"""The auditor on evidence made by hand: silent about what is right, a name for everything that is wrong."""

import subprocess
import sys
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from tests.torture.auditor import audit
from tests.torture.evidence import Deed, Evidence, Json, Tick, Trouble
from tests.torture.owed import Story, Target, first_instant, last_day_of

DESK = "desk@example.org"
SECOND = timedelta(seconds=1)
CREATED = datetime(2026, 3, 1, 12, tzinfo=UTC)
# Paris, a week before its deadline, which is the last day of March: clocks change in between.
WEEK_BEFORE = datetime(2026, 3, 23, 23, tzinfo=UTC)


def pledge(**more: Any) -> Deed:
    said = {
        "comparator": "at_least",
        "target": 10,
        "announced_on": "2026-02-15",
        "due": "2026-03",
        "time_zone": "Europe/Paris",
        **more,
    }
    return Deed("p", "pledge", said, CREATED, CREATED + SECOND)


def progress(at: datetime, number: int = 1, **said: Any) -> Deed:
    body = {"as_of": at.date().isoformat(), "value": 5, **said}
    return Deed("p", "progress", body, at, at + SECOND, number)


def row(key: int, step: int, state: str, planned_at: datetime, **more: Any) -> Json:
    """An alert that the pledge's target nears without progress, or another."""
    blank = {
        "id": key,
        "pledge": "p",
        "milestone": "target",
        "kind": "no_progress",
        "episode": date(2026, 3, 31),
        "step": step,
        "recipient": DESK,
        "due_at": first_instant(date(2026, 3, 31) - timedelta(days=step), "Europe/Paris"),
        "planned_at": planned_at,
        "state": state,
        "reason": None if state == "sent" else "A reason.",
        "superseded_by": None,
        "first_attempt_at": planned_at,
        "ended_at": None if state == "pending" else planned_at + SECOND,
    }
    return blank | more


def taken(alert: Json, at: datetime, **more: Any) -> Json:
    words = (
        f"kind={alert['kind']}; pledge=p; milestone={alert['milestone'] or '-'}; "
        f"episode={alert['episode']}; step={alert['step']}"
    )
    blank = {
        "event": "taken",
        "at": at,
        "recipient": alert["recipient"],
        "message_id": f"<{alert['id']}@pledges.example>",
        "alert": words,
        "digest": str(alert["id"]),
        "is_answered": True,
    }
    return blank | more


def ticks(*at: datetime) -> list[Tick]:
    return [Tick(1, instant, instant + 2 * SECOND) for instant in at]


def evidence(
    deeds: list[Deed], alerts: list[Json], mail: list[Json], at: list[Tick], **more: Any
) -> Evidence:
    letters = [{"alert": alert["id"], "message_id": f"<{alert['id']}@pledges.example>"} for alert in alerts]
    return Evidence(deeds, alerts, letters, mail, at, (), (DESK,), **more)


@pytest.fixture
def sound() -> Evidence:
    """Created thirty days before it is due: two steps at once, of which the nearer speaks; later a third."""
    first = row(1, 30, "sent", CREATED)
    passed = row(2, 90, "superseded", CREATED, superseded_by=1)
    week = row(3, 7, "sent", WEEK_BEFORE)
    arrived = [taken(first, CREATED + SECOND), taken(week, WEEK_BEFORE + SECOND)]
    return evidence([pledge()], [first, passed, week], arrived, ticks(CREATED + SECOND, WEEK_BEFORE))


def with_row(known: Evidence, key: int, **more: Any) -> Evidence:
    return replace(known, alerts=[a | more if a["id"] == key else a for a in known.alerts])


def found(known: Evidence) -> set[str]:
    return {kind for kind, sentences in audit(known).found.items() if sentences}


def test_it_has_nothing_to_say_about_what_is_right(sound: Evidence) -> None:
    verdict = audit(sound)
    assert verdict.broken == []
    assert verdict.owed == 3
    assert verdict.ended == {"sent": 2, "superseded": 1}


def test_what_is_owed_and_not_on_record_is_missing(sound: Evidence) -> None:
    assert found(replace(sound, alerts=sound.alerts[:2], mail=sound.mail[:1])) == {"missing"}


def test_what_is_recorded_as_sent_and_never_arrived_is_missing(sound: Evidence) -> None:
    assert found(replace(sound, mail=sound.mail[:1])) == {"missing"}


@pytest.mark.parametrize("state", ["superseded", "suppressed", "cancelled", "dead"])
def test_what_ends_in_any_other_way_without_cause_is_missing(sound: Evidence, state: str) -> None:
    assert found(replace(with_row(sound, 3, state=state, reason="So it is."), mail=sound.mail[:1])) == {
        "missing"
    }


def test_every_end_but_sent_needs_a_reason(sound: Evidence) -> None:
    assert found(with_row(sound, 2, reason=None)) == {"missing"}


def test_whoever_is_spoken_for_is_spoken_for_by_a_message_to_the_same_reader(sound: Evidence) -> None:
    assert found(with_row(sound, 2, superseded_by=99)) == {"missing"}
    assert found(with_row(sound, 2, superseded_by=2)) == {"missing"}


def test_the_nearer_step_speaks_for_the_farther(sound: Evidence) -> None:
    first, passed, week = sound.alerts
    turned = [
        first | {"step": 90, "due_at": passed["due_at"]},
        passed | {"step": 30, "due_at": first["due_at"]},
    ]
    mail = [taken(turned[0], CREATED + SECOND), sound.mail[1]]
    assert found(replace(sound, alerts=[*turned, week], mail=mail)) == {"missing"}


def test_pending_for_ever_is_unrecovered(sound: Evidence) -> None:
    known = with_row(sound, 3, state="pending", ended_at=None)
    assert found(replace(known, mail=sound.mail[:1])) == {"unrecovered"}


def test_two_message_ids_for_one_target_are_double(sound: Evidence) -> None:
    again = sound.mail[1] | {"message_id": "<another@pledges.example>"}
    assert found(replace(sound, mail=[*sound.mail, again])) == {"double"}


def test_one_message_id_for_two_targets_is_double_too(sound: Evidence) -> None:
    shared = [arrived | {"message_id": "<1@pledges.example>"} for arrived in sound.mail]
    assert "double" in found(replace(sound, mail=shared))


def test_two_rows_for_one_target_are_double(sound: Evidence) -> None:
    assert "double" in found(replace(sound, alerts=[*sound.alerts, row(4, 7, "sent", WEEK_BEFORE)]))


def test_the_same_message_again_is_a_duplicate_that_a_fault_may_excuse(sound: Evidence) -> None:
    again = replace(sound, mail=[*sound.mail, sound.mail[1]])
    assert audit(again).figures["duplicate"] == 1
    assert audit(again).broken == ["1 duplicates, of which faults excuse 0"]
    lost = replace(sound, mail=[sound.mail[0], sound.mail[1] | {"is_answered": False}, sound.mail[1]])
    assert audit(lost).broken == []
    killed = replace(again, troubles=[Trouble("kill", WEEK_BEFORE, WEEK_BEFORE + SECOND)])
    assert audit(killed).broken == []


def test_the_same_message_id_with_other_words_is_unexpected(sound: Evidence) -> None:
    other = sound.mail[1] | {"digest": "other", "is_answered": False}
    assert found(replace(sound, mail=[*sound.mail, other])) == {"unexpected"}


def test_what_nobody_owes_is_unexpected_on_record_and_in_the_mail(sound: Evidence) -> None:
    extra = row(4, 8, "sent", WEEK_BEFORE + SECOND)
    mail = [*sound.mail, taken(extra, WEEK_BEFORE)]
    verdict = audit(replace(sound, alerts=[*sound.alerts, extra], mail=mail))
    assert [sentence.partition(": ")[2] for sentence in verdict.found["unexpected"]] == [
        "recorded, and not owed",
        "arrived, and was not owed",
    ]


def test_two_messages_of_one_look_are_unexpected(sound: Evidence) -> None:
    known = with_row(sound, 2, state="sent", superseded_by=None)
    mail = [*sound.mail, taken(known.alerts[1], CREATED + SECOND)]
    assert found(replace(known, mail=mail)) == {"unexpected"}


def test_what_leaves_before_its_day_has_begun_where_the_pledge_is_is_unexpected(sound: Evidence) -> None:
    early = WEEK_BEFORE - timedelta(minutes=1)
    known = with_row(sound, 3, planned_at=early)
    assert found(replace(known, mail=[sound.mail[0], sound.mail[1] | {"at": early}])) == {"unexpected"}


def test_what_a_calm_tick_leaves_undone_is_late(sound: Evidence) -> None:
    later = WEEK_BEFORE + timedelta(hours=5)
    known = replace(
        with_row(sound, 3, planned_at=later),
        ticks=ticks(CREATED + SECOND, WEEK_BEFORE, later),
        mail=[sound.mail[0], sound.mail[1] | {"at": later + SECOND}],
    )
    assert found(known) == {"late"}
    struck = Trouble("refuse", WEEK_BEFORE - SECOND, WEEK_BEFORE + timedelta(hours=3))
    assert found(replace(known, troubles=[struck])) == set()
    killed = [*known.ticks[:1], Tick(1, WEEK_BEFORE, None), *known.ticks[2:]]
    assert found(replace(known, ticks=killed)) == set()


def test_what_one_tick_planned_and_a_third_hands_over_is_not_late(sound: Evidence) -> None:
    began, ended, sent = (WEEK_BEFORE + timedelta(seconds=n) for n in (4, 6, 7))
    first, third = Tick(1, WEEK_BEFORE, began), Tick(3, ended, sent + SECOND)
    known = replace(sound, mail=[sound.mail[0], sound.mail[1] | {"at": sent}])
    beside = [*ticks(CREATED + SECOND), first, Tick(2, began, ended), third]
    assert found(replace(known, ticks=beside)) == set()
    alone = [*ticks(CREATED + SECOND), first, third]
    assert found(replace(known, ticks=alone)) == {"late"}


def test_what_is_sent_although_its_flag_was_closed_is_unexpected(sound: Evidence) -> None:
    moved = progress(WEEK_BEFORE + timedelta(hours=1), as_of="2026-03-24", value=9)
    news = row(
        4,
        1,
        "sent",
        moved.began,
        kind="progress",
        milestone=None,
        episode=date(2026, 3, 24),
        due_at=moved.began,
    )
    late = WEEK_BEFORE + timedelta(hours=2)
    known = replace(
        sound,
        deeds=[*sound.deeds, moved],
        alerts=[*sound.alerts, news],
        letters=[*sound.letters, {"alert": 4, "message_id": "<4@pledges.example>"}],
        mail=[sound.mail[0], sound.mail[1] | {"at": late}, taken(news, moved.began + SECOND)],
        ticks=ticks(CREATED + SECOND),
    )
    # A tick afterwards, so that the week before is owed, whose end nobody waits for.
    known = replace(known, ticks=[*known.ticks, *ticks(late)])
    assert found(known) == {"unexpected"}
    cancelled = with_row(known, 3, state="cancelled", reason="Moot.", ended_at=late)
    assert found(replace(cancelled, mail=[known.mail[0], known.mail[2]])) == set()


def test_a_refused_recipient_may_be_given_up_and_so_may_one_tried_for_five_days(sound: Evidence) -> None:
    dead = replace(with_row(sound, 3, state="dead", reason="550"), mail=sound.mail[:1])
    refused = {"event": "refused", "recipient": DESK, "at": WEEK_BEFORE}
    assert found(replace(dead, mail=[*dead.mail, refused])) == set()
    days = with_row(dead, 3, first_attempt_at=WEEK_BEFORE, ended_at=WEEK_BEFORE + timedelta(days=5))
    assert found(days) == set()


def test_days_begin_where_calendars_say_so() -> None:
    def begins(day: str, zone: str) -> str:
        return first_instant(date.fromisoformat(day), zone).isoformat()[:16]

    # No midnight on that day: clocks go from 23:59 to 01:00.
    assert begins("2024-04-26", "Africa/Cairo") == "2024-04-25T22:00"
    assert begins("2024-03-31", "Asia/Beirut") == "2024-03-30T22:00"
    # The hour before midnight comes twice.
    assert begins("2024-11-01", "Africa/Cairo") == "2024-10-31T22:00"
    assert begins("2024-03-11", "America/New_York") == "2024-03-11T04:00"
    assert begins("2024-02-29", "Pacific/Kiritimati") == "2024-02-28T10:00"
    assert begins("2024-02-29", "Pacific/Pago_Pago") == "2024-02-29T11:00"


def test_periods_end_on_their_last_day() -> None:
    assert [last_day_of(text).isoformat() for text in ("2024", "2024-Q1", "2024-02", "2024-02-28")] == [
        "2024-12-31",
        "2024-03-31",
        "2024-02-29",
        "2024-02-28",
    ]


def test_reminders_count_from_the_day_on_which_the_flag_opened() -> None:
    silent = pledge(due=None, cadence_days=10, grace_days=3)
    story = Story([silent], [DESK])
    owed = dict(story.owed(CREATED + timedelta(days=40)))
    # Never reported since 28 February, but on record only since 1 March.
    assert {(t.kind, t.episode, t.step): ready for t, ready in owed.items()} == {
        ("never_reported", date(2026, 2, 25), 0): silent.ended,
        ("never_reported", date(2026, 2, 25), 30): first_instant(date(2026, 3, 31), "Europe/Paris"),
    }


def test_news_is_owed_to_each_reader_and_a_target_met_is_news_of_its_own() -> None:
    met = progress(CREATED + timedelta(days=1), value=10)
    story = Story([pledge(contacts=[{"email": "Ann@example.org"}]), met], [DESK])
    news = {(t.kind, t.recipient) for t, _ in story.owed(met.ended) if t.kind in {"progress", "met"}}
    assert news == {(kind, who) for kind in ("progress", "met") for who in (DESK, "ann@example.org")}


def test_a_target_is_named_by_all_that_makes_it_one() -> None:
    one = Target("p", None, "stale", date(2026, 3, 1), 0, DESK)
    assert one != replace(one, step=30)
    assert one.rank < replace(one, kind="behind").rank


def test_it_shares_nothing_with_the_product() -> None:
    program = (
        "import sys, tests.torture.auditor; "
        "print([name for name in sys.modules if name.startswith('pledgetracker')])"
    )
    ended = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert ended.stdout == "[]\n"
