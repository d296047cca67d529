"""Restore what the emulator's API Gateway drops from the template at a deployment.

It imports methods, but neither preflight responses, gateway responses nor binary media types; they
are read from the deployed template.
"""

import json
from pathlib import Path
from typing import Any


def repair(gateway: Any, api_id: str, template: Path) -> None:
    """Give the REST API `api_id` what was dropped, through boto3's `gateway`. Idempotent."""
    api = json.loads(template.read_text())["Resources"]["RestAPI"]["Properties"]
    methods = api["DefinitionBody"]["paths"]
    for resource in gateway.get_resources(restApiId=api_id, limit=500)["items"]:
        preflight = methods.get(resource["path"], {}).get("options")
        if preflight:
            _put_preflight(gateway, api_id, resource["id"], preflight)
    for kind, response in api["GatewayResponses"].items():
        _put_response(gateway, api_id, kind, response)
    for kind in api["DefinitionBody"]["x-amazon-apigateway-binary-media-types"]:
        path = f"/binaryMediaTypes/{kind.replace('/', '~1')}"
        gateway.update_rest_api(restApiId=api_id, patchOperations=[{"op": "add", "path": path}])
    gateway.create_deployment(restApiId=api_id, stageName=api["StageName"])


def _put_preflight(gateway: Any, api_id: str, resource_id: str, operation: dict[str, Any]) -> None:
    integration = operation["x-amazon-apigateway-integration"]
    headers = integration["responses"]["default"]["responseParameters"]
    method = {"restApiId": api_id, "resourceId": resource_id, "httpMethod": "OPTIONS"}
    gateway.put_integration(**method, type="MOCK", requestTemplates=integration["requestTemplates"])
    gateway.put_method_response(
        **method, statusCode="200", responseParameters=dict.fromkeys(headers, False)
    )
    gateway.put_integration_response(**method, statusCode="200", responseParameters=headers)


def _put_response(gateway: Any, api_id: str, kind: str, response: dict[str, Any]) -> None:
    headers = response["ResponseParameters"]["Headers"]
    status = {"statusCode": str(response["StatusCode"])} if "StatusCode" in response else {}
    gateway.put_gateway_response(
        restApiId=api_id,
        responseType=kind,
        responseParameters={f"gatewayresponse.header.{key}": text for key, text in headers.items()},
        responseTemplates=response["ResponseTemplates"],
        **status,
    )
