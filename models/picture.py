"""Encoded pictures in, one image type out: uint8, height x width x 3, BGR, upright. Or a refusal that says why.

The header is read here, by a few lines per format, before any library sees the bytes: kind, size, frames, whether the
file ends where its format says. Only then are pixels decoded, by the one decoder that the header named.

It is not a photo editor: colour profiles and XMP are not applied, gain maps and motion-photo trailers are left alone.
Formats: JPEG (also CMYK/YCCK, progressive), PNG (1 to 16 bit, palette, alpha), WebP, BMP. TIFF, GIF, HEIC and SVG are
refused: TIFF and GIF decoders have the longest record of memory faults, and no scanner or phone browser needs them.
"""

from __future__ import annotations

import contextlib
import io
import re
import struct
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import cv2
import numpy as np
import simplejpeg
from PIL import BmpImagePlugin, ImageFile, JpegImagePlugin, PngImagePlugin, WebPImagePlugin
from PIL import Image as PillowImage

from models.errors import PictureRefused
from models.measurements import Image, PictureLimits, PictureQuality

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    import numpy.typing as npt

QUALITY_SIDE: Final = 1024
BURNT_OUT: Final = 250
LEAST_SIDE_PX: Final = 8
MOST_TIMES_AS_LONG: Final = 100  # one side as the other; what is halved until it is small must not vanish


@dataclass(frozen=True, slots=True)
class Header:
    """What the first bytes of a picture say, before a pixel is decoded."""

    kind: str  # "JPEG", "PNG", "WebP", "BMP"
    width: int
    height: int
    orientation: int  # EXIF 2.3, tag 0x0112: 1..8
    components: int  # of a JPEG; 0 elsewhere
    end: int  # offset of the first byte after the picture

    def halves(self, above: int | None) -> bool:
        """Whether `parse` decodes it at half its sides, given its `halve_above`."""
        large = above is not None and self.width * self.height > above
        return large and self.kind == "JPEG" and self.components in (1, 3)

    @property
    def upright_size(self) -> tuple[int, int]:
        """Width and height of the upright picture."""
        return (self.height, self.width) if self.orientation >= 5 else (self.width, self.height)  # noqa: PLR2004


def parse(data: bytes, limits: PictureLimits | None = None, *, halve_above: int | None = None) -> Image:
    """Decode one picture as uint8 HxWx3 BGR, upright, transparency laid over white.

    1. size of the file; 2. kind and header; 3. shape and pixels against the limits; 4. end of the file; 5. decode;
    6. upright.

    `halve_above`: a JPEG of more pixels is decoded at half its sides (rounded up), in the transform domain: for a
    12-megapixel frame 80 ms instead of 130, and a quarter of the memory.

    Raises:
        PictureRefused: image_empty, image_too_many_bytes, image_wrong_type, image_animated, image_too_thin,
            image_too_many_pixels, image_truncated, image_polyglot or image_damaged.
    """
    header = read_header(data, limits or PictureLimits())
    halved = header.halves(halve_above)
    if header.kind == "JPEG" and header.components in (1, 3):
        image = _decode_jpeg(data, header, halved=halved)
    else:
        image = _decode(data, header.kind)
    size = ((header.height + 1) // 2, (header.width + 1) // 2) if halved else (header.height, header.width)
    if image.shape[:2] != size:
        raise PictureRefused(
            "image_damaged",
            f"The {header.kind} picture says {header.width} x {header.height} pixels in its header, "
            f"got {image.shape[1]} x {image.shape[0]}.",
            hint="Take the picture again.",
        )
    return np.ascontiguousarray(_upright(image, header.orientation))


def read_header(data: bytes, limits: PictureLimits) -> Header:
    """Judge a picture by everything but its pixels.

    Raises:
        PictureRefused: as `parse`.
    """
    if not data:
        raise PictureRefused("image_empty", "A picture has at least one byte, got 0.", hint="Send the picture again.")
    if len(data) > limits.max_bytes:
        raise PictureRefused(
            "image_too_many_bytes",
            f"A picture has at most {limits.max_bytes} bytes, got {len(data)}.",
            hint="Send a smaller picture, or raise SEKISHO_MAX_IMAGE_BYTES.",
        )
    header = _header_reader(data)(data)
    if header.width < 1 or header.height < 1:
        raise _damaged(header.kind, f"a size of at least 1 x 1 pixels, got {header.width} x {header.height}")
    short, long = sorted((header.width, header.height))
    if short < LEAST_SIDE_PX or long > MOST_TIMES_AS_LONG * short:
        raise PictureRefused(
            "image_too_thin",
            f"A picture has sides of at least {LEAST_SIDE_PX} pixels, the longer at most {MOST_TIMES_AS_LONG} "
            f"times the shorter, got {header.width} x {header.height}.",
            hint="Take the picture again.",
        )
    if header.width * header.height > limits.max_pixels:
        raise PictureRefused(
            "image_too_many_pixels",
            f"A picture has at most {limits.max_pixels} pixels, "
            f"got {header.width} x {header.height} = {header.width * header.height}.",
            hint="Send a smaller picture, or raise SEKISHO_MAX_IMAGE_PIXELS.",
        )
    if found := _second_file(data, header.end):
        raise PictureRefused(
            "image_polyglot",
            f"A {header.kind} picture ends where its format says, got {found} in or after it.",
            hint="Send the picture as the camera made it.",
        )
    return header


def measure(image: Image) -> PictureQuality:
    """Sharpness, glare and brightness of an upright BGR image, measured at 1024 px long side (never enlarged).

    Sharpness is the variance of the 3x3 Laplacian of grey (Pech-Pacheco et al., ICPR 2000); glare is the share of
    pixels of which every channel is at least 250.
    """
    small = reduced(image, QUALITY_SIDE)
    grey = cv2.cvtColor(small, cv2.COLOR_BGR2GRAY)
    laplacian = cv2.Laplacian(grey, cv2.CV_16S)
    _, deviation = cv2.meanStdDev(laplacian)
    burnt = cv2.inRange(small, (BURNT_OUT, BURNT_OUT, BURNT_OUT), (255, 255, 255))
    return PictureQuality(
        sharpness=round(float(deviation[0, 0]) ** 2, 3),
        glare=round(cv2.countNonZero(burnt) / grey.size, 6),
        brightness=round(float(cv2.mean(grey)[0]), 3),
    )


def reduced(image: Image, side: int) -> Image:
    """`image` with its long side at most `side` pixels, by area averaging.

    Halved as often as possible first: that is vectorised and several times faster than the general area filter.
    """
    while max(image.shape[:2]) >= 2 * side and min(image.shape[:2]) > 1:
        height, width = image.shape[0] // 2, image.shape[1] // 2
        image = cv2.resize(image[: 2 * height, : 2 * width], (width, height), interpolation=cv2.INTER_AREA).astype(
            np.uint8, copy=False
        )
    height, width = image.shape[:2]
    scale = side / max(height, width)
    if scale < 1:
        size = (max(1, round(width * scale)), max(1, round(height * scale)))
        image = cv2.resize(image, size, interpolation=cv2.INTER_AREA).astype(np.uint8, copy=False)
    return image


# --- Headers --------------------------------------------------------------------------------------------------------


def _header_reader(data: bytes) -> Callable[[bytes], Header]:
    if data.startswith(b"\xff\xd8\xff"):
        return _jpeg_header
    if data.startswith(b"\x89PNG\r\n\x1a\n"):
        return _png_header
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return _webp_header
    if data[:2] == b"BM" and len(data) > 6:  # noqa: PLR2004 - "BM" and the file's own size
        return _bmp_header
    if data.startswith(b"GIF89a") and len(_GIF_FRAME.findall(data)) > 1:
        raise _animated("GIF")
    raise PictureRefused(
        "image_wrong_type",
        f"A picture is JPEG, PNG, WebP or BMP, got {_guess(data)}.",
        hint="Send a JPEG, PNG or WebP picture.",
    )


_GIF_FRAME: Final = re.compile(rb"\x21\xf9\x04.{4}\x00[\x21\x2c]", re.DOTALL)  # a graphic control extension
_SIGNATURES: Final = (
    (b"GIF8", "GIF"),
    (b"II*\x00", "TIFF"),
    (b"MM\x00*", "TIFF"),
    (b"%PDF-", "PDF"),
    (b"PK\x03\x04", "a ZIP archive"),
    (b"\x1f\x8b", "gzip"),
    (b"\xff\xd8", "a damaged JPEG"),
    (b"<svg", "SVG"),
    (b"<?xml", "XML"),
    (b"<!DOCTYPE", "HTML"),
    (b"<html", "HTML"),
)


def _guess(data: bytes) -> str:
    for signature, name in _SIGNATURES:
        if data.startswith(signature):
            return name
    if data[4:8] == b"ftyp":
        return f"an ISO media file ({data[8:12].decode('latin-1').strip()!r})"
    return f"bytes {data[:8].hex(' ')}"


# Frame markers of ITU-T T.81 table B.1: baseline, extended, progressive, lossless, and their arithmetic-coded kin.
_FRAMES: Final = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
_SOI, _EOI, _SOS, _APP1 = 0xD8, 0xD9, 0xDA, 0xE1
_NEXT_MARKER: Final = re.compile(rb"\xff[^\x00\xff\xd0-\xd7]")


def _jpeg_header(data: bytes) -> Header:
    """Walk the marker segments of ITU-T T.81, annex B, from SOI to EOI."""
    size: tuple[int, int, int] | None = None
    orientation, at = 1, 2
    while True:
        marker = _NEXT_MARKER.search(data, at)
        if marker is None:
            raise _truncated("JPEG", "an end-of-image marker", len(data))
        code, at = data[marker.end() - 1], marker.end()
        if code == _EOI:
            if size is None:
                raise _damaged("JPEG", "a frame header before the end of the image, got none")
            return Header("JPEG", size[0], size[1], orientation, size[2], at)
        if code in (_SOI, 0x01):
            continue
        segment = data[at + 2 : at + int.from_bytes(data[at : at + 2])]
        at += 2 + len(segment)
        if at >= len(data):
            raise _truncated("JPEG", "an end-of-image marker", len(data))
        if code in _FRAMES and size is None:
            if len(segment) < 6:  # noqa: PLR2004 - precision, height, width, components
                raise _damaged("JPEG", f"a frame header of at least 6 bytes, got {len(segment)}")
            height, width, components = struct.unpack_from(">HHB", segment, 1)
            size = (width, height, components)
        elif code == _APP1 and segment.startswith(b"Exif\x00\x00"):
            orientation = exif_orientation(segment[6:])


def _png_header(data: bytes) -> Header:
    """Walk the chunks of PNG (ISO/IEC 15948) from IHDR to IEND."""
    if data[12:16] != b"IHDR" or len(data) < 33:  # noqa: PLR2004 - signature and IHDR chunk
        raise _truncated("PNG", "an IHDR chunk", len(data))
    width, height = struct.unpack_from(">II", data, 16)
    orientation, at = 1, 8
    while at + 12 <= len(data):
        length, name = struct.unpack_from(">I4s", data, at)
        if name == b"acTL":
            raise _animated("PNG")
        if name == b"eXIf":
            orientation = exif_orientation(data[at + 8 : at + 8 + length])
        at += 12 + length
        if name == b"IEND" and at <= len(data):
            return Header("PNG", width, height, orientation, 0, at)
    raise _truncated("PNG", "an IEND chunk", len(data))


def _webp_header(data: bytes) -> Header:
    """Walk the chunks of WebP (RFC 9649)."""
    end = 8 + int.from_bytes(data[4:8], "little")
    if len(data) < end:
        raise _truncated("WebP", f"{end} bytes, as its header says", len(data))
    width = height = 0
    orientation = 1
    for name, body in _riff_chunks(data[:end]):
        if name == b"VP8X" and len(body) >= 10:  # noqa: PLR2004
            if body[0] & 0x02:
                raise _animated("WebP")
            width, height = 1 + int.from_bytes(body[4:7], "little"), 1 + int.from_bytes(body[7:10], "little")
        elif name == b"VP8 " and len(body) >= 10:  # noqa: PLR2004
            frame = struct.unpack_from("<HH", body, 6)
            width, height = max(width, frame[0] & 0x3FFF), max(height, frame[1] & 0x3FFF)
        elif name == b"VP8L" and len(body) >= 5:  # noqa: PLR2004
            bits = int.from_bytes(body[1:5], "little")
            width, height = max(width, 1 + (bits & 0x3FFF)), max(height, 1 + (bits >> 14 & 0x3FFF))
        elif name == b"EXIF":
            orientation = exif_orientation(body.removeprefix(b"Exif\x00\x00"))
    return Header("WebP", width, height, orientation, 0, end + end % 2)


def _riff_chunks(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    at = 12
    while at + 8 <= len(data):
        name, length = struct.unpack_from("<4sI", data, at)
        yield name, data[at + 8 : at + 8 + length]
        at += 8 + length + length % 2


def _bmp_header(data: bytes) -> Header:
    """BITMAPFILEHEADER and the start of its information header."""
    if len(data) < 26:  # noqa: PLR2004 - the shortest BMP header
        raise _truncated("BMP", "a header of 26 bytes", len(data))
    said = int.from_bytes(data[2:6], "little")
    if len(data) < said:
        raise _truncated("BMP", f"{said} bytes, as its header says", len(data))
    if int.from_bytes(data[14:18], "little") == 12:  # noqa: PLR2004 - BITMAPCOREHEADER
        width, height = struct.unpack_from("<HH", data, 18)
    else:
        width, height = struct.unpack_from("<ii", data, 18)
    return Header("BMP", abs(width), abs(height), 1, 0, max(said, 26))


def exif_orientation(tiff: bytes) -> int:
    """Orientation (EXIF 2.3, tag 0x0112) of an EXIF block; 1 when there is none or it makes no sense."""
    order = {b"II*\x00": "<", b"MM\x00*": ">"}.get(tiff[:4])
    if order is None or len(tiff) < 8:  # noqa: PLR2004 - byte order, 42, offset of the first directory
        return 1
    (at,) = struct.unpack_from(order + "I", tiff, 4)
    if at + 2 > len(tiff):
        return 1
    (entries,) = struct.unpack_from(order + "H", tiff, at)
    for entry in range(at + 2, min(at + 2 + 12 * entries, len(tiff) - 11), 12):
        tag, kind, _, value = struct.unpack_from(order + "HHIH", tiff, entry)
        if (tag, kind) == (0x0112, 3):
            return int(value) if 1 <= value <= 8 else 1  # noqa: PLR2004 - the eight orientations
    return 1


# --- A second file inside ---------------------------------------------------------------------------------------------

_MARKUP: Final = re.compile(rb"<(?:!doctype|html|script|svg|\?php|body|iframe)[\s>]?", re.IGNORECASE)
_TRAILERS: Final = (
    (b"PK\x03\x04", "a ZIP archive"),
    (b"%PDF-", "a PDF"),
    (b"Rar!\x1a\x07", "a RAR archive"),
    (b"7z\xbc\xaf\x27\x1c", "a 7z archive"),
    (b"\x7fELF", "a program"),
)
_END_OF_ZIP: Final = b"PK\x05\x06"
_NEAR: Final = 1024


def _second_file(data: bytes, end: int) -> str:
    """Name the other file that these bytes also are, or "".

    Phones append motion photos, gain maps and padding, so that a trailer as such is no fault; a trailer that another
    program would open is. The ZIP directory and the PDF header are looked for where their readers look.
    """
    if b"%PDF-" in data[:_NEAR]:
        return "a PDF"
    tail = data[max(0, len(data) - 65_557) :]
    at = tail.rfind(_END_OF_ZIP)
    if 0 <= at <= len(tail) - 22 and at + 22 + int.from_bytes(tail[at + 20 : at + 22], "little") == len(tail):
        return "a ZIP archive"
    trailer = data[end : end + _NEAR]
    if _MARKUP.search(trailer):
        return "HTML or script"
    if trailer.startswith(b"MZ"):
        return "a program"
    return next((name for signature, name in _TRAILERS if signature in trailer), "")


# --- Pixels -----------------------------------------------------------------------------------------------------------

_OPENERS: Final[dict[str, Callable[[io.BytesIO], ImageFile.ImageFile]]] = {
    "JPEG": JpegImagePlugin.JpegImageFile,
    "PNG": PngImagePlugin.PngImageFile,
    "WebP": WebPImagePlugin.WebPImageFile,
    "BMP": BmpImagePlugin.BmpImageFile,
}


# Warnings of libjpeg (jerror.h) that leave the pixels as they were taken: of the header, not of the coded data. OpenCV
# decodes what has them, since it passes every warning over.
_HARMLESS: Final = ("Invalid SOS parameters", "Unknown Adobe color transform", "Warning: unknown JFIF revision")
_LEFT_OVER: Final = "extraneous bytes before marker 0xd9"  # coded data that no pixel was left for
_PADDING: Final = b"\x00\xff"
_END: Final = b"\xff\xd9"


def _decode_jpeg(data: bytes, header: Header, *, halved: bool) -> Image:
    """Grey and YCbCr JPEG by libjpeg-turbo, which warns of what it had to make up: that is no picture of anything.

    A file that is cut and ends with an end marker all the same is whole by its segments; its lower part comes out grey.
    """
    options: dict[str, int] = {}
    if halved:
        options = {"min_height": (header.height + 1) // 2, "min_width": (header.width + 1) // 2, "min_factor": 2}
    try:
        return np.asarray(simplejpeg.decode_jpeg(data, "BGR", **options), np.uint8)
    except ValueError as fault:
        if str(fault).endswith(_LEFT_OVER):
            for bare in _without_padding(data[: header.end - len(_END)]):
                with contextlib.suppress(ValueError):
                    return np.asarray(simplejpeg.decode_jpeg(bare, "BGR", **options), np.uint8)
        if not str(fault).startswith(_HARMLESS):
            raise _damaged("JPEG", f"whole pixels, got: {fault}") from fault
    flags = cv2.IMREAD_REDUCED_COLOR_2 if halved else cv2.IMREAD_COLOR
    image = cv2.imdecode(np.frombuffer(data, np.uint8), flags | cv2.IMREAD_IGNORE_ORIENTATION)
    if image is None:
        raise _damaged("JPEG", "pixels that can be decoded, got none")
    return image.astype(np.uint8, copy=False)


def _without_padding(coded: bytes) -> Iterator[bytes]:
    """A JPEG as it was before a camera filled its buffer up to the end marker, if it was.

    It has to be whole without the padding: of a cut file, libjpeg takes zeros for pixels and leaves only the rest over.
    The last coded byte may look like padding itself: 00, or FF 00.
    """
    bare = len(coded.rstrip(_PADDING))
    if bare < len(coded):
        yield from (coded[: bare + kept] + _END for kept in range(3))


def _decode(data: bytes, kind: str) -> Image:
    """Everything else by Pillow, opened with the decoder of `kind` and no other, so that nothing is guessed twice."""
    try:
        with _OPENERS[kind](io.BytesIO(data)) as picture:
            picture.load()
            return _bgr(picture)
    except (OSError, SyntaxError, ValueError, TypeError, IndexError, KeyError, EOFError, struct.error) as fault:
        raise _damaged(kind, f"pixels that can be decoded, got: {fault}") from fault


def _bgr(picture: PillowImage.Image) -> Image:
    """Any Pillow mode as BGR. 16-bit grey keeps its high byte: Pillow's own conversion would clip it to white."""
    if picture.mode.startswith("I"):
        grey = np.asarray(picture).astype(np.uint32) >> 8
        return _from_grey(np.minimum(grey, 255).astype(np.uint8))
    if "A" in picture.mode or "a" in picture.mode or "transparency" in picture.info:
        rgba = picture.convert("RGBA")
        paper = PillowImage.new("RGBA", rgba.size, (255, 255, 255, 255))
        picture = PillowImage.alpha_composite(paper, rgba)
    if picture.mode == "L":
        return _from_grey(np.asarray(picture))
    return cv2.cvtColor(np.asarray(picture.convert("RGB")), cv2.COLOR_RGB2BGR).astype(np.uint8, copy=False)


def _from_grey(grey: npt.NDArray[np.uint8]) -> Image:
    return cv2.cvtColor(grey, cv2.COLOR_GRAY2BGR).astype(np.uint8, copy=False)


def _upright(image: Image, orientation: int) -> Image:
    """Undo an EXIF orientation (EXIF 2.3, tag 0x0112)."""
    if orientation in (2, 4, 5, 7):  # mirrored: 5 = transposed, 7 = transversed
        image = image[:, ::-1] if orientation in (2, 5, 7) else image[::-1]
    turn = {3: cv2.ROTATE_180, 5: cv2.ROTATE_90_COUNTERCLOCKWISE, 6: cv2.ROTATE_90_CLOCKWISE}
    turn |= {7: cv2.ROTATE_90_CLOCKWISE, 8: cv2.ROTATE_90_COUNTERCLOCKWISE}
    if orientation in turn:
        return cv2.rotate(np.ascontiguousarray(image), turn[orientation]).astype(np.uint8, copy=False)
    return image


# --- Refusals ---------------------------------------------------------------------------------------------------------


def _truncated(kind: str, wanted: str, size: int) -> PictureRefused:
    message = f"A {kind} picture has {wanted}, got a file that ends after {size} bytes without it."
    return PictureRefused("image_truncated", message, hint="Send the picture again: its end did not arrive.")


def _damaged(kind: str, detail: str) -> PictureRefused:
    return PictureRefused("image_damaged", f"A {kind} picture has {detail}.", hint="Take the picture again.")


def _animated(kind: str) -> PictureRefused:
    message = f"A picture has one frame, got an animated {kind}."
    return PictureRefused("image_animated", message, hint="Send a still picture.")
