"""What a mini-program platform is to us: it says whose account logs in, and which phone is theirs.

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
    """A user as the platform knows them; the platform gives each mini-program ids of its own."""

    platform: PlatformName
    app_id: str
    user_id: str

    @property
    def canonical(self) -> str:
        """One text per account, for the blind index, which does not tell letters' cases apart."""
        return f"{self.platform}:{self.app_id.encode().hex()}:{self.user_id.encode().hex()}"


@dataclass(frozen=True)
class PhoneProof:
    """What the phone-number button gave: WeChat a code; Alipay a sealed text and its signature."""

    text: str
    signature: str = ""


class Platform(Protocol):
    """One platform; the adapters are in ``adapters/platforms``.

    Both calls raise Unprocessable ``client_not_offered`` when the deployment has no mini-program
    there, TooMany when the platform has had enough, Unavailable when it does not answer.
    """

    def account(self, code: str) -> PlatformAccount:
        """Redeem a login code.

        Raises Unauthenticated ``platform_code_invalid`` for one that is wrong, used or too old;
        Forbidden ``platform_account_blocked`` for a user whom the platform itself holds back.
        """

    def phone(self, proof: PhoneProof) -> str:
        """The phone number (E.164) that `proof` stands for.

        Raises Unprocessable ``phone_proof_invalid`` for a proof that is wrong, used or too old.
        """
