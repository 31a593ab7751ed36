"""How often Hypothesis tries a law: the profile of the run says it, a test only by how much it differs."""

from typing import Any

from hypothesis import settings

# A law that is tried once is an example.
FEWEST = 2
# Speed is the bench's to measure: on a busy machine a deadline fails what is right.
settings.register_profile("exploring", max_examples=30, deadline=None, print_blob=True)
settings.register_profile("searching", settings.get_profile("exploring"), max_examples=500)
# The gate: the same code meets the same examples, and what fails can be had again from what it prints.
settings.register_profile("gate", max_examples=100, deadline=None, derandomize=True, print_blob=True)


def load(*, is_gate: bool) -> None:
    """Begin a run; before the tests are read, as laws keep the profile under which they were written."""
    settings.load_profile("gate" if is_gate else "exploring")


def times(weight: float, **more: Any) -> settings:
    """Try a law `weight` times as often as the profile says; `more` are settings of Hypothesis."""
    return settings(max_examples=max(FEWEST, round(weight * settings().max_examples)), **more)
