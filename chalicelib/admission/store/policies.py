"""Items of policies."""

from datetime import datetime, timedelta

from pynamodb.attributes import JSONAttribute

from chalicelib.admission import policy
from chalicelib.core import keys
from chalicelib.core.attributes import IntegerAttribute
from chalicelib.core.cache import TimedCache
from chalicelib.core.table import ABSENT, PRESENT, ConditionFailed, Item, Table

_CACHED = timedelta(seconds=60)


class PolicyItem(Item):
    """POLICY#prefix: the rules as a JSON object, and their version."""

    version = IntegerAttribute(attr_name="ve")
    rules = JSONAttribute(attr_name="ru")


class PolicyStore:
    """Policies from the table, cached. See `policy.Policies`."""

    def __init__(self, table: Table) -> None:
        self._table = table
        self._cache = TimedCache(self._load, _CACHED, 512)

    def of(self, region: str, now: datetime) -> policy.Policy:
        """See `Policies.of`."""
        return self._cache.get(region, now) or policy.Policy()

    def replace(self, prefix: str, rules: dict[str, object], *, version: int) -> bool:
        """Store version `version` of a policy. Return False if it is not the next one.

        Cost: one conditional PutItem.
        """
        item = PolicyItem.at(keys.policy(prefix), version=version, rules=rules)
        expected = PolicyItem.version == version - 1
        try:
            self._table.put(item, ABSENT if version == 1 else PRESENT & expected)
        except ConditionFailed:
            return False
        return True

    def _load(self, region: str) -> policy.Policy:
        wanted = policy.prefixes(region)
        found = {
            raw["pk"]["S"].partition("#")[2]: PolicyItem.read(raw)
            for raw in self._table.batch_get([keys.policy(prefix) for prefix in wanted])
        }
        for prefix in wanted:
            if prefix in found:
                item = found[prefix]
                return policy.Policy.from_rules(f"{prefix}.{item.version}", item.rules)
        return policy.Policy()
