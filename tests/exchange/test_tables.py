"""Tables of pledges and of progress: what they add, change and leave, and what they are told is wrong."""

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from marshmallow import ValidationError

from pledgetracker.api.files.cells import DecimalSign
from pledgetracker.api.files.columns import RowReader, column_of
from pledgetracker.api.files.incoming import Incoming
from pledgetracker.api.files.loading import Loader, RowLoader
from pledgetracker.api.files.tables import SheetPledge, SheetProgress
from pledgetracker.api.parsing import field_problems
from pledgetracker.domain.review import Review
from pledgetracker.runtime import Runtime
from pledgetracker.services import auditing, withdrawing
from pledgetracker.services.merging import Kind, Outcome
from tests.conftest import Clock
from tests.exchange.conftest import Bring, Refuse, exported, file, record_of
from tests.world import add_pledge, alerts, flags, noon, report, tick

HEAD = "id,title,pledger,pledger.name,announced_on,target,unit,due,time_zone,milestones.0.id,milestones.0.due"
ROW = "people,People trained,acme,Acme,2026-01-01,100,person,2026-12-31,Europe/Paris,half,2026-06"


def pledges(*rows: str, head: str = HEAD) -> Incoming:
    return file("\n".join([head, *rows]) + "\n", "pledges.csv")


def progress(*rows: str, head: str = "pledge,as_of,value") -> Incoming:
    return file("\n".join([head, *rows]) + "\n", "progress.csv")


@pytest.fixture
def people(runtime: Runtime) -> None:
    """A pledge of 100 people by the end of 2026."""
    add_pledge(runtime)


def test_a_table_adds_pledges_with_whoever_makes_them(bring: Bring, runtime: Runtime) -> None:
    report = bring(pledges(ROW))
    assert report.counts[Kind.PLEDGES, Outcome.ADDED] == 1
    pledge = record_of(runtime).pledge
    assert (pledge.title, pledge.target, pledge.pledger) == ("People trained", Decimal(100), "acme")
    assert [(stone.id, stone.due.text) for stone in pledge.milestones] == [("half", "2026-06")]


def test_the_same_table_twice_changes_nothing(bring: Bring, runtime: Runtime) -> None:
    bring(pledges(ROW))
    before = record_of(runtime)
    assert bring(pledges(ROW)).counts[Kind.PLEDGES, Outcome.LEFT] == 1
    assert record_of(runtime) == before


@pytest.mark.usefixtures("people")
def test_a_column_that_is_absent_leaves_alone_and_an_empty_cell_clears(
    bring: Bring, runtime: Runtime
) -> None:
    bring(pledges("people,Persons trained,", head="id,title,unit"))
    pledge = record_of(runtime).pledge
    assert (pledge.title, pledge.target) == ("Persons trained", Decimal(100))
    assert pledge.unit is None
    assert [contact.email for contact in pledge.contacts] == ["ann@example.org"]


@pytest.mark.usefixtures("people")
def test_another_deadline_is_a_move_by_the_tracker(bring: Bring, runtime: Runtime) -> None:
    bring(pledges("people,2027", head="id,due"))
    record = record_of(runtime)
    assert record.pledge.due is not None
    assert record.pledge.due.text == "2026-12-31"
    assert [(move.due and move.due.text, move.moved_by) for move in record.reschedules] == [
        ("2027", "tracker")
    ]


@pytest.mark.usefixtures("people")
def test_of_a_part_only_what_has_a_column_changes(bring: Bring, runtime: Runtime) -> None:
    head = "id,statement.text,statement.source.title"
    bring(pledges("people,They said so,Article", head=head))
    bring(pledges("people,They wrote so", head="id,statement.text"))
    statement = record_of(runtime).pledge.statement
    assert statement is not None
    assert statement.source is not None
    assert (statement.text, statement.source.title) == ("They wrote so", "Article")
    bring(pledges("people,,", head=head))
    assert record_of(runtime).pledge.statement is None


@pytest.mark.usefixtures("people")
def test_progress_is_added_numbered_and_seen_at_once(bring: Bring, runtime: Runtime) -> None:
    head = "pledge,as_of,value,evidence.0.url,evidence.1.title,note"
    bring(progress("people,2026-03-01,10,https://a.example/,Page 2,'=SUM(A1)", head=head))
    [update] = record_of(runtime).updates
    assert (update.number, update.value, update.note, len(update.evidence)) == (1, Decimal(10), "=SUM(A1)", 2)
    assert update.review is Review.ACCEPTED
    assert record_of(runtime).pledge.version == 2


@pytest.mark.usefixtures("people")
def test_rows_with_the_id_of_an_update_on_record_are_compared_with_it(
    bring: Bring, refuse: Refuse, runtime: Runtime
) -> None:
    head = "pledge,id,as_of,value"
    report(runtime, value=10, as_of=noon("2026-03-01").date())
    before = record_of(runtime)
    found = bring(progress("people,1,2026-03-01,10", head=head))
    assert found.counts[Kind.UPDATES, Outcome.LEFT] == 1
    assert record_of(runtime) == before
    [told] = refuse(progress("people,1,2026-03-01,11", head=head))
    assert told.startswith(
        "progress.csv, row 2, column value: Update 1 is on record and says other. Nothing is"
    )
    [told] = refuse(progress("people,3,2026-03-02,11", head=head))
    assert told == "progress.csv, row 2, column id: Out of order: expected 2."


@pytest.mark.usefixtures("people")
def test_corrections_in_a_table_follow_the_same_rules(bring: Bring, refuse: Refuse, runtime: Runtime) -> None:
    head = "pledge,id,as_of,reported_at,value,supersedes,reason,review"
    first = "people,1,2026-03-01,2026-03-05,10,,,"
    bring(
        progress(
            first,
            "people,2,2026-03-01,,11,1,typo,returned",
            "people,3,2026-03-01,,12,1,restated,",
            "people,4,,,,3,retracted,",
            head=head,
        )
    )
    record = record_of(runtime)
    assert [update.reported_at.isoformat() for update in record.updates] == ["2026-03-05"] * 4
    assert record.figure_on(noon("2026-06-01").date()) is None
    told = refuse(
        progress(
            "people,5,2026-03-01,,1,1,,",
            "people,6,2026-03-01,,1,9,,",
            "people,7,2026-03-01,,,,typo,",
            head=head,
        )
    )
    assert told[0].startswith("progress.csv, row 2: Update 1 is already superseded by update 3")
    assert told[1] == "progress.csv, row 3, column supersedes: There is no update 9 of this pledge."
    assert "row 4: Say exactly one of" in told[2]
    assert told[3].startswith("progress.csv, row 4, column supersedes: Say which update this corrects")


@pytest.mark.usefixtures("people")
def test_nothing_is_told_as_news_and_the_next_tick_looks(
    bring: Bring, runtime: Runtime, clock: Clock
) -> None:
    clock.now = noon("2027-03-01")
    tick(runtime)
    owed = alerts(runtime)
    assert {alert.kind.value for alert in owed} == {"overdue", "never_reported", "no_progress"}
    bring(progress("people,2026-12-31,100"))
    assert alerts(runtime) == owed
    tick(runtime)
    assert [flag.kind.value for flag in flags(runtime, is_open=True)] == []


def test_new_pledges_are_judged_by_what_comes_with_them(bring: Bring, runtime: Runtime, clock: Clock) -> None:
    clock.now = noon("2027-03-01")
    bring(progress("people,2026-12-31,100"), pledges(ROW))
    assert flags(runtime) == []
    tick(runtime)
    assert [flag.kind.value for flag in flags(runtime)] == ["overdue"]  # of the event on the way


def test_what_fell_due_before_is_owed_even_if_a_file_makes_it_moot(
    bring: Bring, runtime: Runtime, clock: Clock
) -> None:
    add_pledge(runtime)
    clock.now = noon("2027-03-01")
    bring(progress("people,2026-12-31,100"))
    assert "overdue" in {flag.kind.value for flag in flags(runtime)}


@pytest.mark.usefixtures("people")
def test_one_audit_entry_a_pledge_tells_of_all_updates_and_the_log_holds(
    bring: Bring, runtime: Runtime
) -> None:
    add_pledge(runtime, key="other")
    bring(progress("people,2026-03-01,1", "other,2026-03-01,1", "people,2026-03-02,2"))
    with runtime.database.read() as tx:
        entries = [entry.deed for entry in tx.audit.entries()]
        assert auditing.verify(tx).broken is None
    told = [deed for deed in entries if deed.action == "progress.import"]
    assert [(deed.subject, (deed.after or "")[:22]) for deed in told] == [
        ("people", '{"first":1,"last":2,"s'),
        ("other", '{"first":1,"last":1,"s'),
    ]


def test_rows_without_an_id_are_not_taken_for_the_same_pledge(refuse: Refuse) -> None:
    nameless = ROW.removeprefix("people")
    said = refuse(pledges(nameless, nameless))
    assert [line.partition(", ")[2] for line in said] == [
        f"row {n}, column id: Is missing, and is needed." for n in (2, 3)
    ]


@pytest.mark.usefixtures("people")
def test_more_rows_than_a_batch_and_more_pledges_than_are_kept_at_hand(
    bring: Bring, runtime: Runtime, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pledgetracker.services.collecting.AT_HAND", 2)
    monkeypatch.setattr("pledgetracker.services.collecting.BATCH", 7)
    keys = ["people", *(add_pledge(runtime, key=f"other-{n}").pledge.id for n in range(4))]
    bring(progress(*(f"{keys[n % 5]},2026-03-01,{n}" for n in range(100))))
    assert [len(record_of(runtime, key).updates) for key in keys] == [20] * 5
    assert record_of(runtime).pledge.version == 2


WRONG: dict[str, tuple[Incoming, str]] = {
    "no such column": (
        progress("people,1", head="pledge,as_off"),
        "column as_off: There is no such column; did you mean 'as_of'?",
    ),
    "a column that is only shown": (
        pledges("people,met", head="id,status"),
        "row 1, column status: There is no such column",
    ),
    "a place beyond all bounds": (
        progress("people,x", head="pledge,evidence.200.url"),
        "column evidence.200.url: There is no such column",
    ),
    "a place of no list": (
        pledges("people,x", head="id,statement.0.text"),
        "column statement.0.text: There is no such column",
    ),
    "no id": (
        pledges("People", head="title"),
        "row 1, column id: This column is needed; the first row names the columns.",
    ),
    "columns without names": (
        progress("people,,", head="pledge,,"),
        "row 1, column (no name): A column without a name",
    ),
    "a column twice": (progress("people,a,b", head="pledge,note,note"), "The column 'note' stands twice"),
    "a row too short": (progress("people"), "row 2: Has 1 cells, and there are 3 columns."),
    "a row too long": (progress("people,2026-03-01,1,"), "row 2: Has 4 cells, and there are 3 columns."),
    "no number": (progress("people,2026-03-01,many"), "row 2, column value: Not a number: 'many'."),
    "a number of too many digits": (
        progress("people,2026-03-01,1.1234567"),
        "row 2, column value: Too precise",
    ),
    "no day": (progress("people,03/01/2026,1"), "row 2, column as_of: Must be a full date"),
    "no day at all": (progress("people,,1"), "row 2, column as_of: Say which day this describes."),
    "a day ahead": (progress("people,2030-01-01,1"), "row 2, column as_of: Later than today"),
    "no pledge": (progress(",2026-03-01,1"), "row 2, column pledge: Is missing, and is needed."),
    "an unknown pledge": (progress("nobody,2026-03-01,1"), "row 2: There is no pledge 'nobody'."),
    "nothing said": (progress("people,2026-03-01,"), "row 2: Say exactly one of value"),
    "no address": (
        progress("people,2026-03-01,1,javascript:x", head="pledge,as_of,value,evidence.0.url"),
        "row 2, column evidence.0.url: Must be an address",
    ),
    "a source of nothing but a day": (
        progress("people,2026-03-01,1,2026-03-01", head="pledge,as_of,value,evidence.0.published_on"),
        "row 2, column evidence: Say at least one of url",
    ),
    "what cannot be cleared": (
        pledges("people,", head="id,comparator"),
        "row 2, column comparator: Must not be empty",
    ),
    "a pledger by two names": (
        pledges(
            "a,A,new,New,2026-01-01",
            "b,B,new,,2026-01-01",
            "c,C,new,Newer,2026-01-01",
            head="id,title,pledger,pledger.name,announced_on",
        ),
        "row 4, column pledger: An earlier row says other of 'new'.",
    ),
    "the name of a column in capitals": (
        pledges("people,GPU", head="id,UNIT"),
        "row 1, column UNIT: There is no such column; did you mean 'unit'?",
    ),
    "a number with a space in it": (
        progress("people,2026-03-01,1\u202f234"),
        "row 2, column value: Not a number: '1\\u202f234'. Leave out the spaces.",
    ),
    "a pledge twice": (
        pledges("people,A", "people,B", head="id,title"),
        "row 3, column id: The pledge 'people' stands in this",
    ),
    "a new pledge without what it needs": (
        pledges("new,New,acme", head="id,title,pledger"),
        "row 2, column announced_on: Is missing",
    ),
    "an unknown pledger": (
        pledges("new,New,nobody,2026-01-01", head="id,title,pledger,announced_on"),
        "row 2, column pledger: There is no pledger 'nobody'",
    ),
    "a kind of pledger that there is not": (
        pledges(
            "new,New,new,2026-01-01,New,club", head="id,title,pledger,announced_on,pledger.name,pledger.kind"
        ),
        "row 2, column pledger.kind: Must be one of",
    ),
    "a milestone beyond the deadline": (
        pledges("people,late,2028", head="id,milestones.0.id,milestones.0.due"),
        "row 2, column milestones.0.due: A milestone lies strictly between",
    ),
    "a quotation mark out of place": (progress('people,"2026"-03-01,1'), "Row 2: Cannot be read"),
    "no table": (file("", "empty.csv"), "empty.csv: The file is empty"),
}


@pytest.mark.usefixtures("people")
@pytest.mark.parametrize("case", WRONG)
def test_what_is_wrong_is_told_by_row_and_column_and_nothing_is_kept(
    refuse: Refuse, runtime: Runtime, case: str
) -> None:
    wrong, complaint = WRONG[case]
    before = exported(runtime)
    told = refuse(progress("people,2026-02-01,1"), wrong)
    assert len(told) == 1
    assert complaint in told[0]
    assert exported(runtime) == before


@pytest.mark.usefixtures("people")
def test_all_that_is_wrong_is_told_up_to_a_hundred(refuse: Refuse) -> None:
    told = refuse(progress(*(f"people,2026-03-01,x{n}" for n in range(1_250))))
    assert len(told) == 101
    assert told[0].startswith("progress.csv, row 2, ")
    assert told[-1] == "and 1,150 more"


def test_of_a_pledge_that_was_refused_no_row_is_told_of(refuse: Refuse) -> None:
    told = refuse(pledges(ROW.replace("100", "many")), progress("people,2026-03-01,1"))
    assert told == ["pledges.csv, row 2, column target: Not a number: 'many'."]


def test_numbers_with_a_decimal_comma_are_taken_only_if_that_is_said(
    bring: Bring, refuse: Refuse, runtime: Runtime
) -> None:
    add_pledge(runtime)
    content = "pledge;as_of;value\npeople;2026-03-01;1,5\n"
    assert "--decimal comma" in refuse(file(content, "de.csv"))[0]
    bring(file(content, "de.csv", decimal=DecimalSign.COMMA))
    assert record_of(runtime).updates[0].value == Decimal("1.5")


def test_a_move_that_comes_after_a_rescue_of_the_clock_is_later_than_all_on_record(
    bring: Bring, runtime: Runtime, clock: Clock
) -> None:
    """What was known at an instant never changes, also when the clock has gone back."""
    add_pledge(runtime)
    report(runtime, value=1)
    known = record_of(runtime).updates[0].recorded_at
    clock.now = noon("2026-06-01")
    bring(progress("people,2026-03-01,7"))
    assert record_of(runtime).updates[1].recorded_at > known


def test_a_withdrawn_pledge_takes_reports_as_any_other(bring: Bring, runtime: Runtime) -> None:
    add_pledge(runtime)
    runtime.database.write(
        lambda tx: withdrawing.withdraw(tx, "people", {}, runtime.rules, now=runtime.clock())
    )
    bring(progress("people,2026-03-01,7"))
    assert len(record_of(runtime).updates) == 1


COLUMNS = (
    "pledge",
    "id",
    "as_of",
    "value",
    "no_change",
    "claim",
    "note",
    "evidence.0.url",
    "evidence.0.title",
    "evidence.1.published_on",
    "supersedes",
    "reason",
    "review",
)
cells = st.sampled_from(
    [
        "",
        "",
        "1",
        "people",
        "2026-03-01",
        "self_reported",
        "true",
        "https://a.example/",
        "x\ty",
        "typo",
        "accepted",
        "=1",
        "'=1",
        "-2.5",
        "many",
    ]
)


@given(st.lists(cells, min_size=len(COLUMNS), max_size=len(COLUMNS)))
def test_the_short_way_reads_rows_as_the_schema_does(row: list[str]) -> None:
    schema = SheetProgress()
    columns = [column for name in COLUMNS if (column := column_of(schema, name)) is not None]
    short = RowLoader(
        schema, [(n, column.path, column) for n, column in enumerate(columns)], DecimalSign.POINT
    )
    reader = RowReader(columns, DecimalSign.POINT)

    def by_schema() -> Any:
        return schema.load(reader.document(row))

    fast, slow = outcome(lambda: short.load(row)), outcome(by_schema)
    if any(row):
        assert isinstance(fast, ValidationError) is isinstance(slow, ValidationError)
        if not isinstance(slow, ValidationError):
            assert fast == slow


documents: st.SearchStrategy[dict[str, Any]] = st.dictionaries(
    st.sampled_from(
        ["pledge", "id", "as_of", "value", "done", "claim", "note", "evidence", "version", "colour"]
    ),
    st.sampled_from(
        [
            None,
            1,
            True,
            "people",
            "2026-03-01",
            Decimal("1.5"),
            "audited",
            [],
            {},
            [{"url": "x"}],
            [{"title": "A"}, {"colour": "red"}],
            [{"url": "https://a.example/", "title": None}],
        ]
    ),
)


@given(documents)
def test_the_short_way_loads_documents_as_the_schema_does(document: dict[str, Any]) -> None:
    schema = SheetProgress()
    fast, slow = outcome(lambda: Loader(schema).load(document)), outcome(lambda: schema.load(document))
    if isinstance(slow, ValidationError):
        assert isinstance(fast, ValidationError)
        assert set(field_problems(fast.messages)) == set(field_problems(slow.messages))
    else:
        assert fast == slow


def outcome(work: Any) -> Any:
    try:
        return work()
    except ValidationError as error:
        return error


def leaves(schema: Any, before: str = "") -> Iterator[str]:
    for name in schema.load_fields:
        yield before + name


def test_every_field_of_a_pledge_has_a_column() -> None:
    schema = SheetPledge()
    parts = {
        "statement": ".text",
        "baseline": ".value",
        "milestones": ".0.id",
        "contacts": ".0.email",
        "other_targets": ".0.value",
    }
    lists = {name: ".0" for name, field in schema.load_fields.items() if type(field).__name__ == "List"}
    assert [
        name
        for name in leaves(schema)
        if column_of(schema, name + (parts | {}).get(name, lists.get(name, ""))) is None
    ] == []
