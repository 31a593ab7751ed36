"""Installations for campaigns: settings, and a database of its own on a server of its own."""

from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass

import psycopg

from pledgetracker import runtime as composition
from pledgetracker.runtime import Runtime
from pledgetracker.settings import PREFIX, load
from pledgetracker.storage import schema
from tests.servers import OwnServer, own_server
from tests.torture.campaign import Options

SECRET = "a secret of at least thirty-two characters"
NAME = "torture"
# Clients in a hurry are what campaigns are about.
UNLIMITED = {f"{PREFIX}{name}_PER_MINUTE": "0" for name in ("READS", "WRITES", "FAILURES")}


@dataclass(frozen=True, slots=True)
class Installation:
    """Where a campaign takes place.

    Attributes:
        environ: its settings; the database has tables and nothing in them.
        postgresql: its server, where it is not SQLite.
    """

    environ: dict[str, str]
    postgresql: OwnServer | None

    @contextmanager
    def runtime(self, **more: str) -> Iterator[Runtime]:
        """The program inside this process."""
        runtime = composition.assemble(load(self.environ | more))
        try:
            yield runtime
        finally:
            runtime.database.close()


@contextmanager
def installed(options: Options, **more: str) -> Iterator[Installation]:
    """An installation on the database that `options` name, with `more` settings."""
    server = own_server() if options.database == "postgresql" else nullcontext()
    with server as postgresql:
        environ = {
            "PLEDGETRACKER_DATA_DIR": str(options.folder),
            "PLEDGETRACKER_SECRET": SECRET,
            **UNLIMITED,
            **more,
        }
        if postgresql is not None:
            environ["PLEDGETRACKER_DATABASE_URL"] = _create(postgresql.address)
        made = Installation(environ, postgresql)
        with made.runtime() as runtime:
            schema.upgrade(runtime.database)
        yield made


def _create(server: str) -> str:
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {NAME}")
    return server.replace("/postgres?", f"/{NAME}?")
