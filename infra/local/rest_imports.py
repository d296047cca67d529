"""What ministack's API Gateway lacks when an OpenAPI document is imported.

Ministack takes the document of CloudFormation's template alone, and of an operation only where it
leads. Here ImportRestApi and PutRestApi take theirs, and all of them also keep a mock's answers
(preflights), the gateway's own responses and the binary media types.
"""

import json
from collections.abc import Awaitable, Callable
from typing import Any

from ministack.services import apigateway_v1 as gateway
from ministack.services.cloudformation import provisioners

_Answer = tuple[int, dict[str, str], bytes]


def complete_rest_imports() -> None:
    """Let ImportRestApi, PutRestApi and CloudFormation import all that Chalice and SAM write."""
    import_operation, import_api = gateway._import_operation, gateway._import_rest_api
    handle: Callable[..., Awaitable[_Answer]] = gateway.handle_request

    def import_whole_operation(
        api_id: str, resource_id: str, method: str, operation: Any, *rest: Any
    ) -> None:
        import_operation(api_id, resource_id, method, operation, *rest)
        integration = (operation or {}).get("x-amazon-apigateway-integration") or {}
        made = gateway._resources[api_id][resource_id]["resourceMethods"][method]
        for field in (
            *("requestParameters", "requestTemplates"),
            *("passthroughBehavior", "contentHandling"),
        ):
            if field in integration:
                made["methodIntegration"][field] = integration[field]
        for pattern, response in (integration.get("responses") or {}).items():
            selection = {} if pattern == "default" else {"selectionPattern": pattern}
            at = (api_id, resource_id, method, str(response["statusCode"]))
            headers = dict.fromkeys(response.get("responseParameters") or {}, False)
            gateway._put_method_response(*at, {"responseParameters": headers})
            gateway._put_integration_response(*at, {**response, **selection})

    def import_whole_api(spec: Any, base: Any = None) -> str:
        api_id: str = import_api(spec, base)
        _put_beside(api_id, spec)
        return api_id

    async def handle_imports(
        verb: str, path: str, headers: Any, body: bytes, query: dict[str, Any]
    ) -> _Answer:
        parts = path.strip("/").split("/")
        mode = gateway._qp(query, "mode")
        if (verb, parts, mode) == ("POST", ["restapis"], "import"):
            endpoint = gateway._qp(query, "endpointConfigurationTypes", "EDGE")
            made = import_whole_api(
                json.loads(body), {"endpointConfiguration": {"types": [endpoint]}}
            )
            return _answer(gateway._get_rest_api(made), 201)
        if verb == "PUT" and len(parts) == 2 and parts[0] == "restapis":
            if parts[1] not in gateway._rest_apis:
                return _answer(gateway._get_rest_api(parts[1]))
            _put_rest_api(parts[1], json.loads(body), overwrite=mode == "overwrite")
            return _answer(gateway._get_rest_api(parts[1]))
        return await handle(verb, path, headers, body, query)

    update = gateway._update_rest_api

    def update_lists_too(api_id: str, change: dict[str, Any]) -> _Answer:
        """Take an element of a list out or in; ministack would make an object of the list."""
        rest = [op for op in change.get("patchOperations", []) if not _patch_media_type(api_id, op)]
        return _answer(update(api_id, {"patchOperations": rest}))

    gateway._update_rest_api = update_lists_too
    matches = gateway._media_type_matches

    def matches_unescaped(media_type: str | None, kinds: Any) -> bool:
        """Patches write ``*~1*``, and who names no media type accepts every one."""
        return bool(matches(media_type or "*/*", [kind.replace("~1", "/") for kind in kinds or ()]))

    gateway._media_type_matches = matches_unescaped
    _keep_ids_in_updates()
    gateway._import_operation = import_whole_operation
    gateway._import_rest_api = import_whole_api
    gateway.handle_request = handle_imports


def _keep_ids_in_updates() -> None:
    """Let CloudFormation overwrite an API's document; ministack would make an API of another id.

    AWS CloudFormation Template Reference, "AWS::ApiGateway::RestApi": an update of `Body` requires
    no interruption.
    """
    handlers = provisioners._RESOURCE_HANDLERS["AWS::ApiGateway::RestApi"]
    update: Callable[..., tuple[str, dict[str, Any]]] = handlers["update"]

    def update_in_place(
        api_id: str, before: dict[str, Any], after: dict[str, Any], *rest: Any
    ) -> tuple[str, dict[str, Any]]:
        spec = after.get("Body")
        if isinstance(spec, dict) and spec != before.get("Body"):
            _put_rest_api(api_id, spec, overwrite=True)
            before = {**before, "Body": spec}
        return update(api_id, before, after, *rest)

    handlers["update"] = update_in_place


def _answer(given: _Answer, status: int | None = None) -> _Answer:
    return (status or given[0], given[1], given[2])


def _patch_media_type(api_id: str, operation: dict[str, str]) -> bool:
    """Carry out an operation on the binary media types; return False if it is on something else."""
    _, found, name = operation["path"].partition("/binaryMediaTypes/")
    api = gateway._rest_apis.get(api_id)
    if not found or not api:
        return False
    kind = name.replace("~1", "/")
    kept = [one for one in api["binaryMediaTypes"] or [] if one != kind]
    api["binaryMediaTypes"] = [*kept, kind] if operation["op"] == "add" else kept
    return True


def _put_rest_api(api_id: str, spec: Any, *, overwrite: bool) -> None:
    """Replace the definition, or add to it.

    What was put beside the document, such as a gateway's response, goes when it is overwritten; the
    stages stay, and with them their settings.
    """
    if overwrite:
        roots = [one for one in gateway._resources[api_id].values() if one["path"] == "/"]
        for root in roots:
            root["resourceMethods"] = {}
        gateway._resources[api_id] = {root["id"]: root for root in roots}
        for kept in (gateway._authorizers_v1, gateway._models, gateway._gateway_responses):
            kept[api_id] = {}
        gateway._rest_apis[api_id]["name"] = spec["info"]["title"]
    schemes = gateway._import_security_schemes(api_id, spec)
    for path, operations in (spec.get("paths") or {}).items():
        gateway._import_path_item(api_id, path, operations, schemes, spec.get("security"))
    _put_beside(api_id, spec)


def _put_beside(api_id: str, spec: Any) -> None:
    """Take what a document says of the whole API."""
    kinds = spec.get("x-amazon-apigateway-binary-media-types")
    if kinds is not None:
        gateway._rest_apis[api_id]["binaryMediaTypes"] = list(kinds)
    for kind, response in (spec.get("x-amazon-apigateway-gateway-responses") or {}).items():
        gateway._put_gateway_response(api_id, kind, response)
