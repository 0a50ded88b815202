"""The sockets of the bench: systemd's where it holds some, and never one beyond loopback without a token."""

from __future__ import annotations

import socket

import pytest

from edge import supervision
from edge.errors import SettingsError
from edge.settings import Settings
from edge.web import server


def _held(monkeypatch: pytest.MonkeyPatch, address: str) -> socket.socket:
    held = socket.create_server((address, 0))
    monkeypatch.setattr(supervision, "inherited_sockets", lambda: (held,))
    return held


def test_a_socket_that_systemd_holds_is_served_on_instead_of_the_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    held = _held(monkeypatch, "127.0.0.1")
    with server.listening(Settings(host="192.0.2.7", port=1)) as sockets:
        assert sockets == (held,)


def test_a_held_socket_beyond_loopback_needs_a_token(monkeypatch: pytest.MonkeyPatch) -> None:
    _held(monkeypatch, "0.0.0.0")  # noqa: S104 - what is refused here
    with pytest.raises(SettingsError) as caught, server.listening(Settings()):
        pass
    assert caught.value.message == "Listening on '0.0.0.0', beyond loopback, needs a token, got none."


def test_without_systemd_the_address_of_the_settings_is_bound() -> None:
    with server.listening(Settings(port=0)) as (held,):
        assert held.getsockname()[0] == "127.0.0.1"
