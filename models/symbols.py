"""Read barcodes: pixels in, payloads out, raw."""

from __future__ import annotations

import cv2
import zxingcpp

from models.measurements import Image, Symbol


def read(image: Image, *, budget_s: float = 1.0) -> tuple[Symbol, ...]:  # noqa: ARG001 - spent by the cascade
    """Every barcode of a BGR image."""
    grey = cv2.cvtColor(image, cv2.COLOR_BGR2GRAY)
    return tuple(
        Symbol(
            text=found.text,
            payload=found.bytes,
            identifier=found.symbology_identifier,
            format=found.format.name,
            corners=tuple(
                (float(p.x), float(p.y))
                for p in (
                    found.position.top_left,
                    found.position.top_right,
                    found.position.bottom_right,
                    found.position.bottom_left,
                )
            ),
            votes=1,
        )
        for found in zxingcpp.read_barcodes(grey, text_mode=zxingcpp.TextMode.Plain)
    )
