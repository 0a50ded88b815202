"""Every setting of a box, whichever program reads it: what `sekisho settings` prints, and what a stick may hold."""

from __future__ import annotations

import sys

from pydantic_settings import BaseSettings

from edge.settings import Settings, table
from edge.terminal import clear_errors
from provisioning.release.settings import UpdateSettings
from sync.settings import SyncSettings

SETTINGS: tuple[type[BaseSettings], ...] = (Settings, SyncSettings, UpdateSettings)


def setting_of(name: str) -> tuple[type[BaseSettings], str] | None:
    """Whose setting an environment variable is, and the field's name; None when it is nobody's."""
    for model in sorted(SETTINGS, key=lambda one: -len(str(one.model_config["env_prefix"]))):
        prefix = str(model.model_config["env_prefix"])
        if name.startswith(prefix) and name.removeprefix(prefix).lower() in model.model_fields:
            return model, name.removeprefix(prefix).lower()
    return None


@clear_errors
def print_settings() -> None:
    """Print every setting with its default and meaning."""
    sys.stdout.write("\n".join(table(settings) for settings in SETTINGS))
