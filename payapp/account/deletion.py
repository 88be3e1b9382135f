"""Deleting a user: the book stays, whoever it was goes. The session comes first, nothing is committed here.

docs/decisions/0011-deleted-accounts.md says what becomes of credits, of payments and of what comes afterwards.
"""

from sqlalchemy.orm import Session

from payapp.auth.accounts import anonymize_user
from payapp.auth.api_keys import revoke_all_of
from payapp.auth.factors.owned import remove_factors
from payapp.billing.checkout.closing import require_no_payment_under_way
from payapp.features.qr_batches import forget_batches_of
from payapp.ledger.closing import close_account
from payapp.mail.links import void_links
from payapp.mail.outbox import forget_mails_of


def delete_user(session: Session, user_id: int, unusable_hash: str) -> bool:
    """End everything that the user can do, give up their credits, and forget who it was; False if that was done before.

    Their payment pages must be closed (billing/checkout/closing.py). Raises PaymentUnderWayError and AccountInUseError:
    the caller rolls back then, and nothing has changed. Of two at once the second finds that it was done.
    """
    if not anonymize_user(session, user_id, unusable_hash):  # first: it locks the user, so nothing new begins
        return False
    require_no_payment_under_way(session, user_id)
    close_account(session, user_id)
    remove_factors(session, user_id)
    void_links(session, user_id)
    forget_mails_of(session, user_id)
    revoke_all_of(session, user_id)
    forget_batches_of(session, user_id)
    return True
