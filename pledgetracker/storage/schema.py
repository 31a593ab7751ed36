"""The version of the database's schema: which is the newest, and bringing a database to it."""

from functools import cache
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection

from pledgetracker.domain.errors import Refusal
from pledgetracker.storage import dialects
from pledgetracker.storage.database import Database
from pledgetracker.storage.dialects.files import file_of

_SCRIPTS = Path(__file__).parent.parent / "migrations"


class FromTheFuture(Refusal):
    """The database was brought to a version that this program does not know."""

    def __init__(self, found: str) -> None:
        super().__init__(
            f"The database has schema {found}, which this program does not know; it knows up to {newest()}. "
            "Install the newer pledgetracker that upgraded it."
        )


class NoDatabase(Refusal):
    """The file that should hold the database is not there."""

    def __init__(self, file: Path) -> None:
        super().__init__(
            f"There is no database at {file.absolute()}. If one should be there, correct "
            "PLEDGETRACKER_DATABASE_URL or PLEDGETRACKER_DATA_DIR; "
            "'pledgetracker db upgrade' makes a new one."
        )


class OutOfDate(Refusal):
    """The database lacks migrations."""

    def __init__(self) -> None:
        super().__init__("The database is not up to date: run 'pledgetracker db upgrade' first.")


def check_there(url: str) -> None:
    """Refuse to make a new database where one is expected: opening a file that is not there makes it.

    Raises:
        NoDatabase: the database `url` is a file, and not there.
    """
    file = file_of(url)
    if file is not None and not file.exists():
        raise NoDatabase(file)


def check(found: str | None) -> None:
    """Refuse to work with a database of schema version `found` unless it is the one wanted.

    Raises:
        FromTheFuture: it is newer than this program.
        OutOfDate: it is older, or empty.
    """
    check_known(found)
    if found != newest():
        raise OutOfDate


def check_known(found: str | None) -> None:
    """Refuse a schema version that this program does not know; it may be old.

    Raises:
        FromTheFuture: it is newer than this program.
    """
    if found is not None and found not in _known():
        raise FromTheFuture(found)


def upgrade(database: Database) -> None:
    """Apply every migration that the database lacks.

    Raises:
        FromTheFuture: the database is newer than this program.
        Unavailable: the database cannot be reached.
    """

    def apply(connection: Connection) -> None:
        check_known(MigrationContext.configure(connection).get_current_revision())
        command.upgrade(_config(connection), "head")
        dialects.of(connection).sort_by_bytes(connection)

    database.upgrade(apply)


@cache
def newest() -> str | None:
    """The version that this program works with."""
    return ScriptDirectory.from_config(_config()).get_current_head()


@cache
def _known() -> frozenset[str]:
    """Every version that this program knows."""
    scripts = ScriptDirectory.from_config(_config())
    return frozenset(script.revision for script in scripts.walk_revisions())


def _config(connection: Connection | None = None) -> Config:
    config = Config()
    # ConfigParser, inside, takes a lone percent sign for the beginning of a reference.
    config.set_main_option("script_location", str(_SCRIPTS).replace("%", "%%"))
    config.attributes["connection"] = connection
    return config
