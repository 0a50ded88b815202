"""Which registered face does a capture show, among thousands: the shortlist, then geometry, as the bench does it.

    ./run bench recognition --gallery DIR [--faces 10000] [--shots 200] [--severity 0.5]
    ./run bench recognition --gallery DIR --packbench DIR     the captures of recognise.jsonl, its faces among the drawn
    ./run bench recognition --grocery DIR                     phone pictures of DIR/val against DIR/iconic
    ./run bench recognition --grocery DIR --part train --every 8       of others of them

DIR of --gallery is filled with drawn faces where it holds too few (about 0.1 s each on an idle core), so that a second
run is quick. Printed: top-1 and top-N of the shortlist; verified: what the bench says, right and wrong; ranked: the
same, and where the bench says nothing the likeliest of the shortlist, which is an order and no claim; milliseconds and
memory. As at the bench, a face's keypoints are kept while it is among the 64 asked last.
"""

from __future__ import annotations

import argparse
import json
import time
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from benchmarks.drawn_faces import wilson
from benchmarks.limits import Limits
from models import faces, signature
from models import pack as packs
from models.desk import GALLERY_AT_MOST
from models.drawn.artwork import draw_artwork
from models.drawn.conditions import Conditions
from models.drawn.pool import read_pool
from models.drawn.recapture import recapture
from models.locate import View
from models.measurements import FaceReference, Image
from models.picture import parse

SHORTLIST = 30  # policy: gallery_faces
SEARCH_LIMIT_MS = 50.0


@dataclass(frozen=True, slots=True)
class Query:
    """A capture, and the names of the registered faces that are right."""

    picture: Image
    right: frozenset[str]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--gallery", type=Path, help="folder of drawn faces, filled where it holds too few")
    parser.add_argument("--faces", type=int, default=10_000)
    parser.add_argument("--pool", type=Path, help="pictures to draw faces from; see docs/decisions/040")
    parser.add_argument("--shots", type=int, default=200)
    parser.add_argument("--severity", type=float, default=0.5)
    parser.add_argument("--packbench", type=Path)
    parser.add_argument("--grocery", type=Path)
    parser.add_argument("--part", default="val", help="of the grocery pictures: val, or train to choose by")
    parser.add_argument("--every", type=int, default=1, help="only every so manieth capture")
    parser.add_argument("--limit", type=int, help="only so many captures")
    options = parser.parse_args()
    cv2.setNumThreads(1)
    pictures: dict[str, Path] = {}
    if options.gallery:
        pictures |= drawn(options.gallery, options.faces, options.pool)
    if options.packbench:
        pictures |= named_by(options.packbench)
        queries = captures(options.packbench)
    elif options.grocery:
        pictures |= iconic(options.grocery)
        queries = phones(options.grocery, options.part, frozenset(pictures))
    else:
        queries = photographs(options.gallery, options.shots, options.severity)
    measured(pictures, queries[:: options.every][: options.limit])


def drawn(folder: Path, count: int, pool_dir: Path | None) -> dict[str, Path]:
    folder.mkdir(parents=True, exist_ok=True)
    pool = read_pool(pool_dir)
    found = {f"drawn-{index:05d}": folder / f"{index:05d}.jpg" for index in range(count)}
    for index, path in enumerate(found.values()):
        if not path.exists():
            face = draw_artwork(np.random.default_rng((11, index)), pool, height=512).picture()
            cv2.imwrite(str(path), face, [cv2.IMWRITE_JPEG_QUALITY, 90])
    return found


def photographs(folder: Path, shots: int, severity: float) -> list[Query]:
    made = []
    for index in range(shots):
        rng = np.random.default_rng((12, index))
        face = parse((folder / f"{index:05d}.jpg").read_bytes())
        shot = recapture(face, rng=rng, conditions=Conditions.draw(rng, severity)).image
        made.append(Query(shot, frozenset({f"drawn-{index:05d}"})))
    return made


def named_by(data: Path) -> dict[str, Path]:
    gallery = json.loads((data / "gallery.json").read_text(encoding="utf-8"))
    return {item: data / name for item, name in gallery.items()}


def captures(data: Path) -> list[Query]:
    rows = [json.loads(line) for line in (data / "recognise.jsonl").read_text(encoding="utf-8").splitlines() if line]
    return [Query(parse((data / row["capture"]).read_bytes()), frozenset({row["item"]})) for row in rows]


def iconic(data: Path) -> dict[str, Path]:
    return {path.parent.name: path for path in sorted((data / "iconic").glob("**/*_Iconic.jpg"))}


def phones(data: Path, part: str, named: frozenset[str]) -> list[Query]:
    found = [path for path in sorted((data / part).glob("**/*.jpg")) if path.parent.name in named]
    return [Query(parse(path.read_bytes()), frozenset({path.parent.name})) for path in found]


def measured(pictures: dict[str, Path], queries: list[Query]) -> None:
    vocabulary, pack, names = signature.builtin(), packs.builtin(), list(pictures)
    described: list[float] = []
    rows = []
    for path in pictures.values():
        start = time.thread_time()
        view = View(parse(path.read_bytes()))
        rows.append(signature.signature(view.sift, vocabulary))
        described.append((time.thread_time() - start) * 1e3)
    table = signature.table_of(rows)
    print(f"{len(names)} faces: {table.nbytes / 1e6:.1f} MB in memory and on disk, described in {spread(described)}")
    shelf: faces.Shelf[faces.Sketch] = faces.Shelf(GALLERY_AT_MOST)
    asked: list[float] = []
    search: list[float] = []
    verify: list[float] = []
    first = listed = right = wrong = ranked = 0
    for query in queries:
        start = time.thread_time()
        view = View(query.picture)
        height, width = view.small[0].shape
        mine = signature.signatures(view.sift, (width, height), vocabulary)
        described_at = time.thread_time()
        order = [names[row] for row in signature.likeliest(mine, table, SHORTLIST)]
        searched_at = time.thread_time()
        gallery = [sketched(FaceReference(name, pictures[name].read_bytes()), pack, shelf) for name in order]
        matches = faces.recognise(query.picture, gallery, pack)
        verify.append((time.thread_time() - searched_at) * 1e3)
        search.append((searched_at - described_at) * 1e3)
        asked.append((described_at - start) * 1e3)
        first += order[0] in query.right
        listed += bool(set(order) & query.right)
        right += bool(matches) and matches[0].key in query.right
        wrong += bool(matches) and matches[0].key not in query.right
        best = matches[0].key if matches else faces.likeliest(view, gallery, 1)[0].key
        ranked += best in query.right
    total = len(queries)
    for name, hits in (
        ("shortlist top-1", first),
        (f"shortlist top-{SHORTLIST}", listed),
        ("verified top-1", right),
        ("verified wrong", wrong),
        ("ranked top-1", ranked),
    ):
        low, high = wilson(hits, total)
        print(f"  {name:18} {hits / total:.3f} [{low:.3f}, {high:.3f}]  {hits}/{total}")
    print(f"  core time: describe {spread(asked)}; search {spread(search)}; verify {spread(verify)}")
    limits = Limits()
    print(f"  search p95: {limits.judged('search', float(np.percentile(search, 95)), SEARCH_LIMIT_MS, 'ms')}")
    limits.end()


def sketched(reference: FaceReference, pack: packs.Pack, shelf: faces.Shelf[faces.Sketch]) -> faces.Sketch:
    if reference not in shelf:
        shelf[reference] = faces.sketch(reference, pack)
    return shelf[reference]


def spread(values: list[float]) -> str:
    median, p95 = np.percentile(values, [50, 95])
    return f"median {median:.1f} ms, p95 {p95:.1f} ms"


if __name__ == "__main__":
    main()
