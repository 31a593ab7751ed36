"""The one table from refusal to HTTP: every error is an RFC 9457 problem document."""

from http import HTTPStatus

import orjson
import structlog
from flask import Flask, Response, request
from werkzeug.exceptions import HTTPException

from pledgetracker.domain import errors
from pledgetracker.storage.database import CommitUnknown, Unavailable
from pledgetracker.web import PROBLEMS, ProblemKind, client

MIMETYPE = "application/problem+json"
RETRY_AFTER_SECONDS = 5

log = structlog.get_logger(__name__)

# Refusal: status, name of the problem, what it is in general.
TABLE: dict[type[Exception], tuple[int, str, str]] = {
    errors.Invalid: (422, "invalid", "The content breaks a rule"),
    errors.NotFound: (404, "not-found", "There is no such thing"),
    errors.AlreadyExists: (409, "already-exists", "The id is taken"),
    errors.VersionTaken: (409, "version-taken", "Versions are permanent"),
    errors.RateExists: (409, "rate-exists", "There is a rate of that day"),
    errors.RingOfLinks: (422, "ring-of-links", "Pledges would name each other in a ring"),
    errors.StillReferenced: (409, "still-referenced", "Something else needs it"),
    errors.AlreadySuperseded: (409, "already-superseded", "It has been corrected already"),
    errors.Superseded: (409, "superseded", "It has been corrected or taken back"),
    errors.AlreadyReviewed: (409, "already-reviewed", "It is that already"),
    errors.NoConflict: (409, "no-conflict", "There is nothing to choose between"),
    errors.AlreadyWithdrawn: (409, "already-withdrawn", "It is withdrawn already"),
    errors.AlreadyRetracted: (409, "already-retracted", "It has been taken back already"),
    errors.NotDead: (409, "not-dead", "Only a dead alert can be requeued"),
    errors.NotWaiting: (409, "not-waiting", "Only an alert that waits can be suppressed"),
    errors.Changed: (412, "changed", "Somebody else has changed it"),
    errors.ConditionMissing: (428, "condition-missing", "It has to say which version it changes"),
    errors.KeyReused: (422, "key-reused", "The Idempotency-Key belongs to another request"),
    errors.TooMany: (429, "too-many", "Too many requests"),
    errors.KeyMissing: (401, "key-missing", "A key is needed"),
    errors.KeyUnknown: (401, "key-unknown", "The key is not valid"),
    errors.ScopeTooSmall: (403, "scope-too-small", "The key may not do this"),
    errors.OtherPledger: (403, "other-pledger", "The key may not do this"),
    errors.Contended: (409, "contended", "Somebody else was changing the same thing"),
    CommitUnknown: (503, "outcome-unknown", "Whether the change was stored is not known"),
    Unavailable: (503, "unavailable", "The database cannot be reached"),
}

OUTAGE_CURES: dict[type[Exception], str] = {
    Unavailable: "Nothing was changed; try again in a few seconds.",
    CommitUnknown: (
        "The database went away while storing the change. Send the same request again with the same "
        "Idempotency-Key, or look first whether the change is there."
    ),
}

# Errors of HTTP itself: name of the problem, cure.
HTTP_CURES = {
    400: ("malformed", None),
    401: ("unauthorized", None),
    403: ("forbidden", None),
    404: ("not-found", "There is nothing at this address; see /docs for what there is."),
    405: ("method-not-allowed", "This address does not know this method; see the Allow header."),
    413: ("too-large", "The body is too large: at most 1 MiB is taken."),
    414: ("too-long", "The address is too long."),
    415: ("unsupported-media-type", None),
    500: ("internal-error", "Something is wrong on our side, and has been logged."),
}


def problem(
    status: int,
    name: str,
    title: str,
    detail: str,
    fields: tuple[errors.FieldProblem, ...] = (),
) -> Response:
    """A problem document as an answer."""
    document: dict[str, object] = {
        "type": f"/docs#problem-{name}",
        "title": title,
        "status": status,
        "detail": detail,
        "instance": request.path,
    }
    if fields:
        document["errors"] = [_field(field) for field in fields]
    return Response(orjson.dumps(document), status, mimetype=MIMETYPE)


def _field(field: errors.FieldProblem) -> dict[str, str]:
    if field.pointer.startswith("?"):
        return {"parameter": field.pointer[1:], "detail": field.detail}
    return {"pointer": field.pointer, "detail": field.detail}


def refused(refusal: Exception) -> Response:
    """The answer to a refusal, by the table."""
    status, name, title = TABLE[type(refusal)]
    if isinstance(refusal, errors.Invalid):
        first, *others = refusal.problems
        more = f" And {len(others)} more; see errors." if others else ""
        return problem(status, name, title, f"{_place(first)}{first.detail}{more}", tuple(refusal.problems))
    if isinstance(refusal, Unavailable):
        log.error("database unavailable", problem=name, reason=str(refusal))
        answer = problem(status, name, title, OUTAGE_CURES[type(refusal)])
        answer.headers["Retry-After"] = str(RETRY_AFTER_SECONDS)
        return answer
    answer = problem(status, name, title, str(refusal))
    if isinstance(refusal, errors.Changed):
        answer.set_etag(refusal.tag)
    if isinstance(refusal, errors.TooMany):
        answer.headers["Retry-After"] = str(refusal.wait_seconds)
    if status == 401:  # noqa: PLR2004 -- the one status with a header of its own
        answer.headers["WWW-Authenticate"] = 'Bearer realm="pledgetracker"'
    return answer


def _place(field: errors.FieldProblem) -> str:
    return f"{field.pointer.removeprefix('?').removeprefix('/')}: " if field.pointer else ""


def http_error(error: HTTPException) -> Response:
    """The answer to an error of HTTP itself."""
    status = error.code or 500
    name, cure = HTTP_CURES.get(status, (error.name.lower().replace(" ", "-"), None))
    answer = problem(status, name, error.name, cure or error.description or error.name)
    for header, value in error.get_headers():
        if header not in {"Content-Type", "Content-Length"}:
            answer.headers[header] = value
    return answer


def unexpected(error: Exception) -> Response:
    """The answer to an error that nobody foresaw; the log has the rest."""
    log.error("unexpected error", path=request.path, method=request.method, client=client(), exc_info=error)
    name, cure = HTTP_CURES[500]
    return problem(500, name, "Internal error", cure or "")


def kinds() -> tuple[ProblemKind, ...]:
    """Every kind of problem that there is, by status."""
    http = {
        name: ProblemKind(status, name, HTTPStatus(status).phrase, cure)
        for status, (name, cure) in HTTP_CURES.items()
    }
    table = {name: ProblemKind(status, name, title) for status, name, title in TABLE.values()}
    return tuple(sorted((http | table).values(), key=lambda kind: (kind.status, kind.name)))


def register(app: Flask) -> None:
    """Answer every error of `app` by this module, and let its documentation name the kinds."""
    app.extensions[PROBLEMS] = kinds()
    for kind in TABLE:
        app.register_error_handler(kind, refused)
    app.register_error_handler(HTTPException, http_error)
    app.register_error_handler(Exception, unexpected)
