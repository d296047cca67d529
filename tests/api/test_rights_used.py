"""A function may do what it does and nothing else: its policy against the calls that it makes."""

import functools
import json
from collections import defaultdict
from collections.abc import Iterator, Mapping
from typing import Any

import pytest
from moto import mock_aws

from chalicelib.adapters.keys import SecretsManager
from chalicelib.admission.lookup_requests import Settle
from chalicelib.core import keys
from chalicelib.core.render_jobs import ExportJob, encode
from chalicelib.identity.providers import Pending, ProviderFault
from chalicelib.workers.reconciliations import reconciliations
from chalicelib.workers.schedules import schedules
from infra import package
from infra.foundation import logical_id
from tests import support
from tests.api.driver import Person, World
from tests.api.rights import Recorder, Right
from tests.api.routes import CASES, CONFIRMED, DEVICES, ROLES, Cast
from tests.api.test_erasures import Context
from tests.api.test_faults import DoorChapter

FUNCTIONS: Mapping[str, Any] = json.loads((support.ROOT / ".chalice/config.json").read_text())[
    "lambda_functions"
]
UNPLAYED: Mapping[str, frozenset[tuple[str, str]]] = {
    # Partners are played here, and so nobody signs a request to them: tests/contract/test_partners.
    # A message with a delay is held back by the test's clock: tests/contract, on a real queue.
    "lookups": frozenset(
        {
            ("secretsmanager:GetSecretValue", "PartnersSecret"),
            ("sqs:SendMessage", "LookupsQueue"),
            ("sqs:SendMessage", "SettlesQueue"),
        }
    ),
    # The worlds' table is a plain one. A deployment's finds the accesses in an export by the index.
    "renders": frozenset({("secretsmanager:GetSecretValue", "IndexSecret")}),
}


@pytest.fixture(scope="module")
def recorded() -> Iterator[Mapping[str, set[Right]]]:
    """What each function asked of AWS when everything was played once."""
    with mock_aws():
        world = World(kms=True)
        partners = f"{world.name}-partners"
        support.client("secretsmanager").create_secret(
            Name=partners, SecretString=json.dumps({"identity_checks": "c" * 32, "default": "d"})
        )
        recorder = Recorder(
            {
                world.lookups.url: "LookupsQueue",
                world.settles.url: "SettlesQueue",
                world.renders.url: "RendersQueue",
                world.name: "KeysSecret",
                world.index_secret: "IndexSecret",
                partners: "PartnersSecret",
            }
        )
        world.wire.watch = recorder.note
        play(world, partners)
        yield recorder.made
        world.close()


def play(world: World, partners: str) -> None:
    """Play each route's scenes, look at everything, and let all workers work."""
    for case in CASES:
        for make in case.scenes:
            world.rewind()
            scene = make(world)
            fresh(world, partners)
            scene.send()
            work(world)
    world.rewind()
    cast = Cast.of(world)
    work(world)
    for case in CASES:
        for role in (*ROLES, *DEVICES):
            if case.method == "GET" and role in case.who:
                caller: Person = getattr(cast, role)
                path, _ = case.request(cast, caller)
                world.call("GET", path, token=caller.token)
    DoorChapter.begin(world)
    work(world)
    chief = world.administrator()
    unanswered = world.visitor(health_code=ProviderFault("down"), nucleic_acid=Pending(2000))
    unanswered.scan(chief.venue).expect(201)
    for _ in range(3):
        work(world)
        world.clock.pass_(seconds=10)
    world.clock.pass_(minutes=1)
    left_over = unanswered.scan(chief.venue).expect(201)
    world.lookup_queue.send(Settle(left_over["scan_id"], "c0ffee00"))
    work(world)
    invited = world.person()
    entry = {"by": "phone", "name": invited.name, "phone": invited.phone}
    chief.post(f"/v1/venues/{chief.venue['venue_id']}/staff", entry).expect(202)
    invited.register().expect(202)
    work(world)
    leaving = world.inspector(chief)
    leaving.scan(chief.venue).expect(201)
    leaving.post("/v1/me/pass/paper", {}).expect(202)
    leaving.post("/v1/me/export", {"nonce": world.nonce()}).expect(202)
    work(world)
    leaving.get("/v1/me/export").expect(200)
    token = world.container.deep_status.token(world.clock.at)
    world.call("GET", "/v1/status?deep=1", token=token)
    asked_for_twice = ExportJob(leaving.person_id, "0000000000000000", "-")
    world.renders.send(encode(asked_for_twice))
    work(world)
    leaving.post("/v1/me/erasure", CONFIRMED).expect(202)
    for hours in (25, 1):
        world.clock.pass_(hours=hours)
        world.restart()
        schedules({"id": "0f0f"}, Context(300_000))
        work(world)
    for hours in (30, 1, 1, 24, 1, 1):
        world.clock.pass_(hours=hours)
        drift(world)
        world.restart()
        reconciliations({"id": "0f0f"}, Context(300_000))
        work(world)
    world.clock.pass_(hours=24 * 40)  # the month's first registration makes a data key
    world.restart()
    newcomer = world.person()
    newcomer.register().expect(202)


def drift(world: World) -> None:
    """Have every counter of a unit count one too many."""
    for item in world.items():
        if item["sk"]["S"] == keys.COUNT:
            support.client("dynamodb").update_item(
                TableName=world.name,
                Key={"pk": item["pk"], "sk": item["sk"]},
                UpdateExpression="ADD c :one",
                ExpressionAttributeValues={":one": {"N": "1"}},
            )


def fresh(world: World, partners: str) -> None:
    """Start a process that reads its secrets, as each function is one."""
    world.restart()
    world.container.partner_secrets = SecretsManager(partners, world.clock)


def work(world: World) -> None:
    """Run the workers, each in a process of its own, until nothing is left to do."""
    done = 1
    while done:
        world.lookup_queue.release()
        done = 0
        for run in (world.run_stream, world.lookups.run, world.settles.run, world.renders.run):
            world.restart()
            done += run()


@functools.cache
def of_lambda() -> Mapping[str, set[tuple[str, str]]]:
    """What the poller of an event source mapping does with its function's role, by function.

    Lambda Developer Guide, "Using Lambda with Amazon SQS" (execution role permissions), "Process
    DynamoDB records with Lambda" (likewise), "Retaining records of failed batches".
    """
    names = {logical_id(name): name for name in FUNCTIONS}
    found: dict[str, set[tuple[str, str]]] = defaultdict(set)
    for resource in package.template("prod")["Resources"].values():
        if resource["Type"] != "AWS::Lambda::EventSourceMapping":
            continue
        mapping = resource["Properties"]
        rights = found[names[mapping["FunctionName"]["Ref"]]]
        source, attribute = mapping["EventSourceArn"]["Fn::GetAtt"]
        if attribute == "StreamArn":
            for action in ("DescribeStream", "GetRecords", "GetShardIterator"):
                rights.add((f"dynamodb:{action}", f"{source}.StreamArn"))
            rights.add(("dynamodb:ListStreams", "*"))
            queue = mapping["DestinationConfig"]["OnFailure"]["Destination"]["Fn::GetAtt"][0]
            rights.add(("sqs:SendMessage", queue))
        else:
            for action in ("DeleteMessage", "GetQueueAttributes", "ReceiveMessage"):
                rights.add((f"sqs:{action}", source))
    return found


def policy(function: str) -> list[dict[str, Any]]:
    """The statements of a function's policy, without that for its log."""
    path = support.ROOT / ".chalice" / FUNCTIONS[function]["iam_policy_file"]
    statements: list[dict[str, Any]] = json.loads(path.read_text())["Statement"]
    return [one for one in statements if one["Sid"] != "Logs"]


def listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def granted(function: str) -> set[tuple[str, str]]:
    """The actions that a policy allows, with the resource of each."""
    return {
        (action, resource_of(resource))
        for statement in policy(function)
        for action in listed(statement["Action"])
        for resource in listed(statement["Resource"])
    }


def resource_of(resource: Any) -> str:
    """The name of a policy's resource as `Right` has it."""
    if resource == "*":
        return "*"
    ((kind, target),) = resource.items()
    if kind == "Fn::GetAtt":
        name, attribute = target
        return f"{name}.{attribute}" if attribute == "StreamArn" else name
    name, _, rest = target.removeprefix("${").partition(".Arn}/")
    return f"{name}/{rest.removeprefix('index/').removesuffix('/*')}"


@pytest.mark.parametrize("function", FUNCTIONS)
def test_a_policy_allows_what_its_function_does_and_nothing_else(
    function: str, recorded: Mapping[str, set[Right]]
) -> None:
    made = {(right.action, right.resource) for right in recorded[function]}
    made |= of_lambda().get(function, set()) | UNPLAYED.get(function, frozenset())
    assert granted(function) == made


@pytest.mark.parametrize("function", FUNCTIONS)
def test_a_function_reaches_the_partitions_that_it_uses_and_no_others(
    function: str, recorded: Mapping[str, set[Right]]
) -> None:
    for statement in policy(function):
        actions = set(listed(statement["Action"]))
        resources = {resource_of(one) for one in listed(statement["Resource"])}
        condition = statement.get("Condition", {}).get("ForAllValues:StringLike", {})
        allowed = {one.removesuffix("*") for one in condition.get("dynamodb:LeadingKeys", ())}
        used = {
            right.leading
            for right in recorded[function]
            if right.action in actions and right.resource in resources
        }
        if allowed:
            assert allowed == used, statement["Sid"]
