"""./run bench identify: are valid codes left alone, are scanner faults undone, and in what time.

--codes N    draws N valid codes of every kind (seeded) and counts those that come out changed: must be 0
--faults N   does every scanner fault to N drawn codes and counts what came of them:
             repaired    the drawn content came out, with the fault told
             ambiguous   told as having several readings; nothing but checked keys believed
             told        not repaired, told as invalid or unknown
             unseen      the damaged code is itself a valid code: no reader can notice
             short       a key of the layout typed nothing, and the code was read without that character
             WRONG       a repair gave another content: must be 0
Times are CPU times of identify() on one symbol, in microseconds; biip 5 parses the same element strings as a peer.
"""

from __future__ import annotations

import argparse
import random
import string
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from edge.captures import DecodedSymbol
from edge.element_strings import SEPARATOR, format_element_strings, parse_element_strings
from edge.gs1 import check_digit
from edge.identity import Identity
from edge.keyboard_layouts import arrived
from edge.postal import s10_check_digit
from edge.scanner_faults import REPLACEMENTS
from edge.steps.identify import identify
from edge.syntax_tests import CSET_82

LIMIT_US = 100.0
SERIALS = string.ascii_letters + string.digits + "-./_"
COUNTRIES = ("JP", "CN", "US", "DE", "GB", "NZ", "KR", "TH", "VN", "ID")


@dataclass(frozen=True, slots=True)
class Drawn:
    """A drawn code: its text, identifier and format as a scanner would send them, and what it says."""

    kind: str
    text: str
    identifier: str
    format: str
    content: object


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--codes", type=int, default=100_000)
    parser.add_argument("--faults", type=int, default=2_000)
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    left_alone(arguments.codes, random.Random(arguments.seed))
    undone(arguments.faults, random.Random(arguments.seed + 1))
    hostile()
    peer(random.Random(arguments.seed + 2))


# --- Drawing --------------------------------------------------------------------------------------------------------


def key(rng: random.Random, length: int) -> str:
    body = "".join(rng.choices(string.digits, k=length - 1))
    return body + check_digit(body)


def text_of(rng: random.Random, most: int, alphabet: str = SERIALS) -> str:
    return "".join(rng.choices(alphabet, k=rng.randint(1, most)))


def elements(rng: random.Random) -> dict[str, str]:
    alphabet = CSET_82 if rng.random() < 0.3 else SERIALS  # noqa: PLR2004 - a share of hostile serials
    drawn = {"01": key(rng, 14)}
    parts: dict[str, Callable[[], str]] = {
        "21": lambda: text_of(rng, 20, alphabet),
        "10": lambda: text_of(rng, 20, alphabet),
        "17": lambda: f"{rng.randint(24, 35)}{rng.randint(1, 12):02}{rng.randint(0, 28):02}",
        "240": lambda: text_of(rng, 30, alphabet),
    }
    for ai in rng.sample(list(parts), k=rng.randint(0, 4)):
        drawn[ai] = parts[ai]()
    return drawn


def gs1(rng: random.Random) -> Drawn:
    drawn = elements(rng)
    identifier = rng.choice(("]d2", "]C1", "]Q3", "]e0"))
    message = format_element_strings(drawn)
    where = rng.random()
    if where < 1 / 3:
        return Drawn("GS1, identifier in text", identifier + message, "", "", drawn)
    if where < 2 / 3:
        return Drawn("GS1, identifier beside", message, identifier, "", drawn)
    return Drawn("GS1, no identifier", message, "", "", drawn)


def link(rng: random.Random) -> Drawn:
    drawn = {"01": key(rng, 14), "21": text_of(rng, 20, SERIALS)}
    host = rng.choice(("id.gs1.org", "brand.example", "Shop.Example.COM:8443"))
    return Drawn(
        "Digital Link", f"https://{host}/x/01/{drawn['01']}/21/{drawn['21'].replace('/', '%2F')}", "", "", drawn
    )


def bracketed(rng: random.Random) -> Drawn:
    drawn = {"01": key(rng, 14), "21": text_of(rng, 20)}
    return Drawn("bracketed", f"(01){drawn['01']}(21){drawn['21']}", "", "", drawn)


def ean(rng: random.Random) -> Drawn:
    length, kind, identifier = rng.choice(((13, "EAN13", "]E0"), (12, "UPCA", "]E0"), (8, "EAN8", "]E4"), (13, "", "")))
    digits = key(rng, length)
    return Drawn("EAN/UPC", digits, identifier, kind, {"01": digits.zfill(14)})


def sscc(rng: random.Random) -> Drawn:
    number = key(rng, 18)
    return Drawn("SSCC", "00" + number, rng.choice(("]C1", "")), "", {"00": number})


def parcel(rng: random.Random) -> Drawn:
    serial = "".join(rng.choices(string.digits, k=8))
    letters = "".join(rng.choices("CELRUV", k=1) + rng.choices(string.ascii_uppercase, k=1))
    number = letters + serial + s10_check_digit(serial) + rng.choice(COUNTRIES)
    return Drawn("S10", number, "", rng.choice(("Code128", "")), number)


def foreign(rng: random.Random) -> Drawn:
    words = (
        "LOT",
        "Rack",
        "box",
        "https://example.com/" + text_of(rng, 12, string.ascii_lowercase),
        "WIFI:S:x;;",
        "+A123",
    )
    tail = "".join(rng.choices(string.ascii_letters + string.digits + " -~^|@:", k=rng.randint(1, 20)))
    return Drawn("foreign", f"{rng.choice(words)} {tail}".strip(), "", rng.choice(("QRCode", "Code128", "")), "foreign")


KINDS: tuple[Callable[[random.Random], Drawn], ...] = (gs1, gs1, gs1, link, bracketed, ean, sscc, parcel, foreign)


def content(identity: Identity) -> object:
    if identity.items:
        return dict(identity.items[0].elements)
    if identity.sscc:
        return {"00": identity.sscc[0].value}
    if identity.parcel_numbers:
        return identity.parcel_numbers[0].value
    return "foreign" if identity.unparsed else None


def symbol(text: str, identifier: str, kind: str) -> DecodedSymbol:
    return DecodedSymbol(text, text.encode(), identifier, kind, "scanner:bench")


# --- Measuring ------------------------------------------------------------------------------------------------------


def left_alone(count: int, rng: random.Random) -> None:
    changed, total, doubted = Counter[str](), Counter[str](), 0
    times: list[float] = []
    for _ in range(count):
        drawn = rng.choice(KINDS)(rng)
        asked = (symbol(drawn.text, drawn.identifier, drawn.format),)
        start = time.thread_time()
        identity = identify(asked)
        times.append((time.thread_time() - start) * 1e6)
        total[drawn.kind] += 1
        if any(fault.repaired is None and "ambiguous" in fault.code for fault in identity.faults):
            doubted += 1
        elif content(identity) != drawn.content or any(fault.repaired for fault in identity.faults):
            changed[drawn.kind] += 1
            if changed.total() <= 5:  # noqa: PLR2004 - enough to see what happens
                print(f"  changed: {drawn} -> {content(identity)} {[f.code for f in identity.faults]}")
    print(f"valid codes: {count} drawn, {changed.total()} changed (limit 0), {doubted} told as ambiguous")
    print("  " + ", ".join(f"{kind} {number}" for kind, number in sorted(total.items())))
    say_times("identify, valid codes", times)


def separated(rng: random.Random) -> Drawn:
    """A code that needs a separator, with its identifier in the text half of the time."""
    drawn = elements(rng)
    while SEPARATOR not in (message := format_element_strings(drawn)):
        drawn = elements(rng)
    return Drawn("separated", rng.choice(("]d2", "")) + message, "", "", drawn)


def prefixed(rng: random.Random) -> Drawn:
    drawn = elements(rng)
    return Drawn("prefixed", rng.choice(("]d2", "]C1", "]Q3")) + format_element_strings(drawn), "", "", drawn)


def no_prefix(rng: random.Random) -> Drawn:
    drawn = elements(rng)
    return Drawn("no prefix", format_element_strings(drawn), "", "", drawn)


def typed(layout: str) -> Callable[[str, random.Random], str]:
    return lambda text, _: arrived(text, layout)


def full_width(text: str, _: random.Random) -> str:
    return "".join(chr(ord(c) + 0xFEE0) if "!" <= c <= "~" else c for c in text)


def faulty() -> Iterator[tuple[str, Callable[[random.Random], Drawn], Callable[[str, random.Random], str]]]:
    """Each fault: its name, the codes that it happens to, and what it does."""
    yield "caps lock, identifier sent", prefixed, lambda text, _: text.swapcase()
    yield "caps lock, S10", parcel, lambda text, _: text.swapcase()
    yield "caps lock, no identifier", no_prefix, lambda text, _: text.swapcase()
    for layout in ("layout_jis_us", "layout_us_jis", "layout_us_de"):
        yield f"{layout}, identifier sent", prefixed, typed(layout)
        yield f"{layout}, no identifier", no_prefix, typed(layout)
        yield f"{layout}, Digital Link", link, typed(layout)
        yield f"{layout}, bracketed", bracketed, typed(layout)
    yield "layout_de_us, Digital Link", link, typed("layout_de_us")
    yield "separator lost", separated, lambda text, _: text.replace(SEPARATOR, "")
    yield "separator replaced", separated, lambda text, rng: text.replace(SEPARATOR, rng.choice(REPLACEMENTS))
    yield "prefix cut", prefixed, lambda text, _: text[1:]
    yield "full-width input", prefixed, full_width


def undone(count: int, rng: random.Random) -> None:
    print(f"scanner faults, {count} drawn codes each:")
    times: list[float] = []
    for name, draw, damage in faulty():
        counts = Counter[str]()
        for _ in range(count):
            drawn = draw(rng)
            came = damage(drawn.text, rng)
            asked = (symbol(came, "", ""),)
            start = time.thread_time()
            identity = identify(asked)
            times.append((time.thread_time() - start) * 1e6)
            outcome = judged(drawn, came, identity)
            counts[outcome] += 1
            if outcome == "WRONG" and counts[outcome] <= 2:  # noqa: PLR2004 - enough to see what happens
                print(f"  WRONG: {drawn.text!r} came as {came!r}, read as {content(identity)}")
        shares = ", ".join(f"{outcome} {100 * number / count:.1f}%" for outcome, number in counts.most_common())
        print(f"  {name:38} {shares}")
    say_times("identify, damaged codes", times)


def judged(drawn: Drawn, came: str, identity: Identity) -> str:
    if any("ambiguous" in fault.code for fault in identity.faults):
        return "ambiguous"
    if any(fault.repaired for fault in identity.faults):
        if content(identity) == drawn.content:
            return "repaired"
        return "short" if 0 < len(came) < len(drawn.text) and "layout" in identity.faults[0].code else "WRONG"
    if content(identity) == drawn.content:
        return "harmless" if came != drawn.text else "not damaged"
    return "told" if identity.faults or identity.unparsed else "unseen"


def hostile() -> None:
    worst = 0.0
    units = (
        "0",
        "(",
        "(01)",
        "]d2",
        SEPARATOR,
        "21A",
        "10",
        "a",
        "https://a/",
        "~",
        "\u3000",
        "0109521234543213",
        "99",
    )
    for unit in units:
        for prefix in ("", "]d2", "]d20109521234543213"):
            for size in (400, 50_000):
                text = (prefix + unit * size)[:size]
                start = time.thread_time()
                identify((symbol(text, "", ""),))
                worst = max(worst, (time.thread_time() - start) * 1e3)
    print(f"hostile codes of 400 and 50,000 characters: worst {worst:.1f} ms")


def peer(rng: random.Random) -> None:
    messages = [format_element_strings(elements(rng)) for _ in range(3_000)]
    own = timed(parse_element_strings, messages)
    say_times("parse_element_strings", own)
    try:
        from biip.gs1_messages import GS1Message  # noqa: PLC0415 - a peer to compare with, not needed
    except ImportError:
        print("  biip is not installed: no peer")
        return
    other = timed(GS1Message.parse, messages)
    say_times("biip GS1Message.parse", other)
    print(f"  ratio of medians, own to biip: {sorted(own)[len(own) // 2] / sorted(other)[len(other) // 2]:.2f}")


def timed(parse: Callable[[str], object], messages: list[str]) -> list[float]:
    times = []
    for message in messages:
        start = time.thread_time()
        parse(message)
        times.append((time.thread_time() - start) * 1e6)
    return times


def say_times(name: str, times: list[float]) -> None:
    ordered = sorted(times)
    median, p95, p99 = (ordered[int(len(ordered) * share)] for share in (0.5, 0.95, 0.99))
    print(
        f"{name}: median {median:.1f} us, p95 {p95:.1f} us, p99 {p99:.1f} us, median to limit {median / LIMIT_US:.2f}"
    )


if __name__ == "__main__":
    main()
