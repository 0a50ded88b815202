"""The app of the central: the routes, put together."""

from __future__ import annotations

from fastapi import FastAPI

from sync.central.central import Central
from sync.central.problems import PROBLEMS, answer_errors, describe_problems
from sync.central.routes import (
    about,
    boxes,
    epcis,
    evidence,
    exports,
    feed,
    fleet,
    knowledge,
    objects,
    orders,
    outcomes,
)


def build(central: Central) -> FastAPI:
    """The app of one worker."""
    app = FastAPI(
        title="Sekisho central",
        version="1",
        openapi_url="/v1/openapi.json",
        docs_url=None,
        redoc_url=None,
        responses=PROBLEMS,
        openapi_tags=[
            {"name": "boxes"},
            {"name": "evidence"},
            {"name": "feed"},
            {"name": "outcomes"},
            {"name": "epcis"},
            {"name": "central"},
        ],
    )
    answer_errors(app)
    for part in (about, boxes, evidence, feed, knowledge, objects, orders, outcomes, epcis, exports, fleet):
        part.add(app, central)
    describe_problems(app)
    return app
