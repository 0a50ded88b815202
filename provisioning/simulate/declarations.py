"""Declarations of a simulated port: right ones, sloppy ones, and those that go with counterfeits. All are claims."""

from __future__ import annotations

import random
import string
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from edge.consignment import Consignment, DeclaredLine, Party
from provisioning.simulate.goods import KINDS, MAKER, Good, Sender
from provisioning.simulate.scenario import Scenario

GENERIC = ("gift", "accessories", "goods", "personal items", "sample", "merchandise", "present", "parts")
_ELSEWHERE = ("PL", "TR", "MX", "TH", "US", "DE", "VN")
_BRANDED = 0.5  # declarations that name the brand apart
_BRANDED_COUNTERFEIT = 0.15
_MADE_BY = 0.1  # genuine declarations that name the maker
_GIFT = 0.15
_UNDERVALUED = (0.02, 0.25)  # of the usual value's lower end
_PARALLEL_ELSEWHERE = 0.5  # parallel imports that were made in another country than those of this market
_LEAST_WORD = 4  # letters: shorter words are not misspelt
_FORMS = {"Ltd": "Limited", "Limited": "LTD.", "Co. Ltd": "Company Limited", "GmbH": "G.m.b.H.", "Inc.": "Incorporated"}


@dataclass(slots=True)
class Writer:
    """Writes the declaration of one parcel. `hit` draws a rate by its name, `tags` takes the kinds of errors made."""

    scenario: Scenario
    draws: random.Random
    hit: Callable[[str], bool]
    tags: list[str]

    def of_genuine(self, goods: Sequence[Good], sender: Sender, document: str, *, parallel: bool) -> Consignment:
        """What an honest sender declares, who may be sloppy."""
        lines = [self._line(good, parallel=parallel) for good in goods]
        if self.hit("sloppy"):
            errors = [self._error()]
            if self.hit("second_error"):
                errors.append(self._error())
            for error in dict.fromkeys(errors):
                lines[0] = self._spoilt(lines[0], error, sender)
                self.tags.append(f"sloppy.{error}")
        return self._document(lines, sender, document)

    def of_counterfeits(self, goods: Sequence[Good], sender: Sender, document: str) -> Consignment:
        """What is declared of imitations: often other goods, other origins, a fraction of their value."""
        return self._document([self._imitation(good) for good in goods], sender, document)

    def _line(self, good: Good, *, parallel: bool) -> DeclaredLine:
        origin = self.draws.choice(good.origins)
        if parallel and self.draws.random() < _PARALLEL_ELSEWHERE:
            origin = self.draws.choice(_ELSEWHERE)
        quantity = self.draws.choices((1, 2, 3, 6), (80, 12, 5, 3))[0]
        return DeclaredLine(
            description=self._description(good),
            quantity=quantity,
            net_g=good.kind.net_g * quantity,
            value_minor=self.draws.randint(*good.kind.value) * quantity,
            currency="JPY",
            hs=good.kind.hs,
            origin=origin,
            brand=good.brand if self.draws.random() < _BRANDED else "",
            maker=good.maker if self.draws.random() < _MADE_BY else "",
        )

    def _description(self, good: Good) -> str:
        """The goods in a sender's words: the product's name, ordinary words for it in English or Japanese."""
        words = good.kind.words.split()
        some = " ".join(self.draws.sample(words, self.draws.randint(1, len(words))))
        return self.draws.choice((good.name, f"{good.brand} {good.kind.noun}", some, some, good.kind.words_ja))

    def _imitation(self, good: Good) -> DeclaredLine:
        line = replace(self._line(good, parallel=False), brand="", maker="")
        low = good.kind.value[0]
        if self.draws.random() < _BRANDED_COUNTERFEIT:
            line = replace(line, brand=good.brand, maker=self.draws.choice((good.maker, "Sunrise Factory")))
        if self.hit("misdeclared"):
            other = self.draws.choice([kind for kind in KINDS if kind != good.kind])
            line = replace(line, description=other.words.split()[0], hs=other.hs, brand="")
            low = other.value[0]
        if self.hit("undervalued"):
            line = replace(line, value_minor=round(low * self.draws.uniform(*_UNDERVALUED)) * (line.quantity or 1))
        if self.hit("origin_of_source"):
            line = replace(line, origin=MAKER)
        return line

    def _document(self, lines: Sequence[DeclaredLine], sender: Sender, document: str) -> Consignment:
        consignee = (
            f"{self.draws.choice(('Sato', 'Suzuki', 'Tanaka', 'Ito', 'Kato'))} {self.draws.choice('ABCDEFGHK')}."
        )
        return Consignment(
            document=document,
            document_type="CN23" if len(document) < 18 else "waybill",  # noqa: PLR2004 - of an SSCC
            consignor=Party(sender.name, sender.address, sender.country),
            consignee=Party(consignee, "1-2-3 Sample, Tokyo", "JP"),
            lines=tuple(lines),
            category="gift" if self.draws.random() < _GIFT else "sale of goods",
            pieces=1,
            gross_g=sum(line.net_g or 0 for line in lines) + 150,
            dispatch=sender.country,
            destination="JP",
        )

    # --- Errors -------------------------------------------------------------------------------------------------------

    def _error(self) -> str:
        shares = self.scenario.sloppy
        return self.draws.choices(tuple(shares), tuple(shares.values()))[0]

    def _spoilt(self, line: DeclaredLine, error: str, sender: Sender) -> DeclaredLine:
        kind = next((kind for kind in KINDS if kind.hs == line.hs), KINDS[0])
        draws = self.draws
        spoilt: dict[str, Callable[[], DeclaredLine]] = {
            "spelling": lambda: replace(line, description=misspelt(line.description, draws)),
            "script": lambda: replace(line, description=draws.choice(kind.words_other)),
            "generic": lambda: replace(line, description=draws.choice(GENERIC), brand=""),
            "missing": lambda: self._incomplete(line),
            "hs": lambda: replace(line, hs=draws.choice([one.hs for one in KINDS if one.hs[:2] != kind.hs[:2]])),
            "origin": lambda: replace(line, origin=sender.country),
            "value": lambda: replace(line, value_minor=draws.choice((1, max(1, (line.value_minor or 0) // 100)))),
        }
        return spoilt[error]()

    def _incomplete(self, line: DeclaredLine) -> DeclaredLine:
        left_out = [
            replace(line, value_minor=None),
            replace(line, quantity=None, net_g=None),
            replace(line, hs="", value_minor=None),
            replace(line, origin="", hs=""),
            replace(line, description=""),
        ]
        return self.draws.choice(left_out)


def misspelt(text: str, draws: random.Random) -> str:
    """One or two letters swapped, doubled, left out or another one."""
    words = text.split(" ")
    for _ in range(draws.randint(1, 2)):
        long = [place for place, word in enumerate(words) if len(word) >= _LEAST_WORD]
        if not long:
            return " ".join(words)
        place = draws.choice(long)
        word = words[place]
        at = draws.randrange(1, len(word) - 1)
        words[place] = draws.choice(
            (
                word[:at] + word[at + 1] + word[at] + word[at + 2 :],
                word[:at] + word[at] + word[at:],
                word[:at] + word[at + 1 :],
                word[:at] + draws.choice(string.ascii_lowercase) + word[at + 1 :],
            )
        )
    return " ".join(words)


def respelt(sender: Sender, draws: random.Random) -> Sender:
    """A listed sender who spells name and address in another way: form of company, order, case, a letter."""
    name = sender.name
    for form, other in _FORMS.items():
        if name.endswith(f" {form}"):
            name = f"{name.removesuffix(form)}{other}"
            break
    name = draws.choice(
        (name, name.upper(), misspelt(name, draws), name.replace(" ", "  ").replace("Trading", "Trade"))
    )
    street = sender.address.replace("Unit ", draws.choice(("Unit ", "No. ", "#"))).replace("Road", "Rd")
    return replace(sender, name=name, address=draws.choice((street, sender.address.upper())))
