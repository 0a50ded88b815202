"""What a serving bench does beside its inspections: new model packs, late findings, and what retention lets go.

One thread with the lowest priority, which rests much longer than it works, so that no inspection waits for it. An
edition or a policy is taken up by the inspections themselves and needs nothing here. A part that fails is told on the
status page and tried again; it never keeps another from its work.
"""

from __future__ import annotations

import contextlib
import logging
import os
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from edge.errors import ModelError
from edge.forgetting import Forgetting
from edge.late import LateSearch
from edge.manifests.inbox import Inbox
from edge.orders import Orders
from edge.ports import Now
from edge.release_rows import ReleaseRows
from edge.retention import Retention
from edge.storage.shelf import Shelf
from edge.storage.shelves import PackOnDisk
from edge.troubles import Troubles
from edge.vault import Countdown
from models.errors import ModelsError
from models.worker import PixelWorkers

REST_S = 1.0  # between two looks while there is nothing to do
SHARE = 0.1  # of the time that may be spent while there is something to do
_NICE = 19
_END_S = 5.0  # for a worker that is just starting: it ends with the bench

log = logging.getLogger(__name__)


class Upkeep:
    """The upkeep of one bench."""

    def __init__(
        self,
        *,
        packs: Shelf[PackOnDisk],
        workers: PixelWorkers,
        late: LateSearch,
        retention: Retention,
        countdown: Countdown,
        orders: Orders,
        releases: ReleaseRows,
        inbox: Inbox,
        forgetting: Forgetting,
        troubles: Troubles,
        now: Now,
        fixed: bool,
    ) -> None:
        """`fixed`: a setting names the pack, and no other is taken up. What a part cannot do goes to `troubles`."""
        self._packs = packs
        self._workers = workers
        self._late = late
        self._orders = orders
        self._releases = releases
        self._troubles = troubles
        self._now = now
        self._fixed = fixed
        self._refused: Path | None = None
        self._stop = threading.Event()
        self._parts: tuple[tuple[str, Callable[[], bool]], ...] = (
            ("model pack", self.take_up_pack),
            ("late findings", late.piece),
            ("orders", self._carry_out_orders),
            ("retention", retention.piece),
            ("label vault", countdown.piece),
            ("releases", self.note_releases),
            ("manifests", inbox.piece),
            ("declarations whose time is over", forgetting.piece),
        )

    def once(self) -> bool:
        """Do one piece of what another pack or edition asks for; whether there may be more.

        Raises:
            SekishoError, OSError: see `LateSearch.piece`.
        """
        self.take_up_pack()
        return self._late.piece()

    def round(self) -> bool:
        """Do one piece of every part; whether there may be more. A part that fails is told, and the others go on."""
        more = False
        for part, piece in self._parts:
            try:
                more = piece() or more
            except Exception as error:  # none may end the thread: names and pictures would stay for good
                if self._troubles.tell(part, error, self._now().utc):
                    log.exception("The upkeep of the bench could not do its part.")
            else:
                self._troubles.mended(part)
        return more

    def _carry_out_orders(self) -> bool:
        return bool(self._orders.carry_out(self._now()))

    def note_releases(self) -> bool:
        """Write to the ledger what became of releases; there is never more.

        Raises:
            SekishoError: see `ReleaseRows.write`.
        """
        self._releases.write(self._now())
        return False

    def take_up_pack(self) -> bool:
        """Renew the pixel workers when another pack is in use; there is never more.

        One that no worker can open is told, and left alone.
        """
        if self._fixed:
            return False
        pack = self._packs.current()
        if pack.path in (self._workers.pack_dir, self._refused):
            return False
        try:
            self._workers.renew(pack.path)
        except ModelsError as error:
            self._refused = pack.path
            self._packs.problem = ModelError(error.code, error.message, hint=error.hint)
        else:
            self._refused = None
        return False

    @contextlib.contextmanager
    def running(self) -> Iterator[None]:
        """Do it in the background until the block is left."""
        thread = threading.Thread(target=self._run, name="upkeep", daemon=True)
        thread.start()
        try:
            yield
        finally:
            self._stop.set()
            thread.join(_END_S)

    def _run(self) -> None:
        with contextlib.suppress(OSError):  # a sandbox may forbid it
            os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), _NICE)  # Linux: of this thread alone
        rest_s = REST_S
        while not self._stop.wait(rest_s):
            start = time.monotonic()
            more = self.round()
            rest_s = (time.monotonic() - start) * (1 - SHARE) / SHARE if more else REST_S
