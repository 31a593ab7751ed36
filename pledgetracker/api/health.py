"""/healthz and /readyz: whether the process lives, and whether the service works."""

from flask import Blueprint, Response

from pledgetracker.api.answers import to_json
from pledgetracker.api.veil import veiled
from pledgetracker.services.checking import readiness
from pledgetracker.web import now, runtime

blueprint = Blueprint("health", __name__)


@blueprint.get("/healthz")
def alive() -> Response:
    """Say that the process lives; nothing else is asked."""
    return Response(b'{"status":"alive"}', mimetype="application/json")


@blueprint.get("/readyz")
def ready() -> Response:
    """Say whether database, schema, scheduler and mail queue are as they should be."""
    report = readiness(runtime().database, runtime().settings.tick_seconds, now=now())
    document = {
        "status": "ready" if report.is_ready else "not ready",
        "checks": {
            check.name: {"ok": check.ok, "detail": veiled(check.public_detail), **check.figures}
            for check in report.checks
        },
    }
    return Response(to_json(document), 200 if report.is_ready else 503, mimetype="application/json")
