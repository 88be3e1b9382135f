"""Lists that are the worker's to make, as the tests of their pages and of the worker ask for them."""

from sqlalchemy import select, update
from sqlalchemy.orm import Session
from werkzeug.test import TestResponse

from payapp.database.sql_functions import database_now
from payapp.features.qr_batches.models import QrBatch
from payapp.ledger.models import Hold
from tests.people import Visitor, give_credits

PAGE = "/features/qr-code-batch"
TEXTS = ["a", "b", "c"]
CREDITS = 12
ONCE = "f" * 32


def ask(visitor: Visitor, texts: list[str] = TEXTS, request_id: str = ONCE, **fields: str) -> TestResponse:
    """Send the form of the price."""
    form = {"lines": "\n".join(texts), "cost": str(len(texts)), "request_id": request_id, **fields}
    return visitor.submit(f"{PAGE}/zip", **form)


def start(visitor: Visitor, session: Session) -> tuple[int, str]:
    """Sign up with CREDITS, and ask for TEXTS; return the user's id and the address of the batch's page."""
    user_id = give_credits(visitor, session, CREDITS)
    answer = ask(visitor)
    assert answer.status_code == 303, answer.text
    return user_id, answer.headers["Location"]


def row_of(session: Session, address: str) -> QrBatch:
    """Return the batch of a page as it stands in the database by now."""
    session.rollback()
    return session.get_one(QrBatch, int(address.rpartition("/")[2]), populate_existing=True)


def let_its_time_pass(session: Session, address: str) -> None:
    """The hold's hour is over."""
    hold_id = select(QrBatch.hold_id).where(QrBatch.id == int(address.rpartition("/")[2])).scalar_subquery()
    session.execute(update(Hold).where(Hold.id == hold_id).values(expires_at=database_now(-1)))
    session.commit()


def let_its_worker_fall_silent(session: Session) -> None:
    """Whoever was at a batch gave the last sign of it a minute ago."""
    session.execute(update(QrBatch).where(QrBatch.worked_on_at.is_not(None)).values(worked_on_at=database_now(-60)))
    session.commit()
