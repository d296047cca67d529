"""What an action requires: a confirmed phone, a strong session, or a proof made for it (YK-29).

`RULES` is the one table. A **strength** is the session's authentication. A **proof** concerns one
named person and one request: it says nothing about the session, and is used up by the action.
"""

from collections.abc import Mapping
from enum import StrEnum
from typing import NamedTuple

from chalicelib.core.errors import Forbidden, StrongerLogin
from chalicelib.identity.people import Actor, Strength


class Action(StrEnum):
    """An action that requires more than a session."""

    REGISTER = "register"
    ADD_CHILD = "add_child"
    ADD_ELDER = "add_elder"
    TAKE_OVER = "take_over"
    EXPORT = "export"
    ERASE = "erase"
    REPLACE_PHONE = "replace_phone"


class Proof(StrEnum):
    """A proof for one action.

    ``SUBJECT_FACE``: the face of the person named in the request (`checks.IdentityChecks.spend`).
    ``HOUSEHOLD``: the register of households knows both persons in one (`households.Households`).
    ``CONSENT``: a code that the person named in the request made on their own phone.
    ``SAME_PHONE``: the actor got the phone of the person named in the request (`accounts`).
    ``FORMER_PHONE``: a code sent to the phone that is replaced.
    ``DOCUMENT``: the number of the document that the actor is registered with.
    """

    SUBJECT_FACE = "subject_face"
    HOUSEHOLD = "household"
    CONSENT = "consent"
    SAME_PHONE = "same_phone"
    FORMER_PHONE = "former_phone"
    DOCUMENT = "document"


class Rule(NamedTuple):
    """The requirements of an action. An empty set requires nothing."""

    phone: bool = False
    """Whether the actor has confirmed a phone, in this session or before."""
    strengths: frozenset[Strength] = frozenset()
    """The session has one of these."""
    proofs: frozenset[Proof] = frozenset()
    """The request brings one of these."""


_PHONE_OR_STRONGER = frozenset({Strength.PHONE, Strength.PAYMENT_PASSWORD, Strength.FACE})

RULES: Mapping[Action, Rule] = {
    # Staff are found by name, number and phone (JN-6), and a person without a phone may still be
    # merged into another.
    Action.REGISTER: Rule(phone=True),
    Action.ADD_CHILD: Rule(proofs=frozenset({Proof.SUBJECT_FACE, Proof.HOUSEHOLD})),
    Action.ADD_ELDER: Rule(proofs=frozenset({Proof.SUBJECT_FACE, Proof.CONSENT})),
    # The face of the record's name and number. The session's strength is not enough: it was checked
    # against the identity that the actor was registered under at that time.
    # Who lost the phone to the actor is the actor, if name and number are the same.
    Action.TAKE_OVER: Rule(phone=True, proofs=frozenset({Proof.SUBJECT_FACE, Proof.SAME_PHONE})),
    Action.EXPORT: Rule(strengths=_PHONE_OR_STRONGER),
    Action.ERASE: Rule(strengths=_PHONE_OR_STRONGER),
    Action.REPLACE_PHONE: Rule(proofs=frozenset({Proof.FORMER_PHONE, Proof.DOCUMENT})),
}


def require(actor: Actor, action: Action, proof: Proof | None = None) -> None:
    """Raise Forbidden unless the actor may do `action` with `proof`.

    ``phone_required`` without a confirmed phone. Otherwise StrongerLogin
    (``stronger_login_needed``), which lists what would be accepted. The caller has verified
    `proof`, or verifies it next: this is only the rule.
    """
    rule = RULES[action]
    if rule.phone and not actor.profile.phone:
        raise Forbidden("phone_required")
    if rule.strengths and actor.session.strength not in rule.strengths:
        raise StrongerLogin(action, sorted(rule.strengths))
    if rule.proofs and proof not in rule.proofs:
        raise StrongerLogin(action, sorted(rule.proofs))
