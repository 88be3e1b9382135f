"""Programs: the HTTP API under /api/v1, JSON, with API keys. One file a resource."""

from flask import Flask

# Each resource puts its routes on the blueprint when it is imported.
from payapp.api import balance, entries, holds, spends  # noqa: F401
from payapp.api.blueprint import blueprint
from payapp.api.document import blueprint as docs_blueprint
from payapp.api.document import describe


def init_app(app: Flask) -> None:
    """Register the API, its OpenAPI document and the page that explains it."""
    app.register_blueprint(blueprint)
    describe(app, blueprint)
    app.register_blueprint(docs_blueprint)
