"""A backup is the record of one instant, whole or not there; a restore takes nothing else."""

import json
import shutil
import stat
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from alembic import command

from pledgetracker.domain.audit import Actor, ActorKind
from pledgetracker.domain.errors import Refusal
from pledgetracker.runtime import Runtime
from pledgetracker.services import backing_up, copies, restoring
from pledgetracker.services.backing_up import PlaceTaken, back_up
from pledgetracker.services.copies import Contents, CopyRefused, NotAFile, manifest_of
from pledgetracker.services.holding import PREFIX, HoldName
from pledgetracker.services.restoring import Restored, restore
from pledgetracker.storage import files, schema
from pledgetracker.storage.database import Damaged, Database, InUse, Unavailable, look_into
from pledgetracker.storage.schema import FromTheFuture
from tests.conftest import Clock
from tests.world import add_pledge, report

# Only a database that is a file is backed up by the program itself.
pytestmark = pytest.mark.sqlite

ANN = Actor(ActorKind.CLI, "ann")


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """Where backups go; not where the record lives."""
    folder = tmp_path / "backups"
    folder.mkdir()
    return folder / "b.sqlite3"


@pytest.fixture
def record(runtime: Runtime, clock: Clock) -> Path:
    """The file of a record with a pledge and two reports."""
    add_pledge(runtime)
    report(runtime, value=1)
    report(runtime, value=2)
    assert runtime.database.file is not None
    return runtime.database.file


def put_back(runtime: Runtime, place: Path) -> Restored:
    runtime.database.close()
    return restore(runtime.database, place, actor=ANN, now=runtime.clock())


def rows(file: Path) -> dict[str, list[Any]]:
    """Everything in a database file, apart from what a restore writes."""
    # Side files mean that somebody has it open; a backup is not to be touched.
    database = Database(f"sqlite:///{file}")
    is_open = file.with_name(f"{file.name}-wal").exists()
    with database.read() if is_open else look_into(file) as tx:
        names = tx.counts().keys() - {"audit_entries", "audit_head", "heartbeats"}
        found = {
            name: [tuple(row) for row in tx._connection.exec_driver_sql(f"SELECT * FROM {name}")]
            for name in names
        }
    database.close()
    return found


def test_a_backup_is_private_whole_and_described(
    runtime: Runtime, record: Path, place: Path, clock: Clock
) -> None:
    manifest = back_up(runtime.database, place, now=clock.now)
    assert stat.S_IMODE(place.stat().st_mode) == stat.S_IMODE(manifest_of(place).stat().st_mode) == 0o600
    assert sorted(place.parent.iterdir()) == [place, manifest_of(place)]
    assert copies.read(place) == manifest
    assert manifest.contents == copies.examine(place)
    assert manifest.contents.counts["progress_updates"] == 2
    assert (manifest.made_at, manifest.contents.entries) == (clock.now, 4)
    with runtime.database.read() as tx:
        assert tx.audit.head() == (4, manifest.contents.head)
    assert rows(place) == rows(record)


def test_a_backup_overwrites_only_when_told_to(
    runtime: Runtime, record: Path, place: Path, clock: Clock
) -> None:
    first = back_up(runtime.database, place, now=clock.now)
    report(runtime, value=3)
    with pytest.raises(PlaceTaken, match="--force"):
        back_up(runtime.database, place, now=clock.now)
    assert copies.read(place) == first
    second = back_up(runtime.database, place, overwrite=True, now=clock.now)
    assert second.contents.counts["progress_updates"] == 3
    assert copies.examine(place) == second.contents


@pytest.mark.parametrize("suffix", ["", "-wal"])
def test_a_backup_never_goes_over_the_record_itself(
    runtime: Runtime, record: Path, clock: Clock, suffix: str
) -> None:
    with pytest.raises(PlaceTaken, match="the record itself"):
        back_up(runtime.database, Path(f"{record}{suffix}"), overwrite=True, now=clock.now)


def test_a_damaged_log_makes_no_backup(runtime: Runtime, record: Path, place: Path, clock: Clock) -> None:
    with runtime.database.engine.begin() as connection:
        connection.exec_driver_sql("UPDATE audit_head SET number = 9")
    with pytest.raises(CopyRefused, match="audit log does not hold"):
        back_up(runtime.database, place, now=clock.now)
    assert list(place.parent.iterdir()) == []


def contents(**counts: int) -> Contents:
    return Contents("1", counts, 0, None)


@pytest.mark.parametrize(
    ("before", "found", "after", "is_refused"),
    [
        (contents(flags=1), contents(flags=1), contents(flags=1), False),
        (contents(flags=1), contents(flags=2), contents(flags=1), True),
        (contents(alerts=1), contents(alerts=2), contents(alerts=3), False),
        (contents(alerts=1), contents(alerts=0), contents(alerts=3), True),
        (contents(alerts=1), contents(alerts=4), contents(alerts=3), True),
        (contents(alerts=1), Contents("2", {"alerts": 1}, 0, None), contents(alerts=1), True),
    ],
)
def test_a_copy_holds_what_the_record_held_between_two_looks_at_it(
    before: Contents, found: Contents, after: Contents, *, is_refused: bool
) -> None:
    assert (backing_up._difference(before, found, after) is not None) == is_refused


def test_what_is_restored_is_what_was_backed_up_with_alerts_held(
    runtime: Runtime, record: Path, place: Path, clock: Clock
) -> None:
    back_up(runtime.database, place, now=clock.now)
    wanted = rows(place)
    report(runtime, value=3)
    later = rows(record)
    clock.now += timedelta(hours=1)
    done = put_back(runtime, place)
    assert rows(record) == wanted
    assert done.kept is not None
    assert rows(done.kept) == later
    with runtime.database.read() as tx:
        hold = tx.heartbeats.get(PREFIX + HoldName.RESTORED)
        *_, last = tx.audit.entries()
    assert hold is not None
    assert hold.at == clock.now
    assert (last.deed.action, last.deed.actor) == ("record.restore", ANN)
    assert copies.examine(done.kept).entries == 5


def test_a_restored_record_belongs_to_whom_the_one_before_belonged(
    runtime: Runtime, record: Path, place: Path, clock: Clock
) -> None:
    back_up(runtime.database, place, now=clock.now)
    record.chmod(0o640)
    put_back(runtime, place)
    assert stat.S_IMODE(record.stat().st_mode) == 0o640


def test_a_record_can_be_restored_where_there_is_none(
    runtime: Runtime, record: Path, place: Path, clock: Clock
) -> None:
    back_up(runtime.database, place, now=clock.now)
    runtime.database.close()
    record.unlink()
    assert put_back(runtime, place).kept is None
    assert rows(record) == rows(place)


def test_a_damaged_record_is_kept_with_its_side_files(
    runtime: Runtime, record: Path, place: Path, clock: Clock
) -> None:
    back_up(runtime.database, place, now=clock.now)
    runtime.database.close()
    record.write_bytes(b"no database at all" * 1000)
    wal = record.with_name(f"{record.name}-wal")
    wal.write_bytes(b"and this is its journal")
    done = put_back(runtime, place)
    assert done.kept is not None
    assert done.kept.read_bytes().startswith(b"no database")
    assert done.kept.with_name(f"{done.kept.name}-wal").read_bytes() == b"and this is its journal"
    assert not wal.exists()
    assert rows(record) == rows(place)


def test_a_record_that_somebody_shares_is_not_replaced(
    runtime: Runtime, record: Path, place: Path, clock: Clock
) -> None:
    back_up(runtime.database, place, now=clock.now)
    # As a server has it that nobody has asked anything yet.
    other = Database(f"sqlite:///{record}")
    with pytest.raises(InUse, match="stop 'serve'"):
        put_back(runtime, place)
    other.close()
    put_back(runtime, place)


def test_nobody_comes_in_while_a_record_is_replaced(runtime: Runtime, record: Path) -> None:
    with runtime.database.alone(), pytest.raises(Unavailable, match="being restored"):
        Database(f"sqlite:///{record}")
    Database(f"sqlite:///{record}").close()


def edited(**changes: Any) -> Callable[[Path], None]:
    """Makes a manifest say something else."""

    def edit(place: Path) -> None:
        document = json.loads(manifest_of(place).read_bytes())
        manifest_of(place).write_text(json.dumps(document | changes))

    return edit


def flipped(place: Path) -> None:
    content = bytearray(place.read_bytes())
    content[len(content) // 2] ^= 0xFF
    place.write_bytes(content)


SPOILT: dict[str, tuple[Callable[[Path], Any], type[Refusal]]] = {
    "cut short": (lambda place: place.write_bytes(place.read_bytes()[:-4096]), CopyRefused),
    "changed": (flipped, CopyRefused),
    "empty": (lambda place: place.write_bytes(b""), CopyRefused),
    "gone": (lambda place: place.unlink(), CopyRefused),
    "without manifest": (lambda place: manifest_of(place).unlink(), CopyRefused),
    "manifest not JSON": (lambda place: manifest_of(place).write_text("{"), CopyRefused),
    "manifest a list": (lambda place: manifest_of(place).write_text("[]"), CopyRefused),
    "manifest of something else": (lambda place: manifest_of(place).write_text("{}"), CopyRefused),
    "manifest of another file": (edited(sha256="0" * 64), CopyRefused),
    "manifest with other counts": (edited(counts={"pledges": 7}), CopyRefused),
    "manifest with another head": (edited(head="0" * 64), CopyRefused),
    "manifest of a later format": (edited(format=2), CopyRefused),
}


@pytest.mark.parametrize("how", SPOILT)
def test_a_backup_that_is_not_what_it_was_is_refused_and_nothing_changed(
    runtime: Runtime, record: Path, place: Path, clock: Clock, how: str
) -> None:
    spoil, refusal = SPOILT[how]
    back_up(runtime.database, place, now=clock.now)
    spoil(place)
    before = rows(record)
    runtime.database.close()
    names = sorted(path.name for path in record.parent.iterdir())
    with pytest.raises(refusal):
        put_back(runtime, place)
    assert sorted(path.name for path in record.parent.iterdir()) == names
    assert rows(record) == before


@pytest.fixture
def made_up(place: Path) -> Callable[[Path], None]:
    """Puts a database in the place of a backup, with a manifest that fits."""

    def make(file: Path) -> None:
        shutil.copy(file, place)
        known = copies.read(place)
        changed = copies.Manifest(known.made_at, known.program, files.sha256(place), copies.examine(place))
        copies.write(changed, place)

    return make


def test_a_damaged_database_with_a_manifest_that_fits_is_refused(
    runtime: Runtime, record: Path, place: Path, clock: Clock
) -> None:
    back_up(runtime.database, place, now=clock.now)
    place.write_bytes(b"nothing" * 1000)
    edited(sha256=files.sha256(place))(place)
    with pytest.raises(Damaged, match="not a whole database"):
        put_back(runtime, place)


def test_a_backup_from_the_future_is_refused(
    runtime: Runtime, record: Path, place: Path, clock: Clock, made_up: Callable[[Path], None], tmp_path: Path
) -> None:
    back_up(runtime.database, place, now=clock.now)
    newer = tmp_path / "newer.sqlite3"
    shutil.copy(place, newer)
    database = Database(f"sqlite:///{newer}")
    with database.engine.begin() as connection:
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = '9999'")
    database.close()
    made_up(newer)
    with pytest.raises(FromTheFuture):
        put_back(runtime, place)


def test_a_record_from_before_the_log_is_backed_up_and_restored(
    runtime: Runtime, record: Path, place: Path, clock: Clock
) -> None:
    database = runtime.database
    database.upgrade(lambda connection: command.downgrade(schema._config(connection), "0001"))
    manifest = back_up(database, place, now=clock.now)
    assert (manifest.contents.schema, manifest.contents.head) == ("0001", None)
    put_back(runtime, place)
    assert rows(record) == rows(place)
    schema.upgrade(database)


def test_the_record_itself_is_no_backup(runtime: Runtime, record: Path) -> None:
    with pytest.raises(CopyRefused, match="the record itself"):
        put_back(runtime, record)


def test_a_record_that_a_server_keeps_is_left_to_its_tools(place: Path, clock: Clock) -> None:
    pytest.importorskip("psycopg")
    database = Database("postgresql+psycopg://nobody@127.0.0.1:1/none")
    with pytest.raises(NotAFile, match="pg_dump"):
        back_up(database, place, now=clock.now)
    with pytest.raises(NotAFile, match="pg_restore"):
        restore(database, place, actor=ANN, now=clock.now)
    database.close()


def test_a_restore_that_does_not_come_out_right_says_where_the_record_is(
    runtime: Runtime, record: Path, place: Path, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    back_up(runtime.database, place, now=clock.now)
    # A disk that gives back something else than it was given.
    monkeypatch.setattr(restoring, "_mark", lambda *_: contents())
    with pytest.raises(CopyRefused, match="the record before lies in"):
        put_back(runtime, place)
