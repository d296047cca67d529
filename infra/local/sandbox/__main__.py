"""Runs the sandbox until SIGTERM or SIGINT; see the package's docstring."""

import argparse
import os
import signal
import sys
import threading
from pathlib import Path

from infra.local.sandbox.households import Households
from infra.local.sandbox.people import Cast
from infra.local.sandbox.platforms import Credentials
from infra.local.sandbox.server import Sandbox

_DATA = Path(__file__).parent.parent / "data"
_CAST = (_DATA / "people.csv", _DATA / "documents.csv")


def main() -> str | None:
    """Serve until stopped; return None, or a sentence that says why it cannot."""
    parser = argparse.ArgumentParser(prog="python -m infra.local.sandbox")
    port = int(os.environ.get("VENUECODE_SANDBOX_PORT", "4567"))
    parser.add_argument("--port", type=int, default=port, help="on 127.0.0.1; 0 picks a free one")
    port = parser.parse_args().port
    secret = os.environ.get("SANDBOX_SECRET", "")
    if not secret:
        return (
            "SANDBOX_SECRET is not set: it is the secret that partners' requests are signed with."
        )
    kept = os.environ.get("SANDBOX_CREDENTIALS")
    credentials = Credentials.kept_in(Path(kept)) if kept else Credentials.make()
    try:
        server = Sandbox(
            port,
            secret=secret,
            cast=Cast.load(*_CAST),
            credentials=credentials,
            households=Households.load(_DATA / "families.csv"),
            callback=os.environ.get("SANDBOX_CALLBACK", ""),
        )
    except OSError as error:
        return (
            f"The sandbox cannot listen on 127.0.0.1:{port} ({error.strerror}). Stop what is there,"
            " or choose another port with VENUECODE_SANDBOX_PORT."
        )
    stopped = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stopped.set())
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.1}).start()
    server.note("listening", port=server.server_port)
    stopped.wait()
    server.stop()
    server.note("stopped")
    return None


if __name__ == "__main__":
    sys.exit(main())
