"""Every screen of the box on drawn parcels: as pictures for the officer's guide, or held against what it must keep.

    ./run screens                  write docs/screens/*.png
    ./run screens --only check     some of them
    ./run screens --check          every screen x 7 languages x light and dark: axe, touch targets

The list of screens stands here alone; tests/edge/web/test_screens.py takes a sample of the same.
"""

from __future__ import annotations

import argparse
import shutil
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any, Literal
from urllib.parse import urljoin

import cv2
import numpy as np
from axe_playwright_python.sync_playwright import Axe  # type: ignore[import-untyped]
from PIL import Image
from playwright.sync_api import Browser, Page, sync_playwright

from edge import examination, practice
from edge.app import open_bench
from edge.bench import Bench
from edge.examination import Examination, Sign, State
from edge.inspection import Decision
from edge.messages import LANGUAGES
from edge.people.accounts import Account, Accounts, PeopleFile, added, changed, given_pin
from edge.people.roles import Role
from edge.settings import Settings
from provisioning.training.command import practising
from provisioning.training.material import CHOSEN, drawn
from tests.edge.web.serving import Server, serving

Scheme = Literal["light", "dark"]

LAID = {  # what lies at each station but the first
    "2": "medicine",
    "3": "declared-goods",
    "4": "revoked-serial",
    "5": "unregistered",
    "6": "hologram-missing",
    "yard": "stolen-serial",
}
STATIONS = ("1", *LAID)
OFFICER, SUPERVISOR = "4711", "90"
PINS = {OFFICER: "482913", SUPERVISOR: "604135"}
SIGNS = (  # of the doctor, one of each state
    Sign("clock", State.LOOK, "not synchronised", "synchronised", "Connect the network or set the clock: date -s."),
    Sign("room", State.BROKEN, "0.4 GB free", "2 GB free", "Free space: sekisho retention run."),
    Sign("camera", State.GOOD, "Bench camera, 3840 x 2160", "a camera"),
    Sign("scanner", State.UNKNOWN, "not asked", "a scanner", "Run sekisho doctor as root."),
)
SIZE = {"width": 1280, "height": 800}  # a 10-inch screen
NARROW = {"width": 390, "height": 844}
TARGET_PX = 89.0  # 15 mm at 1280 points on 10 inches: 89.6, less the rounding of a border
COLOURS = 64
WIDTH_PX = 960
PATIENCE_MS = 120_000

# What a finger or a scanner's key can reach: visible, and not a link within a sentence (WCAG 2.5.8, "inline").
SMALL = """(least) => {
  const open = [...document.querySelectorAll("dialog[open], #keypad")].filter((one) => one.checkVisibility()).at(-1);
  const seen = (one) => one.checkVisibility({ visibilityProperty: true }) && !one.closest(".unseen") && !one.disabled;
  return [...(open ?? document).querySelectorAll("button, a[href], input, select, textarea, summary")]
    .filter(seen)
    .filter((one) => !(one.tagName === "A" && one.closest("p, dd, td:not(:only-child)") && !one.matches(".button")))
    .map((one) => (/^(checkbox|radio|range|file)$/.test(one.type) ? one.closest("label") ?? one : one))
    .map((one) => [one, one.getBoundingClientRect()])
    .filter(([one, box]) => box.width && (box.height < least || (box.width < least && one.tagName !== "SUMMARY")))
    .map(([one, box]) => [one.tagName, one.id || one.className || one.textContent.trim().slice(0, 20),
      `${Math.round(box.width)}x${Math.round(box.height)}`].join(" "));
}"""

# A scan from the handheld's own queue, of a parcel that it knows as an inspection.
SENT = """async ([inspection, text]) => {
  const queue = await import("/static/handheld/queue.js");
  const kept = (await queue.open()).transaction("parcels", "readwrite").objectStore("parcels");
  kept.put({ parcel: inspection, inspection });
  await queue.put({ parcel: inspection, station: "yard", text });
  dispatchEvent(new Event("online"));
}"""


@dataclass(frozen=True, slots=True)
class Box:
    """A bench with parcels at its stations, and a practice bench beside it."""

    url: str
    practice_url: str
    reports: dict[str, str]  # station: inspection

    def where(self, screen: Screen) -> str:
        """The address of a screen."""
        return (self.practice_url if screen.training else self.url) + screen.address.format(**self.reports)


def _nothing(_: Page) -> None:
    """The screen is as it is opened."""


def _press(key: str, page: Page) -> None:
    page.locator("body").press(key)
    page.locator("dialog[open]").wait_for()


def _signed_in(page: Page, person: str = SUPERVISOR) -> None:
    """In this browser alone."""
    document = {"person": person, "pin": PINS[person], "own": True}
    assert page.request.post(urljoin(page.url, "/api/v1/session"), data=document).ok  # noqa: S101 - its own account
    page.reload()


def _own_menu(page: Page) -> None:
    document = {"person": SUPERVISOR, "pin": PINS[SUPERVISOR], "station": "5"}
    assert page.request.post(urljoin(page.url, "/api/v1/session"), data=document).ok  # noqa: S101 - its own account
    page.reload()
    _press("m", page)
    page.locator("#present [data-sign-out]").wait_for()


def _armed(page: Page) -> None:
    page.locator("body").press("d")
    page.locator("#armed").wait_for()


def _turned(way: str, page: Page) -> None:
    page.locator(f"[data-turn={way}]").click()


def _held(page: Page) -> None:
    page.locator("#held").evaluate("(one) => one.scrollIntoView()")


def _pairing(page: Page) -> None:
    _signed_in(page)
    page.locator("input[name=name]").fill("Yard 3")
    page.locator("form.pair button").click()
    page.locator(".offer svg").wait_for()


def _deciding(page: Page) -> None:
    """The officer on a handheld, with the parcel of the yard sent from it."""
    _signed_in(page, OFFICER)
    page.locator("html[data-ready=yes]").wait_for(state="attached")
    listed = page.request.get(urljoin(page.url, "/api/v1/inspections")).json()["inspections"]
    laid = next(one for one in listed if one["station"] == "yard")
    page.evaluate(SENT, [laid["id"], laid["parcel_numbers"][0]])
    page.locator("[data-decision=refer]:enabled").wait_for()


def _keypad(page: Page) -> None:
    page.locator("[data-open=menu]").click()
    page.locator("#menu [data-sign-in]").click()
    page.locator("#keypad").wait_for()


@dataclass(frozen=True, slots=True)
class Screen:
    """One screen: where it is, and what is done to see it."""

    name: str
    address: str
    shows: str  # a selector that is there when it is whole
    act: Callable[[Page], None] = _nothing
    training: bool = False


_LAID = "#card [data-inspection]"
SCREENS = (
    Screen("ready", "/?station=1", ".card.empty"),
    Screen("no-finding", "/?station=2", _LAID),
    Screen("check", "/?station=3", _LAID),
    Screen("strong-indication", "/?station=4", _LAID),
    Screen("cannot-assess", "/?station=5", _LAID),
    Screen("decided", "/?station=6", ".stands"),
    Screen("entry", "/?station=1", "[data-open=entry]", partial(_press, "c")),
    Screen("menu", "/?station=1", "[data-open=menu]", partial(_press, "m")),
    Screen("help", "/?station=1", "[data-open=menu]", partial(_press, "h")),
    Screen("facts", "/?station=3", _LAID, partial(_press, "i")),
    Screen("keypad", "/?station=1", "[data-open=menu]", _keypad),
    Screen("menu-signed-in", "/?station=5", "[data-open=menu]", _own_menu),
    Screen("armed", "/?station=4", _LAID, _armed),
    Screen("wipe", "/?station=6", _LAID, partial(_turned, "wipe")),
    Screen("differences", "/?station=6", _LAID, partial(_turned, "heat")),
    Screen("report", "/inspections/{s3}", "main"),
    Screen("shift", "/shift?station=3", "main"),
    Screen("handhelds", "/handhelds", "main"),
    Screen("pairing", "/handhelds", "main", _pairing),
    Screen("handheld", "/handheld", "#present"),
    Screen("handheld-verdict", "/handheld", "#present", _deciding),
    Screen("doctor", "/doctor", "main"),
    Screen("supervisor", "/supervisor", "main"),
    Screen("supervisor-held", "/supervisor", "#held td", _held),
    Screen("hand-over", "/shift/{handed_over}", "main"),
    Screen("sign-in", "/sign-in", "main"),
    Screen("practice", "/practice", ".drawn", training=True),
    Screen("practice-bench", "/", _LAID, training=True),
)


@contextmanager
def box(folder: Path) -> Iterator[Box]:
    """A box with a parcel of each verdict and one that is decided, and practice with two that were tried."""
    edition = drawn(folder / "state", datetime.now(UTC).date())
    settings = Settings(
        state_dir=folder / "state",
        registry=edition,
        stations=STATIONS,
        sign_in="offered",
        workers=1,
        place="Port Sample",
        decode_budget_s=30.0,
        compare_budget_s=30.0,
        training_port=8081,
    )
    _accounts(settings.state_dir)
    examination.keep(settings.state_dir, Examination().with_more(SIGNS, datetime.now(UTC)))
    shutil.copytree(settings.state_dir / practice.FOLDER, folder / "practice" / practice.FOLDER)
    exercise = practising(settings, folder / "practice").model_copy(update={"stations": ("1",)})
    with ExitStack() as stack:
        bench = stack.enter_context(open_bench(settings))
        reports = {f"s{station}": _lay(bench, settings.state_dir, name, station) for station, name in LAID.items()}
        bench.dispose(reports["s6"], Decision.REFER)
        server = stack.enter_context(serving(bench, settings))
        reports["handed_over"] = _handed_over(server)
        training = stack.enter_context(open_bench(exercise))
        done = _lay(training, exercise.state_dir, "stolen-serial", "1")
        training.dispose(done, Decision.DETAIN)
        training.next("1")
        _lay(training, exercise.state_dir, "contradiction", "1")
        yield Box(server.url, stack.enter_context(serving(training, exercise)).url, reports)


def _handed_over(server: Server) -> str:
    """A shift that the officer hands over to the supervisor; the sequence of its row."""
    with server.client() as client:
        document = {"station": "6", "person": OFFICER, "pin": PINS[OFFICER]}
        client.post("/api/v1/session", json=document).raise_for_status()
        document = {"station": "6", "person": SUPERVISOR, "pin": PINS[SUPERVISOR], "note": "The lamp is weak."}
        done = client.post("/api/v1/shift/hand-over", json=document)
        done.raise_for_status()
        client.delete("/api/v1/session", params={"station": "6"}).raise_for_status()
    return str(done.json()["sequence"])


def _lay(bench: Bench, state_dir: Path, name: str, station: str) -> str:
    parcel = practice.known(state_dir)[list(CHOSEN).index(name)]
    return bench.inspect(parcel.arrival(state_dir / practice.FOLDER, station)).inspection


def _accounts(state_dir: Path) -> None:
    file = PeopleFile(state_dir)
    for number, name, role in ((OFFICER, "Sato", Role.OFFICER), (SUPERVISOR, "Mori", Role.SUPERVISOR)):
        account, pin = Account(number, name, role), given_pin(PINS[number], file.secret())
        file.change(partial(_with, account, pin))


def _with(account: Account, pin: str, before: Accounts) -> Accounts:
    return changed(added(before, account), account.id, pin=pin)


@contextmanager
def chromium() -> Iterator[Browser]:
    """Debian's browser, which asks nobody outside for anything."""
    quiet = [
        "--no-sandbox",
        "--disable-dev-shm-usage",
        "--disable-gpu",
        "--disable-background-networking",
        "--disable-component-update",
    ]
    path = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    with sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=path, args=quiet)
        yield running
        running.close()


@contextmanager
def opened(  # noqa: PLR0917 - which screen, and how it is looked at
    browser: Browser,
    at: Box,
    screen: Screen,
    language: str,
    scheme: Scheme = "light",
    size: dict[str, int] | None = None,
) -> Iterator[Page]:
    """A screen as a person sees it, still."""
    with browser.new_context(viewport=size or SIZE, color_scheme=scheme, reduced_motion="reduce") as context:  # type: ignore[arg-type]
        context.set_default_timeout(PATIENCE_MS)
        page = context.new_page()
        address = at.where(screen)
        page.goto(f"{address}{'&' if '?' in address else '?'}lang={language}", wait_until="load")
        page.locator(screen.shows).first.wait_for()
        screen.act(page)
        page.evaluate("() => document.fonts.ready.then(() => true)")
        yield page


def violations(page: Page) -> list[str]:
    """What axe finds (WCAG 2 A and AA, contrast among it), a line for each element."""
    told: dict[str, Any] = Axe().run(page).response
    return [f"{rule['id']}: {node['target'][0]}" for rule in told["violations"] for node in rule["nodes"]]


def small(page: Page) -> list[str]:
    """What can be pressed and is smaller than 15 mm."""
    return list(page.evaluate(SMALL, TARGET_PX))


def check(browser: Browser, at: Box, screens: Sequence[Screen]) -> int:
    """Hold screens in every language and both schemes against both; how many faults there are."""
    faults = 0
    for screen in screens:
        for language in LANGUAGES:
            for scheme in ("light", "dark"):
                with opened(browser, at, screen, language, scheme) as page:
                    found = [*violations(page), *small(page)]
                faults += len(found)
                print("".join(f"{screen.name} {language} {scheme}: {one}\n" for one in found), end="", flush=True)
    print(f"{len(screens)} screens x {len(LANGUAGES)} languages x 2 schemes: {faults} faults (limit 0)")
    return faults


def take(browser: Browser, at: Box, screens: Sequence[Screen], out: Path) -> int:
    """Write the pictures of screens; bytes of all together."""
    out.mkdir(parents=True, exist_ok=True)
    total = 0
    for screen in screens:
        narrow = screen.address == "/handheld"
        with opened(browser, at, screen, "en", size=NARROW if narrow else None) as page:
            total += _save(page.screenshot(), out / f"{screen.name}.png", NARROW["width"] if narrow else WIDTH_PX)
    print(f"{len(screens)} screens in {out}: {total / 1000:.0f} kB (limit 1500)")
    return total


def _save(png: bytes, path: Path, width: int) -> int:
    """Shrink by area and keep few colours."""
    pixels = cv2.imdecode(np.frombuffer(png, np.uint8), cv2.IMREAD_COLOR)
    assert pixels is not None, path  # noqa: S101 - Chromium's own PNG
    height = round(pixels.shape[0] * width / pixels.shape[1])
    shrunk = cv2.resize(pixels, (width, height), interpolation=cv2.INTER_AREA)
    Image.fromarray(shrunk[..., ::-1]).quantize(COLOURS).save(path, optimize=True)
    return path.stat().st_size


def main(arguments: Sequence[str] | None = None) -> None:
    """Draw, serve, look."""
    parser = argparse.ArgumentParser(prog="./run screens", description=__doc__)
    parser.add_argument("--check", action="store_true", help="hold every screen against axe and the touch target")
    parser.add_argument("--out", type=Path, default=Path("docs/screens"))
    parser.add_argument(
        "--only", nargs="+", metavar="SCREEN", choices=[one.name for one in SCREENS], help="these alone"
    )
    chosen = parser.parse_args(arguments)
    screens = [one for one in SCREENS if not chosen.only or one.name in chosen.only]
    with tempfile.TemporaryDirectory() as folder, box(Path(folder)) as at, chromium() as browser:
        if chosen.check:
            raise SystemExit(1 if check(browser, at, screens) else 0)
        take(browser, at, screens, chosen.out)


if __name__ == "__main__":
    main()
