"""How often Hypothesis tries a law: the profile of the run says it, a test only by how much it differs."""

from collections.abc import Iterable
from typing import Any

from hypothesis import HealthCheck, settings

# A law that is tried once is an example.
FEWEST = 2

# Speed is the bench's to measure: on a busy machine a time limit fails what is right.
settings.register_profile(
    "exploring",
    # By itself it would take over what Hypothesis presets where the environment says CI.
    settings.get_profile("default"),
    max_examples=30,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
    print_blob=True,
)
settings.register_profile("searching", settings.get_profile("exploring"), max_examples=500)
# The same code meets the same examples.
settings.register_profile(
    "gate", settings.get_profile("exploring"), max_examples=100, derandomize=True, database=None
)


def load(*, is_gate: bool) -> None:
    """Begin a run; before the tests are read, as laws keep the profile under which they were written."""
    settings.load_profile("gate" if is_gate else "exploring")


def times(weight: float, *, suppress_health_check: Iterable[HealthCheck] = (), **more: Any) -> settings:
    """Try a law `weight` times as often as the profile says.

    Args:
        suppress_health_check: what Hypothesis should not mind either; `more` are other settings of its.
    """
    profile = settings()
    return settings(
        max_examples=max(FEWEST, round(weight * profile.max_examples)),
        suppress_health_check={*profile.suppress_health_check, *suppress_health_check},
        **more,
    )
