"""The central's contract: what the document allows or forbids is answered as it says."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest
import schemathesis
import urllib3
from schemathesis import GenerationMode

from edge.inspection import Decision
from sync.central.central import Central
from sync.central.clients import new_client
from sync.central.database import migrate, opened, writing
from sync.central.intake.objects import ObjectsOnDisk
from sync.push import push
from tests.central.conftest import CENTRAL
from tests.central.results import assessed, assessment, decided
from tests.central.serving import enrolled, serving
from tests.openapi import answered_as_stated, statuses_without_credentials
from tests.sync.boxes import NOW, Box

PUBLIC = {
    "live",
    "time",
    "revocations",
    "crl",
    "authority",
    "enrol",
    "renew",
    "retire",
    "epcis_context",
}  # operations that need neither token nor key
NEGATABLE = {"GET /v1/time", "POST /v1/enrolments", "GET /v1/feed", "POST /v1/evidence", "GET /v1/objects/{sha256}"}


@pytest.fixture(scope="module")
def reader(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, str]]:
    """The address of a central with a few rows, and a token."""
    folder = tmp_path_factory.mktemp("central")
    engine = opened(f"sqlite:///{folder / 'central.db'}")
    migrate(engine)
    central = Central(engine, ObjectsOnDisk(folder), CENTRAL)
    box = Box(folder / "box")
    box.write(3)
    box.ledger.append([assessed(assessment()), decided(Decision.REFER), decided(None, 5)])
    with serving(central) as url:
        link, _ = enrolled(central, url, box)
        push(box.folder, link, box.signer, lambda: NOW)
        link.close()
        with writing(engine) as connection:
            token = new_client(connection, "customs", nominal=True)
        yield url, token
    box.close()
    engine.dispose()


def test_every_operation_is_named_and_every_error_is_a_problem(reader: tuple[str, str]) -> None:
    document = json.loads(urllib3.request("GET", f"{reader[0]}/v1/openapi.json").data)
    operations = [entry for path in document["paths"].values() for entry in path.values()]
    names = [entry["operationId"] for entry in operations]
    assert len(names) == len(set(names)) >= 12
    for entry in operations:
        for status, answer in entry["responses"].items():
            if int(status) >= 400:
                assert list(answer["content"]) == ["application/problem+json"], (entry["operationId"], status)
    assert "HTTPValidationError" not in json.dumps(document)


@pytest.mark.slow
@pytest.mark.parametrize("mode", list(GenerationMode), ids=lambda mode: str(mode.value))
def test_whatever_the_document_allows_or_forbids_is_answered_as_it_says(
    reader: tuple[str, str], mode: GenerationMode
) -> None:
    url, token = reader
    api = schemathesis.openapi.from_url(f"{url}/v1/openapi.json")
    tried = answered_as_stated(api, mode, examples=4, headers={"Authorization": f"Bearer {token}"})
    operations = {f"{method.upper()} {path}" for path, entry in api.raw_schema["paths"].items() for method in entry}
    assert tried >= (NEGATABLE if mode is GenerationMode.NEGATIVE else operations)


@pytest.mark.slow
def test_who_shows_neither_token_nor_key_nor_signed_address_is_told_nothing(reader: tuple[str, str]) -> None:
    answered = statuses_without_credentials(schemathesis.openapi.from_url(f"{reader[0]}/v1/openapi.json"))
    assert {name for name, statuses in answered.items() if min(statuses) < 400} <= PUBLIC
    assert {name for name, statuses in answered.items() if not statuses <= {401, 413, 422}} <= PUBLIC
