"""Routes: the page behind a printed code, for a camera or an unsupported app (XC-17, SD-3)."""

from html import escape

from chalice.app import Blueprint

from chalicelib.api.access import ANYONE
from chalicelib.api.endpoint import Answer, RequestContext, endpoint
from chalicelib.core import ids
from chalicelib.venues import regions
from chalicelib.venues.catalogue import category
from chalicelib.venues.codes import CodeState

routes = Blueprint(__name__)
_HTML = "text/html; charset=utf-8"
_POLICY = "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'"
_STYLE = """
:root{color-scheme:light dark;--band:#0b6e4f}
body{margin:0;font:1.125rem/1.6 system-ui,-apple-system,"PingFang SC","Noto Sans CJK SC",sans-serif}
header{background:var(--band);color:#fff;padding:2rem 1.25rem}
header p{margin:0;opacity:.9} h1{margin:.25rem 0 0;font-size:1.75rem;line-height:1.25}
main{padding:1.25rem;max-width:36rem;margin:auto}
li{margin:.75rem 0} .note{font-size:1rem;opacity:.8}
.demo{background:#b3261e;color:#fff;text-align:center;padding:.5rem;font-weight:700}
"""


@endpoint(routes, "GET", "/V/{code}", access=ANYONE, statuses=(200, 404, 410), content_type=_HTML)
def landing(context: RequestContext, code: str) -> Answer:
    """Return the page behind a venue code: what to do, for a camera or an unsupported app."""
    page = context.container.landing.page(code, now=context.now)
    if page.venue is None:
        unknown = context.text("landing.unknown")
        return _page(context, unknown, "", ["landing.ask_staff"], 404, demo=page.demo)
    if page.state is CodeState.REVOKED:
        revoked = context.text("landing.revoked")
        return _page(context, revoked, "", ["landing.ask_staff"], 410, demo=page.demo)
    kind = category(page.venue.kind)
    names = [kind.names[context.language]] if kind else []
    region = regions.name_of(page.venue.region, context.language, page.venue.region_name)
    where = " · ".join((region, *names))
    steps = ["landing.wechat", "landing.alipay", "landing.no_phone"]
    return _page(context, page.venue.name, where, steps, 200, demo=page.demo)


@endpoint(routes, "GET", "/v/{code}", access=ANYONE, statuses=(301,), content_type=_HTML)
def landing_in_lower_case(_: RequestContext, code: str) -> Answer:
    """Redirect an address in lower case to the page."""
    value = ids.fold(code)
    # Relative, so that it works behind any host and stage. A malformed code leads to the page for
    # unknown codes.
    return Answer("", 301, {"Location": f"../V/{value if ids.is_code(value) else '-'}"})


def _page(
    context: RequestContext, title: str, where: str, steps: list[str], status: int, *, demo: bool
) -> Answer:
    items = "".join(f"<li>{escape(context.text(step))}</li>" for step in steps)
    mark = context.text("demo") if demo else ""
    enter = context.text("landing.enter" if status == 200 else "landing.title")
    how = f"<p>{escape(context.text('landing.how'))}</p>" if status == 200 else ""
    body = (
        f'<!doctype html><html lang="{context.language}"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width,initial-scale=1">'
        f"<title>{escape(title)}</title><style>{_STYLE}</style></head><body>"
        + (f'<div class="demo" role="note">{escape(mark)}</div>' if mark else "")
        + f"<header><p>{escape(enter)}</p><h1>{escape(title)}</h1><p>{escape(where)}</p></header>"
        f"<main>{how}<ul>{items}</ul>"
        f'<p class="note">{escape(context.text("landing.free"))}</p></main></body></html>'
    )
    return Answer(body, status, {"Content-Security-Policy": _POLICY})
