"""Requests drawn inside and outside of an OpenAPI document, against the server that states it.

A few an operation in every check; as many as SEKISHO_OPENAPI_EXAMPLES says in `./run bench openapi`.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from typing import Any

import schemathesis
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.errors import Unsatisfiable
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.core.failures import Failure
from schemathesis.core.result import Ok
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    negative_data_rejection,
    response_schema_conformance,
    status_code_conformance,
)

EXAMPLES = int(os.environ.get("SEKISHO_OPENAPI_EXAMPLES", "0"))

# A member that may be null stands as anyOf [..., null]: what is drawn outside of one branch may lie in the other.
_ALLOWED_AFTER_ALL = re.compile(r"/anyOf/\d+ \(was \w+, became null\)")


def what_is_forbidden_is_refused(context: Any, response: Any, case: Any) -> bool | None:
    """Schemathesis's check, but for what its drawing takes for forbidden and the document allows."""
    try:
        return negative_data_rejection(context, response, case)
    except Failure as failure:
        if _ALLOWED_AFTER_ALL.search(f"{failure.title} {failure.message}"):
            return None
        raise


_CHECKS = [
    *(not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance),
    what_is_forbidden_is_refused,
]
schemathesis.serializer.alias("application/offset+octet-stream", "application/octet-stream")
schemathesis.serializer.alias("application/cloudevents+json", "application/json")


def answered_as_stated(
    api: Any, mode: GenerationMode, *, examples: int, headers: Mapping[str, str] | None = None
) -> set[str]:
    """Send `examples` requests an operation; the labels of operations that could be tried.

    Outside of the document nothing can be drawn for an operation that takes nothing, or any bytes.
    """
    tried = set()
    for result in api.get_all_operations():
        assert isinstance(result, Ok), result
        operation = result.ok()

        @settings(_settings(examples))
        @given(case=operation.as_strategy(generation_mode=mode))
        def holds(case: Any) -> None:
            _not_held(case)
            case.call_and_validate(checks=_CHECKS, headers=headers)

        try:
            holds()
        except Unsatisfiable:
            assert mode is GenerationMode.NEGATIVE, operation.label
            continue
        tried.add(operation.label)
    return tried


def statuses_without_credentials(api: Any, examples: int = 2) -> dict[str, set[int]]:
    """What each operation, by its id, answers to requests of the document that come from nobody."""
    answered: dict[str, set[int]] = {}
    for result in api.get_all_operations():
        assert isinstance(result, Ok), result
        operation = result.ok()
        statuses = answered.setdefault(operation.definition.raw["operationId"], set())

        @settings(_settings(examples))
        @given(case=operation.as_strategy(generation_mode=GenerationMode.POSITIVE), statuses=st.just(statuses))
        def holds(case: Any, statuses: set[int]) -> None:
            _not_held(case)
            statuses.add(case.call().status_code)

        holds()
    return answered


def _settings(examples: int) -> settings:
    return settings(
        max_examples=EXAMPLES or examples,
        deadline=None,
        derandomize=not EXAMPLES,
        database=None,
        suppress_health_check=list(HealthCheck),
    )


def _not_held(case: Any) -> None:
    if case.query:
        case.query.pop("wait_s", None)  # an answer that is held is no other answer
