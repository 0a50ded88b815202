"""The layer for rpi-image-gen and the files of cloud-init: what can be checked without the tools, and with them."""

from __future__ import annotations

import re
import shutil
import subprocess
from importlib import resources
from pathlib import Path

import pytest
import yaml

from provisioning import cloud_init, stick
from provisioning.stick import Hall

IMAGE = Path(str(resources.files("provisioning"))) / "image"
LAYER = (IMAGE / "layer/sekisho-bench.yaml").read_text("utf-8")
# Of rpi-image-gen's metadata engine (its README and layers): a field beyond these is refused by its lint.
FIELDS = {
    *("Layer-Name", "Layer-Category", "Layer-Desc", "Layer-Version", "Layer-Requires", "Layer-RequiresProvider"),
    *("Layer-Provides", "VarPrefix"),
}


def metadata() -> dict[str, str]:
    """The fields between METABEGIN and METAEND, as RFC 822 has them."""
    block = LAYER.partition("# METABEGIN\n")[2].partition("# METAEND")[0]
    lines = re.sub(r"\n#  +", " ", block)
    return dict(re.findall(r"^# X-Env-([A-Za-z0-9_-]+): ?(.*)$", lines, re.MULTILINE))


def test_the_layer_has_the_fields_that_rpi_image_gen_knows() -> None:
    found = metadata()
    variables = {name.removeprefix("Var-") for name in found if re.fullmatch("Var-[a-z]+", name)}
    assert variables == {"stick", "target", "fingerprint"}
    allowed = FIELDS | {
        f"Var-{name}{part}" for name in variables for part in ("", "-Desc", "-Required", "-Valid", "-Set")
    }
    assert set(found) - allowed == set()
    assert found["VarPrefix"] == "sekisho"
    used = set(re.findall(r"IGconf_sekisho_([a-z]+)", LAYER))
    assert used == variables


def test_the_hooks_of_the_layer_are_shell_and_use_what_a_stick_has() -> None:
    steps = yaml.safe_load(LAYER.partition("# METAEND\n")[2])["mmdebstrap"]
    for hook in (*steps["customize-hooks"], *steps["cleanup-hooks"]):
        assert subprocess.run(["sh", "-n", "-c", hook], check=False).returncode == 0
    listed = re.search(r"for name in ([^;]*);", LAYER)
    assert listed
    names = {stick.BENCH, stick.ROOT, stick.SITE_CA, stick.TREE, stick.SETTINGS, stick.WIFI, stick.MANIFEST}
    assert set(listed[1].split()) == names  # names and tokens of single boxes stay out of an image


def test_the_configuration_names_the_layer_and_its_variables() -> None:
    told = yaml.safe_load((IMAGE / "config/sekisho-bench.yaml").read_text("utf-8"))
    assert told["layer"]["app"] == metadata()["Layer-Name"]
    assert set(told["sekisho"]) <= {"stick", "target", "fingerprint"}
    assert told["sekisho"]["target"] in metadata()["Var-target-Valid"].split(",")


def test_an_image_checks_the_stick_by_the_line_that_install_has() -> None:
    script = resources.files("provisioning").joinpath(stick.INSTALL).read_text("utf-8")
    assert r"sed -n 's/^MANIFEST=\([0-9a-f]*\).*/\1/p' install.sh" in LAYER
    filled = script.replace("@MANIFEST@", "ab" * 32)
    assert re.findall(r"^MANIFEST=([0-9a-f]*)", filled, re.MULTILINE) == ["ab" * 32]


@pytest.mark.skipif(shutil.which("cloud-init") is None, reason="cloud-init is absent: its own schema is not asked")
def test_cloud_init_finds_its_user_data_valid(tmp_path: Path) -> None:
    for name, text in cloud_init.documents("ab" * 32, Hall(), None):
        (tmp_path / name).write_text(text, encoding="utf-8")
    command = ["cloud-init", "schema", "--config-file", str(tmp_path / "user-data")]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
