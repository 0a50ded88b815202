"""The demo's printed faces: drawn by seed, true to their regions, and made of letters that the fonts hold."""

import re
from datetime import date
from pathlib import Path

import numpy as np
import pytest
from PIL import ImageFont

from provisioning import demo
from provisioning.demo import canvas
from provisioning.demo.faces import printed
from provisioning.demo.items import item
from provisioning.demo.products import BY_KEY, PRODUCTS
from provisioning.demo.sheet import Alteration

DAY = date(2026, 11, 21)


@pytest.mark.parametrize("key", ["serum", "sneakers"])
def test_the_same_seed_prints_the_same_pixels(key: str) -> None:
    first, second = (printed(BY_KEY[key], item(key, "sample", DAY), 4) for _ in range(2))
    assert np.array_equal(first.pixels, second.pixels)
    assert first.regions == second.regions


@pytest.mark.parametrize("key", ["serum", "cable"])
def test_another_seed_prints_other_grain(key: str) -> None:
    first, second = (printed(BY_KEY[key], item(key, "sample", DAY), seed) for seed in (4, 5))
    assert not np.array_equal(first.pixels, second.pixels)


@pytest.mark.parametrize("product", PRODUCTS, ids=lambda product: product.key)
def test_every_face_is_as_large_as_it_says_and_its_regions_lie_inside(product: demo.products.DemoProduct) -> None:
    face = printed(product, item(product.key, "sample", DAY), 1)
    height, width = face.pixels.shape[:2]
    assert max(height, width) == 1000
    assert abs(width / height - face.width_mm / face.height_mm) < 0.01
    for region in face.regions:
        assert region.x_mm >= 0
        assert region.y_mm >= 0
        assert region.x_mm + region.w_mm <= face.width_mm
        assert region.y_mm + region.h_mm <= face.height_mm


def test_every_registered_product_has_a_logo_and_a_valid_check_digit() -> None:
    for product in PRODUCTS:
        digits = [int(digit) for digit in product.gtin]
        assert sum(d * (3 if i % 2 == 0 else 1) for i, d in enumerate(digits)) % 10 == 0
        if product.registered:
            face = printed(product, item(product.key, "sample", DAY), 1)
            assert "logo" in {region.kind for region in face.regions}
    assert len({product.gtin for product in PRODUCTS}) == len(PRODUCTS)


def test_an_alteration_changes_the_print_where_it_should_and_nowhere_else() -> None:
    product, marking = BY_KEY["earphones"], item("earphones", "first", DAY)
    genuine = printed(product, marking, 1)
    imitation = printed(product, marking, 1, Alteration(hologram=False))
    apart = np.abs(genuine.pixels.astype(int) - imitation.pixels).max(axis=-1) > 40
    patch = next(region for region in genuine.regions if region.kind == "hologram")
    scale = 1000 / max(genuine.width_mm, genuine.height_mm)
    rows, columns = np.nonzero(apart)
    assert patch.x_mm - 0.5 <= columns.min() / scale
    assert columns.max() / scale <= patch.x_mm + patch.w_mm + 0.5
    assert patch.y_mm - 0.5 <= rows.min() / scale
    assert rows.max() / scale <= patch.y_mm + patch.h_mm + 0.5


def test_the_fonts_hold_every_letter_that_the_demo_prints() -> None:
    folder = Path(demo.__file__).parent
    words = "".join(
        (folder / name).read_text("utf-8") for name in ("cartons.py", "labels.py", "desk.py", "sheet.py", "parcels.py")
    )
    japanese = sorted(set(re.findall(r"[\u3000-\u9fff\uff00-\uffef]", words)))
    drawn = ImageFont.truetype(str(canvas.FONTS / "noto-sans-jp-regular.otf"), 40)
    blank = drawn.getmask("\U0001f600")
    missing = [letter for letter in japanese if letter.strip() and bytes(drawn.getmask(letter)) == bytes(blank)]
    assert missing == []
    assert len(japanese) > 50
