"""The QR code from which an authenticator app takes its secret, drawn here: no other site learns it."""

from markupsafe import Markup

from payapp.auth.factors.totp import make_totp_address


def draw_for_app(secret: str, email: str) -> Markup:
    """Return inline SVG of the address that the app reads."""
    import segno  # a twentieth of the start, and few pages'

    code = segno.make(make_totp_address(secret, email), error="m", micro=False)
    # segno's own markup of its own path data: nothing of the text goes into it.
    return Markup(code.svg_inline(border=4, light="#fff", dark="#000", omitsize=True))  # nosec B704  # noqa: S704  (drawn by segno)
