"""Applications for tests: made once, then used again by the next test with the same settings.

To make one takes longer than most tests: it compiles every route and describes the API. Only the database is new.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import astuple, replace
from pathlib import Path
from typing import Any

from flask import Flask
from jinja2 import BytecodeCache
from jinja2.bccache import Bucket
from sqlalchemy import create_engine

from payapp import create_app
from payapp.api.request_counts import make_request_counts
from payapp.config import load_settings
from payapp.database.base import engine_options, prepare_engine
from payapp.extensions import db
from payapp.stripe_service import StripeService
from payapp.web.trusted_hosts import RefusedNames
from tests.people import IsolatedClient

# What an application remembers of what has happened to it; each test begins without.
RENEWED = ("payapp_settings", "payapp_stripe", "payapp_request_counts", "payapp_refused_names", "payapp_not_ready")


class CompiledTemplates(BytecodeCache):
    """Templates that this process has compiled: every Flask application would compile them anew."""

    def __init__(self) -> None:
        self._codes: dict[str, bytes] = {}

    def load_bytecode(self, bucket: Bucket) -> None:
        if bucket.key in self._codes:
            bucket.bytecode_from_string(self._codes[bucket.key])

    def dump_bytecode(self, bucket: Bucket) -> None:
        self._codes[bucket.key] = bucket.bytecode_to_string()


class Applications:
    """Those that no test uses just now, by their settings and what the environment adds to them."""

    def __init__(self) -> None:
        self._idle: defaultdict[str, list[tuple[Flask, str]]] = defaultdict(list)

    @contextmanager
    def lend(self, settings: Mapping[str, str]) -> Iterator[Flask]:
        """Yield an application. It is used again only if the test leaves it as it was made."""
        key = repr(astuple(replace(load_settings(settings), database_url="", instance_path=Path())))
        if idle := self._idle[key]:
            app, as_made = idle.pop()
            _connect(app, settings)
        else:
            app = create_app(settings)
            app.testing, app.test_client_class = True, IsolatedClient
            as_made = _describe(app)
        yield app
        with app.app_context():
            db.engine.dispose()
        if _describe(app) == as_made:
            self._idle[key].append((app, as_made))


def _connect(app: Flask, overrides: Mapping[str, str]) -> None:
    """Give an application another test's database and folder, and a service that has not talked with Stripe yet."""
    settings = load_settings(overrides)
    app.config["SQLALCHEMY_DATABASE_URI"] = settings.database_url
    app.config["SQLALCHEMY_ENGINE_OPTIONS"] = engine_options(settings.database_url)
    app.instance_path = str(settings.instance_path)
    app.extensions["payapp_settings"] = settings
    app.extensions["payapp_stripe"] = StripeService(
        settings.stripe_secret_key, settings.stripe_webhook_secrets, settings.stripe_api_base
    )
    app.extensions["payapp_request_counts"] = make_request_counts(settings.ratelimit_storage_uri)
    app.extensions["payapp_refused_names"] = RefusedNames()
    app.extensions.pop("payapp_not_ready", None)
    app._got_first_request = False  # the test may add routes
    with app.app_context():
        engine: Any = create_engine(settings.database_url, **engine_options(settings.database_url))
        db.engines[None] = engine  # type: ignore[index]
        prepare_engine(engine)


def _describe(app: Flask) -> str:
    """Return all that a test could have changed: settings, routes, handlers, extensions, template globals."""
    config = {name: value for name, value in app.config.items() if not name.startswith("SQLALCHEMY_")}
    extensions = {name: id(value) for name, value in app.extensions.items() if name not in RENEWED}
    hooks = [
        app.before_request_funcs,
        app.after_request_funcs,
        app.teardown_request_funcs,
        app.teardown_appcontext_funcs,
        app.template_context_processors,
        app.error_handler_spec,
        app.view_functions,
    ]
    others = (app.wsgi_app, app.test_client_class, len(list(app.url_map.iter_rules())), sorted(app.jinja_env.globals))
    return repr((config, extensions, hooks, others))
