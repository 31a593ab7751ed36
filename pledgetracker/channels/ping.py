"""The call that says that all is well: whoever waits for it raises the alarm when it stays away."""

import socket
import ssl
import threading
from contextlib import suppress
from http import HTTPStatus
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from urllib.parse import urlsplit

from pledgetracker import __version__

# Of every single step; all together may take no longer than the patience.
STEP_SECONDS = 3.0
PATIENCE_SECONDS = 5.0


def call(address: str, *, patience_seconds: float = PATIENCE_SECONDS) -> str | None:
    """GET an http or https address; returns why it did not go well, or None.

    It follows no redirect, asks no proxy, reads no content, and returns in time whatever the other side does.
    """
    found: list[str | None] = []
    connection = _connection(address)
    # Finding the name, for one, obeys no time-out.
    caller = threading.Thread(
        target=lambda: found.append(_get(connection, address)), name="ping", daemon=True
    )
    caller.start()
    caller.join(patience_seconds)
    if found:
        return found[0]
    if (line := connection.sock) is not None:
        # What the thread makes of it comes too late to count.
        with suppress(OSError):
            line.shutdown(socket.SHUT_RDWR)
    return f"No answer within {patience_seconds:g} seconds."


def _connection(address: str) -> HTTPConnection:
    parts = urlsplit(address)
    host, port = parts.hostname or "", parts.port
    if parts.scheme == "https":
        return HTTPSConnection(host, port, timeout=STEP_SECONDS, context=ssl.create_default_context())
    return HTTPConnection(host, port, timeout=STEP_SECONDS)


def _get(connection: HTTPConnection, address: str) -> str | None:
    parts = urlsplit(address)
    target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    headers = {"User-Agent": f"pledgetracker/{__version__}", "Connection": "close"}
    try:
        connection.request("GET", target, headers=headers)
        status = connection.getresponse().status
    except (OSError, HTTPException) as error:
        return str(error) or type(error).__name__
    finally:
        connection.close()
    is_well = HTTPStatus.OK <= status < HTTPStatus.MULTIPLE_CHOICES
    return None if is_well else f"It answered {status}."
