"""A database that is a file: where it lies, looking into it, copying it, folding it up (SQLite alone)."""

from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, create_engine
from sqlalchemy.engine import URL, make_url
from sqlalchemy.pool import NullPool

from pledgetracker.storage.dialects.sqlite import driver

# What every SQLite database begins with.
_FIRST_BYTES = b"SQLite format 3\0"


def file_of(url: str) -> Path | None:
    """The file that holds the database `url`, or None where a server does, or memory."""
    parsed = make_url(url)
    if parsed.get_backend_name() != "sqlite" or parsed.database in {None, "", ":memory:"}:
        return None
    return Path(str(parsed.database))


def url_of(file: Path) -> str:
    """The address of the database in `file`."""
    return URL.create("sqlite", database=str(file)).render_as_string(hide_password=False)


def open_copy(file: Path) -> Engine:
    """Look into a database file that nobody writes, touching neither it nor its folder."""
    module = driver()

    def connect() -> Any:
        return module.connect(f"{file.absolute().as_uri()}?immutable=1", uri=True, check_same_thread=False)

    return create_engine("sqlite+pysqlite://", module=module, creator=connect, poolclass=NullPool)


def copy_into(connection: Connection, file: Path) -> None:
    """Copy the database as it is at one instant into `file`, which is empty; others go on writing."""
    connection.exec_driver_sql("VACUUM INTO ?", (str(file),))


def damage(connection: Connection) -> str | None:
    """What SQLite itself finds wrong with the database, or None."""
    found = [str(row[0]) for row in connection.exec_driver_sql("PRAGMA integrity_check")]
    if found != ["ok"]:
        return found[0]
    row = connection.exec_driver_sql("PRAGMA foreign_key_check").first()
    return None if row is None else f"A row of {row[0]} names one of {row[2]} that does not exist."


def may_be_database(file: Path) -> bool:
    """Whether a file is a database, whole or not, or has nothing in it."""
    with file.open("rb") as reading:
        return reading.read(len(_FIRST_BYTES)) in {b"", _FIRST_BYTES}


def fold(file: Path) -> bool:
    """Bring what side files hold into the database file itself; False if others have it open.

    A file so damaged that this cannot be done is left as it is, with its side files.
    """
    with file.open("rb") as reading:
        if reading.read(len(_FIRST_BYTES)) != _FIRST_BYTES:
            # SQLite would throw the side files of such a file away.
            return True
    module = driver()
    connection = module.connect(f"{file.absolute().as_uri()}?mode=rw", uri=True, timeout=0)
    connection.isolation_level = None
    try:
        # Under WAL an idle connection shows only to one that asks for the whole file.
        connection.execute("PRAGMA locking_mode = EXCLUSIVE")
        connection.execute("BEGIN EXCLUSIVE")
        connection.execute("COMMIT")
        connection.execute("PRAGMA journal_mode = DELETE")
    except module.OperationalError as error:
        return "locked" not in str(error)
    except module.DatabaseError:
        return True
    finally:
        connection.close()
    return True
