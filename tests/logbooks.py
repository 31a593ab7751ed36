"""The log as a test reads it."""

import io
import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
import structlog

from pledgetracker import logs
from pledgetracker.settings import load


@contextmanager
def logging(**settings: str) -> Iterator[io.StringIO]:
    """Log as settings say, into the stream that comes back."""
    stream = io.StringIO()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "stderr", stream)
        logs.start(load({f"PLEDGETRACKER_{name}": value for name, value in settings.items()}))
        try:
            yield stream
        finally:
            structlog.reset_defaults()


def events(stream: io.StringIO) -> list[dict[str, Any]]:
    """What was logged as JSON."""
    return [json.loads(line) for line in stream.getvalue().split("\n") if line]
