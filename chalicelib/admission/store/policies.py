"""Items of policies."""

from datetime import datetime, timedelta

from pynamodb.attributes import BooleanAttribute, JSONAttribute

from chalicelib.admission import policy
from chalicelib.core import keys
from chalicelib.core.attributes import IntegerAttribute
from chalicelib.core.cache import TimedCache
from chalicelib.core.table import ABSENT, PRESENT, ConditionFailed, Item, Raw, Table

_CACHED = timedelta(seconds=60)


class PolicyItem(Item):
    """POLICY#prefix: the rules as a JSON object, and their version.

    One that was removed stays as a marker, so that no later policy gets a version that scans name.
    """

    version = IntegerAttribute(attr_name="ve")
    rules = JSONAttribute(attr_name="ru")
    removed = BooleanAttribute(attr_name="rm", null=True)

    @property
    def revision(self) -> policy.Revision:
        """The stored policy, without its defaults."""
        prefix = self.pk.partition("#")[2]
        return policy.Revision(prefix, self.version, self.rules, removed=bool(self.removed))


def read_revision(raw: Raw) -> policy.Revision:
    """Return what an item of a policy says. Raises UnknownVersion."""
    return PolicyItem.read(raw).revision


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
        return self._write(PolicyItem.at(keys.policy(prefix), version=version, rules=rules))

    def remove(self, prefix: str, *, version: int) -> bool:
        """Let the next shorter prefix apply. `version` and cost as in `replace`."""
        item = PolicyItem.at(keys.policy(prefix), version=version, rules={}, removed=True)
        return self._write(item)

    def latest(self, prefix: str) -> policy.Revision | None:
        """Return what was last stored for exactly this prefix. Cost: one consistent GetItem."""
        raw = self._table.get(keys.policy(prefix), consistent=True)
        return None if raw is None else read_revision(raw)

    def _write(self, item: PolicyItem) -> bool:
        version = item.version
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
            item = found.get(prefix)
            if item is not None and not item.removed:
                return policy.Policy.from_rules(f"{prefix}.{item.version}", item.rules)
        return policy.Policy()
