"""Passes: what a visitor shows to the staff's scanner, as text of a QR code (JN-21, JN-28, GO-4).

    VP1.L.<key id>.<person, 16>.<minted at, ms, 9>.<MAC, 16>                    live
    VP1.C.<key id>.<person, 16>.<minted at, ms, 9>.<guardian, 16>.<MAC, 16>     companion
    VP1.P.<key id>.<person, 16><serial, 12><MAC, 13>                            paper

Passes are in capitals, so that their QR stays in alphanumeric mode. A paper pass has at most 50
characters, for QR version 4 at level H. Each kind has a key of its own, so that none is valid as
another.

A live pass proves that it is fresh: a screenshot is valid for 90 s. A person has one a minute, so
that who asks often cannot enter often with it. A companion pass is the live
pass of a dependant on the phone of their guardian (YK-6). A paper pass only identifies; whether its
serial is valid stands in the person's record. No pass contains the colour of the health code.
"""

import hmac
from datetime import datetime, timedelta
from enum import StrEnum
from typing import NamedTuple

from chalicelib.core import ids, normalisation
from chalicelib.core.clock import epoch_ms, from_epoch_ms
from chalicelib.core.crypto import KeyRing
from chalicelib.core.errors import BadInput, Unprocessable
from chalicelib.identity.people import IssuedPass, PersonRecord, Profile

REFRESH = timedelta(seconds=60)
ACCEPTED = timedelta(seconds=90)
_SPREAD = timedelta(seconds=20)
_MILLISECOND = timedelta(milliseconds=1)
_AHEAD = timedelta(seconds=30)  # the largest difference between the clocks of two processes
_LIVE, _COMPANION, _PAPER = "L", "C", "P"
_PURPOSES = {_LIVE: "pass", _COMPANION: "companion-pass", _PAPER: "paper-pass"}
SERIAL = 12
"""The length of a paper pass's serial."""
_PAPER_MAC = 13
MAX_LENGTH = 80


class Pass(NamedTuple):
    """A live pass: its owner, and the time when it was minted (UTC, whole milliseconds).

    `guardian_id` is the person on whose phone it is shown, or empty for the owner's own phone.
    """

    person_id: str
    minted_at: datetime
    guardian_id: str = ""

    def is_live(self, at: datetime) -> bool:
        """Return whether the pass is accepted at `at`: for 90 s after it was minted."""
        return -_AHEAD <= at - self.minted_at <= ACCEPTED


class PaperPass(NamedTuple):
    """A paper pass: its owner and its serial."""

    person_id: str
    serial: str


class PassState(StrEnum):
    """The state of a paper pass. Only a valid one is accepted."""

    VALID = "valid"
    REPLACED = "replaced"
    REVOKED = "revoked"
    EXPIRED = "expired"


def minute_of(now: datetime, revoked_until: datetime | None = None) -> datetime:
    """Return the minting time of the pass that a person has at `now`: the beginning of the minute.

    Passes minted until `revoked_until` are revoked; then the next pass is minted just after it.
    """
    began = now.replace(second=0, microsecond=0)
    return began if revoked_until is None else max(began, revoked_until + _MILLISECOND)


def refresh_at(person_id: str, minted_at: datetime) -> datetime:
    """Return when the person's phone should ask for the next pass, while this one is still live.

    In the next minute, and for each person at another moment of its first 20 seconds: all phones
    would otherwise ask in the same second.
    """
    began = minted_at.replace(second=0, microsecond=0)
    share = ids.decode(_code(person_id)) % (_SPREAD // _MILLISECOND)
    return began + REFRESH + share * _MILLISECOND


def mint(person_id: str, *, now: datetime, ring: KeyRing, guardian_id: str = "") -> str:
    """Return a new live pass of a person, signed with the active key.

    `guardian_id` is the guardian who shows it for them, if any.
    """
    minted = f"{_code(person_id)}.{ids.encode_number(epoch_ms(now), 9)}"
    if guardian_id:
        return ".".join(_signed(_COMPANION, f"{minted}.{_code(guardian_id)}", ring))
    return ".".join(_signed(_LIVE, minted, ring))


def mint_paper(person_id: str, serial: str, *, ring: KeyRing) -> str:
    """Return the text of the paper pass with this serial, signed with the active key."""
    return "".join(_signed(_PAPER, f"{_code(person_id)}{serial}", ring))


def read(text: str, *, ring: KeyRing) -> Pass | PaperPass:
    """Return the pass in a scanned text, even if it is no longer live or valid.

    What scanners add to it is ignored (`normalisation.scanned`).

    Raises BadInput at ``/pass_code`` for a text that is no pass; Unprocessable ``pass_invalid`` for
    a pass that is altered, forged, of another deployment, or signed with a revoked key.
    """
    plain = normalisation.scanned(text).upper()
    parts = plain.split(".")
    if len(plain) > MAX_LENGTH or parts[0] != "VP1" or len(parts) < 4:
        raise BadInput.at("/pass_code", "pass")
    kind, key_id, *values = parts[1:]
    match kind, *values:
        case "L", person, minted, mac:
            guardian = ""
        case "C", person, minted, guardian, mac if ids.is_code(guardian):
            pass
        case "P", joined:
            return _read_paper(key_id, joined, ring)
        case _:
            raise BadInput.at("/pass_code", "pass")
    if not (ids.is_code(person) and ids.is_code(mac) and ids.is_number(minted, 9)):
        raise BadInput.at("/pass_code", "pass")
    _check(kind, key_id, ".".join(parts[:-1]), mac, ring)
    minted_at = from_epoch_ms(ids.decode(minted))
    return Pass(f"per_{person}", minted_at, guardian and f"per_{guardian}")


def state_of(issued: IssuedPass, profile: Profile | None, now: datetime) -> PassState:
    """Return the state of the pass on record of the person with this profile."""
    if issued.revoked or profile is None or profile.document_beginning != issued.document:
        return PassState.REVOKED
    return PassState.VALID if now < issued.expires_at else PassState.EXPIRED


def valid_pass(record: PersonRecord, now: datetime) -> IssuedPass | None:
    """Return the person's paper pass if it is valid, or None."""
    issued = record.paper_pass
    if issued is None or state_of(issued, record.profile, now) is not PassState.VALID:
        return None
    return issued


def _read_paper(key_id: str, joined: str, ring: KeyRing) -> PaperPass:
    if not ids.is_number(joined, ids.LENGTH + SERIAL + _PAPER_MAC):
        raise BadInput.at("/pass_code", "pass")
    signed, mac = joined[:-_PAPER_MAC], joined[-_PAPER_MAC:]
    _check(_PAPER, key_id, f"VP1.{_PAPER}.{key_id}.{signed}", mac, ring)
    return PaperPass(f"per_{signed[: ids.LENGTH]}", signed[ids.LENGTH :])


def _code(person_id: str) -> str:
    return person_id.removeprefix("per_")


def _signed(kind: str, contents: str, ring: KeyRing) -> tuple[str, str]:
    """Return the signed text of a new pass, and its MAC."""
    key_id = ring.active()
    body = f"VP1.{kind}.{key_id}.{contents}"
    return body, _mac(kind, key_id, body, ring)


def _check(kind: str, key_id: str, body: str, mac: str, ring: KeyRing) -> None:
    if not hmac.compare_digest(mac, _mac(kind, key_id, body, ring)):
        raise Unprocessable("pass_invalid")


def _mac(kind: str, key_id: str, body: str, ring: KeyRing) -> str:
    key = ring.key(_PURPOSES[kind], key_id)
    if key is None:
        raise Unprocessable("pass_invalid")
    digest = hmac.digest(key, body.encode(), "sha256")
    if kind == _PAPER:  # 13 characters hold 65 bits
        return ids.encode_number(int.from_bytes(digest[:9], "big") >> 7, _PAPER_MAC)
    return ids.encode(digest[:10])
