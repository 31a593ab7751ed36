"""What is told of every request: its id, one line in the log, its count and duration by route."""

import logging
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

from pledgetracker.logs import REQUEST
from pledgetracker.runtime import Runtime
from pledgetracker.web import BODILESS, EXTENSION, REQUEST_ID, VISIT, Visit

METERS = "pledgetracker.meters"
# Where processes that serve together count together; the library's own variable.
SHARED_FOLDER = "PROMETHEUS_MULTIPROC_DIR"
# A monitor asks every few seconds: at the usual level nobody wants to read of it.
QUIET = frozenset({"/healthz", "/readyz", "/metrics"})
# Callers choose methods and paths freely, and each combination would be counted for ever.
METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
OTHER_METHOD = "other"
NO_ROUTE = "none"
LONGEST_PATH_CHARACTERS = 300
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
    # Around all of the application: hooks inside it cost more than what they would do here.
    runtime = cast("Runtime", app.extensions[EXTENSION])
    app.wsgi_app = Telling(app.wsgi_app, app.extensions[METERS], runtime)  # type: ignore[method-assign]


def meters() -> Meters:
    """The meters of the application that answers."""
    return cast("Meters", current_app.extensions[METERS])


class Telling:
    """An application whose every request is a `Visit`, has an id, and is counted and told."""

    def __init__(self, application: WSGIApplication, meters: Meters, runtime: Runtime) -> None:
        self._application = application
        self._runtime = runtime
        self._meters = meters
        # Bound once: it would be anew for each line.
        self._log = structlog.get_logger(__name__).bind()

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """The answer of the application, its id in a header."""
        began, visit = time.perf_counter(), Visit(environ, self._runtime)
        answered: list[tuple[Request, str, list[tuple[str, str]]]] = []

        def start(status: str, headers: list[tuple[str, str]], *error: Any) -> Callable[[bytes], object]:
            headers.append((REQUEST_ID, visit.name))
            answered.append((visit.request, status, headers))
            return start_response(status, headers, *error)

        before, outside = REQUEST.set(visit.name), VISIT.set(visit)
        try:
            answer = self._application(environ, start)
            for asked, status, headers in answered[-1:]:
                self._tell(visit, asked, int(status[:3]), headers, time.perf_counter() - began)
        finally:
            VISIT.reset(outside)
            REQUEST.reset(before)
        return answer

    def _tell(
        self, visit: Visit, asked: Request, status: int, headers: list[tuple[str, str]], seconds: float
    ) -> None:
        route = None if asked.url_rule is None else template(asked.url_rule.rule)
        self._meters.count(asked.method, route or NO_ROUTE, status, seconds)
        level = logging.DEBUG if route in QUIET else logging.INFO
        if not self._log.is_enabled_for(level):
            return
        self._log.log(
            level,
            "request",
            method=asked.method,
            route=route,
            path=asked.path[:LONGEST_PATH_CHARACTERS],
            status=status,
            duration_ms=round(seconds * 1000, 3),
            bytes=0 if asked.method == "HEAD" or status in BODILESS else _length(headers),
            key=None if visit.caller is None else visit.caller.id,
            client=visit.client,
        )


def _length(headers: list[tuple[str, str]]) -> int | None:
    """How many bytes of content there are; None if nobody says."""
    return next((int(value) for name, value in headers if name == "Content-Length"), None)


@cache
def template(rule: str) -> str:
    """A route as the documentation spells it: `/v1/pledges/{pledge}`."""
    return re.sub(r"<(?:[^<>:]*:)?([^<>]+)>", r"{\1}", rule)
