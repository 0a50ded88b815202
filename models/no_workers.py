"""No pixel workers: what stands in their place when a box serves with half its strength.

Every question is answered with the fault `worker_off`, so that scans are judged and recorded and every picture says why
it was not read.
"""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Self

from models.errors import WorkerFailed
from models.measurements import Hidden
from models.worker import OpenFrame, PixelWorkers

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from models.measurements import TextPlace


class NoWorkers(PixelWorkers):
    """As `PixelWorkers`, of none."""

    def __init__(self) -> None:
        super().__init__(0)

    @contextlib.contextmanager
    def look(self, data: bytes, *, wait: bool = True) -> Iterator[OpenFrame]:
        """A frame that answers nothing."""
        del wait
        yield _NothingSeen(data)

    def renew(self, pack_dir: Path | None) -> None:
        """Nothing is there to be renewed."""

    def __enter__(self) -> Self:
        return self


class _NothingSeen(OpenFrame):
    def __init__(self, data: bytes) -> None:
        self._data = data
        self._hidden = Hidden()
        self._read_budget_s = self._compare_budget_s = 0.0  # nobody is waited for

    def text_ahead(self, place: TextPlace, count: int) -> None:
        """Nothing is begun."""

    def _ask(self, question: str, arguments: tuple[object, ...], budget_s: float) -> object:
        del arguments, budget_s
        raise WorkerFailed(
            "worker_off",
            f"A pixel worker answers '{question}', got none: this box serves without pictures until it is mended.",
            hint="Call the technician; scans are judged and recorded meanwhile.",
        )
