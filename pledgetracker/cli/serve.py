"""`serve`: the server of the API and the pages."""

import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from tempfile import TemporaryDirectory

import click

from pledgetracker import logs
from pledgetracker.cli.starting import ready
from pledgetracker.services import policing
from pledgetracker.settings import Settings
from pledgetracker.storage.database import Unavailable

# How long requests under way may take to end once the server is told to stop.
STOP_SECONDS = 30
# As the library that counts knows it; it looks once, when it is first imported.
SHARED_COUNTS = "PROMETHEUS_MULTIPROC_DIR"


@click.command()
def serve() -> None:
    """Serve the API and the pages."""
    with ready() as runtime:
        settings = runtime.settings
        _check_port(settings)
        # A record that can only be read is served all the same; the scheduler notes it too.
        with suppress(Unavailable):
            policing.note(runtime.database, runtime.rules.policy, now=runtime.clock())
        runtime.database.close()
    from granian import Granian
    from granian.constants import Interfaces
    from granian.log import LogLevels

    with _counting_together(settings.processes):
        Granian(
            "pledgetracker.app:create",
            factory=True,
            interface=Interfaces.WSGI,
            address=settings.host,
            port=settings.port,
            workers=settings.processes,
            workers_kill_timeout=STOP_SECONDS,
            blocking_threads=settings.threads,
            respawn_failed_workers=True,
            websockets=False,
            log_level=LogLevels(settings.log_level),
            log_dictconfig=logs.server_logging(),
        ).serve()


@contextmanager
def _counting_together(processes: int) -> Iterator[None]:
    """Give several server processes a folder in which they count requests together.

    One that serves alone needs none. It is no folder of the record's: writing into mapped files on a disk
    that is full would kill the servers, which could still answer from what is there.
    """
    if processes == 1:
        yield
        return
    with TemporaryDirectory(prefix="pledgetracker-") as folder:
        os.environ[SHARED_COUNTS] = folder
        yield


def _check_port(settings: Settings) -> None:
    """Refuse a taken port: the server would share it silently with whoever has it."""
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    with socket.socket(family) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((settings.host, settings.port))
        except OSError as error:
            cure = "Stop what listens there, or set PLEDGETRACKER_PORT to another port."
            raise click.ClickException(f"{settings.host}:{settings.port}: {error.strerror}. {cure}") from None
