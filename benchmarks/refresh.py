"""What a box reads to learn what is new: bytes on the wire of real refreshes over HTTP, against their stated limits.

    ./run bench refresh [--targets N] [--publishers N] [--dir DIR]

A drawn tree: N targets in the 256 hash bins of the history, one current policy, publishers with scopes. Bodies, and
everything on the connection (request lines, headers, answers of 404). Nothing is fetched but metadata and current.json.

1. First contact of a box that knows the root only, until it knows everything that is current.
2. A refresh with nothing new.
3. A look-up of one older target, as a box that follows a chain of deltas does: its hash bin comes on top.
"""

from __future__ import annotations

import argparse
import http.server
import io
import tempfile
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

from tuf.api.metadata import TargetFile

from benchmarks.limits import Limits
from edge import policy as policies
from sync import ceremony, publish
from sync import current as currents
from sync.client import Client
from sync.fetch import HttpSource
from sync.keys import KeyRing, make_key, read_private
from sync.tree import Lifetimes, Tree, bin_of, new_root
from sync.trust import Floor

FIRST_CONTACT_BYTES = 25_000  # of metadata
NOTHING_NEW_BYTES = 1_000
HOLDERS = ("alice", "bob", "carol")


class Counted(http.server.SimpleHTTPRequestHandler):
    """A static web server that counts what goes over the connection."""

    protocol_version = "HTTP/1.1"
    bodies: dict[str, int] = {}  # noqa: RUF012 - shared by all requests on purpose
    wire = 0
    raw_requestline: bytes

    def log_message(self, *args: object) -> None:
        del args

    def do_GET(self) -> None:
        self._count(super().do_GET)

    def do_HEAD(self) -> None:
        self._count(super().do_HEAD)

    def _count(self, answered: Callable[[], None]) -> None:
        asked = len(self.raw_requestline) + len(bytes(self.headers))
        connection, self.wfile = self.wfile, io.BytesIO()
        answered()
        answer = self.wfile.getvalue()
        connection.write(answer)
        self.wfile = connection
        Counted.bodies[self.path] = len(answer.partition(b"\r\n\r\n")[2])
        Counted.wire += asked + len(answer)


def counted(work: Callable[[], Any]) -> tuple[dict[str, int], int, float]:
    """Bodies by path, all bytes on the connection, and seconds of `work`."""
    Counted.bodies, Counted.wire = {}, 0
    started = time.perf_counter()
    work()
    return dict(Counted.bodies), Counted.wire, time.perf_counter() - started


def draw(place: Path, targets: int, publishers: int, now: datetime) -> Path:
    """A tree with so many targets in its history."""

    def words(_name: str, _new: bool) -> str:  # noqa: FBT001 - the shape of Passphrase
        return "drawn"

    ring, directory, draft = KeyRing(place / "keys", words), place / "tree", place / "root.json"
    holders = [make_key(place / "safe", name, words) for name in HOLDERS]
    online = {role: ring.public(role) for role in ceremony.ONLINE_ROLES}
    ceremony.write_draft(draft, new_root(holders, 2, online, now, Lifetimes()))
    for name in HOLDERS[:2]:
        ceremony.sign_root(draft, read_private(place / "safe" / f"{name}.pem", words))
    directory.mkdir()
    ceremony.install_root(directory, draft, ring, now)
    policy = place / "policy.toml"
    policy.write_text(policies.builtin_text(), encoding="utf-8")
    publish.add(Tree(directory, ring, now), "policy", policy)
    key = ring.public("publisher")
    for number in range(publishers):
        scope = publish.scope_of((), [f"95{number:05}"], [f"Brand {number}"])
        publish.delegate(Tree(directory, ring, now), f"holder-{number}", key, scope)
    tree = Tree(directory, ring, now)
    for number in range(targets):
        path = f"editions/jp-{20_000 + number}-{20_001 + number}.delta"
        target = TargetFile.from_data(path, path.encode(), ["sha256"])
        target.length = 450_000 + number
        target.unrecognized_fields["custom"] = {"kind": "delta", "schema": 1, "number": 20_001 + number}
        tree.change(bin_of(path)).targets[path] = target
    tree.commit()
    return directory


def measure(directory: Path, place: Path, now: datetime, targets: int) -> None:
    """Serve the tree, refresh a box against it, print what came."""
    root = (directory / "metadata" / "1.root.json").read_bytes()

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), partial(Counted, directory=str(directory)))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    floor = Floor("0" * 64)

    def refreshed(older: str = "") -> None:
        nonlocal floor
        with HttpSource(f"http://127.0.0.1:{server.server_address[1]}") as source:
            client = Client(place / "cache", root, source, now, floor)
            client.refresh()
            known = client.target(currents.NAME)
            listed = currents.parse(client.fetch(known, place / "incoming").read_bytes()).current if known else ()
            if not listed or not all(client.target(path) for path in (*listed, *([older] if older else []))):
                raise SystemExit("a target of the drawn tree was not found")
            floor = client.floor

    limits = Limits()
    for title in ("first contact", "nothing new", "one older target"):
        older = f"editions/jp-{20_000 + targets // 2}-{20_001 + targets // 2}.delta" if title.endswith("target") else ""
        bodies, wire, seconds = counted(partial(refreshed, older))
        metadata = sum(size for path, size in bodies.items() if path.startswith("/metadata/"))
        against = "no limit"
        if title == "first contact":
            against = limits.judged(title, metadata, FIRST_CONTACT_BYTES, "bytes of metadata")
        elif title == "nothing new":
            against = limits.judged(title, wire, NOTHING_NEW_BYTES, "bytes on the wire")
        print(f"{title}: {metadata} bytes of metadata, {sum(bodies.values())} of bodies, {wire} on the wire; {against}")
        print("  " + ", ".join(f"{Path(path).name[:24]} {size}" for path, size in bodies.items()))
        print(f"  {len(bodies)} requests, {seconds * 1000:.0f} ms")
    server.shutdown()
    limits.end()


def main() -> None:
    """Draw a tree and measure."""
    parser = argparse.ArgumentParser(prog="./run bench refresh", description=__doc__)
    parser.add_argument("--targets", type=int, default=20_000)
    parser.add_argument("--publishers", type=int, default=20)
    parser.add_argument("--dir", type=Path, help="where to draw the tree; default: a temporary directory")
    args = parser.parse_args()
    now = datetime.now(UTC)
    with tempfile.TemporaryDirectory(dir=args.dir) as name:
        place = Path(name)
        print(f"drawing a tree of {args.targets} targets and {args.publishers} publishers")
        measure(draw(place, args.targets, args.publishers, now), place, now, args.targets)


if __name__ == "__main__":
    main()
