"""What a keyboard-wedge scanner's characters become when scanner and computer disagree about the keyboard.

Each table maps the character that was meant to the character that arrives. Keys that type nothing on the other side
(the JIS "_" and yen keys on a US computer) leave no trace and cannot be brought back.

Sources: JIS X 6002 / OADG 109A, ANSI INCITS 154, DIN 2137-1: the characters of the same physical keys.
"""

from __future__ import annotations

_JIS = {  # US character -> the character of the same key on a Japanese 106-key keyboard
    "=": "^", "[": "@", "]": "[", "'": ":", "\\": "]", "@": '"', "^": "&", "&": "'", "*": "(", "(": ")",
    "_": "=", "+": "~", "{": "`", "}": "{", ":": "+", '"': "*", "|": "}",
}  # fmt: skip
_GERMAN = {  # US character -> the character of the same key on a German keyboard
    "-": "ß", "=": "´", "[": "ü", "]": "+", ";": "ö", "'": "ä", "\\": "#", "`": "^", "/": "-",
    "@": '"', "#": "§", "^": "&", "&": "/", "*": "(", "(": ")", ")": "=", "_": "?", "+": "`", "{": "Ü", "}": "*",
    ":": "Ö", '"': "Ä", "|": "'", "~": "°", "<": ";", ">": ":", "?": "_", "y": "z", "z": "y", "Y": "Z", "Z": "Y",
}  # fmt: skip


def _inverse(table: dict[str, str]) -> dict[str, str]:
    return {arrived: meant for meant, arrived in table.items()}


SILENT = {"layout_jis_us": "_\\|", "layout_us_jis": ")`~"}  # meant characters whose key types nothing there

# Fault code -> arrived character -> character that was meant.
MEANT: dict[str, dict[int, str]] = {
    "layout_jis_us": str.maketrans(_JIS),  # scanner set to Japanese, computer reads US
    "layout_us_jis": str.maketrans(_inverse(_JIS)),  # scanner set to US, computer reads Japanese
    "layout_us_de": str.maketrans(_inverse(_GERMAN)),  # scanner set to US, computer reads German
    "layout_de_us": str.maketrans(_GERMAN),  # scanner set to German, computer reads US
}


def arrived(text: str, fault: str) -> str:
    """What arrives when `text` is sent under `fault`. Keys that type nothing are left out."""
    table = {meant: chr(came) for came, meant in MEANT[fault].items()}
    return "".join(_arrived(character, fault, table) for character in text)


def _arrived(character: str, fault: str, table: dict[str, str]) -> str:
    if character in table:
        return table[character]
    return "" if character in SILENT.get(fault, "") else character
