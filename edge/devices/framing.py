"""The framing of a scanner's byte stream: messages end with CR, LF or CRLF.

Everything else is kept as it came: the group separator 0x1D, the AIM symbology identifier, NUL, bytes of any character
set. It repairs nothing (edge/steps/identify.py does) and reads no device.
"""

from __future__ import annotations


class MessageFramer:
    """Cuts a byte stream, which comes in pieces of any size, into messages.

    An empty message is none: so CRLF needs no memory of the CR. A message longer than `max_bytes` comes out cut to
    `max_bytes + 1`, so that whoever limits codes refuses it as too long and nobody takes the cut piece for the whole.
    """

    def __init__(self, max_bytes: int) -> None:
        """Make a framer whose longest whole message has `max_bytes`."""
        self._max_bytes = max_bytes
        self._pending = bytearray()

    def feed(self, piece: bytes) -> list[bytes]:
        """The messages that `piece` completes, in order."""
        *ended, open_end = piece.replace(b"\n", b"\r").split(b"\r")
        messages = []
        for part in ended:
            self._take(part)
            if whole := self.rest():
                messages.append(whole)
        self._take(open_end)
        return messages

    def _take(self, part: bytes) -> None:
        self._pending += part[: self._max_bytes + 1 - len(self._pending)]

    def rest(self) -> bytes:
        """What came after the last terminator; the framer forgets it. For the end of a stream."""
        rest = bytes(self._pending)
        self._pending.clear()
        return rest
