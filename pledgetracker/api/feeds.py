"""…/iati.xml and …/ocds.json: pledges and initiatives in the formats of two standards."""

import hashlib
from collections.abc import Iterator
from itertools import chain, islice
from typing import Any

from flask import Response, request

from pledgetracker.api.access import needs
from pledgetracker.api.blueprint import ApiBlueprint
from pledgetracker.api.conditions import unless_known
from pledgetracker.api.vantage import VantageQuery, vantage
from pledgetracker.domain.access import Scope
from pledgetracker.domain.vantage import Vantage
from pledgetracker.feeds import iati, ocds
from pledgetracker.feeds.publisher import Publisher, publisher
from pledgetracker.services.gathering import Attributed, gather, gather_initiatives, gather_one
from pledgetracker.web import runtime

XML, JSON = "application/xml", "application/json"
_FILE = {"type": "string", "description": "An activity file of IATI 2.03."}
_PACKAGE = {
    "type": "object",
    "description": "A release package of OCDS 1.1.",
    "required": ["uri", "version", "publisher", "releases", "publishedDate"],
    "properties": {"releases": {"type": "array", "items": {"type": "object"}}},
}

blueprint = ApiBlueprint("feeds", __name__, description="Pledges for programs that know IATI or OCDS")


@blueprint.route("/pledges/<slug:pledge>/iati.xml", methods=["GET"])
@needs(Scope.READ)
@blueprint.arguments(VantageQuery(), location="query")
@blueprint.response(200, _FILE, content_type=XML)
@blueprint.refuses(404)
def get_iati(query: dict[str, Any], pledge: str) -> Response:
    """Show a pledge as an IATI activity with its results."""
    at = vantage(query)
    content = iati.activities([_gathered(pledge, at)], _publisher())

    def show() -> Response:
        return Response(iati.head(at.instant) + content + iati.TAIL, mimetype=XML)

    return unless_known(_digest(content), show, is_weak=True)


@blueprint.route("/pledges/<slug:pledge>/ocds.json", methods=["GET"])
@needs(Scope.READ)
@blueprint.arguments(VantageQuery(), location="query")
@blueprint.response(200, _PACKAGE, content_type=JSON)
@blueprint.refuses(404)
def get_ocds(query: dict[str, Any], pledge: str) -> Response:
    """Show a pledge as an OCDS release with its milestones, in a package."""
    at = vantage(query)
    pages = [[_gathered(pledge, at)]]
    content = b"".join(ocds.package(pages, _publisher(), address=_address(), now=at.instant))
    return unless_known(_digest(content), lambda: Response(content, mimetype=JSON), is_weak=True)


@blueprint.route("/initiatives/<slug:initiative>/iati.xml", methods=["GET"])
@needs(Scope.READ)
@blueprint.arguments(VantageQuery(), location="query")
@blueprint.response(200, _FILE, content_type=XML)
@blueprint.refuses(404)
def stream_iati(query: dict[str, Any], initiative: str) -> Response:
    """Show an initiative, all under it and every pledge of theirs as IATI activities."""
    at = vantage(query)
    family = gather_initiatives(runtime().database, at, initiative)
    pages = gather(runtime().database, runtime().rules, at, initiative)
    return _streamed(iati.document(pages, family, _publisher(), now=at.instant), XML)


@blueprint.route("/initiatives/<slug:initiative>/ocds.json", methods=["GET"])
@needs(Scope.READ)
@blueprint.arguments(VantageQuery(), location="query")
@blueprint.response(200, _PACKAGE, content_type=JSON)
@blueprint.refuses(404)
def stream_ocds(query: dict[str, Any], initiative: str) -> Response:
    """Show every pledge of an initiative and of all under it as an OCDS release, in one package."""
    at = vantage(query)
    pages = gather(runtime().database, runtime().rules, at, initiative)
    return _streamed(ocds.package(pages, _publisher(), address=_address(), now=at.instant), JSON)


def _address() -> str:
    """Where the answer to this request is to be had again."""
    query = request.query_string.decode()
    return f"{runtime().settings.public_url}{request.path}{query and '?'}{query}"


def _publisher() -> Publisher:
    return publisher(runtime().settings)


def _gathered(pledge: str, at: Vantage) -> Attributed:
    return gather_one(runtime().database, pledge, runtime().rules, at)


def _streamed(pieces: Iterator[bytes], mimetype: str) -> Response:
    """An answer piece by piece; refused, if at all, before the first pledges are at hand."""
    first = list(islice(pieces, 2))
    return Response(chain(first, pieces), mimetype=mimetype)


def _digest(content: bytes) -> str:
    """What a file says, apart from when it was made, in a few letters."""
    return hashlib.sha256(content).hexdigest()[:32]
