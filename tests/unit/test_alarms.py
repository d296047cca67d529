"""Alarms, dashboard and runbook: they speak of the same things, and these exist."""

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest

from chalicelib.core.metrics import METRICS, NAMESPACE
from infra.dashboard import body, put_dashboard
from infra.split import read
from tests.support import ROOT

RUNBOOK = (ROOT / "docs/runbook.md").read_text()


TEMPLATE = read((ROOT / "infra/resources.yaml").read_text())


def resources(kind: str) -> dict[str, Any]:
    return {
        name: resource["Properties"]
        for name, resource in TEMPLATE["Resources"].items()
        if resource.get("Type") == kind
    }


ALARMS = resources("AWS::CloudWatch::Alarm")
QUEUES = sorted(name for name in resources("AWS::SQS::Queue") if not name.endswith("DeadLetters"))


def metrics_of(alarm: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Yield the metrics that an alarm watches."""
    if "MetricName" in alarm:
        yield alarm
    for query in alarm.get("Metrics", ()):
        if "MetricStat" in query:
            yield query["MetricStat"]["Metric"]


def dimensions(metric: dict[str, Any]) -> dict[str, Any]:
    return {one["Name"]: one["Value"] for one in metric.get("Dimensions", ())}


def is_ours(metric: dict[str, Any]) -> bool:
    return NAMESPACE in json.dumps(metric["Namespace"])


def entries() -> dict[str, str]:
    """The paragraphs of the runbook, by their alarm."""
    section = RUNBOOK.partition("\n## Alarms\n")[2].partition("\n## ")[0]
    parts = re.split(r"^### `(\w+)`\n", section, flags=re.MULTILINE)
    return dict(zip(parts[1::2], parts[2::2], strict=True))


# --- The runbook ----------------------------------------------------------------------------------


def test_every_alarm_has_its_paragraph_in_the_runbook() -> None:
    assert sorted(entries()) == sorted(ALARMS)


@pytest.mark.parametrize("alarm", sorted(ALARMS))
def test_the_paragraph_says_what_it_means_where_to_look_and_what_to_do(alarm: str) -> None:
    paragraph = entries()[alarm]
    for part in ("**Meaning:** ", "**Look:** ", "**Do:** "):
        assert paragraph.count(part) == 1


# --- The alarms -----------------------------------------------------------------------------------


@pytest.mark.parametrize("alarm", sorted(ALARMS))
def test_an_alarm_is_sent_to_the_topic_and_is_silent_without_data(alarm: str) -> None:
    assert ALARMS[alarm]["AlarmActions"] == [{"Ref": "Alarms"}]
    assert ALARMS[alarm]["TreatMissingData"] == "notBreaching"


@pytest.mark.parametrize("alarm", sorted(ALARMS))
def test_an_alarm_watches_metrics_that_are_recorded(alarm: str) -> None:
    for metric in filter(is_ours, metrics_of(ALARMS[alarm])):
        assert metric["Namespace"] == {"Fn::Sub": f"{NAMESPACE}/${{Stage}}"}
        assert METRICS[metric["MetricName"]].by == tuple(dimensions(metric))


@pytest.mark.parametrize("queue", QUEUES)
def test_the_oldest_message_of_each_queue_has_an_alarm(queue: str) -> None:
    watched = [
        dimensions(alarm)["QueueName"]
        for alarm in ALARMS.values()
        if alarm.get("MetricName") == "ApproximateAgeOfOldestMessage"
    ]
    assert {"Fn::GetAtt": f"{queue}.QueueName"} in watched


@pytest.mark.parametrize("what", ["ReadThrottleEvents", "WriteThrottleEvents"])
def test_throttles_of_the_table_and_of_each_index_have_an_alarm(what: str) -> None:
    table = resources("AWS::DynamoDB::Table")["Table"]
    wanted = [{"TableName": {"Ref": "Table"}}]
    wanted += [
        wanted[0] | {"GlobalSecondaryIndexName": index["IndexName"]}
        for index in table["GlobalSecondaryIndexes"]
    ]
    watched = [dimensions(one) for one in ALARMS.values() if one.get("MetricName") == what]
    assert [one for one in wanted if one not in watched] == []


def test_an_expression_names_metrics_of_its_alarm() -> None:
    for name, alarm in ALARMS.items():
        queries = alarm.get("Metrics", ())
        known = {query["Id"] for query in queries}
        assert sum(query["ReturnData"] for query in queries) == (1 if queries else 0), name
        for query in queries:
            assert set(re.findall(r"\b[a-z]\w*", query.get("Expression", ""))) <= known, name


# --- The dashboard --------------------------------------------------------------------------------


def test_every_metric_is_on_the_dashboard() -> None:
    text = json.dumps(body(TEMPLATE))
    missing = [name for name in METRICS if not re.search(rf"\b{name}\b", text)]
    assert missing == []


def test_the_dashboard_names_no_other_metrics() -> None:
    for widget in body(TEMPLATE)["widgets"]:
        for line in widget["properties"].get("metrics", ()):
            if isinstance(line[0], str) and line[0].startswith(NAMESPACE):
                assert METRICS[line[1]].by == ()
            elif isinstance(line[0], dict):
                for schema, name in re.findall(
                    r"SEARCH\('\{(.+?)\} MetricName=\"(\w+)\"", line[0]["expression"]
                ):
                    namespace, *by = schema.split(",")
                    if NAMESPACE in namespace:
                        assert namespace == f'"{NAMESPACE}/${{Stage}}"'
                        assert METRICS[name].by == tuple(by)


def test_what_the_dashboard_refers_to_is_in_the_template() -> None:
    text = json.dumps(body(TEMPLATE))
    named = {name.partition(".")[0] for name in re.findall(r"\$\{([\w.]+)\}", text)}
    assert named - TEMPLATE["Resources"].keys() == {"Stage"}
    for queue in QUEUES:
        assert queue in named


def test_widgets_do_not_overlap() -> None:
    taken: set[tuple[int, int]] = set()
    for widget in body(TEMPLATE)["widgets"]:
        columns = range(widget["x"], widget["x"] + widget["width"])
        cells = {
            (x, y) for x in columns for y in range(widget["y"], widget["y"] + widget["height"])
        }
        assert max(columns) < 24
        assert not cells & taken
        taken |= cells


def test_it_is_put_into_the_template() -> None:
    template = json.loads(json.dumps(TEMPLATE))
    put_dashboard(template)
    text = template["Resources"]["Dashboard"]["Properties"]["DashboardBody"]["Fn::Sub"]
    assert json.loads(text) == body(TEMPLATE)
