"""The flows that write, each with what must be true after a death in the middle of it."""

from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from pledgetracker.domain.access import Scope
from pledgetracker.domain.days import Due
from pledgetracker.domain.pledge import Contact
from pledgetracker.runtime import Runtime
from pledgetracker.services import monitoring
from pledgetracker.services.cataloguing import add_pledger
from pledgetracker.services.keyring import create_key
from tests.sinks import Sink
from tests.torture.flows import Answer, Job, Outcome
from tests.torture.inspection import Inspection
from tests.torture.installations import Installation
from tests.torture.nursery import Nursery
from tests.world import add_pledge, day

NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)
# By then a pledge due at the end of August owes two steps at once, of which one speaks for the other.
LATER = datetime(2026, 8, 3, 12, tzinfo=UTC)
# After a death, until another process may take over what the dead one had claimed.
LEASE_IS_OVER = timedelta(minutes=10)
CONTACTS = (Contact("ann@example.org", "Ann"), Contact("bob@example.org"), Contact("cid@example.org"))
# Enough for moments before, between and after letters.
TWO = CONTACTS[:2]

# What there is of a scene's pledges, by what it is called; without what differs from one to the next.
Facts = dict[str, list[tuple[str, ...]]]
QUERIES = {
    "pledges": "SELECT title, due, version, status, next_check_at FROM pledges"
    " WHERE id LIKE '{}-%' ORDER BY id",
    "moves": "SELECT number, due FROM reschedules WHERE pledge LIKE '{}-%' ORDER BY pledge, number",
    "updates": "SELECT number, as_of, value, note FROM progress_updates"
    " WHERE pledge LIKE '{}-%' ORDER BY pledge, number",
    "flags": "SELECT kind, milestone, episode, opened_on, cleared_at FROM flags"
    " WHERE pledge LIKE '{}-%' ORDER BY pledge, kind, milestone, episode, id",
    "alerts": "SELECT kind, milestone, episode, step, recipient, state, superseded_by IS NULL FROM alerts"
    " WHERE pledge LIKE '{}-%' ORDER BY pledge, kind, milestone, episode, step, recipient",
    "entries": "SELECT action FROM audit_entries WHERE subject LIKE '{}-%' ORDER BY subject, number",
    "keys": "SELECT status FROM idempotency_records WHERE \"key\" LIKE '{}-%'",
}
LETTERS = (
    "SELECT recipient, state, (SELECT message_id FROM letters WHERE letters.alert = alerts.id) FROM alerts"
    " WHERE pledge LIKE '{}-%' AND state <> 'superseded' ORDER BY recipient"
)


@dataclass(frozen=True, slots=True)
class Stage:
    """Where scenes are played."""

    installation: Installation
    runtime: Runtime
    sink: Sink
    ward: Nursery
    bearer: str

    def facts(self, name: str) -> Facts:
        """What there is of the pledges of one play, at one instant."""
        queries = {what: query.format(name) for what, query in QUERIES.items()}
        return Inspection(self.installation).snapshot(queries)

    def letters(self, name: str) -> list[tuple[str, ...]]:
        """Recipient, state and Message-ID of each alert of one play that is to be sent."""
        return Inspection(self.installation).snapshot({"letters": LETTERS.format(name)})["letters"]

    def job(self, flow: str, now: datetime, **more: Any) -> Job:
        """Something to be done here."""
        return Job(flow, self.installation.environ, now.isoformat(), bearer=self.bearer, **more)

    def pledge(self, key: str, **said: Any) -> None:
        """A pledge recorded at NOW."""
        add_pledge(self.runtime, key=key, **{"contacts": CONTACTS, **said})


@contextmanager
def staged(installation: Installation, sink: Sink, ward: Nursery) -> Iterator[Stage]:
    """A stage in an empty installation, with a key to write with."""
    with installation.runtime() as opened:
        runtime = replace(opened, clock=lambda: NOW)
        bearer = runtime.database.write(
            lambda tx: create_key(tx, "torture", Scope.REVIEW, runtime.pepper, now=NOW)
        )
        runtime.database.write(lambda tx: add_pledger(tx, {"id": "acme", "name": "Acme"}, now=NOW))
        yield Stage(installation, runtime, sink, ward, bearer)


@dataclass(slots=True)
class Play:
    """What one play of a scene came to.

    Attributes:
        first: what became of the process that may have died.
        wrong: what must not be, each as a sentence.
        duplicates: letters that went twice.
    """

    first: Outcome
    wrong: list[str] = field(default_factory=list)
    duplicates: int = 0

    def expect(self, *, so: bool, otherwise: str) -> None:
        """Note it where something is not so."""
        if not so:
            self.wrong.append(f"{self.first.died or 'undisturbed'}: {otherwise}")


class Scene(ABC):
    """A flow, on pledges made for each play."""

    name: str

    @abstractmethod
    def play(self, stage: Stage, name: str, dies_at: int | None) -> Play:
        """Prepare pledges under `name`, run the flow until it dies, look, run it again, look."""


class WholeOrNothing(Scene):
    """A flow that takes effect in one transaction: what is left is nothing of it or all of it."""

    def __init__(self) -> None:
        self._whole: Facts | None = None

    def prepare(self, stage: Stage, name: str) -> None:
        """Record what the flow needs."""

    @abstractmethod
    def job(self, stage: Stage, name: str) -> Job:
        """The flow, to be run as often as one likes."""

    def play(self, stage: Stage, name: str, dies_at: int | None) -> Play:
        """See `Scene`; the first play, of which nobody dies, shows what the whole is."""
        self.prepare(stage, name)
        job, before = self.job(stage, name), stage.facts(name)
        play = Play(stage.ward.do(replace(job, dies_at=dies_at)))
        left = stage.facts(name)
        if self._whole is None:
            self._whole = left
        again = stage.ward.do(replace(job, times=2))
        after = stage.facts(name)
        errors = [outcome.error for outcome in (play.first, again) if outcome.error]
        play.expect(so=before != self._whole, otherwise="the flow does nothing")
        play.expect(so=left in (before, self._whole), otherwise=f"left half of it: {left}")
        play.expect(so=after == self._whole, otherwise=f"done again, it is not the whole: {after}")
        play.expect(
            so=stage.facts(name) == self._whole, otherwise="done once more, it is more than the whole"
        )
        play.expect(so=not errors, otherwise=f"failed: {errors}")
        self.judge(play, again.answers, was_done=left == self._whole)
        return play

    def judge(self, play: Play, answers: Sequence[Answer], *, was_done: bool) -> None:
        """Judge what those heard who did it again, and once more."""


class Request(WholeOrNothing):
    """A request with an Idempotency-Key."""

    status: int

    def judge(self, play: Play, answers: Sequence[Answer], *, was_done: bool) -> None:
        """The same key gives the same answer, whoever made it."""
        bodies = {body for _, _, body in answers}
        told = [(status, is_replayed) for status, is_replayed, _ in answers]
        so = told == [(self.status, was_done), (self.status, True)] and len(bodies) == 1
        play.expect(so=so, otherwise=f"answered again, {answers}")


class Report(Request):
    """POST of a progress update that ends the silence and meets the target."""

    name, status = "report", 201

    def prepare(self, stage: Stage, name: str) -> None:
        """A pledge that was never reported on, and is flagged for it."""
        stage.pledge(f"{name}-a")

    def job(self, stage: Stage, name: str) -> Job:
        """The report."""
        document = {"value": 120, "as_of": "2026-05-31", "note": "all of them"}
        request = ("POST", f"/v1/pledges/{name}-a/progress", document)
        return stage.job("request", NOW, key=f"{name}-key", request=request)


class NewPledge(Request):
    """POST of a pledge that is flagged at once."""

    name, status = "pledge", 201

    def job(self, stage: Stage, name: str) -> Job:
        """The pledge."""
        document = {
            "id": f"{name}-a",
            "title": "People trained",
            "pledger": "acme",
            "unit": "person",
            "target": 100,
            "announced_on": "2026-01-01",
            "due": "2026-12-31",
            "milestones": [{"id": "half", "due": "2026-06-30", "target": 50, "set_by": "pledger"}],
            "contacts": [{"email": contact.email} for contact in CONTACTS],
        }
        return stage.job("request", NOW, key=f"{name}-key", request=("POST", "/v1/pledges", document))


class Move(Request):
    """PATCH of a pledge that moves its deadline."""

    name, status = "move", 200

    def prepare(self, stage: Stage, name: str) -> None:
        """A pledge."""
        stage.pledge(f"{name}-a")

    def job(self, stage: Stage, name: str) -> Job:
        """The change."""
        document = {"title": "People trained, later", "due": "2027-06-30"}
        request = ("PATCH", f"/v1/pledges/{name}-a", document)
        return stage.job("request", NOW, key=f"{name}-key", request=request)


class Tick(WholeOrNothing):
    """A tick that opens flags on two pledges and plans what they owe."""

    name = "tick"

    def prepare(self, stage: Stage, name: str) -> None:
        """Two pledges on which nothing is open yet."""
        for letter in "ab":
            due = Due.parse("2026-08-31")
            stage.pledge(f"{name}-{letter}", announced_on=day("2026-05-20"), due=due)

    def job(self, stage: Stage, name: str) -> Job:
        """The tick."""
        return stage.job("tick", LATER)


class Delivery(Scene):
    """Delivery of a batch by SMTP: each alert is one letter under one Message-ID, which may come twice."""

    name = "delivery"

    def play(self, stage: Stage, name: str, dies_at: int | None) -> Play:
        """See `Scene`."""
        stage.pledge(f"{name}-a", contacts=TWO)
        monitoring.tick(stage.runtime.database, stage.runtime.rules, now=LATER)
        job, came_before = stage.job("deliver", LATER), len(stage.sink.taken)
        play = Play(stage.ward.do(replace(job, dies_at=dies_at)))
        left = stage.letters(name)
        again = stage.ward.do(stage.job("deliver", LATER + LEASE_IS_OVER, times=2))
        after = stage.letters(name)
        errors = [outcome.error for outcome in (play.first, again) if outcome.error]
        play.expect(so=not errors, otherwise=f"failed: {errors}")
        came = [(letter.recipient, letter.message_id) for letter in stage.sink.taken[came_before:]]
        self._judge(play, left, after, came)
        return play

    @staticmethod
    def _judge(
        play: Play, left: list[tuple[str, ...]], after: list[tuple[str, ...]], came: list[tuple[str, str]]
    ) -> None:
        states = {state for _, state, _ in left}
        play.expect(so=states <= {"pending", "sent"}, otherwise=f"left alerts as {states}")
        play.expect(so={state for _, state, _ in after} == {"sent"}, otherwise=f"not all sent: {after}")
        owed = Counter((recipient, message) for recipient, _, message in after)
        copies = Counter(came)
        play.expect(so=len(owed) == len(TWO), otherwise=f"owed: {owed}")
        play.expect(so=set(copies) == set(owed), otherwise=f"lost, or under two identities: {came}, {after}")
        play.duplicates = len(came) - len(copies)
        allowed = 1 if play.first.died and play.first.dots else 0
        play.expect(so=play.duplicates <= allowed, otherwise=f"{play.duplicates} letters came twice")
        ended = {message for _, state, message in left if state == "sent"}
        twice = {message for (_, message), copies_of_it in copies.items() if copies_of_it > 1}
        play.expect(so=not ended & twice, otherwise="what was recorded as sent went again")


def scenes() -> Sequence[Scene]:
    """All of them, new."""
    return (Report(), NewPledge(), Move(), Tick(), Delivery())
