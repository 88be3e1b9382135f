"""What a warm process has imported before it is forked: see tests/warm.py. Nothing here may read settings."""

import alembic.command
import email_validator
import flask.cli
import flask_migrate
import gunicorn.app.wsgiapp
import gunicorn.workers.gthread
import huey.consumer

import fake_stripe.server
import payapp.assembly
import payapp.cli.api_keys
import payapp.cli.dev
import payapp.cli.ledger
import payapp.cli.packages
import payapp.cli.purchases
import payapp.cli.stripe_commands
import payapp.cli.users
import payapp.jobs.sweeping
import tests.ledger.crashing
import tests.webhooks.senders
from tests.compiled_templates import keep_compiled_templates

keep_compiled_templates()

__all__ = ["alembic", "email_validator", "fake_stripe", "flask", "flask_migrate", "gunicorn", "huey", "payapp", "tests"]
