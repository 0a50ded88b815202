"""Numbers of parcels and transport documents: UPU S10, air waybill, ISO 6346, common carriers. Parse or raise."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, order=True)
class ParcelNumber:
    """A number of a parcel or transport document. `scheme`: "S10", "AWB", "ISO6346", "SSCC", "carrier:<name>"."""

    scheme: str
    value: str
    source: str = ""
