"""The campaign `./dev torture alerts`: schedulers are killed, the mail server errs, days fly by.

A campaign is a row of chapters, each with a record of its own: first a calm one without any fault, then
stormy ones. In a chapter clients do deeds by the API, real schedulers tick, and the clock is moved from day
to day; at its end the auditor accounts for every alert that was owed and every message that arrived.
"""

import logging
from collections import Counter
from contextlib import ExitStack
from dataclasses import replace
from random import Random

import structlog

from tests.torture.auditor import Verdict, audit
from tests.torture.campaign import Options, Result
from tests.torture.clock import SharedClock
from tests.torture.installations import installed
from tests.torture.mailserver import FAULTS, PASSWORD, USER, serving
from tests.torture.stable import stable
from tests.torture.stage import WATCHER, Chapter, Stage

CYCLES = 60
CYCLES_A_CHAPTER = 20
# So many among as many more as there are faults.
CALM_CYCLES = 6

CALM = Chapter(cycles=4, pledges=26, contacts=12)


def campaign(options: Options) -> Result:
    """A calm chapter of a thousand alerts, then stormy ones until all cycles are through."""
    # Clients' requests are served in this process, and each would be a line.
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING))
    rng = Random(options.seed)
    chapters = [CALM]
    left = options.cycles
    while left > 0:
        cycles = min(left, CYCLES_A_CHAPTER)
        faults = rng.sample((*FAULTS, *[None] * CALM_CYCLES), len(FAULTS) + CALM_CYCLES)
        chapters.append(Chapter(cycles, schedulers=rng.randint(2, 4), faults=faults, kills=0.75))
        left -= cycles
    counted: Counter[str] = Counter()
    broken: list[str] = []
    for n, chapter in enumerate(chapters):
        folder = options.folder / f"chapter-{n}"
        folder.mkdir()
        played = play(replace(options, folder=folder, seed=rng.randrange(2**31)), chapter)
        counted.update(played.figures)
        broken += [f"chapter {n}: {sentence}" for sentence in played.broken]
        options.report(f"chapter {n} of {len(chapters) - 1}: {played.figures}")
    return Result({"cycles": options.cycles, **counted}, broken)


def play(options: Options, chapter: Chapter) -> Result:
    """One chapter, and what the auditor says of it."""
    verdict, more = _play(options, chapter)
    figures = verdict.figures | {state: verdict.ended[state] for state in sorted(verdict.ended)} | more
    broken = [*verdict.broken, *(["a scheduler ended by itself"] if more["crashed"] else [])]
    return Result(figures, broken)


def _play(options: Options, chapter: Chapter) -> tuple[Verdict, dict[str, int]]:
    settings = {
        "PLEDGETRACKER_SMTP_HOST": "127.0.0.1",
        "PLEDGETRACKER_SMTP_SECURITY": "none",
        "PLEDGETRACKER_SMTP_USERNAME": USER,
        "PLEDGETRACKER_SMTP_PASSWORD": PASSWORD,
        "PLEDGETRACKER_SMTP_TIMEOUT_SECONDS": "1" if chapter.faults else "30",
        "PLEDGETRACKER_MAIL_FROM": "alerts@pledges.example",
        "PLEDGETRACKER_ALERT_RECIPIENTS": WATCHER,
        "PLEDGETRACKER_LOG_LEVEL": "warning",
    }
    with ExitStack() as stack:
        clock = SharedClock(options.folder)
        mail = stack.enter_context(serving(options.folder, seed=options.seed))
        settings["PLEDGETRACKER_SMTP_PORT"] = str(mail.port)
        made = stack.enter_context(installed(options, **settings))
        runtime = replace(stack.enter_context(made.runtime()), clock=clock)
        schedulers = stack.enter_context(stable(options.folder, made.environ, chapter.bug))
        stage = Stage(options, chapter, clock, mail, made, runtime, schedulers)
        stage.fill_up()
        stage.play()
        stage.stop()
        evidence = stage.evidence()
        verdict = audit(evidence)
    return verdict, {
        "kills": evidence.kills,
        "faults": stage.struck,
        "held": stage.held,
        "crashed": stage.crashed,
    }
