"""What ministack's API Gateway lacks: methods that are served from a bucket.

The client's files are. API Gateway Developer Guide, *Tutorial: Create a REST API as an Amazon S3
proxy*. The role's rights are not checked.
"""

import re
from collections.abc import Awaitable, Callable, Mapping
from typing import Any
from urllib.parse import unquote

from ministack.services import apigateway_v1 as gateway
from ministack.services import s3

_Answer = tuple[int, dict[str, str], bytes]
_INTEGRATION, _METHOD = "integration.request.path.", "method.request.path."
_HEADER, _FROM_HEADER = "method.response.header.", "integration.response.header."


def serve_from_buckets() -> None:
    """Let an integration of the type AWS read a file from S3."""
    invoke: Callable[..., Awaitable[_Answer]] = gateway._invoke_lambda_custom_v1

    async def invoke_service(integration: dict[str, Any], *given: Any, **options: Any) -> _Answer:
        spec = gateway._parse_service_integration_uri(integration.get("uri", ""))
        if not spec or spec[1:3] != ("s3", "path"):
            return await invoke(integration, *given, **options)
        return _file(integration, spec[3], path_params=given[-1] or {})

    gateway._invoke_lambda_custom_v1 = invoke_service


def _file(integration: dict[str, Any], address: str, path_params: Mapping[str, str]) -> _Answer:
    for name, source in integration.get("requestParameters", {}).items():
        placeholder = "{" + name.removeprefix(_INTEGRATION) + "}"
        address = address.replace(placeholder, path_params[source.removeprefix(_METHOD)])
    bucket, _, key = unquote(address).partition("/")
    status, headers, body = s3._get_object(bucket, key, {})
    found = {name.lower(): value for name, value in headers.items()}
    responses = integration.get("integrationResponses", {}).values()
    matching = (
        one for one in responses if re.fullmatch(one.get("selectionPattern") or "$", str(status))
    )
    default: dict[str, Any] = next(
        (one for one in responses if not one.get("selectionPattern")), {}
    )
    response = next(matching, default)
    sent = {"Content-Type": found.get("content-type", "application/json")}
    for name, source in response.get("responseParameters", {}).items():
        value = source[1:-1] if source.startswith("'") else None
        value = value or found.get(source.removeprefix(_FROM_HEADER).lower())
        if value is not None:
            sent[name.removeprefix(_HEADER)] = value
    template = response.get("responseTemplates", {}).get("application/xml")
    return int(response.get("statusCode", status)), sent, template.encode() if template else body
