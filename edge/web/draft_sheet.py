"""A draft of a form on paper: A4, its fields one below the other, the words DRAFT: NOT SENT over every page.

The letters are those that come with the pages (static/fonts), cut to what the sheet says and embedded: a value may be
in any of their scripts. A letter that none of them has shows as a question mark. The same draft gives the same bytes.
"""

from __future__ import annotations

from typing import Any

from fpdf import FPDF

from edge.display import visible
from edge.lettering import BOLD, LATIN, file_of, fonts_for, letters
from edge.supervisor.forms import NAMES, NOTICE, STATUS, TITLES, Draft

_MARGIN, _NAME_MM, _LINE_MM = 18.0, 52.0, 6.2
_GREY, _INK, _PALE = 90, 20, 225


def pdf(draft: Draft) -> bytes:
    """The sheet as PDF."""
    place = 1 if draft.language == "ja" else 0
    said = "".join((*NOTICE, *STATUS.values(), *(part for pair in NAMES.values() for part in pair)))
    sheet = _Sheet(STATUS["en"] if not place else f"{STATUS['en']} {STATUS['ja']}", fonts_for(said + _values(draft)))
    sheet.set_creation_date(draft.made)
    sheet.set_title(f"{TITLES[draft.form]}: {STATUS['en']}")
    sheet.set_lang(draft.language)
    sheet.add_page()
    sheet.text_at(18, TITLES[draft.form])
    sheet.text_at(10, NOTICE[place].replace("。", "。\n").strip())  # a line begins with no comma
    if place:
        sheet.text_at(8, NOTICE[0])
    sheet.text_at(8, f"{draft.inspection}, {draft.made:%Y-%m-%d %H:%M} UTC")
    sheet.ln(3)
    for field in draft.fields:
        english, japanese = NAMES[field.name]
        sheet.field(japanese if place else english, english if place else "", field.value, field.why)
    return bytes(sheet.output())


def _values(draft: Draft) -> str:
    return "".join(visible(field.value) + field.why for field in draft.fields)


class _Sheet(FPDF):
    """A4 with the status over each page."""

    def __init__(self, status: str, others: tuple[str, ...]) -> None:
        super().__init__(format="A4")
        self._status = status
        self._shown = letters(LATIN).union(*(letters(name) for name in others))
        for name in (LATIN, BOLD, *others):
            with file_of(name) as path:
                self.add_font(name, "", str(path))
        self.set_fallback_fonts(list(others), exact_match=False)
        self.set_margins(_MARGIN, _MARGIN, _MARGIN)
        self.set_auto_page_break(auto=True, margin=_MARGIN)

    def header(self) -> None:
        """The status across the page, below what is written later."""
        self.set_font(BOLD, size=44)
        self.set_text_color(_PALE)
        with self.rotation(52, self.w / 2, self.h / 2):
            width = self.get_string_width(STATUS["en"])
            self.text((self.w - width) / 2, self.h / 2, STATUS["en"])
        self.set_font(BOLD, size=11)
        self.set_text_color(_INK)
        self.cell(0, 7, self._status, align="C", border=1, new_x="LMARGIN", new_y="NEXT")
        self.ln(3)

    def footer(self) -> None:
        """The status again, and the page."""
        self.set_y(-14)
        self.set_font(LATIN, size=8)
        self.set_text_color(_GREY)
        self.cell(0, 5, f"{self._status} · {self.page_no()}", align="C")

    def text_at(self, size: float, text: str) -> None:
        """A paragraph."""
        self.set_font(LATIN, size=size)
        self.set_text_color(_INK)
        self._lines(0, text, size * 0.55)

    def field(self, name: str, beside: str, value: str, why: str) -> None:
        """A field: its name, and what is known or why nothing stands there."""
        if self.will_page_break(2 * _LINE_MM):
            self.add_page()
        top = self.get_y()
        self.set_font(LATIN, size=9)
        self.set_text_color(_GREY)
        self._lines(_NAME_MM, name, 5)
        if beside:
            self.set_font(LATIN, size=8)
            self._lines(_NAME_MM, beside, 4)
        low, page = self.get_y(), self.page_no()
        self.set_xy(_MARGIN + _NAME_MM, top)
        self.set_text_color(_INK if value else _GREY)
        self.set_font(LATIN, size=11 if value else 9)
        self._lines(0, value or f"[ {why} ]", _LINE_MM)
        bottom = self.get_y() if self.page_no() != page else max(low, self.get_y())
        self.set_y(bottom + 1)
        self.set_draw_color(_PALE)
        self.line(_MARGIN, self.get_y(), self.w - _MARGIN, self.get_y())
        self.ln(1.5)

    def _lines(self, width: float, text: str, height: float) -> None:
        lines = (visible(line) for line in text.split("\n"))
        told = "\n".join("".join(one if one in self._shown or one == " " else "?" for one in line) for line in lines)
        options: dict[str, Any] = {"align": "L", "new_x": "LMARGIN", "new_y": "NEXT"}
        self.multi_cell(width, height, told, **options)
