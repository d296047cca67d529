"""Tables of former releases, as files."""

import base64
import json
from pathlib import Path
from typing import Any

from chalicelib.core.table import Raw

_HERE = Path(__file__).parent


def items(release: str) -> list[Raw]:
    """Return the items of a release's table, as botocore gives them."""
    lines = (_HERE / f"{release}.jsonl").read_text(encoding="utf-8").splitlines()
    return [
        {
            name: {"B": base64.b64decode(value["B"])} if "B" in value else value
            for name, value in json.loads(line).items()
        }
        for line in lines
    ]


def cast(release: str) -> Any:
    """Return who the people of that table are, and what the release answered them."""
    return json.loads((_HERE / f"{release}.json").read_text(encoding="utf-8"))
