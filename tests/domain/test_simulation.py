"""A simulation jumps from turning day to turning day and misses nothing between them."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import date, timedelta

from hypothesis import given
from hypothesis import strategies as st

from pledgetracker.domain.alert import OpenFlag, Recipient
from pledgetracker.domain.days import Due
from pledgetracker.domain.explanation import known_by
from pledgetracker.domain.flag import FlagKind
from pledgetracker.domain.policy import Policy
from pledgetracker.domain.record import Record
from pledgetracker.domain.simulation import FAR_AHEAD, SimulatedDay, Start, as_told, onwards, replay, simulate
from pledgetracker.domain.standing import standing
from pledgetracker.domain.watch import Waiting
from tests.domain.cases import RECORDED, day, pledge, update
from tests.examples import times
from tests.strategies import days_of, policies, reviewed_records

DAY = timedelta(days=1)
ANN, BOB = Recipient("ann@example.org"), Recipient("bob@example.org")
Days = list[SimulatedDay[Waiting]]


def told(days: Days) -> list[tuple[date, str, list[str]]]:
    """What each message says: day, the alert that leads it, and those it speaks for."""
    return [
        (day.day, message.leader.dedup_key, sorted(alert.dedup_key for alert in message.spoken_for))
        for day in days
        for message in day.messages
    ]


def turns(days: Days) -> list[tuple[date, set[object], set[object]]]:
    """On which days which flags came and went."""
    return [
        (day.day, {flag.identity for flag in day.opened}, {flag.identity for flag in day.cleared})
        for day in days
        if day.opened or day.cleared
    ]


def day_by_day(record: Record, policy: Policy, first: date, last: date) -> Iterator[SimulatedDay[Waiting]]:
    """The same, looking on every single day."""
    timeless = replace(record, pledge=replace(record.pledge, updated_at=None))
    start: Start[Waiting] = as_told(timeless, policy, [ANN, BOB], eve=first - DAY)
    kept: dict[object, OpenFlag] = {flag.identity: flag for flag in start.kept}
    sent = set(start.told)
    for n in range((last - first).days + 1):
        today = first + n * DAY
        state: Start[Waiting] = Start(today, tuple(kept.values()), frozenset(sent))
        for found in simulate(timeless, policy, [ANN, BOB], state, first=today, last=today):
            yield found
            for flag in found.cleared:
                kept.pop(flag.identity)
            kept |= {flag.identity: flag for flag in found.opened}
            sent |= {m.leader.dedup_key for m in found.messages}
            sent |= {alert.dedup_key for m in found.messages for alert in m.spoken_for}


@given(data=st.data(), record=reviewed_records(), policy=policies())
@times(0.6)
def test_jumping_from_turn_to_turn_finds_what_looking_every_day_finds(
    data: st.DataObject, record: Record, policy: Policy
) -> None:
    first = data.draw(days_of(record))
    last = first + data.draw(st.integers(0, 130)) * DAY
    jumped: Days = list(replay(record, policy, [ANN, BOB], first=first, last=last))
    walked = list(day_by_day(record, policy, first, last))
    assert turns(jumped) == turns(walked)
    assert told(jumped) == told(walked)


@given(data=st.data(), record=reviewed_records(), policy=policies())
@times(1.5)
def test_what_has_come_and_not_gone_is_what_stands_open_on_the_last_day(
    data: st.DataObject, record: Record, policy: Policy
) -> None:
    first = data.draw(days_of(record))
    last = first + data.draw(st.integers(0, 60)) * DAY
    present = {flag.identity for flag in standing(record, policy, today=first - DAY).flags}
    days: Days = list(replay(record, policy, [], first=first, last=last))
    for found in days:
        present -= {flag.identity for flag in found.cleared}
        present |= {flag.identity for flag in found.opened}
    assert present == {flag.identity for flag in standing(record, policy, today=last).flags}


@given(data=st.data(), record=reviewed_records(), policy=policies())
@times(0.6)
def test_days_far_ahead_are_the_same_whether_the_way_there_was_walked_or_not(
    data: st.DataObject, record: Record, policy: Policy
) -> None:
    today = data.draw(days_of(record))
    # Its deadline, and with it what is to come, lies where it is looked for.
    due = Due.parse(str(today + (FAR_AHEAD + data.draw(st.integers(-30, 120))) * DAY))
    far = replace(known_by(record, today), pledge=replace(record.pledge, due=due), reschedules=())
    first = today + (FAR_AHEAD + 1) * DAY
    start: Start[Waiting] = as_told(far, policy, [ANN, BOB], eve=today)
    walked = simulate(far, policy, [ANN, BOB], start, first=today, last=first + 200 * DAY)
    jumped = onwards(far, policy, [ANN, BOB], start, today=today, first=first, last=first + 200 * DAY)
    days: tuple[Days, Days] = [d for d in walked if d.day >= first], list(jumped)
    assert turns(days[0]) == turns(days[1])
    assert told(days[0]) == told(days[1])


@given(data=st.data(), record=reviewed_records(), policy=policies())
def test_a_recipient_gets_one_message_a_day_at_most_and_no_alert_twice(
    data: st.DataObject, record: Record, policy: Policy
) -> None:
    first = data.draw(days_of(record))
    days: Days = list(replay(record, policy, [ANN, BOB], first=first, last=first + 130 * DAY))
    for found in days:
        addresses = [message.leader.recipient for message in found.messages]
        assert len(addresses) == len(set(addresses))
    keys = [key for _, leader, others in told(days) for key in (leader, *others)]
    assert len(keys) == len(set(keys))


def said(days: Days) -> list[str]:
    """Each day in a few words."""
    return [
        " ".join(
            (
                str(found.day),
                *(f"+{flag.kind}" for flag in found.opened),
                *(f"-{flag.kind}" for flag in found.cleared),
                *(f"{m.leader.kind}/{m.leader.step}>{len(m.spoken_for)}" for m in found.messages),
            )
        )
        for found in days
    ]


def test_a_year_of_silence() -> None:
    quiet = Record(pledge(due="2025-12-31"))
    days: Days = list(replay(quiet, Policy(), [ANN], first=day("2025-01-01"), last=day("2026-02-28")))
    assert said(days) == [
        "2025-05-02 +never_reported never_reported/0>0",
        "2025-06-01 never_reported/30>0",
        "2025-07-01 never_reported/60>0",
        "2025-07-31 never_reported/90>0",
        "2025-10-02 +no_progress no_progress/90>0",
        "2025-12-01 no_progress/30>0",
        "2025-12-24 no_progress/7>0",
        "2025-12-30 no_progress/1>0",
        "2026-01-01 +overdue -no_progress overdue/1>0",
        "2026-01-31 overdue/31>0",
    ]


def test_a_report_counts_from_the_day_that_it_describes() -> None:
    late = Record(pledge(), (update("2025-06-10", 60),))
    days: Days = list(replay(late, Policy(), [], first=day("2025-05-01"), last=day("2025-06-30")))
    assert said(days) == ["2025-05-02 +never_reported", "2025-06-10 -never_reported"]


def test_what_fell_due_before_the_first_day_is_told_and_not_told_again() -> None:
    quiet = Record(pledge(due="2025-12-31"))
    days: Days = list(replay(quiet, Policy(), [ANN], first=day("2025-06-02"), last=day("2025-07-01")))
    assert said(days) == ["2025-07-01 never_reported/60>0"]


def test_a_look_after_days_without_any_folds_all_that_fell_due_into_one_message() -> None:
    quiet = Record(pledge(due="2025-12-31", updated_at=RECORDED - timedelta(days=365)))
    start: Start[Waiting] = Start(day("2025-05-01"))
    first = day("2025-12-02")
    [found] = simulate(quiet, Policy(), [ANN], start, first=first, last=first)
    assert {flag.kind for flag in found.opened} == {FlagKind.NEVER_REPORTED, FlagKind.NO_PROGRESS}
    [message] = found.messages
    assert (message.leader.kind, message.leader.step) == (FlagKind.NO_PROGRESS, 30)
    assert len(message.spoken_for) == 5
