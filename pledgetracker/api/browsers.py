"""What every answer tells browsers: run nothing, frame nothing, guess nothing; public reads are for any site.

Pages bring a policy of their own, which stands.
"""

from flask import Flask, Response, current_app, request

from pledgetracker.domain.access import Scope
from pledgetracker.web import runtime

POLICY = "Content-Security-Policy"
_COMMON = (
    (POLICY, "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"),
    ("X-Frame-Options", "DENY"),
    ("X-Content-Type-Options", "nosniff"),
    ("Referrer-Policy", "no-referrer"),
)
_CLOSED = [*_COMMON, ("Cross-Origin-Resource-Policy", "same-origin")]
_OPEN = [
    *_COMMON,
    ("Cross-Origin-Resource-Policy", "cross-origin"),
    ("Access-Control-Allow-Origin", "*"),
    ("Access-Control-Expose-Headers", "ETag, Retry-After"),
]


def register(app: Flask) -> None:
    """Confine every answer of `app`."""
    app.after_request(_confined)


def _confined(answer: Response) -> Response:
    if POLICY not in answer.headers:
        answer.headers.extend(_OPEN if _is_for_any_site() else _CLOSED)
    return answer


def _is_for_any_site() -> bool:
    """Whether scripts of other sites may see the answer: what anybody may read, asked for without a key.

    With a key never: browsers ask first whether they may send one, and nothing here says yes.
    """
    if request.method not in {"GET", "HEAD"} or "Authorization" in request.headers:
        return False
    if request.endpoint == "document.openapi":
        return True
    view = current_app.view_functions.get(request.endpoint or "")
    return getattr(view, "scope", None) is Scope.READ and runtime().settings.public_reads
