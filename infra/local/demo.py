"""The main job, told step by step on the local cloud: ``make demo``.

A venue gets its code, its poster is printed, visitors scan it, providers answer through the queue,
and the day's figures come out right. Everything goes through the deployed application, over HTTP.
A run that was killed goes on with the next one: what a phone had sent it sends again, and every
scan that was ever acknowledged is looked for in the records.
"""

import sys
from collections import Counter
from collections.abc import Callable
from datetime import date
from functools import partial
from pathlib import Path
from typing import Any

from rich.console import Console, Group
from rich.panel import Panel
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn
from rich.table import Table
from rich.text import Text

from chalicelib.core.clock import from_epoch_ms
from chalicelib.core.ids import nonce_time
from chalicelib.venues.venue import day_of
from infra.local import cloud as local
from infra.local.client import ApiError, Phone, Server, now_ms, uuid7, wait_for
from infra.local.seed import ADMINISTRATORS, Person, issue, people, pocket_of, seed, steps
from infra.ops import recount
from infra.ops.deployment import Deployment, find

OUT = Path("out")
_COLOUR = {"admit": "green", "check": "yellow", "refuse": "red", "pending": "blue"}
_SHOWN = ("green", "yellow", "red", "light_green")
_RETRY_WINDOW_MS = 9 * 60 * 1000  # the server takes a visitor's scan for ten minutes
VENUE = {
    "name": "信宜市玉都公园（演示）",
    "type": "other",
    "region": "440983",
    "street": "东镇街道",
    "address": "公园东门（演示地址）",
    "number_type": "organisation_code",
    "number": "MA00DEMO2",
    "contact_name": "罗景明",
    "contact_phone": "+8613900000001",
}


class Story:
    """One telling: numbered steps on a console, on a running local cloud."""

    def __init__(self, cloud: "local.LocalCloud", console: Console) -> None:
        self.console = console
        self.cloud = cloud
        self.pocket = pocket_of(cloud)
        self.server = Server(cloud.base_url, cloud.sandbox_url)
        self.deployment: Deployment = find("local")
        self.steps = 0

    def step(self, title: str) -> None:
        """Announce the next step."""
        self.steps += 1
        self.console.rule(f"[bold]{self.steps} · {title}", align="left")

    def bar(self) -> Progress:
        """A progress bar in the console's width."""
        return Progress(
            TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(),
            console=self.console,
        )  # fmt: skip

    def tell(self) -> bool:
        """All steps; whether the figures came out right."""
        self.step("二十余人实名登记，三十余处场所申领场所码 · people register, venues apply")
        self.populate()
        self.step("场所申领场所码 · a venue gets its code")
        administrator = Phone(ADMINISTRATORS["44"], self.server, self.pocket)
        venue = issue(administrator, VENUE, self.pocket)
        self.console.print(self.venue_table(venue))
        self.step("打印海报 · its poster is printed")
        payloads = self.posters(administrator, venue)
        self.step("普通相机扫到的页面 · what a plain camera sees")
        self.landing(venue)
        self.step("被拒者修改后获准 · rejected, corrected, approved")
        self.correct()
        self.step("访客扫码，一屏显示 · visitors scan, one screen each")
        self.resend()
        screens = self.scans(payloads)
        self.show(screens)
        self.step("重发同一次扫码 · the same scan, sent again")
        self.repeat(payloads[0])
        self.step("当日统计与复核 · the day's figures, and a recount")
        return self.figures(administrator, venue)

    def populate(self) -> None:
        """Seed, unless an earlier run has done so."""
        marker = self.cloud.log_dir.parent / "state" / "seeded"
        if marker.exists():
            self.console.print("  Already there from an earlier run.")
            return
        with self.bar() as bar:
            task = bar.add_task("Registering", total=steps())
            seed(self.cloud, lambda: bar.advance(task))
        marker.touch()
        self.pocket = pocket_of(self.cloud)  # with the logins of the seed

    def venue_table(self, venue: dict[str, Any]) -> Table:
        """The venue as its administrator sees it."""
        table = Table(show_header=False, box=None)
        for label, key in (
            ("场所", "name"), ("类型", "type_name"), ("地区", "region_name"),
            ("地址", "address"), ("二维码内容", "code_url"),
        ):  # fmt: skip
            table.add_row(f"[dim]{label}[/dim]", str(venue[key]))
        return table

    def posters(self, administrator: Phone, venue: dict[str, Any]) -> list[str]:
        """Have the posters drawn, download them, and read their codes; PDF's first, then PNG's."""
        OUT.mkdir(exist_ok=True)
        path = f"/v1/venues/{venue['venue_id']}/posters"
        asked = {
            form: administrator.call("POST", path, {"form": form})
            for form in ("a4_pdf", "a4_png", "qr_svg")
        }
        payloads = []
        for form, poster in asked.items():
            ready = wait_for(
                partial(administrator.call, "GET", f"{path}/{poster['poster_id']}"),
                lambda seen: seen["status"] != "pending",
            )
            if ready["status"] != "ready":
                raise RuntimeError(f"the {form} poster could not be drawn")
            file = OUT / f"poster.{form.rpartition('_')[2]}"
            file.write_bytes(self.server.download(ready["url"]))
            size = f"{file.stat().st_size / 1024:.0f} KB"
            if form == "qr_svg":
                self.console.print(f"  {file}  {size}")
                continue
            read = decode(file)
            if read != venue["code_url"]:
                raise RuntimeError(f"{file} holds {read!r}, not {venue['code_url']!r}")
            payloads.append(read)
            self.console.print(f"  {file}  {size}  →  QR: [cyan]{read}[/cyan]")
        return payloads

    def landing(self, venue: dict[str, Any]) -> None:
        """Open the printed address as a browser does."""
        page = self.server.page(f"/V/{venue['code']}")
        (OUT / "landing.html").write_text(page, encoding="utf-8")
        if venue["name"] not in page:
            raise RuntimeError("the landing page does not name the venue")
        self.console.print(f"  {OUT / 'landing.html'}: names the venue, says what to open")

    def correct(self) -> None:
        """Whoever was rejected for a misspelt name corrects it, and is refused until approved."""
        for person in people():
            if person.entered_name == person.name:
                continue
            phone = Phone(person.phone, self.server, self.pocket)
            seen = wait_for(phone.registration, lambda r: r["verification"] != "pending")
            if seen["verification"] == "rejected":
                self.console.print(f"  {seen['name'][0]}**: [red]{seen['reason_text']}[/red]")
                seen = phone.register(person.name, person.document_number)
            self.console.print(f"  {seen['name'][0]}**: [green]{seen['verification']}[/green]")

    def scans(self, payloads: list[str]) -> list[tuple[Person, dict[str, Any]]]:
        """Everybody scans, and waits until nothing is on its way any more."""
        screens: list[tuple[Person, dict[str, Any]]] = []
        refused = 0
        with self.bar() as bar:
            scanning = bar.add_task("Scanning", total=len(people()))
            waiting = bar.add_task("Providers answer", total=len(people()))
            first: list[tuple[Person, Phone, dict[str, Any]]] = []
            for number, person in enumerate(people()):
                phone = Phone(person.phone, self.server, self.pocket)
                try:
                    screen = self.scan(phone, payloads[number % len(payloads)])
                except ApiError as error:
                    if error.code != "registration_rejected":
                        raise
                    refused += 1
                    bar.advance(waiting)
                else:
                    first.append((person, phone, screen))
                bar.advance(scanning)
            for person, phone, screen in first:
                screens.append((person, phone.final_screen(screen["scan_id"])))
                bar.advance(waiting)
        at_once = Counter(screen["outcome"] for _, _, screen in first)
        self.console.print(
            f"  {len(first)} scans on record, {refused} refused as not verified; "
            f"first answers: {dict(at_once)}"
        )
        return screens

    def scan(self, phone: Phone, code: str, nonce: str = "") -> dict[str, Any]:
        """Scan as a careful client does: written down, sent, ticked off."""
        nonce = nonce or uuid7(now_ms())
        self.pocket.put({"phone": phone.number, "code": code}, "sent", nonce)
        try:
            screen = phone.scan(code, nonce)
        except ApiError:
            self.pocket.put(None, "sent", nonce)
            raise
        self.acknowledge(phone, nonce, screen)
        return screen

    def acknowledge(self, phone: Phone, nonce: str, screen: dict[str, Any]) -> None:
        """Remember that the server has said that the scan is on record."""
        self.pocket.put(phone.number, "acknowledged", screen["scan_id"])
        self.pocket.put(None, "sent", nonce)

    def resend(self) -> None:
        """Send again what a killed run had sent without hearing back."""
        for nonce, sent in (self.pocket.get("sent") or {}).items():
            if not sent:
                continue
            if now_ms() - nonce_time(nonce) > _RETRY_WINDOW_MS:
                self.pocket.put(None, "sent", nonce)
                continue
            try:
                self.scan(Phone(sent["phone"], self.server, self.pocket), sent["code"], nonce)
            except ApiError as error:
                if error.code != "registration_rejected":
                    raise
            else:
                self.console.print("  A scan of an earlier run was sent again, and is on record.")

    def repeat(self, code: str) -> None:
        """A lost answer: the phone sends the same scan again and meets its own record."""
        phone = Phone(people()[2].phone, self.server, self.pocket)
        nonce = uuid7(now_ms())
        first = phone.scan(code, nonce)
        self.acknowledge(phone, nonce, first)
        again = [phone.scan(code, nonce)["scan_id"] for _ in range(3)]
        if set(again) != {first["scan_id"]}:
            raise RuntimeError("the same scan was recorded twice")
        phone.final_screen(first["scan_id"])
        self.console.print("  Sent four times, on record once.")

    def show(self, screens: list[tuple[Person, dict[str, Any]]]) -> None:
        """One screen of each colour in full, then all of them in a table."""
        colours = {screen["health_code"]["state"]: screen for _, screen in reversed(screens)}
        for state in _SHOWN:
            if state in colours:
                self.console.print(screen_panel(colours[state]))
        table = Table("访客", "健康码", "核酸", "结果", "原因", "情形")
        for person, screen in screens:
            colour = _COLOUR[screen["outcome"]]
            table.add_row(
                screen["person"]["name"],
                screen["health_code"]["text"],
                screen["nucleic_acid"]["text"],
                f"[{colour}]{screen['outcome_text']}[/{colour}]",
                " ".join(reason["text"] for reason in screen["reasons"]),
                f"[dim]{person.about}[/dim]",
            )
        self.console.print(table)

    def figures(self, administrator: Phone, venue: dict[str, Any]) -> bool:
        """The day's table: it adds up, equals a recount, and holds what was acknowledged once."""
        parts = self.deployment.container()
        known = parts.venues.venue(venue["venue_id"])
        if known is None:
            raise RuntimeError("the venue is not in the table")
        today = day_of(known, parts.clock.now())
        path = f"/v1/venues/{venue['venue_id']}/statistics?day={today}"

        def records() -> Counter[str]:
            return Counter(scan.scan_id for scan in parts.scans.of_day(known, today))

        acknowledged = self.acknowledged(known.venue_id, lambda at: day_of(known, at), today)
        wait_for(
            lambda: administrator.call("GET", path),
            lambda seen: seen["checked"] >= len(acknowledged) and seen["pending"] == 0,
        )
        (comparison,) = wait_for(
            lambda: {"c": recount.compare(parts, [known.venue_id], today)},
            lambda seen: seen["c"][0].equal,
        )["c"]
        shown = administrator.call("GET", path)
        on_record = records()
        lost = [scan for scan in acknowledged if on_record[scan] != 1]
        table = Table("", "检测 checked", "通行 passed", "异常 abnormal", "待定 pending")
        parts_ = [str(n) for n in comparison.records.parts()[:4]]
        keys = ("checked", "passed", "abnormal", "pending")
        table.add_row("统计 figures", *(str(shown[key]) for key in keys))
        table.add_row("复核 recount", *parts_)
        self.console.print(table)
        adds_up = shown["checked"] == shown["passed"] + shown["abnormal"] + shown["pending"]
        equal = [str(shown[key]) for key in keys] == parts_
        self.verdict("checked = passed + abnormal + pending", adds_up)
        self.verdict("figures = recount", equal)
        self.verdict(f"{len(acknowledged)} acknowledged scans, each on record once", not lost)
        return adds_up and equal and not lost

    def acknowledged(self, venue_id: str, day: Callable[[Any], date], today: date) -> list[str]:
        """The scans of today at the venue that a phone was told are on record."""
        mine = f"scn_{venue_id.removeprefix('ven_')}_"
        return [
            scan
            for scan in self.pocket.get("acknowledged") or {}
            if scan.startswith(mine) and day(from_epoch_ms(int(scan.split("_")[2], 16))) == today
        ]

    def verdict(self, sentence: str, holds: bool) -> None:
        """A promise, and whether it holds."""
        self.console.print(f"  {'[green]✓[/green]' if holds else '[red]✗[/red]'} {sentence}")


def screen_panel(screen: dict[str, Any]) -> Panel:
    """A visitor's screen as the terminal can show it."""
    colour = _COLOUR[screen["outcome"]]
    rows = Table(show_header=False, box=None)
    for label, key in (
        ("健康码", "health_code"), ("核酸检测", "nucleic_acid"),
        ("疫苗接种", "vaccination"), ("行程卡", "travel_card"),
    ):  # fmt: skip
        rows.add_row(f"[dim]{label}[/dim]", screen[key]["text"])
    texts = [entry["text"] for entry in (*screen["reasons"], *screen["next_steps"])]
    return Panel(
        Group(
            Text(screen["outcome_text"], style=f"bold {colour}"),
            Text(f"{screen['person']['name']}  {screen['person']['phone']}", style="dim"),
            rows,
            Text("\n".join(texts)),
        ),
        title=f"{screen['venue']['name']} · {screen['demo']}",
        border_style=colour,
        width=60,
    )


def decode(file: Path) -> str:
    """The text of the one QR code in a poster: a PDF is rasterised first, as a printer would."""
    import zxingcpp
    from PIL import Image

    if file.suffix == ".pdf":
        import pypdfium2

        image = pypdfium2.PdfDocument(file)[0].render(scale=200 / 72).to_pil()
    else:
        image = Image.open(file)
    found = zxingcpp.read_barcodes(image)
    if len(found) != 1:
        raise RuntimeError(f"{file} shows {len(found)} codes")
    return str(found[0].text)


def main() -> int:
    """Start the local cloud if need be, and tell the story; 1 when a figure is wrong."""
    console = Console()
    try:
        cloud = local.show_progress(console, seeded=False)
        right = Story(cloud, console).tell()
    except local.LocalCloudError as error:
        console.print(f"[red]{error}[/red]", highlight=False)
        return 1
    except (ApiError, TimeoutError, RuntimeError) as error:
        console.print(f"[red]The story broke off:[/red] {error}")
        return 1
    console.print("[bold green]演示完成 · done[/bold green]" if right else "[bold red]Wrong.[/]")
    return 0 if right else 1


if __name__ == "__main__":
    sys.exit(main())
