"""A printed code leads a plain browser into the client that the deployment serves (SD-3, XC-17)."""

from urllib.parse import urljoin

import pytest

from chalicelib.admission.policy import Policy
from infra.local import guests
from tests.api.driver import World
from tests.api.test_channels import Links, page


@pytest.mark.requirement("SD-3", "XC-17")
@pytest.mark.parametrize("host", ["https://v.example.com", "https://abc.example.com/api"])
def test_the_landing_page_leads_into_the_client_with_the_scan_in_hand(
    world: World, host: str
) -> None:
    world.set_policy("*", {"channels": guests.CHANNELS})
    code = world.administrator().venue["code"]
    [link] = [one for one in Links(page(world, code)).found if "/app/" in one]
    leads = urljoin(f"{host}/V/{code}", link)
    assert leads == f"{host}/app/#/pages/scan/scan?code={code}"


@pytest.mark.parametrize(
    "channel",
    [
        {"kind": "browser", "link": "../other/"},
        {"kind": "browser", "link": "//other.example.com/app/"},
        {"kind": "wechat", "link": "../app/"},
    ],
)
def test_no_other_relative_address_is_taken(channel: dict[str, str]) -> None:
    with pytest.raises(ValueError, match="must be an address"):
        Policy.from_rules("*.1", {"channels": [channel]})
