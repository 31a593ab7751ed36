"""/metrics: what Prometheus reads, of requests and of the work behind them."""

import hmac
import ipaddress
from collections.abc import Iterator

import structlog
from flask import Blueprint, Response, abort, request
from prometheus_client import CONTENT_TYPE_PLAIN_0_0_4, CollectorRegistry, generate_latest
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector
from werkzeug.datastructures import WWWAuthenticate
from werkzeug.exceptions import Unauthorized

from pledgetracker import __version__
from pledgetracker.services.gauging import MOST_COUNTED, Reading, Work, read
from pledgetracker.storage import schema
from pledgetracker.storage.database import Unavailable
from pledgetracker.telemetry import meters
from pledgetracker.web import now, runtime

# What proxies say of whom they speak for; without a token, nobody is let in by way of one.
FORWARDING = ("Forwarded", "X-Forwarded-For", "X-Forwarded-Host", "X-Real-Ip", "Via")

log = structlog.get_logger(__name__)

blueprint = Blueprint("metrics", __name__)


@blueprint.get("/metrics")
def metrics() -> Response:
    """Tell all figures in the text format of Prometheus."""
    _check_may_read()
    registry = CollectorRegistry()
    registry.register(Figures(_reading()))
    # Each ends with a line break, and neither has a name of the other's.
    text = generate_latest(registry) + generate_latest(meters().collected())
    return Response(text, headers={"Content-Type": CONTENT_TYPE_PLAIN_0_0_4, "Cache-Control": "no-store"})


def _reading() -> Reading | None:
    try:
        return read(runtime().database, now=now())
    except Unavailable as outage:
        log.warning("the figures of the record cannot be read", reason=str(outage))
        return None


def _check_may_read() -> None:
    """Let in whoever has the token; where there is none, programs on this machine."""
    token = runtime().settings.metrics_token
    if token is None:
        if not _is_local():
            abort(403, "Metrics are for programs on the server's own machine. Set metrics_token for others.")
        return
    scheme, _, said = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not hmac.compare_digest(said.strip().encode(), token.encode()):
        challenge = WWWAuthenticate("bearer", {"realm": "pledgetracker metrics"})
        raise Unauthorized(
            "Send the metrics_token as 'Authorization: Bearer TOKEN'.", www_authenticate=challenge
        )


def _is_local() -> bool:
    try:
        address = ipaddress.ip_address(request.remote_addr or "")
    except ValueError:
        return False
    mapped = getattr(address, "ipv4_mapped", None) or address
    return bool(mapped.is_loopback) and not any(name in request.headers for name in FORWARDING)


class Figures(Collector):
    """The figures of the record, as the library collects them; without a reading, only that there is none."""

    def __init__(self, reading: Reading | None) -> None:
        self._reading = reading

    def collect(self) -> Iterator[Metric]:
        """Yield each figure; what is not known is left out."""
        found = self._reading and self._reading.schema
        info = GaugeMetricFamily("pledgetracker_info", "Which version runs.", labels=("version", "schema"))
        info.add_metric((__version__, found or ""), 1)
        yield info
        yield _gauge("database_up", "Whether the database can be read.", self._reading is not None)
        if self._reading is not None:
            is_current = found == schema.newest()
            yield _gauge(
                "schema_current", "Whether the schema is the one that this version needs.", is_current
            )
            if self._reading.work is not None:
                yield from _work(self._reading.work)


def _work(work: Work) -> Iterator[Metric]:
    if work.tick_age_seconds is not None:
        yield _gauge("last_tick_age_seconds", "How long ago the last tick ended.", work.tick_age_seconds)
    if work.tick_seconds is not None:
        yield _gauge("last_tick_duration_seconds", "How long the last tick took.", work.tick_seconds)
    help_text = f"Pledges due for a look, counted up to {MOST_COUNTED}."
    yield _gauge("pledges_due", help_text, work.pledges_due)
    pending = GaugeMetricFamily(
        "pledgetracker_alerts_pending",
        "Alerts owed and not sent: due now, claimed by whoever is sending, or to be tried again later.",
        labels=("stage",),
    )
    for stage, count in work.pending.items():
        pending.add_metric((stage,), count)
    yield pending
    yield _gauge("alerts_dead", "Alerts that were given up.", work.dead)
    yield _gauge(
        "oldest_pending_alert_age_seconds",
        "How long the longest-waiting alert has been owed; 0 if none is.",
        work.oldest_seconds,
    )
    yield _gauge("delivery_held", "Whether alerts are held until somebody lets them leave.", work.is_held)


def _gauge(name: str, help_text: str, value: float) -> Metric:
    return GaugeMetricFamily(f"pledgetracker_{name}", help_text, value=value)
