"""What came from outside, made safe to show to a person: nothing in it may change how the text around it reads.

A code, a file's name or a declared name can hold characters that are not seen but reorder or hide what is (the
"Trojan Source" attack on reviewers): an officer would read another number than the one that was scanned. They are shown
as signs instead. Records and the API keep what came, unchanged.
"""

from __future__ import annotations

_HIDDEN = "\N{REPLACEMENT CHARACTER}"
# Unicode 17, table of UAX 9: embeddings and overrides, isolates, marks; and the separators that end a paragraph.
_DIRECTIONS = (*range(0x202A, 0x202F), *range(0x2066, 0x206A), 0x200E, 0x200F, 0x061C, 0x2028, 0x2029)
_SIGNS = {
    **{code: chr(0x2400 + code) for code in range(0x20)},  # ␀ to ␟
    0x7F: "\N{SYMBOL FOR DELETE}",
    **dict.fromkeys((*range(0x80, 0xA0), *_DIRECTIONS), _HIDDEN),
}
del _SIGNS[ord("\n")], _SIGNS[ord("\t")]


def lasted(seconds: float) -> str:
    """A length of time, roughly: "14 min", "5 h", "3 d". The signs are those of the SI, in any language."""
    minutes = abs(seconds) / 60
    if minutes < 90:  # noqa: PLR2004 - so long one thinks in minutes
        return f"{minutes:.0f} min"
    return f"{minutes / 60:.0f} h" if minutes < 48 * 60 else f"{minutes / 1440:.0f} d"


def visible(text: str) -> str:
    """`text` with a sign for every control and direction character but tab and line feed. As long as it was."""
    return text.translate(_SIGNS)
