"""Whatever is recorded later, an answer about a past instant stays as it was, to the byte."""

from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import timedelta
from decimal import Decimal
from random import Random
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy.exc import IntegrityError

from pledgetracker.api import examples
from pledgetracker.domain.access import Scope
from pledgetracker.runtime import Runtime
from pledgetracker.services import policing, requeuing
from tests.api.conftest import PARTS, PLEDGE, RATE
from tests.api.test_audit import dead_alert
from tests.conftest import Clock, client_of, editor_of, key_of
from tests.world import send, tick

ADDRESS = "/v1/pledges/people-trained"
PAGES = ("/", "/initiatives/choose", "/pledges/people-trained")
# What else may be said to some of the reads, by the end of their addresses.
SAID: dict[str, tuple[dict[str, str], ...]] = {
    "/rollup": ({"currency": "USD", "rates_on": "2024-05-28"},),
    "/simulation": ({"from": "2026-01-01", "to": "2027-01-31"},),
    "/flags": ({"open": "true"}, {"open": "false"}),
    "/pledges": ({"sort": "due", "status": "off_track"},),
    "/history": ({"sort": "-at", "limit": "3"},),
    "/initiatives": ({"parent": "parent"},),
}
Question = tuple[str, tuple[tuple[str, str], ...]]
Answer = tuple[int, bytes, str | None]


@dataclass(frozen=True)
class Archive:
    """A record, and all that can be done to it and asked of it."""

    app: Flask
    runtime: Runtime
    clock: Clock
    editor: FlaskClient
    submitter: FlaskClient
    anybody: FlaskClient

    def questions(self) -> Iterator[Question]:
        """Every read that takes `known_at`, and every page."""
        for path, item in self.anybody.get("/openapi.json").get_json()["paths"].items():
            taken = {said["name"] for said in item.get("get", {}).get("parameters", ())}
            if "known_at" in taken:
                address = path.format_map(PARTS)
                days = ({}, {"as_of": "2026-06-30"}, {"as_of": "2027-06-30"}) if "as_of" in taken else ({},)
                more = next((said for end, said in SAID.items() if path.endswith(end)), ())
                for query in (*days, *more):
                    yield address, tuple(query.items())
        for address in PAGES:
            yield address, ()

    def ask(self, question: Question, known_at: str) -> Answer:
        address, said = question
        answer = self.anybody.get(address, query_string=dict(said) | {"known_at": known_at})
        return answer.status_code, answer.data, answer.headers.get("ETag")

    def post(self, address: str, document: dict[str, Any]) -> None:
        self.editor.post(address, json=document)

    def edit(self, address: str, **said: Any) -> None:
        self.editor.patch(address, json=said, headers={"If-Match": "*"})

    def delete(self, address: str) -> None:
        self.editor.delete(address, headers={"If-Match": "*"})

    def give_up(self) -> None:
        """Let a new alert be one that nobody takes."""
        with suppress(IntegrityError):
            self.runtime.database.write(lambda tx: dead_alert(tx, now=self.clock.now))

    def requeue(self) -> None:
        self.runtime.database.write(lambda tx: requeuing.requeue_all(tx, now=self.clock.now))

    def rule(self, pace: str) -> None:
        policy = replace(self.runtime.rules.policy, on_track_pace=Decimal(pace))
        policing.note(self.runtime.database, policy, now=self.clock.now)

    def wait(self, days: int) -> None:
        self.clock.now += timedelta(days=days)
        tick(self.runtime)
        send(self.runtime)


def begun(archive: Archive) -> None:
    """Something at every address."""
    archive.post("/v1/initiatives", {"id": "parent", "title": "Parent"})
    archive.post("/v1/initiatives", {"id": "choose", "title": "Choose", "parent": "parent"})
    archive.post("/v1/pledgers", {"id": "acme", "name": "ACME", "url": "https://example.org"})
    contacts = [{"email": "ann@example.org"}]
    archive.post("/v1/pledges", PLEDGE | {"initiative": "choose", "tags": ["skills"], "contacts": contacts})
    archive.post(
        "/v1/pledges", PLEDGE | {"id": "money", "initiative": "choose", "unit": "EUR", "part_of": None}
    )


def deeds(archive: Archive) -> list[Callable[[], object]]:
    """What can happen to a record, in any order; some of it is refused at times, which is as good."""
    post, edit = archive.post, archive.edit
    updates = f"{ADDRESS}/progress"
    source = {"url": "https://example.org/report", "title": "Report", "published_on": "2026-01-02"}
    return [
        lambda: post(updates, {"value": 100000, "as_of": "2025-01-01", "evidence": [source]}),
        lambda: post(updates, {"value": 120000, "as_of": "2025-01-01"}),
        lambda: archive.submitter.post(updates, json={"value": 990000, "as_of": "2026-10-04"}),
        lambda: post(updates, {"value": 900001, "as_of": "2026-11-01"}),
        lambda: post(f"{updates}/1/decisions", {"review": "disputed", "reason": "An audit differs."}),
        lambda: post(f"{updates}/2/decisions", {"review": "accepted"}),
        lambda: post(f"{updates}/3/decisions", {"review": "returned", "reason": "Say who counted."}),
        lambda: post(updates, {"value": 1, "as_of": "2025-01-01", "supersedes": 1, "reason": "restated"}),
        lambda: post(updates, {"supersedes": 2, "reason": "retracted"}),
        lambda: post(f"{ADDRESS}/conflicts", {"as_of": "2025-01-01", "chosen": 1}),
        lambda: post(f"{ADDRESS}/reschedules", {"due": "2029", "announced_on": "2026-06-01"}),
        lambda: post(f"{ADDRESS}/withdrawal", {"on": "2026-11-01", "reason": "Given up."}),
        lambda: archive.delete(f"{ADDRESS}/withdrawal"),
        lambda: post(f"{ADDRESS}/verdicts", examples.VERDICT),
        lambda: post(f"{ADDRESS}/verdicts", {"retracts": 1, "reason": "By mistake.", "ruled_by": "Board"}),
        lambda: post("/v1/rubrics", examples.RUBRIC),
        lambda: edit(ADDRESS, title="Another title", target=900000),
        lambda: edit(ADDRESS, contacts=[{"email": "bob@example.org"}]),
        lambda: edit(ADDRESS, initiative=None, tags=[]),
        lambda: edit(ADDRESS, milestones=[{"id": "half", "due": "2026", "target": 5}]),
        lambda: edit(ADDRESS, part_of="money"),
        lambda: edit("/v1/pledges/money", restates=["people-trained"], initiative="parent"),
        lambda: post("/v1/pledges/money/progress", {"value": 7, "as_of": "2026-05-01"}),
        lambda: post("/v1/rates", RATE),
        lambda: edit("/v1/rates/eur-usd-2024-05-28", rate=1.5, reason="Mistyped."),
        lambda: edit("/v1/rates/eur-usd-2024-05-28", rate=None, reason="Of another day."),
        lambda: edit("/v1/pledgers/acme", name="Other"),
        lambda: edit("/v1/initiatives/choose", title="Other", parent=None),
        lambda: archive.delete("/v1/initiatives/parent"),
        lambda: post("/v1/initiatives", {"id": "parent", "title": "Parent again"}),
        lambda: post("/v1/pledges", PLEDGE | {"id": "another", "restates": ["people-trained"]}),
        lambda: archive.rule("0.5"),
        lambda: archive.wait(1),
        lambda: archive.wait(120),
        archive.give_up,
        archive.requeue,
    ]


@pytest.fixture
def archive(app: Flask, runtime: Runtime, clock: Clock) -> Archive:
    policing.note(runtime.database, runtime.rules.policy, now=clock.now)
    submitter = client_of(app, key_of(runtime, Scope.PROGRESS))
    editor = editor_of(app, key_of(runtime, Scope.REVIEW))
    archive = Archive(app, runtime, clock, editor, submitter, client_of(app, None))
    begun(archive)
    return archive


def nothing_of_the_past_changes(archive: Archive, rng: Random) -> None:
    questions, told = list(archive.questions()), dict[tuple[Question, str], Answer]()
    happening = deeds(archive)
    rng.shuffle(happening)
    for deed in happening:
        deed()
        if rng.random() < 0.2:
            instant = f"{archive.clock.now:%Y-%m-%dT%H:%M:%S.%fZ}"
            told |= {(question, instant): archive.ask(question, instant) for question in questions}
        archive.clock.now += timedelta(hours=1)
    assert len(told) > len(questions)
    for (question, instant), answer in told.items():
        assert archive.ask(question, instant) == answer, (question, instant)


def test_nothing_of_the_past_changes(archive: Archive) -> None:
    nothing_of_the_past_changes(archive, Random(1))


def test_that_an_alert_was_given_up_is_not_forgotten_when_it_is_tried_anew(archive: Archive) -> None:
    archive.give_up()
    instant = f"{archive.clock.now:%Y-%m-%dT%H:%M:%SZ}"
    question: Question = (f"{ADDRESS}/history", ())
    told = archive.ask(question, instant)
    assert b"was given up" in told[1]
    archive.clock.now += timedelta(hours=1)
    archive.requeue()
    assert archive.ask(question, instant) == told
    story = archive.anybody.get(f"{ADDRESS}/history").get_json()["items"]
    assert [e["summary"].rsplit(") ", 1)[1] for e in story if e["what"] == "alerted"] == [
        "was given up.",
        "is tried anew.",
    ]


# The rules are the same everywhere, and the few are on both.
@pytest.mark.sqlite
@pytest.mark.slow
@pytest.mark.parametrize("seed", range(2, 22))
def test_nothing_of_the_past_changes_in_many_histories(archive: Archive, seed: int) -> None:
    nothing_of_the_past_changes(archive, Random(seed))
