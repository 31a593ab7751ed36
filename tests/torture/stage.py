"""Where the campaign of alerts takes place: a record, schedulers, a mail server, clients and a clock."""

import itertools
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from random import Random

from pledgetracker import app as application
from pledgetracker.domain.access import Scope
from pledgetracker.runtime import Runtime
from tests.conftest import client_of, key_of
from tests.processes import wait_until
from tests.torture.alert_clients import ZONES, Clients, odd_days
from tests.torture.campaign import Options
from tests.torture.clock import SharedClock
from tests.torture.evidence import Evidence, Tick, Trouble, read_mail, read_table, read_ticks
from tests.torture.installations import Installation
from tests.torture.mailserver import Fault, MailServer
from tests.torture.owed import DAY, first_instant
from tests.torture.schedule import TICKS
from tests.torture.stable import Scheduler, Stable

WATCHER = "desk@example.org"
LEASE = timedelta(seconds=30)
# Around which days clocks change somewhere, a year ends, or a leap day comes.
SCENES = (date(2024, 2, 20), date(2024, 3, 20), date(2024, 4, 20), date(2025, 10, 20), date(2026, 8, 28))
# Longer than schedulers wait for an answer.
FAULT_SECONDS = 1.2
# Slow enough for a kill to hit upon a letter under way.
SECONDS_A_LETTER = 0.02
# No tick lasts longer, not even one of hundreds of letters on a busy machine.
TICK_SECONDS = 180
# How many of those that are ended are ended while letters leave, and not at any moment.
IN_THE_ACT = 0.6
LONGEST_TICK = timedelta(minutes=1)
# How often everything has its turn before the next cycle; else what waits meets the next fault.
SETTLED = 0.6
# Moves of the clock after which whatever waits should have had its turn.
PATIENCE = tuple(timedelta(minutes=minutes) for minutes in (1, 4, 20, 65, 140))


@dataclass(frozen=True, slots=True)
class Chapter:
    """What happens in one.

    Attributes:
        cycles: how often the clock moves to another day; each time something strikes.
        days: how far it moves.
        pledges: how many there are from the beginning; one more comes with each cycle.
        contacts: how many people each of those is told to; a few at random unless said.
        schedulers: how many tick at once.
        faults: of the mail server, one a cycle, in turn; None for a cycle in which it works.
        kills: with each cycle one scheduler is ended, this share of them by SIGKILL, the others by SIGTERM;
            None for never.
        bug: one that is put into the schedulers.
    """

    cycles: int
    days: int = 2
    pledges: int = 12
    contacts: int | None = None
    schedulers: int = 2
    faults: Sequence[Fault | None] = ()
    kills: float | None = None
    bug: str | None = None


class Stage:
    """A chapter under way."""

    def __init__(
        self,
        options: Options,
        chapter: Chapter,
        clock: SharedClock,
        mail: MailServer,
        made: Installation,
        runtime: Runtime,
        schedulers: Stable,
    ) -> None:
        self.struck = self.crashed = self.held = 0
        self._options = options
        self._chapter = chapter
        self._clock = clock
        self._mail = mail
        self._made = made
        self._rng = Random(options.seed)
        self._stable = schedulers
        self._running: list[Scheduler] = []
        self._leaving: list[tuple[Scheduler, bool]] = []
        self._troubles: list[Trouble] = []
        self._deck = itertools.cycle(chapter.faults or [None])
        first = self._rng.choice(SCENES) + self._rng.randint(-3, 3) * DAY
        self._span = first, first + (chapter.cycles * chapter.days + 3) * DAY
        clock.move_to(datetime(first.year, first.month, first.day, 12, tzinfo=UTC))
        http = client_of(application.create(runtime), key_of(runtime, Scope.REVIEW))
        self._clients = Clients(http, clock, self._rng, self._span)

    def fill_up(self) -> None:
        """Have as many schedulers as there should be."""
        for scheduler in [each for each in self._running if each.poll() is not None]:
            self.crashed += 1
            self._running.remove(scheduler)
        while len(self._running) < self._chapter.schedulers:
            self._running.append(self._stable.start())

    def stop(self) -> None:
        """Let every scheduler end."""
        while self._running:
            self._ask_to_leave(self._running.pop())
        self._see_off()

    def _ask_to_leave(self, scheduler: Scheduler) -> None:
        """Let it finish what it is at, which with a mail server that hangs takes long."""
        has_begun = any(tick.process == scheduler.pid for tick in self._all_ticks())
        scheduler.ask_to_leave()
        # What it does not come to any more is for others, half a minute later.
        self._troubles.append(Trouble("stop", self._clock(), self._clock() + LEASE))
        self._leaving.append((scheduler, has_begun))

    def _see_off(self) -> None:
        """Wait for those that were asked to leave; only before it has begun may the signal itself end one."""
        while self._leaving:
            scheduler, has_begun = self._leaving.pop()
            code = scheduler.wait()
            self.crashed += code != 0 and (has_begun or code != -signal.SIGTERM)

    def play(self) -> None:
        """All cycles, and then peace, until nothing waits any more."""
        people = [{"email": f"person-{n}@example.org"} for n in range(self._chapter.contacts or 0)]
        for _ in range(self._chapter.pledges):
            self._clients.record_pledge(contacts=people or None)
        self._settle()
        for at in self._instants():
            self._cycle(at)
        for _ in range(4):
            self._settle()
            if not self._waiting():
                break

    def _instants(self) -> Sequence[datetime]:
        """When the cycles are: about when a day begins, an odd one if there is any, or some hours later."""
        rng, (first, last) = self._rng, self._span
        odd = [(zone, day) for zone in ZONES for day in odd_days(zone, first + DAY, last)]
        found = []
        for n in range(self._chapter.cycles):
            begins, ends = (first + (m * self._chapter.days + 1) * DAY for m in (n, n + 1))
            near = [(zone, day) for zone, day in odd if begins <= day < ends]
            zone, day = rng.choice(near) if near else (rng.choice(ZONES), ends - DAY)
            seconds = rng.choice((-90, -40, 1, 1, 2, 30_000))
            found.append(first_instant(day, zone) + timedelta(seconds=seconds))
        return sorted(found)

    def _cycle(self, at: datetime) -> None:
        rng, clock = self._rng, self._clock
        fault = next(self._deck)
        began = clock()
        self._mail.misbehave(fault, seconds=0 if self._chapter.kills is None else SECONDS_A_LETTER)
        clock.move_to(max(at, clock()))
        self._deeds()
        if self._chapter.kills is not None:
            self._strike_down(self._chapter.kills)
        if fault is not None:
            self.struck += 1
            # Long enough for an attempt to run into it and to be given up.
            self._let_tick(beyond=timedelta(seconds=FAULT_SECONDS), at_most=4 * FAULT_SECONDS)
            self._release()
            # What waits for the mail server may be moot when it is back.
            waiting = self._waiting()
            for _ in range(rng.randint(3, 9)):
                self._clients.do_something(among=waiting)
            self._mail.misbehave(None)
            self._troubles.append(Trouble(str(fault), began, clock()))
        self._mail.misbehave(None)
        self._see_off()
        if rng.random() < SETTLED:
            self._settle()
        self.fill_up()

    def _deeds(self) -> None:
        self._clients.record_pledge()
        for _ in range(self._rng.randint(2, 5)):
            self._clients.do_something()

    def _strike_down(self, kills: float) -> None:
        """End a scheduler, in one of two ways, at whatever it is doing; another takes its place."""
        if self._rng.random() < IN_THE_ACT:
            self._await_letter(seconds=1)
        else:
            time.sleep(self._rng.uniform(0.0, 0.6))
        scheduler = self._rng.choice(self._running)
        self._running.remove(scheduler)
        if self._rng.random() < kills:
            began = self._clock()
            scheduler.kill()
            self._troubles.append(Trouble("kill", began, self._clock() + LEASE))
        else:
            self._ask_to_leave(scheduler)
        self.fill_up()

    def _await_letter(self, *, seconds: float) -> None:
        """Wait until a letter arrives, but not for long: perhaps none can."""
        before = len(self._mail.log())
        with suppress(TimeoutError):
            wait_until(lambda: len(self._mail.log()) > before, seconds=seconds)

    def _settle(self) -> None:
        """Give everything that waits its turn."""
        self._let_tick()
        self._release()
        for by in PATIENCE:
            self._clock.move(by)
            self._let_tick()

    def _let_tick(self, *, beyond: timedelta = timedelta(), at_most: float | None = None) -> None:
        """Wait for a tick that begins from now on and ends after some time, but perhaps not for ever."""
        since = self._clock()

        def is_through() -> bool:
            ends = [tick.ended for tick in self._all_ticks() if tick.began >= since and tick.ended]
            return any(end >= since + beyond for end in ends)

        with suppress(*([] if at_most is None else [TimeoutError])):
            wait_until(is_through, seconds=TICK_SECONDS if at_most is None else at_most)

    def _all_ticks(self) -> list[Tick]:
        return read_ticks(self._options.folder / TICKS)

    def _waiting(self) -> set[str]:
        """The pledges of which something is yet to be sent."""
        return {row["pledge"] for row in read_table(self._address, "alerts") if row["state"] == "pending"}

    def _release(self) -> None:
        """Let alerts leave if they are held, as an operator would who has looked at them."""
        beats = read_table(self._address, "heartbeats")
        since = min((beat["at"] for beat in beats if beat["name"].startswith("hold:")), default=None)
        if since is None:
            return
        program = [sys.executable, "-m", "tests.torture.schedule", str(self._options.folder), "release"]
        environ = os.environ | self._made.environ
        subprocess.run(program, env=environ, check=True, capture_output=True)
        self.held += 1
        self._troubles.append(Trouble("hold", since - LONGEST_TICK, self._clock()))
        self._let_tick()

    @property
    def _address(self) -> str:
        kept = f"sqlite:///{self._options.folder}/pledgetracker.sqlite3"
        return self._made.environ.get("PLEDGETRACKER_DATABASE_URL", kept)

    def evidence(self) -> Evidence:
        """All that is known in the end; it is also left in the folder."""
        evidence = Evidence(
            deeds=self._clients.ledger,
            alerts=read_table(self._address, "alerts"),
            letters=read_table(self._address, "letters"),
            mail=read_mail(self._options.folder / "mail.jsonl"),
            ticks=self._all_ticks(),
            troubles=self._troubles,
            watchers=[WATCHER],
        )
        _keep(evidence, self._options.folder)
        return evidence


def _keep(evidence: Evidence, folder: Path) -> None:
    """Leave what is not in a file yet beside what is, for whoever wants to look."""
    for name, things in (("ledger", evidence.deeds), ("troubles", evidence.troubles)):
        lines = [json.dumps(asdict(thing), default=str) for thing in things]
        (folder / f"{name}.jsonl").write_text("".join(f"{line}\n" for line in lines))
