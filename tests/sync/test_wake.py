"""Real signals, and a real network where namespaces can be made."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import threading
import time

import pytest

from sync.wake import Wake


def _send(number: int) -> threading.Timer:
    timer = threading.Timer(0.05, os.kill, (os.getpid(), number))
    timer.start()
    return timer


def test_the_schedule_wakes() -> None:
    with Wake() as wake:
        assert wake.wait(0.01) == "schedule"


def test_a_person_wakes_it_by_a_signal_once() -> None:
    with Wake() as wake:
        timer = _send(signal.SIGUSR1)
        assert wake.wait(20) == "asked"
        timer.join()
        assert wake.wait(0.01) == "schedule"


def test_a_stop_wakes_it_and_ends_a_sleep_in_the_middle_of_work() -> None:
    with Wake() as wake:
        timer = _send(signal.SIGTERM)
        started = time.monotonic()
        wake.sleep(20)
        timer.join()
        assert (wake.stopped, wake.wait(20)) == (True, "stop")
    assert time.monotonic() - started < 10


def test_signals_are_given_back_afterwards() -> None:
    before = signal.getsignal(signal.SIGTERM)
    with Wake():
        assert signal.getsignal(signal.SIGTERM) != before
    assert signal.getsignal(signal.SIGTERM) == before


_NETWORK = """
import subprocess, threading
from sync.wake import Wake
with Wake(settle_s=0.5) as wake:
    timer = threading.Timer(0.2, subprocess.run, (["ip", "link", "set", "lo", "up"],))
    timer.start()
    print(wake.wait(20), wake.wait(0.01))
    timer.join()
"""


@pytest.mark.skipif(os.geteuid() != 0, reason="a network namespace needs root")
@pytest.mark.skipif(shutil.which("ip") is None, reason="a network that comes up needs ip (Debian: iproute2)")
def test_a_network_that_comes_up_wakes_it_once() -> None:
    done = subprocess.run(
        ["unshare", "--net", sys.executable, "-c", _NETWORK], capture_output=True, text=True, check=False, timeout=60
    )
    assert (done.stdout, done.returncode) == ("network schedule\n", 0), done.stderr
