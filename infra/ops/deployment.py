"""Access to a deployment: the outputs of its stack, and the application's container."""

import os
from dataclasses import dataclass
from typing import Any

import boto3

from chalicelib.bootstrap import Container
from chalicelib.core.settings import Settings
from infra import stacks


@dataclass(frozen=True)
class Deployment:
    """A deployed stack's outputs, and clients with the operator's own rights."""

    stage: str
    outputs: dict[str, str]
    session: Any

    def client(self, service: str) -> Any:
        """Return a boto3 client of an AWS service."""
        return self.session.client(service)

    @property
    def base_url(self) -> str:
        """The API's URL, without a slash at the end.

        Raises SystemExit for what `chalice deploy` has deployed: no stack knows its URL.
        """
        if self.stage == "local":
            from infra.local.place import Place

            api = self.outputs["RestAPIId"]
            return f"{Place.from_environment().endpoint_url}/restapis/{api}/api/_user_request_"
        if "EndpointURL" not in self.outputs:
            raise SystemExit("Pass --url with the address that `chalice deploy` has printed.")
        return self.outputs["EndpointURL"].rstrip("/")

    def container(self) -> Container:
        """Return the application's container, with this deployment's table and keys."""
        outputs = self.outputs
        return Container(
            Settings.from_environment(
                {
                    "VC_STAGE": self.stage,
                    "VC_TABLE": outputs["TableName"],
                    "VC_BUCKET": outputs["BucketName"],
                    "VC_KEYS_SECRET": outputs["KeysSecretId"],
                    "VC_INDEX_SECRET": outputs["IndexSecretId"],
                    "VC_KMS_KEY": outputs["DataKeyArn"],
                }
            )
        )


def place(found: Deployment) -> str:
    """Return in which account and region a deployment is. Cost: one GetCallerIdentity."""
    account = found.client("sts").get_caller_identity()["Account"]
    return f"Account {account}, region {found.session.region_name}, stage {found.stage}."


def find(stage: str) -> Deployment:
    """Return the deployment of `stage`, with the environment's credentials and region.

    Raises SystemExit with an instruction if there is none.
    """
    whole = stacks.whole(stage)
    try:
        if stage == "local":
            from infra.local.place import environment

            os.environ.update(environment())
        session = boto3.Session()
        formation = session.client("cloudformation")
        around = (stacks.foundation(stage), stacks.wiring(stage))
        outputs = stacks.outputs(formation, whole)
        if outputs is None:  # deployed by `chalice deploy`, between two stacks
            found = [stacks.outputs(formation, stack) for stack in around]
            outputs = {key: text for part in found if part for key, text in part.items()}
        if not outputs:
            raise LookupError(f"neither {whole} nor {' and '.join(around)}")
    except Exception as error:
        raise SystemExit(
            f"There is no stack {whole} to be found: {error}\n"
            "Deploy it first (make deploy, or make run for the local cloud)."
        ) from None
    return Deployment(stage, outputs, session)
