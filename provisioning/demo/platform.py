"""The platform's loop, as part of `./run demo --with-central`: from its list of sellers to what became of a parcel.

A fictional platform, Bazaar, signs a seller's name with its own key; the tree's owner publishes it; a box of its own
pulls it, meets the name on a declaration, an officer detains, the result goes to the central, the examiner closes the
case, and a file for the platform is made by its disclosure profile: the order and the stage, never the addressee.
Everything is real but the people: keys, tree, pull, bench, ledger, central.
"""

from __future__ import annotations

import json
from contextlib import closing
from datetime import UTC, datetime, timedelta
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console

from edge.app import open_bench
from edge.arrival import Arrival
from edge.consignment import Consignment, DeclaredLine, Party
from edge.devices.clock import system_clock
from edge.inspection import Assessment, Decision
from edge.settings import Settings
from edge.steps.capture import RawCode
from edge.storage.shelves import editions
from sync import ceremony, parts, publish
from sync.current import Scope
from sync.fetch import DirectorySource
from sync.identity import KEY_FILE, kept_private_key
from sync.keys import KeyRing, make_key, read_private
from sync.link import Link, enrol
from sync.protocol import key_id
from sync.pull import pull
from sync.push import Signer, push
from sync.state import Box
from sync.tree import Lifetimes, Tree, new_root

if TYPE_CHECKING:
    from sync.central.central import Central

PLATFORM, ENTRY, SELLER = "bazaar", "BZ-5512", "Bright Gadget Trading"
ORDER, NUMBER = "BZ-2026-118834", "EE123456785JP"
DEVICE = "bench-post"


def loop(out: Path, settings: Settings, central: Central, url: str, console: Console) -> str:
    """Go the whole way once, in `out`; the inspection that it was about. OUT/platform/bazaar.json is for the platform.

    Raises:
        SekishoError: a part of it could not be done.
    """
    now = datetime.now(UTC)
    desk = _Desk(out / "platform", now)
    desk.found(settings.registry)
    desk.list_seller()
    box = settings.model_copy(
        update={
            "state_dir": out / "platform" / "bench",
            "registry": None,
            "device": DEVICE,
            "stations": ("1",),
            "workers": 1,
        }
    )
    _pull(box, desk.tree_directory)
    assessment = _detained(box)
    listed = next(one for one in assessment.verdict.findings if one.code == "watch.listed")
    _push(box, central, url)
    _close(central, assessment.inspection, now)
    file = _disclosed(central, out / "platform", now)
    met = f"{DEVICE} met it ({listed.code}, source {listed.source})"
    console.print(f"platform loop: {PLATFORM} listed {SELLER!r} as {ENTRY}; {met}, the officer detained, the examiner")
    console.print(f"  confirmed; {PLATFORM} is told of order {ORDER}, never of the addressee: {file}", soft_wrap=True)
    return assessment.inspection


class _Desk:
    """The publishing desk: the tree's owner and the platform, each with its own keys."""

    def __init__(self, place: Path, now: datetime) -> None:
        self.place, self.now = place, now
        self.tree_directory = place / "tree"
        place.mkdir(parents=True)

    def found(self, edition: Path | None) -> None:
        """A tree with the demo's edition in it, founded by one root holder."""
        holder = make_key(self.place / "safe", "owner", _passphrase)
        online = {role: self._ring().public(role) for role in ceremony.ONLINE_ROLES}
        draft = self.place / "root.json"
        ceremony.write_draft(draft, new_root([holder], 1, online, self.now, Lifetimes()))
        ceremony.sign_root(draft, read_private(self.place / "safe" / "owner.pem", _passphrase))
        self.tree_directory.mkdir()
        ceremony.install_root(self.tree_directory, draft, self._ring(), self.now)
        if edition is not None:
            publish.add(self._tree(), "edition", edition)

    def list_seller(self) -> None:
        """The platform signs its list of one seller; the owner publishes it."""
        key = make_key(self.place / "platform-safe", PLATFORM, _passphrase)
        publish.delegate(self._tree(), PLATFORM, key, Scope(sellers=True))
        part, signed = self.place / "part", self.place / "signed"
        part.mkdir()
        row = {"entry": ENTRY, "kind": "seller", "name": SELLER, "reason": "Three orders with detained goods"}
        row["valid_to"] = f"{self.now + timedelta(days=180):%Y-%m-%d}"
        (part / "watch_list.jsonl").write_text(json.dumps(row) + "\n", "utf-8")
        private = self.place / "platform-safe" / f"{PLATFORM}.pem"
        parts.sign_part(PLATFORM, part, signed, key=private, passphrase=_passphrase, now=self.now)
        parts.take_in(self._tree(), PLATFORM, signed)

    def _ring(self) -> KeyRing:
        return KeyRing(self.place / "keys", _passphrase)

    def _tree(self) -> Tree:
        return Tree(self.tree_directory, self._ring(), self.now)


def _passphrase(_name: str, _new: bool) -> str:  # noqa: FBT001 - the shape of Passphrase
    return "a demo keeps no secrets"


def _pull(box: Settings, tree: Path) -> None:
    Box(box.state_dir).trust(tree / "metadata" / "1.root.json")
    state = pull(box.state_dir, DirectorySource(tree))
    files = [one.file for one in state.items if one.state == "staged"]
    files += [one.file for one in state.publishers.values() if one.state == "staged"]
    editions(box.state_dir).activate(*files)


def _detained(box: Settings) -> Assessment:
    """A parcel of the listed seller is scanned with its declaration and detained."""
    consignment = Consignment(
        NUMBER,
        "CN23",
        consignor=Party(SELLER.upper(), "Dock Road 5", "HK"),
        consignee=Party("A. Addressee", "Hill 1", "JP"),
        lines=(DeclaredLine("phone accessory", 1, value_minor=900, currency="USD"),),
        platform=PLATFORM,
        order=ORDER,
    )
    with open_bench(box) as bench:
        assessment = bench.inspect(Arrival("1", (RawCode(NUMBER.encode(), "scanner:demo"),), (), consignment))
        reason = f"Seller listed by {PLATFORM} as {ENTRY}."
        bench.dispose(assessment.inspection, Decision.DETAIN, officer="O-12", reason=reason)
    return assessment


def _push(box: Settings, central: Central, url: str) -> None:
    from sync.central.database import writing  # noqa: PLC0415 - absent on a bench
    from sync.central.intake.devices import new_token  # noqa: PLC0415 - likewise

    private = kept_private_key(box.state_dir / KEY_FILE)
    with writing(central.engine) as connection:
        token = new_token(connection, url, central.id, DEVICE, port=box.place, now=datetime.now(UTC))
    enrolment = enrol(token, private)
    with closing(Link(enrolment, private)) as link:
        signer = Signer(DEVICE, private.sign, key_id(private.public_key()))
        push(box.state_dir, link, signer, system_clock(lambda: None))


def _close(central: Central, inspection: str, now: datetime) -> None:
    from sync.central.knowledge.outcomes import Ending, Outcome, decide  # noqa: PLC0415 - absent on a bench
    from sync.central.knowledge.speakers import Role, Speaker  # noqa: PLC0415 - likewise

    outcome = Outcome(DEVICE, inspection, Ending.CONFIRMED, f"{now:%Y-%m-%d}", "IPR-2026-0031")
    decide(central, Speaker("IPR desk 4", Role.EXAMINER), outcome)


def _disclosed(central: Central, place: Path, now: datetime) -> Path:
    """What leaves for the platform: by the profile that comes with the central, under its own name."""
    from sync.central.privacy import disclosure  # noqa: PLC0415 - absent on a bench
    from sync.central.privacy.profile import compiled  # noqa: PLC0415 - likewise

    shipped = resources.files("sync.central").joinpath("privacy", "profiles", "platform.toml").read_text("utf-8")
    named = shipped.replace("example-market", PLATFORM).replace("Platform (put its name here)", "Bazaar")
    (place / "profile.toml").write_text(named, "utf-8")
    profile = compiled(place / "profile.toml")
    period = disclosure.Period(now.date() - timedelta(days=1), now.date() + timedelta(days=1))
    prepared = disclosure.prepare(central, profile, period)
    out = place / f"{PLATFORM}.json"
    out.write_bytes(disclosure.send(central, profile, prepared, "demo"))
    return out
