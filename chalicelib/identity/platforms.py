"""Mini-program platforms: they say whose account logs in, and which phone is theirs.

A platform hands its proofs to the mini-program on the phone (``wx.login`` and
``my.getAuthCode`` a code; the phone-number button a code, or a sealed number), which hands them
to us; we redeem them at the platform. A proof that was redeemed, is too old or is not genuine is
refused, and the mini-program asks its platform for a new one.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol


class PlatformName(StrEnum):
    """The platforms that people log in with (JN-14, YK-27)."""

    WECHAT = "wechat"
    ALIPAY = "alipay"


@dataclass(frozen=True)
class PlatformAccount:
    """A user of a platform, which gives the same user another id in each mini-program."""

    platform: PlatformName
    app_id: str
    user_id: str

    @property
    def canonical(self) -> str:
        """Return one text per account for the blind index, which ignores the case of letters."""
        return f"{self.platform}:{self.app_id.encode().hex()}:{self.user_id.encode().hex()}"


@dataclass(frozen=True)
class PhoneProof:
    """The result of the phone-number button: WeChat's code; Alipay's sealed text and signature."""

    text: str
    signature: str = ""


class Platform(Protocol):
    """One platform; the adapters are in ``adapters/platforms``.

    Both calls raise Unprocessable ``client_not_offered`` when the deployment has no mini-program
    there, TooMany when the platform refuses further calls, Unavailable when it does not answer.
    """

    def account(self, code: str) -> PlatformAccount:
        """Redeem a login code.

        Raises Unauthenticated ``platform_code_invalid`` for one that is wrong, used or too old;
        Forbidden ``platform_account_blocked`` for a user whom the platform itself blocks.
        """

    def phone(self, proof: PhoneProof) -> str:
        """Redeem a phone proof; return the phone number (E.164).

        Raises Unprocessable ``phone_proof_invalid`` for a proof that is wrong, used or too old.
        """
