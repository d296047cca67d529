"""Structured logs: one JSON object a line, ids only, with the correlation id of the request.

The correlation id is born at the gateway, rides in items and queue messages, and reaches the
provider in a header, so that one search finds a scan's whole way.
"""

import json
import logging
import sys
from contextvars import ContextVar

correlation: ContextVar[str] = ContextVar("correlation", default="-")

_STANDARD = frozenset(logging.makeLogRecord({}).__dict__) | {"message", "asctime"}


class JsonFormatter(logging.Formatter):
    """Writes a record and its `extra` fields as one JSON object; an exception by class and place.

    An exception's own words are left out: they may quote what a person typed (security, *Rules*).
    What is safe to tell beside its class, an exception has as `facts`.
    """

    def format(self, record: logging.LogRecord) -> str:
        """The line for `record`."""
        entry: dict[str, object] = {
            "level": record.levelname,
            "event": record.getMessage(),
            "correlation": correlation.get(),
        }
        entry.update({k: v for k, v in record.__dict__.items() if k not in _STANDARD})
        if record.exc_info and record.exc_info[1] is not None:
            error = record.exc_info[1]
            places = []
            trace = error.__traceback__
            while trace:
                code = trace.tb_frame.f_code
                file = "/".join(code.co_filename.split("/")[-2:])  # there are several store.py
                places.append(f"{file}:{trace.tb_lineno}")
                trace = trace.tb_next
            entry["error"] = type(error).__name__
            entry["at"] = places[-4:]
            entry.update(getattr(error, "facts", {}))
        return json.dumps(entry, ensure_ascii=False, default=str)


def logger(name: str = "venuecode") -> logging.Logger:
    """The application's logger, set up on first use; below it, libraries speak from WARNING up."""
    root = logging.getLogger("venuecode")
    if not root.handlers:
        handler = logging.StreamHandler(sys.stderr)
        handler.setFormatter(JsonFormatter())
        root.addHandler(handler)
        root.setLevel(logging.INFO)
        root.propagate = False
    return root if name == "venuecode" else root.getChild(name)
