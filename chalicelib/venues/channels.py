"""How visitors of a region check in: its channels (SD-3, SD-4), and whether it takes paper passes.

Posters and the landing page name these and no others. A region's policy sets them.
"""

import re
from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from typing import NamedTuple, Protocol

MAX_CHANNELS = 6
_KEYS = {"kind", "name", "link"}
# On posters in any case: Han characters, letters, digits.
_NAME = "[\u4e00-\u9fa5A-Za-z0-9·]{1,12}"
_LINK = "[!#-;=?-Z_a-z~]{1,400}"
_HOST = r"[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?(:[0-9]{1,5})?([/?#].*)?"
_HTTPS = "https://"
# The client of this deployment, relative to the landing page: right behind any host and stage.
_CLIENT = "../app/"
_CODE = "{code}"


class ChannelKind(StrEnum):
    """Where a client runs."""

    APP = "app"
    WECHAT = "wechat"
    ALIPAY = "alipay"
    BROWSER = "browser"


_SCHEMES: Mapping[ChannelKind, tuple[str, ...]] = {
    ChannelKind.APP: (_HTTPS,),
    ChannelKind.WECHAT: ("weixin://dl/business/?", _HTTPS),
    ChannelKind.ALIPAY: ("alipays://platformapi/startapp?", _HTTPS),
    ChannelKind.BROWSER: (_HTTPS, _CLIENT),
}


class Channel(NamedTuple):
    """A client: an app, a mini-program, or a page for browsers.

    `name` is the app's or mini-program's, or empty. `link` opens it, or is empty; ``{code}`` in it
    stands for the scanned code.
    """

    kind: ChannelKind
    name: str = ""
    link: str = ""

    def address(self, code: str) -> str:
        """Return the link for a scanned code, whose characters mean the same in any encoding."""
        return self.link.replace(_CODE, code)


class CheckInOptions(NamedTuple):
    """The channels of a region in their order, and whether staff take paper passes."""

    channels: tuple[Channel, ...]
    paper_passes: bool


class RegionOptions(Protocol):
    """The source of check-in options; implemented by `admission.check_in_options`."""

    def of(self, region: str, now: datetime) -> CheckInOptions:
        """Return the options of a GB/T 2260 code, or of ``*``; at most 60 s old.

        Cost: one BatchGetItem if not cached.
        """


def read_channels(value: object) -> tuple[Channel, ...]:
    """Return the channels in a JSON value: a list of objects. Raises ValueError that says why."""
    if not isinstance(value, list) or len(value) > MAX_CHANNELS:
        raise ValueError(f"channels must be a list of at most {MAX_CHANNELS} objects, or null")
    return tuple(_read(number, one) for number, one in enumerate(value))


def write_channels(channels: tuple[Channel, ...]) -> list[dict[str, str]]:
    """Return the JSON value of channels; the inverse of :func:`read_channels`."""
    return [{key: str(value) for key, value in one._asdict().items() if value} for one in channels]


def _read(number: int, value: object) -> Channel:
    where = f"channels[{number}]"
    if (
        not isinstance(value, Mapping)
        or value.keys() - _KEYS
        or not all(isinstance(one, str) for one in value.values())
    ):
        raise ValueError(f"{where} must have kind, and may have name and link, as texts")
    if value.get("kind") not in [*ChannelKind]:
        raise ValueError(f"{where}.kind must be one of {', '.join(ChannelKind)}")
    channel = Channel(ChannelKind(value["kind"]), value.get("name", ""), value.get("link", ""))
    if channel.name and not re.fullmatch(_NAME, channel.name):
        raise ValueError(f"{where}.name must be 1 to 12 Han characters, letters or digits")
    if channel.kind is ChannelKind.APP and not channel.name:
        raise ValueError(f"{where} must have a name, because it is an app")
    schemes = _SCHEMES[channel.kind]
    if channel.link and not (channel.link.startswith(schemes) and _is_link(channel.link)):
        raise ValueError(f"{where}.link must be an address that begins with {' or '.join(schemes)}")
    if channel.link.startswith(_HTTPS) and not _names_host(channel.link):
        raise ValueError(f"{where}.link must name a host after {_HTTPS}, without {_CODE} in it")
    return channel


def _is_link(text: str) -> bool:
    return re.fullmatch(_LINK, text.replace(_CODE, "")) is not None


def _names_host(link: str) -> bool:
    """Return whether a link of https names its host. The code is no part of it."""
    return re.fullmatch(_HOST, link.removeprefix(_HTTPS)) is not None
