"""Structured logs: one JSON object a line, ids only, with the correlation id of the request.

The gateway makes the correlation id. Items, queue messages and requests to providers carry it, so
that one search finds every step of a scan.
"""

import json
import logging
import sys
import time
from contextvars import ContextVar

correlation: ContextVar[str] = ContextVar("correlation", default="-")

_LEVELS = {"WARNING": "WARN", "CRITICAL": "FATAL"}
"""Levels that Lambda calls otherwise than Python does."""
_STANDARD = frozenset(logging.makeLogRecord({}).__dict__) | {"message", "asctime"}


def _seconds(created: float) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(created))


class JsonFormatter(logging.Formatter):
    """Formats a record and its `extra` fields as one JSON object.

    Lambda passes a JSON object on unchanged, metrics included. It takes `level` from one that has a
    `timestamp` too, and INFO otherwise (Lambda Developer Guide, *Log-level filtering*).

    An exception is logged with its class and source lines, but without its message, which may
    quote a person's input (security, *Rules*). What is safe to log besides, an exception has as
    `facts`. Logs are paid for by the byte: there are no blanks, and `level` is left out at INFO.
    """

    def format(self, record: logging.LogRecord) -> str:
        """Return `record` as JSON."""
        entry: dict[str, object] = {"event": record.getMessage()}
        if record.levelno != logging.INFO:
            entry["level"] = _LEVELS.get(record.levelname, record.levelname)
            entry["timestamp"] = f"{_seconds(record.created)}.{int(record.msecs):03}Z"
        entry["correlation"] = correlation.get()
        entry.update({k: v for k, v in record.__dict__.items() if k not in _STANDARD})
        if record.exc_info and record.exc_info[1] is not None:
            error = record.exc_info[1]
            places = []
            trace = error.__traceback__
            while trace:
                code = trace.tb_frame.f_code
                # The folder too: several modules share a name.
                file = "/".join(code.co_filename.split("/")[-2:])
                places.append(f"{file}:{trace.tb_lineno}")
                trace = trace.tb_next
            entry["error"] = type(error).__name__
            entry["at"] = places[-4:]
            entry.update(getattr(error, "facts", {}))
        return json.dumps(entry, ensure_ascii=False, default=str, separators=(",", ":"))


def logger(name: str = "venuecode") -> logging.Logger:
    """Return the application's logger, or a child of it. The first call sets it up, level INFO."""
    root = logging.getLogger("venuecode")
    if not root.handlers:
        handler = logging.StreamHandler(sys.stderr)
        handler.setFormatter(JsonFormatter())
        root.addHandler(handler)
        root.setLevel(logging.INFO)
        root.propagate = False
    return root if name == "venuecode" else root.getChild(name)
