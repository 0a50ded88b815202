"""A central opened from its directory: its key, its database, its objects; and one worker of it for uvicorn."""

from __future__ import annotations

import os
from pathlib import Path

from fastapi import FastAPI

from sync.central.app import build
from sync.central.central import Central
from sync.central.database import opened
from sync.central.objects import ObjectsOnDisk
from sync.identity import kept_private_key

DIR, DATABASE = "SEKISHO_CENTRAL_DIR", "SEKISHO_CENTRAL_DATABASE"
KEY_FILE, EMBEDDED = "central.key", "central.db"


def open_central(folder: Path, database: str = "") -> Central:
    """The central in `folder`, with the embedded database unless an address is given. Made when there is none.

    Raises:
        SettingsError: settings_key. OSError: the folder cannot be written.
    """
    folder.mkdir(parents=True, exist_ok=True)
    engine = opened(database or f"sqlite:///{folder.absolute() / EMBEDDED}")
    return Central(engine, ObjectsOnDisk(folder), kept_private_key(folder / KEY_FILE))


def app() -> FastAPI:
    """The app of one worker, as the environment says; the tables are made before workers start."""
    return build(open_central(Path(os.environ[DIR]), os.environ.get(DATABASE, "")))
