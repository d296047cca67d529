"""Every deployed handler alone, in a fresh interpreter, as Lambda starts it.

What a handler loads is what its cold start costs, so each has a list of what it must not load:
when it is imported, and when it has done what it is there for.
"""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from moto import mock_aws

from chalicelib.bootstrap import Container
from chalicelib.core.clock import SystemClock
from chalicelib.core.settings import Settings
from chalicelib.core.submission import Submission
from chalicelib.identity.people import Actor, Snapshot, Verification
from chalicelib.identity.registration import Entry
from chalicelib.venues.venue import Application, PosterKind, PosterState
from tests import support
from tests.contract.backends import forget_clients
from tests.fakes.parts import RecordingSms
from tests.support import ROOT, nonce_at, resident_id, social_credit_code
from tests.unit.wire import served

HANDLERS = {
    "api": "app.app",
    "counts": "chalicelib.workers.counts.counts",
    "lookups": "chalicelib.workers.lookups.lookups",
    "renders": "chalicelib.workers.renders.renders",
    "settles": "chalicelib.workers.settles.settles",
    "stream": "chalicelib.workers.stream.stream",
}
WORKERS = ["counts", "lookups", "renders", "settles", "stream"]
ALONE = """
import json, sys, time
path, events = json.load(sys.stdin)
started = time.process_time()
module, _, name = path.rpartition(".")
handler = getattr(__import__(module, fromlist=[name]), name)
imported, loaded = time.process_time(), sorted(sys.modules)
class Context:
    aws_request_id = "request"
    function_name = name
answers = [handler(event, Context()) for event in events]
done = time.process_time()
json.dump({
    "answers": answers, "loaded": loaded, "in_the_end": sorted(sys.modules),
    "import_ms": (imported - started) * 1000, "work_ms": (done - imported) * 1000,
}, sys.stdout)
"""

# What no function has any use for; the first ones are not even in the package.
NEVER = {
    "boto3", "s3transfer", "moto", "pytest", "hypothesis", "infra", "tests", "yaml", "requests",
    "setuptools", "pkg_resources", "pip", "PIL", "fontTools", "numpy", "unittest", "pdb",
    "http.server", "tkinter", "pydantic.v1", "pydantic.deprecated", "email_validator",
}  # fmt: skip
# What is loaded where it is used, not at the start.
LAZY = {
    "botocore", "urllib3", "pynamodb", "cryptography", "jwt", "typst", "segno", "stdnum",
    "phonenumbers", "chalicelib.identity.store", "chalicelib.venues.store",
    "chalicelib.admission.store", "chalicelib.insight.store",
}  # fmt: skip
AT_IMPORT = {
    "api": NEVER | LAZY,
    "counts": NEVER | LAZY | {"pydantic", "pydantic_core", "chalicelib.api", "app"},
    "lookups": NEVER | LAZY | {"pydantic", "pydantic_core", "chalicelib.api", "app"},
    "renders": NEVER | LAZY | {"pydantic", "pydantic_core", "chalicelib.api", "app"},
    "settles": NEVER | LAZY | {"pydantic", "pydantic_core", "chalicelib.api", "app"},
    "stream": NEVER | LAZY | {"pydantic", "pydantic_core", "chalicelib.api", "app"},
}
OTHERS = {"app", "chalicelib.api"}
DRAWING = {"typst", "segno"}
INPUT = {"stdnum", "phonenumbers"}
# After a scan, a batch of lookups, a poster that is no longer waited for, a batch of the stream.
IN_THE_END = {
    "api": NEVER | DRAWING | INPUT | {"chalicelib.adapters.queues", "chalicelib.adapters.partners"},
    "counts": NEVER | DRAWING | INPUT | OTHERS | {
        "jwt", "cryptography", "pydantic", "pydantic_core", "chalicelib.adapters.partners",
        "chalicelib.adapters.queues", "chalicelib.workers.subscriptions",
        "chalicelib.insight.abnormal", "chalicelib.insight.reconciliation",
    },
    "lookups": NEVER | DRAWING | INPUT | OTHERS | {"jwt", "chalicelib.venues.issuance"},
    "renders": NEVER | DRAWING | INPUT | OTHERS | {
        "jwt", "cryptography", "pydantic", "pydantic_core", "chalicelib.admission.judge",
        "chalicelib.insight",
    },
    "settles": NEVER | DRAWING | INPUT | OTHERS | {
        "jwt", "cryptography", "chalicelib.adapters.partners", "chalicelib.adapters.queues",
    },
    "stream": NEVER | DRAWING | INPUT | OTHERS | {
        "jwt", "cryptography", "pydantic", "pydantic_core", "chalicelib.adapters.partners",
    },
}  # fmt: skip


@dataclass
class Run:
    """What a handler answered and loaded; `lines` is its log."""

    answers: list[Any]
    loaded: set[str]
    in_the_end: set[str]
    import_ms: float
    work_ms: float
    lines: list[dict[str, Any]]


def alone(handler: str, *events: dict[str, Any], environment: dict[str, str]) -> Run:
    """Run a handler on `events` in an interpreter of its own that sees the repository's root."""
    ended = subprocess.run(  # noqa: S603 (our own interpreter)
        [sys.executable, "-c", ALONE],
        input=json.dumps([HANDLERS[handler], events]),
        capture_output=True,
        text=True,
        env={"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT), **environment},
        check=False,
        timeout=60,
    )
    assert ended.returncode == 0, ended.stderr
    told = json.loads(ended.stdout)
    lines = [json.loads(line) for line in ended.stderr.splitlines()]
    return Run(
        told["answers"], set(told["loaded"]), set(told["in_the_end"]),
        told["import_ms"], told["work_ms"], lines,
    )  # fmt: skip


NOWHERE = {
    "AWS_ACCESS_KEY_ID": "testing",
    "AWS_SECRET_ACCESS_KEY": "testing",
    "AWS_DEFAULT_REGION": support.REGION,
    "AWS_ENDPOINT_URL": "http://127.0.0.1:1",
    "AWS_EC2_METADATA_DISABLED": "true",
    "VC_TABLE": "handlers",
    "VC_CODE_HOST": "V.TEST",
}


@dataclass
class World:
    """A venue, a visitor with fresh answers, and the environment that leads to them."""

    environment: dict[str, str]
    token: str
    code: str
    venue_id: str
    person_id: str
    poster_id: str


@pytest.fixture(scope="module")
def world() -> Iterator[World]:
    """One visitor who may scan one venue, through every real adapter, behind HTTP."""
    with mock_aws(), served() as address:
        forget_clients()
        environment = _resources() | {"AWS_ENDPOINT_URL": address}
        yield _furnish(environment)
        forget_clients()


def _resources() -> dict[str, str]:
    support.create_table("handlers")
    secrets = {
        "keys": {"active": "1", "1": "r" * 64},
        "index": {"index": "1", "1": "i" * 64},
        "partners": {"default": "s" * 64},
    }
    for name, pairs in secrets.items():
        support.client("secretsmanager").create_secret(Name=name, SecretString=json.dumps(pairs))
    return NOWHERE | {
        "VC_KEYS_SECRET": "keys",
        "VC_INDEX_SECRET": "index",
        "VC_PARTNERS_SECRET": "partners",
        "VC_KMS_KEY": support.client("kms").create_key()["KeyMetadata"]["KeyId"],
        "VC_LOOKUPS_URL": support.create_queue("lookups")[0],
        "VC_SETTLES_URL": support.create_queue("settles")[0],
        "VC_RENDERS_URL": support.create_queue("renders")[0],
        "VC_PROVIDERS_URL": "http://127.0.0.1:1",
    }


def _furnish(environment: dict[str, str]) -> World:
    container = Container(Settings.from_environment(environment))
    sms, now = RecordingSms(), present()
    container.sms = sms
    phone = "+8613800000001"
    container.one_time_codes.send(phone, address="192.0.2.1", language="en", now=now)
    login = container.phone_login.log_in(phone, sms.sent[0][1], address="192.0.2.1", now=now)

    def actor() -> Actor:
        return container.sessions.authenticate(login.access_token, now=now)

    entry = Entry("梁思齐", "resident_id", resident_id(1))
    profile = container.registrations.register(
        actor(), entry, version=0, correlation="c", now=now
    ).profile
    container.people.settle(profile, Verification.VERIFIED, "")
    for provider, state in (("health_code", "green"), ("nucleic_acid", "negative")):
        container.people.save_answers(login.person_id, [Snapshot(provider, state, now, now, 1)])
    application = Application(
        name="信宜市人民医院", kind="medical", region="440983", region_name="广东省茂名市信宜市",
        street="", address="新里二路 1 号", number_type="uscc", number=social_credit_code(1),
        contact_name="梁思齐", contact_phone=phone,
    )  # fmt: skip
    submission = Submission(nonce_at(now), "h", "c", now)
    venue = container.issuance.issue(actor(), application, submission).details.venue
    poster = container.poster_requests.request(
        venue, PosterKind.VENUE, "a4_pdf", correlation="c", now=now
    )
    container.posters.finish(venue.venue_id, poster.poster_id, PosterState.READY)
    return World(
        environment, login.access_token, venue.code, venue.venue_id, login.person_id,
        poster.poster_id,
    )  # fmt: skip


def present() -> Any:
    return SystemClock().now()


def request(method: str, path: str, body: object = None, token: str = "") -> dict[str, Any]:
    """An event of API Gateway's REST proxy, as far as Chalice reads it."""
    headers = {"Content-Type": "application/json", "Accept-Language": "en"}
    if token:
        headers["Authorization"] = f"Bearer {token}"
    return {
        "resource": path,
        "path": path,
        "httpMethod": method,
        "headers": headers,
        "multiValueHeaders": {name: [value] for name, value in headers.items()},
        "queryStringParameters": None,
        "multiValueQueryStringParameters": None,
        "pathParameters": None,
        "stageVariables": None,
        "requestContext": {
            "resourcePath": path,
            "httpMethod": method,
            "identity": {"sourceIp": "192.0.2.1"},
            "requestId": "c6af9ac6-7b61-11e6-9a41-93e8deadbeef",
        },
        "body": None if body is None else json.dumps(body),
        "isBase64Encoded": False,
    }


def work(handler: str, world: World) -> list[dict[str, Any]]:
    """What a handler is there for."""
    mine = {
        "per_0123456789V1S1T0": world.person_id,
        "per_0123456789NEWC0M": world.person_id,
        "ven_0123456789VENVEN": world.venue_id,
        "0123456789VENVEN": world.venue_id.removeprefix("ven_"),
        "0123456789P0STER": world.poster_id,
        # Asked in a time to come: no answer is fresh enough, and the provider has to be asked.
        '"asked_at\\":1795320000000': '"asked_at\\":4102444800000',
    }
    if handler == "api":
        body = {"nonce": nonce_at(present()), "code": f"HTTPS://V.TEST/V/{world.code}"}
        return [request("POST", "/v1/scans", body, world.token)]
    name = "table_stream" if handler in ("counts", "stream") else f"{handler}_queue"
    return [support.raw_event(f"{name}.json", mine)]


def unwanted(loaded: set[str], banned: set[str]) -> set[str]:
    """What was loaded of what is banned, packages with all that is in them."""
    return {
        module
        for module in loaded
        if any(module == name or module.startswith(f"{name}.") for name in banned)
    }


@pytest.mark.parametrize("handler", WORKERS)
def test_a_worker_handles_an_empty_batch_alone(handler: str) -> None:
    run = alone(handler, {"Records": []}, environment=NOWHERE)
    assert run.answers == [{"batchItemFailures": []}]
    assert unwanted(run.loaded, AT_IMPORT[handler]) == set()
    assert unwanted(run.in_the_end, OTHERS) == set()


def test_the_api_answers_alone_without_asking_anybody() -> None:
    run = alone("api", request("GET", "/v1/status"), environment=NOWHERE)
    assert run.answers[0]["statusCode"] == 200
    assert unwanted(run.loaded, AT_IMPORT["api"]) == set()
    assert unwanted(run.in_the_end, NEVER | LAZY) == set()


@pytest.mark.parametrize("handler", HANDLERS)
def test_a_handler_loads_what_its_work_needs(handler: str, world: World) -> None:
    run = alone(handler, *work(handler, world), environment=world.environment)
    (answer,) = run.answers
    if handler == "api":
        assert answer["statusCode"] == 201, answer
        assert json.loads(answer["body"])["outcome"] == "admit"
    elif handler == "lookups":  # nobody is where the providers should be
        assert answer["batchItemFailures"]
        assert {"cryptography", "chalicelib.adapters.partners"} <= run.in_the_end
    elif handler in ("counts", "stream"):
        assert answer == {"batchItemFailures": []}
    assert unwanted(run.in_the_end, IN_THE_END[handler]) == set()
    assert {"event", "correlation"} <= set.intersection(*map(set, run.lines))


SCAN_IMPORTS = ROOT / "tests" / "cases" / "scan_imports.txt"


def test_a_visitors_scan_imports_what_is_listed(world: World) -> None:
    """Each module costs every cold start about a millisecond: add one to the list on purpose only.

    The workers are imported because Chalice packages what ``app.py`` registers.
    """
    run = alone("api", *work("api", world), environment=world.environment)
    imported = {
        name
        for name in run.in_the_end
        if name.startswith("chalicelib.") and not name.startswith("chalicelib.workers.")
    }
    assert sorted(imported) == SCAN_IMPORTS.read_text().split()
