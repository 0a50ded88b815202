from __future__ import annotations

import io
import re
from pathlib import Path

from rich.console import Console

from edge.settings import Settings
from provisioning.demo import central
from sync.feed_client import Feed
from tests.sync.boxes import Box


def test_the_demos_central_holds_what_the_bench_has_recorded_and_can_be_read(tmp_path: Path) -> None:
    box = Box(tmp_path / "bench")
    box.write(5)
    settings = Settings(state_dir=tmp_path / "bench", place="Port Sample", token="")
    told = io.StringIO()
    with central.beside(tmp_path, settings, Console(file=told, width=200)):
        url = re.findall(r"central: (\S+)", told.getvalue())[0]
        token = re.findall(r"Bearer (\S+)'", told.getvalue())[0]
        assert [row.inspection for row in Feed(url, token).rows()] == ["i1", "i2", "i3", "i4", "i5"]
    box.close()
    assert "bench-1 sent 5 rows in 1 batches and 0 pictures" in told.getvalue()
    assert re.search(r"bench-1\s+│\s+Port Sample\s+│\s+5\s+│\s+0", told.getvalue())
