"""One simulated year of parcels: what each holds in truth, what its codes say, what was declared, who meets it when.

Drawn from a seed and the frozen rates; the same arguments give the same year. Judgement never sees the truth. What
happens by which rate is kept with each parcel, so that a report can ask what another rate would have made of it.

A parcel of counterfeits holds one product; a second product lies only in genuine parcels.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, time, timedelta

from edge.consignment import Consignment
from edge.gs1 import check_digit
from edge.postal import s10_check_digit
from provisioning.simulate import codes, declarations
from provisioning.simulate.goods import FIRST_BATCH, Catalogue, Good, Sender
from provisioning.simulate.scenario import Scenario

GENUINE, PARALLEL, COUNTERFEIT = "genuine", "parallel", "counterfeit"
OTHER_PACKAGE = "other"  # the package of another product than the code says
_OPENS, _WORKED_S = time(8), 10 * 3600  # a port's day
_SAME_PORT = 0.6  # of parcels that are seen again
_SSCC = 0.5  # of parcels that are not postal
_OLD_BATCHES = ("L2303", "L2307", "L2311")
_DATED = frozenset({"300490", "330499", "090210"})  # HS of goods with an expiry date
_LINKED = 0.1  # serialised codes that are printed as a GS1 Digital Link


@dataclass(frozen=True, slots=True)
class Package:
    """One item in a parcel: whose package it looks like, and what its code says; None: nothing that can be read."""

    shown: Good
    code: bytes | None
    face: str = GENUINE  # "genuine", a grade, OTHER_PACKAGE


@dataclass(frozen=True, slots=True)
class Parcel:
    """What a parcel is in truth."""

    number: int
    truth: str  # GENUINE, PARALLEL, COUNTERFEIT
    kind: str  # of a counterfeit's code, "" for others
    packages: tuple[Package, ...]
    transport: bytes | None  # the code of its number as a scanner sends it, None where none is scanned
    consignment: Consignment | None
    rates: dict[str, bool]  # which rates were asked, and whether they hit
    tags: tuple[str, ...] = ()  # what else happened: kinds of errors and of faults
    severity: str = ""  # of its pictures, "" where none was taken

    @property
    def good(self) -> Good:
        """The first product, as its package shows it."""
        return self.packages[0].shown


@dataclass(frozen=True, slots=True)
class Visit:
    """A parcel on a bench."""

    at: datetime
    port: int
    station: int
    parcel: Parcel
    codes: tuple[bytes, ...]
    again: int = 0  # 0: the first visit
    twice: bool = False  # the codes are scanned a second time within seconds
    draw: float = field(default=0.0)  # in [0, 1): which of the measured faces


def year(scenario: Scenario, catalogue: Catalogue, seed: int, count: int) -> Iterator[Visit]:
    """`count` parcels of a year, by time of their visits."""
    drawn = _Year(scenario, catalogue, random.Random(f"parcels {seed}"))
    days, visits = scenario.world.days, []
    for number, place in enumerate(sorted(drawn.draws.random() for _ in range(count))):
        at = datetime.combine(scenario.world.begins, _OPENS, UTC) + timedelta(days=int(place * days))
        at += timedelta(seconds=(place * days % 1) * _WORKED_S)
        visits += drawn.visits(number, at)
    end = datetime.combine(scenario.world.begins, time(0), UTC) + timedelta(days=days)
    yield from sorted((visit for visit in visits if visit.at < end), key=lambda visit: visit.at)


@dataclass(slots=True)
class _Year:
    """A year while it is drawn."""

    scenario: Scenario
    catalogue: Catalogue
    draws: random.Random
    used: dict[str, int] = field(default_factory=dict)  # GTIN -> genuine serials that are on their way
    clones: list[tuple[datetime, Good, str]] = field(default_factory=list)
    returns: list[tuple[datetime, Parcel]] = field(default_factory=list)
    asked: dict[str, bool] = field(default_factory=dict)

    def visits(self, number: int, at: datetime) -> list[Visit]:
        """All visits of parcel `number`, which arrives at `at`, or of one that comes back instead of it."""
        self.asked = {}
        parcel = self._parcel(number, at)
        shares = self.scenario.world.port_shares
        port = self.draws.choices(range(len(shares)), shares)[0]
        found = [self._visit(parcel, at, port, 0)]
        if self._hit("seen_again"):
            other = port if self.draws.random() < _SAME_PORT else self.draws.randrange(len(shares))
            later = at + timedelta(hours=self.draws.uniform(2, 100))
            found.append(self._visit(parcel, later, other, 1))
        parcel.rates.update(self.asked)
        return found

    def _visit(self, parcel: Parcel, at: datetime, port: int, again: int) -> Visit:
        said = [package.code for package in parcel.packages if package.code is not None]
        payloads = tuple(said if parcel.transport is None else [parcel.transport, *said])
        station = self.draws.randrange(self.scenario.world.stations)
        twice = self._hit("rescan") if not again else False
        fault = next((tag for tag in parcel.tags if tag.startswith("fault.")), "") if not again else ""
        if fault:
            payloads = tuple(codes.faulty(one, fault.removeprefix("fault."), self.draws) for one in payloads)
        return Visit(at, port, station, parcel, payloads, again, twice, self.draws.random())

    # --- One parcel ---------------------------------------------------------------------------------------------------

    def _parcel(self, number: int, at: datetime) -> Parcel:
        back = self._comes_back(at)
        if back is not None:
            return self._again(number, back)
        truth = COUNTERFEIT if self._hit("counterfeit") else PARALLEL if self._hit("parallel") else GENUINE
        sent = self._hit("identifier_sent")
        kind, tags = "", list[str]()
        if truth == COUNTERFEIT:
            kind, packages = self._imitation(at, sent=sent)
        else:
            packages = [self._genuine(at, tags, sent=sent)]
            if self._hit("second_item"):
                packages.append(self._genuine(at, tags, sent=sent))
        if self._hit("unreadable"):
            packages = [replace(one, code=None) for one in packages]
            tags.append("unreadable")
        if self._hit("input_fault"):
            tags.append("fault." + self._one_of(self.scenario.faults))
        sender = self._sender(truth, tags)
        transport, document = self._transport(number, sender, sent=sent)
        declared = self._hit("declared")
        consignment = None
        if document and transport is not None and declared:
            consignment = self._consignment(truth, packages, sender, document, tags)
        severity = self._one_of(self.scenario.pictures) if self._hit("pictured") else ""
        parcel = Parcel(
            number, truth, kind, tuple(packages), transport, consignment, dict(self.asked), tuple(tags), severity
        )
        if truth == GENUINE and packages[0].shown.serialised and packages[0].code and self._hit("returned"):
            self.returns.append((at + timedelta(days=self.draws.uniform(10, 90)), parcel))
        return parcel

    def _comes_back(self, at: datetime) -> Parcel | None:
        due = [place for place, (when, _) in enumerate(self.returns) if when <= at]
        return self.returns.pop(due[0])[1] if due else None

    def _again(self, number: int, before: Parcel) -> Parcel:
        """A returned item that is sent again: the same goods, another parcel and declaration."""
        self.asked = {name: hit for name, hit in before.rates.items() if name not in {"seen_again", "rescan"}}
        tags = [tag for tag in before.tags if not tag.startswith(("fault.", "sloppy."))] + ["returned"]
        sender = self._sender(GENUINE, [])
        transport, document = self._transport(number, sender, sent=before.rates["identifier_sent"])
        consignment = None
        if document and transport is not None and self._hit("declared"):
            consignment = self._consignment(GENUINE, before.packages, sender, document, tags)
        return replace(before, number=number, transport=transport, consignment=consignment, tags=tuple(tags))

    def _genuine(self, at: datetime, tags: list[str], *, sent: bool) -> Package:
        if self._hit("unregistered"):
            good = self.draws.choice(self.catalogue.unregistered)
            return Package(good, codes.retail(good.gtin, sent=sent))
        good = self.draws.choice(self.catalogue.goods)
        if not good.serialised:
            return Package(good, codes.retail(good.gtin, sent=sent))
        serial: str | None = None
        batch = f"L{self.draws.randint(25, 26)}{self.draws.randint(1, 12):02d}"
        if self._hit("before_programme"):
            batch = self.draws.choice(_OLD_BATCHES)
            tags.append("before_programme")
        elif self._hit("serial_not_registered"):
            serial = good.unissued(self.draws)
            tags.append("not_registered")
        else:
            serial = self._next_serial(good)
        return Package(good, self._code(good, batch, serial, at, sent=sent))

    def _next_serial(self, good: Good) -> str:
        """A registered serial that no other item carries, as long as there are some."""
        place = self.used.get(good.gtin, 0)
        self.used[good.gtin] = place + 1
        return good.serial(place % good.known_serials)

    def _imitation(self, at: datetime, *, sent: bool) -> tuple[str, list[Package]]:
        good = self.draws.choice(self.catalogue.goods)
        shares = self.scenario.counterfeit.serialised if good.serialised else self.scenario.counterfeit.plain
        kind, face = self._one_of(shares), self._one_of(self.scenario.counterfeit.face)
        face = GENUINE if face == "perfect" else face
        batch = f"L{self.draws.randint(25, 26)}{self.draws.randint(1, 12):02d}"
        if kind == "clone":
            good, serial = self._cloned(at)
            return kind, [Package(good, self._code(good, batch, serial, at, sent=sent), face)]
        if kind == "other_product":
            said = self.draws.choice([one for one in self.catalogue.goods if one.gtin != good.gtin])
            return kind, [Package(good, codes.retail(said.gtin, sent=sent), OTHER_PACKAGE)]
        if kind in {"invented", "rule_broken", "revoked"}:
            return kind, [Package(good, self._code(good, batch, self._wrong_serial(kind, good), at, sent=sent), face)]
        return kind, [Package(good, self._plain(kind, good, sent=sent), face)]

    def _wrong_serial(self, kind: str, good: Good) -> str:
        if kind == "invented":
            return good.unissued(self.draws)
        if kind == "revoked":
            return self.draws.choice(good.bad_serials)
        return "".join(self.draws.choices("0123456789ABCDEF", k=10))

    def _plain(self, kind: str, good: Good, *, sent: bool) -> bytes | None:
        if kind == "unregistered_gtin":
            body = f"0952{self.draws.randrange(500_000_000, 10**9)}"
            return codes.retail(body + check_digit(body), sent=sent)
        if kind == "wrong_structure":
            if self.draws.random() < 0.5:  # noqa: PLR2004 - half of them
                return None
            wrong = good.gtin[:-1] + str((int(good.gtin[-1]) + self.draws.randint(1, 9)) % 10)
            return codes.matrix({"01": wrong, "10": "L2605"}, sent=True)
        return codes.retail(good.gtin, sent=sent)  # "copied", "no_serial"

    def _cloned(self, at: datetime) -> tuple[Good, str]:
        """The serial of a genuine item that does not pass here: one that is copied already, or a new one."""
        plan = self.scenario.counterfeit.clone
        active = [one for one in self.clones if at - one[0] <= timedelta(days=plan.within_days)]
        if active and self.draws.random() >= 1 / plan.copies:
            return self.draws.choice(active)[1:]
        good = self.draws.choice([one for one in self.catalogue.goods if one.serialised])
        serial = good.serial(good.known_serials - 1 - len(self.clones) % (good.known_serials // 4))
        self.clones.append((at, good, serial))
        return good, serial

    def _code(self, good: Good, batch: str, serial: str | None, at: datetime, *, sent: bool) -> bytes:
        elements = {"01": good.gtin}
        if good.kind.hs in _DATED:
            elements["17"] = f"{at.year % 100 + self.draws.randint(1, 2)}{self.draws.randint(1, 12):02d}00"
        tail = [("10", batch), *([("21", serial)] if serial is not None else [])]
        self.draws.shuffle(tail)
        elements |= dict(tail)
        if self.draws.random() < _LINKED:
            return codes.link(elements, sent=sent)
        return codes.matrix(elements, sent=sent)

    # --- Who sends it, and what was declared --------------------------------------------------------------------------

    def _sender(self, truth: str, tags: list[str]) -> Sender:
        if truth == COUNTERFEIT and self._hit("listed"):
            tags.append("listed")
            sender = self.draws.choice(self.catalogue.listed)
            if self._hit("listed_spelt_otherwise"):
                tags.append("respelt")
                return declarations.respelt(sender, self.draws)
            return sender
        return self.draws.choice(self.catalogue.senders)

    def _transport(self, number: int, sender: Sender, *, sent: bool) -> tuple[bytes | None, str]:
        """The scanned code of the parcel's number (None: not scanned) and the number itself ("": there is none)."""
        if self._hit("postal"):
            digits = f"{number:08d}"
            document = f"{self.draws.choice('RCLE')}{self.draws.choice('ABNX')}{digits}"
            document += f"{s10_check_digit(digits)}{sender.country}"
            code = codes.code_128(document, sent=sent)
        elif self.draws.random() < _SSCC:
            body = f"1952{number:013d}"
            document = body + check_digit(body)
            code = codes.logistic(document, sent=sent)
        else:
            return None, ""
        return (code, document) if self._hit("number_scanned") else (None, document)

    def _consignment(
        self, truth: str, packages: Sequence[Package], sender: Sender, document: str, tags: list[str]
    ) -> Consignment:
        writer = declarations.Writer(self.scenario, self.draws, self._hit, tags)
        goods = [package.shown for package in packages]
        if truth == COUNTERFEIT:
            return writer.of_counterfeits(goods, sender, document)
        return writer.of_genuine(goods, sender, document, parallel=truth == PARALLEL)

    # --- Drawing ------------------------------------------------------------------------------------------------------

    def _hit(self, name: str) -> bool:
        hit = self.draws.random() < self.scenario.rate(name)
        self.asked[name] = hit or self.asked.get(name, False)  # of two items, either
        return hit

    def _one_of(self, shares: object) -> str:
        table = dict(shares)  # type: ignore[call-overload]
        return str(self.draws.choices(tuple(table), tuple(table.values()))[0])


assert max(_OLD_BATCHES) < FIRST_BATCH  # noqa: S101 - what "from before the programme" means
