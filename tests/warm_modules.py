"""What a warm process has imported before it is forked: see tests/warm.py. Nothing here may read settings."""

import flask.cli
import gunicorn.app.wsgiapp
import gunicorn.workers.gthread
import huey.consumer

import fake_stripe.server
import payapp.assembly
import tests.ledger.crashing
import tests.webhooks.senders

__all__ = ["fake_stripe", "flask", "gunicorn", "huey", "payapp", "tests"]
