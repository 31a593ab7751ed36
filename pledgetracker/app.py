"""The WSGI application: API, pages, health, metrics."""

from collections.abc import Callable
from functools import cache, partial
from typing import Any

from flask import Flask, Request
from werkzeug.routing import MapAdapter, Rule

from pledgetracker import logs, telemetry
from pledgetracker import runtime as composition
from pledgetracker.api import blueprint, browsers, document, health, limits, metrics, problems
from pledgetracker.dashboard import pages
from pledgetracker.runtime import Runtime
from pledgetracker.web import EXTENSION

MAX_BODY_BYTES = 1024 * 1024


class Route(Rule):
    """A route that learns how to make its address when first asked for it: few are, and it takes long."""

    def _compile_builder(self, append_unknown: bool = True) -> Callable[..., tuple[str, str]]:
        made = cache(partial(super()._compile_builder, append_unknown))

        def build(route: Rule, **values: Any) -> tuple[str, str]:
            return made()(route, **values)

        return build


class Application(Flask):
    """A Flask application without coroutines, sessions or routes that ask for a host."""

    url_rule_class = Route

    def create_url_adapter(self, request: Request | None) -> MapAdapter | None:
        """What finds the route of a request by its path and method; addresses that it makes name no host."""
        if request is None:
            return super().create_url_adapter(None)
        return MapAdapter(
            self.url_map, "", request.root_path, "", request.scheme, request.path, request.method
        )

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
