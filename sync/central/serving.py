"""A central opened from its directory: its key, its database, its objects; and one worker of it for uvicorn."""

from __future__ import annotations

import os
from pathlib import Path

from fastapi import FastAPI
from obstore.exceptions import BaseError

from edge.errors import SettingsError
from sync.central.app import build
from sync.central.central import Central
from sync.central.database import opened
from sync.central.intake.objects import Objects, ObjectsOnDisk
from sync.central.intake.objects_s3 import ObjectsInS3, s3_store
from sync.central.privacy.ends import ENDS
from sync.identity import kept_private_key

DIR, DATABASE, OBJECTS = "SEKISHO_CENTRAL_DIR", "SEKISHO_CENTRAL_DATABASE", "SEKISHO_CENTRAL_OBJECTS"
KEY_FILE, EMBEDDED = "central.key", "central.db"


def open_central(folder: Path, database: str = "", objects: str = "") -> Central:
    """The central in `folder`, with the embedded database and objects in files unless addresses are given.

    It is made when there is none.

    Raises:
        SettingsError: settings_key, settings_objects. OSError: the folder cannot be written.
    """
    folder.mkdir(parents=True, exist_ok=True)
    engine = opened(database or f"sqlite:///{folder.absolute() / EMBEDDED}")
    return Central(engine, _store(folder, objects), kept_private_key(folder / KEY_FILE), ends=folder / ENDS)


def _store(folder: Path, objects: str) -> Objects:
    """Files below `folder`, or the S3-compatible store at "s3://BUCKET/PREFIX".

    Raises:
        SettingsError: settings_objects.
    """
    if not objects:
        return ObjectsOnDisk(folder)
    try:
        return ObjectsInS3(s3_store(objects))
    except (BaseError, ValueError) as error:
        message = f"{objects}: expected an object store as s3://BUCKET/PREFIX, got {str(error).splitlines()[0][:160]}."
        hint = "Endpoint, region and credentials come from AWS_... in the environment."
        raise SettingsError("settings_objects", message, hint=hint) from error


def app() -> FastAPI:
    """The app of one worker, as the environment says; the tables are made before workers start."""
    return build(open_central(Path(os.environ[DIR]), os.environ.get(DATABASE, ""), os.environ.get(OBJECTS, "")))
