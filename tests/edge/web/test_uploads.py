from __future__ import annotations

from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.errors import InputError
from edge.settings import Settings
from edge.web.requests import ArrivalIn
from edge.web.uploads import _Form, parsed

SETTINGS = Settings(state_dir=Path("/nowhere"), max_image_bytes=64, max_images=3, max_json_bytes=300)


def _body(pictures: list[bytes]) -> bytes:
    parts = [b'Content-Disposition: form-data; name="inspection"\r\n\r\n{"officer": "Sato"}']
    parts += [
        b'Content-Disposition: form-data; name="capture"; filename="a"\r\nContent-Type: image/png\r\n\r\n' + data
        for data in pictures
    ]
    return b"".join(b"--edge\r\n" + part + b"\r\n" for part in parts) + b"--edge--\r\n"


@given(st.lists(st.binary(max_size=64), max_size=3), st.integers(1, 40))
def test_pictures_come_out_as_they_were_sent_in_pieces_of_any_size(pictures: list[bytes], size: int) -> None:
    body = _body([data.replace(b"--edge", b"") for data in pictures])
    form = _Form(b"edge", SETTINGS)
    for start in range(0, len(body), size):
        form.feed(body[start : start + size])
    document, frames = form.result(ArrivalIn)
    assert document.officer == "Sato"
    assert [frame.data for frame in frames] == [data.replace(b"--edge", b"") for data in pictures]
    assert all(frame.media_type == "image/png" for frame in frames)


def _whole(form: _Form, body: bytes) -> None:
    form.feed(body)
    form.result(ArrivalIn)


@given(st.binary(max_size=400))
def test_any_bytes_are_a_form_or_an_input_error(body: bytes) -> None:
    form = _Form(b"edge", SETTINGS)
    with pytest.raises(InputError):
        _whole(form, b"--edge\r\n" + body)


@given(st.binary(max_size=400) | st.text(max_size=400).map(str.encode))
def test_any_bytes_are_a_document_or_an_input_error(raw: bytes) -> None:
    with suppress(InputError):
        assert isinstance(parsed(raw, ArrivalIn, SETTINGS), ArrivalIn)


def test_a_picture_is_refused_while_it_grows() -> None:
    form = _Form(b"edge", SETTINGS)
    with pytest.raises(InputError) as caught:
        form.feed(_body([b"x" * 65]))
    assert str(caught.value) == "Expected an image of at most 64 bytes, got 65 or more."
