"""Routes: the status of the service, and its OpenAPI document."""

from typing import Literal

from chalice.app import Blueprint
from pydantic import Field

from chalicelib.api.access import ANYONE
from chalicelib.api.endpoint import Answer, RequestContext, endpoint
from chalicelib.core.fields import Response

routes = Blueprint(__name__)


class Status(Response):
    """The service answers."""

    status: Literal["ok"] = "ok"
    stage: str = Field(examples=["prod"])
    demo: bool


@endpoint(routes, "GET", "/v1/status", access=ANYONE, response=Status)
def status(context: RequestContext) -> Status:
    """Return the status of the service, for monitors; reads no data."""
    settings = context.container.settings
    return Status(stage=settings.stage, demo=settings.demo)


@endpoint(routes, "GET", "/v1/openapi.json", access=ANYONE)
def openapi(_: RequestContext) -> Answer:
    """Return this API as an OpenAPI 3.1 document."""
    from chalicelib.api.openapi import render

    return Answer(render(), headers={"Cache-Control": "public, max-age=300"})
