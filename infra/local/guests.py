"""What `make run` does for people who use the client: an address, test logins, a channel."""

import io

from rich.console import Console
from rich.text import Text

from infra.local.language import words
from infra.local.place import LocalCloud
from infra.tables import FittingTable
from infra.website import BROWSER, INDEX

CHANNELS = [
    {"kind": "browser", "link": "../app/#/pages/scan/scan?code={code}"},
    {"kind": "wechat"},
    {"kind": "alipay"},
]


def is_built() -> bool:
    """Return whether there is a browser build of the client."""
    return (BROWSER / INDEX).exists()


def offer_client() -> None:
    """Let the landing page of a printed code lead browsers into the client.

    A policy that an operator has set for all regions stays.
    """
    from chalicelib.admission.store.policies import PolicyStore
    from infra.ops.deployment import find

    store = PolicyStore(find("local").container().table)
    if store.latest("*") is None:
        store.replace("*", {"channels": CHANNELS}, version=1)


def show_client(cloud: LocalCloud, console: Console) -> None:
    """Print the client's QR code, if people see it, and whom to log in as."""
    if console.is_terminal:
        import segno

        drawn = io.StringIO()
        segno.make_qr(cloud.client_url, error="l").terminal(drawn, border=2, compact=True)
        console.print(Text.from_ansi(drawn.getvalue()))
        port = cloud.host_url.rpartition(":")[2]
        command = f"`adb reverse tcp:{port} tcp:{port}`"
        console.print(
            words(
                f"An Android phone on a USB cable reaches it after {command}.",
                f"用数据线连接的安卓手机，先执行 {command} 即可访问。",
            ),
            highlight=False,
        )
    table = FittingTable(
        words("log in as", "登录手机号"),
        words("who", "身份"),
        words("to try", "可以做"),
        title=words("The code is in the SMS inbox", "验证码在短信收件箱"),
    )
    for phone, who, what in _logins():
        table.add_row(phone, who, what)
    console.print(table)


def _logins() -> list[tuple[str, str, str]]:
    """Return phones without the country code, who has them, and what each is good for."""
    return [
        (
            "13800000003",
            words("visitor, green", "访客，绿码"),
            words("pass, scan, family, own data", "通行码、扫码、家人、个人信息"),
        ),
        (
            "13800000011",
            words("visitor, yellow", "访客，黄码"),
            words("a scan that staff must check", "扫码后需工作人员核验"),
        ),
        (
            "13800000013",
            words("visitor, red", "访客，红码"),
            words("a scan that is refused", "扫码后止步"),
        ),
        (
            "13800000001",
            words("head and guard in Xinyi", "信宜的场所管理员、检查员"),
            words("posters, staff, figures, checking visitors", "海报、员工、统计、核验访客"),
        ),
        (
            "13800000025",
            words("guard, after `make demo`", "检查员（执行 `make demo` 后）"),
            words("checking visitors", "核验访客"),
        ),
        (
            "13800001001",
            words("nobody yet", "新用户"),
            words("registering", "实名登记"),
        ),
    ]
