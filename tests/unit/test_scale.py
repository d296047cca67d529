"""docs/scale.md states the numbers of the template and of the code, and its arithmetic is right."""

import re
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from bench import cost, kinds, template
from bench.cloud import Cloud
from infra.foundation import logical_id
from tests.support import ROOT

SCALE = (ROOT / "docs/scale.md").read_text()
REQUESTS_OF_AN_INSTANCE = 10
"""A second: Lambda Developer Guide, "Understanding Lambda function scaling"."""
QUOTAS = {
    "reads of a table, a quota": 40_000,
    "writes of a table, a quota": 40_000,
    "requests of the account, a quota": 10_000,
    "writes of the index `visits`, a quota": 40_000,
}
"""AWS's defaults, by the documents that are named there."""


def number(text: str) -> float:
    return float(text.replace(",", ""))


@cache
def rows() -> tuple[Mapping[str, str], ...]:
    """The rows of the table of what breaks, by their headings."""
    lines = SCALE[SCALE.index("| Breaks at") :].split("\n\n")[0].splitlines()
    head, _, *body = ([cell.strip() for cell in line.strip("|").split("|")] for line in lines)
    return tuple(dict(zip(head, cells, strict=True)) for cells in body)


def row(what: str) -> Mapping[str, str]:
    (found,) = [one for one in rows() if one["What"].startswith(what)]
    return found


def table() -> Mapping[str, Any]:
    (found,) = template.resources("AWS::DynamoDB::Table").values()
    return found


def function(name: str) -> dict[str, Any]:
    properties: dict[str, Any] = template.template()["Resources"][logical_id(name)]["Properties"]
    return properties


def test_rows_are_in_the_order_in_which_they_break() -> None:
    breaks = [number(one["Breaks at, scans/s"]) for one in rows()]
    assert breaks == sorted(breaks)
    assert len(breaks) > 5


@pytest.mark.parametrize("what", [one["What"] for one in rows()])
def test_a_limit_breaks_at_its_share_of_a_scan(what: str) -> None:
    one = row(what)
    share = number(one["Limit"]) / number(one["A scan takes"])
    assert number(one["Breaks at, scans/s"]) == round(share)


def test_a_dead_provider_breaks_the_same_limits_sooner() -> None:
    taken = re.search(r"dead: ([\d.]+) requests, ([\d.]+) and ([\d.]+) units", SCALE)
    assert taken
    requests, writes, reads = map(number, taken.groups())
    for start, each in {
        "requests": requests,
        "writes of the table": writes,
        "reads": reads,
    }.items():
        for one in rows():
            if one["What"].startswith(start):
                dead = number(one["With a dead provider, scans/s"])
                assert dead == round(number(one["Limit"]) / each), one["What"]


def test_a_scan_takes_what_the_text_says() -> None:
    said = re.search(r"`: ([\d.]+) requests, ([\d.]+) write and ([\d.]+) read units", SCALE)
    assert said
    each = dict(zip(("requests", "writes of", "reads of"), map(number, said.groups()), strict=True))
    for one in rows():
        for start, taken in each.items():
            if one["What"].startswith(start) and "index" not in one["What"]:
                assert number(one["A scan takes"]) == taken


def test_a_played_scan_takes_what_the_text_says(tmp_path: Path) -> None:
    """Within a tenth: few scans are played, and the first on each shard costs a little more."""
    kinds.play(tmp_path / "kinds.json", 5, 100)
    (played,) = kinds.read(tmp_path / "kinds.json").values()
    taken = {"requests of the stage": "api_requests"} | {
        f"{verb}s of the table at once": f"{verb}_units" for verb in ("write", "read")
    }
    for what, name in taken.items():
        each = sum(share * played[kind][name] for kind, share in cost.MIX.items())
        assert number(row(what)["A scan takes"]) == pytest.approx(each, rel=0.1), what


def test_limits_are_the_templates() -> None:
    warm = table()["WarmThroughput"]
    assert number(row("writes of the table")["Limit"]) == warm["WriteUnitsPerSecond"]
    assert number(row("reads of the table")["Limit"]) == warm["ReadUnitsPerSecond"]
    settings = template.template()["Resources"]["RestAPI"]["Properties"]["MethodSettings"]
    (stage,) = [one for one in settings if one["ResourcePath"] == "/*"]
    assert number(row("requests of the stage")["Limit"]) == stage["ThrottlingRateLimit"]
    assert f"burst {stage['ThrottlingBurstLimit']:,}" in row("requests of the stage")["Change"]
    reserved = function(template.API)["ReservedConcurrentExecutions"]
    of_api = row("requests of the API function")
    assert f"its {reserved} instances" in of_api["What"]
    assert number(of_api["Limit"]) == REQUESTS_OF_AN_INSTANCE * int(reserved)
    lookups = template.resources("AWS::Lambda::EventSourceMapping")["LookupsMapping"]
    at_once = lookups["ScalingConfig"]["MaximumConcurrency"]
    assert number(row("lookups at once")["Limit"]) == int(at_once)


def test_quotas_are_awss_and_their_documents_are_named() -> None:
    for what, quota in QUOTAS.items():
        assert number(row(what)["Limit"]) == quota
    named = set(re.findall(r"\[([A-Z]\d)\]", SCALE))
    documents = set(re.findall(r"^\| ([A-Z]\d) \|", SCALE, re.MULTILINE))
    assert named == documents


def test_the_streams_readers_are_counted() -> None:
    readers = [one.function for one in template.mappings() if one.is_stream]
    listed = re.search(r"both taken \(([^)]*)\)", SCALE)
    assert listed
    assert sorted(re.findall(r"`(\w+)`", listed[1])) == sorted(readers)
    assert len(readers) <= 2  # "no more than two processes": Quotas in Amazon DynamoDB
    assert table().get("LocalSecondaryIndexes")  # hence the 10 GB


def test_the_played_cloud_has_the_templates_shards() -> None:
    cloud = Cloud(moto=None, table="t")  # type: ignore[arg-type]  # nothing is sent
    assert cloud._shards == table()["WarmThroughput"]["WriteUnitsPerSecond"] // 1000
