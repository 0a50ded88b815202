"""What a test needs that draws labels in Japanese, Chinese and Korean."""

import pytest

from models.drawn.pool import Pool

needs_wide_fonts = pytest.mark.skipif(
    not Pool().has_wide_fonts, reason="no font with Japanese, Chinese and Korean letters: labels in them are not drawn"
)
