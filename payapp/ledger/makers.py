"""Who makes holds. A hold is its maker's alone: nobody else ends it, the account's owner included.

Makers also keep each other's idempotency keys apart: `order-7` of a service is not the user's `order-7`.
"""

APP = "app"  # payapp itself: its features and commands
USER = "user"  # the account's own programs, whichever of its keys they use
# Made through the API before makers were written down: as then, any program that may act for the account ends it, and
# its key is taken for all of them. The app is none, but looks for no such key.
ANY_PROGRAM = "program"


def service(name: str) -> str:
    """Return the service with this name as a maker. All keys of the name are one service, so one can be rotated."""
    return f"service:{name}"
