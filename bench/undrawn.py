"""payapp as the benchmark serves it: the QR code comes ready-made, so that spends/s measure payapp and not segno.

Route, login, CSRF, hold, capture and page are the real ones; the page carries a whole code. Passwords are hashed
quickly: people log in before anything is measured.
"""

from payapp import create_app
from payapp.auth import accounts
from payapp.features import qr_codes
from tests.quick_hashes import QUICK_HASHER

READY_MADE = qr_codes.make_qr_code("https://example.com/")


def hand_out(text: str) -> qr_codes.QrCode:
    """Return the code that was drawn at the start, whatever the text."""
    return READY_MADE


accounts.hasher = QUICK_HASHER
qr_codes.make_qr_code = hand_out
app = create_app()
