"""Applications for tests: made once, then used again by the next test with the same settings.

To make one takes longer than most tests: it compiles every route and describes the API. Its engine stays the
database's: it has compiled the statements that every test sends.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import astuple, replace
from pathlib import Path
from typing import Any, cast

import psycopg
from flask import Flask
from sqlalchemy import Engine, QueuePool, create_engine, event

from payapp import create_app
from payapp.api.remembered_keys import RememberedKeys
from payapp.api.request_counts import make_request_counts
from payapp.config import load_settings
from payapp.database.base import engine_options, prepare_engine
from payapp.extensions import db
from payapp.stripe_service import StripeService
from payapp.web.trusted_hosts import RefusedNames
from tests.databases import LENT
from tests.people import IsolatedClient
from tests.processes import SECRET_KEY, WEBHOOK_SECRET

# What an application remembers of what has happened to it; each test begins without.
RENEWED = (
    "payapp_settings",
    "payapp_stripe",
    "payapp_request_counts",
    "payapp_remembered_keys",
    "payapp_refused_names",
    "payapp_not_ready",
)

# Where a test could listen to an engine.
ENGINE_EVENTS = ("begin", "commit", "rollback", "before_execute", "before_cursor_execute", "after_cursor_execute")
POOL_EVENTS = ("connect", "checkout", "checkin")


def settings_for(database_url: str, instance_path: Path) -> dict[str, str]:
    """Return the settings of an application under test."""
    return {
        "PAYAPP_ENV": "development",
        "PAYAPP_INSTANCE_PATH": str(instance_path),
        "DATABASE_URL": database_url,
        "SECRET_KEY": "a key for tests only",
        "STRIPE_SECRET_KEY": SECRET_KEY,
        "STRIPE_WEBHOOK_SECRET": WEBHOOK_SECRET,
        "STRIPE_API_BASE": "http://localhost:9",  # nobody listens: tests that need Stripe start the stand-in
        "STRIPE_PRICE_STARTER": "",
        "STRIPE_PRICE_GROWTH": "",
        "STRIPE_PRICE_PRO": "",
        "APP_BASE_URL": "http://localhost",
        "TRUSTED_HOSTS": "",
        "RATELIMIT_STORAGE_URI": "memory://",
        "MAIL_URL": "none",  # tests of mails set another
        "MAIL_FROM": "",
    }


class Applications:
    """Those that no test uses just now, by their settings and what the environment adds to them."""

    def __init__(self) -> None:
        self._idle: defaultdict[str, list[tuple[Flask, str]]] = defaultdict(list)
        self._engines: dict[str, tuple[Engine, str]] = {}

    @contextmanager
    def lend(self, settings: Mapping[str, str]) -> Iterator[Flask]:
        """Yield an application. It is used again only if the test leaves it as it was made."""
        key = repr(astuple(replace(load_settings(settings), database_url="", instance_path=Path())))
        if idle := self._idle[key]:
            app, as_made = idle.pop()
            _renew(app, settings)
        else:
            app = create_app(settings)
            app.testing, app.test_client_class = True, IsolatedClient
            as_made = _describe(app)
        config = dict(app.config)
        with self._connect(app):
            yield app
        app.config.clear()
        app.config.update(config)
        if _describe(app) == as_made:
            self._idle[key].append((app, as_made))

    @contextmanager
    def _connect(self, app: Flask) -> Iterator[None]:
        """Give an application the engine of its database, kept unless the test changes it."""
        url = app.config["SQLALCHEMY_DATABASE_URI"]
        options = engine_options(url)
        key = repr((url, options))
        if key not in self._engines:
            engine = create_engine(url, **options)
            prepare_engine(engine)
            event.listen(engine, "connect", _introduce)
            self._engines[key] = engine, _describe_engine(engine)
        with app.app_context():
            db.engines[None] = self._engines[key][0]  # type: ignore[index]
        yield
        engine, as_made = self._engines[key]
        if engine.dialect.name == "sqlite" or cast(QueuePool, engine.pool).checkedout():
            engine.dispose()
        if _describe_engine(engine) != as_made:
            del self._engines[key]


def _renew(app: Flask, overrides: Mapping[str, str]) -> None:
    """Give an application another test's settings and folder, and a service that has not talked with Stripe yet."""
    settings = load_settings(overrides)
    app.config["SQLALCHEMY_DATABASE_URI"] = settings.database_url
    app.config["SQLALCHEMY_ENGINE_OPTIONS"] = engine_options(settings.database_url)
    app.instance_path = str(settings.instance_path)
    app.extensions["payapp_settings"] = settings
    app.extensions["payapp_stripe"] = StripeService(
        settings.stripe_secret_key, settings.stripe_webhook_secrets, settings.stripe_api_base
    )
    app.extensions["payapp_request_counts"] = make_request_counts(settings.ratelimit_storage_uri)
    app.extensions["payapp_remembered_keys"] = RememberedKeys()
    app.extensions["payapp_refused_names"] = RefusedNames()
    app.extensions.pop("payapp_not_ready", None)
    app._got_first_request = False  # the test may add routes


def _introduce(connection: Any, _record: Any) -> None:
    """Name a connection to PostgreSQL, which stays open for the next test; SQLite's end with their file."""
    if isinstance(connection, psycopg.Connection):
        connection.execute("SELECT set_config('application_name', %s, false)", [LENT])
        connection.commit()


def _describe_engine(engine: Engine) -> str:
    """Return who listens to it."""
    of_engine = [getattr(engine.dispatch, name) for name in ENGINE_EVENTS]
    of_pool = [getattr(engine.pool.dispatch, name) for name in POOL_EVENTS]
    return repr([list(listeners) for listeners in of_engine + of_pool])


def _describe(app: Flask) -> str:
    """Return all that a test could have changed and that is not put back: routes, handlers, extensions, globals."""
    extensions = {name: id(value) for name, value in app.extensions.items() if name not in RENEWED}
    hooks = [
        app.before_request_funcs,
        app.after_request_funcs,
        app.teardown_request_funcs,
        app.teardown_appcontext_funcs,
        app.template_context_processors,
        _list_error_handlers(app),
        app.view_functions,
    ]
    others = (app.wsgi_app, app.test_client_class, len(list(app.url_map.iter_rules())), sorted(app.jinja_env.globals))
    return repr((extensions, hooks, others))


def _list_error_handlers(app: Flask) -> list[Any]:
    """Flask makes an empty place for every kind of error that it looks for."""
    return [
        (scope, code, handlers)
        for scope, by_code in app.error_handler_spec.items()
        for code, handlers in by_code.items()
        if handlers
    ]
