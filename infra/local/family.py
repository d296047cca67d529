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
from infra.local.language import words
from infra.local.pictures import decode
from infra.local.reporting import Reporter, screen_panel
from infra.local.seed import people
from infra.local.traces import traces
from infra.tables import FittingTable, coloured

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
            self.reporter.say(words("face check:", "人脸核验："))
            self.reporter.unbroken(check["redirect_url"])
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
        table = FittingTable(
            words("Family", "家人"),
            words("Relation", "关系"),
            words("Proof", "核验"),
            words("Registration", "实名"),
        )
        table.add_row(
            verified["name"],
            words(verified["relation"], "长辈"),
            words(verified["method"], "人脸"),
            words(verified["verification"], "已核验"),
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
            self.reporter.unbroken(f"{file}  {size} → {text}")
        if len(read) != 1:
            raise RuntimeError("the files of one card hold different codes")
        self.reporter.say(
            words("serial ", "编号 "),
            drawn["serial"],
            words(", valid until ", "，有效期至 "),
            drawn["expires_at"][:10],
        )
        return read.pop()

    def at_the_door(self) -> None:
        """Have staff scan the card; the screen asks them to compare it with the ID."""
        first = self.door.present(self.guard, self.codes[-1], "normal")
        screen = self.guard.final_screen(first["scan_id"])
        self.reporter.console.print(screen_panel(screen, words("guard's screen", "员工的屏幕")))
        steps = [step["code"] for step in screen["next_steps"]]
        if (screen["pass_kind"], steps[0]) != ("paper", "compare_id"):
            raise RuntimeError("the screen does not ask to compare the card with the ID")

    def test_result(self) -> None:
        """Read her latest nucleic acid result on the guardian's phone."""
        result = wait_for(
            lambda: self.guardian.get(f"{self.path}/nucleic-acid").good(),
            lambda seen: seen["poll_after_ms"] is None,
        )
        self.reporter.say(
            words("her test: ", "外婆的核酸："), result["text"], f" ({result['within_hours']} h)"
        )
        visits = self.guardian.get(f"{self.path}/visits").good()["items"]
        self.reporter.say(words("her visits: ", "外婆的到访记录："), str(len(visits)))

    def reissue(self) -> None:
        """Reissue the card; the former one is refused at the next scan."""
        self.codes.append(self.issue())
        old, new = self.codes[-2:]
        scan = partial(self.door.present, self.guard, old, "normal")
        self.reporter.refused(words("the former card", "旧卡"), "pass_revoked", scan)
        first = self.door.present(self.guard, new, "normal")
        screen = self.guard.final_screen(first["scan_id"])
        self.reporter.say(words("the new card: ", "新卡："), screen["outcome_text"])

    def erase(self) -> bool:
        """Have her data erased, as of tomorrow; return whether no trace of her is left."""
        asked = self.guardian.post(f"{self.path}/erasure", {"confirm": True}).good()
        self.reporter.say(
            words(
                f"can be cancelled until {asked['due_at'][:16]}Z",
                f"可撤销至 {asked['due_at'][:16]}Z（24 小时）",
            )
        )
        before = self.traces()
        container = self.reporter.deployment.container()
        # The schedule's two runs: the erasure, and later whatever was under way at that time.
        for later in (timedelta(hours=24, minutes=1), timedelta(hours=24, minutes=30)):
            container.erasing.run(container.clock.now() + later)
        receipt = self.guardian.get(f"/v1/erasures/{asked['receipt_id']}").good()
        table = FittingTable(
            words("Erased", "已删除"),
            words("Count", "数量"),
            words("Kept", "依法保留"),
            words("Until", "至"),
        )
        for removed, kept in zip_longest(receipt["removed"], receipt["keeps"]):
            table.add_row(
                *((removed["text"], str(removed["count"])) if removed else ("", "")),
                *((kept["text"], (kept["until"] or "—")[:10]) if kept else ("", "")),
            )
        self.reporter.console.print(table)
        left = self.traces()
        for place in left:
            self.reporter.say(coloured(place, "red"))
        return self.reporter.verdict(
            words(
                f"traces in table, index, bucket, logs: {len(before)} before, {len(left)} now",
                f"表、索引、存储桶、日志中的痕迹：删除前 {len(before)} 处，现在 {len(left)} 处",
            ),
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
