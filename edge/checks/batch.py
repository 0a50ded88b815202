"""What the registry says of a batch (AI 10), and whether the code's expiry (AI 17) is that of its batch.

A registered batch is no proof of the item, and one that is not registered says nothing: nobody lists all of them.
"""

from __future__ import annotations

from edge.checks import Checked, Findings, Source
from edge.lookup import Batch, ItemLookup
from edge.policy import Policy

_BY_STATUS = {"recalled": "batch.recalled", "stolen": "batch.stolen", "reported": "batch.reported"}
_EXPIRY = "17"  # YYMMDD; day 00: the last of the month (GS1 General Specifications, 3.4.7)


def check(found: ItemLookup, policy: Policy) -> Checked:
    """The batch of one item."""
    batch = found.batch
    if batch is None:
        return Checked()
    findings = Findings(policy, str(found.item.gtin), Source(batch.source, batch.dated))
    made = []
    if batch.status in _BY_STATUS:
        made.append(findings.make(_BY_STATUS[batch.status], batch=batch.batch))
    if batch.expiry is not None and found.item.expiry is not None and not _agree(found, batch):
        given, registered = found.item.expiry.isoformat(), batch.expiry.isoformat()
        made.append(findings.make("batch.expiry", batch=batch.batch, date=given, registered=registered))
    dated = batch.expiry is not None and found.item.expiry is not None
    unasked = () if dated else (("batch.expiry", findings.item),)
    return Checked(findings=tuple(made), ran=("batch",), unasked=unasked)


def _agree(found: ItemLookup, batch: Batch) -> bool:
    """To the day, or to the month where the code gives no day."""
    mine, theirs = found.item.expiry, batch.expiry
    if mine == theirs or mine is None or theirs is None:
        return True
    return found.item.elements.get(_EXPIRY, "").endswith("00") and (mine.year, mine.month) == (
        theirs.year,
        theirs.month,
    )
