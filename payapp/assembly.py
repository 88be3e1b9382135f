"""Puts the application together: settings, extensions, doors."""

from collections.abc import Mapping
from datetime import timedelta
from functools import partial
from typing import Any

from flask import Flask
from werkzeug.local import LocalProxy
from werkzeug.middleware.proxy_fix import ProxyFix

from payapp import admin, api, cli
from payapp.account.routes import blueprint as account_blueprint
from payapp.api.remembered_keys import RememberedKeys
from payapp.api.request_counts import make_request_counts
from payapp.auth.api_keys.routes import blueprint as api_keys_blueprint
from payapp.auth.by_mail.routes import blueprint as by_mail_blueprint
from payapp.auth.email_change.routes import blueprint as email_change_blueprint
from payapp.auth.factors.routes import blueprint as factors_blueprint
from payapp.auth.freshness.routes import blueprint as freshness_blueprint
from payapp.auth.login_sessions import IDLE_SECONDS_MAX
from payapp.auth.routes import blueprint as auth_blueprint
from payapp.auth.second_step.routes import blueprint as second_step_blueprint
from payapp.config import PROJECT_ROOT, Settings, load_settings
from payapp.credits.routes import blueprint as credits_blueprint
from payapp.database.base import engine_options, prepare_engine
from payapp.extensions import csrf, db, login_manager, release_connection
from payapp.features.qr_batches.routes import blueprint as qr_batches_blueprint
from payapp.features.routes import blueprint as features_blueprint
from payapp.landing.routes import blueprint as landing_blueprint
from payapp.probes import routes as operations
from payapp.stripe_service import StripeService
from payapp.web import entrance, errors, input_guards, mailing, pages, seats, sessions, trusted_hosts
from payapp.web.cookies import name_cookie
from payapp.webhooks.routes import blueprint as webhooks_blueprint

MAX_BODY_BYTES = 1024 * 1024


def assemble(overrides: Mapping[str, str] | None) -> Flask:
    """Return the application for the settings in the environment, with `overrides` on top. Raises ConfigError."""
    settings = load_settings(overrides)
    app = Flask("payapp", instance_path=str(settings.instance_path), static_folder=None)  # pages.py serves its files
    cli.init_app(app)
    _configure(app, settings)
    sessions.init_app(app)
    input_guards.init_app(app)
    entrance.init_app(app)
    _prepare_extensions(app)
    for blueprint in (
        landing_blueprint,
        auth_blueprint,
        second_step_blueprint,
        factors_blueprint,
        freshness_blueprint,
        account_blueprint,
        by_mail_blueprint,
        email_change_blueprint,
        api_keys_blueprint,
        credits_blueprint,
        features_blueprint,
        qr_batches_blueprint,
        webhooks_blueprint,
        admin.blueprint,
        operations.blueprint,
    ):
        app.register_blueprint(blueprint)
    api.init_app(app)
    pages.init_app(app)
    mailing.init_app(app)
    errors.init_app(app)
    seats.init_app(app)
    return app


def _configure(app: Flask, settings: Settings) -> None:
    app.config.update(
        SECRET_KEY=settings.secret_key,
        SECRET_KEY_FALLBACKS=settings.secret_key_fallbacks,
        SQLALCHEMY_DATABASE_URI=settings.database_url,
        SQLALCHEMY_ENGINE_OPTIONS=engine_options(settings.database_url),
        MAX_CONTENT_LENGTH=MAX_BODY_BYTES,
        MAX_FORM_MEMORY_SIZE=MAX_BODY_BYTES,
        TRUSTED_HOSTS=settings.trusted_hosts,
        SESSION_COOKIE_NAME=name_cookie("session", is_secure=settings.is_https),
        SESSION_COOKIE_SECURE=settings.is_https,
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Lax",
        PERMANENT_SESSION_LIFETIME=timedelta(seconds=IDLE_SECONDS_MAX),
        WTF_CSRF_TIME_LIMIT=None,  # a token lives as long as its session; a page left open overnight still works
        WTF_CSRF_SSL_STRICT=False,  # the session cookie is SameSite=Lax, and proxies strip referrers
        CHECKOUT_ORIGINS=settings.checkout_origins,
    )
    app.extensions["payapp_settings"] = settings
    app.extensions["payapp_stripe"] = StripeService(
        settings.stripe_secret_key, settings.stripe_webhook_secrets, settings.stripe_api_base
    )
    app.extensions["payapp_request_counts"] = make_request_counts(settings.ratelimit_storage_uri)
    app.extensions["payapp_remembered_keys"] = RememberedKeys()
    trusted_hosts.init_app(app, settings.trusted_hosts)
    if settings.trusted_proxies:
        hops = settings.trusted_proxies
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=hops, x_proto=hops, x_host=hops)  # type: ignore[method-assign]


def _prepare_extensions(app: Flask) -> None:
    db.init_app(app)
    app.teardown_appcontext(release_connection)  # the last one registered is the first one called
    app.extensions["migrate"] = LocalProxy(partial(_load_migrations, app))
    login_manager.init_app(app)
    csrf.init_app(app)
    with app.app_context():
        prepare_engine(db.engine)


def _load_migrations(app: Flask) -> Any:
    """Return what `flask db` asks for, set up when it first asks: Alembic is a tenth of the start, and no page's."""
    from flask_migrate import Migrate

    Migrate(app, db, directory=str(PROJECT_ROOT / "migrations"))
    return app.extensions["migrate"]
