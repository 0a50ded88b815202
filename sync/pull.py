"""One pull: verify what a tree holds now, stage what is new on the box's shelves, and say what became of it.

Nothing is activated here. What is refused is told and the rest goes on; what is in use stays in use whatever happens.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any

from tuf.api.metadata import TargetFile

from edge.errors import SekishoError
from edge.storage.shelf import Shelf
from edge.storage.shelves import pack_shelf, policy_shelf
from sync import current as currents
from sync.client import Client
from sync.current import Current
from sync.editions import bring_edition
from sync.errors import TransportError, TrustError
from sync.fetch import Source
from sync.goods import SCHEMAS
from sync.publishers import bring_part, withdraw_others
from sync.releases import bring_release, is_for_this_box
from sync.state import Became, Box, Item, PublisherState, State, now_utc

_NO_ROOM = ("registry_full", "shelf_unwritable")  # the box's doing, not the publisher's: it is tried again soon
# What came is not what was signed, or not signed as it must be: no state to be content with, and the service waits
# longer each time. A newer schema, another's products or an ended part are the publisher's to mend, and no failure.
_MISFITS = frozenset(
    {
        *("trust_altered", "trust_unsigned", "trust_metadata", "trust_older"),
        *("snapshot_damaged", "registry_content", "registry_damaged", "shelf_damaged", "model_hash"),
    }
)

Progress = Callable[[str], None]  # told in words what is being done


def pull(
    state_dir: Path, source: Source, *, system: datetime | None = None, progress: Progress = lambda _words: None
) -> State:
    """Pull once from `source`. What became of it is kept and returned; a refusal is a state, not an exception.

    `system` is the time of the system's clock, read once here when it is not given.

    Raises:
        TransportError: transport_busy: another pull is at work; transport_disk: nothing can be kept.
    """
    box = Box(state_dir)
    moment = system or now_utc()
    with box.locked():
        state = box.state().model_copy(update={"source": source.title, "tried": moment})
        try:
            state = _Pull(box, source, moment, progress).run(state)
        except (TrustError, TransportError) as error:
            state = state.model_copy(update={"clock": "", **_said(error)})
        with box.told():
            box.keep(state)
    return state


def _said(error: SekishoError) -> dict[str, str]:
    state = "unreachable" if isinstance(error, TransportError) else "refused"
    if error.code == "trust_expired":
        state = "expired"
    if error.code == "transport_disk" or error.code in _NO_ROOM:
        state = "unwritable"
    return {"state": state, "code": error.code, "reason": error.message, "hint": error.hint}


class _Pull:
    """One pull at work."""

    def __init__(self, box: Box, source: Source, moment: datetime, progress: Progress) -> None:
        self.box = box
        self.source = source
        self.moment = moment
        self.progress = progress
        self.kept: set[str] = set()  # names in incoming that the next pull may use

    def run(self, state: State) -> State:
        """Refresh, then bring everything that is current.

        Raises:
            TrustError, TransportError: the tree as a whole cannot be accepted.
        """
        floor = self.box.floor()
        self.progress("metadata")
        client = Client(self.box.metadata, self.box.root(floor), self.source, self.moment, floor)
        client.refresh()
        if client.floor != floor:
            with self.box.told():
                self.box.raise_floor(client.floor)
        current = self._current(client)
        # First what takes away or warns: nothing that is wrong with an item may hold up a bulletin or a revocation.
        withdrawn = self._withdrawn(current)
        publishers = self._publishers(client, current, state)
        wanted = (path for path in current.current if not path.startswith("releases/") or is_for_this_box(path))
        items = tuple(self._item(client, current, path, state) for path in wanted)
        self._tidy()
        return state.model_copy(
            update={
                **_outcome(items, publishers, withdrawn),
                "clock": client.clock.words,
                "succeeded": self.moment,
                "issued": client.floor.issued,
                "good_until": client.expires,
                "items": items,
                "publishers": publishers,
            }
        )

    def _current(self, client: Client) -> Current:
        target = client.target(currents.NAME)
        if target is None or target.length > currents.MAX_BYTES:
            came = "none" if target is None else f"{target.length} bytes"
            message = (
                f"{self.source.title}: expected a {currents.NAME} of at most {currents.MAX_BYTES} bytes, got {came}."
            )
            raise TrustError("trust_current", message, hint="Tell the publisher; what is in use stays in use.")
        return currents.parse(self._fetch(client, target).read_bytes())  # kept: a pull with nothing new asks no more

    def _fetch(self, client: Client, target: TargetFile) -> Path:
        sha256 = target.hashes.get("sha256", "")
        self.kept |= {sha256, f"{sha256}.part"}
        return client.fetch(target, self.box.incoming)

    # --- editions, packs, policies -----------------------------------------

    def _item(self, client: Client, current: Current, path: str, state: State) -> Item:
        """What becomes of one target that is current."""
        kind = ""
        try:
            target = client.target(path)
            if target is None:
                return Item(target=path, state="refused", reason=f"{path}: named by {currents.NAME}, but not signed.")
            custom = target.custom if isinstance(target.custom, dict) else {}
            kind = str(custom.get("kind", ""))
            why = _unknown(path, kind, custom)
            if why:
                return Item(target=path, kind=kind, state="refused", reason=why)
            known = next((item for item in state.items if item.target == path), None)
            with self.box.told():
                return self._bring(client, current, target, known)
        except TransportError as error:
            if error.code == "transport_disk":
                raise
            return Item(target=path, kind=kind, state="waiting", code=error.code, reason=error.message)
        except SekishoError as error:
            became: Became = "waiting" if error.code in _NO_ROOM else "refused"
            return Item(target=path, kind=kind, state=became, code=error.code, reason=error.message)

    def _bring(self, client: Client, current: Current, target: TargetFile, known: Item | None) -> Item:
        kind = str(target.custom["kind"])
        fetch = partial(self._fetch, client)
        if kind == "edition":
            return bring_edition(target, current.deltas, client=client, box=self.box, fetch=fetch, say=self.progress)
        if kind == "release":
            self.progress(target.path)
            return bring_release(target, client, self.box, fetch)
        shelf: Shelf[Any] = pack_shelf(self.box.state_dir) if kind == "pack" else policy_shelf(self.box.state_dir)
        slot = shelf.contents().slot()
        sha256 = target.hashes["sha256"]
        if known is not None and known.file in slot.files and known.sha256 == sha256:
            return known.model_copy(update=_where(known.file, slot.in_use))
        self.progress(target.path)
        file = fetch(target)
        name = shelf.stage(file)
        shelf.prune()
        file.unlink()
        item = Item(target=target.path, kind=kind, state="staged", file=name, sha256=sha256)
        return item.model_copy(update=_where(name, shelf.contents().slot().in_use))

    # --- publishers --------------------------------------------------------

    def _withdrawn(self, current: Current) -> SekishoError | None:
        """Stop using publishers that the tree no longer names; why that is not possible."""
        try:
            withdraw_others(self.box, current)
        except SekishoError as error:
            return error
        return None

    def _publishers(self, client: Client, current: Current, state: State) -> dict[str, PublisherState]:
        found = {}
        for publisher, scope in current.publishers.items():
            self.progress(f"publisher {publisher}")
            known = state.publishers.get(publisher)
            try:
                with self.box.told():
                    found[publisher] = bring_part(
                        publisher, scope, known, client=client, box=self.box, fetch=partial(self._fetch, client)
                    )
            except TransportError as error:
                if error.code == "transport_disk":
                    raise
                found[publisher] = _kept(known, "waiting", error)
            except SekishoError as error:
                found[publisher] = _kept(known, "waiting" if error.code in _NO_ROOM else "refused", error)
        return found

    def _tidy(self) -> None:
        """Drop what nobody will go on with."""
        if self.box.incoming.is_dir():
            for path in self.box.incoming.iterdir():
                if path.name not in self.kept:
                    shutil.rmtree(path) if path.is_dir() else path.unlink()


def _unknown(path: str, kind: str, custom: dict[str, Any]) -> str:
    """Why this program cannot take a target; "" when it can."""
    if kind not in SCHEMAS:
        return f"{path}: expected one of {', '.join(SCHEMAS)}, got the kind {kind!r}, which needs a newer program."
    schema = custom.get("schema")
    if not isinstance(schema, int) or not 1 <= schema <= SCHEMAS[kind]:
        return (
            f"{path}: expected a {kind} of schema {SCHEMAS[kind]} or older, got {schema!r}: it needs a newer program."
        )
    return ""


def _where(file: str, in_use: str) -> dict[str, str]:
    return {"state": "in use" if file == in_use else "staged", "code": "", "reason": ""}


def _kept(known: PublisherState | None, state: Became, error: SekishoError) -> PublisherState:
    """What was known of a publisher, with why nothing newer came; the next pull tries again."""
    before = known or PublisherState(state="nothing")
    return before.model_copy(update={"state": state, "code": error.code, "reason": error.message, "digest": ""})


def _outcome(
    items: tuple[Item, ...], publishers: dict[str, PublisherState], withdrawn: SekishoError | None
) -> dict[str, str]:
    """The state of the whole pull in words."""
    if withdrawn is not None:
        return _said(withdrawn)
    ones: tuple[Item | PublisherState, ...] = (*items, *publishers.values())
    for one in ones:
        if one.state == "refused" and one.code in _MISFITS:
            hint = "Bring another copy of the tree, or tell the publisher; what else came is told below."
            return {"state": "refused", "code": one.code, "reason": one.reason, "hint": hint}
    for one in ones:
        if one.state == "waiting" and one.code in _NO_ROOM:
            hint = "Make room, or mend the permissions; what came is kept, and the next pull goes on."
            return {"state": "unwritable", "code": one.code, "reason": one.reason, "hint": hint}
    states = [one.state for one in ones]
    words: tuple[Became, ...] = ("in use", "staged", "refused", "waiting")
    counts = {word: states.count(word) for word in words}
    told = ", ".join(f"{count} {word}" for word, count in counts.items() if count) or "nothing published"
    if counts["waiting"]:
        hint = "Something did not come whole; what came is kept, and the next pull goes on."
        return {"state": "unreachable", "code": "transport_unreachable", "reason": f"{told}.", "hint": hint}
    hint = "Staged is verified, not yet in use: sekisho registry, pack or policy activate." if counts["staged"] else ""
    return {"state": "fresh", "code": "", "reason": f"Up to date: {told}.", "hint": hint}
