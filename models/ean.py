"""EAN/UPC symbols drawn from their digits and compared with the pixels: analysis by synthesis.

One check digit lets one misread in ten through, and blurred or burnt-out bars mislead two engines alike (1 and 7, 2
and 8 have their edges of one colour at equal distances, so that bars printed too thick turn one into the other).
So a reading is drawn again: its bars, grown by one amount for the whole symbol, blurred, laid under perspective and
uneven light, all fitted to the measured profile. What fits, and of which no single digit would fit better as another
digit, is what was printed.

Bar widths: ISO/IEC 15420. It finds and decodes nothing.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, Final

import cv2
import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from models.engines import Grey
    from models.measurements import Corners

Floats = npt.NDArray[np.float64]

# Widths in modules of space, bar, space, bar: number set A (ISO/IEC 15420, table 1). Set B is set A reversed; set C has
# the widths of set A with the colours exchanged.
_SET_A: Final = ("3211", "2221", "2122", "1411", "1132", "1231", "1114", "1312", "1213", "3112")
_FIRST_DIGIT: Final = (
    *("AAAAAA", "AABABB", "AABBAB", "AABBBA", "ABAABB"),
    *("ABBAAB", "ABBBAA", "ABABAB", "ABABBA", "ABBABA"),
)
_UPC_E_CHECK: Final = (
    *("BBBAAA", "BBABAA", "BBAABA", "BBAAAB", "BABBAA"),
    *("BAABBA", "BAAABB", "BABABA", "BABAAB", "BAABAB"),
)

PER_MODULE: Final = 4  # samples
MARGIN: Final = 8  # modules sampled on either side
TINY: Final = 1e-6
SETTLED: Final = 2e-3  # share of the cost below which a round is the last
FITS: Final = 0.90  # share of the profile's variance that is explained; right readings: median 0.98
FITS_SOMEWHAT: Final = 0.5  # from here on a better fitting digit counts against the reading
FITS_NOWHERE: Final = 0.25  # the corners are off: other rows would not help
BETTER: Final = 0.6  # a digit is sure when its residual is below this share of every other digit's


class Agreement(Enum):
    """What the pixels say of a reading."""

    AGREES = "agrees"
    CONTRADICTS = "contradicts"
    UNKNOWN = "unknown"  # the profile could not be fitted: no word for or against


@dataclass(frozen=True, slots=True)
class _Layout:
    """Bar widths in modules, starting with a bar, and where each digit starts."""

    widths: tuple[int, ...]
    digits: tuple[tuple[int, str, str], ...]  # module, digit, number set
    modules: int


def agreement(grey: Grey, corners: Corners, form: str, text: str) -> Agreement:
    """Whether the pixels between `corners` (left end first, in pixels of `grey`) show `text`.

    `form`: "EAN13" (UPC-A with its leading 0), "EAN8" or "UPCE" (text expanded to 13 digits).
    """
    layout = _layout(form, text)
    if layout is None:
        return Agreement.UNKNOWN
    strip = _strip(grey, corners, layout.modules)
    best = Agreement.UNKNOWN
    for rows in (slice(2, -2), slice(0, 5), slice(-5, None)):
        profile = -strip[rows].mean(axis=0).astype(np.float64)
        fit = _Fit(layout, profile)
        if fit.share < FITS_NOWHERE:
            return best
        if fit.share >= FITS and fit.every_digit_is_sure(layout):
            return Agreement.AGREES
        if fit.share >= FITS_SOMEWHAT and not fit.every_digit_is_sure(layout, better=1.0 / BETTER):
            best = Agreement.CONTRADICTS
    return best


def _layout(form: str, text: str) -> _Layout | None:
    if not text.isascii() or not text.isdigit():
        return None
    if form == "EAN13" and len(text) == 13:  # noqa: PLR2004 - digits of an EAN-13
        left = list(zip(text[1:7], _FIRST_DIGIT[int(text[0])], strict=True))
        return _assembled(left, [(digit, "C") for digit in text[7:]], (1, 1, 1))
    if form == "EAN8" and len(text) == 8:  # noqa: PLR2004
        return _assembled([(digit, "A") for digit in text[:4]], [(digit, "C") for digit in text[4:]], (1, 1, 1))
    if form == "UPCE" and (short := upc_e_digits(text)):
        sets = _UPC_E_CHECK[int(text[-1])]
        if text[1] == "1":
            sets = sets.translate(str.maketrans("AB", "BA"))
        return _assembled(list(zip(short, sets, strict=True)), [], ())
    return None


def _assembled(left: list[tuple[str, str]], right: list[tuple[str, str]], end: tuple[int, ...]) -> _Layout:
    widths, digits, at = [1, 1, 1], [], 3
    for digit, number_set in left:
        digits.append((at, digit, number_set))
        widths += _widths(digit, number_set)
        at += 7
    widths += [1] * (5 if right else 6)
    at += 5 if right else 6
    for digit, number_set in right:
        digits.append((at, digit, number_set))
        widths += _widths(digit, number_set)
        at += 7
    return _Layout((*widths, *end), tuple(digits), at + len(end))


def _widths(digit: str, number_set: str) -> list[int]:
    widths = [int(width) for width in _SET_A[int(digit)]]
    return widths[::-1] if number_set == "B" else widths


def upc_e_digits(text: str) -> str:
    """The six digits of a UPC-E symbol from its UPC-A number with a leading 0; "" when there are none."""
    if len(text) != 13 or text[0] != "0" or text[1] not in "01":  # noqa: PLR2004 - digits of an EAN-13
        return ""
    maker, item = text[2:7], text[7:12]
    if maker[2:] in ("000", "100", "200") and item[:2] == "00":
        return maker[:2] + item[2:] + maker[2]
    if maker[3:] == "00" and item[:3] == "000":
        return maker[:3] + item[3:] + "3"
    if maker[4] == "0" and item[:4] == "0000":
        return maker[:4] + item[4] + "4"
    return maker + item[4] if item[:4] == "0000" and item[4] >= "5" else ""


def _strip(grey: Grey, corners: Corners, modules: int, rows: int = 16) -> Grey:
    """The symbol and its margins straightened: `rows` x samples."""
    source = np.asarray(corners, np.float32)
    along = source[1] - source[0]
    if min(np.hypot(*(source[3] - source[0])), np.hypot(*(source[2] - source[1]))) < 1:  # one line
        across = np.array([-along[1], along[0]], np.float32) / max(1.0, float(np.hypot(*along))) * 2
        source = np.stack([source[0] - across, source[1] - across, source[2] + across, source[3] + across])
    left, right = MARGIN * PER_MODULE, (MARGIN + modules) * PER_MODULE
    target = np.asarray([(left, 0), (right, 0), (right, rows), (left, rows)], np.float32)
    straighten = cv2.getPerspectiveTransform(source.astype(np.float32), target)
    size = ((modules + 2 * MARGIN) * PER_MODULE, rows)
    strip = cv2.warpPerspective(grey, straighten, size, flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    return strip.astype(np.uint8, copy=False)


def _darkness(edges: Floats, at: Floats, growth: float, blur: float) -> Floats:
    """Darkness 0..1 at positions `at` (modules) of bars between edges 0-1, 2-3, ..., each bar `growth` wider.

    Blurred by two boxes of `blur` modules, the second one by four samples: the integral of the bars is piecewise
    linear, so that one interpolation gives one box exactly.
    """
    sign = np.where(np.arange(len(edges)) % 2 == 0, -1.0, 1.0)
    moved = edges + sign * (growth / 2)
    bars = np.diff(moved)
    bars[1::2] = 0
    knots = np.concatenate([[moved[0] - 50], moved, [moved[-1] + 50]])
    integral = np.concatenate([[0.0, 0.0], np.cumsum(bars), [bars.sum()]])
    ends = (np.arange(-7, 9, 2) * (blur / 8)).reshape(
        -1, *[1] * at.ndim
    )  # of boxes at -3/8, -1/8, 1/8 and 3/8 of their width
    values = np.interp(at + ends, knots, integral)
    return np.asarray((values[4:].sum(axis=0) - values[:4].sum(axis=0)) / (4 * blur))


class _Fit:
    """The drawing of a layout fitted to a profile by damped least squares (Levenberg-Marquardt)."""

    _LIMITS: Final = np.array([4.0, 4.0, 3.0, 0.8, 3.5])  # shift, stretch, bend, growth, blur; all in modules
    _STEP: Final = 0.05

    def __init__(self, layout: _Layout, profile: Floats) -> None:
        self._edges = np.concatenate([[0.0], np.cumsum(layout.widths)])
        self._modules = layout.modules
        inside = slice((MARGIN - 2) * PER_MODULE, (MARGIN + layout.modules + 2) * PER_MODULE)
        self._at = ((np.arange(len(profile)) + 0.5) / PER_MODULE - MARGIN)[inside]
        self._profile = profile[inside]
        self._across = self._at / layout.modules * 2 - 1
        self._parameters = np.array([0.0, 0.0, 0.0, 0.0, 1.0])
        self._light = np.zeros(5)
        self._minimise()
        variance = float(np.square(self._profile - self._profile.mean()).sum())
        self.share = 1 - self._cost / variance if variance > 0 else 0.0

    def _positions(self, parameters: Floats) -> Floats:
        u = self._across
        return np.asarray(self._at + parameters[0] + parameters[1] * u + parameters[2] * (u * u - 1))

    def _drawn(self, parameters: Floats) -> tuple[Floats, Floats, Floats, Floats]:
        """The bars, the basis of light on them, what is left of the profile, and the light that leaves least."""
        drawn = _darkness(self._edges, self._positions(parameters), parameters[3], parameters[4])
        u = self._across
        basis = np.stack([drawn, drawn * u, np.ones_like(u), u, u * u], axis=1)
        light = np.linalg.solve(basis.T @ basis + TINY * np.eye(5), basis.T @ self._profile)
        return drawn, basis, np.asarray(self._profile - basis @ light), np.asarray(light)

    def _minimise(self, rounds: int = 10) -> None:
        """Variable projection: light is solved for exactly, and slopes are taken at fixed light (Kaufman 1975)."""
        u = self._across
        drawn, basis, residual, self._light = self._drawn(self._parameters)
        self._cost, damping = float(residual @ residual), 1e-2
        for _ in range(rounds):
            before, (_, _, _, growth, blur) = self._cost, self._parameters
            at, gain = self._positions(self._parameters), (self._light[0] + self._light[1] * u) / self._STEP
            along = (_darkness(self._edges, at + self._STEP, growth, blur) - drawn) * gain
            wider = (_darkness(self._edges, at, growth + self._STEP, blur) - drawn) * gain
            softer = (_darkness(self._edges, at, growth, blur + self._STEP) - drawn) * gain
            slopes = np.stack([along, along * u, along * (u * u - 1), wider, softer], axis=1)
            lit = np.linalg.solve(basis.T @ basis + TINY * np.eye(5), basis.T @ slopes)
            slopes = basis @ lit - slopes  # of the residual, less what the light takes up
            curvature, downhill = slopes.T @ slopes, slopes.T @ residual
            for _ in range(4):
                step = np.linalg.solve(curvature + damping * np.diag(np.diag(curvature) + TINY), downhill)
                trial = np.clip(self._parameters - step, -self._LIMITS, self._LIMITS)
                trial[4] = max(trial[4], 0.1)
                tried = self._drawn(trial)
                cost = float(tried[2] @ tried[2])
                if cost < self._cost:
                    self._parameters, self._cost = trial, cost
                    drawn, basis, residual, self._light = tried
                    break
                damping *= 10
            if self._cost > before * (1 - SETTLED):
                return
            damping = max(damping / 10, 1e-4)

    def every_digit_is_sure(self, layout: _Layout, better: float = BETTER) -> bool:
        """Whether each digit's residual is below `better` times that of any other digit drawn in its place."""
        positions = self._positions(self._parameters)
        u = self._across
        gain, offset = self._light[0] + self._light[1] * u, self._light[2] + self._light[3] * u + self._light[4] * u * u
        measured = (self._profile - offset) / np.where(np.abs(gain) < TINY, TINY, gain)
        banks = {colour: _bank(colour, self._parameters[3], self._parameters[4]) for colour in "AC"}
        for start, digit, number_set in layout.digits:
            names, templates, grid = banks["C" if number_set == "C" else "A"]
            inside = (positions >= start) & (positions < start + 7)
            if inside.sum() < 2 * PER_MODULE:
                return False
            drawn = templates[:, np.searchsorted(grid, positions[inside] - start).clip(0, len(grid) - 1)]
            costs = np.square(drawn - measured[inside]).sum(axis=1)
            own = names.index(digit + number_set)
            others = min(cost for n, cost in enumerate(costs) if n != own)
            if costs[own] > better * others:
                return False
        return True


def _bank(colour: str, growth: float, blur: float) -> tuple[list[str], Floats, Floats]:
    """Every digit drawn alone between neighbours of two modules, over the seven modules of its place.

    All are drawn at once, side by side with room between them.
    """
    sets = "AB" if colour == "A" else "C"
    grid = (np.arange(7 * 16) + 0.5) / 16
    drawable = list(itertools.product("0123456789", sets))
    places = 20.0 * np.arange(len(drawable))[:, None]
    # a digit of sets A and B starts after a bar, one of set C after a space
    before, after = ([-2.0, 2.0], []) if colour == "A" else ([0.0], [2.0])
    edges = np.cumsum([[*before, *_widths(*one), *after] for one in drawable], axis=1) + places
    drawn = _darkness(edges.ravel(), grid + places, growth, blur)
    return [digit + number_set for digit, number_set in drawable], drawn, grid
