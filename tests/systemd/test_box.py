"""A short form of `./run box`: the package on a clean Debian, booted by systemd, a parcel, a hung bench, an update.

No time is judged here, whatever its limit: a busy machine is slow and proves nothing. What was timed is printed beside
its limit; `./run box` holds it. The container needs root, debootstrap and systemd-container; where there are none the
test says so loudly.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from benchmarks.box.container import absent, cannot_boot, clean_debian, copied, installed
from benchmarks.box.scenarios import SCENARIOS, prepared
from provisioning.package import build

pytestmark = [
    pytest.mark.skipif(bool(absent()), reason=f"no container: the box is not booted; missing here: {absent()}"),
    pytest.mark.timeout(2_700),  # it builds, installs and boots: a loaded machine takes a quarter of an hour
]
SHORT = ("boot", "parcel", "hang", "update")


@pytest.fixture
def room() -> Iterator[Path]:
    """A folder through which the box's own users may come to its files from outside, which pytest's own is not."""
    with tempfile.TemporaryDirectory(prefix="sekisho-box-") as folder:
        Path(folder).chmod(0o755)
        yield Path(folder)


def test_the_box_boots_inspects_outlives_a_hang_and_is_updated(room: Path) -> None:
    try:
        debian = clean_debian(build.ROOT / "build" / "box")
    except subprocess.CalledProcessError as error:
        pytest.skip(f"no Debian mirror: the box is not booted ({error})")
    if reason := cannot_boot(debian):
        pytest.skip(f"no container can be started here: the box is not booted ({reason})")
    package = build.built("amd64", room)
    assert build.installed_mb(package) <= build.LIMITS_MB["amd64"]
    box = installed(debian, package, room / "box")
    parcel = prepared(box)
    for name in SHORT:
        tree = copied(box, room / name)
        seen = list(SCENARIOS[name](tree, parcel))
        assert seen
        for one in seen:
            if one.limit is not None:
                sys.stdout.write(f"{name}: {one.what}: {one.value:.2f} {one.unit} (limit {one.limit:g})\n")
        assert [shown for shown in seen if not shown.kept] == []
        shutil.rmtree(tree)
