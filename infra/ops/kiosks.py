"""The command ``kiosks``: add, list and revoke the kiosks that print paper passes."""

import re
from argparse import ArgumentParser, ArgumentTypeError, Namespace
from collections.abc import Iterator

from rich.console import Console

from chalicelib.core import keys
from chalicelib.core.clock import CHINA, local_day
from chalicelib.identity.devices import PAIRING_LIFE, Device
from chalicelib.identity.store.devices import read_device
from chalicelib.venues.regions import region as find_region
from infra.ops import inputs
from infra.ops.deployment import Deployment
from infra.tables import FittingTable


def added(deployment: Deployment, name: str, region: str) -> tuple[Device, str]:
    """Add a kiosk; return it with its pairing code.

    `name` is its place, which people see in their list of accesses. Raises ValueError for a code
    that cannot be that of a county, district or city of today. One that the table of regions lacks
    may be newer than the table.
    """
    place = find_region(region)
    if place is None:
        possible = re.fullmatch("[0-9]{6}", region, re.ASCII) and not region.endswith("00")
        possible = possible and find_region(f"{region[:2]}0000") is not None
    else:
        possible = place.is_county_level and not place.obsolete
    if not possible:
        raise ValueError(f"{region} is no county, district or city of today in GB/T 2260")
    container = deployment.container()
    return container.device_credentials.add(name, region, now=container.clock.now())


def every(deployment: Deployment) -> Iterator[Device]:
    """Yield every kiosk of the deployment. Cost: a Scan of the whole table."""
    dynamodb = deployment.client("dynamodb")
    for page in dynamodb.get_paginator("scan").paginate(
        TableName=deployment.outputs["TableName"],
        FilterExpression="sk = :device",
        ExpressionAttributeValues={":device": {"S": keys.device("").sk}},
    ):
        yield from map(read_device, page["Items"])


def run(
    deployment: Deployment, *, action: str, given: list[str], region: str | None, console: Console
) -> int:
    """Add, list or revoke kiosks. Raises SystemExit if nothing could be done.

    `given` is the name of a new kiosk, or the id of one that is revoked.
    """
    match action, given:
        case "add", [name] if region:
            try:
                kiosk, code = added(deployment, inputs.name(name), region)
            except (ValueError, ArgumentTypeError) as error:
                raise SystemExit(f"Nothing was added: {error}.") from None
            if find_region(kiosk.region) is None:
                console.print(f"The table of regions lacks {kiosk.region}: please check it.")
            minutes = int(PAIRING_LIFE.total_seconds()) // 60
            console.print(f"{kiosk.device_id} is added. Its pairing code, valid {minutes} minutes:")
            console.print(f"{code[:4]}-{code[4:8]}-{code[8:]}", style="bold")
        case "list", []:
            console.print(_table(every(deployment)))
        case "revoke", [kiosk_id]:
            container = deployment.container()
            if not container.device_credentials.revoke(kiosk_id, now=container.clock.now()):
                raise SystemExit(f"There is no kiosk {kiosk_id}.")
            console.print(f"{kiosk_id} is revoked. Its next request is refused.")
        case _:
            raise SystemExit("Give: add NAME --region CODE; list; or revoke ID.")
    return 0


def _table(found: Iterator[Device]) -> FittingTable:
    table = FittingTable("Kiosk", "Name", "Region", "State", "Added", "Last used")
    for kiosk in sorted(found, key=lambda one: one.added_at):
        used = kiosk.used_on.isoformat() if kiosk.used_on else ""
        added_on = local_day(kiosk.added_at, CHINA).isoformat()
        table.add_row(kiosk.device_id, kiosk.name, kiosk.region, kiosk.state, added_on, used)
    return table


HELP = "add, list or revoke kiosks"


def arguments(parser: ArgumentParser) -> None:
    """Declare the command's arguments."""
    parser.add_argument("action", choices=("add", "list", "revoke"))
    parser.add_argument("kiosk", nargs="*", help="the name of a new kiosk, or the id of one")
    parser.add_argument("--region", help="the county of a new kiosk: a GB/T 2260 code")


def destroys(given: Namespace) -> str:
    """Return what the command destroys; empty if nothing."""
    return "shuts out the kiosk" if given.action == "revoke" else ""


def command(found: Deployment, given: Namespace, console: Console) -> int:
    """Run the command with the `given` arguments; return its exit code."""
    return run(found, action=given.action, given=given.kiosk, region=given.region, console=console)
