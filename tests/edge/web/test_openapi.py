from __future__ import annotations

import json
from typing import Any

import httpx
import pytest
import schemathesis
from schemathesis import GenerationMode

from tests.edge.web.serving import Server
from tests.openapi import answered_as_stated

FORBIDDEN = ("fake", "counterfeit", "genuine", "authentic", "infringing", "cleared")
METHODS = ("get", "put", "post", "delete")


@pytest.fixture
def document(client: httpx.Client) -> dict[str, Any]:
    answer = client.get("/api/v1/openapi.json")
    assert answer.status_code == 200
    return dict(answer.json())


def _operations(document: dict[str, Any]) -> list[tuple[str, dict[str, Any]]]:
    return [
        (f"{method} {path}", entry[method])
        for path, entry in document["paths"].items()
        for method in METHODS
        if method in entry
    ]


def test_every_operation_has_a_name_a_summary_one_tag_and_problems_as_errors(document: dict[str, Any]) -> None:
    operations = _operations(document)
    names = [entry["operationId"] for _, entry in operations]
    assert len(names) == len(set(names))
    assert all(name.isidentifier() and name.islower() for name in names)
    tags = {tag["name"] for tag in document["tags"]}
    for where, entry in operations:
        assert entry["summary"], where
        assert len(entry["tags"]) == 1, where
        assert set(entry["tags"]) <= tags, where
        for status, answer in entry["responses"].items():
            if int(status) >= 400:
                assert list(answer["content"]) == ["application/problem+json"], (where, status)


def test_every_reference_of_the_document_leads_somewhere(document: dict[str, Any]) -> None:
    text = json.dumps(document)
    for name in {part.split('"')[0] for part in text.split("#/components/schemas/")[1:]}:
        assert name in document["components"]["schemas"], name
    assert "HTTPValidationError" not in text


def test_the_document_claims_nothing_that_the_bench_must_not_claim(document: dict[str, Any]) -> None:
    text = json.dumps(document).lower()
    assert [word for word in FORBIDDEN if word in text] == []


@pytest.mark.slow
@pytest.mark.parametrize("mode", list(GenerationMode), ids=lambda mode: str(mode.value))
def test_whatever_the_document_allows_or_forbids_is_answered_as_it_says(server: Server, mode: GenerationMode) -> None:
    """Schemathesis draws requests inside and outside of the document; none may end in a fault of the box."""
    api = schemathesis.openapi.from_url(f"{server.url}/api/v1/openapi.json")
    tried = answered_as_stated(api.exclude(operation_id="events"), mode, examples=15)  # a stream of events never ends
    assert len(tried) >= 8
