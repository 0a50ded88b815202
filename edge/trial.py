"""Trials on a box: a staged candidate against what is in use, over the inspections that the ledger keeps.

It opens what it needs, reads it beside a bench that may be at work, and changes nothing but the note beside the
candidate; only `take_up` activates, and only what the policy in use allows. A pack is tried on the kept aligned faces
(docs/decisions/006) with pixel workers of its own, one with the pack in use and one with the candidate.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from edge.captures import Capture, Quality
from edge.comparison import FaceComparison
from edge.errors import Conflict, EvidenceError, RegistryError
from edge.inspection import Assessment, InspectionRecord, Seen
from edge.lookup import RegisteredFace
from edge.moment import Moment
from edge.policy import Policy, builtin_text
from edge.policy_review import Review, reviewed
from edge.ports import Now
from edge.precision import in_use
from edge.replay import Judge, registered_picture
from edge.settings import Settings
from edge.shadow import Progress, Question, Replayed, ShadowReport, last_inspections, may_be_used, shadow
from edge.steps import compare
from edge.storage.chain import Json, canonical
from edge.storage.evidence import EvidenceStore
from edge.storage.ledger_file import LEDGER
from edge.storage.ledger_reader import LedgerReader
from edge.storage.registry import Registry
from edge.storage.shelf import Shelf
from edge.storage.shelves import Shelves
from models.measurements import PictureLimits
from models.worker import PixelWorkers

EDITION, POLICY, PACK = "edition", "policy", "pack"
_ANEW = timedelta(hours=12)  # between two trials of what waits for more inspections
NO_FACE = "no package face of it was kept and is still registered"
_FACE, _UNKNOWN = "face", Quality(0.0, 0.0, 0.0)

Replay = Callable[[InspectionRecord], Replayed]


@dataclass(frozen=True, slots=True)
class TakenUp:
    """What became of one staged candidate."""

    kind: str
    file: str
    title: str
    used: bool
    said: str  # the report's sentence
    reason: str


class Trials:
    """The trials of one box. For one thread; nothing is opened before the first."""

    def __init__(self, settings: Settings, now: Now) -> None:
        """Try what lies on the shelves of `settings.state_dir`."""
        self._settings = settings
        self._now = now
        self.shelves = Shelves.of(settings)

    def shelf(self, kind: str) -> Shelf[Any]:
        """The shelf of "edition", "policy" or "pack"."""
        shelves: dict[str, Shelf[Any]] = {
            EDITION: self.shelves.editions,
            POLICY: self.shelves.policies,
            PACK: self.shelves.packs,
        }
        return shelves[kind]

    def shadow(
        self, kind: str, file: str, most: int | None = None, progress: Progress = lambda _: None
    ) -> ShadowReport:
        """Try `file` over the last `most` inspections (of the policy when None) and note the report beside it.

        Raises:
            NotFound: shelf_not_found. Conflict: shelf_conflict: it is in use already.
            SekishoError: the candidate, what is in use, or the ledger cannot be read; no edition is in use here, and
                one was when they were inspected.
            ShelfError: shelf_unwritable: the report cannot be noted.
        """
        shelf = self.shelf(kind)
        whole = shelf.contents()
        if file == whole.slot(whole.place_of(file)).in_use:
            raise Conflict("shelf_conflict", f"Expected something that is not in use, got {file}.")
        policy = self.shelves.policies.current()
        question = Question(
            kind=kind,
            candidate=file,
            title=shelf.title_of(file),
            against=self.against(kind),
            at=self._now().utc,
            most=policy.activation.inspections if most is None else most,
        )
        with self._kept(question.most) as (kept, ledger), self._replay(kind, file, ledger) as replay:
            tried = kept if kind == EDITION else _judged_with(self._registry(), kept)
            report = shadow(question, tried, replay, progress)
        shelf.note(file, canonical(report.to_json()))
        return report

    def weigh(self, candidate: Policy, most: int | None = None, progress: Progress = lambda _: None) -> ShadowReport:
        """Judge the last `most` inspections with a policy that is on no shelf; nothing is noted.

        Raises:
            SekishoError: what is in use, or the ledger, cannot be read; likewise.
        """
        policy, now = self.shelves.policies.current(), self._now()
        most = policy.activation.inspections if most is None else most
        question = Question(POLICY, "", candidate.title, self.against(POLICY), now.utc, most)
        with self._kept(most) as (kept, ledger):
            registry = self._registry()
            before, tried = Judge(registry, policy, ledger), _judged_with(registry, kept)
            return shadow(question, tried, _both(before, replace(before, policy=candidate), now), progress)

    def review(self, most: int | None = None) -> Review:
        """What each finding did in the last `most` inspections, beside its precision as the centre told it.

        Raises:
            SekishoError: what is in use, or the ledger, cannot be read.
        """
        policy, told = self.shelves.policies.current(), self.shelves.knowledge.current()
        with self._kept(policy.activation.inspections if most is None else most) as (kept, _):
            return reviewed(kept, policy, {code: told.precision(code) for code in policy.weights})

    def policy_text(self) -> str:
        """The file of the policy in use, comments and all."""
        files = self.against(POLICY)
        if not files:
            return builtin_text()
        path = self._settings.policy or self.shelves.policies.directory / files[0]
        return path.read_text("utf-8")

    def against(self, kind: str) -> tuple[str, ...]:
        """The files in use that a candidate of this kind is tried against."""
        with contextlib.suppress(RegistryError):  # no edition at all: everything is new
            return self.shelf(kind).held().files
        return ()

    def take_up(self, kind: str, progress: Progress = lambda _: None) -> tuple[TakenUp, ...]:
        """Try every candidate that was not set back, and use those that the policy in use allows.

        Raises:
            SekishoError: the shelf or the ledger cannot be read or written.
        """
        shelf = self.shelf(kind)
        told = []
        for slot in shelf.contents().slots.values():
            candidates = [file for file in slot.staged if file not in slot.set_back]
            if candidates:
                told.append(self._taken_up(kind, candidates[0], progress))
        return tuple(told)

    def _taken_up(self, kind: str, file: str, progress: Progress) -> TakenUp:
        shelf, activation = self.shelf(kind), self.shelves.policies.current().activation
        note = shelf.noted(file)
        if note is None or tuple(note["against"]) != self.against(kind) or self._is_old(note):
            note = self.shadow(kind, file, progress=progress).to_json()
        used, reason = may_be_used(note, self.against(kind), activation)
        if used:
            shelf.activate(file)
            shelf.prune()
        return TakenUp(kind, file, note["title"], used, note["sentence"], reason)

    def _is_old(self, note: Json) -> bool:
        """Whether more may have been inspected since: also when the clock was set back."""
        return abs(self._now().utc - datetime.fromisoformat(note["at"])) > _ANEW

    # --- what it is tried on ------------------------------------------------------------------------------------------

    @contextlib.contextmanager
    def _kept(self, most: int) -> Iterator[tuple[Iterable[InspectionRecord | str], LedgerReader]]:
        path = self._settings.state_dir / LEDGER
        with contextlib.closing(LedgerReader(path)) as ledger:
            yield (last_inspections(ledger, most) if path.exists() else ()), ledger

    @contextlib.contextmanager
    def _replay(self, kind: str, file: str, ledger: LedgerReader) -> Iterator[Replay]:
        """How one inspection is judged by what is in use and with the candidate."""
        policy = self.shelves.policies.current()
        now = self._now()  # one day for all of them
        registry = self._registry()
        before = Judge(registry, policy, ledger)
        if kind == PACK:
            in_use = self._settings.pack_dir or self.shelves.packs.current().path
            evidence = EvidenceStore(self._settings.state_dir, read_only=True)
            with self._workers(in_use) as mine, self._workers(self.shelves.packs.directory / file) as others:
                packs = _PackReplay(before, evidence, (mine, others))
                yield lambda kept: packs.replay(kept, now)
            return
        if kind == EDITION:
            candidate: Any = self.shelves.editions.opened(file)
            after = replace(before, registry=candidate)
        else:
            candidate = self.shelves.policies.opened(file)
            after = replace(before, policy=candidate)

        try:
            yield _both(before, after, now)
        finally:
            if kind == EDITION:
                candidate.close()

    def _workers(self, pack_dir: Path | None) -> PixelWorkers:
        limits = PictureLimits(self._settings.max_image_bytes, self._settings.max_image_pixels)
        return PixelWorkers(
            1,
            limits=limits,
            pack_dir=pack_dir,
            precision=in_use(self._settings, self.shelves),
            compare_budget_s=self._settings.compare_budget_s,
        )

    def _registry(self) -> Registry | None:
        try:
            return self.shelves.editions.current()
        except RegistryError as error:
            if error.code != "registry_missing":
                raise
            return None

    def close(self) -> None:
        """Close what was opened. Safe to call twice."""
        self.shelves.close()


def _judged_with(registry: Registry | None, kept: Iterable[InspectionRecord | str]) -> Iterator[InspectionRecord | str]:
    """The inspections; without an edition in use nothing of them would be checked, and so nothing seem to change.

    Raises:
        RegistryError: registry_missing: one of them was judged with an edition, and none is in use here.
    """
    for one in kept:
        edition = "" if isinstance(one, str) else one.assessments[-1].verdict.freshness.edition
        if registry is None and edition:
            raise RegistryError(
                "registry_missing",
                f"Expected the registry edition in use, with which the inspections were judged ({edition}), got none.",
                hint="Set SEKISHO_REGISTRY as for the bench, or install it with `sekisho registry install FILE`.",
            )
        yield one


def _both(before: Judge, after: Judge, now: Moment) -> Replay:
    """How an inspection is judged twice from what was seen of it."""

    def judged(kept: InspectionRecord) -> Replayed:
        last = kept.assessments[-1]
        return before.verdict(last, kept.station, now), after.verdict(last, kept.station, now)

    return judged


class _PackReplay:
    """Kept faces, measured by the pack in use and by the candidate."""

    def __init__(self, judge: Judge, evidence: EvidenceStore, workers: tuple[PixelWorkers, PixelWorkers]) -> None:
        """`workers` have the pack in use and the candidate."""
        self._judge = judge
        self._evidence = evidence
        self._workers = workers

    def replay(self, kept: InspectionRecord, now: Moment) -> Replayed:
        """Both verdicts, or why there are none."""
        last = kept.assessments[-1]
        faces = self._faces(last)
        if not faces:
            return NO_FACE
        verdicts = []
        for workers in self._workers:
            seen = self._measured(last, faces, workers)
            if isinstance(seen, str):
                return seen
            verdicts.append(self._judge.verdict(last, kept.station, now, seen))
        return verdicts[0], verdicts[1]

    def _faces(self, last: Assessment) -> dict[tuple[str, str], tuple[RegisteredFace, bytes]]:
        """By capture and registered picture: the registered face, and the aligned face that was kept."""
        found: dict[tuple[str, str], tuple[RegisteredFace, bytes]] = {}
        registry = self._judge.registry
        for comparison in last.seen.comparisons if registry is not None else ():
            picture = registered_picture(comparison)
            sha256 = next((kept.sha256 for kept in comparison.pictures if kept.role == _FACE), "")
            face = next((one for one in registry.faces(comparison.gtin) if one.sha256 == picture), None)  # type: ignore[union-attr]
            if face is None or not sha256 or not picture:
                continue
            with contextlib.suppress(EvidenceError):
                found[comparison.capture, picture] = face, self._evidence.get(sha256)
        return found

    def _measured(
        self,
        last: Assessment,
        faces: dict[tuple[str, str], tuple[RegisteredFace, bytes]],
        workers: PixelWorkers,
    ) -> Seen | str:
        """What was seen, with the measurements of one pack instead of those of the day; or why there are none."""
        registry = self._judge.registry
        assert registry is not None  # noqa: S101 - there is no face without one
        measured: list[FaceComparison] = []
        layers: dict[str, bytes] = {}
        for (capture, _picture), (face, data) in faces.items():
            shown = Capture(capture, 0, 0, "replay", _UNKNOWN)
            mine = compare.of_the_same_item(shown, last.identity, layers)
            with workers.look(data) as frame:
                done = compare.compare(
                    shown, (face,), frame, registry.face_picture, _named, layers=mine, policy=self._judge.policy.face
                )
            if done.seen.faults:
                return f"a pixel worker failed ({done.seen.faults[0].code})"
            layers.update(done.layers)
            measured += done.seen.comparisons
        others = [one for one in last.seen.comparisons if (one.capture, registered_picture(one)) not in faces]
        return replace(last.seen, comparisons=(*others, *measured))


def _named(data: bytes, media_type: str) -> str:
    """The name that a picture would have; a trial keeps none."""
    del media_type
    return hashlib.sha256(data).hexdigest()


def be_nice() -> None:
    """Give way to the bench: the lowest priority for this process and its workers."""
    with contextlib.suppress(OSError):
        os.nice(19)
