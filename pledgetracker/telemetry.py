"""What is told of every request: its id, one line in the log, its count and duration by route."""

import os
import re
import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import Any, cast
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

import prometheus_client
import structlog
from flask import Flask, Request, current_app
from prometheus_client import CollectorRegistry, Counter, Histogram
from prometheus_client.multiprocess import MultiProcessCollector

from pledgetracker.domain.addresses import client_of
from pledgetracker.logs import REQUEST
from pledgetracker.runtime import Runtime
from pledgetracker.web import EXTENSION, KEY_ID, REQUEST_ID, name_request

METERS = "pledgetracker.meters"
ASKED = "pledgetracker.request"
# Where processes that serve together count together; the library's own variable.
SHARED_FOLDER = "PROMETHEUS_MULTIPROC_DIR"
# A monitor asks every few seconds: at the usual level nobody wants to read of it.
QUIET = frozenset({"/healthz", "/readyz", "/metrics"})
# Callers choose methods and paths freely, and each combination would be counted for ever.
METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
OTHER_METHOD = "other"
NO_ROUTE = "none"
LONGEST_PATH_CHARACTERS = 300
BODILESS = frozenset({204, 304})
BUCKETS_SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)

# The time at which a count began to exist is of no use here, and doubles the number of lines.
prometheus_client.disable_created_metrics()  # type: ignore[no-untyped-call]


class Meters:
    """How many requests there were and how long they took, in this process or in all that serve together."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        labels = ("method", "route", "status")
        requests = Counter(
            "pledgetracker_http_requests",
            "Requests answered, by method, route and class of status.",
            labels,
            registry=self.registry,
        )
        seconds = Histogram(
            "pledgetracker_http_request_duration_seconds",
            "How long answers took, from the first look at the request to the answer ready to be sent.",
            labels,
            buckets=BUCKETS_SECONDS,
            registry=self.registry,
        )

        @cache
        def of(method: str, route: str, status: str) -> tuple[Callable[[], None], Callable[[float], None]]:
            return requests.labels(method, route, status).inc, seconds.labels(method, route, status).observe

        self._of = of

    def count(self, method: str, route: str, status: int, seconds: float) -> None:
        """Count one request; without a folder to count in, it is answered all the same."""
        known = method if method in METHODS else OTHER_METHOD
        with suppress(OSError):
            increase, observe = self._of(known, route, f"{status // 100}xx")
            increase()
            observe(seconds)

    def collected(self) -> CollectorRegistry:
        """What was counted, by every process that counts in the same folder."""
        folder = os.environ.get(SHARED_FOLDER)
        if folder is None:
            return self.registry
        together = CollectorRegistry()
        if Path(folder).is_dir():
            MultiProcessCollector(together, folder)  # type: ignore[no-untyped-call]
        return together


def register(app: Flask) -> None:
    """Name, time, count and log every request of `app`."""
    app.extensions[METERS] = Meters()
    app.request_class = KeptRequest
    # Around all of the application: hooks inside it cost more than what they would do here.
    trusted = cast("Runtime", app.extensions[EXTENSION]).settings.trusted_proxies
    app.wsgi_app = Telling(app.wsgi_app, app.extensions[METERS], trusted)  # type: ignore[method-assign]


def meters() -> Meters:
    """The meters of the application that answers."""
    return cast("Meters", current_app.extensions[METERS])


class KeptRequest(Request):
    """A request that can be found again in its environment when the application is through with it."""

    def __init__(self, environ: WSGIEnvironment, *args: Any, **kwargs: Any) -> None:
        super().__init__(environ, *args, **kwargs)
        environ[ASKED] = self


class Telling:
    """An application whose every request has an id, and is counted and told."""

    def __init__(self, application: WSGIApplication, meters: Meters, trusted_proxies: int = 0) -> None:
        self._application = application
        self._trusted_proxies = trusted_proxies
        self._meters = meters
        # Bound once: it would be anew for each line.
        self._log = structlog.get_logger(__name__).bind()

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """The answer of the application, its id in a header."""
        began, name = time.perf_counter(), name_request(environ)
        answered: list[tuple[str, list[tuple[str, str]]]] = []

        def start(status: str, headers: list[tuple[str, str]], *error: Any) -> Callable[[bytes], object]:
            headers.append((REQUEST_ID, name))
            answered.append((status, headers))
            return start_response(status, headers, *error)

        before = REQUEST.set(name)
        try:
            answer = self._application(environ, start)
            for status, headers in answered[-1:]:
                self._tell(environ, int(status[:3]), headers, time.perf_counter() - began)
        finally:
            REQUEST.reset(before)
        return answer

    def _tell(
        self, environ: WSGIEnvironment, status: int, headers: list[tuple[str, str]], seconds: float
    ) -> None:
        # Each would keep the other from being freed.
        asked: Request = environ.pop(ASKED)
        route = None if asked.url_rule is None else template(asked.url_rule.rule)
        self._meters.count(asked.method, route or NO_ROUTE, status, seconds)
        say = self._log.debug if route in QUIET else self._log.info
        say(
            "request",
            method=asked.method,
            route=route,
            path=asked.path[:LONGEST_PATH_CHARACTERS],
            status=status,
            duration_ms=round(seconds * 1000, 3),
            bytes=0 if asked.method == "HEAD" or status in BODILESS else _length(headers),
            key=environ.get(KEY_ID),
            client=client_of(
                environ.get("REMOTE_ADDR"), environ.get("HTTP_X_FORWARDED_FOR", ""), self._trusted_proxies
            ),
        )


def _length(headers: list[tuple[str, str]]) -> int | None:
    """How many bytes of content there are; None if nobody says."""
    return next((int(value) for name, value in headers if name == "Content-Length"), None)


@cache
def template(rule: str) -> str:
    """A route as the documentation spells it: `/v1/pledges/{pledge}`."""
    return re.sub(r"<(?:[^<>:]*:)?([^<>]+)>", r"{\1}", rule)
