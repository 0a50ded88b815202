"""The pool of source pictures and fonts that faces are collaged from: photographs, cut-outs with alpha, typefaces.

A pool is made once from folders of openly licensed pictures (docs/decisions/040 names them) and read often. Without
any folder a pool is drawn, so that tests and the smoke run need no file.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

import cv2
import numpy as np
from PIL import ImageFont

from models.drawn.fields import as_bytes, smooth

if TYPE_CHECKING:
    from models.measurements import Image

_PICTURES = (".jpg", ".jpeg", ".png", ".webp")
_SYSTEM_FONTS = (Path("/usr/share/fonts"),)
# Symbol, icon and mark-up fonts have no letters where a text asks for them.
_NOT_TEXT = ("symbol", "emoji", "math", "dingbat", "d05", "standardsym", "ocr", "unifont", "icon", "jsmath", "blank")


@dataclass(frozen=True)
class Pool:
    """Where pictures and fonts come from. Empty tuples mean: draw some."""

    photos: tuple[Path, ...] = ()
    cutouts: tuple[Path, ...] = ()  # with an alpha channel
    fonts: tuple[Path, ...] = field(default_factory=lambda: _fonts_below(_SYSTEM_FONTS))

    def photo(self, rng: np.random.Generator) -> Image:
        """A photograph, H x W x 3 BGR; a drawn one where the pool has none."""
        if not self.photos:
            return _drawn_photo(rng)
        return _read(self.photos[int(rng.integers(len(self.photos)))])[..., :3]

    def cutout(self, rng: np.random.Generator) -> Image:
        """A cut-out object, H x W x 4 BGRA; a drawn one where the pool has none."""
        if not self.cutouts:
            return _drawn_cutout(rng)
        return _read(self.cutouts[int(rng.integers(len(self.cutouts)))])

    @property
    def has_wide_fonts(self) -> bool:
        """Whether any of the typefaces has Japanese, Chinese and Korean letters."""
        return bool(_of_script(self.fonts, True))

    def font(self, rng: np.random.Generator, size_px: int, *, japanese: bool = False) -> ImageFont.FreeTypeFont:
        """A typeface at a size; of the CJK ones when Japanese is asked and one is there.

        Raises:
            FileNotFoundError: the system has no TrueType or OpenType font at all.
        """
        wanted = _of_script(self.fonts, japanese) or self.fonts
        if not wanted:
            raise FileNotFoundError(
                "Faces are drawn with system fonts, expected some below /usr/share/fonts, found none."
            )
        return _font(str(wanted[int(rng.integers(len(wanted)))]), size_px)


def read_pool(folder: Path | None, font_folders: tuple[Path, ...] = ()) -> Pool:
    """The pool that `build_pool` wrote to `folder`, or the drawn one when it is None."""
    fonts = _fonts_below(_SYSTEM_FONTS + font_folders)
    if folder is None:
        return Pool(fonts=fonts)
    return Pool(
        photos=tuple(sorted((folder / "photos").glob("*.jpg"))),
        cutouts=tuple(sorted((folder / "cutouts").glob("*.png"))),
        fonts=fonts,
    )


def build_pool(sources: list[Path], folder: Path) -> tuple[int, int]:
    """Shrink every picture below `sources` into `folder`: photographs to 1100 px, cut-outs to 420 px.

    Returns:
        The number of photographs and of cut-outs written.
    """
    counts = {"photos": 0, "cutouts": 0}
    for kind in counts:
        (folder / kind).mkdir(parents=True, exist_ok=True)
    for source in sources:
        for path in sorted(p for p in source.rglob("*") if p.suffix.lower() in _PICTURES and not p.is_symlink()):
            picture = cv2.imread(str(path), cv2.IMREAD_UNCHANGED)
            if picture is None or picture.ndim != 3 or min(picture.shape[:2]) < 90 or picture.dtype != np.uint8:
                continue
            cut = picture.shape[2] == 4 and float((picture[..., 3] < 20).mean()) > 0.05
            kind, limit, suffix = ("cutouts", 420, ".png") if cut else ("photos", 1100, ".jpg")
            scale = min(1.0, limit / max(picture.shape[:2]))
            small = cv2.resize(picture, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
            if not cut and float(small[..., :3].std()) < 12:
                continue  # an empty wallpaper teaches nothing
            name = folder / kind / f"{counts[kind]:05d}{suffix}"
            cv2.imwrite(str(name), small if cut else small[..., :3])
            counts[kind] += 1
    return counts["photos"], counts["cutouts"]


@lru_cache(maxsize=256)
def _read(path: Path) -> Image:
    picture = cv2.imread(str(path), cv2.IMREAD_UNCHANGED)
    if picture is None:
        raise FileNotFoundError(f"A pool picture must be readable, got {path.name!r}.")
    return np.asarray(picture, np.uint8)


@lru_cache(maxsize=512)
def _font(path: str, size_px: int) -> ImageFont.FreeTypeFont:
    return ImageFont.truetype(path, size_px)


@lru_cache(maxsize=8)
def _of_script(fonts: tuple[Path, ...], japanese: bool) -> tuple[Path, ...]:  # noqa: FBT001 - which of two scripts
    return tuple(path for path in fonts if _is_cjk(path) == japanese)


def _is_cjk(path: Path) -> bool:
    name = path.name.lower()
    return any(
        word in name for word in ("cjk", "sawarabi", "mplus-1", "rocknroll", "reggae", "stick", "train", "rampart")
    )


def _fonts_below(folders: tuple[Path, ...]) -> tuple[Path, ...]:
    found = (p for folder in folders for p in folder.rglob("*") if p.suffix.lower() in (".ttf", ".otf", ".ttc"))
    return tuple(sorted(p for p in found if not any(word in p.name.lower() for word in _NOT_TEXT)))


def _drawn_photo(rng: np.random.Generator) -> Image:
    """A picture with the statistics of a photograph at hand: shapes of many sizes over smooth colour."""
    height, width = 900, 700
    layers = [smooth(rng, height, width, height / cells, width / cells) for cells in (2, 5, 13, 40, 110)]
    weights = rng.dirichlet(np.ones(5)) * 1.3
    grey = sum(weight * layer for weight, layer in zip(weights, layers, strict=True))
    tint = np.stack([smooth(rng, height, width, height / 3, width / 3) for _ in range(3)], -1)
    picture = as_bytes(np.asarray(grey)[..., None] * (0.4 + 1.2 * tint))
    for _ in range(int(rng.integers(5, 30))):
        centre = (int(rng.integers(width)), int(rng.integers(height)))
        axes = (int(rng.integers(5, 160)), int(rng.integers(5, 160)))
        colour = [float(v) for v in rng.uniform(0, 255, 3)]
        cv2.ellipse(picture, centre, axes, float(rng.uniform(0, 180)), 0, 360, colour, -1, cv2.LINE_AA)
    return picture


def _drawn_cutout(rng: np.random.Generator) -> Image:
    """A blob with a pattern, BGRA."""
    side = 260
    shape = smooth(rng, side, side, side / 4, side / 4)
    y, x = np.mgrid[-1 : 1 : side * 1j, -1 : 1 : side * 1j]
    alpha = np.clip((1.1 - np.hypot(x, y) - 0.5 * shape) * 12, 0, 1)
    photo = cv2.resize(_drawn_photo(rng), (side, side), interpolation=cv2.INTER_AREA)
    return np.dstack([photo, as_bytes(alpha)])
