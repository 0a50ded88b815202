"""`./run package ARCH`: wheels of the lock and our own code laid out as on a box, and packed.

Wheels are taken for the box's processor and Python, checked against the hashes of the lock; nothing is
compiled, here or at install. What a bench never runs (training, pip, the libraries' tests) is left out.
"""

from __future__ import annotations

import hashlib
import shutil
import subprocess
import sys
import tempfile
import tomllib
from pathlib import Path
from typing import Annotated

import typer

from edge.errors import BoxError, RequestRefused
from edge.messages import LANGUAGES
from edge.releases import ABOUT, About
from edge.storage import ledger_schema
from edge.terminal import clear_errors
from provisioning.package import bill
from provisioning.package.deb import ARCHITECTURES, PYTHONS, Target, packed

ROOT = Path(__file__).parents[2]
_OURS = ("edge", "models", "sync", "provisioning")
_LEFT_OUT = ("models/training", "provisioning/package", "provisioning/words", "sync/central/migrations/__pycache__")
# Of the libraries: what no bench runs. Licences stay, whatever they are of.
_FAT = (
    *("pip", "pip-*.dist-info", "bin", "*/tests", "numpy/**/tests"),
    *("cv2/data/*.xml", "onnxruntime/transformers", "onnxruntime/quantization", "onnxruntime/tools"),
    *("numpy/f2py", "numpy/distutils", "numpy/random/lib", "numpy/_core/include"),  # for those who compile
    "onnxruntime/capi/libonnxruntime.so*",  # for programs in C; the Python module holds its own copy
    "fontTools/**/*.so",  # each has its Python beside it
    "zstandard/_cffi.*",  # for other Pythons than CPython, which takes backend_c
)
# The most that an installed package takes on a box's disk, MB of 10^6 bytes: whole blocks, with byte code. arm64 is the
# box that the limit is for; wheels for amd64 hold code for many kinds of processors.
LIMITS_MB = {"arm64": 350.0, "amd64": 450.0}
_BLOCK = 4096
_GLIBC = ("2_17", "2_24", "2_26", "2_27", "2_28", "2_31", "2_34", "2_36")  # Debian 12 has 2.36
_UNIT_PLACES = {".service": "usr/lib/systemd/system", ".socket": "usr/lib/systemd/system"}
_UNIT_PLACES |= {".path": "usr/lib/systemd/system"}
_UNIT_PLACES |= {".target": "usr/lib/systemd/system", ".timer": "usr/lib/systemd/system"}
_UNIT_PLACES |= {".mount": "usr/lib/systemd/system"}
_CONF_PLACES = {
    "sekisho.sysusers": "usr/lib/sysusers.d/sekisho.conf",
    "sekisho.tmpfiles": "usr/lib/tmpfiles.d/sekisho.conf",
    "sekisho.journald": "usr/lib/systemd/journald.conf.d/sekisho.conf",
}
_ENVIRONMENT = """\
# Settings of the bench, a line each: SEKISHO_NAME=VALUE. `sekisho settings` prints every one with its default.
# After a change: systemctl restart sekisho-web sekisho-devices sekisho-sync
"""


@clear_errors
def main(
    architecture: Annotated[str, typer.Argument(help="amd64 or arm64.")] = "amd64",
    python: Annotated[str, typer.Option(help="Python of the box: 3.11 (Debian 12) or 3.13 (Debian 13).")] = PYTHONS[0],
    out: Annotated[Path, typer.Option(help="Where the package is put.")] = Path("build"),
) -> None:
    """Build the Debian package of a box."""
    file = built(architecture, out, python)
    digest = hashlib.sha256(file.read_bytes()).hexdigest()
    size_mb, limit_mb = installed_mb(file), LIMITS_MB[architecture]
    sys.stdout.write(f"{file}: {file.stat().st_size / 1e6:.1f} MB, SHA-256 {digest}\n")
    sys.stdout.write(f"installed, with byte code: {size_mb:.1f} MB (limit {limit_mb:.0f})\n")
    if size_mb > limit_mb:
        message = f"{file}: expected at most {limit_mb:.0f} MB installed, got {size_mb:.1f}."
        raise BoxError("package_size", message, hint="du says which library grew: leave out what no bench runs.")


def built(architecture: str, out: Path, python: str = PYTHONS[0]) -> Path:
    """Build the package of a box into `out`.

    Raises:
        RequestRefused: request_package, there is no such target.
        BoxError: package_wheels.
    """
    if architecture not in ARCHITECTURES or python not in PYTHONS:
        message = f"Expected amd64 or arm64 and Python {' or '.join(PYTHONS)}, got {architecture} and {python}."
        raise RequestRefused("request_package", message)
    target = Target(architecture, python)
    with tempfile.TemporaryDirectory() as folder:
        tree = Path(folder) / "tree"
        laid_out(tree, target)
        return packed(tree, target, version(), out, _epoch())


def installed_mb(package: Path) -> float:
    """What an installed package takes on a disk of 4 KiB blocks with the byte code that its installation makes, MB.

    Raises:
        OSError, subprocess.CalledProcessError: dpkg-deb is absent, or cannot read it.
    """
    with tempfile.TemporaryDirectory() as folder:
        tree = Path(folder)
        subprocess.run(["dpkg-deb", "--extract", str(package), folder], check=True)  # noqa: S603, S607
        compiled = [sys.executable, "-I", "-m", "compileall", "-q", str(tree / "opt/sekisho/lib")]
        subprocess.run(compiled, check=False, stdout=subprocess.DEVNULL)  # noqa: S603 - a fixed command
        blocks = sum(-(-path.lstat().st_size // _BLOCK) for path in tree.rglob("*"))
    return blocks * _BLOCK / 1e6


def laid_out(tree: Path, target: Target) -> None:
    """Lay a box's files out under `tree`.

    Raises:
        BoxError: package_wheels: a library of the lock has no wheel for the target, or not the locked hash.
    """
    lib = tree / "opt/sekisho/lib"
    lib.mkdir(parents=True)
    _libraries(lib, target)
    bare = shutil.ignore_patterns("__pycache__", "*.pyc")
    for name in _OURS:
        shutil.copytree(ROOT / name, lib / name, ignore=bare)
    for name in _LEFT_OUT:
        shutil.rmtree(lib / name, ignore_errors=True)
    shutil.copy(ROOT / "sekisho.py", lib)
    for program in ("sekisho", "trial-boot"):
        _written(tree / "opt/sekisho/bin" / program, (ROOT / "provisioning/package" / program).read_text("utf-8"))
    said = About(
        version=version(), architecture=target.architecture, python=target.python, ledger=(1, ledger_schema.SCHEMA)
    )
    _written(lib / ABOUT, said.model_dump_json() + "\n")
    (tree / "usr/bin").mkdir(parents=True)
    (tree / "usr/bin/sekisho").symlink_to("/opt/sekisho/bin/sekisho")
    for unit in sorted((ROOT / "systemd").iterdir()):
        place = _CONF_PLACES.get(unit.name) or f"{_UNIT_PLACES[unit.suffix]}/{unit.name}"
        _written(tree / place, unit.read_text(encoding="utf-8"))
    _written(tree / "etc/sekisho/sekisho.env", _ENVIRONMENT)
    models = {
        str(path.relative_to(lib)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(lib.glob("models/packs/**/*.onnx"))
    }
    documents = tree / "usr/share/doc/sekisho"
    _written(documents / "sbom.cdx.json", bill.cyclonedx(lib, version(), models))
    ours = (ROOT / "LICENSE").read_text(encoding="utf-8")
    _written(documents / "copyright", f"Sekisho\n\n{ours}\n\nLibraries:\n\n{bill.licences(lib)}")


def version() -> str:
    """Of the project."""
    return str(tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["version"])


def _libraries(lib: Path, target: Target) -> None:
    machine = ARCHITECTURES[target.architecture]
    wheels = [f"--platform=manylinux_{glibc}_{machine}" for glibc in _GLIBC]
    wheels += [f"--platform=manylinux2014_{machine}", f"--python-version={target.python}", "--implementation=cp"]
    command = [sys.executable, "-m", "pip", "install", "--disable-pip-version-check", "-q", "--no-deps", "--no-compile"]
    command += ["--require-hashes", "--only-binary=:all:", *wheels, f"--target={lib}"]
    done = subprocess.run(  # noqa: S603 - a fixed command
        [*command, "-r", str(ROOT / "requirements.lock")], capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise BoxError("package_wheels", f"pip must bring every library of the lock, got: {done.stderr.strip()[-800:]}")
    for extra in [path for pattern in _FAT for path in lib.glob(pattern)]:
        if extra.is_dir():
            shutil.rmtree(extra)
        else:
            extra.unlink(missing_ok=True)
    for cache in [*lib.rglob("__pycache__")]:
        shutil.rmtree(cache)
    for locale in [*lib.glob("babel/locale-data/*.dat")]:
        if locale.stem.partition("_")[0] not in {"root", *LANGUAGES}:
            locale.unlink()
    for names in [*lib.glob("holidays/locale/*/LC_MESSAGES/*.mo")]:  # a day off is asked for, not what it is called
        names.unlink()
    for typing in [*lib.rglob("*.pyi")]:
        typing.unlink()


def _written(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


def _epoch() -> int:
    """The time of the last commit: the package of a commit has one."""
    told = subprocess.run(  # noqa: S603 - a fixed command
        ["git", "-C", str(ROOT), "log", "-1", "--format=%ct"],  # noqa: S607
        capture_output=True,
        text=True,
        check=False,
    )
    return int(told.stdout or 0)


if __name__ == "__main__":
    typer.run(main)
