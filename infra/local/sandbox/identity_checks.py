"""The service for identity checks: a page to pass or fail on, results, and signed callbacks.

A person "passes" only if the cast has that name and number; all others fail, as a face that is
compared with no picture. A start looks the same for both.
"""

import html
import json
import secrets
import threading
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

import urllib3

from infra.local.language import words
from infra.local.sandbox.messages import Verdict
from infra.local.sandbox.signature import sign

CALLBACK_PATH = "/v1/identity-checks/callback"
"""The path that a callback's signature covers, without the stage in the URL."""
LIFE_S = 600.0
_RESULTS = ("passed", "failed", "expired")
_REMEMBERED = 10_000
_NEEDED = ("check_id", "binding", "method", "client", "name", "document_type", "document_number")
_PAGE = """<!doctype html><meta charset="utf-8"><title>{title}</title>
<h1>{title}</h1><p>{method}</p>
{buttons}<p id="done"></p>
<script>
async function end(result) {{
  const reply = await fetch("/sandbox/identity-checks", {{method: "POST",
    body: JSON.stringify({{reference: "{reference}", result}})}});
  document.getElementById("done").textContent = (await reply.json()).status;
}}
</script>"""


@dataclass
class _Check:
    check_id: str
    binding: str
    method: str
    known: bool
    until: float
    start: Verdict
    state: str = "pending"


class IdentityChecks:
    """Checks by reference. `knows` returns whether the cast has a name and number.

    `callback` is the URL that results are posted to; empty posts none.
    """

    def __init__(self, secret: str, knows: Callable[[str, str], bool], callback: str = "") -> None:
        self._secret = secret
        self._knows = knows
        self._callback = callback
        self._checks: OrderedDict[str, _Check] = OrderedDict()
        self._references: dict[str, str] = {}
        self._lock = threading.Lock()
        self.base_url = ""

    def start(self, asked: Mapping[str, object], now: float) -> Verdict:
        """Start a check; the same ``check_id`` gets the same answer. `now` is in unix seconds."""
        values = {key: asked.get(key) for key in _NEEDED}
        for key, value in values.items():
            if not isinstance(value, str) or not value:
                raise ValueError(f"{key}: missing")
        if values["method"] not in ("face", "payment_password"):
            raise ValueError("method: not one that there is")
        texts = {key: str(value) for key, value in values.items()}
        with self._lock:
            earlier = self._references.get(texts["check_id"])
            if earlier is not None:
                return self._checks[earlier].start
            reference = secrets.token_urlsafe(16)
            started = {
                "reference": reference,
                "expires_at": datetime.fromtimestamp(now + LIFE_S, UTC).isoformat(),
            }
            # A browser gets a page, a mini-program parameters for the SDK.
            if texts["client"] == "sms":
                page = f"{self.base_url}/sandbox/identity-checks?reference={reference}"
                started["redirect_url"] = page
                verdict = Verdict(201, started)
            else:
                verdict = Verdict(201, {**started, "sdk": {"certify_id": reference}})
            self._checks[reference] = _Check(
                texts["check_id"],
                texts["binding"],
                texts["method"],
                self._knows(texts["name"], texts["document_number"]),
                now + LIFE_S,
                verdict,
            )
            self._references[texts["check_id"]] = reference
            if len(self._checks) > _REMEMBERED:
                _, oldest = self._checks.popitem(last=False)
                del self._references[oldest.check_id]
        return verdict

    def result(self, asked: Mapping[str, object], now: float) -> Verdict:
        """Return a check's present result, for a poll."""
        with self._lock:
            check = self._checks.get(str(asked.get("reference")))
            if check is None or check.check_id != asked.get("check_id"):
                return Verdict(404, {"code": "unknown_check"})
            if check.state == "pending" and check.until <= now:
                check.state = "expired"
            return Verdict(200, _message(check, str(asked["reference"])))

    def end(self, asked: Mapping[str, object], now: float) -> dict[str, object]:
        """Do what the person would on the page, and post the callback.

        ``result`` is ``passed``, ``failed`` or ``expired``; ``reference`` or ``check_id`` names the
        check. ``callbacks`` is how often it is posted: 0 loses it, 2 repeats it. Returns the result
        and the status of each callback; 0 stands for a failed connection. The first result stays.
        """
        result, times = asked.get("result"), asked.get("callbacks", 1)
        if result not in _RESULTS:
            raise ValueError(f"result: not one of {', '.join(_RESULTS)}")
        if type(times) is not int or not 0 <= times <= 10:
            raise ValueError("callbacks: not a number from 0 to 10")
        with self._lock:
            named = self._references.get(str(asked.get("check_id")), "")
            reference = str(asked.get("reference", named))
            check = self._checks.get(reference)
            if check is None:
                raise ValueError("reference, check_id: not one that there is")
            if check.state == "pending":
                matched = result if check.known or result != "passed" else "failed"
                check.state = str(matched) if now < check.until else "expired"
            message = _message(check, reference)
        statuses = [self._post(message, now) for _ in range(times)] if self._callback else []
        return {"status": message["status"], "callbacks": statuses}

    def page(self, reference: str) -> bytes | None:
        """Return the page on which a person passes or fails, or None."""
        with self._lock:
            check = self._checks.get(reference)
        if check is None:
            return None
        labels = (words("passed", "通过"), words("failed", "未通过"), words("expired", "过期"))
        buttons = "".join(
            f"<button onclick=\"end('{result}')\">{label}</button>\n"
            for result, label in zip(_RESULTS, labels, strict=True)
        )
        method = words("payment password", "支付密码")
        if check.method == "face":
            method = words("face", "人脸")
        return _PAGE.format(
            title=words("Demonstration: identity check", "演示：身份核验"),
            method=method,
            reference=html.escape(reference),
            buttons=buttons,
        ).encode()

    def _post(self, message: Mapping[str, object], now: float) -> int:
        body, timestamp = json.dumps(message).encode(), str(int(now))
        headers = {
            "Content-Type": "application/json",
            "X-Venuecode-Timestamp": timestamp,
            "X-Venuecode-Signature": sign(self._secret, timestamp, "POST", CALLBACK_PATH, body),
        }
        try:
            reply = urllib3.request(
                "POST", self._callback, body=body, headers=headers, retries=False, timeout=10.0
            )
        except urllib3.exceptions.HTTPError:
            return 0
        return reply.status


def _message(check: _Check, reference: str) -> dict[str, object]:
    return {
        "check_id": check.check_id,
        "reference": reference,
        "binding": check.binding,
        "status": check.state,
    }
