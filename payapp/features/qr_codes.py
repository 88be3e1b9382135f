"""The first priced feature: a QR code, as SVG for the page and PNG to keep."""

import io
from dataclasses import dataclass
from typing import TYPE_CHECKING

from markupsafe import Markup

if TYPE_CHECKING:
    from segno import QRCode

TEXT_LENGTH_MAX = 1000


@dataclass(frozen=True)
class QrCode:
    """A QR code of `text`: inline SVG markup, and both kinds of file to keep, as data URLs."""

    text: str
    svg: Markup
    svg_data_url: str
    png_data_url: str


def make_qr_code(text: str) -> QrCode:
    """Return the QR code of `text`, at most TEXT_LENGTH_MAX characters. Raises ValueError if it does not fit."""
    code = _encode(text)
    # segno's own markup of its own path data: nothing of the text goes into it.
    svg = Markup(code.svg_inline(border=4, light="#fff", dark="#000", omitsize=True))  # nosec B704  # noqa: S704  (drawn by segno)
    return QrCode(
        text,
        svg,
        svg_data_url=code.svg_data_uri(scale=10, border=4, light="#fff"),
        png_data_url=code.png_data_uri(scale=10, border=4),
    )


def draw_files(text: str) -> dict[str, bytes]:
    """Return the QR code of `text` as files, by their suffix: png, svg. Raises ValueError if it does not fit."""
    code = _encode(text)
    files = {"png": io.BytesIO(), "svg": io.BytesIO()}
    for kind, file in files.items():
        code.save(file, kind=kind, scale=10, border=4, light="#fff")
    return {kind: file.getvalue() for kind, file in files.items()}


def _encode(text: str) -> "QRCode":
    import segno  # a twentieth of the start, and no other page's

    return segno.make(text, error="m", micro=False)
