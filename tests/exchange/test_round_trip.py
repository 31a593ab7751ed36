"""Out, in and out again gives the same bytes: archives, JSON, tables, hostile texts, whole histories."""

import io
import json
import zipfile
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from itertools import count
from typing import Any

import pytest
from hypothesis import HealthCheck, assume, given
from hypothesis import strategies as st

from pledgetracker import runtime as composition
from pledgetracker.api.files.incoming import Incoming
from pledgetracker.cli.files import bundled
from pledgetracker.domain.audit import Action
from pledgetracker.domain.days import Due
from pledgetracker.domain.numbers import complaint
from pledgetracker.domain.pledge import Source, Statement, problems
from pledgetracker.domain.record import Record
from pledgetracker.domain.review import CounterClaim, Review
from pledgetracker.domain.update import Correction
from pledgetracker.runtime import Runtime
from pledgetracker.services import cataloguing, pledging, reporting, rescheduling, reviewing, withdrawing
from pledgetracker.services.merging import Kind, Outcome
from pledgetracker.settings import load
from tests.conftest import Clock, Empty, Install
from tests.examples import times
from tests.exchange.conftest import Bring, Refuse, bring_to, exported, file, record_of
from tests.strategies import records
from tests.world import add_pledge, noon, report, stone, tick, without_news

numbers = count()


def member(archive: bytes, name: str) -> bytes:
    return zipfile.ZipFile(io.BytesIO(archive)).read(name)


@pytest.fixture
def rich(runtime: Runtime, clock: Clock) -> Runtime:
    """A record with something of everything."""
    now = noon("2026-01-05")

    def fill(tx: Any) -> None:
        cataloguing.add_initiative(tx, {"id": "plan", "title": "The plan"}, now=now)
        cataloguing.add_initiative(tx, {"id": "part", "title": "A part", "parent": "plan"}, now=now)
        cataloguing.add_pledger(tx, {"id": "idle", "name": "Promises nothing"}, now=now)

    runtime.database.write(fill)
    statement = Statement("=1+1 is\r\n'two'; \"really\"", Source("https://a.example/", "@title"))
    add_pledge(runtime, key="total")
    add_pledge(
        runtime,
        initiative="part",
        statement=statement,
        milestones=(stone("half", "2026-06"),),
        part_of="total",
        tags=("a", "b"),
        owner="=Ann",
    )
    add_pledge(runtime, key="other", title="-5 is a number", unit="+unit")
    clock.now = noon("2026-11-25")
    report(runtime, value=10, as_of=noon("2026-03-01").date(), note="-1\tand\n+2")
    report(runtime, increment="0.5", as_of=noon("2026-04-01").date(), evidence=(Source(quote="'=x"),))
    report(runtime, done=True, milestone="half", as_of=noon("2026-05-01").date())
    march = noon("2026-03-01").date()
    report(runtime, value=12, as_of=march, supersedes=1, reason=Correction.RESTATED)
    report(runtime, value=13, as_of=march)
    for number, said in (
        (2, Review.DISPUTED),
        (2, Review.ACCEPTED),
        (5, Review.RETURNED),
        (5, Review.ACCEPTED),
    ):
        fields: Any = {"review": said, "reason": "Look."}
        if said is Review.DISPUTED:
            fields["counter_claim"] = CounterClaim(Decimal("0.25"), "Less.", Source("https://b.example/"))
        decide(runtime, number, fields)
    choice: Any = {"as_of": noon("2026-03-01").date(), "chosen": 5, "reason": "Better."}
    runtime.database.write(
        lambda tx: reviewing.resolve(tx, "people", choice, runtime.rules, by="Rita", now=clock.now)
    )
    submit(runtime)
    move(runtime, "2026-10", "2026-11-01")
    move(runtime, "2027", "2026-11-02")
    runtime.database.write(
        lambda tx: pledging.change_pledge(
            tx,
            "people",
            {"milestones": (stone("half", "2026-06"), stone("late", "2027-02"))},
            runtime.rules,
            now=clock.now,
        )
    )
    runtime.database.write(
        lambda tx: withdrawing.withdraw(tx, "other", {"reason": "Over."}, runtime.rules, now=clock.now)
    )
    return runtime


def decide(runtime: Runtime, number: int, fields: Any) -> None:
    now = runtime.clock()
    runtime.database.write(
        lambda tx: reviewing.decide(
            tx, "people", number, fields, without_news(runtime).rules, by="Rita", now=now
        )
    )


def submit(runtime: Runtime) -> None:
    fields: Any = {"value": Decimal(99), "as_of": noon("2026-07-01").date()}
    now = runtime.clock()
    runtime.database.write(
        lambda tx: reporting.record_progress(
            tx, "people", fields, runtime.rules, now=now, review=Review.SUBMITTED
        )
    )


def move(runtime: Runtime, due: str, announced_on: str) -> None:
    fields: Any = {"due": Due.parse(due), "announced_on": noon(announced_on).date()}
    now = runtime.clock()
    runtime.database.write(lambda tx: rescheduling.reschedule(tx, "people", fields, runtime.rules, now=now))


def test_an_archive_brings_everything_back_byte_for_byte(rich: Runtime, another: Empty) -> None:
    archive = exported(rich, has_contacts=True)
    with another() as other:
        bring_to(other, file(archive, "a.zip"))
        assert exported(other, has_contacts=True) == archive
        assert record_of(other) == record_of(rich)
        # Once more changes nothing, not even a version.
        version = record_of(other).pledge.version
        bring_to(other, file(archive, "a.zip"))
        assert exported(other, has_contacts=True) == archive
        assert record_of(other).pledge.version == version


def test_what_stands_is_the_same_on_every_day(rich: Runtime, another: Empty) -> None:
    with another() as other:
        bring_to(other, file(exported(rich), "a.zip"))
        here, there = record_of(rich), record_of(other)
        for n in range(400):
            day = noon("2026-01-01").date() + timedelta(days=n)
            assert here.figure_on(day) == there.figure_on(day)
            assert here.due_on(day) == there.due_on(day)


def test_the_same_record_gives_the_same_bytes_on_another_day(rich: Runtime, clock: Clock) -> None:
    before = exported(rich)
    clock.now += timedelta(days=40)
    assert exported(rich) == before


def test_tables_come_back_byte_for_byte(rich: Runtime, another: Empty) -> None:
    tables = [exported(rich, form) for form in ("pledges", "progress")]
    with another() as other:
        bring_to(other, *(file(table, f"{n}.csv") for n, table in enumerate(tables)))
        assert [exported(other, form) for form in ("pledges", "progress")] == tables
    before = exported(rich)
    bring_to(rich, *(file(table, f"{n}.csv") for n, table in enumerate(tables)))
    assert exported(rich) == before


def test_no_cell_of_a_table_is_a_formula(rich: Runtime) -> None:
    for form in ("pledges", "progress"):
        text = exported(rich, form).decode()
        assert "'=" in text or "'-" in text
        assert not any(cell.startswith(("=", "@", "\t", '"=', '"@')) for cell in text.split(","))


def test_addresses_of_contacts_leave_only_if_that_is_said(rich: Runtime) -> None:
    for form in ("archive", "json", "pledges"):
        with_them, without = (exported(rich, form, has_contacts=said) for said in (True, False))
        content = with_them if form != "archive" else member(with_them, "without_initiative.json")
        assert b"ann@example.org" in content
        assert b"ann@example.org" not in (
            without
            if form != "archive"
            else b"".join(member(without, name) for name in zipfile.ZipFile(io.BytesIO(without)).namelist())
        )


def test_contacts_stay_where_a_file_says_nothing_of_them(rich: Runtime) -> None:
    bring_to(rich, file(exported(rich), "a.zip"), file(exported(rich, "pledges"), "p.csv"))
    assert [contact.email for contact in record_of(rich).pledge.contacts] == ["ann@example.org"]


def test_the_seeds_that_come_along_go_out_and_in_again(
    bring: Bring, runtime: Runtime, another: Empty
) -> None:
    paths = bundled("seeds").glob("*.json")
    bring(*(file(path.read_bytes(), path.name) for path in paths))
    archive = exported(runtime)
    with another() as other:
        bring_to(other, file(archive, "a.zip"))
        assert exported(other) == archive


OF_THE_PAST = {"version", "created_at", "updated_at", "edited_at", "recorded_at", "earlier", "rescinded"}


def without_past(document: Any) -> Any:
    """What a file of an archive says, but for when it was recorded and in which order decisions were."""
    if isinstance(document, list):
        return [without_past(item) for item in document]
    if not isinstance(document, dict):
        return document
    left = OF_THE_PAST | ({"id"} if "decided_on" in document else set())
    return {name: without_past(value) for name, value in document.items() if name not in left}


def test_a_json_file_of_one_initiative_is_the_one_in_the_archive_without_its_past(rich: Runtime) -> None:
    archive = exported(rich)
    for name, initiative in (("initiatives/part.json", "part"), ("without_initiative.json", None)):
        there = without_past(json.loads(member(archive, name)))
        assert json.loads(exported(rich, "json", initiative)) == there | {"format": "pledgetracker/1"}
    document = json.loads(exported(rich, "json"))
    assert [pledger["id"] for pledger in document["pledgers"]] == ["acme", "idle"]


hostile = st.text(
    st.sampled_from("'=+-@\t\r\n\",;| é") | st.characters(codec="utf-8", exclude_categories=["Cc", "Cs"]),
    min_size=1,
    max_size=12,
).filter(lambda text: text.strip() and "\x00" not in text)


@pytest.mark.sqlite
@times(0.06, suppress_health_check=list(HealthCheck))
@given(texts=st.lists(hostile, min_size=2, max_size=4))
def test_hostile_texts_come_back_as_they_were(
    texts: list[str], install: Install, tmp_path_factory: pytest.TempPathFactory
) -> None:
    said, done = install(tmp_path_factory.mktemp("hostile"))
    runtime = replace(composition.assemble(load(said)), clock=Clock())
    key = f"p{next(numbers)}"
    add_pledge(runtime, key=key, statement=Statement(texts[0], Source(quote=texts[1])))
    for text in texts:
        report(runtime, key=key, value=1, note=text, evidence=(Source(quote=text), Source(quote=texts[0])))
    record, archive = record_of(runtime, key), exported(runtime)
    with runtime.database.read() as tx:
        assert tx.pledges.keys() == [key]
    bring_to(runtime, file(exported(runtime, "pledges"), "a"), file(exported(runtime, "progress"), "b"))
    assert record_of(runtime, key) == record
    assert exported(runtime) == archive
    runtime.database.close()
    done()


@pytest.mark.sqlite
@times(0.08, suppress_health_check=list(HealthCheck))
@given(history=records())
def test_any_history_comes_back_as_it_was(
    history: Record, install: Install, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Every comparator, both directions, milestones, corrections, conflicts."""
    # Some begin before, or after, what they promise: the figures' own tests want those too.
    assume(not list(problems(history.pledge)))
    told = [stone.target for stone in history.pledge.milestones]
    told += [number for update in history.updates for number in (update.value, update.increment)]
    assume(all(complaint(number) is None for number in told if number is not None))
    clock = Clock(noon("2027-01-01"))
    archives: list[bytes] = []
    for step in range(2):
        said, done = install(tmp_path_factory.mktemp("history"))
        runtime = replace(composition.assemble(load(said)), clock=clock)
        if step == 0:
            store(runtime, history)
        else:
            bring_to(runtime, file(archives[0], "a.zip"))
        archives.append(exported(runtime))
        runtime.database.close()
        done()
    assert archives[0] == archives[1]


def store(runtime: Runtime, history: Record) -> None:
    now = runtime.clock()
    pledge = replace(history.pledge, cadence_days=90, grace_days=30, created_at=now, updated_at=now)

    def work(tx: Any) -> None:
        if not tx.pledgers.exists(pledge.pledger):
            cataloguing.add_pledger(tx, {"id": pledge.pledger, "name": "Acme"}, now=now)
        at_once = {
            name: tuple(replace(row, recorded_at=now) for row in getattr(history, name))
            for name in ("updates", "decisions", "resolutions")
        }
        bare = replace(history, pledge=pledge, reschedules=(), withdrawals=(), **at_once)
        pledging.store(tx, bare, runtime.rules, action=Action.PLEDGE_LOAD, now=now)

    runtime.database.write(work)


def test_links_lead_to_pledges_that_come_later(refuse: Refuse, bring: Bring, runtime: Runtime) -> None:
    """Whatever the order of the files, and of the pledges in them."""
    head = "id,title,pledger,pledger.name,announced_on,unit,target,part_of,restates.0,tags.0"
    rows = [
        "a-part,A,acme,Acme,2026-01-01,EUR,1,total,old,one",
        "old,Old,acme,Acme,2026-01-01,EUR,1,,,",
        "total,Total,acme,Acme,2026-01-01,EUR,9,,,",
    ]
    bring(file("\n".join([head, *rows]), "pledges.csv"))
    pledge = record_of(runtime, "a-part").pledge
    assert (pledge.part_of, pledge.restates, pledge.tags) == ("total", ("old",), ("one",))
    tick(runtime)
    archive = exported(runtime)
    assert bring(file(archive, "a.zip")).counts[Kind.PLEDGES, Outcome.LEFT] == 3
    assert exported(runtime) == archive
    told = refuse(file("id,part_of\ntotal,a-part\n", "ring.csv"))
    assert len(told) == 1
    assert "ring.csv, row 2, column part_of: " in told[0]
    told = refuse(file("id,part_of\nold,nobody\n", "none.csv"))
    assert told == ["pledge old, /part_of: There is no pledge 'nobody'; create it first, or leave it out."]


def test_a_pledger_told_otherwise_in_two_files_is_refused(refuse: Refuse) -> None:
    def document(name: str) -> Incoming:
        pledgers = [{"id": "acme", "name": name}]
        content = {"format": "pledgetracker/1", "initiative": None, "pledgers": pledgers, "pledges": []}
        return file(json.dumps(content), f"{name}.json")

    assert refuse(document("One"), document("Two")) == [
        "Two.json, /pledgers/0: The pledger 'acme' stands otherwise in One.json."
    ]
