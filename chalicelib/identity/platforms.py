"""Mini-program platforms, which authenticate an account and the phone of its user.

The mini-program gets a proof from its platform: a code of ``wx.login`` or ``my.getAuthCode``, or
the result of the phone-number button (a code, or an encrypted number). The server redeems the proof
at the platform. A proof that is used, expired or forged is refused, and the mini-program requests
a new one.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple, Protocol


class PlatformName(StrEnum):
    """The platforms that people can log in with (JN-14, YK-27)."""

    WECHAT = "wechat"
    ALIPAY = "alipay"

    @property
    def dates_phones(self) -> bool:
        """Whether a phone proof works once, for minutes only. Alipay's carries no time."""
        return self is PlatformName.WECHAT


class PlatformAccount(NamedTuple):
    """A user of a platform. The same user has another `user_id` in each mini-program."""

    platform: PlatformName
    app_id: str
    user_id: str

    @property
    def program(self) -> str:
        """The mini-program, within which a user has one account."""
        return f"{self.platform}:{self.app_id}"

    @property
    def canonical(self) -> str:
        """The account's text for the blind index, in hexadecimal because the index ignores case."""
        return f"{self.platform}:{self.app_id.encode().hex()}:{self.user_id.encode().hex()}"


@dataclass(frozen=True)
class PhoneProof:
    """The result of the phone-number button: WeChat's code; Alipay's text and signature."""

    text: str
    signature: str = ""


class Platform(Protocol):
    """A platform. The adapters are in ``adapters/platforms``.

    Both calls raise Unprocessable ``client_not_offered`` if the deployment has no mini-program on
    this platform, TooMany if the platform's rate limit is exceeded, Unavailable if it fails.
    """

    def account(self, code: str) -> PlatformAccount:
        """Redeem a login code, and return the account. Cost: one request.

        Raises Unauthenticated ``platform_code_invalid`` for a code that is wrong, used or expired;
        Forbidden ``platform_account_blocked`` for a user blocked by the platform.
        """

    def phone(self, proof: PhoneProof) -> str:
        """Redeem a phone proof, and return the phone number (E.164).

        Raises Unprocessable ``phone_proof_invalid`` for a proof that is wrong, used or expired.
        """
