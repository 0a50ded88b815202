"""What systemd gives a service and wants to hear: sockets that it holds; "ready", "alive". Absent, all is quiet.

The protocols are sd_listen_fds(3) and sd_notify(3): numbers in the environment, and one datagram a message.
"""

from __future__ import annotations

import contextlib
import os
import socket
import threading
from collections.abc import Callable, Iterator

_FIRST_FD = 3
_BEATS_A_PERIOD = 3


def inherited_sockets() -> tuple[socket.socket, ...]:
    """The listening sockets that systemd has opened for this process; none when it was started otherwise."""
    if os.environ.get("LISTEN_PID") != str(os.getpid()):
        return ()
    count = int(os.environ.get("LISTEN_FDS", "0"))
    held = tuple(socket.socket(fileno=number) for number in range(_FIRST_FD, _FIRST_FD + count))
    for one in held:
        one.set_inheritable(False)
    return held


def name_of(held: socket.socket) -> str:
    """What systemd calls a socket that it holds (FileDescriptorName=); "" for one that it does not."""
    names = os.environ.get("LISTEN_FDNAMES", "").split(":") if os.environ.get("LISTEN_PID") == str(os.getpid()) else []
    place = held.fileno() - _FIRST_FD
    return names[place] if 0 <= place < len(names) else ""


def tell(message: str) -> None:
    """Tell systemd something, e.g. "READY=1" or "STATUS=...". Nobody listening is no fault."""
    address = os.environ.get("NOTIFY_SOCKET", "")
    if not address:
        return
    with contextlib.suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as line:
        line.connect("\0" + address[1:] if address.startswith("@") else address)
        line.sendall(message.encode())


def beat_s() -> float | None:
    """How often "WATCHDOG=1" is to be told, seconds: three times in the period of WatchdogSec=; None without one."""
    period_us = os.environ.get("WATCHDOG_USEC", "")
    if not period_us or os.environ.get("WATCHDOG_PID", str(os.getpid())) != str(os.getpid()):
        return None
    return int(period_us) / 1e6 / _BEATS_A_PERIOD


@contextlib.contextmanager
def beating(prove: Callable[[], str]) -> Iterator[None]:
    """Within the block, tell systemd again and again that the service is alive, each time after `prove` has returned.

    `prove` does a piece of real work and returns a line for `systemctl status`. While it hangs nothing is told, and
    systemd ends the service when the period of its watchdog is over. What it raises is told, not hidden: a part that
    fails with an answer is no hang, but a TimeoutError is one. Without a watchdog nothing is done.
    """
    pause_s = beat_s()
    if pause_s is None:
        yield
        return
    done = threading.Event()

    def run() -> None:
        while not done.wait(pause_s):
            try:
                status = prove()
            except TimeoutError as error:
                tell(f"STATUS=hung: {error}")
                continue
            except Exception as error:  # noqa: BLE001 - whatever it is, it is an answer and it is told
                status = f"{type(error).__name__}: {error}"
            tell(f"WATCHDOG=1\nSTATUS={' '.join(status.split())}")

    thread = threading.Thread(target=run, name="watchdog", daemon=True)
    thread.start()
    try:
        yield
    finally:
        done.set()
