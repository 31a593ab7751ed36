"""`serve`: the server of the API and the pages."""

import socket
from contextlib import suppress

import click

from pledgetracker.cli.starting import ready
from pledgetracker.services import policing
from pledgetracker.settings import Settings
from pledgetracker.storage.database import Unavailable


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
    # It takes half a second to import, which no other command needs.
    from pledgetracker import server

    server.serve(settings)


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
