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

from flask import Flask
from huey import crontab

from payapp import create_app
from payapp.api.idempotency import forget_old_requests
from payapp.auth.factors.challenges import forget_old_challenges
from payapp.auth.limits import forget_old_counters
from payapp.auth.login_sessions import forget_old_logins
from payapp.auth.second_step.pending_logins import forget_old_pending_logins
from payapp.billing.customer_sync import list_users_to_sync, sync_customers
from payapp.config import load_settings
from payapp.extensions import db
from payapp.features.qr_batches import forget_old_batches
from payapp.jobs.mails import send_waiting_mails
from payapp.jobs.qr_batches import make_next_batch
from payapp.jobs.queue import make_huey
from payapp.jobs.sweeping import sweep_and_log
from payapp.ledger.holds import expire_holds
from payapp.mail.links import forget_old_links
from payapp.mail.outbox import forget_old_mails
from payapp.web.services import get_settings, get_stripe

log = logging.getLogger(__name__)


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


@huey.periodic_task(crontab(minute="*"))
def make_qr_batches() -> None:
    """Whenever a page calls for it, and every minute: make a batch of QR codes, if one waits."""
    with _app().app_context():
        if make_next_batch(db.session()):
            make_qr_batches()  # the next one stands in line behind the other jobs


@huey.periodic_task(crontab(minute="*"))
def send_mails() -> None:
    """Whenever a page calls for it, and every minute: send the mails that wait."""
    with _app().app_context():
        if send_waiting_mails(db.session(), get_settings()):
            send_mails()  # the rest stands in line behind the other jobs


@huey.periodic_task(crontab(minute="7"))
def forget_sent_mails() -> None:
    """Every hour: forget the mails of more than 30 days ago, and the links that nobody has used in time."""
    with _app().app_context():
        for forget, what in ((forget_old_mails, "mails"), (forget_old_links, "links")):
            while forgotten := forget(db.session()):
                db.session.commit()
                log.info("forgot %s %s", forgotten, what)


@huey.periodic_task(crontab(minute="27"))
def forget_old_qr_batches() -> None:
    """Every hour: forget the lists and ZIP files of the day before."""
    with _app().app_context():
        while forgotten := forget_old_batches(db.session()):
            db.session.commit()
            log.info("forgot %s batches of QR codes", forgotten)


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


@huey.periodic_task(crontab(minute="37"))
def forget_ended_logins() -> None:
    """Every hour: delete the logins that nobody has used for a month, or that are three months old."""
    with _app().app_context():
        while forgotten := forget_old_logins(db.session()):
            db.session.commit()
            log.info("forgot %s logins", forgotten)


@huey.periodic_task(crontab(minute="57"))
def forget_unfinished_logins() -> None:
    """Every hour: delete the logins whose second step never came, and what passkeys did not answer."""
    with _app().app_context():
        while forgotten := forget_old_pending_logins(db.session()) + forget_old_challenges(db.session()):
            db.session.commit()
            log.info("forgot %s unfinished logins and unanswered challenges", forgotten)


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
