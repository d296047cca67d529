"""The story in five minutes against a real deployment: ``make smoke STAGE=dev``.

People register, a venue gets its code, its poster is printed and read, a visitor scans it and is
decided on, staff scan a pass, the figures are counted, metrics and dashboard are there. It needs
what operators have: credentials of the account, from the environment, and a deployed stack.

Partners are not needed. Without them the operator's rights stand in: one-time codes are made
without a text message, and invented people are verified as if an identity provider had said so.
What providers do not answer, staff check. With ``--sandbox URL``, where the deployment's partners
are the sandbox, text messages, verification and a green code are part of the story.

People are invented. An administrator and a venue stay, and are used again by the next run; the
visitor asks for erasure at the end. Against `prod` it does not run.
"""

import argparse
import contextlib
import json
import re
import secrets
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import urllib3
from botocore.exceptions import BotoCoreError, ClientError
from rich.console import Console

from chalicelib.core.metrics import NAMESPACE
from chalicelib.identity.people import Verification
from infra import stacks
from infra.local.client import Api, ApiError, Http, Patient, Person, Reply, Sandbox, wait_for
from infra.local.pictures import decode
from infra.local.place import Place
from infra.ops import recount, status
from infra.ops.deployment import Deployment, find

STAGES = ("local", "dev")
_CHIEF = ("+8619900000001", "欧阳试", "19700101", 909)
_REGION = "440983"
_VENUE_NONCE = "01806a5e-7c00-7000-8000-00000000009b"
_PARTNERS = {"providers", "sms", "identity_checks", "households", "wechat", "alipay"}
_OF_PARTNERS = ("LookupsDeadLetters", "LookupsLateAlarm", "UnknownShareAlarm")
_GRACE_S = 5.0  # of a phone's polling and of the network, beyond the policy's wait
_COUNTED_WITHIN_S = 60.0
_METRICS_WITHIN_S = 240.0  # CloudWatch shows a metric of a log line after a minute or two


class SmokeError(Exception):
    """A step went wrong; the message says how and what to do."""


class Player(Person):
    """An invented person, whose one-time codes come from the sandbox or from the operator."""

    def __init__(self, smoke: "Smoke", phone: str, name: str, number: str) -> None:
        super().__init__(smoke.api, phone, name, number)
        self._smoke = smoke

    def log_in(self) -> None:
        """Log in by text message, or by a code that nobody had to send."""
        if self._smoke.sandbox and self.phone != _CHIEF[0]:
            super().log_in()
            return
        self.keep(self.enter_code(self._operators_code()).expect(201))

    def text_code(self) -> str:
        """Return the code in the sandbox's inbox."""
        if self._smoke.sandbox is None:
            raise SmokeError("there is no inbox without a sandbox")
        return self._smoke.sandbox.inbox(self.phone)

    def become_verified(self) -> str:
        """Register, unless done by an earlier run; return who has verified."""
        known = self.registration()
        if known["verification"] == "verified":
            return "by an earlier run"
        self.register(known["version"]).good()
        if self._smoke.sandbox:
            seen = self.verified_registration()["verification"]
            by = "by the sandbox"
        else:
            people = self._smoke.container.people
            profile = people.subject(self.person_id).profile
            if profile is not None:
                people.settle(profile, Verification.VERIFIED, "")
            seen = self.registration()["verification"]
            by = "by the operator"
        if seen != "verified":
            raise SmokeError(
                f"an invented person is {seen}: the stage asks a real identity provider; "
                "let it ask the sandbox, and pass --sandbox"
            )
        return by

    def _operators_code(self) -> str:
        container = self._smoke.container
        return container.one_time_codes.issue(self.phone, now=container.clock.now())


class Smoke:
    """One run. Every step returns what is printed beside its name, or raises."""

    def __init__(
        self, deployment: Deployment, *, url: str, sandbox: Sandbox | None, console: Console
    ) -> None:
        self.deployment = deployment
        self.console = console
        self.url = url
        self.sandbox = sandbox
        self.container = deployment.container()
        self.http = Http(url)
        self.api = Api(Patient(self.http))
        self.began = datetime.now(UTC)
        phone, name, born, serial = _CHIEF
        self.chief = Player(self, phone, name, resident_id(born, serial))
        self.visitor = invented_visitor(self)
        self.venue: dict[str, Any] = {}
        self.nonce = ""
        self.first: dict[str, Any] = {}
        self.scanned = 0.0
        self.checked = 0

    def run(self) -> bool:
        """Run the steps until one fails, then clean up; return whether all were good."""
        steps: tuple[tuple[str, Callable[[], str]], ...] = (
            ("the API answers", self.answers),
            ("what it leans on answers", self.leans),
            ("an administrator logs in and is verified", self.administrator),
            ("a venue gets its code", self.applies),
            ("its poster is printed and read", self.poster),
            ("the printed address is a page", self.landing),
            ("the client, if uploaded, opens", self.client),
            ("a visitor logs in and is verified", self.visits),
            ("the visitor scans", self.scans),
            ("the scan is decided in time", self.decided),
            ("the same scan again is the same", self.repeated),
            ("staff scan a pass", self.passes),
            ("the figures are counted", self.counted),
            ("metrics arrive", self.metrics),
            ("the dashboard is there", self.dashboard),
            ("no message is dead, no alarm raised", self.quiet),
        )
        good = all(self.step(title, step) for title, step in steps)
        return self.step("the visitor asks for erasure", self.clean_up) and good

    def step(self, title: str, step: Callable[[], str]) -> bool:
        """Run a step and print its line; return whether it was good."""
        begun = time.perf_counter()
        try:
            note, mark = step(), "[green]✓[/green]"
        except (
            SmokeError, ApiError, TimeoutError, ClientError, BotoCoreError,
            urllib3.exceptions.HTTPError, LookupError, RuntimeError, ValueError,
        ) as error:  # fmt: skip
            note, mark = f"[red]{type(error).__name__}: {str(error)[:300]}[/red]", "[red]✗[/red]"
        ms = round((time.perf_counter() - begun) * 1000)
        self.console.print(f"{mark} {title:<42} {ms:>7,} ms  {note}", highlight=False)
        return mark == "[green]✓[/green]"

    # --- The parts

    def answers(self) -> str:
        """The plain status is of this stage."""
        shown = self.api.call("GET", "/v1/status").expect(200)
        if shown["stage"] != self.deployment.stage:
            raise SmokeError(f"the API is of the stage {shown['stage']}")
        return self.url

    def leans(self) -> str:
        """The deep status; partners may be away, AWS may not."""
        reply = status.deep_status(self.deployment, self.url)
        checks = reply.json.get("checks")
        if not checks:
            reply.expect(200)
        unwell = {check["name"]: check["fault"] for check in checks if check["fault"]}
        ours = {name: fault for name, fault in unwell.items() if name not in _PARTNERS}
        if ours or (unwell and self.sandbox):
            raise SmokeError(f"unwell: {unwell}")
        slowest = max(checks, key=lambda check: int(check["ms"]))
        away = f"; away: {', '.join(unwell)}" if unwell else ""
        return f"{len(checks)} parts, slowest {slowest['name']} {slowest['ms']} ms{away}"

    # --- The story

    def administrator(self) -> str:
        """The administrator of every run."""
        self.known(self.chief)
        self.chief.log_in()
        return self.chief.become_verified()

    def applies(self) -> str:
        """The venue of every run: the same nonce gives the same venue."""
        self.venue = self.chief.apply(application()).good()
        self.checked = self.chief.statistics(self.venue["venue_id"])["checked"]
        return str(self.venue["code_url"])

    def poster(self) -> str:
        """A PNG, from the link that expires; its code is read as a scanner does."""
        path = f"/v1/venues/{self.venue['venue_id']}/posters"
        asked = self.chief.post(path, {"form": "a4_png"}).good()
        ready = wait_for(
            lambda: self.chief.get(f"{path}/{asked['poster_id']}").good(),
            lambda seen: seen["status"] != "pending",
        )
        if ready["status"] != "ready":
            raise SmokeError("it could not be drawn")
        file = self.http.fetch("GET", ready["url"])
        if file.status != 200:
            raise SmokeError(f"its link answers {file.status}: {file.body[:200]!r}")
        with tempfile.TemporaryDirectory() as folder:
            poster = Path(folder) / "poster.png"
            poster.write_bytes(file.body)
            read = decode(poster)
        if read != self.venue["code_url"]:
            raise SmokeError(f"it holds {read}")
        return f"{len(file.body) / 1024:.0f} KB"

    def landing(self) -> str:
        """What a plain camera leads to."""
        page = self.http.request("GET", f"/V/{self.venue['code']}", None, {})
        if self.venue["name"] not in page.body.decode():
            raise SmokeError(f"{page.status}: it does not name the venue")
        return f"{len(page.body)} bytes"

    def client(self) -> str:
        """The client, if it was uploaded: its first page and a file that this names."""
        page = self._file("index.html")
        if page.status == 404:
            return "not uploaded"
        named = re.search(r'src="\./([^"]+)"', page.body.decode()) if page.status == 200 else None
        script = self._file(named[1]) if named else None
        if script is None or script.status != 200:
            raise SmokeError(f"its first page answers {page.status}, and its script fails")
        if "content-security-policy" not in page.headers:
            raise SmokeError("it is sent without a content security policy")
        return f"{len(page.body) + len(script.body)} bytes"

    def _file(self, name: str) -> Reply:
        return self.http.request("GET", f"/app/{name}", None, {})

    def visits(self) -> str:
        """The visitor of this run."""
        self.known(self.visitor)
        self.visitor.log_in()
        return self.visitor.become_verified()

    def scans(self) -> str:
        """The visitor's scan, which is recorded before anybody is asked."""
        self.nonce = self.api.nonce()
        self.first = self.visitor.scan_code(self.venue["code_url"], self.nonce).expect(201)
        self.scanned = time.monotonic()
        return f"first answer: {self.first['outcome']}"

    def decided(self) -> str:
        """A decision within the policy's time, whether or not providers answer."""
        policy = self.container.policies.of(_REGION, self.container.clock.now())
        limit = policy.answer_within.total_seconds() + _GRACE_S
        screen = self.visitor.final_screen(self.first["scan_id"])
        seconds = time.monotonic() - self.scanned
        if seconds > limit:
            raise SmokeError(f"after {seconds:.1f} s; at most {limit:.0f} s")
        if self.sandbox and screen["outcome"] != "admit":
            raise SmokeError(f"{screen['outcome']} for a green code: {screen['reasons']}")
        colour = screen["health_code"]["state"]
        return f"{screen['outcome']}, health code {colour}, after {seconds:.1f} s"

    def repeated(self) -> str:
        """A phone that lost the answer sends the scan again."""
        again = self.visitor.scan_code(self.venue["code_url"], self.nonce).expect(200)
        if again["scan_id"] != self.first["scan_id"]:
            raise SmokeError("it has another id")
        return "one record"

    def passes(self) -> str:
        """The administrator scans the visitor's pass."""
        body = self.chief.pass_body(self.visitor.show_pass(), "normal")
        path = f"/v1/venues/{self.venue['venue_id']}/scans"
        screen = self.chief.post(path, body).expect(201)
        return str(self.chief.final_screen(screen["scan_id"])["outcome"])

    def counted(self) -> str:
        """Both scans are in the figures, and the figures are the records."""
        venue_id = self.venue["venue_id"]
        shown = wait_for(
            lambda: self.chief.statistics(venue_id),
            lambda seen: seen["checked"] >= self.checked + 2 and not seen["pending"],
            seconds=_COUNTED_WITHIN_S,
        )
        wait_for(
            lambda: recount.compare(self.container, [venue_id], None)[0],
            lambda comparison: comparison.equal,
            seconds=_COUNTED_WITHIN_S,
        )
        return f"{shown['checked']} checked today, as recounted"

    # --- What operators see

    def metrics(self) -> str:
        """The scan's metric, which CloudWatch has read from the log."""
        cloudwatch = self.deployment.client("cloudwatch")
        namespace = f"{NAMESPACE}/{self.deployment.stage}"

        def recorded() -> float:
            points = cloudwatch.get_metric_statistics(
                Namespace=namespace,
                MetricName="Scans",
                Dimensions=[{"Name": "outcome", "Value": self.first["outcome"]}],
                StartTime=self.began - timedelta(minutes=1),
                EndTime=datetime.now(UTC) + timedelta(minutes=1),
                Period=60,
                Statistics=["Sum"],
            )["Datapoints"]
            return sum(float(point["Sum"]) for point in points)

        found = wait_for(recorded, lambda count: count >= 1, seconds=_METRICS_WITHIN_S)
        return f"{namespace}: {found:.0f} scans"

    def dashboard(self) -> str:
        """The stack's dashboard."""
        name = stacks.whole(self.deployment.stage)
        found = self.deployment.client("cloudwatch").get_dashboard(DashboardName=name)
        return f"{name}: {len(json.loads(found['DashboardBody'])['widgets'])} widgets"

    def quiet(self) -> str:
        """No message is dead and no alarm raised; without partners, lookups are left out."""
        dead = [
            f"{queue.name}: {queue.messages} messages"
            for queue in status.queues(self.deployment)
            if queue.name.endswith("DeadLetters") and queue.messages
        ]
        wrong = [*dead, *status.raised(self.deployment)]
        if not self.sandbox:
            wrong = [said for said in wrong if not any(word in said for word in _OF_PARTNERS)]
        if wrong:
            raise SmokeError(f"see docs/runbook.md: {'; '.join(wrong)}")
        return ""

    def clean_up(self) -> str:
        """Ask for the visitor's erasure, and log out."""
        if not self.visitor.token:
            return "there was none"
        asked = self.visitor.post("/v1/me/erasure", {"confirm": True}).good()
        return f"due {asked['due_at'][:16]}Z; {self.chief.phone} and the venue stay"

    def known(self, person: Player) -> None:
        """Tell the sandbox of a person with a green code and a negative test."""
        if self.sandbox:
            answers = {"health_code": "green", "nucleic_acid": "negative"}
            entry = {"document_number": person.number, "name": person.name}
            self.sandbox.call("POST", "people", entry | answers)


def resident_id(born: str, serial: int) -> str:
    """Return an invented resident ID number of a birth date (YYYYMMDD)."""
    from stdnum.cn import ric

    body = f"{_REGION}{born}{serial:03d}"
    return body + str(ric.calc_check_digit(body + "0"))


def invented_visitor(smoke: Smoke) -> Player:
    """Return a person whom no earlier run has had."""
    born = f"19{50 + secrets.randbelow(50)}{1 + secrets.randbelow(12):02d}"
    born += f"{1 + secrets.randbelow(28):02d}"
    number = resident_id(born, secrets.randbelow(1000))
    return Player(smoke, f"+86199{secrets.randbelow(10**8):08d}", "欧阳行", number)


def application() -> Mapping[str, Any]:
    """Return the application of the venue that every run uses."""
    from stdnum.cn import uscc

    number = "91440983MA0000909"
    return {
        "nonce": _VENUE_NONCE,
        "name": "试运行场所（演示）",
        "type": "other",
        "region": _REGION,
        "street": "东镇街道",
        "address": "试运行路1号（演示地址）",
        "number": {"type": "uscc", "value": number + str(uscc.calc_check_digit(number))},
        "contact": {"name": _CHIEF[1], "phone": _CHIEF[0]},
    }


def smoke(
    deployment: Deployment, *, console: Console, url: str = "", sandbox_url: str = ""
) -> bool:
    """Run the story against `deployment`; return whether all was good."""
    begun = time.monotonic()
    sandbox = Sandbox(Patient(Http(sandbox_url))) if sandbox_url else None
    with_partners = f"partners: sandbox {sandbox_url}" if sandbox_url else "without partners"
    console.print(f"Smoke test of {stacks.whole(deployment.stage)}, {with_partners}")
    run = Smoke(deployment, url=url or deployment.base_url, sandbox=sandbox, console=console)
    good = run.run()
    seconds = time.monotonic() - begun
    verdict = "[bold green]good[/]" if good else "[bold red]FAILED: docs/runbook.md says more[/]"
    console.print(f"{verdict} in {seconds:.0f} s")
    return good


def main(arguments: list[str] | None = None) -> int:
    """Run the story; return 1 if a step failed."""
    parser = argparse.ArgumentParser(prog="python -m infra.smoke", description=__doc__)
    parser.add_argument("stage", choices=STAGES)
    parser.add_argument("--url", default="", help="the API's URL; by default the stack's")
    parser.add_argument(
        "--sandbox", default="", metavar="URL", help="the sandbox that plays the stage's partners"
    )
    given = parser.parse_args(arguments)
    if given.stage == "local" and not given.sandbox:
        given.sandbox = Place.from_environment().sandbox_url
    with contextlib.suppress(KeyboardInterrupt):
        deployment = find(given.stage)
        good = smoke(deployment, console=Console(), url=given.url, sandbox_url=given.sandbox)
        return 0 if good else 1
    return 1


if __name__ == "__main__":
    sys.exit(main())
