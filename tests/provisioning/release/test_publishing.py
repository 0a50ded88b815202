"""A package becomes a release; one is current for each processor and Python, and only newer ones follow."""

from __future__ import annotations

from pathlib import Path

import pytest

from provisioning.release.errors import BundleRefused
from provisioning.release.publishing import publish
from sync.errors import PublishError
from tests.provisioning.release.bundles import deb, packed, published
from tests.sync.publishing import Publishing


def test_a_package_is_published_with_what_it_says_of_itself(publishing: Publishing, tmp_path: Path) -> None:
    path = publish(publishing.tree(), deb(tmp_path, "1.4"))
    target = publishing.tree().find(path)
    assert target is not None
    assert {name: target.custom[name] for name in ("kind", "schema", "version", "ledger")} == {
        "kind": "release",
        "schema": 1,
        "version": "1.4",
        "ledger": [1, 1],
    }
    stored = publishing.tree().stored(target).read_bytes()
    assert stored == packed(tmp_path / "plain", "1.4").path.read_bytes()  # nothing else of the package is in it
    assert path in publishing.tree().current().current


def test_only_a_newer_version_follows(publishing: Publishing) -> None:
    published(publishing, "1.10")
    with pytest.raises(PublishError) as refused:
        published(publishing, "1.9")
    assert refused.value.code == "publish_number"
    assert refused.value.message.endswith("expected a version above 1.10, which is published, got 1.9.")


def test_every_processor_and_python_has_its_own_release(publishing: Publishing) -> None:
    published(publishing, "1.4", architecture="amd64")
    published(publishing, "1.4", architecture="arm64")
    published(publishing, "1.5", architecture="arm64")
    current = [path for path in publishing.tree().current().current if path.startswith("releases/")]
    assert [path.split("-")[1:3] for path in current] == [["1.4", "amd64"], ["1.5", "arm64"]]


def test_what_is_no_package_of_ours_is_not_published(publishing: Publishing, tmp_path: Path) -> None:
    (tmp_path / "other.deb").write_bytes(b"!<arch>\n")
    with pytest.raises(BundleRefused, match="expected a package of Sekisho for a box"):
        publish(publishing.tree(), tmp_path / "other.deb")
