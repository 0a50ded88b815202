from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from edge.devices.framing import MessageFramer

LIMIT = 20


def _messages(pieces: list[bytes]) -> list[bytes]:
    framer = MessageFramer(LIMIT)
    return [message for piece in pieces for message in framer.feed(piece)]


@given(st.lists(st.binary(max_size=30)), st.sampled_from([b"\r", b"\n", b"\r\n"]))
def test_the_pieces_in_which_bytes_arrive_do_not_change_the_messages(lines: list[bytes], end: bytes) -> None:
    stream = b"".join(line + end for line in lines)
    assert _messages([stream]) == _messages([stream[index : index + 1] for index in range(len(stream))])


@given(st.lists(st.binary(min_size=1, max_size=LIMIT)), st.sampled_from([b"\r", b"\n", b"\r\n"]))
def test_whole_messages_come_out_as_they_were_sent(lines: list[bytes], end: bytes) -> None:
    clean = [line.replace(b"\r", b"\x1d").replace(b"\n", b"\x1d") for line in lines]
    assert _messages([b"".join(line + end for line in clean)]) == clean


def test_a_message_over_the_limit_comes_out_one_byte_too_long_so_that_it_is_refused_and_never_cut() -> None:
    assert _messages([b"x" * 50, b"x" * 50 + b"\rnext\r"]) == [b"x" * (LIMIT + 1), b"next"]


def test_the_rest_is_what_came_after_the_last_terminator() -> None:
    framer = MessageFramer(LIMIT)
    assert framer.feed(b"one\rtwo") == [b"one"]
    assert framer.rest() == b"two"
    assert framer.rest() == b""
