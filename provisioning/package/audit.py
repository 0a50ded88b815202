"""`./run audit`: what is known against the libraries of a box and of a central; a part of every check.

1. Every library of both locks is pinned with a hash. 2. Its licence may be carried. 3. A lock that nobody has renewed
for long is told of. 4. The database of advisories of the package index (its JSON interface, `vulnerabilities`) is asked
about each name and version; what is known and not judged in audit.toml ends with exit code 1.

A machine without a network, or an index without that interface, fails nothing: it is said loudly that nobody was asked,
and when somebody was last. It asks only the index that pip uses here, and nothing once the first answer is none.
"""

from __future__ import annotations

import importlib
import json
import os
import re
import subprocess
import sys
import sysconfig
import tomllib
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

from provisioning.package import bill

ROOT = Path(__file__).parents[2]
LOCKS = ("requirements.lock", "sync/central/requirements.lock")
JUDGED = Path(__file__).with_name("audit.toml")
_LINE = re.compile(r"^([A-Za-z0-9][A-Za-z0-9._-]*)==([^\s;\\]+)[^\\\n]*\\?$")
_PATIENCE_S = 20.0

Ask = Callable[[str, str], list[dict[str, Any]]]


class NoAnswerError(Exception):
    """The database of advisories gave no answer."""


@dataclass(slots=True)
class Audit:
    """What was found: faults end the check, loud words do not."""

    libraries: int = 0
    asked: bool = False
    faults: list[str] = field(default_factory=list)
    loud: list[str] = field(default_factory=list)


def audited(locks: dict[str, str], licences: dict[str, str], judged: dict[str, Any], ask: Ask, today: date) -> Audit:
    """Audit locks (their text by name) against licences (by library), what was judged, and the database."""
    found = Audit()
    pinned: dict[str, str] = {}
    for name, text in locks.items():
        for library, version, hashed in _pinned(text):
            pinned[library] = version
            if not hashed:
                found.faults.append(f"{name}: {library} {version}: expected a hash, got none.")
    found.libraries = len(pinned)
    found.faults += list(_licence_faults(pinned, licences, judged["licences"]))
    accepted = {(one["package"], one["id"]): one["until"] for one in judged.get("advisories", ())}
    try:
        for library, version in sorted(pinned.items()):
            for known in ask(library, version):
                names = [str(known["id"]), *map(str, known.get("aliases", ()))]
                until = max((accepted[library, one] for one in names if (library, one) in accepted), default=None)
                if known.get("withdrawn") is None and (until is None or until < today):
                    mended = ", ".join(known.get("fixed_in", ())) or "nothing yet"
                    found.faults.append(f"{library} {version}: {' '.join(names)}, mended by {mended}.")
        found.asked = True
    except NoAnswerError as error:
        last = judged["asked"] or "never"
        found.loud.append(f"NOT ASKED for advisories: {error} Last asked about all: {last}.")
    return found


def _pinned(text: str) -> Iterator[tuple[str, str, bool]]:
    lines = text.splitlines()
    for number, line in enumerate(lines):
        if told := _LINE.match(line):
            following = lines[number + 1] if number + 1 < len(lines) else ""
            yield told[1].lower(), told[2], following.strip().startswith("--hash=sha256:")


def _licence_faults(pinned: dict[str, str], licences: dict[str, str], rules: dict[str, Any]) -> Iterator[str]:
    for library in sorted(pinned.keys() & licences.keys()):
        words = set(re.findall("[A-Za-z]+(?:-Commercial)?", licences[library])) - set(rules["accepted"])
        bad = sorted(word for word in words if any(word.upper().endswith(no.upper()) for no in rules["refused"]))
        if bad and library not in rules["accepted"]:
            yield f"{library}: expected a licence that a box may carry, got {licences[library]}."


def index_json(library: str, version: str) -> list[dict[str, Any]]:
    """What the package index that pip uses knows against one version.

    Raises:
        NoAnswerError: there is no network, or this index has no such interface.
    """
    address = f"{_index()}/{library}/{version}/json"
    try:
        with urllib.request.urlopen(address, timeout=_PATIENCE_S) as answer:  # noqa: S310 - pip's own index
            known: list[dict[str, Any]] = json.load(answer)["vulnerabilities"]
    except urllib.error.HTTPError as error:
        raise NoAnswerError(f"the package index answered {error.code} to a question about {library}.") from error
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise NoAnswerError(f"the package index gave no answer about {library} ({type(error).__name__}).") from error
    return known


def _index() -> str:
    simple = os.environ.get("PIP_INDEX_URL", "")
    if simple:
        return re.sub(r"/simple/?$", "/pypi", simple)
    try:
        return str(importlib.import_module("pip._internal.models.index").PyPI.pypi_url)
    except (ImportError, AttributeError) as error:
        raise NoAnswerError("there is no pip here that names a package index.") from error


def _age_days(lock: str, today: date) -> int | None:
    """Days since a lock was renewed; None outside a checkout."""
    command = ["git", "-C", str(ROOT), "log", "-1", "--format=%cs", "--", lock]
    told = subprocess.run(command, capture_output=True, text=True, check=False).stdout.strip()  # noqa: S603 - fixed
    return (today - date.fromisoformat(told)).days if told else None


def main() -> None:
    """Audit both locks and say what was found."""
    judged = tomllib.loads(JUDGED.read_text("utf-8"))
    today = datetime.now(UTC).date()
    site = Path(sysconfig.get_paths()["purelib"])
    licences = {part.name: part.licence for part in bill.parts(site)}
    locks = {name: (ROOT / name).read_text("utf-8") for name in LOCKS}
    found = audited(locks, licences, judged, index_json, today)
    for name in LOCKS:
        age = _age_days(name, today)
        if age is not None and timedelta(days=age) > timedelta(days=judged["lock_days"]):
            found.loud.append(f"{name} was renewed {age} days ago; ./run lock renews it.")
    for line in (*found.loud, *found.faults):
        sys.stdout.write(f"audit: {line}\n")
    asked = "all were asked for advisories" if found.asked else "nobody was asked for advisories"
    sys.stdout.write(f"audit: {found.libraries} libraries, {asked}, {len(found.faults)} faults\n")
    sys.exit(1 if found.faults else 0)


if __name__ == "__main__":
    main()
