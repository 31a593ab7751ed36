"""The version of the database's schema: which is the newest, and bringing a database to it."""

from functools import cache
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy import Connection

from pledgetracker.storage.database import Database

_SCRIPTS = Path(__file__).parent.parent / "migrations"


def upgrade(database: Database) -> None:
    """Apply every migration that the database lacks.

    Raises:
        Unavailable: the database cannot be reached.
    """
    database.upgrade(lambda connection: command.upgrade(_config(connection), "head"))


@cache
def newest() -> str | None:
    """The version that this program works with."""
    return ScriptDirectory.from_config(_config()).get_current_head()


def _config(connection: Connection | None = None) -> Config:
    config = Config()
    # ConfigParser, inside, takes a lone percent sign for the beginning of a reference.
    config.set_main_option("script_location", str(_SCRIPTS).replace("%", "%%"))
    config.attributes["connection"] = connection
    return config
