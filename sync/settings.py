"""The settings of the sync service. Environment: SEKISHO_SYNC_<NAME>; what is not set is not done."""

from __future__ import annotations

from pydantic import Field, ValidationError, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from edge.errors import SettingsError

LEAST_BYTES_PER_S = 1_000
_PREFIX = "SEKISHO_SYNC_"


class SyncSettings(BaseSettings):
    """What one box brings in, from where, how often and how fast."""

    model_config = SettingsConfigDict(env_prefix=_PREFIX, extra="forbid", frozen=True)

    source: str = Field(default="", description="The published tree: an http(s) address or a directory.")
    interval_s: float = Field(default=900.0, ge=1, description="Time between two pulls, seconds, a fifth more or less.")
    first_retry_s: float = Field(default=30.0, ge=1, description="Time until the first try after a failure, seconds.")
    longest_retry_s: float = Field(default=3_600.0, ge=1, description="Longest time between tries, seconds.")
    bytes_per_s: int = Field(
        default=0, ge=0, description="Bandwidth that sync keeps to, bytes a second, 1,000 or more; 0: no limit."
    )

    @field_validator("bytes_per_s")
    @classmethod
    def _usable(cls, value: int) -> int:
        """A server that is read more slowly hangs up, and boxes take less than 256 bytes a second for a dead line."""
        if 0 < value < LEAST_BYTES_PER_S:
            raise ValueError(f"expected 0 or at least {LEAST_BYTES_PER_S} bytes a second")
        return value


def sync_settings(**changes: object) -> SyncSettings:
    """The settings of SEKISHO_SYNC_* with `changes` of the command line; None changes nothing.

    Raises:
        SettingsError: settings_value: a setting is not usable.
    """
    try:
        return SyncSettings(**{name: value for name, value in changes.items() if value is not None})  # type: ignore[arg-type]
    except ValidationError as error:
        first = error.errors()[0]
        name = _PREFIX + "_".join(str(part) for part in first["loc"]).upper()
        message = f"{name}: {first['msg']}, got {first['input']!r}."
        raise SettingsError("settings_value", message, hint="docs/technician.md lists every setting.") from error
