"""The pages: the overview, one initiative, one pledge whole, the documentation of the API."""

from collections.abc import Callable
from typing import Any, TypeVar, cast

from flask import Blueprint, Response, abort, current_app, render_template, request, url_for

from pledgetracker.dashboard import browsers, words
from pledgetracker.dashboard.bars import bar
from pledgetracker.dashboard.overview import Asked, overview
from pledgetracker.dashboard.reference import Reference, reference
from pledgetracker.dashboard.together import together
from pledgetracker.dashboard.whole import whole
from pledgetracker.domain.days import read_day, read_instant
from pledgetracker.domain.errors import Invalid
from pledgetracker.domain.phrases import days_of
from pledgetracker.domain.vantage import Vantage
from pledgetracker.web import DOCUMENT, PROBLEMS, now, runtime

# The style sheet's address names its version, so that it never needs to be asked for again.
STATIC_SECONDS = 365 * 24 * 3600
REFERENCE = "pledgetracker.reference"

T = TypeVar("T")

blueprint = Blueprint(
    "dashboard", __name__, static_folder="static", static_url_path="/static", template_folder="templates"
)
blueprint.app_context_processor(browsers.everywhere)
blueprint.add_app_template_filter(browsers.in_code)
blueprint.add_app_template_global(bar, "bar_of")
blueprint.after_app_request(browsers.problem_page)


@blueprint.get("/")
def home() -> str:
    """What was promised, and where each pledge stands."""
    _check_public()
    asked = Asked.of(request.args)
    with runtime().database.read() as tx:
        shown = overview(tx, asked, runtime().rules, _vantage())
    return render_template("overview.html", page=shown, asked=asked, words=words)


@blueprint.get("/initiatives/<slug:initiative>")
def gather(initiative: str) -> str:
    """One initiative: what its pledges amount to together, and each of them."""
    _check_public()
    with runtime().database.read() as tx:
        shown = together(tx, initiative, request.args.get("cursor"), runtime().rules, _vantage())
    return render_template("initiative.html", page=shown, words=words)


@blueprint.get("/pledges/<slug:pledge>")
def show(pledge: str) -> str:
    """One pledge with all that is known of it."""
    _check_public()
    with runtime().database.read() as tx:
        shown = whole(tx, pledge, request.args.get("cursor"), runtime(), _vantage())
    return render_template("pledge.html", page=shown, words=words, days_of=days_of)


@blueprint.context_processor
def then() -> dict[str, Any]:
    """From where the page looks, for the links on it: they stay at the same day and knowledge."""
    said = {name: request.args.get(name) for name in ("as_of", "known_at")}
    return {"then": {name: value for name, value in said.items() if value}}


@blueprint.get("/docs")
def docs() -> str:
    """The API, from its own description."""
    made = current_app.extensions.get(REFERENCE)
    if made is None:
        made = reference(current_app.extensions[DOCUMENT], runtime().settings.public_url)
        current_app.extensions[REFERENCE] = made
    return render_template(
        "docs.html",
        page=cast("Reference", made),
        problems=current_app.extensions[PROBLEMS],
        public_reads=runtime().settings.public_reads,
        base=runtime().settings.public_url,
    )


@blueprint.after_request
def keep(response: Response) -> Response:
    """Say how long an answer may be kept, and what it may do in a browser."""
    if request.endpoint == "dashboard.static":
        if "v" in request.args and response.status_code in {200, 304}:
            response.cache_control.no_cache = None
            response.cache_control.public = True
            response.cache_control.max_age = STATIC_SECONDS
            response.cache_control.immutable = True
    else:
        response.cache_control.no_cache = True
    return browsers.guarded(response)


def _vantage() -> Vantage:
    """From where the page is to look: `as_of` and `known_at` of its address, as the API takes them.

    Raises:
        Invalid: one of them is no day, or no instant up to now.
    """
    day, instant = _read("as_of", read_day), _read("known_at", read_instant)
    if instant is not None and instant > now():
        raise Invalid.field("?known_at", "Lies ahead; nobody can say what will be known then.")
    return Vantage(now(), day, instant)


def _read(name: str, read: Callable[[str], T]) -> T | None:
    """What the address says under `name`, if it says anything."""
    said = request.args.get(name)
    try:
        return read(said) if said else None
    except ValueError as error:
        raise Invalid.field(f"?{name}", str(error)) from None


def _check_public() -> None:
    """Show nothing where reading needs a key: pages have no way to ask for one."""
    if not runtime().settings.public_reads:
        abort(403, f"Reading needs a key here, and pages take none. Use the API; see {url_for('.docs')}.")
