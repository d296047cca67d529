"""The demo's morning at the door: staff, passes, a provider that dies, the figures.

It can be killed and run again on the same day: staff stay bound, who comes again within a minute
waits for the next pass, and the visitors of the dead provider change with each run.
"""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from itertools import cycle
from typing import Any

from rich.columns import Columns

from chalicelib.adapters.providers.breaker import REST
from infra.local.client import ApiError, Phone, wait_for
from infra.local.language import words
from infra.local.reporting import (
    Reporter,
    outcome_of,
    screen_panel,
    temperature_of,
    visitor_row,
    visitor_table,
)
from infra.local.seed import Person, people
from infra.tables import FittingTable, coloured

MISTAKEN = "王桂花"
"""What a guard types for 王桂香."""
_ROLES_ZH = {"administrator": "管理员", "inspector": "检查员"}
_COLOURS = ("green", "yellow", "red", "light_green", "absent")
_IN_THE_OUTAGE = 3  # of twelve guests; each run takes others


class DoorChapter:
    """The door of one venue, from the first guard's binding to the last guard's removal."""

    def __init__(self, reporter: Reporter, chief: Phone, venue: dict[str, Any]) -> None:
        self.reporter = reporter
        self.chief = chief
        self.venue = venue
        self.path = f"/v1/venues/{venue['venue_id']}"
        (self.known,) = people("guard_identity")
        (self.joining,) = people("guard_join")
        (self.hired,) = people("guard_invited")
        self.guards = [reporter.phone(one) for one in (self.known, self.joining, self.hired)]
        self._turns = cycle(self.guards)
        self.queued: list[int] = []

    # --- Staff ------------------------------------------------------------------------------------

    def bind(self) -> None:
        """Bind the guards: by identity, by the join code, by name and phone."""
        _, joining, hired = self.guards
        self.add(
            by="identity",
            name=self.known.name,
            document_type="resident_id",
            document_number=self.known.document_number,
            phone=self.known.phone,
        )
        if not self.works_here(joining):
            code = self.chief.join_code(self.venue["venue_id"])
            joining.join(f"{code[:4]} {code[4:]}".lower()).good()
        self.add(by="phone", name=self.hired.name, phone=self.hired.phone)
        if not self.works_here(hired):
            if hired.registration()["verification"] == "none":
                hired.enter(self.hired.entered_name, self.hired.document_number)
            hired.verified_registration()
            hired.log_in_with_wechat()  # claims the right if the worker has not yet
        ways = {
            self.known.name: words("by name, number and phone", "姓名、证件号、手机号一致"),
            self.joining.name: words("typed the join code", "输入场所申报码"),
            self.hired.name: words(
                "by name and phone, once verified", "凭姓名和手机号，核实后生效"
            ),
        }
        applied = words("applied for the venue", "申领场所码")
        table = FittingTable(
            words("Staff", "员工"), words("Role", "身份"), words("Bound how", "如何绑定")
        )
        for member in self.chief.call("GET", f"{self.path}/staff")["items"]:
            table.add_row(
                member["name"],
                words(member["role"], _ROLES_ZH[member["role"]]),
                ways.pop(member["name"], applied),
            )
        self.reporter.console.print(table)
        if ways or not all(map(self.works_here, self.guards)):
            raise RuntimeError("not all guards are bound")

    def add(self, **staff: str) -> None:
        """Add an inspector as the administrator."""
        entry = {"role": "inspector", **staff}
        self.chief.call("POST", f"{self.path}/staff", entry)

    def works_here(self, phone: Phone) -> bool:
        """Return whether the phone's owner has a right at the venue."""
        mine = phone.call("GET", "/v1/bindings")["items"]
        return any(one["venue_id"] == self.venue["venue_id"] for one in mine)

    # --- Passes -----------------------------------------------------------------------------------

    def passes(self) -> None:
        """Scan every visitor's pass with a temperature, and print the screens."""
        guests = [*people("door"), *people("fever")]
        screens = self.meet(guests, words("Passes", "扫通行码"))
        seen = {screen["health_code"]["state"]: screen for screen in reversed(screens)}
        self.reporter.console.print(
            Columns(
                screen_panel(seen[colour], words("guard's screen", "员工的屏幕"), 38)
                for colour in _COLOURS
            )
        )
        self.table(guests, screens)

    def meet(self, guests: list[Person], title: str) -> list[dict[str, Any]]:
        """Scan the guests' passes by the guards in turn; return the final screens."""
        at_once: list[tuple[Phone, str]] = []
        screens = []
        with self.reporter.bar() as bar:
            task = bar.add_task(title, total=2 * len(guests))
            for person in guests:
                guard, screen = self.scan(person)
                at_once.append((guard, screen["scan_id"]))
                bar.advance(task)
            for guard, scan_id in at_once:
                screens.append(guard.final_screen(scan_id))
                bar.advance(task)
        return screens

    def scan(self, person: Person) -> tuple[Phone, dict[str, Any]]:
        """Scan a person's pass by the next guard; return the guard and the first screen."""
        guard = next(self._turns)
        return guard, self.admit(guard, person)[1]

    def admit(self, guard: Phone, person: Person) -> tuple[str, dict[str, Any]]:
        """Scan a person's pass; return it and the first screen.

        A person has one pass a minute, good for one entry: who comes again waits for the next one.
        """
        phone, temperature = self.reporter.phone(person), "normal"
        if person.part == "fever":
            temperature = "fever"
        code = phone.show_pass()
        try:
            return code, self.present(guard, code, temperature)
        except ApiError as error:
            if error.code != "pass_used":
                raise
        with self.reporter.console.status(words("The next pass", "等待下一个通行码")):
            code = wait_for(phone.show_pass, lambda shown: shown != code, seconds=90)
        return code, self.present(guard, code, temperature)

    def present(self, guard: Phone, code: str, temperature: str) -> dict[str, Any]:
        """Scan one pass by one guard; return the first screen."""
        return guard.record(f"{self.path}/scans", guard.pass_body(code, temperature))

    def table(self, guests: list[Person], screens: list[dict[str, Any]]) -> None:
        """Print the visitors and their outcomes."""
        table = visitor_table(words("Temperature", "体温"))
        for person, screen in zip(guests, screens, strict=True):
            table.add_row(*visitor_row(screen, temperature_of(screen), person.about))
        self.reporter.console.print(table)

    def oddities(self) -> None:
        """Show a pass twice, scan the fast check-in code, enter a travel card by text message."""
        (twice,), (quick,), cards = people("twice"), people("fast"), people("card")
        first, second, _ = self.guards
        code, screen = self.admit(first, twice)
        first.final_screen(screen["scan_id"])
        self.reporter.refused(
            words("the pass shown again", "同一通行码再次出示"),
            "pass_used",
            lambda: self.present(second, code, "normal"),
        )
        fast = self.chief.call("POST", f"{self.path}/fast-code")["code_url"]
        visitor = self.reporter.phone(quick)
        screen = visitor.final_screen(visitor.visit(fast)["scan_id"])
        self.reporter.say(
            words("fast check-in: ", "快速登记码："),
            f"{screen['person']['name']} ",
            temperature_of(screen),
            " ",
            outcome_of(screen),
        )
        for person in cards:
            guard, screen = self.scan(person)
            before = guard.final_screen(screen["scan_id"])
            how = self.enter_card(self.reporter.phone(person), screen["scan_id"])
            after = guard.final_screen(screen["scan_id"])
            self.reporter.say(
                words("travel card of ", "行程卡："),
                f"{after['person']['name']}, {how}: ",
                f"{before['travel_card']['text']} → {after['travel_card']['text']}, ",
                outcome_of(before),
                " → ",
                outcome_of(after),
            )

    def enter_card(self, phone: Phone, scan_id: str) -> str:
        """Request the carrier's code and enter it, once a day; return how the card became known."""
        if phone.ask_for_card().good()["status"] == "known":
            return words("known since earlier today", "今日已查")
        phone.enter_card(scan_id).good()
        return words("by a code from a text message", "凭短信验证码")

    # --- A provider dies --------------------------------------------------------------------------

    def outage(self) -> bool:
        """Make the health code provider die and return; return whether no colour was invented."""
        turn = self.reporter.pocket.get("outages") or 0
        self.reporter.pocket.put(turn + 1, "outages")
        cast = people("outage")
        guests = [cast[(_IN_THE_OUTAGE * turn + i) % len(cast)] for i in range(_IN_THE_OUTAGE)]
        self.queued = [self.waiting()]
        with self.dead("health_code") as since:
            screens = self.meet(guests[:-1], words("Nobody answers", "无人答复"))
            self.table(guests[:-1], screens)
            guard, last = self.scan(guests[-1])  # still waits when the provider returns
            screens.append(last)
            self.queued.append(self.waiting())
        if any(screen["health_code"]["state"] == "green" for screen in screens):
            self.reporter.say(words("green: asked less than a minute ago", "绿码：一分钟内已查过"))
        self.reporter.say(
            words("the provider is back, they show their passes again", "健康码恢复，再次出示")
        )
        with self.reporter.console.status(words("The circuit breakers rest", "熔断恢复中")):
            time.sleep(REST.total_seconds())
        self.table(guests, self.meet(guests, words("Answered", "已答复")))
        last = guard.final_screen(last["scan_id"])
        self.reporter.say(
            words("the one that was pending: ", "恢复前待定的一次："), outcome_of(last)
        )
        return self.reporter.verdict(
            words(
                "while the provider was dead, no colour came from it "
                "and nobody came in without one",
                "中断期间没有来自健康码方的颜色，也没有人无码入内",
            ),
            not any(is_invented(screen, since) for screen in screens),
        )

    @contextmanager
    def dead(self, provider: str) -> Iterator[datetime]:
        """Make a provider refuse connections during the block; yield since when (UTC)."""
        self.reporter.server.sandbox.fault(provider, "refuse")
        try:
            yield datetime.now(UTC)
        finally:
            self.reporter.server.sandbox.fault(provider, "none")

    def waiting(self) -> int:
        """Return how many lookups are in the queue or wait for a retry."""
        counts = ("ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible")
        answer = self.reporter.cloud.client("sqs").get_queue_attributes(
            QueueUrl=self.reporter.cloud.outputs["lookups_url"], AttributeNames=list(counts)
        )
        return sum(int(answer["Attributes"][name]) for name in counts)

    def drain(self) -> None:
        """Wait until the lookups that failed during the outage have been retried."""
        with self.reporter.console.status(words("The queue drains", "队列处理中")):
            left = wait_for(self.waiting, lambda waiting: waiting <= self.queued[0], seconds=120)
        before, meanwhile = self.queued
        self.reporter.say(
            words(
                f"lookups to be tried again: {before} before, {meanwhile} meanwhile, {left} now",
                f"队列中待重试：中断前 {before}，中断时 {meanwhile}，现在 {left}",
            )
        )

    # --- By hand ----------------------------------------------------------------------------------

    def by_hand(self) -> None:
        """Check visitors without a smartphone by name and number, and one wrong name."""
        old_man, head = people("by_hand")
        relative = people("door")[0].phone
        entries = [
            {"name": old_man.name, "document_number": old_man.document_number, "phone": relative},
            {"name": head.name, "document_number": head.document_number, "phone": head.phone},
            {"name": MISTAKEN, "document_number": head.document_number},
        ]
        abouts = [
            old_man.about,
            head.about,
            words("a name that is not the number's", "姓名与证件号不符"),
        ]
        guard = next(self._turns)
        checks = []
        for entry in entries:
            try:
                checks.append(guard.check_by_hand(self.path, {**entry, "temperature": "normal"}))
            except ApiError as error:
                if error.code != "too_many_requests":
                    raise
                self.reporter.say(
                    coloured(f"{error.status} {error.code} ", "yellow"),
                    words("often enough today", "今日次数已满"),
                )
                break
        self.reporter.say(
            words("pending for two seconds, known or not", "无论查到与否，都要等两秒")
        )
        table = visitor_table(words("Temperature", "体温"))
        for check_id, about in zip(checks, abouts, strict=False):
            seen = guard.final_check(check_id)
            table.add_row(*visitor_row(seen, temperature_of(seen), about))
        self.reporter.console.print(table)

    # --- The end of the shift ---------------------------------------------------------------------

    def farewell(self) -> None:
        """Remove a guard's right, which ends at the next call."""
        guard = self.guards[0]
        person_id = guard.call("GET", "/v1/me")["person_id"]
        visitor = self.reporter.phone(people("door")[0])
        self.chief.call("POST", f"{self.path}/staff/{person_id}/remove")
        self.reporter.refused(
            words(f"{self.known.name}, after the removal", f"{self.known.name} 被移除后"),
            "not_your_venue",
            lambda: self.present(guard, visitor.show_pass(), "normal"),
        )


def is_invented(screen: dict[str, Any], since: datetime) -> bool:
    """Return whether a screen claims more than was known before a provider died (UTC)."""
    code = screen["health_code"]
    fetched = code["fetched_at"]
    if fetched is not None and datetime.fromisoformat(fetched) > since:
        return True
    return screen["outcome"] == "admit" and (code["state"] != "green" or fetched is None)
