"""An archive is not trusted with the past either: what cannot have been is refused, all of it."""

import io
import json
import zipfile
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest

from pledgetracker import app as application
from pledgetracker.api.files.archives import MANIFEST, ArchiveWriter
from pledgetracker.api.files.complaints import ImportRefused
from pledgetracker.domain.access import Scope
from pledgetracker.runtime import Runtime
from pledgetracker.services.reinstating import is_untouched
from tests.conftest import Clock, Empty, Install, editor_of, installed, key_of
from tests.exchange.conftest import bring_to, exported, file
from tests.world import add_pledge, tick

Json = dict[str, Any]
Change = Callable[[Json], None]

PLAN, REST, RECORD = "initiatives/plan.json", "without_initiative.json", "record.json"
PAST, FUTURE = "2001-01-01T00:00:00Z", "2031-01-01T00:00:00Z"
LATER = "2026-11-23T12:00:01Z"
RUBRIC = {
    "name": "ours",
    "title": {"en": "Ours"},
    "ratings": [{"id": key, "title": {"en": key}, "meaning": {"en": key}} for key in ("one", "two")],
}
RULED = {"rubric": "ours", "rating": "one", "ruled_by": "Ann", "reason": "I looked."}
POLICY = {
    "lead_days": 90,
    "cadence_days": 90,
    "grace_days": 30,
    "on_track_pace": 0.9,
    "at_risk_pace": 0.7,
    "behind_clears_pace": 0.95,
}
DONE: tuple[tuple[str, str, Json | None], ...] = (
    ("PATCH", "", {"title": "People trained well"}),
    ("PATCH", "", {"title": "People trained better"}),
    ("POST", "/progress", {"as_of": "2026-10-01", "value": 1}),
    ("POST", "/progress", {"as_of": "2026-10-01", "value": 2}),
    ("POST", "/progress", {"as_of": "2026-10-02", "value": 3, "supersedes": 1, "reason": "typo"}),
    ("POST", "/progress", {"as_of": "2026-10-01", "value": 4}),
    ("POST", "/progress/2/decisions", {"review": "disputed", "reason": "Hm."}),
    ("POST", "/progress/2/decisions", {"review": "accepted"}),
    ("POST", "/conflicts", {"as_of": "2026-10-01", "chosen": 2}),
    ("POST", "/reschedules", {"due": "2027"}),
    ("POST", "/reschedules", {"due": "2028"}),
    ("POST", "/withdrawal", {}),
    ("DELETE", "/withdrawal", None),
    ("POST", "/withdrawal", {}),
    ("POST", "/verdicts", RULED),
    ("POST", "/verdicts", {"ruled_by": "Ann", "reason": "A mistake.", "retracts": 1}),
)


@pytest.fixture(scope="module")
def made(install: Install, tmp_path_factory: pytest.TempPathFactory) -> tuple[bytes, datetime]:
    """An archive, and when it was made."""
    clock = Clock()
    with installed(install, tmp_path_factory.mktemp("past"), clock) as runtime:
        return _archive(runtime, clock), clock.now


@pytest.fixture
def archive(made: tuple[bytes, datetime], clock: Clock) -> bytes:
    """A small record with something of everything that has a past, made a moment ago."""
    content, clock.now = made
    return content


def _archive(runtime: Runtime, clock: Clock) -> bytes:
    editor = editor_of(application.create(runtime), key_of(runtime, Scope.REVIEW))
    said: dict[str, Json] = {
        "/v1/initiatives": {"id": "plan", "title": "The plan"},
        "/v1/rubrics": RUBRIC,
        "/v1/rates": {
            "base": "EUR",
            "quote": "USD",
            "date": "2026-11-01",
            "rate": 1,
            "source": {"title": "A"},
        },
    }
    for address, document in said.items():
        assert editor.post(address, json=document).status_code == 201
    add_pledge(runtime, key="total", initiative="plan")
    add_pledge(runtime, initiative="plan", part_of="total")
    add_pledge(runtime, key="other")
    for method, segment, sent in DONE:
        clock.now += timedelta(seconds=1)
        answer = editor.open(f"/v1/pledges/people{segment}", method=method, json=sent)
        assert answer.status_code < 300, answer.text
    editor.patch("/v1/initiatives/plan", json={"title": "The larger plan"})
    tick(runtime)
    return exported(runtime)


def remade(archive: bytes, change: Change) -> bytes:
    """The archive with other content, and a manifest that agrees."""
    source = zipfile.ZipFile(io.BytesIO(archive))
    content = {name: source.read(name) for name in source.namelist() if name != MANIFEST}
    documents = {name: json.loads(raw) for name, raw in content.items() if name.endswith(".json")}
    change(documents)
    target = io.BytesIO()
    made = ArchiveWriter(target)
    for name, raw in content.items():
        told = json.dumps(documents[name]).encode() if name in documents else raw
        made.add(name, lambda stream, told=told: stream.write(told))  # type: ignore[misc]
    made.close()
    return target.getvalue()


def of_pledge(**changes: Any) -> Change:
    def change(documents: Json) -> None:
        documents[PLAN]["pledges"][0].update(changes)

    return change


def at(*path: str | int, to: Any) -> Change:
    """Change the value at a path from the pledge on."""

    def change(documents: Json) -> None:
        where = documents[PLAN]["pledges"][0]
        for step in path[:-1]:
            where = where[step]
        where[path[-1]] = to

    return change


def of_record(name: str, place: int, **changes: Any) -> Change:
    def change(documents: Json) -> None:
        documents[RECORD][name][place].update(changes)

    return change


def once_more(name: str, file: str = RECORD) -> Change:
    """List the first item of a list a second time."""

    def change(documents: Json) -> None:
        documents[file][name].append(documents[file][name][0])

    return change


def without(document: str, name: str) -> Change:
    def change(documents: Json) -> None:
        del documents[document][name]

    return change


def said(document: str, name: str, value: Any) -> Change:
    def change(documents: Json) -> None:
        documents[document][name] = value

    return change


IMPOSSIBLE: dict[str, tuple[Change, str]] = {
    "it ends before it begins": (of_pledge(updated_at=PAST), "/updated_at: Before it was created."),
    "it lies ahead": (of_pledge(updated_at=FUTURE), "/updated_at: Lies ahead"),
    "an instant without a zone": (of_pledge(created_at="2026-01-01T00:00:00"), "Must be an instant"),
    "no instant": (
        at("progress", 0, "recorded_at", to=None),
        "/progress/0/recorded_at: Must not be empty",
    ),
    "an instant beyond all years": (of_pledge(created_at="9999-12-31T23:59:59Z"), "Instants lie between"),
    "no version": (of_pledge(version=0), "/version: "),
    "an edition before the pledge": (at("earlier", 0, "recorded_at", to=PAST), "/earlier/0: Out of order"),
    "two editions at one instant": (
        lambda documents: documents[PLAN]["pledges"][0].update(
            edited_at=documents[PLAN]["pledges"][0]["earlier"][1]["recorded_at"]
        ),
        "/edited_at: Out of order",
    ),
    "an edition that is no pledge": (at("earlier", 0, "comparator", to="maybe"), "/earlier/0/comparator: "),
    "an update before the pledge": (
        at("progress", 0, "recorded_at", to=PAST),
        "/progress/0/recorded_at: Out",
    ),
    "an update with another number": (
        at("progress", 1, "id", to=7),
        "/progress/1/id: Out of order: expected 2.",
    ),
    "an update corrected twice": (at("progress", 3, "supersedes", to=1), "Update 1 is already superseded"),
    "a correction of what was not there": (at("progress", 2, "supersedes", to=4), "There is no update 4"),
    "an update that says nothing": (at("progress", 0, "value", to=None), "Say exactly one of"),
    "a decision before its update": (
        at("progress", 1, "decisions", 0, "recorded_at", to=PAST),
        "/progress/1/decisions/0/recorded_at: Out of order",
    ),
    "decisions with gaps": (at("progress", 1, "decisions", 1, "id", to=3), "not 1, 2, … over all updates"),
    "decisions that do not follow": (
        at("progress", 1, "decisions", 1, "before", to="returned"),
        "/progress/1/decisions/1/before: ",
    ),
    "a choice between others": (
        at("resolutions", 0, "among", to=[2, 9]),
        "/resolutions/0/among: Not updates",
    ),
    "a choice before its time": (
        at("resolutions", 0, "recorded_at", to=PAST),
        "/resolutions/0/recorded_at: ",
    ),
    "a move to no deadline there can be": (at("reschedules", 0, "due", to="2025"), "/reschedules/0/due: "),
    "a move before its time": (at("reschedules", 1, "recorded_at", to=PAST), "/reschedules/1/recorded_at: "),
    "a withdrawal within another": (
        at("withdrawal", "recorded_at", to=PAST),
        "/withdrawal/recorded_at: Out of order",
    ),
    "a withdrawal rescinded before it was": (
        at("rescinded", 0, "rescinded_at", to=PAST),
        "/rescinded/0/recorded_at: Out of order",
    ),
    "a verdict by no rubric": (at("verdicts", 0, "rubric", to="theirs"), "There is no rubric 'theirs'"),
    "a verdict before its time": (at("verdicts", 0, "recorded_at", to=PAST), "/verdicts/0/recorded_at: "),
    "a promise that nobody can keep": (of_pledge(target=0), "/target: Equal to the baseline"),
    "a pledge of another initiative": (of_pledge(initiative="else"), "belongs to its file's own"),
    "a pledge of nobody": (of_pledge(pledger="nobody"), "There is no pledger 'nobody'"),
    "a pledge that stands twice": (once_more("pledges", PLAN), "stands in"),
    "a part of nothing": (
        of_pledge(part_of="nothing"),
        "pledge people, /part_of: There is no pledge 'nothing'",
    ),
    "a list that is none": (of_pledge(progress={}), "/progress: Must be a list"),
    "a pledger of the future": (
        lambda documents: documents[PLAN]["pledgers"][0].update(updated_at=FUTURE),
        "/updated_at: ",
    ),
    "an initiative under none": (
        lambda documents: documents[PLAN]["initiative"].update(parent="none"),
        "/initiative/parent: There is no initiative 'none'.",
    ),
    "a file without its past": (said(PLAN, "format", "pledgetracker/1"), "known: pledgetracker/2"),
    "a rubric told in two ways": (
        lambda documents: documents[REST]["rubrics"][0].update(recorded_at=PAST),
        "Stands otherwise in another file.",
    ),
    "a rubric of the future": (
        lambda documents: documents[PLAN]["rubrics"][0].update(recorded_at=FUTURE),
        "/rubrics/0/recorded_at: Lies ahead",
    ),
    "a rate of the future": (of_record("rates", 0, recorded_at=FUTURE), "/rates/0/recorded_at: Lies ahead"),
    "a rate before its day": (of_record("rates", 0, recorded_at=PAST), "/rates/0/date: Later than today"),
    "a rate that stands twice": (
        once_more("rates"),
        "/rates/1/recorded_at: Not later than",
    ),
    "a correction of no rate": (
        of_record("rates", 0, reason="Mistyped."),
        "/rates/0/reason: Corrects",
    ),
    "a correction without a reason": (
        lambda documents: documents[RECORD]["rates"].append(
            documents[RECORD]["rates"][0] | {"rate": 2, "recorded_at": LATER}
        ),
        "/rates/1/reason: Say why the rate on record is not right.",
    ),
    "a correction that corrects nothing": (
        lambda documents: documents[RECORD]["rates"].append(
            documents[RECORD]["rates"][0] | {"recorded_at": LATER, "reason": "Mistyped."}
        ),
        "/rates/1/rate: Says the same as the version before it.",
    ),
    "a rate that is none": (of_record("rates", 0, rate=0), "/rates/0/rate: Must be above 0."),
    "policies in no order": (
        said(RECORD, "policies", [POLICY | {"recorded_at": FUTURE}, POLICY | {"recorded_at": PAST}]),
        "/policies/1/recorded_at: Out of order.",
    ),
    "policies of the future": (
        said(RECORD, "policies", [POLICY | {"recorded_at": FUTURE}]),
        "/policies/0/recorded_at: Lies ahead",
    ),
    "a policy of something else": (
        said(RECORD, "policies", [{"recorded_at": PAST}]),
        "/policies/0/lead_days: ",
    ),
    "a past told twice": (once_more("former_initiatives"), "says something else at this instant"),
    "a past to come": (
        of_record("former_initiatives", 0, recorded_at=FUTURE),
        "/former_initiatives/0/recorded_at: Lies ahead",
    ),
    "a past of another": (of_record("former_initiatives", 0, id="other"), "/entry/id: Ids are permanent"),
    "a flag on nothing": (of_record("flags", 0, pledge="nothing"), "/flags/0/pledge: There is no pledge"),
    "a flag cleared before it opened": (of_record("flags", 0, cleared_at=PAST), "/cleared_at: Before it"),
    "a flag of the future": (of_record("flags", 0, opened_at=FUTURE), "/opened_at: Lies ahead"),
    "flags in no order": (once_more("flags"), "/id: Out of order: not above"),
    "a flag that is open twice": (
        lambda documents: documents[RECORD]["flags"].append(documents[RECORD]["flags"][0] | {"id": 900}),
        "It is open already.",
    ),
    "another record": (said(RECORD, "format", "other/1"), "Only the format pledgetracker-record/1 is known."),
    "no flags": (without(RECORD, "flags"), "record.json, /flags: Is missing"),
    "flags that are no list": (said(RECORD, "flags", {}), "record.json, /flags: Must be a list"),
    "what nobody knows": (said(RECORD, "keys", []), "record.json, /keys: There is no"),
}


@pytest.mark.parametrize("case", IMPOSSIBLE)
def test_what_cannot_have_been_is_refused(archive: bytes, another: Empty, case: str) -> None:
    change, complaint = IMPOSSIBLE[case]
    with another() as other:
        with pytest.raises(ImportRefused) as refusal:
            bring_to(other, file(remade(archive, change), "a.zip"))
        assert complaint in str(refusal.value)
        assert "/pledge: There is no pledge 'people'" not in str(refusal.value)
        with other.database.read() as tx:
            assert is_untouched(tx)


def test_what_only_looks_changed_comes_in(archive: bytes, another: Empty) -> None:
    """The other tests' way of changing archives changes nothing else."""
    with another() as other:
        bring_to(other, file(remade(archive, lambda documents: None), "a.zip"))
        assert exported(other) == archive


def test_clocks_may_differ_by_minutes(archive: bytes, another: Empty, clock: Clock) -> None:
    clock.now -= timedelta(minutes=4)
    with another() as other:
        bring_to(other, file(archive))
    clock.now -= timedelta(minutes=4)
    with another() as other, pytest.raises(ImportRefused, match="Lies ahead: the clock of this machine"):
        bring_to(other, file(archive))
