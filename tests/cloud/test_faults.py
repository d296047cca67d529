"""Providers that refuse, hang, or answer garbage stop nobody; what was lost is redriven."""

import contextlib
import json
import time
from collections.abc import Iterator

import pytest
from rich.console import Console
from rich.progress import Progress

from infra.local.client import wait_for
from infra.ops.redrive import dead_letters, redrive
from tests.cloud.conftest import HASTY, PATIENT
from tests.cloud.driver import Deployed, Visitor, run, texts

pytestmark = pytest.mark.cloud
AT_ONCE_S = 1.5
"""Less than the two seconds after which a provider is given up: the scan did not ask it. Of three
scans the fastest counts, for the machine may be busy with something else."""


@pytest.fixture(scope="module")
def administrator(deployed: Deployed) -> Visitor:
    """Somebody with a venue where a scan waits three seconds."""
    return deployed.verified().issue(**HASTY)


@pytest.fixture(scope="module")
def patient(deployed: Deployed) -> Visitor:
    """Somebody with a venue where a scan waits a minute."""
    return deployed.verified().issue(**PATIENT)


@contextlib.contextmanager
def impatient(deployed: Deployed, queue: str) -> Iterator[None]:
    """A queue that delivers again after a second, so that five tries are soon over."""
    sqs, url = deployed.cloud.client("sqs"), deployed.cloud.outputs[f"{queue}_url"]
    name = "VisibilityTimeout"
    before = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=[name])["Attributes"]
    sqs.set_queue_attributes(QueueUrl=url, Attributes={name: "1"})
    try:
        yield
    finally:
        sqs.set_queue_attributes(QueueUrl=url, Attributes=before)


def drive(deployed: Deployed, queue: str) -> int:
    """What the operator's command does."""
    with Progress(console=Console(quiet=True)) as progress:
        return redrive(deployed.deployment, queue, progress)[0]


@contextlib.contextmanager
def forbidden(deployed: Deployed, function: str, action: str, resource: str) -> Iterator[None]:
    """A function that may not do something for a while."""
    name = deployed.cloud.outputs[f"{function}_function"]
    configuration = deployed.cloud.client("lambda").get_function_configuration(FunctionName=name)
    policy = {"RoleName": configuration["Role"].rpartition("/")[2], "PolicyName": "outage"}
    denial = {"Effect": "Deny", "Action": action, "Resource": resource}
    document = json.dumps({"Version": "2012-10-17", "Statement": [denial]})
    iam = deployed.cloud.client("iam")
    iam.put_role_policy(**policy, PolicyDocument=document)
    try:
        yield
    finally:
        iam.delete_role_policy(**policy)


def arn_of(deployed: Deployed, queue: str) -> str:
    """A queue's ARN."""
    url = deployed.cloud.outputs[f"{queue}_url"]
    answer = deployed.cloud.client("sqs").get_queue_attributes(
        QueueUrl=url, AttributeNames=["QueueArn"]
    )
    return str(answer["Attributes"]["QueueArn"])


class TestProviders:
    """One provider at a time, or all of them."""

    @pytest.mark.parametrize("mode", ["refuse", "hang", "garbage", "error"])
    def test_the_scan_keeps_its_pace_and_says_unknown_in_time(
        self, deployed: Deployed, administrator: Visitor, mode: str
    ) -> None:
        visitor = deployed.verified()
        took = []
        with deployed.fault("health_code", mode):
            for _ in range(3):
                started = time.monotonic()
                first = visitor.scan_code(administrator.venue["code_url"]).expect(201)
                took.append(time.monotonic() - started)
                assert first["outcome"] == "pending"
            screen = visitor.final(first)
        assert min(took) < AT_ONCE_S
        assert (screen["outcome"], texts(screen["reasons"])) == ("check", ["health_code_unknown"])
        assert screen["health_code"]["state"] == "unknown"

    @pytest.mark.requirement("JN-18")
    def test_without_the_identity_provider_one_is_pending_and_is_sent_to_the_staff(
        self, deployed: Deployed, patient: Visitor
    ) -> None:
        with deployed.fault("identity", "error"):
            visitor = deployed.visitor()
            visitor.register().expect(202)
            screen = visitor.final(visitor.scan_code(patient.venue["code_url"]).expect(201))
            assert screen["outcome"] == "check"
            assert texts(screen["reasons"]) == ["identity_unknown"]
            assert visitor.registration()["verification"] == "pending"
        assert visitor.verification() == "verified"  # the provider is asked again by itself

    def test_a_question_that_was_given_up_is_asked_again_by_the_next_scan(
        self, deployed: Deployed, administrator: Visitor
    ) -> None:
        visitor = deployed.verified()
        with deployed.fault("nucleic_acid", "error"):
            screen = visitor.final(visitor.scan_code(administrator.venue["code_url"]).expect(201))
            assert screen["nucleic_acid"]["state"] == "unknown"
        again = wait_for(
            lambda: visitor.final(visitor.scan_code(administrator.venue["code_url"]).expect(201)),
            lambda seen: seen["nucleic_acid"]["state"] == "negative",
        )
        assert again["outcome"] == "admit"
        assert dead_letters(deployed.deployment, "lookups") == 0
        assert visitor.final(screen)["outcome"] == "check"  # decided is decided

    def test_without_the_sms_gateway_one_is_told_to_try_again(self, deployed: Deployed) -> None:
        with deployed.fault("sms", "refuse"):
            refused = deployed.call("POST", "/v1/otp", {"phone": "+8613700009999"})
        refused.expect(503, "unavailable")
        assert int(refused.headers["Retry-After"]) > 0


class TestDeadLetters:
    """What failed five times waits for an operator."""

    @pytest.mark.parametrize("queue", ["lookups", "renders"])
    def test_a_poison_message_ends_there_and_stops_no_other(
        self, deployed: Deployed, queue: str
    ) -> None:
        administrator = deployed.verified().issue(**PATIENT)
        sqs = deployed.cloud.client("sqs")
        url = deployed.cloud.outputs[f"{queue}_url"]
        dead = deployed.cloud.outputs[f"{queue}_dead_letters_url"]
        poison = json.dumps({"v": 1, "kind": "no such thing", "correlation": "poison"})
        with impatient(deployed, queue):
            for body in (poison, "not JSON at all"):
                sqs.send_message(QueueUrl=url, MessageBody=body)
            path = f"/v1/venues/{administrator.venue['venue_id']}/posters"
            asked = administrator.post(path, {"form": "qr_svg"}).expect(202)
            wait_for(
                lambda: administrator.get(f"{path}/{asked['poster_id']}").expect(200),
                lambda seen: seen["status"] == "ready",
            )
            screen = administrator.scan_code(administrator.venue["code_url"]).expect(201)
            assert administrator.final(screen)["outcome"] == "admit"
            wait_for(lambda: dead_letters(deployed.deployment, queue), lambda count: count >= 2)
        letters = sqs.receive_message(QueueUrl=dead, MaxNumberOfMessages=10)["Messages"]
        assert {poison, "not JSON at all"} <= {letter["Body"] for letter in letters}
        for letter in letters:
            sqs.delete_message(QueueUrl=dead, ReceiptHandle=letter["ReceiptHandle"])

    def test_the_command_says_how_many(self, deployed: Deployed) -> None:
        status, said = run(deployed.place, "infra.ops", "redrive", "renders")
        assert status == 0, said
        assert "0 dead-lettered messages of renders redriven." in said

    def test_a_change_that_could_not_be_set_in_motion_is_replayed(
        self, deployed: Deployed, patient: Visitor
    ) -> None:
        visitor, venue_id = deployed.verified(), patient.venue["venue_id"]
        before = deployed.counted(venue_id)
        with forbidden(deployed, "stream", "sqs:SendMessage", arn_of(deployed, "lookups")):
            first = visitor.scan_code(patient.venue["code_url"]).expect(201)
            wait_for(lambda: dead_letters(deployed.deployment, "stream"), bool)
        waiting = visitor.get(f"/v1/scans/{first['scan_id']}").expect(200)
        assert waiting["outcome"] == "pending"
        assert drive(deployed, "stream") == 1
        assert visitor.final(first)["outcome"] == "admit"
        assert (deployed.counted(venue_id) - before).parts() == (1, 1, 0, 0, 1)
