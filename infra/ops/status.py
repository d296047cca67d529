"""The command ``status``: the deep status of the API, the queues, and the alarms."""

from argparse import ArgumentParser, Namespace
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from rich.console import Console

from infra import stacks
from infra.local.client import Api, Http, Reply
from infra.ops import inputs
from infra.ops.deployment import Deployment
from infra.tables import FittingTable, coloured

_QUEUE = "Url"
_LATELY = timedelta(minutes=10)


class Queue(NamedTuple):
    """A queue: its messages, and the age of its oldest in seconds, None if nothing is known."""

    name: str
    messages: int
    oldest_s: int | None


def deep_status(deployment: Deployment, url: str) -> Reply:
    """Return the API's answer to an operator. Raises urllib3's HTTPError."""
    container = deployment.container()
    token = container.deep_status.token(container.clock.now())
    api = Api(Http(url), language="en")
    return api.call("GET", "/v1/status?deep=1", token=token)


def queues(deployment: Deployment) -> Iterator[Queue]:
    """Yield the queues in the stack's outputs. Cost: two calls for each."""
    sqs, cloudwatch = deployment.client("sqs"), deployment.client("cloudwatch")
    now = datetime.now(UTC)
    for output, url in sorted(deployment.outputs.items()):
        if not output.endswith(_QUEUE):
            continue
        names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
        counts = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=names)["Attributes"]
        ages = cloudwatch.get_metric_statistics(
            Namespace="AWS/SQS",
            MetricName="ApproximateAgeOfOldestMessage",
            Dimensions=[{"Name": "QueueName", "Value": url.rpartition("/")[2]}],
            StartTime=now - _LATELY,
            EndTime=now,
            Period=60,
            Statistics=["Maximum"],
        )["Datapoints"]
        newest = max(ages, key=lambda point: point["Timestamp"], default=None)
        yield Queue(
            output.removesuffix(_QUEUE),
            sum(int(count) for count in counts.values()),
            round(newest["Maximum"]) if newest else None,
        )


def raised(deployment: Deployment) -> list[str]:
    """Return the descriptions of the stack's alarms that are raised."""
    pages = deployment.client("cloudwatch").get_paginator("describe_alarms")
    prefix = f"{stacks.whole(deployment.stage)}-"
    found = pages.paginate(AlarmNamePrefix=prefix, StateValue="ALARM")
    alarms = [alarm for page in found for alarm in page.get("MetricAlarms", ())]
    return [f"{alarm['AlarmName']}: {alarm.get('AlarmDescription', '')}" for alarm in alarms]


def run(deployment: Deployment, *, url: str, console: Console) -> int:
    """Print the status; return 1 if a part is unwell, a message dead, or an alarm raised."""
    reply = deep_status(deployment, url)
    body = reply.object()
    result = body.get("code", "ok" if reply.status == 200 else "unreadable")
    console.print(f"{url}: {reply.status} {result}", soft_wrap=True, markup=False)
    parts = FittingTable("Part", "ms", "Result")
    for check in body.get("checks") or ():
        fault = coloured(check["fault"], "red") if check["fault"] else coloured("ok", "green")
        parts.add_row(check["name"], str(check["ms"]), fault)
    console.print(parts)
    dead = 0
    waiting = FittingTable("Queue", "messages", "oldest, s")
    for queue in queues(deployment):
        dead += queue.messages if queue.name.endswith("DeadLetters") else 0
        oldest = "—" if queue.oldest_s is None else str(queue.oldest_s)
        waiting.add_row(queue.name, str(queue.messages), oldest)
    console.print(waiting)
    alarms = raised(deployment)
    for alarm in alarms:
        console.print(coloured(alarm, "red"))
    if not alarms:
        console.print("No alarm is raised.")
    return 0 if reply.status == 200 and not dead and not alarms else 1


HELP = "check the deployment: parts, queues, alarms"


def arguments(parser: ArgumentParser) -> None:
    """Declare the command's arguments."""
    parser.add_argument("--url", type=inputs.url, help="the API's URL; by default the stack's")


def destroys(_: Namespace) -> str:
    """Return what the command destroys; empty if nothing."""
    return ""


def command(found: Deployment, given: Namespace, console: Console) -> int:
    """Run the command with the `given` arguments; return its exit code."""
    return run(found, url=given.url or found.base_url, console=console)
