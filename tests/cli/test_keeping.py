"""The commands that keep the record safe: audit verify, backup, restore."""

import getpass
from pathlib import Path

import pytest

from pledgetracker.domain.access import Scope
from pledgetracker.runtime import Runtime
from tests.cli.conftest import Invoke
from tests.conftest import key_of
from tests.world import add_pledge


def test_what_the_command_line_does_is_told_of_its_user(invoke: Invoke, runtime: Runtime) -> None:
    key = invoke("keys", "create", "press", "--scope", "read").output.strip()
    invoke("keys", "revoke", key.split("_")[1])
    assert invoke("seed").exit_code == 0
    with runtime.database.read() as tx:
        deeds = [entry.deed for entry in tx.audit.entries()]
        pledges = tx.counts()["pledges"]
    assert {(deed.actor.kind, deed.actor.name) for deed in deeds} == {("cli", getpass.getuser())}
    assert [deed.action for deed in deeds[:2]] == ["key.create", "key.revoke"]
    assert len([deed for deed in deeds if deed.action == "pledge.load"]) == pledges
    assert key.split("_")[2] not in str(deeds)


def test_a_user_without_a_name_is_told_by_number(
    invoke: Invoke, runtime: Runtime, monkeypatch: pytest.MonkeyPatch
) -> None:
    def nameless() -> str:
        raise KeyError("uid")

    # The machine's own list of users, which a test cannot change.
    monkeypatch.setattr(getpass, "getuser", nameless)
    invoke("keys", "create", "press", "--scope", "read")
    with runtime.database.read() as tx:
        [entry] = tx.audit.entries()
    assert entry.deed.actor.name.startswith("user ")


def test_a_whole_log_is_told_with_its_head(invoke: Invoke, runtime: Runtime) -> None:
    key_of(runtime, Scope.READ)
    with runtime.database.read() as tx:
        _, head = tx.audit.head()
    told = invoke("audit", "verify", "--expect", head)
    assert (told.exit_code, told.output.splitlines()) == (
        0,
        ["The hash expected is that of entry 1.", f"1 entries, none missing or changed. Head: {head}"],
    )


def test_a_log_that_does_not_hold_ends_with_1(invoke: Invoke, runtime: Runtime) -> None:
    key_of(runtime, Scope.READ)
    told = invoke("audit", "verify", "--expect", "f" * 64)
    assert told.exit_code == 1
    assert "cut off or rewritten" in told.output
    with runtime.database.engine.begin() as connection:
        connection.exec_driver_sql("UPDATE audit_head SET number = 2")
    assert invoke("audit", "verify").exit_code == 1


@pytest.mark.sqlite
def test_a_backup_comes_back(invoke: Invoke, runtime: Runtime, tmp_path: Path) -> None:
    add_pledge(runtime)
    file = tmp_path / "kept" / "b.sqlite3"
    file.parent.mkdir()
    made = invoke("backup", str(file))
    assert made.exit_code == 0, made.output
    assert "schema " in made.output
    assert "Audit log: 2 entries." in made.output
    again = invoke("backup", str(file))
    assert (again.exit_code, "--force" in again.output) == (1, True)
    assert invoke("backup", str(file), "--force").exit_code == 0
    runtime.database.close()
    told = invoke("restore", str(file))
    assert told.exit_code == 0, told.output
    assert "Alerts are held." in told.output
    assert "The one before is kept: " in told.output


@pytest.mark.sqlite
def test_a_folder_that_is_not_there_is_named(invoke: Invoke, runtime: Runtime, tmp_path: Path) -> None:
    told = invoke("backup", str(tmp_path / "nowhere" / "b"))
    assert told.exit_code == 1
    assert "nowhere" in told.output
    assert "No such file or directory" in told.output


@pytest.mark.postgresql
@pytest.mark.parametrize("command", ["backup", "restore"])
def test_a_record_on_a_server_is_left_to_the_tools_of_the_server(
    invoke: Invoke, runtime: Runtime, tmp_path: Path, command: str
) -> None:
    told = invoke(command, str(tmp_path / "b"))
    assert told.exit_code == 1
    assert {"backup": "pg_dump", "restore": "pg_restore"}[command] in told.output
    assert "Traceback" not in told.output
