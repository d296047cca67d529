"""What a record of the table's stream means to us; most mean nothing."""

import base64
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from chalicelib.admission.snapshots import Prefetch
from chalicelib.admission.store.prefetches import is_prefetch, read_prefetch
from chalicelib.admission.store.scans import is_scan, read_scan
from chalicelib.core.keys import Key
from chalicelib.core.table import Raw
from chalicelib.identity.people import Profile, Verification
from chalicelib.identity.store.people import is_profile, read_registration
from chalicelib.insight.counters import ScanChange
from chalicelib.venues.store.posters import is_poster, read_poster_request
from chalicelib.venues.venue import PosterRecord, PosterState


@dataclass(frozen=True)
class RegistrationChange:
    """Somebody registered, or edited their registration: it is to be verified."""

    profile: Profile
    correlation: str


@dataclass(frozen=True)
class PosterChange:
    """A poster was asked for."""

    poster: PosterRecord
    correlation: str


Change = ScanChange | RegistrationChange | PosterChange | Prefetch


def read(record: Mapping[str, Any]) -> Change | None:
    """The meaning of one record, as Lambda delivers it, or None. Raises on what it cannot read."""
    body = record["dynamodb"]
    if "NewImage" not in body:
        return None  # what vanishes by retention or erasure sets nothing in motion
    key = Key(body["Keys"]["pk"]["S"], body["Keys"]["sk"]["S"])
    new = _image(body["NewImage"])
    old = _image(body["OldImage"]) if body.get("OldImage") else None
    if is_scan(key):
        before = read_scan(old) if old else None
        return ScanChange(key.pk, body["SequenceNumber"], before, read_scan(new))
    if is_profile(key):
        profile, correlation = read_registration(new)
        edited = old is None or read_registration(old)[0].registration != profile.registration
        if edited and profile.verification is Verification.PENDING:
            return RegistrationChange(profile, correlation)
    if is_prefetch(key):
        return read_prefetch(new)
    if is_poster(key):
        poster, correlation = read_poster_request(new)
        asked = old is None or read_poster_request(old)[0].requested_at != poster.requested_at
        if asked and poster.state is PosterState.PENDING:
            return PosterChange(poster, correlation)
    return None


def _image(image: Mapping[str, Any]) -> Raw:
    """An image as the table's own answers look: in events, bytes come as base64."""
    return {
        name: {"B": base64.b64decode(value["B"])} if "B" in value else dict(value)
        for name, value in image.items()
    }
