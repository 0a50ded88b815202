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


def visible(text: str) -> str:
    """`text` with a sign for every control and direction character but tab and line feed. As long as it was."""
    return text.translate(_SIGNS)
