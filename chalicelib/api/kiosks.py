"""Routes of kiosks: pairing, and the cards of people whose document was read there."""

from collections.abc import Mapping
from datetime import datetime

from chalice.app import Blueprint

from chalicelib.api.access import ANYONE, Access, bearer
from chalicelib.api.endpoint import Answer, RequestContext, endpoint
from chalicelib.bootstrap import Container
from chalicelib.identity.devices import Device
from chalicelib.identity.schemas import PairedKiosk, PairingRequest

routes = Blueprint(__name__)


class KioskCredential:
    """Authentication of a kiosk by its credential."""

    __slots__ = ()
    scheme = "kiosk"
    definition: Mapping[str, str] = {
        "type": "http",
        "scheme": "bearer",
        "bearerFormat": "VK1",
        "description": "The `credential` of a paired kiosk: `POST /v1/kiosks/pair`.",
    }
    errors = ("token_missing", "token_invalid", "device_revoked")

    def authenticate(
        self, headers: Mapping[str, str], container: Container, now: datetime
    ) -> Device:
        """Return the kiosk. Cost: one strongly consistent GetItem."""
        return container.device_credentials.authenticate(bearer(headers), now=now)


ANY_KIOSK = Access[Device](
    "Only a paired kiosk may call this.", authenticator=KioskCredential(), callers=["kiosk"]
)


@endpoint(
    routes,
    "POST",
    "/v1/kiosks/pair",
    access=ANYONE,
    request=PairingRequest,
    response=PairedKiosk,
    statuses=(201,),
    errors=("pairing_code_invalid", "too_many_requests"),
)
def pair_kiosk(context: RequestContext) -> Answer:
    """Exchange a pairing code for the kiosk's credential; it works once."""
    paired = context.container.device_credentials.pair(
        context.body(PairingRequest).pairing_code, address=context.address, now=context.now
    )
    shown = PairedKiosk(kiosk_id=paired.device_id, credential=paired.credential)
    return Answer(shown, 201)
