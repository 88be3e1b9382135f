"""How doors send mail: ordered in the transaction of what it tells, and sent by the worker once that is committed."""

from flask import Flask
from sqlalchemy.orm import Session

from payapp.mail.outbox import post_mail
from payapp.web.services import get_settings


def init_app(app: Flask) -> None:
    """Let every template ask has_mail()."""
    app.jinja_env.globals["has_mail"] = has_mail


def has_mail() -> bool:
    """Whether this installation sends mails. Where it does not, nothing that needs them is offered."""
    return get_settings().mail_transport is not None


def order_mail(session: Session, kind: str, address: str, user_id: int | None = None, **data: str) -> None:
    """Order a mail of this kind (payapp/mail/kinds.py); nothing where there is no mail. The caller commits.

    Then call_mailer(). `data` is stored: no secret may stand in it.
    """
    if has_mail():
        post_mail(session, kind, address, user_id, data)


def call_mailer() -> None:
    """Have the worker send what was ordered, now. Call it after the commit; lost, it is made up for within a minute."""
    if has_mail():
        from payapp.jobs.queue import call_worker  # huey takes a while, and most pages send no mail

        call_worker(get_settings(), "send_mails")
