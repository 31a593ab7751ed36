"""Each command does what it says, and says what is wrong in a sentence."""

import re
from pathlib import Path

import pytest

from pledgetracker.domain.access import Scope
from pledgetracker.domain.alert import AlertState
from pledgetracker.runtime import Runtime
from pledgetracker.services.keyring import authenticate
from pledgetracker.storage.schema import newest
from tests.cli.conftest import Invoke
from tests.conftest import Clock
from tests.processes import run
from tests.sinks import free_port
from tests.world import add_pledge, alerts, flags, noon

KEY = re.compile(r"pt_[0-9a-f]{12}_[0-9a-f]{64}\n")


def test_upgrading_makes_the_database_and_twice_is_fine(invoke: Invoke, new: dict[str, str]) -> None:
    assert invoke("db", "version", **new).output == f"found None, wanted {newest()}\n"
    for _ in range(2):
        found = invoke("db", "upgrade", **new)
        assert found.exit_code == 0
        named = r"(SQLite [\d.]+, journal (WAL|TRUNCATE)|PostgreSQL [\d.]+)"
        assert re.fullmatch(rf"Schema {newest()}, {named}\.\n", found.output)
    assert invoke("db", "version", **new).output == f"found {newest()}, wanted {newest()}\n"


@pytest.mark.parametrize(
    "words",
    [
        ("serve",),
        ("schedule",),
        ("tick",),
        ("seed",),
        ("keys", "create", "me", "--scope", "read"),
        ("keys", "list"),
        ("keys", "revoke", "x"),
    ],
    ids=" ".join,
)
def test_without_tables_every_command_says_what_to_do(
    invoke: Invoke, new: dict[str, str], words: tuple[str, ...]
) -> None:
    found = invoke(*words, **new)
    assert found.exit_code == 1
    assert found.output == "Error: The database is not up to date: run 'pledgetracker db upgrade' first.\n"


@pytest.mark.sqlite
@pytest.mark.parametrize(
    "words",
    [
        ("check",),
        ("db", "version"),
        ("serve",),
        ("schedule",),
        ("tick", "--at", "2026-01-01"),
        ("simulate", "--from", "2026-01-01", "--to", "2026-01-02"),
        ("keys", "list"),
        ("audit", "verify"),
        ("alerts", "requeue", "--all-dead"),
        ("backup", "copy.sqlite3"),
        ("export", "all.zip"),
        ("seed",),
    ],
    ids=" ".join,
)
def test_where_there_is_no_database_a_command_says_so_and_makes_nothing(
    invoke: Invoke, tmp_path: Path, words: tuple[str, ...]
) -> None:
    mistyped = tmp_path / "mistyped"
    found = invoke(*words, DATA_DIR=str(mistyped))
    assert found.exit_code == 1
    assert found.output == (
        f"Error: There is no database at {mistyped / 'pledgetracker.sqlite3'}. If one should be there, "
        "correct PLEDGETRACKER_DATABASE_URL or PLEDGETRACKER_DATA_DIR; "
        "'pledgetracker db upgrade' makes a new one.\n"
    )
    assert not mistyped.exists()
    assert invoke("db", "upgrade", DATA_DIR=str(mistyped)).exit_code == 0


def test_a_database_from_the_future_is_refused_by_every_command(invoke: Invoke, runtime: Runtime) -> None:
    with runtime.database.engine.begin() as connection:
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = '9999'")
    for words in (("tick",), ("db", "upgrade"), ("keys", "list")):
        found = invoke(*words)
        assert found.exit_code == 1
        assert "schema 9999, which this program does not know" in found.output
    assert "PROBLEM  schema: The database has schema 9999" in invoke("check").output


def test_wrong_settings_are_told_with_their_cures_and_no_traceback(invoke: Invoke) -> None:
    found = invoke("tick", PORT="no", TICK_SECONDS="0")
    assert found.exit_code == 1
    assert found.output.startswith("Error: ")
    assert "PLEDGETRACKER_PORT" in found.output
    assert "PLEDGETRACKER_TICK_SECONDS" in found.output
    assert "Traceback" not in found.output


@pytest.mark.sqlite
def test_a_folder_that_cannot_be_made_is_told_in_a_sentence(invoke: Invoke, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    found = invoke("db", "upgrade", DATA_DIR=str(tmp_path / "file"))
    assert found.exit_code == 1
    assert re.fullmatch(r"Error: .*file: [A-Z].*\.\n", found.output)


def test_the_settings_file_can_be_named(invoke: Invoke, tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_text("tick_seconds = 0\n")
    found = invoke("--config", str(path), "db", "version")
    assert found.exit_code == 1
    assert "tick_seconds" in found.output


def test_a_new_key_is_printed_alone_and_works(invoke: Invoke, runtime: Runtime) -> None:
    found = invoke("keys", "create", "Ann's laptop", "--scope", "write")
    assert found.exit_code == 0
    assert KEY.fullmatch(found.stdout)
    with runtime.database.read() as tx:
        key = authenticate(tx, found.stdout.strip(), runtime.pepper, now=runtime.clock())
    assert (key.name, key.scope, key.pledger, key.expires_at) == ("Ann's laptop", Scope.WRITE, None, None)


def test_keys_are_listed_with_what_they_may_do_and_for_how_long(
    invoke: Invoke, runtime: Runtime, clock: Clock
) -> None:
    add_pledge(runtime)
    for words in (
        ("plain", "--scope", "read"),
        ("tied", "--scope", "progress", "--pledger", "acme"),
        ("short", "--scope", "admin", "--days", "1"),
    ):
        assert invoke("keys", "create", *words).exit_code == 0
    lines = invoke("keys", "list").output.splitlines()
    shown = [re.sub(r"^[0-9a-f]{12}  |\d{4}-\d\d-\d\d", "", line) for line in lines]
    assert shown == ["read      valid  plain", "progress  valid  tied for acme", "admin     until   short"]
    key_id = lines[0].split()[0]
    assert invoke("keys", "revoke", key_id).exit_code == 0
    assert "revoked" in invoke("keys", "list").output.splitlines()[0]
    again = invoke("keys", "revoke", key_id)
    assert (again.exit_code, again.output) == (1, f"Error: There is no valid key '{key_id}'.\n")


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        (("--scope", "king"), "Invalid value for '--scope'"),
        (("--scope", "read", "--days", "0"), "Invalid value for '--days'"),
        (("--scope", "read", "--pledger", "nobody"), "There is no pledger 'nobody'."),
        (("--scope", "write", "--pledger", "acme"), "Only a key with scope 'progress' can be tied"),
        ((), "Missing option '--scope'"),
    ],
)
def test_keys_that_make_no_sense_are_refused(
    invoke: Invoke, runtime: Runtime, words: tuple[str, ...], complaint: str
) -> None:
    add_pledge(runtime)
    found = invoke("keys", "create", "me", *words)
    assert found.exit_code != 0
    assert complaint in found.output
    assert invoke("keys", "list").output == ""


def test_a_day_can_be_looked_at_without_changing_anything(
    invoke: Invoke, runtime: Runtime, clock: Clock
) -> None:
    clock.now = noon("2026-01-01")
    add_pledge(runtime, due=None)
    found = invoke("tick", "--at", "2026-05-02", TIME_ZONE="Europe/Paris")
    assert found.exit_code == 0
    assert found.output.splitlines() == [
        "people",
        "  opened   never_reported (2026-04-01)",
        "  alert    never_reported, step 0, to ann@example.org",
        "1 pledges looked at, 1 changed, 1 alerts owed.",
        "Nothing was changed; --apply does it.",
    ]
    assert flags(runtime) == []
    day_before = invoke("tick", "--at", "2026-05-01", TIME_ZONE="Europe/Paris")
    assert day_before.output.startswith("0 pledges looked at")


@pytest.mark.parametrize("where", ["America/New_York", "UTC", "Europe/Paris", "Asia/Tokyo"])
def test_the_day_looked_at_is_the_same_day_where_the_pledge_is(
    invoke: Invoke, runtime: Runtime, clock: Clock, where: str
) -> None:
    clock.now = noon("2026-01-01")
    add_pledge(runtime, due=None, time_zone=where)
    assert "0 changed" in invoke("tick", "--at", "2026-05-01", TIME_ZONE="UTC").output
    assert "1 changed" in invoke("tick", "--at", "2026-05-02", TIME_ZONE="UTC").output


def test_noon_of_the_day_looked_at_is_where_the_settings_say(
    invoke: Invoke, runtime: Runtime, clock: Clock
) -> None:
    clock.now = noon("2026-01-01")
    add_pledge(runtime, due=None, time_zone="Pacific/Kiritimati")
    # At noon in London the next day has begun there.
    assert "1 changed" in invoke("tick", "--at", "2026-05-01", TIME_ZONE="Europe/London").output
    assert "0 changed" in invoke("tick", "--at", "2026-05-01", TIME_ZONE="Pacific/Kiritimati").output


def test_a_day_that_is_applied_is_recorded_and_delivered(
    invoke: Invoke, runtime: Runtime, clock: Clock, tmp_path: Path
) -> None:
    clock.now = noon("2026-01-01")
    add_pledge(runtime, time_zone="UTC")
    found = invoke("tick", "--at", "2027-01-31", "--apply")
    assert found.exit_code == 0
    assert "  cleared  no_progress on target (2026-12-31)" in found.output
    assert "  opened   overdue on target (2026-12-31)" in found.output
    assert "  alert    overdue on target, step 31, to ann@example.org" in found.output
    assert "           which speaks for 9 more" in found.output
    assert "1 sent, 0 cancelled, 0 put off, 0 given up." in found.output
    assert len(list((tmp_path / "mail").glob("*.eml"))) == 1
    assert [alert.state for alert in alerts(runtime, AlertState.SENT)] == [AlertState.SENT]


def test_a_tick_of_now_is_applied_unless_told_otherwise(
    invoke: Invoke, runtime: Runtime, clock: Clock
) -> None:
    clock.now = noon("2026-01-01")
    add_pledge(runtime)
    assert "Nothing was changed" in invoke("tick", "--dry-run").output
    assert alerts(runtime) == []
    assert " sent, " in invoke("tick").output
    assert alerts(runtime) != []


def test_a_tick_whose_mail_must_wait_says_so_and_fails(
    invoke: Invoke, runtime: Runtime, clock: Clock
) -> None:
    clock.now = noon("2026-01-01")
    add_pledge(runtime)
    found = invoke("tick", SMTP_HOST="127.0.0.1", SMTP_PORT=str(free_port()), SMTP_SECURITY="none")
    assert found.exit_code == 1
    assert "Error: Mail waits: " in found.output
    assert "refused" in found.output


@pytest.mark.parametrize("day", ["1969-12-31", "2201-01-01", "9999-12-31", "tomorrow", "2026-02-30"])
def test_days_beyond_the_calendar_are_refused(invoke: Invoke, day: str) -> None:
    found = invoke("tick", "--at", day)
    assert found.exit_code == 2
    assert "--at" in found.output


def test_the_check_names_what_production_lacks_and_fails(invoke: Invoke) -> None:
    found = invoke("check")
    assert found.exit_code == 1
    assert "PROBLEM  mail-to-files" in found.output
    assert "PROBLEM  scheduler: has never ticked" in found.output
    assert re.search("^ok       database: (SQLite|PostgreSQL) ", found.output, re.MULTILINE)
    assert "advice   public-url" in found.output


def test_the_check_passes_once_nothing_serious_is_missing(invoke: Invoke) -> None:
    assert invoke("tick").exit_code == 0
    found = invoke(
        "check",
        SMTP_HOST="mail.example.org",
        MAIL_FROM="Pledges <alerts@example.org>",
        PUBLIC_URL="https://pledges.example.org",
        ALERT_RECIPIENTS="eve@example.org",
        PING_URL="https://pings.example.org/f00d",
    )
    assert found.exit_code == 0
    assert "advice" not in found.output


def test_alerts_can_be_held_by_hand_and_the_check_fails_as_long_as_they_are(invoke: Invoke) -> None:
    assert invoke("hold", "--reason", "the record was put back").exit_code == 0
    found = invoke("check")
    assert found.exit_code == 1
    assert "PROBLEM  queue: held; 'pledgetracker release' ends it. the record was put back" in found.output
    assert "Released (by_hand" in invoke("release").output
    assert "Nothing was held." in invoke("release").output


def test_a_key_has_a_name(invoke: Invoke) -> None:
    found = invoke("keys", "create", " ", "--scope", "read")
    assert found.exit_code == 1
    assert "A key needs a name" in found.output


def test_the_check_names_keys_that_will_soon_expire(invoke: Invoke, runtime: Runtime) -> None:
    for name, days in (("soon", "14"), ("later", "16"), ("gone", "14")):
        invoke("keys", "create", name, "--scope", "read", "--days", days)
    gone = invoke("keys", "list").output.splitlines()[2].split()[0]
    invoke("keys", "revoke", gone)
    [told] = [line for line in invoke("check").output.splitlines() if "key-expires" in line]
    assert told.startswith("advice ")
    assert "(soon) expires on " in told


def test_the_check_of_a_database_without_tables_fails_on_the_schema(
    invoke: Invoke, new: dict[str, str]
) -> None:
    found = invoke("check", **new)
    assert found.exit_code == 1
    assert "PROBLEM  schema: The database is not up to date: run 'pledgetracker db upgrade'" in found.output


@pytest.mark.sqlite
def test_a_damaged_database_is_told_in_a_sentence(invoke: Invoke, tmp_path: Path) -> None:
    (tmp_path / "pledgetracker.sqlite3").write_text("Dear database, " * 100)
    found = invoke("tick")
    assert (found.exit_code, found.output) == (1, "Error: file is not a database\n")
    assert "PROBLEM  database: file is not a database" in invoke("check").output


def test_a_secret_file_that_lost_its_secret_is_told_with_the_cure(
    environ: dict[str, str], tmp_path: Path
) -> None:
    (tmp_path / "secret").write_text("\n")
    ended = run(environ | {"PLEDGETRACKER_SECRET": ""}, "keys", "list")
    assert ended.returncode == 1
    assert "secret is empty. Put back the secret it held" in ended.stderr


def test_as_a_process_a_key_stands_alone_on_standard_output(environ: dict[str, str]) -> None:
    ended = run(environ | {"PLEDGETRACKER_LOG_LEVEL": "debug"}, "keys", "create", "me", "--scope", "review")
    assert ended.returncode == 0
    assert KEY.fullmatch(ended.stdout)


def test_help_names_every_command(invoke: Invoke) -> None:
    text = invoke("-h").output
    for name in ("serve", "schedule", "tick", "db", "seed", "keys", "check"):
        assert re.search(rf"^  {name} +\S", text, re.MULTILINE)
