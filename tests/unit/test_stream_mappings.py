"""The mappings of the table's stream: each function gets the records that concern it, in order."""

import json
from collections.abc import Iterable
from typing import Any

import pytest
from hypothesis import given

from chalicelib.admission.store.scans import ScanItem
from chalicelib.core import keys
from chalicelib.core.keys import Key
from chalicelib.workers.subscriptions import all_subscriptions
from tests import support
from tests.unit.test_keys import key


def mappings() -> dict[str, dict[str, Any]]:
    """The stream's mappings, by name."""
    found = support.template()["Resources"].items()
    return {
        name: one["Properties"]
        for name, one in found
        if one.get("Type") == "AWS::Lambda::EventSourceMapping"
        and "FilterCriteria" in one["Properties"]
    }


def patterns(name: str) -> list[dict[str, Any]]:
    criteria = mappings()[name]["FilterCriteria"]
    return [json.loads(one["Pattern"]) for one in criteria["Filters"]]


def matches(pattern: Any, value: Any) -> bool:
    """Whether a value matches a pattern (Lambda Developer Guide, "Filter rule syntax")."""
    if isinstance(pattern, dict):
        return all(name in value and matches(part, value[name]) for name, part in pattern.items())
    return any(
        ("exists" in rule or value.startswith(rule["prefix"]))
        if isinstance(rule, dict)
        else rule == value
        for rule in pattern
    )


Images = dict[str, dict[str, dict[str, str]]]
CHECKED: Images = {"NewImage": {"oc": {"S": "check"}}}


def delivered(name: str, found: Key, images: Images = CHECKED) -> bool:
    stored = {"pk": {"S": found.pk}, "sk": {"S": found.sk}}
    parts = {kind: image | stored for kind, image in images.items()}
    record = {"eventName": "…", "dynamodb": {"Keys": stored, **parts}}
    return any(matches(pattern, record) for pattern in patterns(name))


@given(key())
def test_each_function_gets_what_concerns_it_and_nothing_else(
    made: tuple[str, tuple[Any, ...], Key],
) -> None:
    _, _, found = made
    subscribed = any(subscription.matches(found) for subscription in all_subscriptions())
    assert delivered("StreamMapping", found) is subscribed
    assert delivered("CountsMapping", found) is (keys.is_scan(found) or keys.is_fence(found))


@pytest.mark.parametrize("name", ["StreamMapping", "CountsMapping"])
def test_deletions_are_not_delivered(name: str) -> None:
    scan = Key("VEN#ven_A#2022-04-24#0", "1650758400000#X")
    abnormal = CHECKED["NewImage"]
    assert delivered(name, scan, {"NewImage": abnormal})
    assert delivered(name, scan, {"NewImage": abnormal, "OldImage": abnormal})
    assert not delivered(name, scan, {"OldImage": abnormal})


@pytest.mark.parametrize(
    ("before", "after", "needs", "wanted"),
    [
        ("", "admit", "", False),
        ("", "admit", "x", True),
        ("", "pending", "hn", True),
        ("", "check", "", True),
        ("pending", "admit", "", False),
        ("pending", "check", "", True),
        ("pending", "refuse", "n", True),
        ("check", "admit", "", True),
        ("refuse", "pending", "h", True),
    ],
)
def test_of_scans_the_stream_function_gets_those_of_which_something_follows(
    before: str, after: str, needs: str, wanted: bool
) -> None:
    """Answers are asked for once; pointers to abnormal scans follow every change of outcome."""
    scan = Key("VEN#ven_A#2022-04-24#0", "1650758400000#X")
    new = {"oc": {"S": after}} | ({"nd": {"S": needs}} if needs else {})
    images: Images = {"NewImage": new} | ({"OldImage": {"oc": {"S": before}}} if before else {})
    assert delivered("StreamMapping", scan, images) is wanted
    assert delivered("CountsMapping", scan, images)


def test_the_filters_name_the_attributes_of_a_scan() -> None:
    attributes = {ScanItem.needs.attr_name, ScanItem.outcome.attr_name}
    assert attributes == {"nd", "oc"}


def levels(pattern: Any) -> Iterable[Any]:
    if isinstance(pattern, dict):
        for part in pattern.values():
            yield from levels(part)
    else:
        yield pattern


def test_filters_are_what_lambda_takes() -> None:
    """At most five filters of 4,096 characters (Lambda quotas); each leaf is a list of rules.

    "DynamoDB event source mappings only support filtering on the `dynamodb` key" (Lambda Developer
    Guide, *Using event filtering with a DynamoDB event source*).
    """
    assert set(mappings()) == {"StreamMapping", "CountsMapping"}
    for mapping in mappings().values():
        filters = mapping["FilterCriteria"]["Filters"]
        assert len(filters) <= 5
        for one in filters:
            assert len(one["Pattern"]) <= 4096
            assert json.loads(one["Pattern"]).keys() == {"dynamodb"}
            assert all(isinstance(leaf, list) for leaf in levels(json.loads(one["Pattern"])))


def test_counting_keeps_the_order_of_a_partition_key() -> None:
    """Above a factor of 1, Lambda keeps the order of an item only (decision 0140)."""
    counting = mappings()["CountsMapping"]
    assert counting["ParallelizationFactor"] == 1
    assert counting["BisectBatchOnFunctionError"]
    assert counting["MaximumRecordAgeInSeconds"] < 24 * 3600, "time is left to redrive"
