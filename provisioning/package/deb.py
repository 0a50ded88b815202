"""A tree of files becomes a .deb: every path, mode and time is stated, so that the same commit gives the same bytes.

Debian Policy, chapters 3 to 6 and 10 (control fields, maintainer scripts, file modes); deb(5), deb-control(5).
"""

from __future__ import annotations

import os
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

ARCHITECTURES = {"amd64": "x86_64", "arm64": "aarch64"}
PYTHONS = ("3.11", "3.13")  # of Debian 12 and 13

_AFTER_INSTALL = """\
#!/bin/sh
set -e
if [ "$1" = configure ]; then
    systemd-sysusers sekisho.conf
    systemd-tmpfiles --create sekisho.conf 2>/dev/null || true
    python3 -m compileall -q -j 0 /opt/sekisho/lib >/dev/null || true
    if [ -d /run/systemd/system ]; then
        systemctl daemon-reload
        systemctl restart systemd-journald || true
    fi
    if [ -z "$2" ]; then
        systemctl enable -q sekisho.target sekisho-web.socket sekisho-bench.socket sekisho-audit.timer
        systemctl enable -q sekisho-firewall.service sekisho-selftest.timer
        [ ! -d /run/systemd/system ] || systemctl start sekisho.target
    fi
    systemctl enable -q sekisho-update.timer sekisho-update.path
    # What a technician installs is what runs, whatever release came before.
    rm -f /var/lib/sekisho-releases/current /var/lib/sekisho-releases/trial
    if [ -n "$2" ] && [ -d /run/systemd/system ]; then
        systemctl try-restart sekisho-web.service sekisho-devices.service sekisho-sync.service
    fi
fi
"""
_BEFORE_REMOVAL = """\
#!/bin/sh
set -e
if [ "$1" = remove ]; then
    if [ -d /run/systemd/system ]; then
        systemctl stop 'sekisho*'
    fi
    systemctl disable -q sekisho.target sekisho-web.socket sekisho-bench.socket sekisho-audit.timer || true
    systemctl disable -q sekisho-selftest.timer sekisho-update.timer sekisho-update.path || true
    systemctl disable -q sekisho-firewall.service || true
fi
find /opt/sekisho/lib -name __pycache__ -type d -prune -exec rm -rf {} +
"""
_AFTER_REMOVAL = """\
#!/bin/sh
set -e
# /var/lib/sekisho stays, also after a purge: it holds results. `sekisho provision retire` is what ends a box.
if [ "$1" = purge ]; then
    rm -rf /etc/sekisho /var/lib/sekisho-releases /var/lib/sekisho-first-boot/copy
    rm -f /etc/systemd/system/*.wants/sekisho-*
fi
if [ -d /run/systemd/system ]; then
    systemctl daemon-reload
fi
"""
_SCRIPTS = {"postinst": _AFTER_INSTALL, "prerm": _BEFORE_REMOVAL, "postrm": _AFTER_REMOVAL}
_KEPT = ("/etc/sekisho/sekisho.env",)  # what a technician has written survives an upgrade


@dataclass(frozen=True, slots=True)
class Target:
    """What a package is for."""

    architecture: str  # of Debian: amd64, arm64
    python: str  # "3.11"

    @property
    def debian(self) -> int:
        """The release whose Python it is."""
        return 12 if self.python == PYTHONS[0] else 13

    def depends(self) -> str:
        """What Debian has to bring."""
        major, minor = self.python.split(".")
        return (
            f"python3 (>= {self.python}), python3 (<< {major}.{int(minor) + 1}), "
            "libzbar0 | libzbar0t64, systemd (>= 252), adduser | systemd-standalone-sysusers | systemd"
        )


def packed(tree: Path, target: Target, version: str, out: Path, epoch: int) -> Path:
    """Pack `tree` (laid out from /) into OUT/sekisho_VERSION+debNN_ARCH.deb, all times `epoch` (seconds UTC).

    Raises:
        OSError, subprocess.CalledProcessError: dpkg-deb is absent, or fails.
    """
    control = tree / "DEBIAN"
    control.mkdir()
    whole = f"{version}+deb{target.debian}"
    size_kib = sum(path.stat().st_size for path in tree.rglob("*") if path.is_file() and not path.is_symlink()) // 1024
    (control / "control").write_text(
        f"Package: sekisho\nVersion: {whole}\nArchitecture: {target.architecture}\n"
        f"Maintainer: Sekisho <sekisho@example.invalid>\nInstalled-Size: {size_kib}\nDepends: {target.depends()}\n"
        "Recommends: nftables\nSuggests: usbguard\nSection: misc\nPriority: optional\n"
        "Description: inspection bench for handheld scanners at ports\n"
        " Codes and package faces against a signed registry, offline, with reasons.\n"
        " It advises; the officer decides.\n",
        encoding="utf-8",
    )
    (control / "conffiles").write_text("".join(f"{path}\n" for path in _KEPT), encoding="utf-8")
    for name, script in _SCRIPTS.items():
        (control / name).write_text(script, encoding="utf-8")
    _settle(tree, epoch)
    for name in _SCRIPTS:
        (control / name).chmod(0o755)
        os.utime(control / name, (epoch, epoch))
    out.mkdir(parents=True, exist_ok=True)
    file = out / f"sekisho_{whole}_{target.architecture}.deb"
    tool = shutil.which("dpkg-deb")
    if tool is None:
        raise FileNotFoundError("dpkg-deb: expected Debian's packing tool, got none; apt-get install dpkg")
    subprocess.run(  # noqa: S603 - a fixed command
        [tool, "--root-owner-group", "-Zzstd", "-z9", "--threads-max=1", "--build", str(tree), str(file)],
        check=True,
        stdout=subprocess.DEVNULL,
        env={**os.environ, "SOURCE_DATE_EPOCH": str(epoch)},
    )
    return file


def _settle(tree: Path, epoch: int) -> None:
    """The same modes and times whoever builds it: 755 for directories and programs, 644 for the rest."""
    for path in sorted(tree.rglob("*"), reverse=True):
        if not path.is_symlink():
            program = path.is_dir() or path.parent.name == "bin"
            path.chmod(0o755 if program else 0o644)
        os.utime(path, (epoch, epoch), follow_symlinks=False)
    tree.chmod(0o755)
    os.utime(tree, (epoch, epoch))
