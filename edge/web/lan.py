"""TLS for handhelds on the LAN: the certificate that the box shows, taken up when it is renewed.

One PEM file holds the certificate, its authority's and the key; it is replaced in one step (provisioning/authority.py).
New connections see the new one, those that are open go on with theirs. It issues nothing and trusts nobody: handhelds
are known by their token, as everybody beyond loopback.
"""

from __future__ import annotations

import logging
import ssl
from pathlib import Path

LOG = logging.getLogger(__name__)
SOCKET = "lan"  # FileDescriptorName= of sekisho-lan.socket: what comes there speaks TLS or is not answered
SERVER_FILE = "site/server.pem"  # under the state directory
HANDSHAKE_S = 10.0


class Certificate:
    """The box's certificate as TLS shows it."""

    def __init__(self, place: Path) -> None:
        """Show what lies in `place`, once it is there."""
        self._place = place
        self._seen: tuple[int, int] | None = None
        self.context: ssl.SSLContext | None = None

    def refresh(self) -> bool:
        """Take up another file than was seen last; whether there is a certificate to show.

        One that cannot be used is told in the log, once, and the one before stays.
        """
        try:
            told = self._place.stat()
        except OSError:
            return self.context is not None
        if (seen := (told.st_mtime_ns, told.st_ino)) != self._seen:
            self._seen = seen
            try:
                context = self.context or _context()
                context.load_cert_chain(self._place)
                self.context = context
            except (ssl.SSLError, OSError, ValueError):
                LOG.exception("%s: expected a certificate with its key, got another file.", self._place)
        return self.context is not None


def _context() -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.set_alpn_protocols(["http/1.1"])
    return context
