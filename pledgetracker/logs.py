"""The log: one event a line on standard error, as JSON or for eyes, and no secret in any."""

import io
import json
import logging
import re
import sys
import threading
from collections.abc import Iterator
from contextlib import suppress
from contextvars import ContextVar
from typing import Any, TextIO
from urllib.parse import unquote, urlsplit

import orjson
import structlog
from structlog.stdlib import ProcessorFormatter
from structlog.typing import EventDict, Processor, WrappedLogger

from pledgetracker.settings import Settings, secrets_of

MASK = "***"
# Shorter ones stand by chance in everything, and their absence would tell more than it hides.
SHORTEST_MASKED = 4
# What the request is called that is being answered, if one is.
REQUEST: ContextVar[str | None] = ContextVar("request", default=None)
# An API key as its holder sends it: the public part may be told, the rest not.
_API_KEY = re.compile(r"\b(pt_[0-9a-z]+)_[0-9a-zA-Z]{16,}")


def start(settings: Settings) -> None:
    """Log to standard error from the level of the settings, what libraries log as well."""
    level = logging.getLevelNamesMapping()[settings.log_level.upper()]
    is_json = settings.log_format == "json"
    render = Rendering(structlog.processors.JSONRenderer(_to_json) if is_json else _text_renderer(), settings)
    common: list[Processor] = [
        name_request,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        *([structlog.processors.format_exc_info] if is_json else []),
    ]
    stream = _unbuffered(sys.stderr)
    lines = Lines(stream)
    structlog.configure(
        processors=[*common, render],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=lambda *_: lines,
    )
    handler = Handler(stream)
    handler.setFormatter(
        ProcessorFormatter(
            foreign_pre_chain=[structlog.stdlib.add_logger_name, *common],
            processors=[ProcessorFormatter.remove_processors_meta, render],
        )
    )
    logging.basicConfig(level=logging.WARNING, handlers=[handler])
    # It reports every beat that a long tick leaves out, once a second.
    logging.getLogger("apscheduler").setLevel(logging.ERROR)


def name_request(_: WrappedLogger, __: str, event: EventDict) -> EventDict:
    """Say in an event during which request it was told."""
    if (name := REQUEST.get()) is not None:
        event["request_id"] = name
    return event


def server_logging() -> dict[str, Any]:
    """For the server, which has a log of its own on standard output: let it log as everything else does."""
    return {"handlers": {}, "formatters": {}, "loggers": {"_granian": {"handlers": [], "propagate": True}}}


def _unbuffered(stream: TextIO) -> TextIO:
    """The same without a buffer: what cannot be written would stay there, and fail whoever flushes it."""
    try:
        raw = io.FileIO(stream.fileno(), "w", closefd=False)
    except (OSError, ValueError):
        return stream
    return io.TextIOWrapper(raw, stream.encoding, "backslashreplace", write_through=True)


class Handler(logging.StreamHandler[TextIO]):
    """Writes what libraries log; that it cannot keeps nobody from working."""

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802 -- the library's name
        """Say nothing: it would have to be said on the same stream."""


class Lines:
    """Writes lines to a stream; that it cannot, for instance on a full disk, keeps nobody from working."""

    _turn = threading.Lock()

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def msg(self, line: str) -> None:
        """Write one line."""
        with self._turn:
            try:
                self._stream.write(line + "\n")
                self._stream.flush()
            # A stream that is closed complains with a ValueError.
            except (OSError, ValueError):
                return

    debug = info = warning = error = critical = exception = log = msg


class Rendering:
    """Turns an event into a line, in which secrets of the settings and API keys are masked."""

    def __init__(self, render: Processor, settings: Settings) -> None:
        self._render = render
        self._secrets = tuple(dict.fromkeys(_spellings(settings)))

    def __call__(self, logger: WrappedLogger, name: str, event: EventDict) -> str:
        """The line, without its end."""
        line = str(self._render(logger, name, event))
        for secret in self._secrets:
            if secret in line:
                line = line.replace(secret, MASK)
        return _API_KEY.sub(rf"\1_{MASK}", line) if "pt_" in line else line


def _spellings(settings: Settings) -> Iterator[str]:
    """Every secret as it may come to stand in a line."""
    for value in secrets_of(settings):
        for secret in _within(value):
            if len(secret) >= SHORTEST_MASKED:
                for spelled in (secret, repr(secret)[1:-1]):
                    yield from (spelled, json.dumps(spelled)[1:-1], orjson.dumps(spelled).decode()[1:-1])


def _within(value: str) -> Iterator[str]:
    """What is secret in a value: of the address of a database, the password alone."""
    if not re.match(r"(sqlite|postgresql)://", value):
        yield value
        return
    with suppress(ValueError):
        parts = urlsplit(value)
        found = [parts.password or "", *re.findall(r"(?<![^&])password=([^&]*)", parts.query)]
        for password in filter(None, found):
            yield from (password, unquote(password))


def _to_json(event: EventDict, **_: Any) -> str:
    try:
        return orjson.dumps(event, default=repr).decode()
    except TypeError:
        # Half a surrogate pair, or a number beyond 64 bits.
        return json.dumps(event, default=repr)


def _text_renderer() -> Processor:
    # The library's own tracebacks show local variables, and with them secrets.
    return structlog.dev.ConsoleRenderer(colors=False, exception_formatter=structlog.dev.plain_traceback)
