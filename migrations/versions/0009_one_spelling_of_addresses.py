"""One spelling for each e-mail address, its domain in ASCII; and a place for addresses that Stripe has refused.

Two accounts whose addresses are one mailbox in two spellings stay as they are, and are named in the log: each is found
under its own spelling. Which of the two a person wants to keep nobody here can know.
"""

import logging
from collections import defaultdict

import sqlalchemy as sa
from alembic import op
from email_validator import EmailNotValidError, validate_email

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

log = logging.getLogger(__name__)

users = sa.table("users", sa.column("id", sa.BigInteger), sa.column("email", sa.String))


def upgrade() -> None:
    # Not in a batch: making the table anew would drop the ledger's triggers on SQLite.
    op.add_column("users", sa.Column("stripe_refused_email", sa.String(length=320), nullable=True))
    connection = op.get_bind()
    for email, user_ids in _respelled(connection).items():
        there = connection.scalars(sa.select(users.c.id).where(users.c.email == email)).all()
        if len(user_ids) + len(there) == 1:
            connection.execute(sa.update(users).where(users.c.id == user_ids[0]).values(email=email))
        else:
            names = ", ".join(str(user_id) for user_id in sorted([*there, *user_ids]))
            log.warning("users %s have one mailbox in several spellings and were left as they are", names)


def _respelled(connection: sa.Connection) -> dict[str, list[int]]:
    """Return the users whose address has another spelling, by that spelling. Only they are kept in memory."""
    found = defaultdict(list)
    for user_id, email in connection.execute(sa.select(users.c.id, users.c.email).order_by(users.c.id)):
        if not email.isascii() and (respelled := _in_one_spelling(email)) != email:
            found[respelled].append(user_id)
    return found


def _in_one_spelling(email: str) -> str:
    try:
        found = validate_email(email, check_deliverability=False, test_environment=True)
    except EmailNotValidError:
        return email
    return f"{found.local_part}@{found.ascii_domain}".lower()


def downgrade() -> None:
    """The addresses keep their spelling; the release before finds them under it alone."""
    op.drop_column("users", "stripe_refused_email")
