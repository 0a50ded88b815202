"""Work on a picture that is begun before it is asked for: on a second core where there is one, else a little sooner.

What is told here was asked for already, or is about to be: whoever asks then waits for the rest of it. Everything goes
with its picture. What it is not: a queue of pictures, and no place for work that nobody may ask for.
"""

from __future__ import annotations

from concurrent.futures import Future, ThreadPoolExecutor, wait
from typing import TYPE_CHECKING, Any, TypeVar, cast

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable

Made = TypeVar("Made")


class Aside:
    """What is made of one picture, each thing once, by its name. Asked by one thread, which one other helps."""

    def __init__(self) -> None:
        """Nothing is made yet."""
        self._helper = ThreadPoolExecutor(1, "aside")
        self._made: dict[Hashable, Future[Any]] = {}

    def begin(self, name: Hashable, make: Callable[[], object]) -> None:
        """Let it be made by the helper, after what was begun before."""
        if name not in self._made:
            self._made[name] = self._helper.submit(make)

    def get(self, name: Hashable, make: Callable[[], Made]) -> Made:
        """It as it was made before or is being made by the helper; else as it is made here and now.

        Raises:
            Whatever `make` raised.
        """
        if name not in self._made:
            made: Future[Made] = Future()
            made.set_result(make())
            self._made[name] = made
        return cast("Made", self._made[name].result())

    def clear(self) -> None:
        """Let go of all of it. What is at work is waited for: it still holds the picture."""
        for one in self._made.values():
            one.cancel()
        wait(self._made.values())
        self._made.clear()
