"""One look in a process of its own: what decodes pictures or computes networks may crash or hang, and only itself.

`python -m provisioning.doctor.apart PART` prints the signs of "camera" or "model" as JSON. The choice between a pack's
twins is kept here, where it was measured.
"""

from __future__ import annotations

import json
import sys
from dataclasses import asdict
from datetime import UTC, datetime

from edge.calibrations import in_use, kept
from edge.examination import Sign
from edge.precision import choose, chosen, pack_name
from edge.settings import Settings
from edge.storage.shelves import Shelves
from edge.terminal import settings_from_environment
from models.pack import BUILTIN, packs_dir
from models.selftest import selftest
from provisioning.doctor import camera, knowledge


def signs(part: str, settings: Settings) -> tuple[Sign, ...]:
    """The signs of one part.

    Raises:
        PackError, SekishoError: it cannot be looked at.
    """
    if part == "camera":
        looked = camera.read(settings.camera)
        used = in_use(settings.state_dir).items()
        records = {name: kept(settings.state_dir, record) for name, record in used}
        return *camera.judged(looked), *camera.calibrated(records, settings.camera, looked, datetime.now(UTC))
    shelves = Shelves.of(settings)
    try:
        path = settings.pack_dir or shelves.packs.current().path or packs_dir() / BUILTIN
        name = pack_name(settings, shelves)
    finally:
        shelves.close()
    test = selftest(path)
    if test.chosen is not None and chosen(settings.state_dir).get(name, "int8") != test.chosen:
        choose(settings.state_dir, name, test.chosen)
    return (knowledge.models(test),)


if __name__ == "__main__":
    told = [asdict(one) for one in signs(sys.argv[1], settings_from_environment())]
    sys.stdout.write(json.dumps(told))
