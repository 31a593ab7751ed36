"""What a request handler can reach: the runtime of its application, and the instant of its request."""

from datetime import datetime
from typing import cast

from flask import current_app, g

from pledgetracker.runtime import Runtime

EXTENSION = "pledgetracker"


def runtime() -> Runtime:
    """The runtime of the application that answers."""
    return cast("Runtime", current_app.extensions[EXTENSION])


def now() -> datetime:
    """The instant of this request: read once, the same to its end."""
    if "now" not in g:
        g.now = runtime().clock()
    return cast("datetime", g.now)
