"""The lock of a station: handed over in the order of arrival, re-entrant, and only its owner gives it back."""

from __future__ import annotations

import threading
import time

import pytest

from edge.fair_lock import FairLock


def test_those_who_wait_get_it_in_the_order_in_which_they_came() -> None:
    lock, order, waiting = FairLock(), [], []

    def come(number: int) -> None:
        with lock:
            order.append(number)

    lock.acquire()
    for number in range(8):
        waiting.append(threading.Thread(target=come, args=(number,)))
        waiting[-1].start()
        _until_waiting(lock, number + 1)
    lock.release()
    for thread in waiting:
        thread.join()
    assert order == list(range(8))


def test_one_who_gives_it_back_and_comes_again_at_once_stands_behind_those_who_wait() -> None:
    lock, order = FairLock(), []

    def officer() -> None:
        with lock:
            order.append("officer")

    lock.acquire()
    waiting = threading.Thread(target=officer)
    waiting.start()
    _until_waiting(lock, 1)
    lock.release()  # threading.RLock would let this very thread have it again
    with lock:
        order.append("flood")
    waiting.join()
    assert order == ["officer", "flood"]


def test_its_owner_may_take_it_again_and_gives_it_back_as_often() -> None:
    lock = FairLock()
    with lock, lock:
        assert lock.acquire(blocking=False)
        lock.release()
        assert not _another_gets(lock)
    assert _another_gets(lock)


def test_who_has_not_got_it_cannot_give_it_back() -> None:
    me = threading.get_ident()
    with pytest.raises(RuntimeError, match=rf"^Expected the thread that has the lock, None, got {me}\.$"):
        FairLock().release()


def test_many_who_come_and_go_never_have_it_together() -> None:
    lock, inside, most = FairLock(), [], []

    def come() -> None:
        for _ in range(200):
            with lock:
                inside.append(1)
                most.append(len(inside))
                inside.pop()

    threads = [threading.Thread(target=come) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (len(most), max(most)) == (800, 1)
    assert _another_gets(lock)


def _another_gets(lock: FairLock) -> bool:
    """Whether another thread would get it at once."""
    got = []

    def come() -> None:
        got.append(lock.acquire(blocking=False))
        if got[0]:
            lock.release()

    thread = threading.Thread(target=come)
    thread.start()
    thread.join()
    return got[0]


def _until_waiting(lock: FairLock, number: int) -> None:
    while len(lock._waiting) < number:
        time.sleep(0.001)
