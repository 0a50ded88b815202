"""The captured package face against the registered ones.

Several captures of one face are judged together, as maps, when they are compared: the comparison that rests on most of
them stands for all. Where captures were judged apart (after a restart, of several items), the mean of their scores
counts. Several registered print runs of one side: the nearest one counts. "Not aligned" is never "different".

What a marked label reads differs from item to item (batch, date, address): a difference of its print that is no larger
than that is told as such (`face.label`). Where a label lies, its size and its registered words are checks of their own.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, replace
from statistics import fmean

from edge.checks import Checked, Findings, Proof, Source, advice, region
from edge.comparison import Difference, FaceComparison, Recognition, Retake
from edge.inspection import Case, Finding, NotChecked, Seen, Weight
from edge.lookup import ItemLookup, LookupResult, Product, RegisteredFace
from edge.policy import FacePolicy, Policy

_KINDS = ("structure", "colour", "print", "hologram", "microprint")
_LITTLE = ("little_judged", "too_bright")  # advice that says that less than half was judged


@dataclass(frozen=True, slots=True)
class _Side:
    """One side of a package against the print run that its captures are nearest to."""

    score: float
    comparisons: list[FaceComparison]  # which stand for all captures
    taken: list[FaceComparison]  # earlier ones, which later ones have taken into their own judgement


def check(found: ItemLookup, seen: Seen, policy: Policy) -> Checked:
    """All comparisons of one item's faces, side by side."""
    gtin = str(found.item.gtin)
    if found.product is None:
        return _not_run(gtin, "reason.no_product")
    if not found.faces:
        return _not_run(gtin, "reason.no_registered_face")
    if not seen.captures:
        return _not_run(gtin, "reason.no_capture")
    mine = [c for c in seen.comparisons if c.gtin == found.item.gtin]
    comparable = [_beside_words(c, policy.face) for c in mine if c.score is not None]
    if not comparable:
        return _not_comparable(found, mine, seen, policy)
    findings = Findings(policy, gtin)
    made = [
        finding
        for side in _nearest_print_runs(found.faces, comparable)
        for finding in _of_side(side, findings, {face.face_id: face for face in found.faces})
    ]
    colourless = all(any(one.code == "colourless" for one in c.advice) for c in comparable)
    unasked = tuple((code, gtin) for code in (*region.unasked(comparable), *(["face.colour"] * colourless)))
    return Checked(findings=tuple(made), ran=("face",), unasked=unasked)


def of_item(found: ItemLookup, case: Case) -> Seen:
    """What was seen, without the comparisons of captures that show another item of the same product only."""
    mine = set(found.item.sources)
    same = [one.item for one in case.lookup.items if one.item.gtin == found.item.gtin]
    others = {source for item in same for source in item.sources} - mine
    kept = tuple(c for c in case.seen.comparisons if f"capture:{c.capture}" not in others)
    return replace(case.seen, comparisons=kept)


def check_other_product(found: ItemLookup, seen: Seen, names: dict[str, Product], policy: Policy) -> Checked:
    """A capture that carries this item's code but looks like another product's registered face."""
    if found.product is None or any(c.aligned for c in seen.comparisons if c.gtin == found.item.gtin):
        return Checked()
    captures = {source.removeprefix("capture:") for source in found.item.sources if source.startswith("capture:")}
    made = [
        Findings(policy, str(found.item.gtin)).make(
            "face.other_product",
            product=found.product.name,
            other=names[str(match.gtin)].name if str(match.gtin) in names else str(match.gtin),
        )
        for match in seen.recognitions
        if match.gtin != found.item.gtin and (match.capture in captures or not captures)
    ]
    return Checked(findings=tuple(made[:1]))


def check_unread(lookup: LookupResult, seen: Seen, names: dict[str, Product], policy: Policy) -> Checked:
    """No code was read, or none that the registry knows, but the package looks like a registered product.

    A new size or variety has a number of its own and may look the same: nothing follows from that alone.
    """
    if not seen.recognitions or any(found.product is not None for found in lookup.items):
        return Checked()
    best = max(seen.recognitions, key=lambda match: match.similarity)
    other = names[str(best.gtin)].name if str(best.gtin) in names else str(best.gtin)
    if not lookup.items:
        return Checked(findings=(Findings(policy).make("face.looks_like", other=other),))
    number = str(lookup.items[0].item.gtin)
    return Checked(findings=(Findings(policy).make("face.other_number", other=other, gtin=number),))


def _not_run(gtin: str, reason: str) -> Checked:
    return Checked(not_run=(NotChecked("face", reason, gtin),))


def _not_comparable(found: ItemLookup, mine: list[FaceComparison], seen: Seen, policy: Policy) -> Checked:
    gtin = str(found.item.gtin)
    reasons = [c.retake for c in mine if c.retake is not None]
    if not reasons:  # the box failed; decide reports the fault itself
        return _not_run(gtin, "reason.system" if seen.faults else "reason.retake")
    others = {c.capture for c in seen.comparisons if c.aligned and c.gtin != found.item.gtin}
    known = _recognised_elsewhere(found, seen.recognitions)
    if {c.capture for c in mine} <= others | known:
        return _not_run(gtin, "reason.other_face")
    reason = next((r for r in reasons if r is not Retake.NOT_FOUND), Retake.NOT_FOUND)
    if reason is Retake.NOT_FLAT:
        return _not_run(gtin, "reason.not_flat")
    maker = Findings(policy, gtin)
    help_ = [one for c in mine if c.retake is reason for one in advice.findings_of(c, maker)]
    return Checked(
        findings=(maker.make(f"capture.{reason.value}"), *help_[:1]),
        not_run=(NotChecked("face", "reason.retake", gtin),),
    )


def _recognised_elsewhere(found: ItemLookup, recognitions: tuple[Recognition, ...]) -> set[str]:
    return {match.capture for match in recognitions if match.gtin != found.item.gtin}


def _nearest_print_runs(faces: tuple[RegisteredFace, ...], comparable: list[FaceComparison]) -> list[_Side]:
    """Each side with the print run that its captures are nearest to.

    One of which little was judged comes after all others: that nothing differs there says nothing.
    """
    sides = {face.face_id: face.side for face in faces}
    by_face: dict[int, list[FaceComparison]] = defaultdict(list)
    for comparison in comparable:
        by_face[comparison.face_id].append(comparison)
    best: dict[str, tuple[tuple[bool, float], _Side]] = {}
    for face_id, compared in by_face.items():
        names = {capture for comparison in compared for capture in comparison.together}
        comparisons = [comparison for comparison in compared if comparison.capture not in names]
        taken = [comparison for comparison in compared if comparison.capture in names]
        scores = [c.score for c in comparisons if c.score is not None]
        score = fmean(scores, weights=[1 + len(c.together) for c in comparisons])
        side, little = sides.get(face_id, ""), any(a.code in _LITTLE for c in comparisons for a in c.advice)
        if side not in best or (little, score) < best[side][0]:
            best[side] = (little, score), _Side(score, comparisons, taken)
    return [side for _, side in best.values()]


def _of_side(side: _Side, findings: Findings, faces: dict[int, RegisteredFace]) -> list[Finding]:
    score, comparisons, limits = side.score, side.comparisons, findings.policy.face
    labelled, worst = _labelled(comparisons, limits), max(comparisons, key=lambda c: c.score or 0.0)
    face = faces.get(worst.face_id)
    source = Source(face.source, face.registered) if face else Source()
    maker = Findings(findings.policy, findings.item, source)
    newest = comparisons[-1]
    of_regions = region.findings_of(newest, maker)
    made = of_regions + [_finding(f"face.{d.kind}", worst, d, maker) for d in _missing_everywhere(comparisons)]
    leading = max(_counting(worst, limits), key=lambda d: d.score, default=None)
    if score >= worst.threshold_check:
        code = f"face.{leading.kind}" if leading is not None and leading.kind in _KINDS else "face.differs"
        told = {finding.arguments.get("where") for finding in of_regions}
        generic = _finding(code, worst, leading, maker)
        grossly = score >= worst.threshold_strong
        known = generic.arguments["where"] in told or any(finding.code == code for finding in made)
        if not known and not (grossly and code == "face.differs"):
            made.insert(0, generic)
        if grossly:  # by how much; in which way stands beside it
            made.insert(0, _finding("face.decisive", worst, leading, maker))
    elif once := _shown_once([*side.taken, *comparisons], limits):
        alone, difference = max(once, key=lambda pair: pair[1].score)
        made.append(_finding("face.unconfirmed", alone, difference, maker))
    elif score >= worst.threshold_check * limits.second_angle_share:
        made.append(_finding("face.slight", worst, leading, maker))
    if labelled is not None:
        made.append(_finding("face.label", worst, labelled, maker))
    doubted = any(maker.policy.weights[finding.code] is not Weight.NOTE for finding in made)
    return made + advice.findings_of(newest, maker, doubted=doubted)


def _shown_once(comparisons: list[FaceComparison], limits: FacePolicy) -> list[tuple[FaceComparison, Difference]]:
    """What single pictures showed from check on; a hologram may be seen from one angle only."""
    return [
        (one, difference)
        for one in comparisons
        if not one.together
        for difference in _counting(one, limits)
        if difference.kind != "hologram" and difference.score >= one.threshold_check
    ]


def _counting(comparison: FaceComparison, limits: FacePolicy) -> list[Difference]:
    """The differences that are more than other words on a label."""
    return [d for d in comparison.differences if not region.of_words(d, comparison.threshold_check, limits)]


def _beside_words(comparison: FaceComparison, limits: FacePolicy) -> FaceComparison:
    """The comparison with the score of what else differs, where the words of a label differ most."""
    leading, counting = max(comparison.differences, key=lambda d: d.score, default=None), _counting(comparison, limits)
    if leading is None or leading in counting:
        return comparison
    return replace(comparison, score=max((d.score for d in counting), default=0.0))


def _labelled(comparisons: list[FaceComparison], limits: FacePolicy) -> Difference | None:
    """Other words on a label, by all captures of the side, on the mean."""
    found = [
        max((d for d in c.differences if d not in _counting(c, limits)), key=lambda d: d.score, default=None)
        for c in comparisons
    ]
    mean = fmean(d.score if d is not None else 0.0 for d in found)
    if mean < comparisons[-1].threshold_check:
        return None
    return max((d for d in found if d is not None), key=lambda d: d.score)


def _missing_everywhere(comparisons: list[FaceComparison]) -> list[Difference]:
    """Holograms that no capture of the side shows: one may be seen from one angle only."""
    by_region: dict[str, list[Difference]] = defaultdict(list)
    for comparison in comparisons:
        for difference in comparison.differences:
            if difference.kind == "hologram" and difference.score >= comparison.threshold_check:
                by_region[difference.region].append(difference)
    return [max(found, key=lambda d: d.score) for found in by_region.values() if len(found) >= len(comparisons)]


def _finding(code: str, comparison: FaceComparison, difference: Difference | None, maker: Findings) -> Finding:
    place = difference.region.partition(":")[0] if difference is not None and difference.region else "marked"
    box = difference.capture_box if difference is not None else None
    return maker.make(code, Proof(comparison.pictures, box), where=f"@where.{place}")
