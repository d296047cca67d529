"""Run the client's tests in a real browser, against a local cloud of their own.

    python -m infra.local.browser_tests

`make test` does it. They need the three builds (`make client`) and Debian's Chromium; without it
they are skipped, but not in CI. The local cloud gets free ports and a folder that is deleted.
"""

import os
import shutil
import socket
import subprocess
import sys
import tempfile
from contextlib import ExitStack
from pathlib import Path

from infra.local.cloud import start, wipe
from infra.local.guests import offer_client
from infra.local.language import words
from infra.local.place import LocalCloud, LocalCloudError, Place
from infra.package import ROOT


def _free_ports(count: int) -> list[int]:
    with ExitStack() as stack:
        probes = [stack.enter_context(socket.socket()) for _ in range(count)]
        for probe in probes:
            probe.bind(("127.0.0.1", 0))
        return [int(probe.getsockname()[1]) for probe in probes]


def _environment(place: Place) -> dict[str, str]:
    return {
        "VENUECODE_HOME": str(place.home),
        "VENUECODE_PORT": str(place.port),
        "VENUECODE_SANDBOX_PORT": str(place.sandbox_port),
        "VENUECODE_CLIENT_PORT": str(place.client_port),
    }


def _run(cloud: LocalCloud) -> int:
    """Run the tests against `cloud`; return their exit status."""
    addresses = {
        "VENUECODE_APP": cloud.client_url,
        "VENUECODE_API": cloud.host_url,
        "VENUECODE_SANDBOX": cloud.sandbox_url,
    }
    command = ["npm", "run", "--silent", "e2e"]
    ran = subprocess.run(command, cwd=ROOT / "client", env={**os.environ, **addresses}, check=False)
    return ran.returncode


def main() -> int:
    """Run the tests; return 1 if the local cloud does not start, else their exit status."""
    if not shutil.which("chromium") and not os.environ.get("CI"):
        print(
            words(
                "The client's tests in a browser are skipped: apt-get install chromium",
                "未找到 chromium，跳过浏览器测试。安装：apt-get install chromium",
            )
        )
        return 0
    with tempfile.TemporaryDirectory(prefix="venuecode-browser-") as home:
        place = Place(Path(home), *_free_ports(3))
        os.environ.update(_environment(place))
        try:
            cloud = start(place=place, seeded=False)
            offer_client()
            return _run(cloud)
        except LocalCloudError as error:
            sys.stderr.write(f"{error}\n")
            return 1
        finally:
            wipe(place=place)


if __name__ == "__main__":
    sys.exit(main())
