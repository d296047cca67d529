"""Routes: the status of the service, and its OpenAPI document."""

from typing import Literal

from chalice.app import Blueprint
from pydantic import Field

from chalicelib.api.access import ANYONE, bearer
from chalicelib.api.endpoint import Answer, RequestContext, endpoint
from chalicelib.core.fields import Query, Response

routes = Blueprint(__name__)


class StatusQuery(Query):
    """How deep to look."""

    deep: Literal["0", "1"] = "0"
    """`1`: check every dependency of the API. Needs an operator's token."""


class PartStatus(Response):
    """A dependency of the API."""

    name: str = Field(examples=["table"])
    ok: bool
    ms: int = Field(examples=[12])
    """How long its check took."""
    fault: str | None = Field(examples=[None])
    """The class of the error."""


class Status(Response):
    """The service answers."""

    status: Literal["ok"] = "ok"
    stage: str = Field(examples=["prod"])
    demo: bool
    checks: list[PartStatus] | None
    """With `deep=1`: the dependencies; if one fails, the answer is 503 `unhealthy` instead."""


@endpoint(
    routes,
    "GET",
    "/v1/status",
    access=ANYONE,
    query=StatusQuery,
    response=Status,
    errors=(
        *("token_missing", "token_invalid", "token_expired"),
        *("too_many_requests", "unhealthy"),
    ),
)
def status(context: RequestContext) -> Status:
    """Return the status of the service, for monitors; reads no data.

    With `deep=1` and an operator's token, after checks of its dependencies.
    """
    settings = context.container.settings
    checks = None
    if context.query(StatusQuery).deep == "1":
        found = context.container.deep_status.check(bearer(context.headers), context.now)
        checks = [PartStatus(name=one.name, ok=one.ok, ms=one.ms, fault=one.fault) for one in found]
    return Status(stage=settings.stage, demo=settings.demo, checks=checks)


@endpoint(routes, "GET", "/v1/openapi.json", access=ANYONE)
def openapi(_: RequestContext) -> Answer:
    """Return this API as an OpenAPI 3.1 document."""
    from chalicelib.api.openapi import render

    return Answer(render(), headers={"Cache-Control": "public, max-age=300"})
