"""The program itself by the campaign's clock; perhaps with a bug put in.

Run as `python -m tests.torture.schedule FOLDER COMMAND [BUG]`, with settings in the environment. It is the
real `pledgetracker schedule` (or another command) down to its signals; only the clock is another, the beat is
quicker, and each tick is written down.
"""

import itertools
import json
import os
import sys
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

from pledgetracker import cli, scheduler
from pledgetracker import runtime as composition
from pledgetracker.runtime import Runtime
from tests.torture.bugs import BUGS, swap
from tests.torture.clock import SharedClock, real_clock

BEAT_SECONDS = 0.2
TICKS = "ticks"


def main(folder: Path, command: str, bug: str | None = None) -> None:
    clock = SharedClock(folder)
    swap(composition.clock, clock)
    if (uptime := getattr(composition, "uptime", None)) is not None:
        # A machine that has been running for as long as its clock says.
        swap(uptime, lambda: replace(uptime(), boot="campaign", seconds=clock().timestamp()))
    scheduler.turn = written_down(scheduler.turn, clock, folder / TICKS)
    scheduler.metronome = quickened(scheduler.metronome)
    if bug is not None:
        BUGS[bug]()
    cli.main([command], prog_name="pledgetracker")


def quickened(metronome: Callable[..., None]) -> Callable[..., None]:
    """Beats in real time, many a second; what the beats mean is told by the other clock."""

    def quick(beat: Callable[[], None], **said: Any) -> None:
        metronome(beat, **(said | {"every_seconds": BEAT_SECONDS, "clock": real_clock}))

    return quick


def written_down(
    turn: Callable[..., tuple[Any, Any]], clock: SharedClock, folder: Path
) -> Callable[..., tuple[Any, Any]]:
    """A turn that leaves a line when it begins and when it ends; between them the clock is not moved."""
    folder.mkdir(exist_ok=True)
    # A file each: what several append to one file at once is whole on some file systems only.
    log = os.open(folder / f"{os.getpid()}.jsonl", os.O_WRONLY | os.O_APPEND | os.O_CREAT)
    numbers = itertools.count(1)

    def write(number: int, event: str, **said: Any) -> None:
        line = {"process": os.getpid(), "tick": number, "event": event, "at": clock().isoformat(), **said}
        os.write(log, json.dumps(line).encode() + b"\n")

    def written(runtime: Runtime, *, now: datetime, **said: Any) -> Any:
        number = next(numbers)
        with clock.standing_still():
            # What it was given may have been read before the last move.
            now = clock()
            write(number, "began")
            try:
                found, delivered = turn(runtime, now=now, **said)
            except Exception as error:
                write(number, "failed", error=repr(error))
                raise
            write(number, "ended", checked=found.checked, sent=delivered.sent, outage=delivered.outage)
        return found, delivered

    return written


if __name__ == "__main__":
    main(Path(sys.argv[1]), *sys.argv[2:])
