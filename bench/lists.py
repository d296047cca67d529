"""The list of a venue's abnormal scans, of a hundred to a million in a day: CPU and units per scan.

The table is played in this process, and its CPU is taken off: a day's scans are made up when they
are read, after the pattern of one that the handlers wrote. What botocore does is in
`scan_cpu_ratio`. Pages are read from all over the day.
"""

import base64
import json
import time
from bisect import bisect_left
from collections.abc import Callable, Iterator, Mapping
from datetime import date, timedelta
from statistics import mean, median
from typing import Any

from bench import scene
from bench.account import Account, Body
from bench.figures import Figure
from bench.stub import Stub
from bench.units import Raw, item_size, read_units
from chalicelib.bootstrap import Container, install
from chalicelib.core import ids, keys
from chalicelib.core.clock import CHINA, epoch_ms, local_day, start_of_day
from chalicelib.core.indexed_table import IndexedTable
from chalicelib.core.table import Connection
from chalicelib.identity.people import Snapshot
from chalicelib.identity.providers import ProviderName

SIZES = (100, 10_000, 1_000_000)
_PAGE = 50
_PAGES = 30
"""Of each size; a day of one page is read as often."""
_PEOPLE = 100
"""Who scan in turn, so that everybody on a page is another."""
_DAY_MS = 86_400_000

Step = Callable[[str], None]


class Day(Account):
    """An account in which a venue may have a day of abnormal scans. `units` are those read."""

    def __init__(self) -> None:
        super().__init__()
        self.units = 0.0
        self._shard_of: dict[str, int] = {}

    def fill(self, day: date, size: int, like: Raw) -> None:
        """Have a day of `size` scans that are as `like`, as many in each shard."""
        self._begin, self._size, self._like = epoch_ms(start_of_day(day, CHINA)), size, like
        self._shard_of = {
            keys.scan_partition(scene.VENUE, day, one): one for one in range(scene.SHARDS)
        }

    def scan(self) -> Raw:
        """Return the one scan that was really written."""
        (found,) = [
            raw
            for pk, rows in self._items.items()
            for sk, raw in rows.items()
            if keys.is_scan(keys.Key(pk, sk))
        ]
        return found

    def answer(self, target: str, body: Body) -> Body:
        """See `Account.answer`."""
        answer = super().answer(target, body)
        self.units += self.sent.pop().read_units
        return answer

    def place(self, number: int) -> str:
        """Return the position of a scan in the day: its time, and a hash that names its shard."""
        at = self._begin + number * _DAY_MS // self._size
        return f"{at:013d}#{ids.encode(number.to_bytes(10, 'big'))}"

    def _find(self, key: Raw) -> Raw | None:
        if key["pk"]["S"] not in self._shard_of:
            return super()._find(key)
        number = ids.decode(key["sk"]["S"].rpartition("#")[2])
        person = keys.person(scene.visitor_id(number % _PEOPLE))
        return self._like | key | {"g1pk": {"S": person}}

    def _query(self, body: Body) -> tuple[Body, float, int]:
        values = body["ExpressionAttributeValues"]
        partition, first, last = (values[name]["S"] for name in (":p", ":a", ":b"))
        if partition not in self._shard_of:
            return super()._query(body)
        if "ExclusiveStartKey" in body:
            first = body["ExclusiveStartKey"]["sk"]["S"] + "~"
        numbers = range(self._shard_of[partition], self._size, scene.SHARDS)

        def sort_key(number: int) -> str:
            return f"{keys.ABNORMAL}{self.place(number)}"

        begin, end = (bisect_left(numbers, one, key=sort_key) for one in (first, last))
        found = numbers[begin:end][: body["Limit"]]
        like = {"pk": {"S": partition}, "v": {"N": "1"}, "ttl": self._like["ttl"]}
        items = [like | {"sk": {"S": sort_key(number)}} for number in found]
        units = read_units(map(item_size, items), consistent=bool(body["ConsistentRead"]))
        more = {"LastEvaluatedKey": items[-1]} if len(found) < end - begin else {}
        return {"Items": items, **more}, units, 0


class _Played(Connection):
    """A connection to an account in this process; `cpu` are the seconds that the account took."""

    def __init__(self, account: Account) -> None:
        self._account = account
        self.cpu = 0.0

    def dispatch(self, operation: str, request: dict[str, Any]) -> dict[str, Any]:
        """See `Connection.dispatch`."""
        began = time.process_time()
        body = json.loads(json.dumps(request, default=lambda data: base64.b64encode(data).decode()))
        answer = json.dumps(self._account.answer(f"DynamoDB_20120810.{operation}", body))
        read: dict[str, Any] = json.loads(answer, object_hook=_with_bytes)
        self.cpu += time.process_time() - began
        return read


def _with_bytes(value: dict[str, Any]) -> dict[str, Any]:
    return {"B": base64.b64decode(value["B"])} if value.keys() == {"B"} else value


def figures(stub: Stub, step: Step) -> Iterator[Figure]:
    """Return how much dearer a scan in the list is in the dearest day than in the cheapest."""
    container = scene.new_container(scene.environment(stub))
    account = Day()
    connection = _Played(account)
    container.table = IndexedTable("table", container.index, connection)
    install(container)
    there = scene.seed(container)
    for number in range(_PEOPLE):
        scene.visitor(container, number, ())
    like = _refused(container, there, account)
    day = local_day(container.clock.now(), CHINA) - timedelta(days=1)
    cpu: dict[int, list[float]] = {size: [] for size in SIZES}
    units: dict[int, list[float]] = {size: [] for size in SIZES}
    for number in range(_PAGES + 1):
        step(f"Lists of a day, in turn ({number} of {_PAGES})")
        for size in SIZES:
            account.fill(day, size, like)
            first = number * (size - _PAGE) // _PAGES
            cursor = _cursor(container, day, account.place(first - 1)) if first else None
            account.units = connection.cpu = 0.0
            took = _cpu(scene.abnormal(there.staff, day, cursor)) - connection.cpu
            cpu[size].append(1e6 * took / _PAGE)
            units[size].append(account.units / _PAGE)
    # The first pages load what later ones have.
    yield _growth("list_growth", {size: median(found[1:]) for size, found in cpu.items()}, "µs")
    yield _growth("list_growth_read_units", {size: mean(one) for size, one in units.items()}, "RRU")


def _refused(container: Container, there: scene.Scene, account: Day) -> Raw:
    """Have the visitor refused, and return the scan as it was written."""
    from app import app

    now = container.clock.now()
    red = Snapshot(ProviderName.HEALTH_CODE, "red", now - timedelta(hours=1), now, 1)
    container.people.save_answers(scene.VISITOR, [red])
    screen = json.loads(app(next(there.scans(now)), None)["body"])
    if screen["outcome"] != "refuse":
        raise RuntimeError(f"a red code was not refused: {screen}")
    return account.scan()


def _cursor(container: Container, day: date, place: str) -> str:
    """Return the cursor that goes on after a place in the list (`RequestContext.cursor`)."""
    claims = {"of": f"abnormal/{scene.VENUE}/{day}", "at": place}
    return container.tokens.issue(
        "cursor", claims, now=container.clock.now(), life=timedelta(hours=1)
    )


def _cpu(event: dict[str, Any]) -> float:
    """Return the CPU seconds of a full page."""
    from app import app

    began = time.process_time()
    answer = app(event, None)
    took = time.process_time() - began
    if answer["statusCode"] != 200 or len(json.loads(answer["body"])["items"]) != _PAGE:
        raise RuntimeError(f"not a full page: {answer['body'][:500]}")
    return took


def _growth(name: str, each: Mapping[int, float], unit: str) -> Figure:
    values = ", ".join(f"{value:.3g} {unit} of {size:,}" for size, value in each.items())
    return Figure(name, max(each.values()) / min(each.values()), "", 1.1, note=f"a scan: {values}")
