"""The demo on the local cloud, step by step: ``make demo``.

A venue gets its code, its poster is printed, visitors scan it, providers answer through the queue,
and the day's figures are right. Everything uses the deployed application over HTTP. After a kill
the next run continues: it repeats the requests that phones had sent, and looks for every
acknowledged scan in the records.
"""

import contextlib
import sys
from collections import Counter
from collections.abc import Callable
from datetime import date
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import quote

from rich.console import Console
from rich.table import Table

from chalicelib.core.clock import from_epoch_ms
from chalicelib.core.ids import nonce_time
from chalicelib.insight.counters import Figures
from chalicelib.venues.venue import day_of
from infra.local import cloud as local
from infra.local.client import ApiError, Phone, fresh_nonce, now_ms, wait_for
from infra.local.door import DoorChapter
from infra.local.family import FamilyChapter
from infra.local.pictures import decode
from infra.local.place import LocalCloudError
from infra.local.reporting import Reporter, outcome_of, reasons_of, screen_panel, table_of
from infra.local.seed import Person, is_seeded, issue, people, pocket_of, seed, steps
from infra.ops import recount

OUT = Path("out")
_SHOWN = ("green", "yellow", "red", "light_green")
_RETRY_WINDOW_MS = 9 * 60 * 1000  # the server takes a visitor's scan for ten minutes
# What may have changed since a killed run sent its scan.
_REFUSALS = (
    "registration_rejected", "pass_expired", "pass_used", "not_your_venue", "too_many_requests",
)  # fmt: skip
_FIGURES = {"checked": "检测", "passed": "通行", "abnormal": "异常", "pending": "待定"}
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


class Demo(Reporter):
    """One run of the demo."""

    def tell(self) -> bool:
        """Run all steps; return whether the figures are right."""
        self.server.sandbox.fault("*", "none")  # a fault that a killed run has left
        self.step("访客实名登记，场所申领场所码 · people register, venues apply")
        self.populate()
        self.step("再申领一个场所码 · one more venue gets its code")
        administrator = self.phone(people("poster")[0])
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
        morning = DoorChapter(self, administrator, venue)
        self.step("工作人员上岗 · the guards are bound")
        morning.bind()
        self.step("出示通行码，测温 · passes are shown, temperatures taken")
        morning.passes()
        self.step("健康码提供方中断 · the health code provider dies, and returns")
        never_invented = morning.outage()
        self.step("重复出示、快速登记、行程卡 · shown twice, checked in fast, travel card")
        morning.oddities()
        self.step("手工核验 · checked by hand")
        morning.by_hand()
        family = FamilyChapter(self, morning)
        self.step("家人代办：没有手机的外婆 · a grandmother without a phone is added")
        family.add()
        self.step("纸质通行码 · her card, downloaded and read")
        family.card()
        self.step("纸质通行码进门 · the card at the door, and her test result")
        family.at_the_door()
        family.test_result()
        self.step("补办，旧卡作废 · the card is reissued")
        family.reissue()
        self.step("注销：个人信息删除 · she is erased, and a search finds no trace of her")
        forgotten = family.erase()
        self.step("当日统计与复核 · the day's figures, and a recount")
        morning.drain()
        right = self.figures(administrator, venue, morning.guards)
        self.step("下班 · the end of the shift")
        morning.farewell()
        return right and never_invented and forgotten

    def populate(self) -> None:
        """Seed, unless an earlier run has done so."""
        if is_seeded(self.cloud):
            self.say("上次运行时已完成 · already there from an earlier run")
            return
        with self.bar() as bar:
            task = bar.add_task("Registering", total=steps())
            seed(self.cloud, lambda: bar.advance(task))
        self.pocket = pocket_of(self.cloud)  # with the logins of the seed

    def venue_table(self, venue: dict[str, Any]) -> Table:
        """Return the venue as its administrator sees it."""
        table = Table(show_header=False, box=None)
        for label, key in (
            ("场所", "name"), ("类型", "type_name"), ("地区", "region_name"),
            ("地址", "address"), ("二维码内容", "code_url"),
        ):  # fmt: skip
            table.add_row(f"[dim]{label}[/dim]", str(venue[key]))
        return table

    def posters(self, administrator: Phone, venue: dict[str, Any]) -> list[str]:
        """Request the posters, download them, and return the codes read from PDF and PNG."""
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
        self.say(
            f"{OUT / 'landing.html'}：场所名称、用什么打开 · the venue's name, and what to open"
        )

    def correct(self) -> None:
        """Correct each rejected registration, and wait until it is verified."""
        for person in people("poster"):
            if person.entered_name == person.name:
                continue
            phone = self.phone(person)
            seen = phone.verified_registration()
            if seen["verification"] == "rejected":
                self.say(f"{seen['name'][0]}**: [red]未通过 rejected[/red] {seen['reason_text']}")
                seen = phone.enter(person.name, person.document_number)
            self.say(f"{seen['name'][0]}**: [green]已核验 {seen['verification']}[/green]")

    def scans(self, payloads: list[str]) -> list[tuple[Person, dict[str, Any]]]:
        """Scan with every phone, and wait until no answer is expected any more."""
        screens: list[tuple[Person, dict[str, Any]]] = []
        refused = 0
        with self.bar() as bar:
            scanning = bar.add_task("Scanning", total=len(people("poster")))
            waiting = bar.add_task("Providers answer", total=len(people("poster")))
            first: list[tuple[Person, Phone, dict[str, Any]]] = []
            for number, person in enumerate(people("poster")):
                phone = self.phone(person)
                try:
                    screen = phone.visit(payloads[number % len(payloads)])
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
        at_once = Counter(screen["outcome_text"] for _, _, screen in first)
        counted = "、".join(f"{said} {count}" for said, count in at_once.most_common())
        self.say(
            f"登记 {len(first)} 次，未通过核验 {refused} 次 · "
            f"{len(first)} scans on record, {refused} refused as not verified"
        )
        self.say(f"首次答复 first answers: {counted}")
        return screens

    def resend(self) -> None:
        """Repeat the requests of a killed run that got no response."""
        for nonce, sent in (self.pocket.get("sent") or {}).items():
            if not sent:
                continue
            if now_ms() - nonce_time(nonce) > _RETRY_WINDOW_MS:
                self.pocket.put(None, "sent", nonce)
                continue
            try:
                Phone(sent["phone"], self.server, self.pocket).record(sent["path"], sent["body"])
            except ApiError as error:
                if error.code not in _REFUSALS:
                    raise
            else:
                self.say("补发上次的扫码，已登记 · an earlier run's scan, sent again, is on record")

    def repeat(self, code: str) -> None:
        """Repeat a scan as after a lost response; it gets its own record."""
        phone = self.phone(people("poster")[2])
        nonce = fresh_nonce()
        first, *again = [phone.visit(code, nonce)["scan_id"] for _ in range(4)]
        if set(again) != {first}:
            raise RuntimeError("the same scan was recorded twice")
        phone.final_screen(first)
        self.say("发送四次，登记一次 · sent four times, on record once")

    def show(self, screens: list[tuple[Person, dict[str, Any]]]) -> None:
        """Print one screen of each colour in full, then all of them in a table."""
        colours = {screen["health_code"]["state"]: screen for _, screen in reversed(screens)}
        for state in _SHOWN:
            if state in colours:
                screen = colours[state]
                title = f"{screen['venue']['name']} · {screen['demo']}"
                self.console.print(screen_panel(screen, title))
        table = table_of("访客", "健康码", "核酸", "结果", "原因", "情形")
        for person, screen in screens:
            table.add_row(
                screen["person"]["name"],
                screen["health_code"]["text"],
                screen["nucleic_acid"]["text"],
                outcome_of(screen),
                reasons_of(screen),
                f"[dim]{person.about}[/dim]",
            )
        self.console.print(table)

    def figures(self, administrator: Phone, venue: dict[str, Any], guards: list[Phone]) -> bool:
        """Print the day's table; return whether sums, recount and acknowledged scans agree."""
        container = self.deployment.container()
        known = container.venues.venue(venue["venue_id"])
        if known is None:
            raise RuntimeError("the venue is not in the table")
        today = day_of(known, container.clock.now())
        path = f"/v1/venues/{known.venue_id}"
        acknowledged = self.acknowledged(known.venue_id, lambda at: day_of(known, at), today)

        def shown(phone: Phone, by: str) -> dict[str, Any]:
            return phone.call("GET", f"{path}/statistics?day={today}&by={by}")

        def compare() -> recount.Comparison:
            return recount.compare(container, [known.venue_id], today)[0]

        with contextlib.suppress(TimeoutError):  # the table will show what is wrong
            wait_for(
                lambda: shown(administrator, "unit"),
                lambda seen: seen["checked"] >= len(acknowledged) and seen["pending"] == 0,
            )
            wait_for(compare, lambda seen: seen.equal)
        unit, comparison = shown(administrator, "unit"), compare()
        table = table_of("", *(f"{word} {key}" for key, word in _FIGURES.items()), "复核 recount")
        rows = [("单位 unit", "", unit)]
        for phone in (administrator, *guards):
            me = phone.call("GET", "/v1/me")
            name = me["registration"]["name"]
            rows.append((f"员工 {name}", me["person_id"], shown(phone, "me")))
        equal = True
        for label, staff_id, seen in rows:
            mine = [seen[key] for key in _FIGURES]
            again = list(comparison.records.get(staff_id, Figures()).parts()[: len(mine)])
            equal = equal and mine == again
            found = "/".join(map(str, again))
            found = found if mine == again else f"[red]≠ {found}[/red]"
            table.add_row(label, *map(str, mine), found)
        own, recounted = unit["own_scans"], comparison.records[""].own
        table.add_row("访客自扫 visitors", str(own), "", "", "", str(recounted))
        self.console.print(table)
        by_staff = sum(seen["checked"] for _, staff_id, seen in rows if staff_id)
        on_record = Counter(scan.scan_id for scan in container.scans.of_day(known, today))
        listed = self.abnormal(administrator, path, today)
        verdicts = (
            (
                "checked = passed + abnormal + pending",
                all(
                    seen["checked"] == seen["passed"] + seen["abnormal"] + seen["pending"]
                    for _, _, seen in rows
                ),
            ),
            (
                f"unit {unit['checked']} = staff {by_staff} + visitors' own scans {own}",
                unit["checked"] == by_staff + own,
            ),
            ("figures = recount", equal and own == recounted),
            (
                f"{unit['abnormal']} abnormal, {len(listed)} in the list of them",
                len(set(listed)) == len(listed) == unit["abnormal"],
            ),
            (
                f"{len(acknowledged)} acknowledged scans, each on record once",
                all(on_record[scan] == 1 for scan in acknowledged),
            ),
        )
        for sentence, holds in verdicts:
            self.verdict(sentence, holds)
        return all(holds for _, holds in verdicts)

    def abnormal(self, administrator: Phone, path: str, day: date) -> list[str]:
        """Return the ids of the day's abnormal scans, from the list behind the figure."""
        listed: list[str] = []
        cursor = ""
        while True:
            query = f"outcome=abnormal&day={day}&limit=50{cursor}"
            page = administrator.call("GET", f"{path}/scans?{query}")
            listed += [item["scan_id"] for item in page["items"]]
            if page["next_cursor"] is None:
                return listed
            cursor = f"&cursor={quote(page['next_cursor'])}"

    def acknowledged(self, venue_id: str, day: Callable[[Any], date], today: date) -> list[str]:
        """Return today's scans at the venue that were acknowledged to a phone."""
        mine = f"scn_{venue_id.removeprefix('ven_')}_"
        return [
            scan
            for scan in self.pocket.get("acknowledged") or {}
            if scan.startswith(mine) and day(from_epoch_ms(int(scan.split("_")[2], 16))) == today
        ]


def main() -> int:
    """Start the local cloud if needed and run the demo; return 1 when a figure is wrong."""
    console = Console()
    try:
        cloud = local.show_progress(console, seeded=False)
        right = Demo(cloud, console).tell()
    except LocalCloudError as error:
        console.print(f"[red]{error}[/red]", highlight=False)
        return 1
    except (ApiError, TimeoutError, RuntimeError) as error:
        console.print(f"[red]The story broke off:[/red] {error}")
        return 1
    console.print(
        "[bold green]演示完成 · done[/bold green]" if right else "[bold red]有误 · wrong[/]"
    )
    return 0 if right else 1


if __name__ == "__main__":
    sys.exit(main())
