"""Health declarations over signed HTTP: ``POST /v1/health_code/declarations``.

200 with ``{"status": "accepted"}`` means that the provider has it, 404 that it does not know the
person. Anything else is a fault.
"""

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from chalicelib.adapters.partners import Partner, PartnerFault
from chalicelib.identity.providers import ProviderFault, ProviderName, Subject

_NAME = ProviderName.HEALTH_CODE


class HttpHealthDeclarations:
    """The intake of declarations over the signed protocol. See `providers.HealthDeclarations`."""

    def __init__(self, partner: Partner) -> None:
        self._partner = partner

    def declare(self, subject: Subject, declaration: Mapping[str, Any], *, request_id: str) -> bool:
        """See `HealthDeclarations.declare`. The transport may retry the request once."""
        body = {"request_id": request_id, **asdict(subject), **declaration}
        try:
            status, answer = self._partner.post(f"/v1/{_NAME}/declarations", body)
        except PartnerFault as fault:
            raise ProviderFault(f"{_NAME}: {fault}", fault.kind) from fault
        if (status, answer.get("status")) == (200, "accepted"):
            return True
        if (status, answer.get("status")) == (404, "absent"):
            return False
        raise ProviderFault(f"{_NAME}: status {status}")
