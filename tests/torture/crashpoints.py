"""Crash points: each flow that writes is run in a process that dies at its n-th moment, for every n.

A moment lies before and after each statement, commit, rollback and SMTP verb. What a dead process left must
be nothing or the whole; another process that does the same again must make the whole of it, once.
"""

from contextlib import ExitStack
from dataclasses import replace
from itertools import count

from pledgetracker.services import auditing
from tests.sinks import Sink, free_port, listening
from tests.torture.campaign import Options, Result
from tests.torture.inspection import Inspection
from tests.torture.installations import installed
from tests.torture.nursery import nursery
from tests.torture.scenes import Scene, Stage, scenes, staged

# How often all of it.
CYCLES = 1
# More moments than a flow can have: something would make it begin anew for ever.
TOO_MANY = 2_000


def campaign(options: Options, only: Scene | None = None) -> Result:
    """Let every flow die everywhere, or only one."""
    figures = dict.fromkeys(("flows", "points", "deaths", "duplicates"), 0)
    broken: list[str] = []
    for cycle in range(options.cycles):
        for scene in scenes() if only is None else [only]:
            folder = options.folder / f"{scene.name}-{cycle}"
            folder.mkdir()
            found = die_everywhere(scene, replace(options, folder=folder), broken)
            options.report(f"{scene.name}: {found}")
            figures = {name: number + found[name] for name, number in figures.items()}
    return Result({"cycles": options.cycles, **figures}, broken)


def die_everywhere(
    scene: Scene,
    options: Options,
    broken: list[str],
    *,
    flows: str = "tests.torture.flows",
    stops_at_first: bool = False,
) -> dict[str, int]:
    """Let one flow, as a module has it, die everywhere; returns what was counted."""
    port, sink = free_port(), Sink()
    settings = {
        "PLEDGETRACKER_SMTP_HOST": "127.0.0.1",
        "PLEDGETRACKER_SMTP_PORT": str(port),
        "PLEDGETRACKER_SMTP_SECURITY": "none",
        "PLEDGETRACKER_MAIL_FROM": "alerts@pledges.example",
    }
    with ExitStack() as stack:
        stack.enter_context(listening(sink, port))
        installation = stack.enter_context(installed(options, **settings))
        ward = stack.enter_context(nursery(options.folder / "nursery.log", flows))
        stage = stack.enter_context(staged(installation, sink, ward))
        found = _enumerate(scene, stage, broken, stops_at_first=stops_at_first)
        # Once is enough: what a death has done to either, no later play mends.
        with stage.runtime.database.read() as tx:
            verdict = auditing.verify(tx)
        damage = Inspection(installation).damage()
        broken += [f"{scene.name}: audit log: {verdict.broken}"] if verdict.broken else []
        broken += [f"{scene.name}: {damage}"] if damage else []
        return found


def _enumerate(scene: Scene, stage: Stage, broken: list[str], *, stops_at_first: bool) -> dict[str, int]:
    """One play for each moment, until the process outlives them all; the first shows the flow undisturbed."""
    found = {"flows": 1, "points": 0, "deaths": 0, "duplicates": 0}
    for number in count():
        play = scene.play(stage, f"{scene.name}-{number}", number or None)
        broken += [f"{scene.name}, moment {number}, {sentence}" for sentence in play.wrong]
        found["duplicates"] += play.duplicates
        if (number and play.first.died is None) or (broken and stops_at_first):
            return found | {"points": play.first.moments // 2}
        if number > TOO_MANY:
            broken.append(f"{scene.name}: still dying after {number} moments")
            return found
        found["deaths"] += play.first.died is not None
    raise AssertionError("Counting has no end.")
