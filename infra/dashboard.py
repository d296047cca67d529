"""The CloudWatch dashboard of a deployment, made from the template and the table of metrics.

Three rows: the door, the providers, the money. `ROWS` says what is in which. Metrics of the
application come from `METRICS`; queues, log groups and the API from the template, so that a new one
is on the dashboard at once. A metric with dimensions is searched for, which finds new values, too
(CloudWatch User Guide, *CloudWatch search expression syntax*); so are functions, by the stack's
name.
"""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from chalicelib.core.metrics import METRICS, NAMESPACE

Template = Mapping[str, Any]
Line = list[Any]
_OURS = f"{NAMESPACE}/${{Stage}}"
_API = ("ApiName", "${AWS::StackName}", "Stage", "api")
_TABLE = ("TableName", "${Table}")
_PERIOD_S = 300
_COLUMNS, _WIDTH, _HEIGHT = 24, 6, 6


class Widget(NamedTuple):
    """A graph: its title, and the lines of CloudWatch's ``metrics`` (Dashboard body structure)."""

    title: str
    lines: Callable[[Template], Sequence[Line]]


def ours(name: str, *statistics: str) -> Callable[[Template], list[Line]]:
    """Return the lines of a metric of the application; by default its sum."""
    by = METRICS[name].by

    def line(statistic: str) -> Line:
        if not by:
            return [_OURS, name, {"stat": statistic, "label": f"{name} {statistic}"}]
        schema = ",".join((f'"{_OURS}"', *by))
        return [_search(schema, f'MetricName="{name}"', statistic)]

    return lambda _: [line(statistic) for statistic in statistics or ("Sum",)]


def fixed(namespace: str, *names: str, of: Sequence[str], stat: str) -> list[Line]:
    """Return a line for each of some metrics of AWS that have the dimensions `of`."""
    return [[namespace, name, *of, {"stat": stat, "label": f"{name} {stat}"}] for name in names]


def _search(schema: str, terms: str, statistic: str) -> dict[str, str]:
    return {"expression": f"SEARCH('{{{schema}}} {terms}', '{statistic}', {_PERIOD_S})"}


def _unknown_share(_: Template) -> list[Line]:
    schema = f'"{_OURS}",outcome'
    decisions = _search(schema, 'MetricName="Decisions"', "Sum")["expression"]
    return [
        [_OURS, "UnknownDecisions", {"id": "unknown", "stat": "Sum", "visible": False}],
        [{"expression": f"100 * unknown / SUM({decisions})", "label": "unknown, percent"}],
    ]


def _speed(_: Template) -> list[Line]:
    latency = (fixed("AWS/ApiGateway", "Latency", of=_API, stat=stat) for stat in ("p50", "p99"))
    return [line for lines in latency for line in lines]


def _answers(_: Template) -> list[Line]:
    return fixed("AWS/ApiGateway", "Count", "4XXError", "5XXError", of=_API, stat="Sum")


def _queues(template: Template) -> list[Line]:
    return [
        [
            *("AWS/SQS", "ApproximateAgeOfOldestMessage", "QueueName", f"${{{name}.QueueName}}"),
            {"stat": "Maximum", "label": name},
        ]
        for name in _of(template, "AWS::SQS::Queue")
    ]


def _functions(name: str, statistic: str) -> Callable[[Template], list[Line]]:
    terms = f'MetricName="{name}" FunctionName=${{AWS::StackName}}'
    return lambda _: [[_search("AWS/Lambda,FunctionName", terms, statistic)]]


def _units(template: Template) -> list[Line]:
    names = ("ConsumedReadCapacityUnits", "ConsumedWriteCapacityUnits")
    lines = fixed("AWS/DynamoDB", *names, of=_TABLE, stat="Sum")
    for index in template["Resources"]["Table"]["Properties"]["GlobalSecondaryIndexes"]:
        whose = (*_TABLE, "GlobalSecondaryIndexName", index["IndexName"])
        for line in fixed("AWS/DynamoDB", *names, of=whose, stat="Sum"):
            line[-1]["label"] = f"{index['IndexName']}: {line[1]} Sum"
            lines.append(line)
    return lines


def _bytes(template: Template) -> list[Line]:
    return [
        ["AWS/Logs", "IncomingBytes", "LogGroupName", f"${{{name}}}", {"stat": "Sum"}]
        for name in _of(template, "AWS::Logs::LogGroup")
    ]


def _text_messages(template: Template) -> list[Line]:
    return ours("TextMessages")(template) + ours("TextMessageFaults")(template)


def _lag(template: Template) -> list[Line]:
    return [
        *ours("StreamLag", "Maximum")(template),
        *_functions("IteratorAge", "Maximum")(template),
    ]


ROWS: Mapping[str, Sequence[Widget]] = {
    "The door": (
        Widget("New scans, by first answer", ours("Scans")),
        Widget("Decisions", ours("Decisions")),
        Widget("Seconds to decision", ours("SecondsToDecision", "p50", "p99")),
        Widget("Decisions without an answer, percent", _unknown_share),
        Widget("API latency, ms", _speed),
        Widget("API requests", _answers),
        Widget("Stream: lag, s; age of records, ms", _lag),
        Widget("Drift of counters", ours("Drift")),
    ),
    "Providers": (
        Widget("Latency of providers, ms, p99", ours("ProviderTime", "p99")),
        Widget("Faults of providers; the breaker's refusals too", ours("ProviderFaults")),
        Widget("Oldest message, seconds", _queues),
        Widget("Scans that joined a lookup", ours("LookupsJoined")),
    ),
    "Money": (
        Widget("Invocations", _functions("Invocations", "Sum")),
        Widget("Capacity units", _units),
        Widget("Text messages, and their faults", _text_messages),
        Widget("Bytes of logs", _bytes),
        Widget("Keys used beyond their time", ours("StaleKeys")),
        Widget("Duration of functions, ms", _functions("Duration", "Sum")),
        Widget("Concurrent executions", _functions("ConcurrentExecutions", "Maximum")),
    ),
}


def body(template: Template) -> dict[str, Any]:
    """Return the dashboard; its texts hold ``${…}`` for CloudFormation to fill in."""
    return {"periodOverride": "inherit", "widgets": list(_widgets(template))}


def put_dashboard(template: dict[str, Any]) -> None:
    """Put the dashboard into the template's resource ``Dashboard``."""
    text = json.dumps(body(template), separators=(",", ":"))
    template["Resources"]["Dashboard"]["Properties"]["DashboardBody"] = {"Fn::Sub": text}


def _widgets(template: Template) -> Iterator[dict[str, Any]]:
    y = 0
    for heading, widgets in ROWS.items():
        place = {"x": 0, "y": y, "width": _COLUMNS, "height": 1}
        yield {"type": "text", **place, "properties": {"markdown": f"## {heading}"}}
        y += 1
        for number, widget in enumerate(widgets):
            row, column = divmod(number * _WIDTH, _COLUMNS)
            place = {"x": column, "y": y + row * _HEIGHT, "width": _WIDTH, "height": _HEIGHT}
            properties = {
                "title": widget.title,
                "region": "${AWS::Region}",
                "view": "timeSeries",
                "period": _PERIOD_S,
                "metrics": list(widget.lines(template)),
            }
            yield {"type": "metric", **place, "properties": properties}
        y += -(-len(widgets) * _WIDTH // _COLUMNS) * _HEIGHT


def _of(template: Template, kind: str) -> list[str]:
    """Return the resources of a kind that are always there.

    CloudFormation refuses a template that refers to one whose condition does not hold.
    """
    resources: Mapping[str, Any] = template["Resources"]
    return [
        name
        for name, resource in resources.items()
        if resource.get("Type") == kind and "Condition" not in resource
    ]
