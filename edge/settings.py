"""Every setting of a bench, with its default and unit. Environment: SEKISHO_<NAME>; nothing else is read.

Limits that protect the box live here; judgement (weights, thresholds, ages) lives in the policy and the model pack.
"""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict


def table(settings: type[BaseSettings]) -> str:
    """Every setting with its default and meaning, as the Markdown table of docs/technician.md."""
    rows = [
        f"| `{settings.model_config['env_prefix']}{name.upper()}` | {_shown(field.default)} | {field.description} |"
        for name, field in settings.model_fields.items()
    ]
    return "\n".join(["| setting | default | meaning |", "|---|---|---|", *rows, ""])


def _shown(default: object) -> str:
    if default in (None, "", ()):
        return "not set"
    if isinstance(default, tuple):
        return f'`["{default[0]}"]`'
    return f"`{default}`"


class Settings(BaseSettings):
    """The settings of one bench."""

    model_config = SettingsConfigDict(env_prefix="SEKISHO_", extra="forbid", frozen=True)

    state_dir: Path = Field(default=Path("var"), description="All state of the box lives under this directory.")
    registry: Path | None = Field(
        default=None, description="A registry edition file to use instead of the one that state_dir's CURRENT names."
    )
    policy: Path | None = Field(default=None, description="A policy file to use instead of the built-in one.")
    pack_dir: Path | None = Field(default=None, description="A model pack directory instead of the built-in pack.")
    precision: Literal["auto", "int8", "fp32"] = Field(
        default="auto", description="Which of a pack's networks runs: int8, its fp32 twin, or what the doctor measured."
    )
    device: str = Field(default="bench-1", min_length=1, max_length=64, description="Name of this box.")
    place: str = Field(default="", max_length=64, description="Port or office where this box stands.")
    country: str = Field(
        default="",
        pattern="^([A-Z]{2})?$",
        description="Country (ISO 3166-1, such as JP) whose holidays are no working days.",
    )
    time_zone: str = Field(
        default="UTC",
        max_length=64,
        description="Zone (such as Asia/Tokyo) in which a day begins and hours are counted.",
    )
    stations: tuple[str, ...] = Field(
        default=("1",), min_length=1, description="Names of the stations that this box serves."
    )
    training: bool = Field(
        default=False, description="A practice bench: its ledger says so for good and is never sent to a central."
    )
    training_port: int = Field(
        default=0, ge=0, le=65535, description="Port on loopback of the practice bench, for the menu; 0: there is none."
    )
    host: str = Field(default="127.0.0.1", description="Address to listen on; other than loopback needs a token.")
    port: int = Field(default=8080, ge=0, le=65535, description="TCP port to listen on.")
    token: str = Field(default="", description="Bearer token of the API; loopback needs none.")
    sign_in: Literal["offered", "accounts", "required"] = Field(
        default="accounts",
        description="When a decision needs a signed-in officer: never, as soon as there are accounts, or always.",
    )
    sign_in_tries: int = Field(default=5, ge=1, le=20, description="Wrong PINs before an account has to wait.")
    session_idle_s: float = Field(default=900.0, ge=1, description="Signed out after so long without an act, seconds.")
    session_s: float = Field(default=36_000.0, ge=1, description="Signed out after so long in any case, seconds.")
    language: str = Field(
        default="en",
        pattern="^(en|ja|zh|ko|vi|th|id)$",
        description="Language where none is asked for: en, ja, zh, ko, vi, th or id.",
    )
    workers: int = Field(default=2, ge=1, le=16, description="Pixel worker processes.")
    decode_budget_s: float = Field(default=3.0, gt=0, le=60, description="Time for reading one frame, seconds.")
    compare_budget_s: float = Field(default=5.0, gt=0, le=60, description="Time for comparing one face, seconds.")
    max_image_bytes: int = Field(default=30_000_000, ge=1, description="Largest image file, bytes.")
    max_image_pixels: int = Field(default=50_000_000, ge=1, description="Largest image, pixels.")
    max_images: int = Field(default=12, ge=1, description="Images in one request.")
    max_code_chars: int = Field(default=8_000, ge=1, description="Longest code, characters.")
    max_seen: int = Field(default=200, ge=1, description="Symbols and pictures that one inspection may gather.")
    max_codes: int = Field(default=200, ge=1, description="Codes in one request.")
    max_request_bytes: int = Field(default=120_000_000, ge=1, description="Largest request body, bytes.")
    max_json_bytes: int = Field(default=4_000_000, ge=1, description="Largest JSON document of a request, bytes.")
    upload_memory_bytes: int = Field(
        default=256_000_000, ge=1, description="Memory for request bodies that are on their way; more is asked to wait."
    )
    upload_idle_s: float = Field(default=20.0, gt=0, description="Longest silence within a request body, seconds.")
    upload_s: float = Field(default=300.0, gt=0, description="Longest time for a whole request body, seconds.")
    client_requests_per_s: float = Field(
        default=30.0, gt=0, description="Requests a second that one address of the network may send on average."
    )
    client_arrivals: int = Field(default=4, ge=1, description="Arrivals of one address that are at work at once.")
    station_arrivals: int = Field(default=12, ge=1, description="Arrivals at one station that are at work at once.")
    client_connections: int = Field(default=64, ge=1, description="Connections of one address at once.")
    connections: int = Field(default=512, ge=1, description="Connections of all addresses at once.")
    frame_memory_bytes: int = Field(
        default=48_000_000,
        ge=0,
        description="Memory for frames of open inspections, held so that a later code can be compared.",
    )
    reserve_bytes: int = Field(default=64_000_000, ge=0, description="Disk reserve for results when the disk is full.")
    datawedge: tuple[str, ...] = Field(
        default=(),
        description="Who may send codes by TCP or UDP, each ADDRESS=STATION or NETWORK=STATION; nobody else is heard.",
    )
    vault_key: str = Field(
        default="",
        pattern="^([0-9a-f]{64})?$",
        description="Public key (X25519, 64 hex digits) that labels are sealed to, instead of the central's.",
    )
    watch_folder: Path | None = Field(default=None, description="Folder whose new image files are inspected.")
    camera: str = Field(
        default="", description="Camera address: /dev/video0, csi:0, an http:// MJPEG stream, a directory or a file."
    )
    scanner: str = Field(
        default="", description="Scanner address: a serial line such as /dev/ttyACM0, or a keyboard of /dev/input."
    )
