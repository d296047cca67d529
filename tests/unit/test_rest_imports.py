"""What the local cloud's API Gateway does with an imported document."""

import subprocess
import sys

from tests.support import ROOT

# In a process of its own, because it changes ministack's modules.
_UPDATE = """
from infra.local.rest_imports import complete_rest_imports
from ministack.services import apigateway_v1 as gateway
from ministack.services.cloudformation import provisioners

complete_rest_imports()

def properties(*paths):
    leads = {"x-amazon-apigateway-integration": {"type": "mock", "responses": {}}}
    operations = {path: {"get": leads} for path in paths}
    return {"Body": {"info": {"title": "x", "version": "1"}, "paths": operations}}

before, after = properties("/old", "/kept"), properties("/kept", "/new")
kind = "AWS::ApiGateway::RestApi"
made, _ = provisioners._provision_resource(kind, "RestAPI", before, "stack")
updated, _ = provisioners._update_resource(kind, made, before, after, "stack", "RestAPI")
paths = sorted(one["path"] for one in gateway._resources[updated].values())
print(made == updated, *paths)
"""


def test_a_changed_api_keeps_its_address() -> None:
    """As on AWS: partners' callbacks and clients keep the URL after a deployment."""
    ran = subprocess.run(  # noqa: S603 (this interpreter)
        [sys.executable, "-c", _UPDATE], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert ran.returncode == 0, ran.stderr[-2000:]
    assert ran.stdout.split() == ["True", "/", "/kept", "/new"]
