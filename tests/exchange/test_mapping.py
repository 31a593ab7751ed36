"""Mappings: foreign tables become pledges by declaration, and every row is accounted for."""

import os
from decimal import Decimal
from pathlib import Path

import pytest

from pledgetracker.api.files.incoming import Incoming
from pledgetracker.api.files.mapping import MappingRefused, TableMapping
from pledgetracker.api.files.mapping_files import read_mapping
from pledgetracker.runtime import Runtime
from pledgetracker.services.merging import Kind, Outcome
from tests.exchange.conftest import Bring, Refuse, file, record_of

NET_ZERO = Path(__file__).parent.parent.parent / "config" / "mappings" / "net_zero_tracker.toml"
ROWS = 4_089

MAPPING = """
format = "pledgetracker-mapping/1"
label = "{Name}"
[source]
title = "The list"
[file]
separator = "semicolon"
decimal = "comma"
[initiative]
id = "list"
title = "The list"
[lists]
taken = ["Firm", "State"]
[values.kind]
Firm = "company"
State = "government"
[columns]
key = { text = "{Name}", slug = true, limit = 20 }
year = { first_of = ["{Until}", "{Before}"], find = '\\d{4}' }
[conditions]
dated = { column = "year", above = 2020, reason = "no year to come" }
[[pledge]]
when = ["dated", { column = "Sort", in = "taken" }]
[pledge.set]
"id" = "{key}"
"title" = "{Name}: {{{Share}}} by {year}"
"pledger" = "{key}"
"pledger.name" = "{Name}"
"pledger.kind" = { text = "{Sort}", values = "kind" }
"initiative" = "list"
"announced_on" = "2020-01-01"
"target" = { text = "{Share}", round = 1, otherwise = 5 }
"unit" = "percent"
"due" = "{year}"
"statement.text" = { text = "{Words}", split = "|", part = 2, limit = 10, otherwise = "said so" }
"statement.source.url" = { text = "{Words}", find = 'https?://\\S+' }
"time_zone" = "UTC"
[[progress]]
when = ["dated", { column = "Done", given = true }, { column = "Sort", not_in = ["Club"] }]
[progress.set]
"pledge" = "{key}"
"as_of" = "2021-01-01"
"value" = "{Done}"
"""
HEAD = "Name;Sort;Until;Before;Share;Words;Done"


def table(*rows: str, head: str = HEAD) -> Incoming:
    return file("\n".join([head, *rows]) + "\n", "list.csv")


@pytest.fixture
def mapping() -> TableMapping:
    return read_mapping(MAPPING.encode())


def test_rows_become_pledges_pledgers_and_progress(
    bring: Bring, runtime: Runtime, mapping: TableMapping
) -> None:
    rows = (
        "Änne & Co;Firm;by 2030;;12.345;one|two https://a.example/ at length|three;3",
        "=Land;State;;2025;;;",
    )
    found = bring(table(*rows), mapping=mapping)
    assert found.counts[Kind.PLEDGES, Outcome.ADDED] == 2
    record = record_of(runtime, "anne-co")
    assert (record.pledge.title, record.pledge.target) == ("Änne & Co: {12.345} by 2030", Decimal("12.3"))
    assert [update.value for update in record.updates] == [3]
    assert record.pledge.statement is not None
    assert record.pledge.statement.source is not None
    assert (record.pledge.statement.text, record.pledge.statement.source.url) == (
        "two https…",
        "https://a.example/",
    )
    other = record_of(runtime, "land").pledge
    assert (other.title, other.target) == ("=Land: {} by 2025", Decimal(5))
    with runtime.database.read() as tx:
        pledger = tx.pledgers.get("land")
        assert pledger is not None
        assert (pledger.name, pledger.kind) == ("=Land", "government")


def test_rows_of_which_nothing_is_taken_are_counted_by_their_reasons(
    bring: Bring, mapping: TableMapping
) -> None:
    found = bring(table("A;Club;2030;;1;;", "B;Club;2030;;1;;", "C;Firm;;;1;;"), mapping=mapping)
    assert found.skipped == {
        "Sort is 'Club', none of those taken; Done is empty": 2,
        "no year to come; no year to come": 1,
    }
    assert "rows of which nothing was taken: 3" in found.lines()


def test_what_is_wrong_with_a_row_is_told_by_the_foreign_row(refuse: Refuse, mapping: TableMapping) -> None:
    told = refuse(table("A;Firm;2030;;1;;", "B;Firm;2030;;-0.0000001x;;", "C;Firm"), mapping=mapping)
    assert told[0].startswith("list.csv, row 3, column target: Not a number: '-0.0000001x'")
    assert told[1] == "list.csv, row 4: Has 2 cells, and there are 7 columns."


def test_a_table_without_a_column_that_the_mapping_names_is_refused(
    refuse: Refuse, mapping: TableMapping
) -> None:
    assert refuse(table("A", head="Name"), mapping=mapping)[0] == (
        "list.csv: The mapping names the column 'Before', and the table has none."
    )


@pytest.mark.parametrize(
    ("before", "after", "complaint"),
    [
        ("format =", "version =", "version: There is no such key"),
        ("mapping/1", "mapping/9", "format: Only the format"),
        ("[[pledge]]", "[[pledges]]", "There is no such key"),
        ('decimal = "comma"', 'decimal = "dot"', "file.decimal: Either point or comma"),
        ('separator = "semicolon"', 'separator = ";"', "file.separator: One of"),
        ('values = "kind"', 'values = "sort"', "There is no \\[values.sort\\]"),
        ('in = "taken"', 'in = "given"', "name of one of \\[lists\\]"),
        ('["dated",', '["undated",', "There is no \\[conditions\\] 'undated'"),
        ("given = true", "given = 1", "Not of a kind that this test takes"),
        ("given = true", "given = true, above = 1", "Say `column`, and one of"),
        ("slug = true", "shout = true", "columns.key.shout: There is no such key"),
        ("find = '\\d{4}'", "find = '('", "Not a regular expression"),
        ('text = "{Sort}"', 'text = "{Sort}", first_of = []', "either `text` or `first_of`"),
        ('"2020-01-01"', "2020-01-01", "Must be a text, a number"),
        ('label = "{Name}"', "label = ", "Not TOML"),
    ],
)
def test_what_a_mapping_cannot_say_is_told_by_its_place(before: str, after: str, complaint: str) -> None:
    assert before in MAPPING
    with pytest.raises(MappingRefused, match=complaint):
        read_mapping(MAPPING.replace(before, after, 1).encode())


def test_a_mapping_without_rules_is_refused() -> None:
    with pytest.raises(MappingRefused, match="at least one"):
        read_mapping(b'format = "pledgetracker-mapping/1"')


@pytest.fixture
def net_zero() -> Path:
    """The table of the Net Zero Tracker, which is no part of the project."""
    folder = os.environ.get("PLEDGETRACKER_TEST_DATA")
    path = Path(folder or ".") / "net_zero_tracker_2022-12-20.csv"
    if folder is None or not path.exists():
        pytest.skip("PLEDGETRACKER_TEST_DATA names no folder with net_zero_tracker_2022-12-20.csv")
    return path


def test_the_mapping_that_comes_along_can_be_read() -> None:
    assert "CC BY 4.0" in read_mapping(NET_ZERO.read_bytes()).source["attribution"]


@pytest.mark.slow
@pytest.mark.sqlite
def test_every_row_of_the_net_zero_tracker_is_brought_in_or_told_why_not(
    bring: Bring, runtime: Runtime, net_zero: Path
) -> None:
    mapping = read_mapping(NET_ZERO.read_bytes())
    found = bring(Incoming("table", lambda: net_zero.open("rb")), mapping=mapping)
    # Each row of which something is taken is another pledger.
    assert found.counts[Kind.PLEDGERS, Outcome.ADDED] + sum(found.skipped.values()) == ROWS
    assert found.counts[Kind.PLEDGES, Outcome.ADDED] > 2_000
    with runtime.database.read() as tx:
        for pledge in (tx.records.get(key) for key in tx.pledges.keys()[:50]):
            assert pledge is not None
            statement = pledge.pledge.statement
            assert statement is not None
            assert statement.source is not None
            assert "CC BY 4.0" in (statement.source.title or "")
