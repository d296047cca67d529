"""A secret that operators change, so that of two changes at once none is lost."""

import json
from typing import Any

from botocore.exceptions import ClientError

from infra.ops.deployment import Deployment

_REFUSED = ("InvalidParameterException", "InvalidRequestException")


class Secret:
    """The key-value pairs of the secret whose id is an output of the deployment's stack."""

    def __init__(self, deployment: Deployment, output: str) -> None:
        """Read the secret. Cost: one GetSecretValue."""
        self._manager: Any = deployment.client("secretsmanager")
        self._id = deployment.outputs[output]
        found = self._current()
        self._version = found["VersionId"]
        self.pairs: dict[str, str] = json.loads(found["SecretString"])

    def write(self, pairs: dict[str, str]) -> None:
        """Make `pairs` the value, if it is still the one that was read. Raises SystemExit if not.

        Secrets Manager moves the label AWSCURRENT only from the version that has it (API reference,
        UpdateSecretVersionStage: RemoveFromVersionId). Until then readers get the former value.
        Cost: one PutSecretValue and one UpdateSecretVersionStage; one GetSecretValue if refused.
        """
        written = self._manager.put_secret_value(
            SecretId=self._id, SecretString=json.dumps(pairs), VersionStages=["AWSPENDING"]
        )["VersionId"]
        try:
            self._manager.update_secret_version_stage(
                SecretId=self._id,
                VersionStage="AWSCURRENT",
                MoveToVersionId=written,
                RemoveFromVersionId=self._version,
            )
        except ClientError as error:
            if error.response["Error"]["Code"] not in _REFUSED:
                raise
            # The SDK's own retry after a lost answer finds the label moved already.
            if self._current()["VersionId"] != written:
                raise SystemExit(
                    "Nothing was changed: the secret was changed meanwhile. See what it is now, "
                    f"and run the command again if need be. ({error})"
                ) from None
        self._version, self.pairs = written, pairs

    def _current(self) -> Any:
        return self._manager.get_secret_value(SecretId=self._id, VersionStage="AWSCURRENT")
