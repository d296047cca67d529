"""The session and configuration of all AWS clients."""

import functools
import threading
from pathlib import Path
from typing import Any

import botocore.session
from botocore.config import Config
from botocore.exceptions import UnknownRegionError
from botocore.handlers import BUILTIN_HANDLERS, REGISTER_FIRST, REGISTER_LAST
from botocore.parsers import JSONParser, ResponseParserFactory
from botocore.utils import EVENT_ALIASES

from chalicelib.core.kept_connections import KeptConnections
from chalicelib.core.logs import logger

CONFIG = Config(
    connect_timeout=1,
    read_timeout=3,
    retries={"total_max_attempts": 3, "mode": "standard"},
    # These three steps take a fifth of every call and have no use here: validating requests that
    # the code builds, describing the machine, and finding an endpoint of the account.
    parameter_validation=False,
    user_agent="venuecode",
    account_id_endpoint_mode="disabled",
)
"""Short timeouts, because a visitor is waiting at the door."""


AMAZON_ROOTS = Path(botocore.__file__).with_name("amazon-roots.pem")
"""Amazon's own certificate authorities, which packaging picks (`infra.roots`)."""


_PLAIN = frozenset({"S", "N", "BOOL", "NULL", "SS", "NS"})
"""Types of DynamoDB's values that are in Python as they are in JSON."""


class AwsSession(botocore.session.Session):  # type: ignore[misc]  # botocore has no types
    """botocore's session, without its handlers for services that it has no client of.

    botocore registers those of all services, which costs a cold start as much as two clients.
    """

    def __init__(self) -> None:
        super().__init__(include_builtin_handlers=False)
        self.register_component("response_parser_factory", _Parsers())
        self._handled = set[str | None]()
        self._handle(None)

    def create_client(self, service_name: str, *arguments: Any, **options: Any) -> Any:
        """Return a new client. One at a time: see `MAKING`."""
        self._handle(EVENT_ALIASES.get(service_name, service_name))
        client = super().create_client(service_name, *arguments, **options)
        client._endpoint.http_session = KeptConnections(client._endpoint.http_session)
        client.meta.events.register("after-call", _log_retries)
        return client

    def _handle(self, service: str | None) -> None:
        """Register botocore's handlers of events of a service, or (None) of all services."""
        if service in self._handled:
            return
        self._handled.add(service)
        events = self.get_component("event_emitter")
        orders = {REGISTER_FIRST: events.register_first, REGISTER_LAST: events.register_last}
        for name, handler, *order in BUILTIN_HANDLERS:
            kind, _, rest = name.partition(".")
            of = rest.partition(".")[0] or None
            if of == service and kind != "docs":
                register = orders[order[0]] if order else events.register
                register(name, handler)


def _log_retries(model: Any, parsed: dict[str, Any], **_: Any) -> None:
    """Log a call that was answered after failures, while a person waited.

    Before its second attempt the SDK waits for up to a second, before its third for up to two
    ("Retry behavior", AWS SDKs and Tools Reference Guide).
    """
    if again := parsed.get("ResponseMetadata", {}).get("RetryAttempts"):
        logger().warning("aws_retried", extra={"operation": model.name, "retries": again})


class _Parser(JSONParser):  # type: ignore[misc]  # botocore has no types
    """botocore's parser of JSON, which does not walk what is the same after it."""

    def _handle_map(self, shape: Any, value: dict[str, Any]) -> dict[str, Any]:
        of = shape.value
        if of.name != "AttributeValue":
            return super()._handle_map(shape, value)  # type: ignore[no-any-return]
        return {
            name: one
            if len(one) == 1 and not _PLAIN.isdisjoint(one)
            else self._parse_shape(of, one)
            for name, one in value.items()
        }


class _Parsers(ResponseParserFactory):  # type: ignore[misc]  # botocore has no types
    def create_parser(self, protocol_name: str) -> Any:
        if protocol_name == "json":
            return _Parser(**self._defaults)
        return super().create_parser(protocol_name)


@functools.cache
def session() -> Any:
    """Return the process's botocore session. A second one would read all data files again.

    In the package its clients trust Amazon's authorities only: reading all of botocore's would cost
    a cold start a third of its time, for each client reads them. ``AWS_CA_BUNDLE`` counts before.
    """
    made = AwsSession()
    if AMAZON_ROOTS.exists() and not made.get_config_variable("ca_bundle") and _in_aws(made):
        made.set_config_variable("ca_bundle", str(AMAZON_ROOTS))
    return made


def _in_aws(of: Any) -> bool:
    """Return whether the region is in the partition whose endpoints have these authorities.

    No document of AWS says it of others, such as China's: there all of botocore's are trusted.
    """
    try:
        partition = of.get_partition_for_region(of.get_config_variable("region"))
    except (UnknownRegionError, TypeError):  # a TypeError is no region at all
        return False
    return bool(partition == "aws")


MAKING = threading.Lock()
"""Held while a client is made: threads share clients, but a session makes one at a time."""
