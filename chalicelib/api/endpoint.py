"""The common part of every route: parse, authenticate, call one use case, respond.

A route declares its contract: access, the models of query, request and response, and the errors.
The OpenAPI document is generated from it. Chalice catches exceptions before its middleware sees
them, so errors become problem+json (RFC 9457) here.
"""

import functools
import json
import re
from base64 import b64encode
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, TypeVar
from urllib.parse import unquote

from chalice.app import Blueprint, Request, Response
from pydantic import BaseModel

from chalicelib import bootstrap
from chalicelib.api.access import ANY_PERSON, GUARDIAN_OF_DEPENDANT, Access
from chalicelib.bootstrap import Container
from chalicelib.core import messages, waiting
from chalicelib.core.clock import CHINA, local_day, rfc3339
from chalicelib.core.errors import (
    AppError,
    BadInput,
    NotFound,
    StrongerLogin,
    TooMany,
    Unauthenticated,
    Unavailable,
    Unhealthy,
)
from chalicelib.core.fields import Query, parse, parse_query
from chalicelib.core.logs import correlation, logger
from chalicelib.core.submission import Submission
from chalicelib.identity.people import Actor, Holder
from chalicelib.venues.venue import Venue

Body = TypeVar("Body", bound=BaseModel)
Caller = TypeVar("Caller")
Parameters = TypeVar("Parameters", bound=Query)
_CORRELATION = re.compile(r"[A-Za-z0-9-]{8,64}")
_ALWAYS = ("invalid_input", "unavailable", "internal_error")


@dataclass(frozen=True)
class Operation:
    """The contract of one route."""

    method: str
    path: str
    name: str
    summary: str
    access: Access[Any]
    query: type[Query] | None
    request: type[BaseModel] | None
    response: type[BaseModel] | None
    statuses: tuple[int, ...]
    errors: tuple[str, ...]
    content_type: str = "application/json"


OPERATIONS: list[Operation] = []
POLL_MS = 1000
"""After how many milliseconds a client asks again for an answer of a provider."""
_CURSOR_LIFE = timedelta(days=1)
_MILLISECOND = timedelta(milliseconds=1)


@dataclass(frozen=True)
class RequestContext:
    """A request: its container, time, language, caller, body and parameters."""

    container: Container
    now: datetime
    language: str
    correlation: str
    address: str
    headers: Mapping[str, str]
    raw_body: bytes = b""
    _venue_id: str = ""
    _dependant_id: str = ""
    _reads: str = ""
    _caller: object = None
    _query: Query | None = None
    _body: BaseModel | None = None

    @property
    def actor(self) -> Actor:
        """The person who calls. Raises LookupError on a route that identifies no person."""
        return self.caller(Actor)

    @property
    def dependant_id(self) -> str:
        """The id in the route's path, of a person who may be no dependant of the actor."""
        return self._dependant_id

    @functools.cached_property
    def holder(self) -> Holder:
        """The person whom the request concerns: the dependant in the route's path, or the actor.

        A guardian's request is recorded, a POST too: its response may show data, such as the links
        of a card. Raises Forbidden ``not_your_dependant``. Cost for a dependant: one Query and one
        PutItem.
        """
        if not self._dependant_id:
            return self.actor.holder
        return self.container.guardianship.holder(
            self.actor,
            self._dependant_id,
            self.now,
            reads=self._reads,
            correlation=self.correlation,
        )

    def caller(self, kind: type[Caller]) -> Caller:
        """Return the caller, as the `kind` that the route's authenticator identifies.

        Raises LookupError on a route that identifies another kind.
        """
        if not isinstance(self._caller, kind):
            raise LookupError("this route authenticates another kind of caller")
        return self._caller

    @property
    def venue(self) -> Venue:
        """The venue in the route's path. Raises NotFound."""
        venue = self.container.directory.venue(self._venue_id, self.now)
        if venue is None:
            raise NotFound
        return venue

    def submission(self, nonce: str, fingerprint: str = "") -> Submission:
        """Return the client's write in this request, from which use cases recognise a retry."""
        return Submission(nonce, fingerprint, self.correlation, self.now)

    def body(self, model: type[Body]) -> Body:
        """Return the parsed body, as the `model` that the route declares."""
        if not isinstance(self._body, model):
            raise LookupError("this route declares another body")
        return self._body

    def query(self, model: type[Parameters]) -> Parameters:
        """Return the parsed query parameters, as the `model` that the route declares."""
        if not isinstance(self._query, model):
            raise LookupError("this route declares other parameters")
        return self._query

    def text(self, key: str, **params: str) -> str:
        """Return a text in the caller's language."""
        return messages.text(key, self.language, **params)

    def after(self, of: str, cursor: str | None) -> str:
        """Return the position after which the list `of` continues; empty for its beginning.

        Raises BadInput at ``cursor`` for a cursor of another list or a forged one.
        """
        if cursor is None:
            return ""
        try:
            claims = self.container.tokens.verify("cursor", cursor, now=self.now)
        except Unauthenticated:
            raise BadInput.at("cursor", "cursor") from None
        if claims.get("of") != of:
            raise BadInput.at("cursor", "cursor")
        return str(claims["at"])

    def cursor(self, of: str, place: str | None) -> str | None:
        """Return a cursor that continues the list `of` after `place`, valid for a day."""
        if place is None:
            return None
        claims = {"of": of, "at": place}
        return self.container.tokens.issue("cursor", claims, now=self.now, life=_CURSOR_LIFE)


@dataclass(frozen=True)
class Answer:
    """A response body with a status or headers; a bare model is returned with status 200.

    Bytes are a file, and `headers` say of which type.
    """

    body: BaseModel | str | bytes
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)


Handler = Callable[..., BaseModel | Answer]


def milliseconds(span: timedelta) -> int:
    """Return the milliseconds of a wait, rounded up: a client never asks too early."""
    return -(-span // _MILLISECOND)


def endpoint(
    blueprint: Blueprint,
    method: str,
    path: str,
    *,
    access: Access[Any],
    query: type[Query] | None = None,
    request: type[BaseModel] | None = None,
    response: type[BaseModel] | None = None,
    statuses: tuple[int, ...] = (200,),
    errors: tuple[str, ...] = (),
    content_type: str = "application/json",
    name: str = "",
) -> Callable[[Handler], Handler]:
    """Register a handler ``(context, **path parameters)`` as a route of `blueprint`.

    The path's ``{venue_id}`` reaches the handler as ``context.venue``, and ``{dependant_id}`` as
    ``context.holder``. `name` names the operation; by default, the handler's name.

    `errors` are the codes that the use case may raise; those of access, parsing and faults are
    added. There are many parameters because they are the whole contract of a route.
    """

    def register(handler: Handler) -> Handler:
        codes = tuple(dict.fromkeys((*errors, *_ALWAYS, *access.errors)))
        operation = Operation(
            method, path, name or handler.__name__, (handler.__doc__ or "").strip().split("\n")[0],
            access, query, request, response, statuses, codes, content_type,
        )  # fmt: skip
        OPERATIONS.append(operation)

        @functools.wraps(handler)
        def view(**path_parameters: str) -> Response:
            return _serve(blueprint.current_request, operation, handler, path_parameters)

        # CORS is set in app.py; `cors=True` would be Chalice's own, which allows any origin.
        blueprint.route(path, methods=[method], content_types=["*/*"])(view)
        return handler

    return register


def own_and_dependants(
    blueprint: Blueprint,
    method: str,
    rest: str,
    *,
    own_errors: tuple[str, ...] = (),
    guardian_errors: tuple[str, ...] = (),
    errors: tuple[str, ...] = (),
    **contract: Any,
) -> Callable[[Handler], Handler]:
    """Register a handler at ``/v1/me/<rest>``, and for a guardian, at a dependant's path.

    A guardian does for a dependant what they do for themselves (JN-30): the handler serves
    ``context.holder``. `own_errors` are raised only for oneself, `guardian_errors` only for a
    dependant. `contract` is the rest of that of :func:`endpoint`, without access.
    """

    def register(handler: Handler) -> Handler:
        endpoint(
            blueprint,
            method,
            f"/v1/me/{rest}",
            access=ANY_PERSON,
            errors=(*own_errors, *errors),
            **contract,
        )(handler)
        return endpoint(
            blueprint,
            method,
            f"/v1/me/dependants/{{dependant_id}}/{rest}",
            access=GUARDIAN_OF_DEPENDANT,
            errors=(*guardian_errors, *errors),
            name=f"dependants_{handler.__name__}",
            **contract,
        )(handler)

    return register


def _serve(
    request: Request, operation: Operation, handler: Handler, path: Mapping[str, str]
) -> Response:
    headers = {key.lower(): value for key, value in (request.headers or {}).items()}
    token = correlation.set(_correlation(request, headers))
    language = messages.negotiate(headers.get("accept-language"))
    status, code = 500, "internal_error"
    try:
        answer = _call(request, operation, handler, path, headers, language)
        status, code = answer.status_code, ""
    except AppError as error:
        answer = problem(error, language, now=bootstrap.container().clock.now())
        status, code = error.status, error.code
    except Exception:
        logger().exception("unhandled", extra={"route": operation.name})
        answer = problem(AppError(), language)
    finally:
        logger().info(
            "request",
            extra={"route": operation.name, "status": status, **({"code": code} if code else {})},
        )
        answer.headers["X-Correlation-Id"] = correlation.get()
        correlation.reset(token)
    return answer


def _call(
    request: Request,
    operation: Operation,
    handler: Handler,
    path: Mapping[str, str],
    headers: Mapping[str, str],
    language: str,
) -> Response:
    container = bootstrap.container()
    now = container.clock.now()
    parameters = {name: unquote(value) for name, value in path.items()}
    caller = operation.access.identify(headers, parameters, container, now)
    query = dict(request.query_params or {})
    context = RequestContext(
        container=container,
        now=now,
        language=language,
        correlation=correlation.get(),
        address=str((request.context.get("identity") or {}).get("sourceIp", "")),
        headers=headers,
        raw_body=_raw(request),
        _venue_id=parameters.pop("venue_id", ""),
        _dependant_id=parameters.pop("dependant_id", ""),
        _reads=operation.path.rpartition("}/")[2],
        _caller=caller,
        _query=parse_query(operation.query, query) if operation.query else None,
        _body=parse(operation.request, _raw(request), today=local_day(now, CHINA))
        if operation.request
        else None,
    )
    result = handler(context, **parameters)
    answer = result if isinstance(result, Answer) else Answer(result)
    body = answer.body
    kind = _FileResponse if isinstance(body, bytes) else Response
    return kind(
        body.model_dump_json() if isinstance(body, BaseModel) else body,
        status_code=answer.status,
        headers={
            "Content-Type": operation.content_type,
            "Content-Language": language,
            **_SECURITY,
            **answer.headers,
        },
    )


class _FileResponse(Response):
    """A file. API Gateway decodes it for every client, because all media types are binary there."""

    def to_dict(self, _: list[str] | None = None) -> dict[str, Any]:
        """Return the response in base64, whatever media types Chalice knows as binary."""
        encoded = Response(b64encode(self.body).decode(), self.headers, self.status_code)
        return {**encoded.to_dict(), "isBase64Encoded": True}


_SECURITY = {
    "Cache-Control": "no-store",
    "Strict-Transport-Security": "max-age=63072000; includeSubDomains",
    "X-Content-Type-Options": "nosniff",
}


def problem(error: AppError, language: str, *, now: datetime | None = None) -> Response:
    """Return the problem+json response for `error`, in `language` (RFC 9457).

    `now` is needed for `TooMany`, and for ``clock_skewed``, by which a client corrects its clock.
    """
    params = dict(error.params)
    if isinstance(error, TooMany) and now is not None:
        params["when"] = waiting.until(error.retry_after, now=now, language=language)
    detail = messages.text(error.text, language, **params)
    body: dict[str, Any] = {
        "type": f"urn:venuecode:error:{error.code}",
        "title": error.code.replace("_", " "),
        "status": error.status,
        "detail": detail,
        "code": error.code,
    }
    if isinstance(error, BadInput):
        body["errors"] = [
            {
                "pointer": fault.pointer,
                "code": fault.code,
                "detail": messages.text(f"field.{fault.code}", language, **dict(fault.params)),
            }
            for fault in error.fields
        ]
    if error.code == "clock_skewed" and now is not None:
        body["server_time"] = rfc3339(now)
    if isinstance(error, StrongerLogin):
        body["accepted"] = list(error.accepted)
    if isinstance(error, Unhealthy):
        body["checks"] = list(error.checks)
    headers: dict[str, str | list[str]] = {
        "Content-Type": "application/problem+json",
        "Content-Language": language,
        **_SECURITY,
    }
    if isinstance(error, TooMany | Unavailable | Unhealthy):
        headers["Retry-After"] = str(error.retry_after)
    if isinstance(error, Unauthenticated):
        # RFC 9110 wants it. A REST API's gateway sends it as x-amzn-Remapped-WWW-Authenticate
        # (API Gateway Developer Guide, "Important notes"), so that clients must not need it.
        headers["WWW-Authenticate"] = "Bearer"
    return Response(json.dumps(body, ensure_ascii=False), headers, error.status)


def _correlation(request: Request, headers: Mapping[str, str]) -> str:
    given = headers.get("x-correlation-id", "")
    return given if _CORRELATION.fullmatch(given) else str(request.context.get("requestId", "-"))


def _raw(request: Request) -> bytes:
    raw: bytes | str | None = request.raw_body
    return raw if isinstance(raw, bytes) else (raw or "").encode()
