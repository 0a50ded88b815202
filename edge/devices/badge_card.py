"""A badge on paper: Code 128 for guns, DataMatrix for cameras, on a card of ISO/IEC 7810 size, as PDF or PNG.

The secret stands in the symbols only, never in letters.
"""

from __future__ import annotations

from pathlib import Path

from edge.devices.printed import Printed, code_128, data_matrix

DPI = 600
_WIDTH_MM, _HEIGHT_MM = 85.6, 54.0  # ID-1
_MODULE = 7  # dots: 0.30 mm, which every gun reads at arm's length
_BAR_MM = 15.0
_MATRIX_MODULE = 12  # dots: 0.5 mm
_QUIET_MM = 4.0
_MM = 25.4 / DPI  # a dot


def write(badge: str, lines: tuple[str, ...], out: Path) -> None:
    """Write the card of one badge to `out`, with `lines` in any script that the box shows: who and where.

    Raises:
        OSError: it cannot be written.
    """
    card = Printed(_WIDTH_MM, _HEIGHT_MM, DPI)
    bars, square = code_128(badge), data_matrix(badge)
    left = (_WIDTH_MM - bars.shape[1] * _MODULE * _MM) / 2
    card.symbol(left, _HEIGHT_MM - _BAR_MM - _QUIET_MM, bars, _MODULE, card.dots(_BAR_MM))
    right = _WIDTH_MM - square.shape[1] * _MATRIX_MODULE * _MM - _QUIET_MM
    card.symbol(right, _QUIET_MM, square, _MATRIX_MODULE, _MATRIX_MODULE)
    for place, line in enumerate(lines):
        top = _QUIET_MM + (0.0 if place == 0 else 4.0 + 4.5 * place)
        card.words(_QUIET_MM, top, line, 5.0 if place == 0 else 3.0)
    card.write(out)
