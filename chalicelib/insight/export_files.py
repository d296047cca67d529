"""The files of an export: JSON, CSV and a README, in one zip.

Names and order of the files are fixed, so that the same data makes the same bytes. JSON is UTF-8
(RFC 8259). CSV is RFC 4180 in UTF-8 with a byte order mark, without which spreadsheets in China
read it as GBK. A cell that a spreadsheet would take for a formula begins with an apostrophe.
"""

import csv
import io
import json
import zipfile
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from chalicelib.core import messages
from chalicelib.core.clock import rfc3339

Row = Mapping[str, object]
Sections = Mapping[str, Sequence[Row]]
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
"""What begins a formula; in East Asia also full-width signs do (OWASP, *CSV Injection*)."""


def archive(sections: Sections, *, made_at: datetime) -> bytes:
    """Return the zip. Every entry is dated `made_at`."""
    stamp = made_at.astimezone(UTC).timetuple()[:6]
    data = {"made_at": made_at, **sections}
    files = {
        "README.txt": _readme().encode(),
        "data.json": json.dumps(data, ensure_ascii=False, indent=1, default=_plain).encode(),
        **{f"{name}.csv": table(rows).encode("utf-8-sig") for name, rows in sections.items()},
    }
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as made:
        for name, body in files.items():
            entry = zipfile.ZipInfo(name, stamp)
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.external_attr = 0o100600 << 16  # its owner's alone
            made.writestr(entry, body)
    return content.getvalue()


def table(rows: Sequence[Row]) -> str:
    """Return rows as CSV, a column for each name in the order of appearance."""
    columns = dict.fromkeys(name for row in rows for name in row)
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow([_cell(name) for name in columns])
    writer.writerows([_cell(row.get(name)) for name in columns] for row in rows)
    return text.getvalue()


def parsed(text: str) -> object:
    """Return the JSON object or list in `text`, or the text itself."""
    try:
        found = json.loads(text)
    except ValueError:
        return text
    return found if isinstance(found, dict | list) else text


def _cell(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, Mapping | list | tuple):
        value = json.dumps(value, ensure_ascii=False, default=_plain)
    elif isinstance(value, datetime):
        value = rfc3339(value)
    text = str(value)
    return f"'{text}" if text.startswith(_FORMULA) else text


def _plain(value: Any) -> str:
    return rfc3339(value) if isinstance(value, datetime) else str(value)


def _readme() -> str:
    texts = (messages.text("export.readme", language) for language in messages.LANGUAGES)
    return "\n\n".join(texts) + "\n"
