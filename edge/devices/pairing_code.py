"""A pairing code as a QR symbol, drawn as SVG: black on white, whatever the colours of the page."""

from __future__ import annotations

import numpy as np
import zxingcpp

_QUIET = 4  # modules, ISO/IEC 18004


def svg(text: str) -> str:
    """The QR symbol of `text`, one unit a module, with its quiet zone."""
    symbol = zxingcpp.create_barcode(text, zxingcpp.BarcodeFormat.QRCode)
    dark = np.asarray(symbol.to_image(scale=1, add_quiet_zones=False)) < 128  # noqa: PLR2004 - mid grey
    size = dark.shape[0] + 2 * _QUIET
    drawn = "".join(f"M{x + _QUIET} {y + _QUIET}h1v1h-1z" for y, x in np.argwhere(dark))
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {size} {size}" class="qr" role="img" aria-label="QR">'
        f'<path fill="#fff" d="M0 0h{size}v{size}H0z"/><path fill="#000" d="{drawn}"/></svg>'
    )
