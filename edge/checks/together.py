"""Small things together: each is common and weighs nothing alone, but several of different sources are worth a look.

Which notes may count, by what they come from, and from how many sources they are needed is the policy's [together]. Two
notes of one source are one: whoever declares carelessly errs more than once. Two items are never added up; what
speaks of the whole parcel counts with each item. Nothing is said beyond the parts, which stay where they are.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping

from edge.checks import Checked, Findings, Proof
from edge.inspection import Finding, Weight
from edge.policy import Policy, TogetherPolicy

CODE = "together.several"


def check(answer: Checked, policy: Policy) -> Checked:
    """What the notes of all other checks say together: one finding for each item of which enough sources speak."""
    if policy.together is None:
        return Checked()
    notes = [finding for finding in answer.findings if finding.weight is Weight.NOTE]
    heard = speaking(((finding.code, finding.item) for finding in notes), policy.together)
    return Checked(findings=tuple(_finding(item, sources, notes, policy) for item, sources in heard.items()))


def speaking(notes: Iterable[tuple[str, str]], wanted: TogetherPolicy) -> dict[str, tuple[str, ...]]:
    """By item ("" the parcel) of which enough sources speak: these sources, in the policy's order.

    `notes` are the codes and items of findings that weigh nothing. What the parcel's own notes say is not said again
    of its items.
    """
    by_item: dict[str, set[str]] = defaultdict(set)
    for code, item in notes:
        by_item[item] |= {source for source, codes in wanted.notes.items() if code in codes}
    parcel = by_item.pop("", set())
    if len(parcel) >= wanted.sources:
        by_item = {"": parcel}
    return {
        item: tuple(source for source in wanted.notes if source in found | parcel)
        for item, found in by_item.items()
        if len(found | parcel) >= wanted.sources
    }


def parts(findings: Iterable[Finding], policy: Policy) -> frozenset[tuple[str, str]]:
    """Codes and items of the notes that a finding of this check among `findings` rests on."""
    found = tuple(findings)
    items = {finding.item for finding in found if finding.code == CODE}
    return frozenset(
        (note.code, note.item)
        for note in found
        if policy.together is not None
        and (note.item in items or (items and not note.item))
        and any(note.code in codes for codes in policy.together.notes.values())
    )


def _finding(item: str, sources: tuple[str, ...], notes: Iterable[Finding], policy: Policy) -> Finding:
    wanted: Mapping[str, tuple[str, ...]] = policy.together.notes if policy.together is not None else {}
    mine = [note for note in notes if note.item in {"", item} and any(note.code in wanted[one] for one in sources)]
    evidence = tuple(dict.fromkeys(one for note in mine for one in note.evidence))
    said = " ".join(f"@together.{source}" for source in sources)
    return Findings(policy, item).make(CODE, Proof(evidence), parts=said)
