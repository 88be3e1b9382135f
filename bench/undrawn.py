"""payapp with one thing replaced: the QR code comes ready-made, so that spends/s measure payapp and not segno.

Route, login, CSRF, hold, capture and page are the real ones; the page carries a whole code.
"""

from payapp import create_app
from payapp.features import qr_codes

READY_MADE = qr_codes.make_qr_code("https://example.com/")


def hand_out(text: str) -> qr_codes.QrCode:
    """Return the code that was drawn at the start, whatever the text."""
    return READY_MADE


qr_codes.make_qr_code = hand_out
app = create_app()
