"""Writes the demo's registry as a source directory (docs/registry-sources.md), ready for `sekisho registry build`.

Everything is dated from one day, so that a demo of any day has recordations in force, one that has expired, and an
edition that was issued that morning. It writes tables and pictures; building an edition is the registry's own work.
"""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

import cv2

from provisioning.demo.faces import printed
from provisioning.demo.items import REGISTERED_SERIALS, item
from provisioning.demo.products import BY_KEY, PRODUCTS, DemoProduct
from provisioning.demo.sheet import PrintedFace

CUSTOMS = "Customs of Examplia"
EXPIRED_BRAND = "Voltleaf"
OLD_EDITION_DAYS = 190

Row = Mapping[str, object]


@dataclass(frozen=True, slots=True)
class Sample:
    """The face of a right holder's sample: what is registered. `png` is its picture file."""

    product: DemoProduct
    face: PrintedFace
    png: bytes


def samples(seed: int, day: date) -> tuple[Sample, ...]:
    """Print one item of every registered product."""
    with ThreadPoolExecutor(2, "printer") as printers:
        return tuple(printers.map(lambda product: _sample(product, seed, day), _registered()))


def _sample(product: DemoProduct, seed: int, day: date) -> Sample:
    face = printed(product, item(product.key, "sample", day), seed)
    written, png = cv2.imencode(".png", face.pixels, [cv2.IMWRITE_PNG_COMPRESSION, 1])
    if not written:
        raise RuntimeError(f"the face of {product.key} could not be written as PNG.")
    return Sample(product, face, png.tobytes())


def _registered() -> list[DemoProduct]:
    return [product for product in PRODUCTS if product.registered]


def write(directory: Path, printed_samples: Sequence[Sample], day: date, *, old: bool = False) -> Path:
    """Write the sources of the edition of `day`, or of one that is OLD_EDITION_DAYS older; returns `directory`."""
    issued = day - timedelta(days=OLD_EDITION_DAYS) if old else day
    (directory / "faces").mkdir(parents=True, exist_ok=True)
    quarter = f"{issued.year}-Q{(issued.month + 2) // 3}"
    (directory / "edition.toml").write_text(
        f'schema = 1\nname = "demo-{issued}"\nnumber = {1 if old else 2}\nissued = {issued}T00:00:00Z\n'
        f'publisher = "{CUSTOMS}"\nbulletin_quarter = "{quarter}"\n',
        encoding="utf-8",
    )
    registered = _registered()
    faces, regions = _faces(directory, printed_samples, day)
    tables = {
        "products": [_product(product, day) for product in registered],
        "recordations": _recordations(registered, day),
        "distinguishing_points": _points(registered, printed_samples),
        "serials": _serials(day),
        "serial_ranges": _ranges(day),
        "watch_list": _watch_list(day),
        "bulletins": _bulletins(issued),
        "faces": faces,
        "regions": regions,
    }
    for name, rows in tables.items():
        _table(directory / f"{name}.csv", rows)
    return directory


def _table(path: Path, rows: Sequence[Row]) -> None:
    columns = list(dict.fromkeys(column for row in rows for column in row))
    with path.open("w", encoding="utf-8", newline="") as opened:
        writer = csv.DictWriter(opened, columns, restval="")
        writer.writeheader()
        writer.writerows(rows)


def _product(product: DemoProduct, day: date) -> Row:
    low, high = product.value_band
    return {
        "gtin": product.gtin,
        "name": product.name,
        "brand": product.brand,
        "right_holder": product.right_holder,
        "hs": product.hs,
        "origins": "|".join(product.origins),
        "makers": "|".join(product.makers),
        "importers": "|".join(product.importers),
        "routes": "|".join(product.routes),
        "value_min_minor": low,
        "value_max_minor": high,
        "currency": "JPY",
        "net_g": product.net_g,
        "serialised": "yes" if product.serialised else "no",
        "serial_rule": product.serial_rule,
        "programme_start": day - timedelta(days=product.programme_age_days) if product.serialised else "",
        "first_serialised_batch": product.first_serialised_batch,
        "words_en": product.words_en,
        "words_ja": product.words_ja,
        "source": product.right_holder,
    }


def recordation_number(brand: str) -> str:
    """The number of the recordation of a brand's mark."""
    brands = sorted({product.brand for product in PRODUCTS})
    return f"EX-TM-{2400 + 17 * brands.index(brand)}"


def _recordations(products: Sequence[DemoProduct], day: date) -> list[Row]:
    found: list[Row] = []
    for product in products:
        ended = product.brand == EXPIRED_BRAND
        found.append(
            {
                "number": recordation_number(product.brand),
                "right_type": "trademark",
                "right_holder": product.right_holder,
                "valid_from": day - timedelta(days=1400 if ended else 500),
                "valid_to": day - timedelta(days=40) if ended else day + timedelta(days=900),
                "brands": product.brand,
                "applicant": product.right_holder,
                "designated_goods": product.words_en,
                "small_consignment": "yes",
                "source": CUSTOMS,
            }
        )
    return found


def _points(products: Sequence[DemoProduct], printed_samples: Sequence[Sample]) -> list[Row]:
    """The points, each at the middle of the front's region that it names."""
    middles = {
        (sample.product.gtin, region.kind): (region.x_mm + region.w_mm / 2, region.y_mm + region.h_mm / 2)
        for sample in printed_samples
        for region in sample.face.regions
    }
    rows: list[Row] = []
    for product in products:
        for number, point in enumerate(product.points, start=1):
            x_mm, y_mm = middles.get((product.gtin, point.region), ("", ""))  # without its sample: no place
            rows.append(
                {
                    "recordation": recordation_number(product.brand),
                    "number": number,
                    "text_en": point.en,
                    "text_ja": point.ja,
                    "severity": "check",
                    "gtin": product.gtin,
                    "source": product.right_holder,
                    "sense": point.sense,
                    "x_mm": x_mm,
                    "y_mm": y_mm,
                }
            )
    return rows


def _serials(day: date) -> list[Row]:
    return [
        {
            "gtin": BY_KEY[key].gtin,
            "serial": serial,
            "status": status,
            "dated": "" if status == "known" else day - timedelta(days=30),
            "source": "" if status == "known" else BY_KEY[key].right_holder,
        }
        for key, serial, status in REGISTERED_SERIALS
    ]


def _ranges(day: date) -> list[Row]:
    holder = BY_KEY["earphones"].right_holder
    return [
        {"gtin": BY_KEY["earphones"].gtin, "first": "SV260400000", "last": "SV260499999", "status": "in_range"},
        {
            "gtin": BY_KEY["earphones"].gtin,
            "first": "SV260310000",
            "last": "SV260310499",
            "status": "stolen",
            "dated": day - timedelta(days=60),
            "source": holder,
        },
    ]


def _watch_list(day: date) -> list[Row]:
    return [
        {
            "entry": "W-31",
            "kind": "consignor",
            "name": "Silver Heron Trading Ltd.",
            "aliases": "Silver Heron Trade|SH Trading Limited",
            "country": "HK",
            "reason": "sender of nine detained parcels",
            "valid_to": day + timedelta(days=200),
            "source": CUSTOMS,
        },
        {
            "entry": "W-32",
            "kind": "seller",
            "name": "best-brand-outlet-88",
            "reason": "account closed by its platform",
            "valid_to": day + timedelta(days=100),
            "source": "Examplia Market",
        },
        {
            "entry": "W-33",
            "kind": "address",
            "name": "Unit 9, 44 Quarry Wharf, Port Sample",
            "reason": "address of return of six detained parcels",
            "valid_to": day + timedelta(days=100),
            "source": CUSTOMS,
        },
    ]


def _bulletins(issued: date) -> list[Row]:
    return [
        {
            "number": "B-17",
            "title_en": "Flat foil in place of the hologram",
            "title_ja": "ホログラムの代わりの平らな箔",
            "text_en": "Earphone cartons with a flat grey foil sticker arrive by post since last quarter.",
            "text_ja": "灰色の平らな箔のイヤホンの箱が郵便で届いている。",
            "valid_from": issued - timedelta(days=20),
            "valid_to": issued + timedelta(days=80),
            "brands": "Sonavelle",
            "source": "Sonavelle Audio Inc.",
        },
        {
            "number": "B-18",
            "title_en": "Copied serial numbers",
            "title_ja": "製造番号の写し",
            "text_en": "One genuine serial number is printed on many cartons of the serum.",
            "text_ja": "一つの正しい番号が多くの箱に印字されている。",
            "valid_from": issued - timedelta(days=5),
            "valid_to": issued + timedelta(days=85),
            "brands": "Mizurelle",
            "source": "Mizurelle Cosmetics K.K.",
        },
    ]


def _faces(directory: Path, printed_samples: Sequence[Sample], day: date) -> tuple[list[Row], list[Row]]:
    faces: list[Row] = []
    regions: list[Row] = []
    for sample in printed_samples:
        product, face = sample.product, sample.face
        name = f"faces/{product.key}.png"
        (directory / name).write_bytes(sample.png)
        which = {"gtin": product.gtin, "version": "1", "side": "front"}
        faces.append(
            {
                **which,
                "picture": name,
                "width_mm": face.width_mm,
                "height_mm": face.height_mm,
                "registered": day - timedelta(days=300),
                "source": product.right_holder,
            }
        )
        regions += [
            {
                **which,
                "kind": region.kind,
                "x_mm": region.x_mm,
                "y_mm": region.y_mm,
                "w_mm": region.w_mm,
                "h_mm": region.h_mm,
                "text": region.text,
            }
            for region in face.regions
        ]
    return faces, regions
