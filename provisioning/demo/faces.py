"""The printed face of a demo item: artwork, marking and, for an imitation, its alteration."""

from __future__ import annotations

from provisioning.demo.cartons import CARTONS
from provisioning.demo.labels import LABELS
from provisioning.demo.products import DemoProduct
from provisioning.demo.sheet import Alteration, Marking, PrintedFace, Sheet

ARTWORK = {**CARTONS, **LABELS}


def printed(product: DemoProduct, marking: Marking, seed: int, alteration: Alteration | None = None) -> PrintedFace:
    """Print the face of one item. The same arguments give the same pixels."""
    sheet = Sheet(product, marking, alteration or Alteration(), seed)
    ARTWORK[product.key](sheet)
    return sheet.finish()
