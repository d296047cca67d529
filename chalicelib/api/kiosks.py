"""Routes of kiosks: pairing, and the cards of people whose document was read there."""

from collections.abc import Mapping
from datetime import datetime

from chalice.app import Blueprint

from chalicelib.admission.kiosks import CardShown
from chalicelib.admission.schemas import CardRequest, KioskCard
from chalicelib.api.access import ANYONE, Access, bearer
from chalicelib.api.endpoint import Answer, RequestContext, endpoint, milliseconds
from chalicelib.bootstrap import Container
from chalicelib.identity.devices import Device
from chalicelib.identity.registration import Entry
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


@endpoint(
    routes,
    "POST",
    "/v1/kiosks/cards",
    access=ANY_KIOSK,
    request=CardRequest,
    response=KioskCard,
    statuses=(202,),
    errors=("clock_skewed", "nonce_reused", "too_many_requests"),
)
def ask_for_card(context: RequestContext) -> Answer:
    """Ask for the paper pass of a person whose document was read; the result takes two seconds."""
    body = context.body(CardRequest)
    asked = context.container.kiosk_cards.request(
        context.caller(Device),
        Entry(body.name, body.document_type, body.document_number),
        body.form,
        replaces=body.replace,
        submission=context.submission(body.nonce),
    )
    return Answer(_card(asked), 202)


@endpoint(
    routes,
    "GET",
    "/v1/kiosks/cards/{card_id}",
    access=ANY_KIOSK,
    response=KioskCard,
    errors=("not_found",),
)
def get_kiosk_card(context: RequestContext, card_id: str) -> KioskCard:
    """Return a card that this kiosk has asked for; when it is ready, with a link to the file."""
    kiosk = context.caller(Device)
    return _card(context.container.kiosk_cards.card(kiosk, card_id, now=context.now))


def _card(shown: CardShown) -> KioskCard:
    wait = shown.poll_after
    return KioskCard(
        card_id=shown.card_id,
        form=shown.form,  # type: ignore[arg-type]  # as it was requested
        status=shown.state.value,
        poll_after_ms=None if wait is None else milliseconds(wait),
        url=shown.url,
        expires_at=shown.expires_at,
    )
