"""One image type from every accepted kind, and a refusal that says why from everything else."""

from __future__ import annotations

import contextlib
import io
import struct
import zipfile
import zlib
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image as PillowImage

from models.errors import PictureRefused
from models.measurements import PictureLimits
from models.picture import exif_orientation, measure, parse, read_header, reduced

LIMITS = PictureLimits()


def scene(mode: str = "RGB", size: tuple[int, int] = (48, 32)) -> PillowImage.Image:
    """Left half red, right half blue, a white mark in the top left corner."""
    picture = PillowImage.new("RGB", size, (0, 0, 255))
    picture.paste((255, 0, 0), (0, 0, size[0] // 2, size[1]))
    picture.paste((255, 255, 255), (0, 0, 8, 8))
    return picture.convert(mode)


def encoded(picture: PillowImage.Image, kind: str, **options: object) -> bytes:
    file = io.BytesIO()
    picture.save(file, kind, **options)
    return file.getvalue()


def refusal(data: bytes, limits: PictureLimits = LIMITS) -> PictureRefused:
    with pytest.raises(PictureRefused) as refused:
        parse(data, limits)
    assert refused.value.hint
    return refused.value


@pytest.mark.parametrize(
    ("kind", "options"),
    [
        ("JPEG", {"quality": 95}),
        ("JPEG", {"progressive": True}),
        ("PNG", {}),
        ("WebP", {"lossless": True}),
        ("BMP", {}),
    ],
)
def test_every_kind_comes_out_as_bgr(kind: str, options: dict[str, object]) -> None:
    image = parse(encoded(scene(), kind, **options), LIMITS)
    assert image.dtype == np.uint8
    assert image.shape == (32, 48, 3)
    assert np.abs(image[16, 12].astype(int) - (0, 0, 255)).max() < 12
    assert np.abs(image[16, 40].astype(int) - (255, 0, 0)).max() < 12


def test_cmyk_is_told_from_inverted_cmyk() -> None:
    image = parse(encoded(scene("CMYK"), "JPEG", quality=95), LIMITS)
    assert np.abs(image[16, 12].astype(int) - (0, 0, 255)).max() < 40
    assert np.abs(image[2, 2].astype(int) - (255, 255, 255)).max() < 40


def test_sixteen_bit_grey_keeps_its_tones() -> None:
    tones = np.linspace(0, 65535, 64, dtype=np.uint16)[None, :].repeat(16, axis=0)
    image = parse(encoded(PillowImage.fromarray(tones), "PNG"), LIMITS)
    assert np.array_equal(image[0, :, 0], (tones[0] >> 8).astype(np.uint8))


@pytest.mark.parametrize("mode", ["1", "L", "P"])
def test_palette_grey_and_bilevel_pictures_are_bgr_too(mode: str) -> None:
    image = parse(encoded(scene(mode), "PNG"), LIMITS)
    assert image.shape == (32, 48, 3)
    assert image[2, 2].tolist() == [255, 255, 255]


def test_transparency_lies_over_white() -> None:
    clear = PillowImage.new("RGBA", (16, 16), (0, 0, 0, 0))
    assert parse(encoded(clear, "PNG"), LIMITS)[8, 8].tolist() == [255, 255, 255]
    assert parse(encoded(clear, "WebP", lossless=True), LIMITS)[8, 8].tolist() == [255, 255, 255]


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WebP"])
def test_exif_orientation_is_undone(kind: str, orientation: int) -> None:
    exif = PillowImage.Exif()
    exif[0x0112] = orientation
    # what a camera stores, so that the upright picture is the scene
    undo = {
        2: PillowImage.Transpose.FLIP_LEFT_RIGHT,
        3: PillowImage.Transpose.ROTATE_180,
        4: PillowImage.Transpose.FLIP_TOP_BOTTOM,
        5: PillowImage.Transpose.TRANSPOSE,
        6: PillowImage.Transpose.ROTATE_90,
        7: PillowImage.Transpose.TRANSVERSE,
        8: PillowImage.Transpose.ROTATE_270,
    }
    stored = scene().transpose(undo[orientation]) if orientation in undo else scene()
    options = {"quality": 95} if kind == "JPEG" else {"lossless": True} if kind == "WebP" else {}
    data = encoded(stored, kind, exif=exif, **options)
    image = parse(data, LIMITS)
    assert image.shape == (32, 48, 3)
    assert np.abs(image[3, 3].astype(int) - (255, 255, 255)).max() < 40
    assert np.abs(image[20, 10].astype(int) - (0, 0, 255)).max() < 40
    assert read_header(data, LIMITS).upright_size == (48, 32)


def test_a_large_jpeg_may_be_decoded_at_half_its_sides() -> None:
    data = encoded(scene(size=(99, 61)), "JPEG", quality=95)
    assert parse(data, LIMITS, halve_above=1000).shape == (31, 50, 3)
    assert parse(data, LIMITS, halve_above=99 * 61).shape == (61, 99, 3)
    assert parse(encoded(scene(size=(99, 61)), "PNG"), LIMITS, halve_above=1000).shape == (61, 99, 3)


def test_no_bytes_are_refused() -> None:
    refused = refusal(b"")
    assert (refused.code, refused.message) == ("image_empty", "A picture has at least one byte, got 0.")


def test_too_many_bytes_are_refused_before_anything_is_read() -> None:
    refused = refusal(b"x" * 11, PictureLimits(max_bytes=10))
    assert (refused.code, refused.message) == ("image_too_many_bytes", "A picture has at most 10 bytes, got 11.")


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WebP", "BMP"])
def test_a_picture_whose_end_did_not_arrive_is_refused(kind: str) -> None:
    data = encoded(scene(), kind)
    assert refusal(data[: len(data) * 3 // 4]).code == "image_truncated"


def test_a_truncated_jpeg_is_told_exactly() -> None:
    data = encoded(scene(), "JPEG")[:-2]
    assert refusal(data).message == (
        f"A JPEG picture has an end-of-image marker, got a file that ends after {len(data)} bytes without it."
    )


def test_two_hundred_megapixels_are_refused_by_their_header() -> None:
    def chunk(name: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))

    bomb = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", 20_000, 10_000, 8, 2, 0, 0, 0))
    bomb += chunk(b"IDAT", zlib.compress(b"\0" * 100_000)) + chunk(b"IEND", b"")
    refused = refusal(bomb)
    assert refused.code == "image_too_many_pixels"
    assert refused.message == "A picture has at most 50000000 pixels, got 20000 x 10000 = 200000000."


@pytest.mark.parametrize("size", [(800, 8), (8, 800), (12, 12)])
def test_a_strip_or_a_speck_is_a_picture_like_any_other(size: tuple[int, int]) -> None:
    assert parse(encoded(PillowImage.new("RGB", size), "PNG")).shape == (size[1], size[0], 3)


@pytest.mark.parametrize("size", [(5000, 1), (1, 60_000), (7, 7), (2000, 19)])
@pytest.mark.parametrize("kind", ["JPEG", "PNG", "BMP"])
def test_a_line_of_pixels_is_no_picture(kind: str, size: tuple[int, int]) -> None:
    refused = refusal(encoded(PillowImage.new("RGB", size), kind))
    assert refused.code == "image_too_thin"
    assert refused.message == (
        "A picture has sides of at least 8 pixels, the longer at most 100 times the shorter, "
        f"got {size[0]} x {size[1]}."
    )


def grain(size: tuple[int, int] = (320, 240)) -> PillowImage.Image:
    pixels = np.random.default_rng(4).integers(0, 255, (size[1], size[0], 3), dtype=np.uint8)
    return PillowImage.fromarray(pixels)


@pytest.mark.parametrize("options", [{}, {"progressive": True}, {"restart_marker_rows": 2}])
@pytest.mark.parametrize("halve_above", [None, 1000])
def test_a_jpeg_that_is_cut_and_ends_all_the_same_is_damaged(
    options: dict[str, object], halve_above: int | None
) -> None:
    data = encoded(grain(), "JPEG", quality=90, **options)
    assert parse(data, halve_above=halve_above).shape == ((240, 320, 3) if halve_above is None else (120, 160, 3))
    with pytest.raises(PictureRefused) as refused:
        parse(data[: len(data) // 2] + b"\xff\xd9", halve_above=halve_above)
    assert refused.value.code == "image_damaged"
    assert refused.value.message == (
        "A JPEG picture has whole pixels, got: Corrupt JPEG data: premature end of data segment."
    )


def test_a_jpeg_with_other_bytes_in_the_middle_is_damaged() -> None:
    data = bytearray(encoded(grain(), "JPEG", quality=90))
    data[len(data) // 2 : len(data) // 2 + 400] = bytes(400)
    assert refusal(bytes(data)).code == "image_damaged"


@pytest.mark.parametrize("halve_above", [None, 1000])
@pytest.mark.parametrize("padding", [bytes(8), bytes(16), bytes(64), bytes(512), b"\xff" * 64, bytes(64) + b"\xff"])
def test_a_jpeg_that_its_camera_filled_up_before_the_end_marker_is_whole(
    padding: bytes, halve_above: int | None
) -> None:
    for quality in (50, 70, 90):
        data = encoded(grain(), "JPEG", quality=quality)
        padded = parse(data[:-2] + padding + data[-2:], LIMITS, halve_above=halve_above)
        assert np.array_equal(padded, parse(data, LIMITS, halve_above=halve_above))


def test_a_jpeg_with_other_bytes_before_the_end_marker_is_damaged() -> None:
    data = encoded(grain(), "JPEG")
    assert refusal(data[:-2] + bytes(range(1, 129)) * 4 + data[-2:]).code == "image_damaged"


@pytest.mark.parametrize("zeros", [16, 512, 100_000])
def test_a_jpeg_that_is_cut_and_filled_up_is_damaged(zeros: int) -> None:
    data = encoded(grain(), "JPEG")
    assert refusal(data[: len(data) // 2] + bytes(zeros) + data[-2:]).code == "image_damaged"


def test_a_jpeg_of_an_unknown_revision_is_a_picture_all_the_same() -> None:
    data = bytearray(encoded(grain(), "JPEG", quality=90))
    known = parse(bytes(data))
    data[data.index(b"JFIF\0") + 5] = 9  # major revision; there is 1 and 2
    assert np.array_equal(parse(bytes(data)), known)


def test_a_png_whose_text_inflates_is_refused() -> None:
    def chunk(name: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))

    data = encoded(scene(), "PNG")
    bomb = chunk(b"zTXt", b"Comment\0\0" + zlib.compress(b"A" * 50_000_000))
    assert refusal(data[:33] + bomb + data[33:]).code == "image_damaged"


@pytest.mark.parametrize("kind", ["GIF", "WebP", "PNG"])
def test_an_animation_is_refused(kind: str) -> None:
    other = scene().transpose(PillowImage.Transpose.FLIP_LEFT_RIGHT)
    data = encoded(scene(), kind, save_all=True, append_images=[other, scene()], duration=100)
    refused = refusal(data)
    assert (refused.code, refused.message) == ("image_animated", f"A picture has one frame, got an animated {kind}.")


@pytest.mark.parametrize(
    ("data", "what"),
    [
        (encoded(scene(), "GIF"), "GIF"),
        (encoded(scene(), "TIFF"), "TIFF"),
        (b"%PDF-1.7 ...", "PDF"),
        (b"<html><body>no</body></html>", "HTML"),
        (b"\0\0\0\x18ftypheic\0\0\0\0", "an ISO media file ('heic')"),
        (b"hello", "bytes 68 65 6c 6c 6f"),
    ],
)
def test_what_is_no_accepted_picture_is_named(data: bytes, what: str) -> None:
    refused = refusal(data)
    assert (refused.code, refused.message) == (
        "image_wrong_type",
        f"A picture is JPEG, PNG, WebP or BMP, got {what}.",
    )


def archive() -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as made:
        made.writestr("run.sh", "echo")
    return file.getvalue()


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WebP"])
@pytest.mark.parametrize(
    ("trailer", "what"),
    [
        (archive(), "a ZIP archive"),
        (b"\n<script>alert(1)</script>", "HTML or script"),
        (b"%PDF-1.4", "a PDF"),
        (b"MZ\x90\0", "a program"),
    ],
)
def test_a_picture_that_is_another_file_too_is_refused(kind: str, trailer: bytes, what: str) -> None:
    refused = refusal(encoded(scene(), kind) + trailer)
    assert refused.code == "image_polyglot"
    assert refused.message == f"A {kind} picture ends where its format says, got {what} in or after it."


def test_what_phones_append_is_left_alone() -> None:
    jpeg = encoded(scene(), "JPEG")
    for trailer in (jpeg, b"\0" * 4096, b"\0\0\0\x18ftypmp42\0\0\0\0", b"SEFH\x6b\0\0\0SEFT"):
        assert parse(jpeg + trailer, LIMITS).shape == (32, 48, 3)


def test_fill_bytes_before_a_jpegs_markers_are_passed_over() -> None:
    jpeg = encoded(scene(), "JPEG")
    for marker in (b"\xff\xdb", b"\xff\xda", b"\xff\xd9"):
        at = jpeg.rindex(marker)
        assert read_header(jpeg[:at] + b"\xff\xff" + jpeg[at:], LIMITS) == replace(
            read_header(jpeg, LIMITS), end=len(jpeg) + 2
        )


def test_a_jpeg_whose_pixels_are_gone_is_refused() -> None:
    data = encoded(scene(), "JPEG")
    start = data.index(b"\xff\xda")
    assert refusal(data[:start] + b"\xff\xd9").code == "image_damaged"


def test_measures_tell_sharp_from_blurred_and_dark_from_burnt_out() -> None:
    checks = np.indices((200, 300)).sum(axis=0) // 10 % 2 * 255
    sharp = np.repeat(checks.astype(np.uint8)[:, :, None], 3, axis=2)
    soft = np.full_like(sharp, 128)
    assert measure(sharp).sharpness > 1000
    assert (measure(soft).sharpness, measure(soft).glare, measure(soft).brightness) == (0.0, 0.0, 128.0)
    assert measure(np.full_like(sharp, 255)).glare == 1.0
    assert measure(sharp).glare == pytest.approx(0.5, abs=0.02)


def test_reducing_keeps_small_pictures_and_shape() -> None:
    image = np.zeros((300, 4001, 3), np.uint8)
    assert max(reduced(image, 1000).shape) == 1000
    assert reduced(image[:, :200], 1000).shape == (300, 200, 3)
    assert reduced(np.zeros((1, 5000, 3), np.uint8), 1000).shape == (1, 1000, 3)


@given(st.binary(max_size=200))
def test_any_bytes_are_parsed_or_refused(data: bytes) -> None:
    with pytest.raises(PictureRefused, match=r"^A .* has|^A picture is|^A .* ends"):
        parse(data, LIMITS)


@given(
    st.sampled_from(["JPEG", "PNG", "WebP", "BMP"]), st.integers(0, 10_000), st.integers(0, 255), st.integers(0, 10_000)
)
def test_a_bitten_picture_is_parsed_or_refused(kind: str, at: int, value: int, cut: int) -> None:
    data = bytearray(WHOLE[kind])
    data[at % len(data)] = value
    with contextlib.suppress(PictureRefused):
        assert parse(bytes(data[: max(1, cut % (2 * len(data)))]), PictureLimits(max_pixels=1_000_000)).ndim == 3


WHOLE = {kind: encoded(scene(), kind) for kind in ("JPEG", "PNG", "WebP", "BMP")}


@given(st.binary(max_size=64))
def test_any_exif_block_gives_an_orientation(block: bytes) -> None:
    assert 1 <= exif_orientation(block) <= 8
    assert 1 <= exif_orientation(b"II*\0" + block) <= 8
