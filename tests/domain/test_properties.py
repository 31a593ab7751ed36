"""What holds of every pledge, whatever was promised, reported, moved or withdrawn."""

from dataclasses import asdict, replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pledgetracker.domain.flag import Flag, FlagKind, turning_days
from pledgetracker.domain.pledge import Pledge, problems
from pledgetracker.domain.policy import Policy
from pledgetracker.domain.record import Record
from pledgetracker.domain.standing import Delivery, Schedule, Standing, Status, standing
from pledgetracker.domain.target import Comparator
from pledgetracker.domain.update import ProgressUpdate
from tests import histories
from tests.examples import times
from tests.strategies import days_of, pledges, policies, records

DAY = timedelta(days=1)
HORIZON_DAYS = 60


def shuffled(record: Record, rng: Random) -> Record:
    """The same reports recorded in another order; what refers to a report refers to it still."""
    numbers = [update.number for update in record.updates]
    rng.shuffle(numbers)
    renamed = dict(zip((update.number for update in record.updates), numbers, strict=True))

    def moved(update: ProgressUpdate) -> ProgressUpdate:
        old = update.supersedes
        return replace(
            update,
            number=renamed[update.number],
            supersedes=None if old is None else renamed[old],
        )

    return replace(
        record,
        updates=tuple(sorted(map(moved, record.updates), key=lambda u: u.number)),
        decisions=tuple(replace(decision, update=renamed[decision.update]) for decision in record.decisions),
        resolutions=tuple(
            replace(choice, chosen=renamed[choice.chosen], among=tuple(renamed[n] for n in choice.among))
            for choice in record.resolutions
        ),
    )


@given(data=st.data(), record=records(), policy=policies(), rng=st.randoms(use_true_random=False))
@times(2)
def test_the_order_of_recording_plays_no_part(
    data: st.DataObject, record: Record, policy: Policy, rng: Random
) -> None:
    today, other = data.draw(days_of(record)), shuffled(record, rng)
    assert other.figures == record.figures
    assert standing(other, policy, today=today) == standing(record, policy, today=today)


@given(pledges())
def test_the_strategy_makes_well_formed_pledges(promised: Pledge) -> None:
    assert list(problems(promised)) == []


@given(record=records(), policy=policies())
def test_no_number_is_ever_infinite_and_none_is_longer_than_six_decimals(
    record: Record, policy: Policy
) -> None:
    for n in range(-10, HORIZON_DAYS, 7):
        stand = standing(record, policy, today=record.pledge.announced_on + n * DAY)
        for number in asdict(stand.progress).values():
            if isinstance(number, Decimal):
                assert number.is_finite()
                assert number == round(number, 6)
            if isinstance(number, date):
                assert number <= date(2200, 12, 31)


def known_by(record: Record, today: date) -> Record:
    """What could be recorded by a day: nothing describes a day that is yet to come."""
    return replace(record, updates=tuple(update for update in record.updates if update.as_of <= today))


# From good to bad, for one set of figures and one deadline. Of what is not here the clock decides
# nothing by itself: those words come and go with reports, moves of the deadline and withdrawals.
WORSENING = [
    *(Status.MET, Status.MET_LATE, Status.REVERSED),
    *(Status.ON_TRACK, Status.AT_RISK, Status.OFF_TRACK),
    *(Status.IN_PROGRESS, Status.NOT_STARTED, Status.REGRESSING),
    *(Status.STALE, Status.NEVER_REPORTED, Status.INDETERMINATE, Status.OVERDUE),
]


@given(data=st.data(), record=records(), policy=policies())
@times(2)
def test_time_alone_never_improves_a_standing_save_that_a_cap_is_met_by_the_clock(
    data: st.DataObject, record: Record, policy: Policy
) -> None:
    today = data.draw(days_of(record))
    # Nothing more is reported, moved or withdrawn from here on.
    settled = replace(known_by(record, today), reschedules=(), withdrawals=())
    before = standing(settled, policy, today=today)
    after = standing(settled, policy, today=today + data.draw(st.integers(1, HORIZON_DAYS)) * DAY)
    if record.pledge.comparator is Comparator.AT_MOST and after.delivery is Delivery.MET:
        assert after.schedule is Schedule.MET_ON_TIME
        return
    assert after.delivery is before.delivery
    assert after.figure == before.figure
    assert WORSENING.index(after.status) >= WORSENING.index(before.status)


def seen(record: Record, policy: Policy, today: date) -> tuple[Status, tuple[Flag, ...]]:
    stand = standing(record, policy, today=today)
    return stand.status, stand.flags


def next_turn(record: Record, policy: Policy, today: date) -> date:
    """The next day on which the scheduler looks, if nothing is reported until then."""
    stages = standing(record, policy, today=today).milestones
    horizon = today + 3 * HORIZON_DAYS * DAY
    return min(
        (day for day in turning_days(record, stages, policy, today=today) if day > today), default=horizon
    )


def overlooked(record: Record, policy: Policy, today: date) -> str | None:
    """The first change of status or flags between two looks, in words, or None."""
    settled = known_by(record, today)
    first = seen(settled, policy, today)
    end = min(next_turn(settled, policy, today), today + 3 * HORIZON_DAYS * DAY)
    day = today + DAY
    while day < end:
        if (now := seen(settled, policy, day)) != first:
            return f"{today} to {day}, next look {end}: {first} became {now} for {settled}, {policy}"
        day += DAY
    return None


@given(data=st.data(), record=records(), policy=policies())
@times(2)
def test_between_two_turning_days_neither_status_nor_flags_change(
    data: st.DataObject, record: Record, policy: Policy
) -> None:
    assert overlooked(record, policy, data.draw(days_of(record))) is None


@pytest.mark.slow
@pytest.mark.parametrize("block", range(2))
def test_between_turning_days_nothing_changes_in_five_thousand_histories(block: int) -> None:
    for seed in range(block * 2_500, block * 2_500 + 2_500):
        rng = Random(seed)
        record, policy = histories.record(rng), histories.policy(rng)
        today = record.pledge.announced_on + rng.randint(-10, 40) * DAY
        assert overlooked(record, policy, today) is None, f"seed {seed}"


@given(data=st.data(), record=records(), policy=policies())
@times(2)
def test_a_flag_holds_since_a_day_that_has_come_and_opens_once_for_each_identity(
    data: st.DataObject, record: Record, policy: Policy
) -> None:
    today = data.draw(days_of(record))
    flags = standing(known_by(record, today), policy, today=today).flags
    assert len({flag.identity for flag in flags}) == len(flags)
    assert [flag.kind.urgency for flag in flags] == sorted(flag.kind.urgency for flag in flags)
    for flag in flags:
        assert flag.since <= today


@given(data=st.data(), record=records(), policy=policies())
@times(2)
def test_a_flag_that_stays_keeps_its_beginning_and_none_begins_before_the_day_it_names(
    data: st.DataObject, record: Record, policy: Policy
) -> None:
    today = data.draw(days_of(record))
    settled = replace(known_by(record, today), reschedules=(), withdrawals=())
    first = {flag.identity: flag.since for flag in standing(settled, policy, today=today).flags}
    for n in range(1, HORIZON_DAYS, 4):
        later = standing(settled, policy, today=today + n * DAY)
        for flag in later.flags:
            assert first.get(flag.identity, flag.since) == flag.since
            # Nothing was reported since `today`, so what is open now was open from its first day on.
            start = max(flag.since, today, record.pledge.announced_on)
            assert flag in standing(settled, policy, today=start).flags


def days_of_flags(stand: Standing) -> dict[FlagKind, set[int]]:
    """How many days after the date that names it each flag begins."""
    found: dict[FlagKind, set[int]] = {}
    for flag in stand.flags:
        found.setdefault(flag.kind, set()).add((flag.since - flag.episode).days)
    return found


@given(data=st.data(), record=records(), policy=policies())
@times(2)
def test_each_kind_of_flag_begins_so_many_days_from_the_date_that_names_it(
    data: st.DataObject, record: Record, policy: Policy
) -> None:
    stand = standing(record, policy, today=data.draw(days_of(record)))
    grace = policy.grace_days if record.pledge.grace_days is None else record.pledge.grace_days
    begins = days_of_flags(stand)
    # A cap is overdue on its due day; what is an event on its way is not.
    is_cap = record.pledge.comparator is Comparator.AT_MOST
    assert begins.get(FlagKind.OVERDUE, set()) <= ({0, 1} if is_cap else {1})
    assert begins.get(FlagKind.BEHIND, {0}) == begins.get(FlagKind.CONFLICT, {0}) == {0}
    for kind in (FlagKind.STALE, FlagKind.NEVER_REPORTED):
        assert begins.get(kind, {grace + 1}) == {grace + 1}
    assert all(-policy.lead_days <= n <= 0 for n in begins.get(FlagKind.NO_PROGRESS, ()))


@given(record=records(), policy=policies())
@times(0.5)
def test_the_instant_of_recording_is_no_input_to_a_standing(record: Record, policy: Policy) -> None:
    stamped = [replace(update, recorded_at=datetime(2199, 1, 1, tzinfo=UTC)) for update in record.updates]
    today = record.pledge.announced_on + 20 * DAY
    assert standing(replace(record, updates=tuple(stamped)), policy, today=today) == standing(
        record, policy, today=today
    )
