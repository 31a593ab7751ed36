"""A record moved to an empty installation answers there as it did here, about every day and every instant."""

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal
from itertools import pairwise
from pathlib import Path
from random import Random
from typing import Any

import pytest
from flask import Flask

from pledgetracker import app as application
from pledgetracker import runtime as composition
from pledgetracker.api.files.complaints import ImportRefused
from pledgetracker.api.files.intake import Way
from pledgetracker.domain.access import Scope
from pledgetracker.domain.audit import Action
from pledgetracker.domain.policy import Policy
from pledgetracker.domain.record import Record
from pledgetracker.runtime import Runtime
from pledgetracker.services import policing
from pledgetracker.services.auditing import verify
from pledgetracker.services.merging import Kind, Outcome
from pledgetracker.settings import load
from pledgetracker.storage.rates import RateFilter
from tests.chronicles import possible
from tests.conftest import SECRET, Clock, Empty, client_of, editor_of, key_of
from tests.exchange.conftest import bring_to, exported, file, record_of
from tests.telling import YEARS, Teller, teller_of
from tests.world import add_pledge, alerts, flags, noon, tick

Json = dict[str, Any]

PLEDGE = (
    "",
    "/progress",
    "/conflicts",
    "/history",
    "/verdicts",
    "/suggestions",
    "/explain",
    "/iati.xml",
    "/ocds.json",
)
# All that tells of the record as a whole, and may be read without a key.
WHOLE = (
    "/v1/pledges",
    "/v1/pledges?sort=-updated_at",
    "/v1/pledgers/acme/rollup?currency=EUR&rates_on=2024-01-01",
    "/v1/initiatives/plan/rollup",
    "/v1/initiatives/plan/iati.xml",
    "/v1/initiatives/plan/ocds.json",
    "/v1/tags/moved/rollup",
    "/v1/pledgers",
    "/v1/pledgers/acme",
    "/v1/pledgers/brief",
    "/v1/initiatives",
    "/v1/initiatives/part",
    "/v1/initiatives/unused",
    "/v1/rates",
    "/v1/rates/usd-eur-2024-01-01",
    "/v1/flags",
)
# These have no past.
PRESENT = (
    "/v1/rubrics",
    "/v1/pledges.csv",
    "/v1/progress.csv",
)
RUBRIC = {
    "name": "ours",
    "title": {"en": "Ours"},
    "ratings": [
        {"id": name, "title": {"en": name}, "meaning": {"en": name}, "final": name == "kept"}
        for name in ("open", "kept")
    ],
}
RATE = {"base": "USD", "quote": "EUR", "date": "2024-01-01", "rate": 0.9, "source": {"title": "A bank"}}


class Office:
    """Everything that is done to a record beside what chronicles tell, each deed at its instant."""

    def __init__(self, teller: Teller) -> None:
        self._teller = teller
        self.instants: list[datetime] = []

    def do(self, method: str, path: str, document: Json | None = None) -> Json:
        self._teller.clock.now += timedelta(seconds=7)
        self.instants.append(self._teller.clock.now)
        sent = None if document is None else json.dumps(document).encode()
        status, content = self._teller.ask(method, path, sent, key=self._teller.reviewer)
        assert status in {200, 201, 204}, (path, content)
        return dict(json.loads(content)) if content else {}

    def begin(self) -> None:
        for key, said in (
            ("plan", {"title": "The plan"}),
            ("part", {"title": "A part", "parent": "plan"}),
            ("gone", {"title": "Given up"}),
            ("unused", {"title": "Of no pledge ever"}),
        ):
            self.do("POST", "/v1/initiatives", {"id": key, **said})
        self.do("POST", "/v1/pledgers", {"id": "brief", "name": "Not here for long", "kind": "company"})
        self.do("POST", "/v1/rates", RATE)

    def attach(self, pledges: list[str]) -> None:
        """Edit the pledges: under initiatives, by other pledgers, linked to each other, withdrawn and not."""
        for path in pledges:
            self.do("PATCH", path, {"initiative": "gone", "pledger": "brief", "unit": "USD"})
        self.do("PATCH", "/v1/pledgers/brief", {"name": "Here for a while", "url": "https://b.example/"})
        for path in pledges:
            self.do("PATCH", path, {"initiative": "part", "pledger": "acme", "tags": ["moved"]})
        for one, other in pairwise(pledges):
            self.do("PATCH", one, {"part_of": other.rpartition("/")[2]})
        for gone in ("pledgers/brief", "initiatives/gone", "initiatives/unused"):
            self.do("DELETE", f"/v1/{gone}")
        self.do("PATCH", "/v1/initiatives/part", {"title": "A larger part", "description": "Of it."})
        self.do("PATCH", "/v1/initiatives/plan", {"url": "https://plan.example/"})
        for rate, reason in ((0.91, "Mistyped."), (None, "Of another day.")):
            self.do("PATCH", "/v1/rates/usd-eur-2024-01-01", {"rate": rate, "reason": reason})
        self.do("PATCH", "/v1/rates/usd-eur-2024-01-01", {"rate": 0.92, "reason": "Of that day after all."})
        self.do("POST", "/v1/rubrics", RUBRIC)
        self.rule(pledges[0], {"rubric": "ours", "rating": "open"})
        self.do("POST", "/v1/rubrics", RUBRIC)
        self.rule(pledges[0], {"rubric": "ours", "rating": "kept", "evidence": [{"title": "A letter"}]})
        self.rule(pledges[0], {"retracts": 1})
        self.do("POST", f"{pledges[0]}/progress", {"as_of": "2024-01-01", "no_change": True})

    def rule(self, path: str, said: Json) -> None:
        self.do("POST", f"{path}/verdicts", {"ruled_by": "Ann", "reason": "I looked.", **said})


def told_record(runtime: Runtime, clock: Clock, seed: str, number: int) -> tuple[list[str], list[datetime]]:
    """A record after so many random chronicles, office work and ticks: its pledges, and what was when."""
    quiet = replace(runtime, rules=replace(runtime.rules, tells_news=False))
    teller = teller_of(application.create(quiet), quiet, clock)
    office, rng = Office(teller), Random(seed)
    office.begin()
    told = []
    for n in range(number):
        deeds = [deed | {"at": deed["at"] + n * YEARS} for deed in possible(rng)]
        told.append(teller.tell_all(deeds))
        tick(quiet)
    paths = [one.path for one in told]
    office.attach(paths)
    clock.now += timedelta(days=200)
    tick(quiet)
    clock.now += timedelta(hours=1)
    deeds_at = [deed["at"] for one in told for deed in one.deeds]
    instants = [*office.instants, *deeds_at, *(flag.opened_at for flag in flags(runtime))]
    return paths, [instant for instant in instants if instant <= clock.now]


def answers(app: Flask, paths: list[str], query: str) -> dict[str, tuple[int, str | None, bytes]]:
    """What anybody can read, with its ETag, at each address."""
    client = client_of(app, None)
    addresses = [path + segment for path in paths for segment in PLEDGE]
    addresses += WHOLE if query else (*WHOLE, *PRESENT)
    found = {}
    for address in addresses:
        joined = f"{address}{'&' if '?' in address else '?'}{query}" if query else address
        answer = client.get(joined)
        found[joined] = (answer.status_code, answer.headers.get("ETag"), answer.data)
    return found


def questions(rng: Random, instants: list[datetime], number: int) -> Iterator[str]:
    """Queries about days and instants: those at which something was recorded, and just before."""
    yield ""
    for instant in rng.sample(instants, min(number, len(instants))):
        then, before = (
            f"known_at={at.strftime('%Y-%m-%dT%H:%M:%S.%fZ')}"
            for at in (instant, instant - timedelta(microseconds=1))
        )
        yield from (then, before, f"as_of={instant.date()}", f"as_of={instant.date()}&{then}")


@pytest.mark.parametrize("seed", [0, pytest.param(1, marks=pytest.mark.slow)])
def test_a_record_answers_in_another_installation_as_it_did_here(
    runtime: Runtime, clock: Clock, another: Empty, seed: int
) -> None:
    moved(runtime, clock, another, f"moved-{seed}", number=8)


# An archive is the same on both databases, this takes a minute, and what is above is on both.
@pytest.mark.sqlite
@pytest.mark.slow
def test_a_record_answers_in_another_installation_at_every_instant(
    runtime: Runtime, clock: Clock, another: Empty
) -> None:
    moved(runtime, clock, another, "everywhen", number=1000)


def moved(runtime: Runtime, clock: Clock, another: Empty, seed: str, *, number: int) -> None:
    paths, instants = told_record(runtime, clock, seed, 3)
    archive = exported(runtime)
    rules = replace(runtime.rules, policy=latest_policy(runtime))
    with another() as other:
        assert bring_to(replace(other, rules=rules), file(archive)).way is Way.REINSTATED
        assert exported(other) == archive
        keys = [path.rpartition("/")[2] for path in paths]
        assert records(other, keys) == records(runtime, keys)
        here, there = (application.create(replace(one, rules=rules)) for one in (runtime, other))
        for query in questions(Random(seed), instants, number):
            assert answers(there, paths, query) == answers(here, paths, query), query


def records(runtime: Runtime, keys: list[str]) -> list[Record]:
    """The records as the database has them."""
    with runtime.database.read() as tx:
        return list(tx.records.get_many(keys))


def latest_policy(runtime: Runtime) -> Any:
    with runtime.database.read() as tx:
        return tx.policies.all()[-1][1]


def test_the_audit_log_tells_what_came_and_when_and_holds(
    runtime: Runtime, clock: Clock, another: Empty
) -> None:
    """What it says of the record where that came from stays there."""
    paths, _ = told_record(runtime, clock, "logged", 2)
    clock.now += timedelta(days=1)
    with another() as other:
        told = bring_to(other, file(exported(runtime)))
        with other.database.read() as tx:
            entries = list(tx.audit.entries())
            assert verify(tx).broken is None
        assert {entry.deed.at for entry in entries} == {clock.now}
        assert entries[-1].deed.action == Action.RECORD_REINSTATE
        assert json.loads(entries[-1].deed.after or "")["pledges"] == len(paths) == told.counts[ADDED_PLEDGES]
        [loaded] = [
            e for e in entries if e.deed.action == Action.PLEDGE_LOAD and e.deed.subject == "pledge-1"
        ]
        shown = json.loads(loaded.deed.after or "")
        assert datetime.fromisoformat(shown["created_at"]) == record_of(runtime, "pledge-1").pledge.created_at


ADDED_PLEDGES = Kind.PLEDGES, Outcome.ADDED


def test_where_something_was_ever_recorded_the_past_is_left_as_it_is(
    runtime: Runtime, clock: Clock, another: Empty
) -> None:
    """Also where all of it was deleted since: what was known here at an instant never changes."""
    told_record(runtime, clock, "merged", 2)
    clock.now += timedelta(days=1)
    archive = exported(runtime)
    with another() as other:
        editor = editor_of(application.create(other), key_of(other, Scope.REVIEW))
        assert editor.post("/v1/pledgers", json={"id": "mistake", "name": "A mistake"}).status_code == 201
        assert editor.delete("/v1/pledgers/mistake").status_code == 204
        before = clock.now
        clock.now += timedelta(days=1)
        told = bring_to(other, file(archive))
        assert told.way is Way.MERGED
        assert told.counts[ADDED_PLEDGES] == 2
        record = record_of(other, "pledge-1")
        assert record.known_at(before) is None
        assert record.pledge.created_at == clock.now
        with other.database.read() as tx:
            [rate] = tx.rates.all(RateFilter())
            assert (rate.rate, rate.recorded_at, rate.version) == (Decimal("0.92"), clock.now, 1)
            assert [entry.recorded_at for entry in tx.rubrics.all()] == [clock.now] * 2
        assert {flag.opened_at for flag in flags(other)} <= {clock.now}
        assert bring_to(other, file(archive)).counts[Kind.RATES, Outcome.LEFT] == 1


def test_an_archive_among_other_files_is_merged(runtime: Runtime, another: Empty) -> None:
    add_pledge(runtime)
    with another() as other:
        table = file("id,title,pledger,pledger.name,announced_on\nmore,More,acme,Acme,2026-01-01\n")
        told = bring_to(other, file(exported(runtime), "a.zip"), table)
        assert (told.way, told.counts[ADDED_PLEDGES]) == (Way.MERGED, 2)


def test_a_rate_that_says_other_than_the_one_on_record_is_refused(
    runtime: Runtime, clock: Clock, another: Empty
) -> None:
    with another() as other:
        for one, number in ((runtime, 0.9), (other, 0.8)):
            editor = editor_of(application.create(one), key_of(one, Scope.REVIEW))
            assert editor.post("/v1/rates", json=RATE | {"rate": number}).status_code == 201
        with pytest.raises(ImportRefused, match="Is on record and says other"):
            bring_to(other, file(exported(runtime), "a.zip"))


def test_a_rate_that_was_taken_back_is_merged_into_no_other_record(
    runtime: Runtime, clock: Clock, another: Empty
) -> None:
    editor = editor_of(application.create(runtime), key_of(runtime, Scope.REVIEW))
    rate = editor.post("/v1/rates", json=RATE).get_json()["id"]
    taken_back = {"rate": None, "reason": "Of another day."}
    assert editor.patch(f"/v1/rates/{rate}", json=taken_back).status_code == 200
    add_pledge(runtime)
    with another() as other:
        there = editor_of(application.create(other), key_of(other, Scope.REVIEW))
        assert there.post("/v1/pledgers", json={"id": "there", "name": "There"}).status_code == 201
        assert bring_to(other, file(exported(runtime), "a.zip")).way is Way.MERGED
        with other.database.read() as tx:
            assert not tx.rates.exists(rate)


def test_what_is_open_is_told_once_more_and_nothing_that_was_sent_comes_along(
    runtime: Runtime, clock: Clock, another: Empty
) -> None:
    clock.now = noon("2026-03-01")
    add_pledge(runtime)
    clock.now = noon("2026-11-23")
    tick(runtime)
    assert alerts(runtime)
    with another() as other:
        bring_to(other, file(exported(runtime, has_contacts=True)))
        assert not alerts(other)
        assert [replace(flag, id=0) for flag in flags(other)] == [replace(f, id=0) for f in flags(runtime)]
        before = len(flags(other))
        tick(other)
        assert len(flags(other)) == before
        assert {alert.kind for alert in alerts(other)} == {alert.kind for alert in alerts(runtime)}


def test_further_flags_get_numbers_of_their_own(runtime: Runtime, clock: Clock, another: Empty) -> None:
    clock.now = noon("2026-03-01")
    add_pledge(runtime)
    clock.now = noon("2026-11-23")
    tick(runtime)
    with another() as other:
        bring_to(other, file(exported(runtime)))
        clock.now = noon("2027-02-01")
        tick(other)
        found = [flag.id for flag in flags(other)]
        assert len(found) == len(set(found)) > len(flags(runtime))


def test_thresholds_of_other_settings_hold_from_now_on(
    runtime: Runtime, clock: Clock, another: Empty
) -> None:
    policies = [Policy(lead_days=30), Policy(lead_days=60)]
    for policy in policies:
        clock.now += timedelta(days=1)
        policing.note(runtime.database, policy, now=clock.now)
    add_pledge(runtime)
    clock.now += timedelta(days=1)
    with another() as other:
        policing.note(other.database, Policy(lead_days=10), now=clock.now)
        clock.now += timedelta(days=1)
        bring_to(other, file(exported(runtime)))
        with other.database.read() as tx:
            assert [policy for _, policy in tx.policies.all()] == [*policies, other.rules.policy]
            assert tx.policies.all()[-1][0] == clock.now


@pytest.mark.postgresql
def test_a_record_moves_between_kinds_of_databases_and_back(
    runtime: Runtime, clock: Clock, empty_database: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "sqlite"
    folder.mkdir()
    (folder / "pledgetracker.sqlite3").write_bytes(empty_database.read_bytes())
    said = {"PLEDGETRACKER_DATA_DIR": str(folder), "PLEDGETRACKER_SECRET": SECRET}
    there = replace(composition.assemble(load(said)), clock=clock)
    told_record(there, clock, "across", 2)
    archive = exported(there)
    rules = replace(runtime.rules, policy=latest_policy(there))
    bring_to(replace(runtime, rules=rules), file(archive))
    assert exported(runtime) == archive
    there.database.close()
