"""What every command starts with: settings, database, log, and whoever typed it."""

import getpass
import os
from collections.abc import Iterator
from contextlib import contextmanager

import click

from pledgetracker import logs
from pledgetracker import runtime as composition
from pledgetracker.domain.audit import Actor, ActorKind
from pledgetracker.domain.errors import Refusal
from pledgetracker.runtime import Runtime
from pledgetracker.settings import SettingsError, load
from pledgetracker.storage import schema
from pledgetracker.storage.database import Unavailable


def actor() -> Actor:
    """Whoever typed the command."""
    try:
        name = getpass.getuser()
    except (OSError, KeyError):
        # In a container a user need not have a name.
        name = f"user {os.getuid()}"
    return Actor(ActorKind.CLI, name)


@contextmanager
def started(*, may_begin: bool = False) -> Iterator[Runtime]:
    """The runtime; what it and its use refuse, said in a sentence instead of a traceback.

    Only a command that `may_begin` a new record is let in where there is none; nothing is made for others.
    """
    try:
        settings = load(os.environ)
        if not may_begin:
            schema.check_there(settings.database_url)
        runtime = composition.assemble(settings)
        logs.start(runtime.settings)
        try:
            yield runtime
        finally:
            runtime.database.close()
    except (SettingsError, Refusal, Unavailable) as refusal:
        raise click.ClickException(str(refusal)) from refusal
    except OSError as error:
        # A folder that cannot be made, a file that cannot be read; a disk that is full names no file.
        place = f"{error.filename}: " if error.filename else ""
        raise click.ClickException(f"{place}{error.strerror}.") from error


@contextmanager
def ready() -> Iterator[Runtime]:
    """The runtime, started as by `started`, over a database whose schema is this program's."""
    with started() as runtime:
        with runtime.database.read() as tx:
            schema.check(tx.schema_version())
        yield runtime
