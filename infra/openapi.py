"""Write ``docs/openapi.json`` from the routes; `make verify` fails if it was out of date.

python -m infra.openapi
"""

from pathlib import Path

from chalicelib.api.openapi import render

TARGET = Path(__file__).parent.parent / "docs" / "openapi.json"

if __name__ == "__main__":
    TARGET.parent.mkdir(exist_ok=True)
    TARGET.write_text(render(), encoding="utf-8")
