"""The central's contract: what the document allows or forbids is answered as it says."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
import schemathesis
import urllib3
from hypothesis import HealthCheck, given, settings
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.core.result import Ok
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from sync.central.central import Central
from sync.central.clients import new_client
from sync.central.database import migrate, opened, writing
from sync.central.objects import ObjectsOnDisk
from sync.push import push
from tests.central.conftest import CENTRAL
from tests.central.serving import enrolled, serving
from tests.sync.boxes import NOW, Box

NEGATABLE = {"GET /v1/time", "POST /v1/enrolments", "GET /v1/feed", "POST /v1/evidence", "GET /v1/objects/{sha256}"}
schemathesis.serializer.alias("application/offset+octet-stream", "application/octet-stream")
CHECKS = [not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance]


@pytest.fixture(scope="module")
def reader(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, str]]:
    """The address of a central with a few rows, and a token."""
    folder = tmp_path_factory.mktemp("central")
    engine = opened(f"sqlite:///{folder / 'central.db'}")
    migrate(engine)
    central = Central(engine, ObjectsOnDisk(folder), CENTRAL)
    box = Box(folder / "box")
    box.write(3)
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
    headers = {"Authorization": f"Bearer {token}"}
    tried = 0
    for result in api.get_all_operations():
        assert isinstance(result, Ok), result
        operation = result.ok()
        if mode is GenerationMode.NEGATIVE and operation.label not in NEGATABLE:
            continue  # it takes nothing, or any bytes

        @settings(max_examples=4, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
        @given(case=operation.as_strategy(generation_mode=mode))
        def holds(case: Any) -> None:
            case.query.pop("wait_s", None)
            case.call_and_validate(checks=CHECKS, headers=headers)

        holds()
        tried += 1
    operations = sum(len(path) for path in api.raw_schema["paths"].values())
    assert tried == (len(NEGATABLE) if mode is GenerationMode.NEGATIVE else operations)
