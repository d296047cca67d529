"""Schemas of the paired phones of staff, and of what they upload late."""

from typing import Annotated, Literal

from pydantic import Field

from chalicelib.admission.schemas_scan import PASS_EXAMPLE, PASS_PATTERN, TemperatureBand
from chalicelib.core.fields import Moment, Nonce, Request, Response, ScanId, described
from chalicelib.core.ids import CHARACTER, PATTERN

DeviceId = Annotated[str, described("phn_7RHYG5G075CMMCW9", pattern=f"^phn_{PATTERN}$")]


class PhonePairing(Request):
    """Pair the phone that sends this."""

    nonce: Nonce


class PhonePaired(Response):
    """A paired phone. Keep the secret on the phone: it signs late uploads."""

    device_id: DeviceId
    secret: Annotated[
        str, described("7RHYG5G075CMMCW932P3WWT3Y0B8J32H", pattern=f"^{CHARACTER}{{32}}$")
    ]
    paired_at: Moment


class PhoneShown(Response):
    """A paired phone of the caller."""

    device_id: DeviceId
    paired_at: Moment


class PhoneList(Response):
    """The caller's paired phones, the oldest first; five at most."""

    items: list[PhoneShown]


class LateScanRequest(Request):
    """A pass that a phone scanned while it was offline, signed by the phone."""

    nonce: Nonce
    """Its time is that of the scan, at most seven days ago."""
    pass_code: Annotated[
        str,
        Field(min_length=1, max_length=200),
        described(
            PASS_EXAMPLE,
            pattern=PASS_PATTERN,
            accepts="lower case, full-width characters, and what scanners add",
        ),
    ]
    temperature: TemperatureBand | None = None
    device_id: Annotated[str, Field(max_length=40), described("phn_7RHYG5G075CMMCW9")]
    signature: Annotated[
        str,
        Field(max_length=80),
        described(f"v1={'0' * 64}", pattern="^v1=[0-9a-f]{64}$"),
    ]
    """`v1=` and the hexadecimal HMAC-SHA256, under the phone's secret, over six lines: `late-scan`,
    `device_id`, the venue's id, `nonce` in lower case, `pass_code` as it is sent, and `temperature`
    or an empty line."""


class LateScanShown(Response):
    """A late upload that was recorded. It is judged, but the result is not shown to staff."""

    scan_id: ScanId
    status: Literal["recorded"] = "recorded"
    scanned_at: Moment
    received_at: Moment
