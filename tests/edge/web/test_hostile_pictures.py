"""A picture that is made to harm, over HTTP to a real bench: told or read, in bounded time, and the next is served.

What one reading refuses is in tests/models/test_picture.py; here it is the whole way, with the bench alive behind it.
"""

from __future__ import annotations

import io
import struct
import zlib
from collections.abc import Callable

import httpx
import numpy as np
import pytest
from PIL import Image

from edge.bench import Bench
from edge.settings import Settings
from tests.edge.web.conftest import GTIN
from tests.edge.web.serving import problem


def _noise(mode: str = "RGB", side: int = 96) -> Image.Image:
    return Image.fromarray(np.random.default_rng(5).integers(0, 255, (side, side, 3), dtype=np.uint8)).convert(mode)


def _encoded(image: Image.Image, kind: str, **options: object) -> bytes:
    out = io.BytesIO()
    image.save(out, kind, **options)
    return out.getvalue()


def _png(width: int, height: int, *chunks: tuple[bytes, bytes], depth: int = 8, colour: int = 0) -> bytes:
    def chunk(name: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    header = struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, 0)
    body = b"".join(chunk(name, data) for name, data in chunks)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + body + chunk(b"IEND", b"")


def _jpeg_that_says(width: int, height: int) -> bytes:
    data = bytearray(_encoded(_noise(), "JPEG"))
    at = data.index(b"\xff\xc0")
    data[at + 5 : at + 9] = struct.pack(">HH", height, width)
    return bytes(data)


def _webp_that_says_16383() -> bytes:
    data = bytearray(_encoded(_noise(), "WEBP", quality=80))
    at = data.index(b"\x9d\x01\x2a")
    data[at + 3 : at + 7] = struct.pack("<HH", 16_383, 16_383)
    return bytes(data)


def _jpeg_of_many_scans() -> bytes:
    """A progressive JPEG whose last scan comes 4,000 times: every pixel is gone over by each of them."""
    data = _encoded(Image.new("RGB", (3_000, 3_000), "grey"), "JPEG", progressive=True, quality=30)
    start = data.rindex(b"\xff\xda")
    return data[:start] + data[start:-2] * 4_000 + data[-2:]


def _text_bomb() -> bytes:
    packed = zlib.compress(bytes(200_000_000), 9)
    return _png(64, 64, (b"zTXt", b"k\0\0" + packed), (b"IDAT", zlib.compress(bytes(65 * 64))))


def _profile_bomb() -> bytes:
    packed = zlib.compress(bytes(100_000_000), 9)
    return _png(64, 64, (b"iCCP", b"k\0\0" + packed), (b"IDAT", zlib.compress(bytes(65 * 64))))


def _many_chunks() -> bytes:
    return _png(64, 64, *[(b"tEXt", b"k\0v")] * 200_000, (b"IDAT", zlib.compress(bytes(65 * 64))))


def _exif(block: bytes) -> bytes:
    return _encoded(_noise(), "JPEG", exif=b"Exif\0\0" + block)


def _animated(kind: str) -> bytes:
    frames = [Image.new("RGB", (32, 32), colour) for colour in ("red", "blue")]
    return _encoded(frames[0], kind, save_all=True, append_images=frames[1:])


LOOP = b"II*\0\x08\0\0\0\x01\0\x12\x01\x03\0\x01\0\0\0\x01\0\0\0\x08\0\0\0"  # an IFD whose next IFD is itself
NINE = b"II*\0\x08\0\0\0\x01\0\x12\x01\x03\0\x01\0\0\0\x09\0\0\0\0\0\0\0"  # orientation 9: there are eight
FAR = b"MM\0*\xff\xff\xff\xf0"  # an IFD 4 GB away

REFUSED: dict[str, tuple[Callable[[], bytes], str]] = {
    "a JPEG header of 65535 x 65535": (lambda: _jpeg_that_says(65_535, 65_535), "image_too_many_pixels"),
    "a PNG header of 65535 x 65535": (lambda: _png(65_535, 65_535, (b"IDAT", b"x")), "image_too_many_pixels"),
    "a PNG header of 2^31 - 1 a side": (lambda: _png(2**31 - 1, 2**31 - 1, (b"IDAT", b"x")), "image_too_many_pixels"),
    "a strip of 1 x 30,000": (lambda: _encoded(Image.new("RGB", (1, 30_000)), "PNG"), "image_too_thin"),
    "a JPEG that is cut and ends all the same": (
        lambda: _encoded(_noise(side=400), "JPEG")[:20_000] + b"\xff\xd9",
        "image_damaged",
    ),
    "a PNG header without a side": (lambda: _png(0, 64, (b"IDAT", b"x")), "image_"),
    "a WebP header of 16383 x 16383": (_webp_that_says_16383, "image_too_many_pixels"),
    "a JPEG header of 65535 x 700 without the pixels": (lambda: _jpeg_that_says(65_535, 700), "image_"),
    "a text of 200 MB in 200 kB": (_text_bomb, "image_"),
    "a truncated JPEG": (lambda: _encoded(_noise(), "JPEG")[:-300], "image_truncated"),
    "a truncated WebP": (lambda: _encoded(_noise(), "WEBP")[:-300], "image_truncated"),
    "an animated PNG": (lambda: _animated("PNG"), "image_animated"),
    "an animated WebP": (lambda: _animated("WEBP"), "image_animated"),
    "a GIF": (lambda: _animated("GIF"), "image_wrong_type"),
    "a TIFF": (lambda: _encoded(_noise(), "TIFF"), "image_wrong_type"),
    "a JPEG that is a ZIP": (lambda: _encoded(_noise(), "JPEG") + b"PK\x03\x04" + bytes(40), "image_polyglot"),
    "a PNG that is a page": (lambda: _encoded(_noise(), "PNG") + b"<html><script>", "image_polyglot"),
    "a JPEG that is a PDF": (lambda: _encoded(_noise(), "JPEG") + b"%PDF-1.7\n", "image_polyglot"),
}
READ: dict[str, Callable[[], bytes]] = {
    "CMYK": lambda: _encoded(_noise("CMYK"), "JPEG"),
    "16 bit": lambda: _png(64, 64, (b"IDAT", zlib.compress(bytes(129 * 64))), depth=16),
    "a strip of 8 x 800": lambda: _encoded(Image.new("RGB", (8, 800)), "PNG"),
    "an Exif block that turns in a circle": lambda: _exif(LOOP),
    "an Exif block with a ninth orientation": lambda: _exif(NINE),
    "an Exif block that points 4 GB away": lambda: _exif(FAR),
}
EITHER: dict[str, Callable[[], bytes]] = {
    "a colour profile of 100 MB in 100 kB": _profile_bomb,
    "200,000 chunks": _many_chunks,
    "a progressive JPEG of 4,000 scans": _jpeg_of_many_scans,
}


def _sent(client: httpx.Client, station: str, data: bytes) -> httpx.Response:
    return client.post(f"/api/v1/stations/{station}/scans", files=[("capture", ("a.jpg", data, "image/jpeg"))])


def _serves_on(client: httpx.Client, station: str) -> None:
    good = client.post(f"/api/v1/stations/{station}/scans", json={"codes": [{"text": f"01{GTIN}21A7"}]})
    assert good.status_code == 200
    assert client.get("/api/v1/health/ready").status_code == 200


@pytest.mark.parametrize("name", REFUSED)
def test_a_hostile_picture_is_refused_with_a_reason_and_the_next_parcel_is_served(
    client: httpx.Client, station: str, name: str
) -> None:
    make, code = REFUSED[name]
    status, told = problem(_sent(client, station, make()))
    assert status == 422
    assert told.startswith(code)
    _serves_on(client, station)


@pytest.mark.parametrize("name", READ)
def test_an_odd_picture_is_read_like_any_other(client: httpx.Client, station: str, name: str) -> None:
    answer = _sent(client, station, READ[name]())
    assert answer.status_code == 200, answer.text
    assert len(answer.json()["captures"]) == 1
    _serves_on(client, station)


@pytest.mark.parametrize("name", EITHER)
def test_a_picture_that_costs_far_more_than_it_weighs_ends_within_its_budget(
    client: httpx.Client, bench: Bench, station: str, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    """The client waits a minute; the budgets of a reading are seconds, and a worker that spends one is ended."""
    monkeypatch.setattr(bench._workers, "_read_budget_s", Settings.model_fields["decode_budget_s"].default)
    answer = _sent(client, station, EITHER[name]())
    if answer.status_code != 200:
        assert problem(answer)[0] == 422
    _serves_on(client, station)
