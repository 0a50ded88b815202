"""Routes of the box itself: how it is, what it counts, what it keeps."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path, Query, Response
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from edge import health
from edge.errors import BoxError, EvidenceError, NotFound
from edge.releases import version
from edge.web.box_answers import HealthOut, RehearsedOut, StatusOut
from edge.web.documents import problems
from edge.web.tasks import Work, Works

router = APIRouter(tags=["box"])

_KINDS = ((b"\xff\xd8\xff", "image/jpeg"), (b"\x89PNG\r\n\x1a\n", "image/png"))
_SANDBOX = {
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; img-src data:; sandbox",
    "Cache-Control": "private, max-age=31536000, immutable",
}


@router.get("/status", operation_id="status", summary="How the box is", responses=problems())
def status(work: Works) -> StatusOut:
    """For people and for whoever watches over many boxes."""
    return status_of(work)


@router.get("/health/live", operation_id="live", summary="The process answers")
def live() -> HealthOut:
    """Always ok when it answers at all."""
    return HealthOut(status="ok")


@router.get(
    "/health/ready", operation_id="ready", summary="The bench can take a parcel", responses={503: problems()[503]}
)
def ready(work: Works) -> HealthOut:
    """An inspection can be answered durably. A registry that is missing is told by the verdict, not here.

    Raises:
        BoxError: `box_not_ready`, with the part that does not do its part.
    """
    seen = status_of(work)
    if not seen.ready:
        fault = next((part for part in seen.parts if part.state == "fault" and part.name != "registry"), seen.parts[0])
        raise BoxError("box_not_ready", f"The {fault.name} must do its part, got: {fault.detail}.", hint=fault.hint)
    return HealthOut(status="ok")


@router.get(
    "/health/rehearsed",
    operation_id="rehearsed",
    summary="An inspection is rehearsed now",
    responses=problems(),
)
def rehearsed(
    work: Works,
    quiet_s: Annotated[
        float, Query(ge=0, le=3600, description="For how long a station that is idle was quiet.")
    ] = 60.0,
) -> RehearsedOut:
    """A built-in picture is read, identified, looked up and judged; nothing is recorded. For updates and monitors.

    Raises:
        BoxError: `box_hung`, a part is silent.
        SekishoError: what a part that does not do its part says.
    """
    try:
        done = work.rehearse()
    except TimeoutError as error:
        raise BoxError(
            "box_hung", f"Every part must answer, got: {error}.", hint="The watchdog restarts it."
        ) from error
    return RehearsedOut(
        version=version(),
        outcome=done.outcome,
        gtins=done.gtins,
        faults=done.faults,
        ms=done.ms,
        open=work.bench.at_work(quiet_s),
    )


@router.get(
    "/metrics",
    operation_id="metrics",
    summary="Counters and timings for Prometheus",
    response_class=Response,
    responses={200: {"content": {"text/plain": {"schema": {"type": "string"}}}}, **problems()},
)
def metrics(work: Works) -> Response:
    """In the text format."""
    return Response(generate_latest(work.measures.registry), headers={"Content-Type": CONTENT_TYPE_LATEST})


@router.get(
    "/evidence/{sha256}",
    operation_id="evidence",
    summary="A kept picture",
    response_class=Response,
    responses={
        200: {"content": {kind: {"schema": {"type": "string", "format": "binary"}} for _, kind in _KINDS}},
        **problems(404),
    },
)
def evidence(
    work: Works, sha256: Annotated[str, Path(pattern="^[0-9a-f]{64}$", description="Its SHA-256.")]
) -> Response:
    """A crop of a capture, or a registered face.

    Raises:
        NotFound: `evidence_not_found`.
    """
    try:
        data = work.bench.evidence(sha256)
    except EvidenceError as error:
        if error.code == "evidence_missing":
            raise NotFound("evidence_not_found", error.message, hint=error.hint) from error
        raise
    return Response(data, media_type=kind_of(data), headers=_SANDBOX)


def kind_of(data: bytes) -> str:
    """The media type by the first bytes; what is no picture is never shown as one."""
    return next((kind for start, kind in _KINDS if data.startswith(start)), "application/octet-stream")


def status_of(work: Work) -> StatusOut:
    """How the box is, now."""
    return StatusOut.of(health.status(work.bench), version())
