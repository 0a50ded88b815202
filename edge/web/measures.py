"""Counters and timings of this app for Prometheus, in a registry of its own. No label holds a name or a number."""

from __future__ import annotations

import time

from prometheus_client import CollectorRegistry, Counter, Histogram
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from edge.inspection import Assessment

_SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2, 5, 10)


class Measures:
    """What is counted."""

    def __init__(self) -> None:
        """Start at zero."""
        self.registry = CollectorRegistry()
        self.requests = Counter(
            "sekisho_http_requests", "HTTP requests.", ("method", "route", "status"), registry=self.registry
        )
        self.seconds = Histogram(
            "sekisho_http_seconds", "Time to the first byte.", ("route",), buckets=_SECONDS, registry=self.registry
        )
        self.assessments = Counter(
            "sekisho_assessments", "Assessments by outcome.", ("outcome",), registry=self.registry
        )
        self.stages = Histogram(
            "sekisho_stage_seconds", "Time of each stage.", ("stage",), buckets=_SECONDS, registry=self.registry
        )

    def count(self, assessment: Assessment) -> None:
        """Count one assessment."""
        self.assessments.labels(assessment.verdict.outcome).inc()
        for stage, spent_ms in assessment.stage_ms.items():
            self.stages.labels(stage).observe(spent_ms / 1000)


class Measured:
    """ASGI middleware that counts requests by their route's pattern, never by their address."""

    def __init__(self, app: ASGIApp, measures: Measures) -> None:
        """Count for `app`."""
        self._app = app
        self._measures = measures

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request and count it."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        start = time.perf_counter()

        async def counted(message: Message) -> None:
            if message["type"] == "http.response.start":
                route = _name(scope.get("route"))
                method = scope["method"] if scope["method"] in _METHODS else "other"
                self._measures.requests.labels(method, route, message["status"]).inc()
                self._measures.seconds.labels(route).observe(time.perf_counter() - start)
            await send(message)

        await self._app(scope, receive, counted)


_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "PATCH"})


def _name(route: object) -> str:
    """A route's operation id, or its pattern; never an address, which may hold an id."""
    return getattr(route, "operation_id", None) or getattr(route, "path", None) or "none"
