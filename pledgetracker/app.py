"""The WSGI application: API, pages, health."""

from flask import Flask

from pledgetracker import runtime as composition
from pledgetracker.api import blueprint, document, health, problems
from pledgetracker.dashboard import pages
from pledgetracker.runtime import Runtime
from pledgetracker.web import EXTENSION

MAX_BODY_BYTES = 1024 * 1024


def create(runtime: Runtime | None = None) -> Flask:
    """The application over `runtime`, or over one made from environment and settings file.

    Raises:
        SettingsError: settings are wrong.
    """
    app = Flask("pledgetracker", static_folder=None)
    app.extensions[EXTENSION] = runtime or composition.start()
    app.config["MAX_CONTENT_LENGTH"] = MAX_BODY_BYTES
    app.url_map.merge_slashes = False
    blueprint.add_converters(app)
    document.register(app)
    app.register_blueprint(health.blueprint)
    app.register_blueprint(pages.blueprint)
    problems.register(app)
    return app
