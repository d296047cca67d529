"""The inbox as a page: the last messages to all phones, newest first."""

import html
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta, timezone

from infra.local.language import words
from infra.local.sandbox.messages import Delivered

_CHINA = timezone(timedelta(hours=8))
_PAGE = """<!doctype html><html lang="{language}"><meta charset="utf-8">
<meta name="viewport" content="width=device-width"><meta http-equiv="refresh" content="5">
<title>{title}</title>
<style>
body {{ font: 16px system-ui, sans-serif; margin: 1.5em; }}
table {{ border-collapse: collapse; }}
th, td {{ padding: .4em 1em .4em 0; border-bottom: 1px solid #ccc; text-align: left; }}
td b {{ font-size: 1.3em; letter-spacing: .1em; }}
</style>
<h1>{title}</h1><p>{about}</p>
{content}</html>
"""


def page(messages: Iterable[Delivered]) -> bytes:
    """Return the page, in the language of the terminal that started the sandbox."""
    rows = "".join(map(_row, messages))
    headers = (
        words("Time (China)", "时间"),
        words("To", "收信号码"),
        words("Code", "验证码"),
        words("Message", "短信"),
        words("Language", "语言"),
    )
    head = "".join(f"<th>{header}</th>" for header in headers)
    nothing = words("No message yet.", "还没有短信。")
    return _PAGE.format(
        language=words("en", "zh-Hans"),
        title=words("SMS inbox of the local cloud", "本地云的短信收件箱"),
        about=words(
            "Text messages are not sent: they end here. The page reloads by itself.",
            "短信不会真正发出，都在这里。页面自动刷新。",
        ),
        content=f"<table><tr>{head}</tr>{rows}</table>" if rows else f"<p>{nothing}</p>",
    ).encode()


def _row(delivered: Delivered) -> str:
    moment = datetime.fromtimestamp(delivered.at, _CHINA).strftime("%m-%d %H:%M:%S")
    message = delivered.message
    params = message.get("params")
    given = dict(params) if isinstance(params, Mapping) else {}
    code = str(given.pop("code", ""))
    rest = ", ".join(f"{name}: {value}" for name, value in given.items())
    text = " · ".join(filter(None, (str(message.get("template", "")), rest)))
    language = str(message.get("language", ""))
    cells = [moment, str(message.get("to", "")), code, text, language]
    escaped = [html.escape(cell) for cell in cells]
    escaped[2] = f"<b>{escaped[2]}</b>"
    return f"<tr>{''.join(f'<td>{cell}</td>' for cell in escaped)}</tr>"
