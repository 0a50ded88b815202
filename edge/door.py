"""The bench behind its UNIX socket, for the process that listens to the devices: arrivals go in by the bench's own API.

That process has no storage and no network; whoever may open the socket's file may hand something in.
"""

from __future__ import annotations

import base64
import http.client
import json
import socket
from dataclasses import dataclass
from pathlib import Path

from urllib3.filepost import encode_multipart_formdata

from edge.arrival import Arrival
from edge.errors import BoxError, RequestRefused

_PATIENCE_S = 120.0  # an arrival waits for its turn at the pixel workers
_TRY_AGAIN = frozenset({408, 425, 429, 500, 502, 503, 504, 507})


@dataclass(frozen=True, slots=True)
class Taken:
    """What the bench answered."""

    inspection: str


class Door:
    """The API of a bench at the UNIX socket `path`. Safe for threads: each arrival has a connection of its own."""

    def __init__(self, path: Path) -> None:
        """Nothing is opened yet."""
        self._path = path

    def inspect(self, arrival: Arrival) -> Taken:
        """Hand one arrival in, and answer when the bench has recorded it.

        Raises:
            BoxError: box_unreachable, nobody answers behind the door; or the bench cannot do its part now.
            RequestRefused: the bench's code: it does not take this arrival, now or later.
        """
        document: dict[str, object] = {"station": arrival.station, "joins": arrival.joins}
        document["codes"] = [
            {"payload": base64.b64encode(code.payload).decode(), "symbology": code.symbology, "source": code.source}
            for code in arrival.codes
        ]
        if arrival.pictures:
            document["camera"] = arrival.pictures[0].source
        where = "/api/v1/inspections"
        if arrival.inspection:
            where += f"/{arrival.inspection}/captures"
            del document["station"], document["joins"]
        fields = [("inspection", ("inspection.json", json.dumps(document), "application/json"))]
        pictures = [("capture", (frame.source, frame.data, frame.media_type)) for frame in arrival.pictures]
        body, content_type = encode_multipart_formdata([*fields, *pictures])
        headers = {"Host": "localhost", "Content-Type": content_type, "Idempotency-Key": arrival.key}
        return Taken(str(self._asked(where, body, headers)["inspection"]))

    def badge(self, station: str, code: str, source: str) -> None:
        """Hand in a badge that a gun read: it signs in at its station.

        Raises:
            BoxError: as `inspect`. RequestRefused: the bench's code, such as access_badge: it is nobody's.
        """
        document = {"station": station, "codes": [{"text": code, "source": source}]}
        headers = {"Host": "localhost", "Content-Type": "application/json"}
        self._asked("/api/v1/inspections", json.dumps(document).encode(), headers)

    def card(self, station: str, code: str) -> None:
        """Hand in a barcode of the desk card that a gun read.

        Raises:
            BoxError: as `inspect`. SekishoError: the bench's code, such as card_conflict: nothing lies open.
        """
        document = {"station": station, "codes": [{"text": code, "source": "scanner"}]}
        headers = {"Host": "localhost", "Content-Type": "application/json"}
        self._asked("/api/v1/inspections", json.dumps(document).encode(), headers)

    def _asked(self, where: str, body: bytes, headers: dict[str, str]) -> dict[str, object]:
        connection = _AtFile(self._path)
        try:
            connection.request("POST", where, body, headers)
            answer = connection.getresponse()
            status, told = answer.status, json.loads(answer.read())
        except (OSError, http.client.HTTPException, ValueError) as error:
            message = f"{self._path}: the bench must answer, got {type(error).__name__}: {error}."
            raise BoxError("box_unreachable", message, hint="See: systemctl status sekisho-web.") from error
        finally:
            connection.close()
        if status in _TRY_AGAIN:
            raise BoxError(told["code"], told["detail"], hint=told["hint"])
        if status >= http.client.BAD_REQUEST:
            raise RequestRefused(told["code"], told["detail"], hint=told["hint"])
        answered: dict[str, object] = told
        return answered


class _AtFile(http.client.HTTPConnection):
    """HTTP at a UNIX socket."""

    def __init__(self, path: Path) -> None:
        super().__init__("localhost", timeout=_PATIENCE_S)
        self._path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(self.timeout)
        self.sock.connect(str(self._path))
