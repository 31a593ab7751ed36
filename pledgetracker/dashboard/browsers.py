"""What browsers need besides the page: headers that confine it, its style, and problems they can show."""

from functools import cache
from hashlib import sha256
from http import HTTPStatus
from importlib.resources import files
from typing import Any

import orjson
from flask import Response, render_template, request
from flask.wrappers import Request
from markupsafe import Markup, escape

from pledgetracker import __version__

PROBLEM = "application/problem+json"
POLICY = (
    "default-src 'none'; style-src 'self'; img-src 'self' data:; form-action 'self'; "
    "base-uri 'none'; frame-ancestors 'none'"
)


def guarded(response: Response) -> Response:
    """Let the page load nothing from elsewhere and run nothing at all."""
    response.headers["Content-Security-Policy"] = POLICY
    response.headers["X-Frame-Options"] = "DENY"
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers["Referrer-Policy"] = "no-referrer"
    response.headers["Cross-Origin-Opener-Policy"] = "same-origin"
    response.headers["Cross-Origin-Resource-Policy"] = "same-origin"
    return response


def everywhere() -> dict[str, Any]:
    """What every template can name."""
    return {"style_version": style_version(), "program_version": __version__}


@cache
def style_version() -> str:
    """Changes when the style sheet does."""
    style = files("pledgetracker.dashboard").joinpath("static", "style.css")
    return sha256(style.read_bytes()).hexdigest()[:12]


def problem_page(response: Response) -> Response:
    """A problem document as a page, for a browser outside the API; any other answer as it is."""
    is_error = response.status_code >= HTTPStatus.BAD_REQUEST
    if not is_error or response.mimetype != PROBLEM or request.path.startswith("/v1/"):
        return response
    response.vary.add("Accept")
    if _wants_page(request):
        problem = orjson.loads(response.get_data())
        response.set_data(render_template("problem.html", problem=problem))
        response.mimetype = "text/html"
        guarded(response)
    return response


def _wants_page(asked: Request) -> bool:
    best = asked.accept_mimetypes.best_match([PROBLEM, "application/json", "text/html"])
    return best == "text/html"


def in_code(text: str) -> Markup:
    """Text in which what stands between backticks is code."""
    parts = (escape(part) for part in text.split("`"))
    return Markup("").join(
        Markup("<code>{}</code>").format(part) if i % 2 else part for i, part in enumerate(parts)
    )
