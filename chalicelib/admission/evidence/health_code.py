"""The health code's colour; its texts are shown only to the person (YK-34)."""

from datetime import timedelta
from typing import Literal

from chalicelib.admission.evidence.kind import Kind
from chalicelib.identity.providers import ProviderName

Background = Literal["green", "yellow", "red", "light_green", "grey"]
_COLOURS: tuple[Background, ...] = ("green", "yellow", "red", "light_green")
KIND = Kind(
    ProviderName.HEALTH_CODE,
    "h",
    _COLOURS,
    reads=("reason", "group", "lifting", "report_to"),
    fresh=timedelta(minutes=1),
    required=lambda _: True,
)


def background(state: str) -> Background:
    """Return the colour of a pass's background (YK-35): the colour of its health code.

    It is grey without a colour: pending, unknown, unconfirmed or absent.
    """
    return next((colour for colour in _COLOURS if colour == state), "grey")


def is_reported(state: str) -> bool:
    """Return whether the holder of this colour must report to an authority (JN-24, JN-25)."""
    return state in ("yellow", "red")
