"""An allowance: so many at once, and so many a minute in the long run."""

from hypothesis import given
from hypothesis import strategies as st

from pledgetracker.domain.allowance import MICROSECONDS, Allowance

SECOND = MICROSECONDS


def admitted(allowance: Allowance, moments: list[int]) -> list[int]:
    """The moments at which one more was allowed."""
    whole_at, let_in = 0, []
    for now in moments:
        if allowance.wait(whole_at, now=now) == 0:
            whole_at = max(whole_at, now) + allowance.interval
            let_in.append(now)
    return let_in


def test_the_burst_is_allowed_at_once_and_then_one_an_interval() -> None:
    allowance = Allowance(per_minute=60, burst=3)
    moments = [0, 0, 0, 0, SECOND - 1, SECOND, SECOND, 2 * SECOND, 60 * SECOND, 60 * SECOND, 60 * SECOND]
    assert admitted(allowance, [100 * SECOND + at for at in moments]) == [
        100 * SECOND + at for at in (0, 0, 0, SECOND, 2 * SECOND, 60 * SECOND, 60 * SECOND, 60 * SECOND)
    ]


def test_the_wait_is_the_time_until_the_next_is_allowed() -> None:
    allowance = Allowance(per_minute=30, burst=2)
    assert allowance.wait(10 * SECOND, now=10 * SECOND) == 0
    assert allowance.wait(12 * SECOND, now=10 * SECOND) == 0
    assert allowance.wait(13 * SECOND, now=10 * SECOND) == SECOND
    assert allowance.wait(14 * SECOND, now=10 * SECOND) == 2 * SECOND


@given(
    st.integers(1, 1000),
    st.integers(1, 20),
    st.lists(st.integers(0, 120 * SECOND), max_size=60).map(sorted),
    st.integers(0, 120 * SECOND),
    st.integers(1, 120 * SECOND),
)
def test_in_no_stretch_of_time_is_more_allowed_than_burst_and_rate_make(
    per_minute: int, burst: int, moments: list[int], begin: int, length: int
) -> None:
    allowance = Allowance(per_minute, burst)
    inside = [at for at in admitted(allowance, moments) if begin <= at < begin + length]
    assert len(inside) <= burst + length // allowance.interval + 1


@given(st.integers(1, 1000), st.integers(1, 20), st.integers(1, 50))
def test_who_keeps_to_the_rate_is_never_refused(per_minute: int, burst: int, times: int) -> None:
    allowance = Allowance(per_minute, burst)
    moments = [SECOND + i * allowance.interval for i in range(times)]
    assert admitted(allowance, moments) == moments
