"""The SMS inbox is a page that lists messages."""

import io

import pytest

from infra.local.sandbox.people import Cast
from infra.local.sandbox.server import Reply, Request, Sandbox

NOW = 1_650_000_000.0
FIRST, SECOND = "+8613800000001", "+85261234567"


@pytest.fixture
def sandbox() -> Sandbox:
    """A sandbox that is asked without its socket."""
    made = Sandbox(0, secret="s" * 16, cast=Cast([]), now=lambda: NOW, log=io.StringIO())
    made.server_close()
    return made


def ask(sandbox: Sandbox, method: str, path: str, query: str = "", body: bytes = b"") -> Reply:
    _, reply = sandbox.answer(method, path, Request(query, body))
    return reply


def send(sandbox: Sandbox, to: str, code: str) -> None:
    body = f'{{"to": "{to}", "template": "otp", "language": "en", "params": {{"code": "{code}"}}}}'
    assert ask(sandbox, "POST", "/v1/messages", body=body.encode()).status == 202


def page(sandbox: Sandbox) -> str:
    reply = ask(sandbox, "GET", "/sandbox/inbox")
    assert reply.status == 200
    assert reply.headers["Content-Type"] == "text/html; charset=utf-8"
    assert isinstance(reply.body, bytes)
    return reply.body.decode()


@pytest.mark.parametrize(
    ("locale", "title", "empty"),
    [("zh_CN.UTF-8", "短信收件箱", "还没有短信"), ("C.UTF-8", "SMS inbox", "No message yet")],
)
def test_the_sms_inbox_is_a_page_in_the_terminals_language(
    sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch, locale: str, title: str, empty: str
) -> None:
    monkeypatch.setenv("LC_ALL", locale)
    shown = page(sandbox)
    assert title in shown
    assert empty in shown


def test_the_sms_inbox_lists_all_messages_newest_first(sandbox: Sandbox) -> None:
    send(sandbox, FIRST, "111111")
    send(sandbox, SECOND, "222222")
    send(sandbox, FIRST, "333333")
    shown = page(sandbox)
    places = [shown.index(code) for code in ("333333", "222222", "111111")]
    assert places == sorted(places)
    assert shown.count(FIRST) == 2
    assert SECOND in shown
    assert "04-15 13:20:00" in shown  # China's time


def test_one_numbers_message_is_still_json(sandbox: Sandbox) -> None:
    send(sandbox, FIRST, "111111")
    reply = ask(sandbox, "GET", "/sandbox/inbox", f"to={FIRST}")
    assert isinstance(reply.body, dict)
    assert reply.body["params"] == {"code": "111111"}
    assert ask(sandbox, "GET", "/sandbox/inbox", "to=%2B8613900000000").status == 404


def test_a_message_is_no_markup_of_the_page(sandbox: Sandbox) -> None:
    sandbox._inbox.deliver(FIRST, {"template": "<script>", "params": {"code": "<b>"}}, NOW)
    shown = page(sandbox)
    assert "<script>" not in shown
    assert "&lt;script&gt;" in shown
