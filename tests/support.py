"""What several suites need: the table on moto, and the whole application around it in process."""

import json
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

import boto3
import yaml

from chalicelib.core.clock import epoch_ms

ROOT = Path(__file__).parent.parent


class _Loader(yaml.SafeLoader):
    """Reads CloudFormation's short tags; a condition reads as its second branch."""


def _tag(loader: _Loader, suffix: str, node: yaml.Node) -> Any:
    if isinstance(node, yaml.SequenceNode):
        values = loader.construct_sequence(node, deep=True)
        return values[2] if suffix == "If" else {suffix: values}
    if isinstance(node, yaml.MappingNode):
        return {suffix: loader.construct_mapping(node, deep=True)}
    return None


_Loader.add_multi_constructor("!", _tag)


def template() -> dict[str, Any]:
    """The template that is merged into Chalice's, its conditions as for no stage in particular."""
    loaded: dict[str, Any] = yaml.load(  # noqa: S506 (a SafeLoader with tags)
        (ROOT / "infra" / "resources.yaml").read_text(), _Loader
    )
    return loaded


def create_table(name: str) -> None:
    """Make the table as the template describes it."""
    properties = template()["Resources"]["Table"]["Properties"]
    taken = ("AttributeDefinitions", "KeySchema", "BillingMode")
    indexes = [
        {key: index[key] for key in ("IndexName", "KeySchema", "Projection")}
        for index in properties["GlobalSecondaryIndexes"]
    ]
    boto3.client("dynamodb").create_table(
        TableName=name,
        GlobalSecondaryIndexes=indexes,
        StreamSpecification={"StreamEnabled": True, **properties["StreamSpecification"]},
        **{key: properties[key] for key in taken},
    )


def nonce_at(moment: datetime) -> str:
    """A fresh UUIDv7 of `moment`."""
    value = epoch_ms(moment) << 80 | uuid.uuid4().int & ((1 << 80) - 1)  # noqa: TID251
    value = value & ~(0xF << 76) | 7 << 76
    value = value & ~(0x3 << 62) | 0x2 << 62
    return str(uuid.UUID(int=value))
