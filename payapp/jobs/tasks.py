"""The clock's door: Huey tasks, each two lines that call the core. Started by `huey_consumer payapp.jobs.tasks.huey`.

The queue lives beside the data: a SQLite file, or tables in the same PostgreSQL. Running a job twice, or on two
hosts at once, is harmless. A PostgreSQL that is away is waited for, at the start (importing this module connects) and
later.
"""

import logging
from contextvars import copy_context
from datetime import timedelta
from functools import cache
from threading import Lock
from typing import Any

from flask import Flask
from huey import Huey, PostgresHuey, SqliteHuey, crontab
from huey.consumer import Consumer
from psycopg import Connection, connect
from psycopg.errors import UniqueViolation
from sqlalchemy.engine import make_url

from payapp import create_app
from payapp.api.idempotency import forget_old_requests
from payapp.auth.limits import forget_old_counters
from payapp.billing.customer_sync import list_users_to_sync, sync_customers
from payapp.config import Settings, load_settings
from payapp.database.base import POSTGRES_TIMES
from payapp.database.waiting import DatabaseWait
from payapp.extensions import db
from payapp.jobs.sweeping import sweep_and_log
from payapp.ledger.holds import expire_holds
from payapp.web.services import get_stripe

log = logging.getLogger(__name__)


def make_huey(settings: Settings) -> Huey:
    """Return the job queue beside the database of `settings`."""
    url = make_url(settings.database_url)
    if url.get_backend_name() == "sqlite":
        return SqliteHuey("payapp", filename=str(settings.instance_path / "jobs.db"), results=False)
    return PatientHuey(url.set(drivername="postgresql").render_as_string(hide_password=False), str(url.database))


class PatientHuey(PostgresHuey):
    """A queue in PostgreSQL that waits for its server: for ever, unless the consumer is to stop."""

    def __init__(self, dsn: str, name: str) -> None:
        self._dsn, self._wait = dsn, DatabaseWait(name)
        super().__init__("payapp", connection=self._connect, create_tables=False, blocking=False, results=False)
        self._wait.call(self._make_tables)

    def create_consumer(self, **options: Any) -> Consumer:
        """Return a consumer whose order to stop also ends a wait."""
        consumer = super().create_consumer(**options)
        self._wait.is_over = consumer.stop_flag
        return consumer

    def _make_tables(self) -> None:
        """Make the queue's tables. Of two processes that do so at once PostgreSQL refuses the second, whatever IF NOT
        EXISTS says, once the first has committed: then they are there."""
        try:
            self.storage.initialize_schema()
        except UniqueViolation:
            self.storage.initialize_schema()

    def _connect(self) -> Connection:
        """Polling, not LISTEN, and nothing prepared: neither passes a transaction pooler."""
        times: dict[str, Any] = dict(POSTGRES_TIMES)
        return self._wait.call(lambda: connect(self._dsn, prepare_threshold=None, **times))


huey = make_huey(load_settings())


making_app = Lock()


def _app() -> Flask:
    """Return this process's application, made for the first job; two workers may begin at the same moment."""
    with making_app:
        return _make_app()


@cache
def _make_app() -> Flask:
    return create_app()


@huey.periodic_task(crontab(minute="*"))
def expire_overdue_holds() -> None:
    """Every minute: free the credits of holds that nobody captured or released in time."""
    with _app().app_context():
        while ended := expire_holds(db.session()):
            db.session.commit()
            log.info("expired %s holds", ended)


@huey.periodic_task(crontab(minute="17"))
def forget_old_api_requests() -> None:
    """Every hour: delete the API's stored answers of more than 72 hours ago."""
    with _app().app_context():
        while forgotten := forget_old_requests(db.session()):
            db.session.commit()
            log.info("forgot %s answers of the API", forgotten)


@huey.periodic_task(crontab(minute="47"))
def forget_old_rate_counters() -> None:
    """Every hour: delete the counts of logins and sign-ups whose quarter of an hour has passed."""
    with _app().app_context():
        while forgotten := forget_old_counters(db.session()):
            db.session.commit()
            log.info("forgot %s counts of logins and sign-ups", forgotten)


@huey.periodic_task(crontab(minute="*/10"))
def make_missing_customers() -> None:
    """Every ten minutes: make the Stripe customers that are missing, and push the addresses that have changed."""
    with _app().app_context():
        for result in sync_customers(db.session(), get_stripe(), list_users_to_sync(db.session())):
            log.info("customer of user %s: %s (%s)", result.user_id, result.outcome, result.error or "no error")


# Stripe tries to deliver an event for three days, so a week holds whatever an outage can have lost, with room for a
# weekend. Source: https://docs.stripe.com/webhooks#automatic-retries
RECENTLY = timedelta(days=7)
# A card payment may be disputed for 120 days, and a refund that succeeded may still fail weeks later.
# Source: https://docs.stripe.com/disputes/how-disputes-work
LATELY = timedelta(days=120)


@huey.periodic_task(crontab(minute="5,15,25,35,45,55"))  # between two rounds of make_missing_customers()
def reconcile_recent() -> None:
    """Every ten minutes: compare the last week with Stripe, and put right what was missed."""
    with _app().app_context():
        copy_context().run(sweep_and_log, db.session(), get_stripe(), RECENTLY)


@huey.periodic_task(crontab(hour="3", minute="25"))
def reconcile_thoroughly() -> None:
    """Once a day: the same for the time in which money can still come back."""
    with _app().app_context():
        copy_context().run(sweep_and_log, db.session(), get_stripe(), LATELY)
