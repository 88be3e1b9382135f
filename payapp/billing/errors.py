"""What can go wrong while buying. Doors turn these into pages and answers."""


class BillingError(Exception):
    """Base of everything this room refuses."""


class UnknownPackageError(BillingError):
    """There is no package with this id."""

    def __init__(self, package_id: object) -> None:
        super().__init__(f"no package {package_id!r}")
        self.package_id = package_id


class PriceMismatchError(BillingError):
    """Stripe would charge another amount than our package list says. The Checkout session was closed again."""

    def __init__(self, package_id: str, expected: str, found: str) -> None:
        super().__init__(f"package {package_id} costs {expected} here, {found} at Stripe: see `flask packages check`")
        self.package_id = package_id


class CheckoutUnavailableError(BillingError):
    """No Checkout session could be opened just now. Nothing was charged; trying again may help."""


class CheckoutCompleteError(BillingError):
    """The customer has been through the Checkout page that was open: what they paid is dealt with, none is opened."""

    def __init__(self, checkout_session_id: str) -> None:
        super().__init__(f"Checkout session {checkout_session_id} is complete")
        self.checkout_session_id = checkout_session_id


class QuarantineError(BillingError):
    """A Checkout session does not agree with our books. Nothing was granted; staff must look at it."""


class UnknownPurchaseError(BillingError):
    """There is no purchase with this id."""

    def __init__(self, purchase_id: int) -> None:
        super().__init__(f"no purchase {purchase_id}")
        self.purchase_id = purchase_id


class AcceptanceRefusedError(BillingError):
    """This payment can't be accepted; the sentence says why. Nothing has moved."""


class RefundRefusedError(BillingError):
    """This refund can't be made; the sentence says why. Nothing was sent to Stripe, and nothing has moved."""


class RefundMadeBeforeError(BillingError):
    """The refund that is asked for was made before, for the same cause. Nothing has moved now."""

    def __init__(self, stripe_refund_id: str) -> None:
        super().__init__(f"this refund was made before: {stripe_refund_id}")
        self.stripe_refund_id = stripe_refund_id


class DeletedUserError(BillingError):
    """The user has deleted the account: nothing is bought for it any more, and no customer made."""

    def __init__(self, user_id: int) -> None:
        super().__init__(f"user {user_id} is deleted")
        self.user_id = user_id


class PaymentUnderWayError(BillingError):
    """Money of the user may be on its way, by this purchase: what it is for would be lost."""

    def __init__(self, purchase_id: int) -> None:
        super().__init__(f"purchase {purchase_id} is not settled")
        self.purchase_id = purchase_id
