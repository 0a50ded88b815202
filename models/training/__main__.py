"""The commands of the training path; README.md beside this file puts them in order, with the time each takes.

    python -m models.training --smoke                              the whole path on drawn material, a few minutes
    python -m models.training pool SOURCE... --out POOL            shrink picture folders into a pool
    python -m models.training draw --out SHARDS --count N [--pool POOL] [--fonts DIR] [--first SEED]
    python -m models.training train --shards SHARDS --out W.pt --minutes M [--held SHARDS] [--start W.pt]
    python -m models.training export --weights W.pt --out PACK [--pool POOL]
    python -m models.training faces --out FACES --count N [--pool POOL]      whole faces to calibrate on, 10 an artwork
    python -m models.training faces --hurried --first 100000 --out WHOLE ... whole faces to end a training on:
    python -m models.training train --shards SHARDS --whole WHOLE --start W.pt --out W2.pt --minutes M [--pool POOL]
    python -m models.training train --shards SHARDS --reduced WHOLE --start W.pt --out W3.pt [--pool POOL]
    python -m models.training average W3-*.pt --out W4.pt                    the mean of several weights
    python -m models.training join WHOLE THIRD --out PACK          one encoder and comparer of two that export wrote
    python -m models.training pack --faces FACES --out PACK [--whole WHOLE | --kept PACK]   scores, thresholds, manifest
    python -m models.training sizes --faces FACES... --pack PACK   what half the size tells of drawn edits
    python -m models.training gallery --faces FACES --pack PACK --out G.jpg   hits and misses as a picture

docs/decisions/040 names the packages whose pictures and fonts the shipped weights were drawn from.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path

import numpy as np

WEIGHTS = Path(__file__).parent / "weights" / "drawn-2.pt"
SMOKE_ARTWORKS, SMOKE_GENUINE, SMOKE_EDITED = 8, 10, 10  # as few as every kind can be calibrated on


def parser() -> argparse.ArgumentParser:
    """The command line."""
    parser = argparse.ArgumentParser(
        prog="models.training", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--smoke", action="store_true", help="draw, train, export, calibrate and check in small")
    commands = parser.add_subparsers(dest="command")
    pool = commands.add_parser("pool")
    pool.add_argument("sources", type=Path, nargs="+")
    pool.add_argument("--out", type=Path, required=True)
    draw = commands.add_parser("draw")
    draw.add_argument("--out", type=Path, required=True)
    draw.add_argument("--count", type=int, required=True, help="shards of 60 pairs, 360 crops each")
    draw.add_argument("--first", type=int, default=0, help="seed of the first shard")
    train = commands.add_parser("train")
    train.add_argument("--shards", type=Path, required=True)
    train.add_argument("--held", type=Path)
    train.add_argument("--out", type=Path, required=True)
    train.add_argument("--minutes", type=float, default=90)
    train.add_argument("--start", type=Path)
    train.add_argument("--whole", type=Path, help="drawn whole faces to take large windows of")
    train.add_argument(
        "--reduced", type=Path, help="drawn whole faces of which three of four crops are cut, in four sizes"
    )
    train.add_argument("--rate", type=float, default=3e-3)
    average = commands.add_parser("average")
    average.add_argument("weights", type=Path, nargs="+")
    average.add_argument("--out", type=Path, required=True)
    export = commands.add_parser("export")
    export.add_argument("--weights", type=Path, required=True)
    export.add_argument("--out", type=Path, required=True)
    join = commands.add_parser("join")
    join.add_argument("whole", type=Path, help="the folder of the networks that see a face at its size")
    join.add_argument("reduced", type=Path, help="and of those that see it at a third")
    join.add_argument("--out", type=Path, required=True)
    whole = commands.add_parser("faces")
    whole.add_argument("--out", type=Path, required=True)
    whole.add_argument("--count", type=int, required=True, help="artworks; ten captures each")
    whole.add_argument("--first", type=int, default=0, help="seed of the first artwork")
    whole.add_argument("--hurried", action="store_true", help="to train on: not as at a lit bench")
    pack = commands.add_parser("pack")
    pack.add_argument("--faces", type=Path, required=True)
    pack.add_argument("--out", type=Path, required=True, help="the folder that export wrote; its name is the pack's")
    look = pack.add_mutually_exclusive_group()
    look.add_argument("--whole", type=Path, help="drawn whole faces to fit the second look on; or")
    look.add_argument("--kept", type=Path, help="a pack whose second look is kept, and its numbers but structure's")
    both = commands.add_parser("sizes")
    both.add_argument("--faces", type=Path, required=True, nargs="+")
    both.add_argument("--pack", type=Path, required=True)
    pictures = commands.add_parser("gallery")
    pictures.add_argument("--faces", type=Path, required=True)
    pictures.add_argument("--pack", type=Path, required=True)
    pictures.add_argument("--out", type=Path, required=True)
    for command in (draw, train, export, whole, pack, both):
        command.add_argument("--pool", type=Path)
        command.add_argument("--fonts", type=Path, action="append", default=[])
    return parser


def main() -> None:
    """Parse the command line and run one command."""
    command_line = parser()
    options = command_line.parse_args()
    if not options.smoke and options.command is None:
        command_line.print_help()
        sys.exit(2)
    try:
        import torch  # noqa: F401 - tell the missing package before anything is drawn
    except ImportError:
        sys.exit(
            "models.training needs torch, which the lock leaves out: install the 'training' extra of pyproject.toml."
        )
    if options.smoke:
        with tempfile.TemporaryDirectory(prefix="training-") as folder:
            smoke(Path(folder))
    else:
        commands_by_name = {
            "pool": _pool,
            "draw": _draw,
            "train": _train,
            "average": _average,
            "export": _export,
            "join": _join,
            "faces": _faces,
            "pack": _pack,
            "sizes": _sizes,
            "gallery": _gallery,
        }
        commands_by_name[options.command](options)


def _pool(options) -> None:
    from models.drawn.pool import build_pool

    photos, cutouts = build_pool(options.sources, options.out)
    print(f"{photos} photographs, {cutouts} cut-outs")


def _draw(options) -> None:
    from models.drawn.pool import read_pool
    from models.training.shards import quiet_opencv, write_shard

    quiet_opencv()
    pool = read_pool(options.pool, tuple(options.fonts))
    for number in range(options.first, options.first + options.count):
        print(write_shard(options.out, number, pool), flush=True)


def _train(options) -> None:
    from models.drawn.pool import read_pool
    from models.training.train import train
    from models.training.windows import Windows

    pool = read_pool(options.pool, tuple(options.fonts))
    train(
        options.shards,
        options.out,
        minutes=options.minutes,
        rate=options.rate,
        start=options.start,
        held=options.held,
        windows=Windows(options.whole, pool) if options.whole else None,
        reduced=Windows(options.reduced, pool) if options.reduced else None,
    )


def _average(options) -> None:
    from models.training.train import averaged

    averaged(options.weights, options.out)


def _export(options) -> None:
    import torch

    from models.drawn.pool import read_pool
    from models.training.net import DifferenceNet

    net = DifferenceNet()
    net.load_state_dict(torch.load(options.weights, weights_only=True))
    print(networks(net, options.out, read_pool(options.pool, tuple(options.fonts))))


def _join(options) -> None:
    from models.training.joined import joined

    joined(options.whole, options.reduced, options.out)


def _faces(options) -> None:
    from models.drawn.pool import read_pool
    from models.training.calibrate import write_draws

    pool, last = read_pool(options.pool, tuple(options.fonts)), options.first + options.count
    write_draws(options.out, pool, options.first, last, bench=not options.hurried)


def _pack(options) -> None:
    from models.drawn.pool import read_pool

    pool = read_pool(options.pool, tuple(options.fonts))
    print(calibrated(options.out, options.faces, options.whole, pool, options.kept))


def _sizes(options) -> None:
    from models import pack
    from models.drawn.pool import read_pool
    from models.training.export import Networks
    from models.training.sizes import sizes

    look = pack.load(options.pack).second_look
    for line in sizes(Networks(options.pack), look, options.faces, read_pool(options.pool, tuple(options.fonts))):
        print(line, flush=True)


def _gallery(options) -> None:
    from models import pack
    from models.training.export import Networks
    from models.training.gallery import gallery

    print(gallery(pack.load(options.pack), Networks(options.pack), options.faces, options.out))


def networks(net, out: Path, pool, pairs: int = 48) -> dict[str, float]:
    """Write encoder and comparer to `out`, int8 and fp32; their sizes, times and how far they differ."""
    from models.training import export
    from models.training.pairs import draw_pair

    out.mkdir(parents=True, exist_ok=True)
    drawn = [draw_pair(np.random.default_rng((7, index)), pool) for index in range(pairs)]
    tensors = [(export.tensor(pair.face), export.tensor(pair.capture)) for pair in drawn]
    export.export(net, out, tensors)
    runs = {precision: export.Networks(out, precision) for precision in ("fp32", "int8")}
    apart = [np.abs(np.subtract(*(run.answer(pair) for run in runs.values()))).mean() for pair in tensors[:6]]
    told = {f"{name} ms": round(export.milliseconds(run), 1) for name, run in runs.items()}
    sizes = {f"{file.name} kB": round(file.stat().st_size / 1024, 1) for file in sorted(out.glob("*.onnx"))}
    return told | sizes | {"mean absolute difference": round(float(np.mean(apart)), 4)}


def calibrated(out: Path, faces: Path, whole: Path | None, pool, kept: Path | None = None) -> dict[str, float]:
    """Write the manifest of the networks in `out`, its numbers fitted on drawn faces; shares of these at check.

    `whole`: faces to fit the second look on. `kept`: or a pack whose second look is kept, and its numbers but
    structure's (`Scale.knots`). Without both there is no second look.
    """
    from models import pack
    from models.training.calibrate import measure, write_pack
    from models.training.export import Networks
    from models.training.look import fitted, places
    from models.training.together import groups_of, surer_of

    run, before = Networks(out), pack.load(kept) if kept else None
    look = fitted(*places(run, whole, pool)) if whole else before.second_look if before else None
    groups = groups_of(run, faces, look)
    rows = measure(run, faces, look)
    return write_pack(out, rows, out.name, look, lambda check: surer_of(groups, check), before)


def smoke(folder: Path) -> None:
    """The whole path in small: draw, train a few steps, export, quantize, calibrate, and try the pack that comes of it.

    The training goes on from the shipped weights: what a few steps from nothing answer cannot be calibrated.

    Raises:
        RuntimeError: the loss is not finite, or the int8 network does not follow its fp32 twin.
        PackError: the pack that was made cannot be used.
    """
    from models import pack, selftest
    from models.drawn.pool import Pool
    from models.training.calibrate import write_draws
    from models.training.joined import joined
    from models.training.shards import quiet_opencv, write_shard
    from models.training.train import train

    quiet_opencv()
    write_shard(folder / "shards", 0, Pool(), pairs=6)
    print("drawn: 6 pairs, 36 crops", flush=True)
    shards, weights, plain, out, faces = (
        folder / name for name in ("shards", "weights.pt", "plain", "smoke-1", "faces")
    )
    net = train(shards, weights, minutes=1, steps=12, batch=4, rate=1e-6, start=WEIGHTS)
    told = networks(net, plain, Pool(), pairs=2)
    joined(plain, plain, out)
    print(told, flush=True)
    apart = told["mean absolute difference"]
    if not np.isfinite(apart) or apart > 0.5:
        raise RuntimeError(f"The int8 network must follow its fp32 twin to 0.5 of a logit, got {apart}.")
    write_draws(faces, Pool(), 0, SMOKE_ARTWORKS, genuine=SMOKE_GENUINE, edited=SMOKE_EDITED)
    print(f"drawn: {SMOKE_ARTWORKS} artworks, whole", flush=True)
    print(calibrated(out, faces, faces, Pool()), flush=True)
    selftest.require(out)
    print(f"smoke: the training path runs, and made {pack.load(out).name}")


if __name__ == "__main__":
    main()
