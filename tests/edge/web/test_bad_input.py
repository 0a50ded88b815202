"""Bad input over HTTP: a stable code and a hint, nothing recorded, and the bench keeps serving."""

from __future__ import annotations

import io
import json
import struct
import zlib
from collections.abc import Callable, Iterator

import httpx
import numpy as np
import pytest
from PIL import Image

from tests.edge.web.conftest import GTIN
from tests.edge.web.serving import problem


def _encoded(kind: str) -> bytes:
    image = Image.fromarray(np.random.default_rng(3).integers(0, 255, (64, 64, 3), dtype=np.uint8))
    out = io.BytesIO()
    image.save(out, kind)
    return out.getvalue()


def _animated() -> bytes:
    frames = [Image.new("RGB", (32, 32), color) for color in ("red", "blue")]
    out = io.BytesIO()
    frames[0].save(out, "PNG", save_all=True, append_images=frames[1:])
    return out.getvalue()


def _png(width: int, height: int, body: bytes) -> bytes:
    def chunk(name: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", body) + chunk(b"IEND", b"")


def _bomb() -> bytes:
    """20,000 x 10,000 grey pixels, 200 megapixels, in 200 kB."""
    packer = zlib.compressobj(9)
    row = bytes(20_001)
    return _png(20_000, 10_000, b"".join(packer.compress(row) for _ in range(10_000)) + packer.flush())


PICTURES: dict[str, tuple[Callable[[], bytes], str]] = {
    "zero bytes": (lambda: b"", "image_empty"),
    "truncated JPEG": (lambda: _encoded("JPEG")[:-200], "image_truncated"),
    "truncated PNG": (lambda: _encoded("PNG")[:-200], "image_truncated"),
    "200 megapixels and a decompression bomb": (_bomb, "image_too_many_pixels"),
    "animated": (_animated, "image_animated"),
    "text": (lambda: b"this is no picture", "image_wrong_type"),
    "PDF": (lambda: b"%PDF-1.7\n1 0 obj", "image_wrong_type"),
    "SVG": (lambda: b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>', "image_wrong_type"),
    "polyglot": (lambda: _encoded("JPEG") + b"PK\x03\x04" + b"\0" * 40, "image_polyglot"),
    "too many bytes": (lambda: b"\xff\xd8\xff" + bytes(30_000_001), "image_too_many_bytes"),
}


@pytest.fixture
def serving_on(client: httpx.Client, station: str) -> Iterator[str]:
    """A station; after the test, a scan there is answered and nothing was recorded of what was refused."""
    before = client.get("/api/v1/inspections", params={"limit": 1}).json()
    yield station
    assert client.get("/api/v1/inspections", params={"limit": 1}).json() == before
    good = client.post(f"/api/v1/stations/{station}/scans", json={"codes": [{"text": f"01{GTIN}21A7"}]})
    assert good.status_code == 200


def _send(client: httpx.Client, station: str, *pictures: bytes) -> httpx.Response:
    files = [("capture", (f"{number}.jpg", data, "image/jpeg")) for number, data in enumerate(pictures)]
    return client.post(f"/api/v1/stations/{station}/scans", files=files)


@pytest.mark.parametrize("name", PICTURES)
def test_a_bad_picture_is_told_and_nothing_is_recorded(client: httpx.Client, serving_on: str, name: str) -> None:
    make, code = PICTURES[name]
    answer = _send(client, serving_on, make())
    assert problem(answer) == (422, code)
    assert answer.json()["hint"]


def test_a_good_picture_is_not_lost_to_a_bad_one_beside_it(client: httpx.Client, station: str, jpeg: bytes) -> None:
    answer = _send(client, station, jpeg, jpeg[:-400])
    assert answer.status_code == 200
    assert len(answer.json()["captures"]) == 1


def test_a_scan_is_not_lost_to_a_bad_picture_and_the_picture_is_told(
    client: httpx.Client, station: str, jpeg: bytes
) -> None:
    files: dict[str, tuple[str | None, bytes | str, str]] = {
        "inspection": (None, json.dumps({"codes": [{"text": f"01{GTIN}21B7"}]}), "application/json"),
        "capture": ("a.jpg", jpeg[:-400], "image/jpeg"),
    }
    told = client.post(f"/api/v1/stations/{station}/scans", files=files).json()
    assert [item["gtin"] for item in told["items"]] == [GTIN]
    assert "capture.refused" in {finding["code"] for finding in told["verdict"]["findings"]}


def test_500_pictures_in_one_request_are_refused(client: httpx.Client, serving_on: str, jpeg: bytes) -> None:
    answer = _send(client, serving_on, *[jpeg] * 500)
    assert problem(answer) == (422, "request_too_many_images")
    assert answer.json()["detail"] == "Expected at most 12 images at once, got 13 or more."


CODES: dict[str, tuple[list[dict[str, str]], str]] = {
    "50 kB": ([{"text": "x" * 50_000}], "code_too_long"),
    "a NUL": ([{"text": "01\x00"}], "code_control"),
    "a bell": ([{"text": "\x07"}], "code_control"),
    "white space": ([{"text": " \t "}], "code_empty"),
    "no text": ([{"text": ""}], "request_field"),
    "nothing": ([{}], "request_field"),
    "text and payload": ([{"text": "a", "payload": "YQ=="}], "request_field"),
    "no base64": ([{"payload": "%%%"}], "code_base64"),
    "too many": ([{"text": str(number)} for number in range(201)], "request_too_many_codes"),
    "a wrong identifier": ([{"text": "a", "symbology": "d2"}], "request_field"),
    "a misspelt field": ([{"text": "a", "symbolgy": "]d2"}], "request_field"),
}


@pytest.mark.parametrize("name", CODES)
def test_a_bad_code_is_told_and_nothing_is_recorded(client: httpx.Client, serving_on: str, name: str) -> None:
    codes, code = CODES[name]
    answer = client.post(f"/api/v1/stations/{serving_on}/scans", json={"codes": codes})
    assert problem(answer) == (422, code)


def test_a_misspelt_field_is_told_by_its_place(client: httpx.Client) -> None:
    answer = client.post("/api/v1/inspections", json={"codes": [{"text": "a", "symbolgy": "]d2"}]})
    assert answer.json()["detail"] == "codes.0.symbolgy: Extra inputs are not permitted."


DOCUMENTS = {
    "broken JSON": (b'{"codes": [', "request_json"),
    "no JSON": (b"\xff\xfe", "request_json"),
    "a list": (b"[]", "request_field"),
    "deep nesting": (b"[" * 100_000, "request_json"),
    "deep nesting in a field": (b'{"codes": ' + b"[" * 5_000 + b"]" * 5_000 + b"}", "request_json"),
    "a lone surrogate": (b'{"codes": [{"text": "\\ud800"}]}', "request_json"),
    "a huge number": (b'{"consignment": {"document": "x", "pieces": 1' + b"0" * 5_000 + b"}}", "request_json"),
    "nothing in it": (b"{}", "request_empty"),
    "more than 4 MB": (b'{"officer": "' + b"x" * 4_000_000 + b'"}', "request_too_large"),
}


@pytest.mark.parametrize("name", DOCUMENTS)
def test_a_bad_document_is_told_and_nothing_is_recorded(client: httpx.Client, serving_on: str, name: str) -> None:
    content, code = DOCUMENTS[name]
    answer = client.post(
        f"/api/v1/stations/{serving_on}/scans", content=content, headers={"Content-Type": "application/json"}
    )
    assert problem(answer)[1] == code


MULTIPARTS = {
    "no boundary": ("multipart/form-data", b"x", "request_malformed"),
    "not well-formed": ("multipart/form-data; boundary=b", b"nothing of the kind", "request_malformed"),
    "ends early": (
        "multipart/form-data; boundary=b",
        b'--b\r\nContent-Disposition: form-data; name="capture"\r\n\r\nabc',
        "request_malformed",
    ),
    "another name": (
        "multipart/form-data; boundary=b",
        b'--b\r\nContent-Disposition: form-data; name="photo"; filename="a.jpg"\r\n\r\nabc\r\n--b--\r\n',
        "request_field",
    ),
    "a header of 100 kB": (
        "multipart/form-data; boundary=b",
        b"--b\r\nX: " + b"y" * 100_000 + b"\r\n\r\nabc\r\n--b--\r\n",
        "request_malformed",
    ),
    "a form": ("application/x-www-form-urlencoded", b"codes=1", "request_media_type"),
    "plain text": ("text/plain", b'{"codes": [{"text": "a"}]}', "request_media_type"),
}


@pytest.mark.parametrize("name", MULTIPARTS)
def test_a_bad_multipart_request_is_told_and_nothing_is_recorded(
    client: httpx.Client, serving_on: str, name: str
) -> None:
    kind, content, code = MULTIPARTS[name]
    answer = client.post(f"/api/v1/stations/{serving_on}/scans", content=content, headers={"Content-Type": kind})
    assert problem(answer)[1] == code


def test_the_sentences_of_a_code_cannot_become_markup(client: httpx.Client, station: str) -> None:
    attack = '<img src=x onerror="alert(1)">'
    client.post(f"/api/v1/stations/{station}/scans", json={"codes": [{"text": attack}]})
    page = client.get("/", params={"station": station}).text
    assert attack not in page
    assert "&lt;img src=x" in page


def test_a_code_cannot_turn_round_what_the_officer_reads(client: httpx.Client, station: str) -> None:
    attack = "LX\u202e921834374\u202c\u2066JP"
    document = {"codes": [{"text": attack, "source": "\u202egnp.bal"}]}
    answer = client.post(f"/api/v1/stations/{station}/scans", json=document).json()
    assert answer["symbols"][0]["text"] == attack  # the record and the API keep what came
    for address in ("/", "/pages/card", "/pages/around", f"/inspections/{answer['inspection']}"):
        page = client.get(address, params={"station": station}).text
        assert not set(page) & set("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
        if address != "/pages/around":
            assert '<bdo dir="ltr">LX�921834374��JP</bdo>' in page
    assert "<bdi>�gnp.bal</bdi>" in client.get(f"/inspections/{answer['inspection']}").text


def test_a_wrong_kind_of_idempotency_key_is_told(client: httpx.Client) -> None:
    answer = client.post("/api/v1/inspections", json={"codes": [{"text": "a"}]}, headers={"Idempotency-Key": "x" * 201})
    assert problem(answer) == (422, "request_field")
    assert json.loads(answer.text)["detail"].startswith("header.Idempotency-Key: ")
