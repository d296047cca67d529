"""The policy of a region: the admission rules in which regions differ.

A region is a prefix of the GB/T 2260 code. The longest prefix that has a policy applies; ``*``
stands for all others. Policies are versioned, and a scan stores the version that it was judged by.

A rule is one field of `Policy`. Its metadata, a `Rule`, says how an operator writes it. Parsing
(`Policy.from_rules`), ``python -m infra.ops policies`` and the table in docs/operations.md
(``python -m infra.policy_table``) are derived from it.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Protocol

from chalicelib.admission import evidence
from chalicelib.identity.providers import ProviderName
from chalicelib.venues.channels import MAX_CHANNELS, Channel, read_channels, write_channels


class OnUnknown(StrEnum):
    """Outcome when a required provider does not answer in time."""

    CHECK = "check"
    ADMIT_RECORDED = "admit_recorded"


class ManualPhone(StrEnum):
    """Whether a manual check takes a phone number, which may be a relative's."""

    NO = "no"
    OPTIONAL = "optional"
    REQUIRED = "required"


class PaperAcceptance(StrEnum):
    """Whether staff may scan a paper pass, or a picture of it (YK-7)."""

    ACCEPTED = "accepted"
    LIVE_ONLY = "live_only"


class Rule:
    """How an operator writes one rule of a policy, as a member of a JSON object.

    `key` is the member's name, `values` its allowed values, `text` its effect; both are Markdown.
    `read` converts the JSON value to the field's value, or raises ValueError that names the key.
    `write` is its inverse.
    """

    __slots__ = ("key", "read", "text", "values", "write")

    def __init__(
        self,
        key: str,
        values: str,
        text: str,
        read: Callable[[Any], Any],
        write: Callable[[Any], Any] = lambda value: value,
    ) -> None:
        self.key = key
        self.values = values
        self.text = text
        self.read = read
        self.write = write


def _whole(key: str, most: int, value: object, least: int = 1) -> int:
    if type(value) is not int or not least <= value <= most:
        raise ValueError(f"{key} must be a whole number from {least} to {most}")
    return value


def whole(key: str, most: int, text: str) -> dict[str, Rule]:
    """Return the metadata of a field with a whole number from 1 to `most`."""
    return {"rule": Rule(key, f"1 to {most}", text, lambda value: _whole(key, most, value))}


def optional(key: str, most: int, text: str) -> dict[str, Rule]:
    """Return the metadata of a field with a whole number from 1 to `most`, or None."""

    def read(value: object) -> int | None:
        return None if value is None else _whole(key, most, value)

    return {"rule": Rule(key, f"1 to {most}, or `null`", text, read)}


def duration(key: str, unit: timedelta, most: int, text: str, *, least: int = 1) -> dict[str, Rule]:
    """Return the metadata of a field with a duration; in JSON `least` to `most` times `unit`."""

    def read(value: object) -> timedelta:
        return _whole(key, most, value, least) * unit

    return {"rule": Rule(key, f"{least} to {most}", text, read, lambda value: value // unit)}


def degrees(key: str, least: float, most: float, text: str) -> dict[str, Rule]:
    """Return the metadata of a field with a temperature in °C, to a tenth, as thermometers have."""

    def read(value: Any) -> float:
        known = type(value) in (int, float) and least <= value <= most
        if not known or round(value, 1) != value:
            raise ValueError(f"{key} must be from {least} to {most}, with at most one decimal")
        return float(value)

    return {"rule": Rule(key, f"{least} to {most}", text, read)}


def choice(key: str, kind: type[StrEnum], text: str) -> dict[str, Rule]:
    """Return the metadata of a field with a member of `kind`."""

    def read(value: Any) -> StrEnum:
        if value not in [*kind]:
            raise ValueError(f"{key} must be one of {', '.join(kind)}")
        return kind(value)

    return {"rule": Rule(key, ", ".join(f"`{one}`" for one in kind), text, read, str)}


def switch(key: str, text: str) -> dict[str, Rule]:
    """Return the metadata of a field with True or False."""

    def read(value: object) -> bool:
        if not isinstance(value, bool):
            raise ValueError(f"{key} must be true or false")
        return value

    return {"rule": Rule(key, "`true`, `false`", text, read)}


@dataclass(frozen=True)
class ManualQuota:
    """The limits on manual checks.

    There is no limit per number across venues: an attacker could use it to have a person refused
    everywhere.
    """

    staff_day: int = field(
        default=200,
        metadata=whole(
            "manual_staff_day",
            10_000,
            "manual checks per staff member and day (UTC; it begins at 8:00 in China)",
        ),
    )
    venue_hour: int = field(
        default=300,
        metadata=whole("manual_venue_hour", 10_000, "manual checks per venue and hour"),
    )
    subject_day: int = field(
        default=10,
        metadata=whole(
            "manual_subject_day",
            10_000,
            "manual checks per document number, venue and day",
        ),
    )


_MINUTE = timedelta(minutes=1)


def _fresh() -> dict[ProviderName, timedelta]:
    return {kind.name: kind.fresh for kind in evidence.KINDS if kind.fresh is not None}


def _read_fresh(value: object) -> dict[ProviderName, timedelta]:
    fresh = _fresh()
    if not isinstance(value, Mapping) or value.keys() - fresh.keys():
        raise ValueError(f"fresh_minutes must be an object by {', '.join(fresh)}")
    for name, minutes in value.items():
        fresh[ProviderName(name)] = _whole(f"fresh_minutes.{name}", 1440, minutes) * _MINUTE
    return fresh


@dataclass(frozen=True)
class Policy:
    """The admission rules of a region; `Policy.rules` describes each field.

    `fresh`, by provider: how long good news counts before the provider is asked again; see
    `judge.assess`. The fields ``manual_…`` concern manual checks (JN-12), `pass_while_pending`
    concerns JN-21. Vaccination and travel card are shown even if they are not required. An abnormal
    card is always checked.
    """

    version: str = "*.0"
    nucleic_acid_hours: int | None = field(
        default=48,
        metadata=optional(
            "nucleic_acid_hours",
            336,
            "maximum age of a test; with `null` none is required",
        ),
    )
    fresh: Mapping[ProviderName, timedelta] = field(
        default_factory=_fresh,
        metadata={
            "rule": Rule(
                "fresh_minutes",
                "an object by provider, 1 to 1440 each",
                "how long a good answer counts before the provider is asked again; any other one "
                "that can keep a visitor out is asked for again at each scan",
                _read_fresh,
                lambda fresh: {str(name): life // _MINUTE for name, life in fresh.items()},
            )
        },
    )
    answer_within: timedelta = field(
        default=timedelta(seconds=15),
        metadata=duration(
            "answer_within_seconds",
            timedelta(seconds=1),
            900,
            "how long a scan waits for providers",
        ),
    )
    on_unknown: OnUnknown = field(
        default=OnUnknown.CHECK,
        metadata=choice(
            "on_unknown",
            OnUnknown,
            "`admit_recorded`: while providers do not answer, admit and record visitors whose "
            "health code was green at most `grace_hours` ago",
        ),
    )
    grace: timedelta = field(
        default=timedelta(hours=24),
        metadata=duration("grace_hours", timedelta(hours=1), 168, "maximum age of that green"),
    )
    vaccination_required: bool = field(
        default=False,
        metadata=switch("vaccination_required", "complete vaccination required"),
    )
    travel_card_required: bool = field(
        default=False,
        metadata=switch("travel_card_required", "the day's travel card required"),
    )
    pass_while_pending: bool = field(
        default=False,
        metadata=switch(
            "pass_while_pending",
            "pass before the registration is approved; only in `*`, because a pass has no region",
        ),
    )
    paper_pass: PaperAcceptance = field(
        default=PaperAcceptance.ACCEPTED,
        metadata=choice(
            "paper_pass",
            PaperAcceptance,
            "`accepted`: staff may scan a paper pass, or a picture of it; `live_only`: only passes "
            "shown live on a phone",
        ),
    )
    fever_from: float = field(
        default=37.3,
        metadata=degrees(
            "fever_from_celsius",
            36.0,
            39.0,
            "from which temperature on staff enter a fever; their client names it",
        ),
    )
    manual_phone: ManualPhone = field(
        default=ManualPhone.OPTIONAL,
        metadata=choice(
            "manual_phone",
            ManualPhone,
            "whether a manual check takes a phone number",
        ),
    )
    manual_quota: ManualQuota = field(default=ManualQuota(), metadata={"rules": ManualQuota})
    retention: timedelta = field(
        default=timedelta(days=28),
        metadata=duration(
            "retention_days",
            timedelta(days=1),
            28,
            "how long a scan is kept; its figures stay",
            least=14,
        ),
    )
    channels: tuple[Channel, ...] | None = field(
        default=None,
        metadata={
            "rule": Rule(
                "channels",
                f"at most {MAX_CHANNELS} [channels](#channels), or `null`",
                "what visitors scan with, as posters and the landing page say; with `null` WeChat "
                "and Alipay, as far as the deployment is connected to them",
                lambda value: None if value is None else read_channels(value),
                lambda channels: None if channels is None else write_channels(channels),
            )
        },
    )

    @classmethod
    def rules(cls) -> dict[str, Rule]:
        """Return every rule by its key, in the order of the fields."""
        return {rule.key: rule for rule in _rules(cls)}

    @classmethod
    def from_rules(cls, version: str, rules: Mapping[str, Any]) -> "Policy":
        """Return the policy that a JSON object describes, with defaults for missing members.

        Raises ValueError that names the key.
        """
        unknown = rules.keys() - cls.rules().keys()
        if unknown:
            raise ValueError(f"unknown rule: {', '.join(sorted(unknown))}")
        return cls(version, **_read(cls, rules))

    def as_rules(self) -> dict[str, Any]:
        """Return the JSON object that describes this policy, with every rule."""
        return _written(self)


def _rules(kind: type) -> list[Rule]:
    found = []
    for one in fields(kind):
        if "rules" in one.metadata:
            found += _rules(one.metadata["rules"])
        elif "rule" in one.metadata:
            found.append(one.metadata["rule"])
    return found


def _read(kind: type, rules: Mapping[str, Any]) -> dict[str, Any]:
    values: dict[str, Any] = {}
    for one in fields(kind):
        if "rules" in one.metadata:
            group = one.metadata["rules"]
            values[one.name] = group(**_read(group, rules))
        elif "rule" in one.metadata and one.metadata["rule"].key in rules:
            rule = one.metadata["rule"]
            values[one.name] = rule.read(rules[rule.key])
    return values


def _written(policy: Any) -> dict[str, Any]:
    values: dict[str, Any] = {}
    for one in fields(policy):
        value = getattr(policy, one.name)
        if "rules" in one.metadata:
            values |= _written(value)
        elif "rule" in one.metadata:
            rule = one.metadata["rule"]
            values[rule.key] = rule.write(value)
    return values


@dataclass(frozen=True)
class Revision:
    """What is stored for one prefix: the rules that differ from the default, and their version.

    `removed`: a shorter prefix applies.
    """

    prefix: str
    version: int
    rules: Mapping[str, Any]
    removed: bool = False

    @property
    def policy(self) -> Policy:
        """The policy that it describes. Raises ValueError."""
        return Policy.from_rules(f"{self.prefix}.{self.version}", self.rules)


class Policies(Protocol):
    """The source of policies; implemented by `store.PolicyStore`."""

    def of(self, region: str, now: datetime) -> Policy:
        """Return the policy of the longest prefix of `region` that has one; at most 60 s old.

        Cost: one strongly consistent BatchGetItem per region and minute.
        """


def prefixes(region: str) -> tuple[str, ...]:
    """Return the prefixes of a GB/T 2260 code: county, city, province, ``*``.

    `region` may be a prefix itself, because operators look at the policy of a city, or at ``*``.
    """
    return tuple(dict.fromkeys((region, region[:4], region[:2], "*")))
