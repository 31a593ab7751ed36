"""What could be said at an instant: the record as it then was, whatever came later and in which order."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from random import Random
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from pledgetracker.domain.record import Record
from pledgetracker.domain.standing import standing
from tests.examples import times
from tests.recounting import policy_at, recounted
from tests.strategies import chronicles

Json = dict[str, Any]

randomness = st.randoms(use_true_random=False)
SECOND = timedelta(seconds=1)


def figures_of(record: Record) -> list[Any]:
    """Every figure and every word on events, accepted and claimed."""
    stones = [None, *(stone.id for stone in record.pledge.milestones)]
    return [(known.figures, *(known.doings(stone) for stone in stones)) for known in (record, record.claimed)]


@given(deeds=chronicles(), rng=randomness)
@times(3)
def test_what_was_known_at_an_instant_is_what_the_record_then_amounted_to(
    deeds: list[Json], rng: Random
) -> None:
    """A record that ends with a deed, and the whole one asked for the instant of that deed, say the same."""
    end = rng.randint(2, len(deeds))
    until, policies = recounted(deeds[:end])
    whole, later_policies = recounted(deeds)
    instant = deeds[end - 1]["at"]
    known = whole.known_at(instant + rng.choice((timedelta(), _gap(deeds, end))))
    assert known is not None
    assert policy_at(later_policies, instant) == policy_at(policies, None)
    policy = policy_at(policies, None)
    for n in range(-5, 45, 5):
        today = until.pledge.announced_on + timedelta(days=n)
        assert standing(known, policy, today=today) == standing(until, policy, today=today)
        assert standing(known.claimed, policy, today=today) == standing(until.claimed, policy, today=today)


def _gap(deeds: list[Json], end: int) -> timedelta:
    """Nearly the time until the next deed."""
    last: datetime = deeds[end - 1]["at"]
    following: datetime = deeds[end]["at"] if end < len(deeds) else last + SECOND
    return following - last - timedelta(microseconds=1)


@given(deeds=chronicles())
def test_before_a_pledge_was_recorded_nothing_was_known_of_it_and_after_the_last_deed_everything(
    deeds: list[Json],
) -> None:
    record, _ = recounted(deeds)
    assert record.known_at(deeds[1]["at"] - timedelta(microseconds=1)) is None
    known = record.known_at(deeds[-1]["at"])
    assert known is not None
    assert figures_of(known) == figures_of(record)
    assert (known.withdrawal, known.reschedules) == (record.withdrawal, record.reschedules)


@given(deeds=chronicles(), rng=randomness)
@times(3)
def test_reports_decisions_and_choices_in_another_order_make_the_same_figures(
    deeds: list[Json], rng: Random
) -> None:
    record, _ = recounted(deeds)
    other, _ = recounted(reordered(deeds, rng))
    assert figures_of(other) == figures_of(record)


def reordered(deeds: list[Json], rng: Random) -> list[Json]:
    """The same deeds in another order, each after those that it speaks of; updates are numbered anew."""
    in_order = list(_another_order(deeds, rng))
    ids = [deed["update"]["id"] for deed in in_order if deed["deed"] == "reported"]
    renamed = {old: new for new, old in enumerate(ids, 1)}
    instants = [deed["at"] for deed in deeds]
    return [_renamed(deed, renamed) | {"at": at} for deed, at in zip(in_order, instants, strict=True)]


def _another_order(deeds: list[Json], rng: Random) -> Iterator[Json]:
    waiting = list(deeds)
    while waiting:
        ready = [n for n, deed in enumerate(waiting) if not any(_needs(deed, other) for other in waiting[:n])]
        yield waiting.pop(rng.choice(ready))


def _needs(deed: Json, earlier: Json) -> bool:
    """Whether a deed speaks of an earlier one, or has to follow it to come to the same end."""
    kind, before = deed["deed"], earlier["deed"]
    if before == "promised" or kind in _IN_THEIR_ORDER:
        return before in _IN_THEIR_ORDER
    if before == "reported":
        return earlier["update"]["id"] in _spoken_of(deed)
    return kind == before and kind in {"reviewed", "chosen"} and bool(_spoken_of(deed) & _spoken_of(earlier))


_IN_THEIR_ORDER = {"judged", "promised", "edited", "moved", "withdrawn", "stood_by"}


def _spoken_of(deed: Json) -> set[int | None]:
    match deed["deed"]:
        case "reported":
            return {deed["update"]["supersedes"]}
        case "reviewed":
            return {deed["update"]}
        case "chosen":
            return set(deed["among"])
    return set()


def _renamed(deed: Json, renamed: dict[int, int]) -> Json:
    match deed["deed"]:
        case "reported":
            update = deed["update"]
            ids = {"id": renamed[update["id"]], "supersedes": renamed.get(update["supersedes"])}
            return deed | {"update": update | ids}
        case "reviewed":
            return deed | {"update": renamed[deed["update"]]}
        case "chosen":
            among = [renamed[number] for number in deed["among"]]
            return deed | {"chosen": renamed[deed["chosen"]], "among": among}
    return deed
