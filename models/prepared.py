"""A registered face made ready once for a pack: size, keypoints, marked regions. It judges nothing."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass, replace
from functools import cached_property, partial
from typing import TYPE_CHECKING, TypeVar

import cv2
import numpy as np

from models import embed, light, locate, monochrome, picture
from models.measurements import FaceReference
from models.microprint import FinePrint, fine_print
from models.placed import PlacedRegion, placed, wanted_mask

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from models.embed import Features
    from models.locate import Grey, Keypoints, Matrix
    from models.measurements import Image, Tensor
    from models.pack import Pack


@dataclass(frozen=True, eq=False)
class Sketch:
    """What it takes to recognise a registered face. About 2 MB; keypoints are found when first wanted."""

    key: str
    grey: Grey  # the face at the pack's size
    small: Image  # the face in colour, as SIFT looks at it

    @property
    def size(self) -> tuple[int, int]:
        """Width and height in face pixels."""
        return self.grey.shape[1], self.grey.shape[0]

    @cached_property
    def orb(self) -> Keypoints:
        """ORB keypoints in face pixels."""
        return locate.orb_keypoints(self.grey)

    @cached_property
    def sift(self) -> Keypoints:
        """SIFT keypoints in face pixels."""
        return locate.sift_keypoints(self.grey)

    @cached_property
    def colours(self) -> Keypoints:
        """SIFT keypoints in colours: to count matches, not to say where."""
        return locate.colour_keypoints(self.small)


@dataclass(frozen=True, eq=False)
class PreparedFace(Sketch):
    """A registered face at the pack's size, ready to be compared with. About 5 MB."""

    face: Image  # long side as the pack says
    native: Matrix  # face pixels -> registered picture pixels
    px_per_mm: tuple[float, float] | None  # face pixels per millimetre, across and down
    regions: tuple[PlacedRegion, ...]
    wanted: Grey  # 255 where the face may be compared as a picture
    glare: Grey  # 255 where the registered picture itself is burnt out
    features: Features  # what the pack's encoder sees in the face
    fine: Mapping[int, FinePrint]  # marked micro-print by the index of its region
    seen_as: Callable[[Image], Features]  # the pack's encoder
    coloured: bool = True  # whether its colours are compared

    @cached_property
    def slopes(self) -> Tensor:
        """The squared slope of each pixel of the face, with which a capture's sharpness is compared."""
        return light.slopes(self.face)

    @cached_property
    def in_grey(self) -> PreparedFace:
        """The face as a picture without colours is compared with; itself where it has none."""
        if monochrome.colourless(self.face):
            return self
        grey = monochrome.in_grey(self.face)
        made = replace(self, face=grey, features=self.seen_as(grey), coloured=False)
        vars(made).update({name: getattr(self, name) for name in ("orb", "sift")})  # keypoints of the same grey
        return made


Kept = TypeVar("Kept", bound=Sketch)


class Shelf(OrderedDict[FaceReference, Kept]):
    """A few prepared faces of one pack, the one unused for longest let go first."""

    def __init__(self, most: int = 8) -> None:
        """An empty shelf for `most` faces."""
        super().__init__()
        self._most = most

    def __getitem__(self, reference: FaceReference) -> Kept:
        """The prepared face, which now counts as used."""
        self.move_to_end(reference)
        return super().__getitem__(reference)

    def __setitem__(self, reference: FaceReference, prepared: Kept) -> None:
        """Keep a prepared face."""
        super().__setitem__(reference, prepared)
        while len(self) > self._most:
            self.popitem(last=False)


def sketch(reference: FaceReference, pack: Pack) -> Sketch:
    """A registered face to recognise and not to compare with.

    Raises:
        PictureRefused: the registered picture cannot be decoded.
    """
    face, _ = _at_size(picture.parse(reference.picture), pack)
    return Sketch(reference.key, _in_grey(face), locate.at_sift_px(face)[0])


def prepare(reference: FaceReference, pack: Pack) -> PreparedFace:
    """Make a registered face ready for `pack`. The result may be kept as long as the pack is in use.

    Raises:
        PictureRefused: the registered picture cannot be decoded.
    """
    registered = picture.parse(reference.picture)
    face, matrix = _at_size(registered, pack)
    size = (face.shape[1], face.shape[0])
    px_per_mm = None
    if reference.width_mm and reference.height_mm:
        px_per_mm = (size[0] / reference.width_mm, size[1] / reference.height_mm)
    marked = placed(reference.regions, px_per_mm, size)
    print_there = [one.box for one in marked if one.region.kind not in ("artwork", "ignore")]
    fine = _fine_prints(marked, registered, float(1 / matrix[0, 0]), px_per_mm) if px_per_mm else {}
    return PreparedFace(
        key=reference.key,
        grey=_in_grey(face),
        small=locate.at_sift_px(face)[0],
        face=face,
        native=np.asarray(np.linalg.inv(matrix), np.float64),
        px_per_mm=px_per_mm,
        regions=marked,
        wanted=light.without_edges(wanted_mask(marked, size), print_there),
        glare=light.registered_glare(face),
        features=embed.features(face, pack.network),
        fine=fine,
        seen_as=partial(embed.features, network=pack.network),
    )


def _fine_prints(
    marked: tuple[PlacedRegion, ...], registered: Image, native: float, px_per_mm: tuple[float, float]
) -> dict[int, FinePrint]:
    found = {
        index: fine_print(registered, place.box, native, px_per_mm[0])
        for index, place in enumerate(marked)
        if place.region.kind == "microprint"
    }
    return {index: one for index, one in found.items() if one is not None}


def _at_size(registered: Image, pack: Pack) -> tuple[Image, Matrix]:
    return locate.resized(registered, pack.face_px / max(registered.shape[:2]))


def _in_grey(face: Image) -> Grey:
    return np.asarray(cv2.cvtColor(face, cv2.COLOR_BGR2GRAY), np.uint8)
