"""The settings of updates. Environment: SEKISHO_UPDATE_<NAME>."""

from __future__ import annotations

from pydantic import Field, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from edge.errors import SettingsError

_PREFIX = "SEKISHO_UPDATE_"


class UpdateSettings(BaseSettings):
    """When a release is put into use, and how long it is watched."""

    model_config = SettingsConfigDict(env_prefix=_PREFIX, extra="forbid", frozen=True)

    auto: bool = Field(
        default=True, description="A checked release is used at the next idle moment; false: `sekisho update use`."
    )
    idle_s: float = Field(
        default=60.0, ge=0, le=3600, description="For how long every station is quiet before the switch, seconds."
    )
    watch_s: float = Field(default=600.0, ge=5, description="For how long a new release is watched, seconds.")
    start_s: float = Field(
        default=20.0, ge=1, description="How long it may take to answer before it is taken back, seconds."
    )


def update_settings() -> UpdateSettings:
    """The settings of SEKISHO_UPDATE_*.

    Raises:
        SettingsError: settings_value: a setting is not usable.
    """
    try:
        return UpdateSettings()
    except ValidationError as error:
        first = error.errors()[0]
        name = _PREFIX + "_".join(str(part) for part in first["loc"]).upper()
        message = f"{name}: {first['msg']}, got {first['input']!r}."
        raise SettingsError("settings_value", message, hint="docs/technician.md lists every setting.") from error
