"""Logs: one JSON object a line, and never what a person typed."""

import json
import logging
import re
import socket
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.adapters.partners import PartnerFault, exchange
from chalicelib.core.logs import JsonFormatter, correlation, logger

SECRET = "梁思齐 440983198804129028"


def line(record: logging.LogRecord) -> str:
    return JsonFormatter().format(record)


def record(error: BaseException | None = None, **extra: Any) -> logging.LogRecord:
    information = (type(error), error, error.__traceback__) if error else None
    made = logging.LogRecord(
        "venuecode", logging.ERROR, __file__, 1, "failed", (), information, "function", SECRET
    )
    made.__dict__.update(extra)
    return made


def fail(depth: int = 0) -> None:
    if depth:
        fail(depth - 1)
    try:
        raise ValueError(SECRET)
    except ValueError as inner:
        inner.add_note(SECRET)
        raise KeyError(SECRET) from inner


@pytest.mark.parametrize("depth", [0, 9])
def test_an_exception_is_told_by_class_and_place_only(depth: int) -> None:
    with pytest.raises(KeyError) as caught:
        fail(depth)
    text = line(record(caught.value))
    for part in SECRET.split():
        assert part not in text
    entry = json.loads(text)
    assert entry["error"] == "KeyError"
    assert len(entry["at"]) <= 4
    assert entry["at"][-1].startswith("unit/test_logs.py:")


def test_an_exception_group_keeps_silent_too() -> None:
    group = ExceptionGroup(SECRET, [ValueError(SECRET)])
    assert "440983" not in line(record(group))


def test_a_line_has_its_correlation_id_and_fields() -> None:
    token = correlation.set("c0ffee00")
    try:
        entry = json.loads(line(record(status=201, route="scan_venue", code="")))
    finally:
        correlation.reset(token)
    assert re.fullmatch(r"20\d\d-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", entry.pop("timestamp"))
    assert entry == {
        "level": "ERROR",
        "event": "failed",
        "correlation": "c0ffee00",
        "status": 201,
        "route": "scan_venue",
        "code": "",
    }


@given(st.text(), st.text() | st.binary() | st.floats() | st.none() | st.sets(st.integers()))
def test_whatever_it_is_it_is_one_line(event: str, value: object) -> None:
    made = record(value=value)
    made.msg = event
    text = line(made)
    assert "\n" not in text
    assert json.loads(text)["event"] == event


def test_the_logger_is_set_up_once() -> None:
    root = logger()
    assert logger() is root
    (handler,) = (one for one in root.handlers if isinstance(one.formatter, JsonFormatter))
    assert isinstance(handler, logging.StreamHandler)
    assert root.level == logging.INFO
    assert not root.propagate
    assert logger("part").parent is root


def test_an_address_with_a_secret_is_not_logged_when_its_connection_breaks(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """WeChat wants the app's secret in the query; urllib3 would write it at each retry."""
    with caplog.at_level(logging.INFO), socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))  # and does not listen
        url = f"http://127.0.0.1:{nobody.getsockname()[1]}/sns/jscode2session?secret=hunter2"
        with pytest.raises(PartnerFault):
            exchange("GET", url)
    assert "hunter2" not in caplog.text
