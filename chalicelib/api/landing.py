"""Routes: the page behind a printed code, for a camera or an unsupported app (XC-17, SD-3)."""

from html import escape
from typing import NamedTuple

from chalice.app import Blueprint

from chalicelib.api.access import ANYONE
from chalicelib.api.endpoint import Answer, RequestContext, endpoint
from chalicelib.core.errors import NotFound
from chalicelib.venues import codes, regions
from chalicelib.venues.catalogue import category
from chalicelib.venues.channels import Channel, ChannelKind, CheckInOptions
from chalicelib.venues.codes import CodeState

routes = Blueprint(__name__)
_HTML = "text/html; charset=utf-8"
_TEXT = "text/plain"
_POLICY = "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'"
_STYLE = """
:root{color-scheme:light dark;--band:#0b6e4f;--line:#8886}
body{margin:0;font:1.125rem/1.6 system-ui,-apple-system,"PingFang SC","Noto Sans CJK SC",sans-serif}
header{background:var(--band);color:#fff;padding:2rem 1.25rem}
header p{margin:0;opacity:.9}
h1{margin:.25rem 0 0;font-size:1.75rem;line-height:1.25;overflow-wrap:anywhere}
main{padding:1.25rem;max-width:36rem;margin:auto}
ul{list-style:none;margin:0;padding:0}
li{margin:.75rem 0;padding:.875rem 1rem;border:1px solid var(--line);border-radius:.75rem}
li b{display:block} .here{border:2px solid var(--band)}
a{display:block;margin-top:.625rem;padding:.625rem;border-radius:.5rem;background:var(--band);
color:#fff;text-align:center;text-decoration:none;font-weight:700}
.note{font-size:1rem;opacity:.8}
.demo{background:#b3261e;color:#fff;text-align:center;padding:.5rem;font-weight:700}
"""
# How the apps' own browsers name themselves.
_AGENTS = {ChannelKind.WECHAT: "MicroMessenger", ChannelKind.ALIPAY: "AlipayClient"}
# Where a link of a kind opens something. WeChat opens no other app from a page, nor itself.
_OPENS = {
    ChannelKind.APP: (None,),
    ChannelKind.WECHAT: (None,),
    ChannelKind.ALIPAY: (None, ChannelKind.ALIPAY),
    ChannelKind.BROWSER: (None, ChannelKind.WECHAT, ChannelKind.ALIPAY),
}


class _Words(NamedTuple):
    """The texts about a channel: its title, how to use it, the text of its link.

    `inside` says what to tap in the app where the page is open; `leave`, to leave that app.
    """

    title: str
    use: str
    link: str
    inside: str = ""
    leave: str = ""


_WORDS = {
    ChannelKind.APP: _Words("landing.channel_app", "landing.use_app", "landing.open_app"),
    ChannelKind.WECHAT: _Words(
        "landing.channel_wechat",
        "landing.use_wechat",
        "landing.open_wechat",
        "landing.inside_wechat",
        "landing.leave_wechat",
    ),
    ChannelKind.ALIPAY: _Words(
        "landing.channel_alipay",
        "landing.use_alipay",
        "landing.open_alipay",
        "landing.inside_alipay",
        "landing.leave_alipay",
    ),
    ChannelKind.BROWSER: _Words(
        "landing.channel_browser", "landing.use_browser", "landing.open_browser"
    ),
}


class _Step(NamedTuple):
    """A way to go on: a title, what to do, and the text and address of its link, or empty."""

    text: str
    title: str = ""
    link_text: str = ""
    link: str = ""
    here: bool = False


class _Body(NamedTuple):
    """What a page says: above its title, its title, the place, what to do."""

    above: str
    title: str
    where: str
    how: str
    steps: list[_Step]


@endpoint(routes, "GET", "/V/{code}", access=ANYONE, statuses=(200, 404, 410), content_type=_HTML)
def landing(context: RequestContext, code: str) -> Answer:
    """Return the page behind a venue code: what to do, for a camera or an unsupported app."""
    page = context.container.landing.page(code, now=context.now)
    if page.file:
        return _file(page.file)
    if page.for_staff:
        steps = [
            _Step(context.text(text)) for text in ("landing.join_staff", "landing.join_visitors")
        ]
        body = _Body(_title(context), context.text("landing.join"), "", "", steps)
        return _page(context, body, 200, demo=page.demo)
    if page.venue is None or page.state is CodeState.REVOKED:
        title, status = ("landing.unknown", 404) if page.venue is None else ("landing.revoked", 410)
        ask = [_Step(context.text("landing.ask_staff"))]
        body = _Body(_title(context), context.text(title), "", "", ask)
        return _page(context, body, status, demo=page.demo)
    kind = category(page.venue.kind)
    names = [kind.names[context.language]] if kind else []
    region = regions.name_of(page.venue.region, context.language, page.venue.region_name)
    where = " · ".join((region, *names))
    how, steps = _ways(context, page.options, codes.typed(code) or "")
    body = _Body(context.text("landing.enter"), page.venue.name, where, how, steps)
    return _page(context, body, 200, demo=page.demo)


@endpoint(routes, "GET", "/v/{code}", access=ANYONE, statuses=(301,), content_type=_HTML)
def landing_in_lower_case(context: RequestContext, code: str) -> Answer:
    """Redirect an address in lower case to the page."""
    file = context.container.landing.file(code)
    if file:
        return _file(file)
    # Relative, so that it works behind any host and stage. A malformed code leads to the page for
    # unknown codes.
    known = code.upper() if codes.is_join(code) else codes.typed(code)
    return Answer("", 301, {"Location": f"../V/{known or '-'}"})


@endpoint(routes, "GET", "/{file}", access=ANYONE, errors=("not_found",), content_type=_TEXT)
def verification_file(context: RequestContext, file: str) -> Answer:
    """Return a verification file of the platform that wants it at the host's root."""
    contents = context.container.landing.file(file)
    if not contents:
        raise NotFound
    return _file(contents)


def _file(contents: str) -> Answer:
    """Return a verification file of WeChat or Alipay as it was configured."""
    return Answer(contents, headers={"Content-Type": _TEXT})


def _title(context: RequestContext) -> str:
    return context.text("landing.title")


def _ways(context: RequestContext, options: CheckInOptions, code: str) -> tuple[str, list[_Step]]:
    """Return how to register, and a step for each channel; that of the open app comes first."""
    agent = context.headers.get("user-agent", "")
    inside = next((kind for kind, name in _AGENTS.items() if name in agent), None)
    channels = sorted(options.channels, key=lambda channel: channel.kind is not inside)
    steps = [_channel(context, channel, inside, code) for channel in channels]
    kinds = {channel.kind for channel in channels}
    how = "landing.how" if kinds else "landing.no_channel"
    if kinds and inside and inside not in kinds and ChannelKind.BROWSER not in kinds:
        how = _WORDS[inside].leave
    no_phone = "landing.no_phone" if options.paper_passes else "landing.no_phone_no_pass"
    return context.text(how), [*steps, _Step(context.text(no_phone))]


def _channel(
    context: RequestContext, channel: Channel, inside: ChannelKind | None, code: str
) -> _Step:
    named = "landing.program" if channel.name else "landing.program_unnamed"
    program = context.text(named, name=channel.name)
    words, here = _WORDS[channel.kind], channel.kind is inside
    text = context.text(words.inside if here else words.use, program=program)
    link = channel.address(code) if inside in _OPENS[channel.kind] else ""
    return _Step(
        text,
        context.text(words.title, name=channel.name),
        context.text(words.link) if link else "",
        link,
        here,
    )


def _page(context: RequestContext, body: _Body, status: int, *, demo: bool) -> Answer:
    mark = context.text("demo") if demo else ""
    html = (
        f'<!doctype html><html lang="{context.language}"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width,initial-scale=1">'
        f"<title>{escape(body.title)}</title><style>{_STYLE}</style></head><body>"
        + (f'<div class="demo" role="note">{escape(mark)}</div>' if mark else "")
        + f"<header><p>{escape(body.above)}</p><h1>{escape(body.title)}</h1>"
        f"<p>{escape(body.where)}</p></header><main>"
        + (f"<p>{escape(body.how)}</p>" if body.how else "")
        + f"<ul>{''.join(map(_item, body.steps))}</ul>"
        f'<p class="note">{escape(context.text("landing.free"))}</p></main></body></html>'
    )
    return Answer(html, status, {"Content-Security-Policy": _POLICY})


def _item(step: _Step) -> str:
    title = f"<b>{escape(step.title)}</b>" if step.title else ""
    link = f'<a href="{escape(step.link)}">{escape(step.link_text)}</a>' if step.link else ""
    mark = ' class="here"' if step.here else ""
    return f"<li{mark}>{title}{escape(step.text)}{link}</li>"
