"""The demo's morning at the door: staff, passes, a provider that dies, the figures.

It can be killed and run again on the same day: staff stay bound, each showing mints a new pass, and
the visitors of the dead provider change with each run.
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
from infra.local.reporting import (
    TEMPERATURES,
    Reporter,
    outcome_of,
    reasons_of,
    screen_panel,
    table_of,
)
from infra.local.seed import Person, people

MISTAKEN = "王桂花"
"""What a guard types for 王桂香."""
_ROLES = {"administrator": "管理员 administrator", "inspector": "检查员 inspector"}
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
            self.known.name: "姓名、证件号、手机号一致 · by name, number and phone",
            self.joining.name: "输入场所申报码 · typed the join code",
            self.hired.name: "凭姓名和手机号，核实后生效 · by name and phone, once verified",
        }
        table = table_of("员工 staff", "身份 role", "如何绑定 bound how")
        for member in self.chief.call("GET", f"{self.path}/staff")["items"]:
            table.add_row(
                member["name"],
                _ROLES[member["role"]],
                ways.pop(member["name"], "申领场所码 · applied for the venue"),
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
        screens = self.meet(guests, "Passes")
        seen = {screen["health_code"]["state"]: screen for screen in reversed(screens)}
        self.reporter.console.print(
            Columns(
                screen_panel(seen[colour], "员工的屏幕 guard's screen", 38) for colour in _COLOURS
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
        code = self.reporter.phone(person).show_pass()
        return guard, self.present(guard, code, "fever" if person.part == "fever" else "normal")

    def present(self, guard: Phone, code: str, temperature: str) -> dict[str, Any]:
        """Scan one pass by one guard; return the first screen."""
        return guard.record(f"{self.path}/scans", guard.pass_body(code, temperature))

    def table(self, guests: list[Person], screens: list[dict[str, Any]]) -> None:
        """Print the visitors and their outcomes."""
        table = table_of("访客", "健康码", "体温", "结果", "原因", "情形")
        for person, screen in zip(guests, screens, strict=True):
            table.add_row(
                screen["person"]["name"],
                screen["health_code"]["text"],
                TEMPERATURES[screen["temperature"]],
                outcome_of(screen),
                reasons_of(screen),
                f"[dim]{person.about}[/dim]",
            )
        self.reporter.console.print(table)

    def oddities(self) -> None:
        """Show a pass twice, scan the fast check-in code, enter a travel card by text message."""
        (twice,), (quick,), cards = people("twice"), people("fast"), people("card")
        code = self.reporter.phone(twice).show_pass()
        first, second, _ = self.guards
        first.final_screen(self.present(first, code, "normal")["scan_id"])
        self.reporter.refused(
            "同一通行码再次出示 the pass shown again",
            "pass_used",
            lambda: self.present(second, code, "normal"),
        )
        fast = self.chief.call("POST", f"{self.path}/fast-code")["code_url"]
        visitor = self.reporter.phone(quick)
        screen = visitor.final_screen(visitor.visit(fast)["scan_id"])
        self.reporter.say(
            f"快速登记码 fast check-in: {screen['person']['name']}, "
            f"{TEMPERATURES[screen['temperature']]}, {outcome_of(screen)}"
        )
        for person in cards:
            guard, screen = self.scan(person)
            before = guard.final_screen(screen["scan_id"])
            how = self.enter_card(self.reporter.phone(person), screen["scan_id"])
            after = guard.final_screen(screen["scan_id"])
            self.reporter.say(
                f"行程卡 travel card of {after['person']['name']}, {how}: "
                f"{before['travel_card']['text']} → {after['travel_card']['text']}, "
                f"{outcome_of(before)} → {outcome_of(after)}"
            )

    def enter_card(self, phone: Phone, scan_id: str) -> str:
        """Request the carrier's code and enter it, once a day; return how the card became known."""
        if phone.ask_for_card().good()["status"] == "known":
            return "今日已查 known since earlier today"
        phone.enter_card(scan_id).good()
        return "凭短信验证码 by a code from a text message"

    # --- A provider dies --------------------------------------------------------------------------

    def outage(self) -> bool:
        """Make the health code provider die and return; return whether no colour was invented."""
        turn = self.reporter.pocket.get("outages") or 0
        self.reporter.pocket.put(turn + 1, "outages")
        cast = people("outage")
        guests = [cast[(_IN_THE_OUTAGE * turn + i) % len(cast)] for i in range(_IN_THE_OUTAGE)]
        self.queued = [self.waiting()]
        with self.dead("health_code") as since:
            screens = self.meet(guests[:-1], "Nobody answers")
            self.table(guests[:-1], screens)
            guard, last = self.scan(guests[-1])  # still waits when the provider returns
            screens.append(last)
            self.queued.append(self.waiting())
        if any(screen["health_code"]["state"] == "green" for screen in screens):
            self.reporter.say("绿码：十分钟内已查过 · green: asked less than ten minutes ago")
        self.reporter.say(
            "健康码恢复，再次出示 · the provider is back, they show their passes again"
        )
        with self.reporter.console.status("The circuit breakers rest"):
            time.sleep(REST.total_seconds())
        self.table(guests, self.meet(guests, "Answered"))
        last = guard.final_screen(last["scan_id"])
        self.reporter.say(f"恢复前待定的一次 the one that was pending: {outcome_of(last)}")
        return self.reporter.verdict(
            "while the provider was dead, no colour came from it and nobody came in without one",
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
        with self.reporter.console.status("The queue drains"):
            left = wait_for(self.waiting, lambda waiting: waiting <= self.queued[0], seconds=120)
        before, meanwhile = self.queued
        self.reporter.say(
            "队列中待重试 lookups to be tried again: "
            f"中断前 before {before}, 中断时 meanwhile {meanwhile}, 现在 now {left}"
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
        abouts = [old_man.about, head.about, "a name that is not the number's"]
        guard = next(self._turns)
        checks = []
        for entry in entries:
            try:
                checks.append(guard.check_by_hand(self.path, {**entry, "temperature": "normal"}))
            except ApiError as error:
                if error.code != "too_many_requests":
                    raise
                self.reporter.say(
                    f"[yellow]{error.status} {error.code}[/yellow] often enough today"
                )
                break
        self.reporter.say("都要等两秒 pending for two seconds, known or not")
        table = table_of("姓名", "健康码", "体温", "结果", "原因", "情形")
        for check_id, about in zip(checks, abouts, strict=False):
            seen = guard.final_check(check_id)
            table.add_row(
                seen["person"]["name"] if seen["person"] else "—",
                seen["health_code"]["text"],
                TEMPERATURES[seen["temperature"]],
                outcome_of(seen),
                reasons_of(seen),
                f"[dim]{about}[/dim]",
            )
        self.reporter.console.print(table)

    # --- The end of the shift ---------------------------------------------------------------------

    def farewell(self) -> None:
        """Remove a guard's right, which ends at the next call."""
        guard = self.guards[0]
        person_id = guard.call("GET", "/v1/me")["person_id"]
        visitor = self.reporter.phone(people("door")[0])
        self.chief.call("POST", f"{self.path}/staff/{person_id}/remove")
        self.reporter.refused(
            f"{self.known.name} 被移除后 after the removal",
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
