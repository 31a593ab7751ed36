"""The WSGI application: API, pages, health, metrics."""

from collections.abc import Callable, Mapping
from contextlib import suppress
from functools import cache, cached_property, lru_cache, partial
from typing import Any

from flask import Flask, Request
from werkzeug.exceptions import HTTPException
from werkzeug.routing import MapAdapter, Rule

from pledgetracker import logs, telemetry
from pledgetracker import runtime as composition
from pledgetracker.api import blueprint, browsers, document, health, limits, metrics, problems
from pledgetracker.dashboard import pages
from pledgetracker.runtime import Runtime
from pledgetracker.web import EXTENSION

MAX_BODY_BYTES = 1024 * 1024
REMEMBERED_ROUTES = 4096
# In characters. Files may be asked for by names of any length, and nobody shall fill the memory with them.
LONGEST_REMEMBERED = 256
# How Flask asks for the route of a request.
ITSELF = {"return_rule": True}


class Route(Rule):
    """A route that learns how to make its address when first asked for it: few are, and it takes long."""

    def _compile_builder(self, append_unknown: bool = True) -> Callable[..., tuple[str, str]]:
        made = cache(partial(super()._compile_builder, append_unknown))

        def build(route: Rule, **values: Any) -> tuple[str, str]:
            return made()(route, **values)

        return build


class Finder(MapAdapter):
    """Finds the route of a request, and remembers it: to look it up takes a sixth of what a GET takes."""

    def __init__(self, app: "Application", request: Request) -> None:
        address = (request.root_path, "", request.scheme, request.path, request.method)
        super().__init__(app.url_map, "", *address)
        self._known = app.known_route

    def match(self, *said: Any, **named: Any) -> Any:
        """See MapAdapter; what Flask asks for is the route of the request itself."""
        if said or named != ITSELF or len(self.path_info) > LONGEST_REMEMBERED:
            return super().match(*said, **named)
        with suppress(HTTPException):
            rule, arguments = self._known(self.path_info, self.default_method)
            return rule, {**arguments}
        # An address that leads nowhere is not remembered, and where else to go depends on the request.
        return super().match(**named)


class Application(Flask):
    """A Flask application without coroutines, sessions or routes that ask for a host."""

    url_rule_class = Route

    @cached_property
    def known_route(self) -> Callable[[str, str], tuple[Rule, Mapping[str, Any]]]:
        """The route of a path and method, and what its placeholders stand for."""
        found = partial(self.url_map.bind("").match, return_rule=True)
        return lru_cache(REMEMBERED_ROUTES)(found)

    def create_url_adapter(self, request: Request | None) -> MapAdapter | None:
        """What finds the route of a request by its path and method; addresses that it makes name no host."""
        return super().create_url_adapter(None) if request is None else Finder(self, request)

    def ensure_sync(self, func: Callable[..., Any]) -> Callable[..., Any]:
        """`func` as it is: none is a coroutine, and Flask would look at each of four a request."""
        return func


def create(runtime: Runtime | None = None) -> Flask:
    """The application over `runtime`, or over one made from environment and settings file.

    Raises:
        SettingsError: settings are wrong.
    """
    app = Application("pledgetracker", static_folder=None)
    app.extensions[EXTENSION] = runtime or _started()
    telemetry.register(app)
    app.config["MAX_CONTENT_LENGTH"] = MAX_BODY_BYTES
    app.url_map.merge_slashes = False
    blueprint.add_converters(app)
    document.register(app)
    app.register_blueprint(health.blueprint)
    app.register_blueprint(metrics.blueprint)
    app.register_blueprint(pages.blueprint)
    problems.register(app)
    browsers.register(app)
    limits.register(app)
    return app


def _started() -> Runtime:
    """A runtime of this process's own, and its log: server processes inherit neither everywhere."""
    runtime = composition.start()
    logs.start(runtime.settings)
    return runtime
