"""What every answer tells browsers: run nothing, frame nothing, guess nothing; public reads are for any site.

Pages bring a policy of their own, which stands. The headers are put on around the application, where it costs
least and nothing escapes.
"""

from collections.abc import Callable, Mapping
from typing import Any, cast

from flask import Flask

from pledgetracker.domain.access import Scope
from pledgetracker.runtime import Runtime
from pledgetracker.web import EXTENSION

POLICY = "Content-Security-Policy"
_READING = frozenset({"GET", "HEAD"})
_COMMON = (
    (POLICY, "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"),
    ("X-Frame-Options", "DENY"),
    ("X-Content-Type-Options", "nosniff"),
    ("Referrer-Policy", "no-referrer"),
)
_CLOSED = (*_COMMON, ("Cross-Origin-Resource-Policy", "same-origin"))
_OPEN = (
    *_COMMON,
    ("Cross-Origin-Resource-Policy", "cross-origin"),
    ("Access-Control-Allow-Origin", "*"),
    ("Access-Control-Expose-Headers", "ETag, Retry-After"),
)
Start = Callable[..., Any]


def register(app: Flask) -> None:
    """Confine every answer of `app`."""
    inner = app.wsgi_app
    open_endpoints = frozenset(_open_endpoints(app))

    def confined(environ: dict[str, Any], start_response: Start) -> Any:
        def start(status: str, headers: list[tuple[str, str]], *error: Any) -> Any:
            if not any(name == POLICY for name, _ in headers):
                headers.extend(_OPEN if _is_for_any_site(environ, open_endpoints) else _CLOSED)
            return start_response(status, headers, *error)

        return inner(environ, start)

    app.wsgi_app = confined  # type: ignore[method-assign] # as its documentation says


def _open_endpoints(app: Flask) -> list[str]:
    """What anybody may read."""
    views: Mapping[str, Any] = app.view_functions
    is_public = cast("Runtime", app.extensions[EXTENSION]).settings.public_reads
    public = [name for name, view in views.items() if getattr(view, "scope", None) is Scope.READ]
    return ["document.openapi", *(public if is_public else ())]


def _is_for_any_site(environ: Mapping[str, Any], open_endpoints: frozenset[str]) -> bool:
    """Whether scripts of other sites may see the answer: what anybody may read, asked for without a key.

    With a key never: browsers ask first whether they may send one, and nothing here says yes.
    """
    asked = environ.get("werkzeug.request")
    return (
        environ["REQUEST_METHOD"] in _READING
        and "HTTP_AUTHORIZATION" not in environ
        and asked is not None
        and asked.endpoint in open_endpoints
    )
