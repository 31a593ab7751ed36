"""The server: a process that listens, and those that it starts to answer."""

import os
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from tempfile import TemporaryDirectory

from flask import Flask
from granian import Granian
from granian.constants import Interfaces
from granian.log import LogLevels

from pledgetracker import logs, signals
from pledgetracker.settings import Settings

# How long requests under way may take to end once the server is told to stop.
STOP_SECONDS = 30
REMIND_SECONDS = 0.5
# As the library that counts knows it; it looks once, when it is first imported.
SHARED_COUNTS = "PROMETHEUS_MULTIPROC_DIR"


def serve(settings: Settings) -> None:
    """Answer requests until told to stop.

    Raises:
        SystemExit: the processes that answer cannot be kept alive.
    """
    server = Granian(
        "pledgetracker.app:create",
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
    )
    told = threading.Event()

    def stop() -> None:
        told.set()
        # Again and again: the library forgets it if told just as it replaces a process.
        while True:
            server.signal_handler_interrupt()  # type: ignore[no-untyped-call]
            time.sleep(REMIND_SECONDS)

    signals.on_stop(stop)
    with _counting_together(settings.processes):
        try:
            server.serve(target_loader=_application, wrap_loader=False)
        except SystemExit:
            # Told by somebody else, processes end before they are asked to, and the library calls it failure.
            if not told.is_set():
                raise


def _application() -> Flask:
    """The application of a process that has just been started to answer."""
    # Before anything that takes long: nobody tells it twice, and what it has not begun needs no end.
    signals.obey()
    # Not before SHARED_COUNTS is set.
    from pledgetracker.app import create

    return create()


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
