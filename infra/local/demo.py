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
from rich.text import Text

from chalicelib.core.clock import from_epoch_ms
from chalicelib.core.ids import nonce_time
from chalicelib.insight.counters import Figures
from chalicelib.venues.venue import day_of
from infra.local import cloud as local
from infra.local.client import ApiError, Phone, fresh_nonce, now_ms, wait_for
from infra.local.door import DoorChapter
from infra.local.family import FamilyChapter
from infra.local.language import words
from infra.local.pictures import decode
from infra.local.place import LocalCloudError
from infra.local.reporting import Reporter, screen_panel, visitor_row, visitor_table
from infra.local.seed import Person, is_seeded, issue, people, pocket_of, seed, steps
from infra.ops import recount
from infra.tables import Cell, FittingTable, coloured

OUT = Path("out")
_SHOWN = ("green", "yellow", "red", "light_green")
_RETRY_WINDOW_MS = 9 * 60 * 1000  # the server takes a visitor's scan for ten minutes
# What may have changed since a killed run sent its scan.
_REFUSALS = (
    "registration_rejected", "pass_expired", "pass_used", "not_your_venue", "too_many_requests",
)  # fmt: skip
_FIGURES = ("checked", "passed", "abnormal", "pending")
_FIGURES_ZH = ("检测", "通行", "异常", "待定")
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
        self.step(words("people register, venues apply", "访客实名登记，场所申领场所码"))
        self.populate()
        self.step(words("one more venue gets its code", "再申领一个场所码"))
        administrator = self.phone(people("poster")[0])
        venue = issue(administrator, VENUE, self.pocket)
        self.console.print(self.venue_table(venue))
        self.step(words("its poster is printed", "打印海报"))
        payloads = self.posters(administrator, venue)
        self.step(words("what a plain camera sees", "普通相机扫到的页面"))
        self.landing(venue)
        self.step(words("rejected, corrected, approved", "被拒者修改后获准"))
        self.correct()
        self.step(words("visitors scan, one screen each", "访客扫码，一屏显示"))
        self.resend()
        screens = self.scans(payloads)
        self.show(screens)
        self.step(words("the same scan, sent again", "重发同一次扫码"))
        self.repeat(payloads[0])
        morning = DoorChapter(self, administrator, venue)
        self.step(words("the guards are bound", "工作人员上岗"))
        morning.bind()
        self.step(words("passes are shown, temperatures taken", "出示通行码，测温"))
        morning.passes()
        self.step(words("the health code provider dies, and returns", "健康码提供方中断"))
        never_invented = morning.outage()
        self.step(words("shown twice, checked in fast, travel card", "重复出示、快速登记、行程卡"))
        morning.oddities()
        self.step(words("checked by hand", "手工核验"))
        morning.by_hand()
        family = FamilyChapter(self, morning)
        self.step(words("a grandmother without a phone is added", "家人代办：没有手机的外婆"))
        family.add()
        self.step(words("her card, downloaded and read", "纸质通行码"))
        family.card()
        self.step(words("the card at the door, and her test result", "纸质通行码进门"))
        family.at_the_door()
        family.test_result()
        self.step(words("the card is reissued", "补办，旧卡作废"))
        family.reissue()
        self.step(words("she is erased, and a search finds no trace of her", "注销：个人信息删除"))
        forgotten = family.erase()
        self.step(words("the day's figures, and a recount", "当日统计与复核"))
        morning.drain()
        right = self.figures(administrator, venue, morning.guards)
        self.step(words("the end of the shift", "下班"))
        morning.farewell()
        return right and never_invented and forgotten

    def populate(self) -> None:
        """Seed, unless an earlier run has done so."""
        if is_seeded(self.cloud):
            self.say(words("already there from an earlier run", "上次运行时已完成"))
            return
        with self.bar() as bar:
            task = bar.add_task(words("Registering", "登记中"), total=steps())
            seed(self.cloud, lambda: bar.advance(task))
        self.pocket = pocket_of(self.cloud)  # with the logins of the seed

    def venue_table(self, venue: dict[str, Any]) -> Table:
        """Return the venue as its administrator sees it."""
        table = Table.grid(padding=(0, 2))
        for label, key in (
            (words("Venue", "场所"), "name"),
            (words("Type", "类型"), "type_name"),
            (words("Region", "地区"), "region_name"),
            (words("Address", "地址"), "address"),
            (words("Code", "二维码内容"), "code_url"),
        ):
            table.add_row(coloured(label, "dim"), Text(str(venue[key])))
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
                self.unbroken(f"{file}  {size}")
                continue
            read = decode(file)
            if read != venue["code_url"]:
                raise RuntimeError(f"{file} holds {read!r}, not {venue['code_url']!r}")
            payloads.append(read)
            self.unbroken(f"{file}  {size} → {read}")
        return payloads

    def landing(self, venue: dict[str, Any]) -> None:
        """Open the printed address as a browser does."""
        page = self.server.page(f"/V/{venue['code']}")
        (OUT / "landing.html").write_text(page, encoding="utf-8")
        if venue["name"] not in page:
            raise RuntimeError("the landing page does not name the venue")
        what = words("the venue's name, and what to open", "场所名称、用什么打开")
        self.say(f"{OUT / 'landing.html'}", words(": ", "："), what)

    def correct(self) -> None:
        """Correct each rejected registration, and wait until it is verified."""
        for person in people("poster"):
            if person.entered_name == person.name:
                continue
            phone = self.phone(person)
            seen = phone.verified_registration()
            if seen["verification"] == "rejected":
                rejected = coloured(words("rejected", "未通过"), "red")
                self.say(f"{seen['name'][0]}** ", rejected, f" {seen['reason_text']}")
                seen = phone.enter(person.name, person.document_number)
            verified = seen["verification"] == "verified"
            result = words(seen["verification"], "已核验" if verified else "未通过")
            self.say(f"{seen['name'][0]}** ", coloured(result, "green" if verified else "red"))

    def scans(self, payloads: list[str]) -> list[tuple[Person, dict[str, Any]]]:
        """Scan with every phone, and wait until no answer is expected any more."""
        screens: list[tuple[Person, dict[str, Any]]] = []
        refused = 0
        with self.bar() as bar:
            scanning = bar.add_task(words("Scanning", "扫码"), total=len(people("poster")))
            answered = words("Providers answer", "各查询方答复")
            waiting = bar.add_task(answered, total=len(people("poster")))
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
        counted = words(", ", "、").join(f"{said} {count}" for said, count in at_once.most_common())
        self.say(
            words(
                f"{len(first)} scans on record, {refused} refused as not verified",
                f"登记 {len(first)} 次，未通过核验 {refused} 次",
            )
        )
        self.say(words("first answers: ", "首次答复："), counted)
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
                again = "an earlier run's scan, sent again, is on record"
                self.say(words(again, "补发上次的扫码，已登记"))

    def repeat(self, code: str) -> None:
        """Repeat a scan as after a lost response; it gets its own record."""
        phone = self.phone(people("poster")[2])
        nonce = fresh_nonce()
        first, *again = [phone.visit(code, nonce)["scan_id"] for _ in range(4)]
        if set(again) != {first}:
            raise RuntimeError("the same scan was recorded twice")
        phone.final_screen(first)
        self.say(words("sent four times, on record once", "发送四次，登记一次"))

    def show(self, screens: list[tuple[Person, dict[str, Any]]]) -> None:
        """Print one screen of each colour in full, then all of them in a table."""
        colours = {screen["health_code"]["state"]: screen for _, screen in reversed(screens)}
        for state in _SHOWN:
            if state in colours:
                screen = colours[state]
                marked = words("demonstration", "演示") if screen["demo"] else ""
                title = f"{screen['venue']['name']} {marked}"
                self.console.print(screen_panel(screen, title))
        table = visitor_table(words("Test", "核酸"))
        for person, screen in screens:
            table.add_row(*visitor_row(screen, screen["nucleic_acid"]["text"], person.about))
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
        headers = [words(*pair) for pair in zip(_FIGURES, _FIGURES_ZH, strict=True)]
        table = FittingTable(words("whose", "范围"), *headers, words("recount", "复核"))
        rows = [(words("unit", "单位"), "", unit)]
        for phone in (administrator, *guards):
            me = phone.call("GET", "/v1/me")
            name = me["registration"]["name"]
            rows.append((f"{words('staff', '员工')} {name}", me["person_id"], shown(phone, "me")))
        equal = True
        for label, staff_id, seen in rows:
            mine = [seen[key] for key in _FIGURES]
            again = list(comparison.records.get(staff_id, Figures()).parts()[: len(mine)])
            equal = equal and mine == again
            found: Cell = "/".join(map(str, again))
            found = found if mine == again else coloured(f"≠ {found}", "red")
            table.add_row(label, *map(str, mine), found)
        own, recounted = unit["own_scans"], comparison.records[""].own
        visiting = words("visitors themselves", "访客自扫")
        table.add_row(visiting, str(own), "", "", "", str(recounted))
        self.console.print(table)
        by_staff = sum(seen["checked"] for _, staff_id, seen in rows if staff_id)
        on_record = Counter(scan.scan_id for scan in container.scans.of_day(known, today))
        listed = self.abnormal(administrator, path, today)
        verdicts = (
            (
                words("checked = passed + abnormal + pending", "检测 = 通行 + 异常 + 待定"),
                all(
                    seen["checked"] == seen["passed"] + seen["abnormal"] + seen["pending"]
                    for _, _, seen in rows
                ),
            ),
            (
                words(
                    f"unit {unit['checked']} = staff {by_staff} + visitors' own scans {own}",
                    f"单位 {unit['checked']} = 员工 {by_staff} + 访客自扫 {own}",
                ),
                unit["checked"] == by_staff + own,
            ),
            (words("figures = recount", "统计 = 复核"), equal and own == recounted),
            (
                words(
                    f"{unit['abnormal']} abnormal, {len(listed)} in the list of them",
                    f"异常 {unit['abnormal']} 次，异常列表 {len(listed)} 条",
                ),
                len(set(listed)) == len(listed) == unit["abnormal"],
            ),
            (
                words(
                    f"{len(acknowledged)} acknowledged scans, each on record once",
                    f"已答复的扫码 {len(acknowledged)} 次，每次登记一条",
                ),
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
    console.print(
        words(
            "Nineteen steps on the local cloud, about three minutes.",
            "在本地云上演示十九步，约三分钟。",
        )
    )
    try:
        cloud = local.show_progress(console, seeded=False)
        right = Demo(cloud, console).tell()
    except LocalCloudError as error:
        console.print(coloured(str(error), "red"))
        return 1
    except (ApiError, TimeoutError, RuntimeError) as error:
        broken = coloured(words("The demo broke off: ", "演示中断："), "red")
        console.print(broken + Text(str(error)))
        return 1
    local.print_addresses(cloud, console)
    console.print(
        words(
            "The local cloud keeps running. `make run` prints these addresses again and runs until "
            "Ctrl-C; `make down` stops it.",
            "本地云仍在运行。`make run` 再次显示这些地址，并一直运行到按下 Ctrl-C；"
            "`make down` 停止。",
        )
    )
    if right:
        console.print(coloured(words("The demo is done.", "演示完成。"), "bold green"))
    else:
        console.print(coloured(words("A figure is wrong.", "结果有误。"), "bold red"))
    return 0 if right else 1


if __name__ == "__main__":
    sys.exit(main())
