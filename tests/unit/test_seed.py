"""Filling the local cloud leaves the people who try it their text message."""

from pathlib import Path
from typing import Any

from infra.local.client import Api, Pocket, Reply, Server
from infra.local.seed import phone_of


class _Sandbox:
    def mini_program(self, phone: str) -> dict[str, Any]:
        return {"code": f"code of {phone}", "phone_code": "phone code"}


class _Transport:
    """Answers every request with a login, and keeps the requests."""

    def __init__(self) -> None:
        self.requests: list[tuple[Any, ...]] = []

    def request(self, method: str, path: str, body: bytes | None, headers: Any) -> Reply:
        self.requests.append((path, method, body, headers))
        return Reply(201, {}, b'{"person_id": "p", "access_token": "a", "refresh_token": "r"}')


def test_the_first_login_after_make_run_need_not_wait_for_a_text_message_of_the_seed(
    tmp_path: Path,
) -> None:
    """A number gets one text message a minute from one network (OneTimeCodes)."""
    transport = _Transport()
    server = Server.__new__(Server)
    server.api, server.sandbox = Api(transport), _Sandbox()  # type: ignore[assignment]  # a part
    pocket = Pocket.open(tmp_path / "phones.json")
    phone_of("+8613800000003", server, pocket)
    again = phone_of("+8613800000003", server, pocket)
    again.get("/v1/me")
    assert [path for path, *_ in transport.requests] == ["/v1/sessions", "/v1/me"]
