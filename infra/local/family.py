"""The demo's family: a grandmother without a phone, her granddaughter, and her paper pass.

She is added by a face check on her granddaughter's phone, gets a card, is scanned by staff, and is
erased. Each run adds her again; a run that was killed in between continues with her.
"""

from datetime import timedelta
from functools import partial
from itertools import zip_longest
from pathlib import Path
from typing import Any

from infra.local.client import Phone, wait_for
from infra.local.door import DoorChapter
from infra.local.pictures import decode
from infra.local.reporting import Reporter, screen_panel, table_of
from infra.local.seed import people
from infra.local.traces import traces

OUT = Path("out")
(_HER,) = people("family")
GRANDMOTHER = {
    "name": _HER.name,
    "document_type": "resident_id",
    "document_number": _HER.document_number,
}
_FILES = {"card_pdf": "card.pdf", "sheet_pdf": "card-sheet.pdf", "card_png": "card.png"}


class FamilyChapter:
    """A family at the door, from the face check to the erasure."""

    def __init__(self, reporter: Reporter, door: DoorChapter) -> None:
        self.reporter = reporter
        self.door = door
        self.guard = door.guards[0]
        self.guardian: Phone = reporter.phone(people("poster")[2])
        self.person_id = ""
        self.codes: list[str] = []

    @property
    def path(self) -> str:
        """The grandmother's path, for her guardian."""
        return f"/v1/me/dependants/{self.person_id}"

    def add(self) -> None:
        """Add the grandmother by her face check on the guardian's phone; wait until verified."""
        if self.known() is None:
            body = {"nonce": self.guardian.api.nonce(), "method": "face", "subject": GRANDMOTHER}
            check = self.guardian.post("/v1/me/identity-checks", body).good()
            self.reporter.say(f"人脸核验 face check: {check['redirect_url']}")
            passed = {"check_id": check["check_id"], "result": "passed"}
            self.reporter.server.sandbox.call("POST", "identity-checks", passed)
            self.guardian.post(
                "/v1/me/dependants",
                {
                    "nonce": self.guardian.api.nonce(),
                    "relation": "elder",
                    "method": "face",
                    "check_id": check["check_id"],
                    **GRANDMOTHER,
                },
            ).good()
        verified = wait_for(lambda: self.known() or {}, settled)
        if verified["verification"] != "verified":
            raise RuntimeError("the grandmother could not be verified")
        self.person_id = verified["person_id"]
        table = table_of("家人 family", "关系 relation", "核验 proof", "实名 registration")
        table.add_row(
            verified["name"], verified["relation"], verified["method"], verified["verification"]
        )
        self.reporter.console.print(table)

    def known(self) -> dict[str, Any] | None:
        """Return the grandmother in the guardian's list, or None."""
        listed = self.guardian.get("/v1/me/dependants").good()["items"]
        return next((one for one in listed if one["name"] == GRANDMOTHER["name"]), None)

    def card(self) -> None:
        """Have her card drawn, download it as PDF and PNG, and read the codes in the pictures."""
        self.codes.append(self.issue())

    def issue(self) -> str:
        """Issue a card in place of the one on record; return its code, read from the pictures."""
        standing = self.guardian.get(f"{self.path}/pass/paper").good()
        replaces = standing["serial"] if standing["state"] == "valid" else None
        self.guardian.post(f"{self.path}/pass/paper", {"replaces": replaces}).good()
        drawn = wait_for(
            lambda: self.guardian.get(f"{self.path}/pass/paper").good(),
            lambda seen: seen["status"] == "settled",
        )
        OUT.mkdir(exist_ok=True)
        read = set[str]()
        for one in drawn["files"]:
            if one["status"] != "ready":
                raise RuntimeError(f"the {one['form']} could not be drawn")
            file = OUT / _FILES[one["form"]]
            file.write_bytes(self.reporter.server.download(one["url"]))
            text = decode(file)
            read.add(text)
            size = f"{file.stat().st_size / 1024:.0f} KB"
            self.reporter.console.print(f"  {file}  {size}  →  QR: [cyan]{text}[/cyan]")
        if len(read) != 1:
            raise RuntimeError("the files of one card hold different codes")
        self.reporter.say(f"编号 serial {drawn['serial']}, {drawn['expires_at'][:10]}")
        return read.pop()

    def at_the_door(self) -> None:
        """Have staff scan the card; the screen asks them to compare it with the ID."""
        first = self.door.present(self.guard, self.codes[-1], "normal")
        screen = self.guard.final_screen(first["scan_id"])
        self.reporter.console.print(screen_panel(screen, "员工的屏幕 guard's screen"))
        steps = [step["code"] for step in screen["next_steps"]]
        if (screen["pass_kind"], steps[0]) != ("paper", "compare_id"):
            raise RuntimeError("the screen does not ask to compare the card with the ID")

    def test_result(self) -> None:
        """Read her latest nucleic acid result on the guardian's phone."""
        result = wait_for(
            lambda: self.guardian.get(f"{self.path}/nucleic-acid").good(),
            lambda seen: seen["poll_after_ms"] is None,
        )
        self.reporter.say(f"外婆的核酸 her test: {result['text']} ({result['within_hours']} h)")
        visits = self.guardian.get(f"{self.path}/visits").good()["items"]
        self.reporter.say(f"外婆的到访记录 her visits: {len(visits)}")

    def reissue(self) -> None:
        """Reissue the card; the former one is refused at the next scan."""
        self.codes.append(self.issue())
        old, new = self.codes[-2:]
        scan = partial(self.door.present, self.guard, old, "normal")
        self.reporter.refused("旧卡 the former card", "pass_revoked", scan)
        first = self.door.present(self.guard, new, "normal")
        screen = self.guard.final_screen(first["scan_id"])
        self.reporter.say(f"新卡 the new card: {screen['outcome_text']}")

    def erase(self) -> bool:
        """Have her data erased, as of tomorrow; return whether no trace of her is left."""
        asked = self.guardian.post(f"{self.path}/erasure", {"confirm": True}).good()
        self.reporter.say(f"24 小时内可撤销 can be cancelled until {asked['due_at'][:16]}Z")
        before = self.traces()
        container = self.reporter.deployment.container()
        # The schedule's two runs: the erasure, and later whatever was under way at that time.
        for later in (timedelta(hours=24, minutes=1), timedelta(hours=24, minutes=30)):
            container.erasing.run(container.clock.now() + later)
        receipt = self.guardian.get(f"/v1/erasures/{asked['receipt_id']}").good()
        table = table_of("已删除 erased", "数量 count", "依法保留 kept", "至 until")
        for removed, kept in zip_longest(receipt["removed"], receipt["keeps"]):
            table.add_row(
                *((removed["text"], str(removed["count"])) if removed else ("", "")),
                *((kept["text"], (kept["until"] or "—")[:10]) if kept else ("", "")),
            )
        self.reporter.console.print(table)
        left = self.traces()
        for place in left:
            self.reporter.say(f"[red]{place}[/red]")
        return self.reporter.verdict(
            f"traces in table, index, bucket, logs: {len(before)} before, {len(left)} now",
            receipt["status"] == "erased" and bool(before) and not left and not self.known(),
        )

    def traces(self) -> list[str]:
        """Search everything that the deployment stores for her name, number and id."""
        deployment, log_dir = self.reporter.deployment, self.reporter.cloud.log_dir
        return traces(
            deployment.client,
            table=deployment.outputs["TableName"],
            bucket=deployment.outputs["BucketName"],
            values=(GRANDMOTHER["name"], GRANDMOTHER["document_number"], self.person_id),
            # The emulator and the sandbox stand for AWS and for the partners.
            logs=[one for one in log_dir.glob("*.log") if one.stem not in ("emulator", "sandbox")],
        )


def settled(dependant: dict[str, Any]) -> bool:
    """Return whether a dependant is on record, and verified or rejected."""
    return bool(dependant.get("verification", "pending") != "pending")
