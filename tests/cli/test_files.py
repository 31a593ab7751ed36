"""`import` and `export`: what they write, what they say, and that a dry run changes nothing."""

import csv
import json
import zipfile
from pathlib import Path
from typing import Any

import pytest

from pledgetracker.api.files.intake import Way
from pledgetracker.cli.files import bundled
from pledgetracker.runtime import Runtime
from tests.cli.conftest import Invoke
from tests.conftest import Clock, Empty
from tests.exchange.conftest import exported, record_of
from tests.world import add_pledge, noon, report

MAPPING = """
format = "pledgetracker-mapping/1"
label = "{Name}"
[source]
attribution = "The list, CC BY 4.0"
[[pledge]]
when = [{ column = "Year", given = true }]
[pledge.set]
"id" = { text = "{Name}", slug = true }
"title" = "{Name} by {Year}"
"pledger" = { text = "{Name}", slug = true }
"pledger.name" = "{Name}"
"announced_on" = "2020-01-01"
"due" = "{Year}"
"""


@pytest.fixture
def seeds() -> list[str]:
    return [str(path) for path in sorted(bundled("seeds").glob("*.json"))]


def test_seeds_come_in_and_go_out_and_come_in_again(
    invoke: Invoke, runtime: Runtime, seeds: list[str], tmp_path: Path
) -> None:
    first = invoke("import", *seeds)
    assert first.exit_code == 0
    assert " added, 0 changed, 0 left as they were" in first.output
    archive = tmp_path / "record.zip"
    assert invoke("export", str(archive)).exit_code == 0
    assert archive.read_bytes() == exported(runtime)
    again = invoke("import", str(archive))
    assert "pledges: 0 added, 0 changed, " in again.output
    assert list(tmp_path.glob("record.zip*")) == [archive]


def test_a_dry_run_says_what_would_come_of_it_and_changes_nothing(
    invoke: Invoke, runtime: Runtime, seeds: list[str]
) -> None:
    before = exported(runtime)
    dry = invoke("import", "--dry-run", *seeds)
    assert dry.output.endswith("Nothing was changed: this was a dry run.\n")
    assert exported(runtime) == before
    assert dry.output.startswith(invoke("import", *seeds).output)


def test_the_command_says_whether_an_archive_comes_with_its_past(
    invoke: Invoke, runtime: Runtime, clock: Clock, another: Empty, tmp_path: Path
) -> None:
    """The command looks at the clock of the machine, so this record was made long ago."""
    archive, clock.now = tmp_path / "record.zip", noon("2024-03-01")
    with another() as other:
        add_pledge(other)
        archive.write_bytes(exported(other))
    whole, merged = (
        f"{way}\npledgers: {one}\npledges: {one}\n"
        for way, one in (
            (Way.REINSTATED, "1 added, 0 changed, 0 left as they were"),
            (Way.MERGED, "0 added, 0 changed, 1 left as they were"),
        )
    )
    dry = "Nothing was changed: this was a dry run.\n"
    assert invoke("import", "--dry-run", str(archive)).output == whole + dry
    assert invoke("import", str(archive)).output == whole
    assert record_of(runtime).pledge.created_at == clock.now
    assert invoke("import", "--dry-run", str(archive)).output == merged + dry
    assert invoke("import", str(archive)).output == merged
    with runtime.database.read() as tx:
        assert [entry.deed.actor.kind for entry in tx.audit.entries()] == ["cli"] * 3


def test_each_form_goes_to_a_file_or_to_the_output(invoke: Invoke, runtime: Runtime, tmp_path: Path) -> None:
    add_pledge(runtime)
    report(runtime, value=1)
    for form in ("archive", "json", "pledges", "progress"):
        path = tmp_path / form
        assert invoke("export", str(path), "--form", form).exit_code == 0
        assert path.read_bytes() == exported(runtime, form)
        assert invoke("export", "-", "--form", form).stdout_bytes == path.read_bytes()
    assert zipfile.is_zipfile(tmp_path / "archive")
    assert "ann@example.org" not in (tmp_path / "json").read_text()
    assert "ann@example.org" in invoke("export", "-", "--form", "json", "--contacts").output


def test_an_initiative_that_there_is_not_leaves_no_file(
    invoke: Invoke, runtime: Runtime, tmp_path: Path
) -> None:
    path = tmp_path / "plan.json"
    found = invoke("export", str(path), "--form", "json", "--initiative", "plan")
    assert (found.exit_code, found.output) == (1, "Error: There is no initiative 'plan'.\n")
    assert list(tmp_path.glob("plan.json*")) == []


def test_tables_as_spreadsheets_of_other_countries_write_them(
    invoke: Invoke, runtime: Runtime, tmp_path: Path
) -> None:
    add_pledge(runtime)
    path = tmp_path / "fortschritt.csv"
    path.write_bytes("pledge;as_of;value;note\npeople;2026-03-01;1,5;Größe\n".encode("cp1252"))
    told = invoke("import", str(path))
    assert told.exit_code == 1
    assert f"Error: {path}, row 2: Byte " in told.output or "is not utf-8" in told.output
    told = invoke("import", str(path), "--encoding", "cp1252")
    assert f"Error: {path}, row 2, column value: Not a number: '1,5'." in told.output
    assert invoke("import", str(path), "--encoding", "cp1252", "--decimal", "comma").exit_code == 0
    assert record_of(runtime).updates[0].note == "Größe"
    comma = tmp_path / "comma.csv"
    comma.write_text("pledge,as_of,value,note\npeople,2026-03-02,2,a;b;c;d;e\n")
    assert invoke("import", str(comma), "--separator", "comma").exit_code == 0


def test_all_that_is_wrong_is_told_without_a_traceback(
    invoke: Invoke, runtime: Runtime, tmp_path: Path
) -> None:
    table, document = tmp_path / "t.csv", tmp_path / "d.json"
    table.write_text("pledge,as_of,value\npeople,2026-03-01,1\npeople,x,2\n")
    pledge: dict[str, Any] = {"id": "x", "title": "X", "pledger": "nobody", "announced_on": "2026-01-01"}
    content = {"format": "pledgetracker/1", "initiative": None, "pledgers": [], "pledges": [pledge]}
    document.write_text(json.dumps(content))
    found = invoke("import", str(table), str(document))
    assert found.exit_code == 1
    assert found.output.splitlines() == [
        f"Error: {document}, /pledges/0/pledger: There is no pledger 'nobody'; create it first.",
        f"{table}, row 2: There is no pledge 'people'.",
        f"{table}, row 3, column as_of: Must be a full date without a time, as 2025-12-31.",
    ]


def test_a_foreign_table_comes_in_by_its_mapping(invoke: Invoke, runtime: Runtime, tmp_path: Path) -> None:
    table, mapping, skipped = (tmp_path / name for name in ("list.csv", "map.toml", "skipped.csv"))
    table.write_text("Name,Year\nPlant,2030\n=Shop,\n")
    mapping.write_text(MAPPING)
    found = invoke("import", str(table), "--mapping", str(mapping), "--skipped", str(skipped))
    assert found.output.splitlines()[0] == "Source: The list, CC BY 4.0"
    assert "rows of which nothing was taken: 1" in found.output
    assert record_of(runtime, "plant").pledge.title == "Plant by 2030"
    with skipped.open(newline="") as stream:
        assert list(csv.reader(stream)) == [
            ["file", "row", "label", "reason"],
            [str(table), "3", "'=Shop", "Year is empty"],
        ]


def test_a_mapping_that_cannot_be_followed_is_told(invoke: Invoke, runtime: Runtime, tmp_path: Path) -> None:
    mapping = tmp_path / "map.toml"
    mapping.write_text("format = 1")
    found = invoke("import", str(mapping), "--mapping", str(mapping))
    assert found.exit_code == 1
    assert found.output == "Error: format: Only the format pledgetracker-mapping/1 is known.\n"
