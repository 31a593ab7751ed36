"""How long a machine has been running: a clock that nobody sets."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Uptime:
    """A reading of it.

    Attributes:
        boot: names the time since the machine was last switched on; None where the machine does not tell.
        seconds: since then, those in which it slept included.
        machine: what it is called.
    """

    boot: str | None
    seconds: float
    machine: str = ""
