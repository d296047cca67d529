"""The rules of a policy region: where the regions contradict each other, this is what differs.

A region is a prefix of the GB/T 2260 code; the longest one with a policy counts, ``*`` stands for
all others. Policies are versioned, and a scan stores the version that it was judged by.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Protocol

from chalicelib.identity.providers import ProviderName


class OnUnknown(StrEnum):
    """What becomes of whom a provider that policy asks for says nothing of in time."""

    CHECK = "check"
    ADMIT_RECORDED = "admit_recorded"


class ManualPhone(StrEnum):
    """Whether staff who check somebody by hand enter a phone, which may be a relative's."""

    NO = "no"
    OPTIONAL = "optional"
    REQUIRED = "required"


@dataclass(frozen=True)
class ManualQuota:
    """How many people may be checked by hand.

    One staff member in a day (UTC), at one venue in an hour, and one number at one venue in a day.
    None is for a number everywhere, for then whoever wanted could have somebody refused everywhere.
    """

    staff_day: int = 200
    venue_hour: int = 300
    subject_day: int = 10


@dataclass(frozen=True)
class Policy:
    """What a region demands at the door.

    `nucleic_acid_hours`: how old a negative result may be, or None where none is asked for.
    `fresh`: how long a provider's answer counts without being asked for again.
    `answer_within`: how long a scan waits for providers before it is decided without them.
    `on_unknown`: staff check, or who was green at most `grace` ago is admitted with a reason that
    says so, so that a dead provider stops nobody; it is never shown as green.
    `manual_phone`: whether a phone is asked for besides name and document number when staff check
    somebody by hand (JN-12); `manual_quota`: how often they may.
    `vaccination_required`, `travel_card_required`: shown they are always; an abnormal card is
    checked always. `pass_while_pending`: whether the pass is there before the registration was
    approved (JN-21); passes have no region, so that of ``*`` counts.
    """

    version: str = "*.0"
    nucleic_acid_hours: int | None = 48
    fresh: Mapping[ProviderName, timedelta] = field(
        default_factory=lambda: {
            ProviderName.HEALTH_CODE: timedelta(minutes=10),
            ProviderName.NUCLEIC_ACID: timedelta(minutes=60),
            ProviderName.VACCINATION: timedelta(days=1),
        }
    )
    answer_within: timedelta = timedelta(seconds=15)
    on_unknown: OnUnknown = OnUnknown.CHECK
    grace: timedelta = timedelta(hours=24)
    vaccination_required: bool = False
    travel_card_required: bool = False
    pass_while_pending: bool = False
    manual_phone: ManualPhone = ManualPhone.OPTIONAL
    manual_quota: ManualQuota = ManualQuota()

    @classmethod
    def from_rules(cls, version: str, rules: Mapping[str, Any]) -> "Policy":
        """The policy that a JSON object describes; what it leaves out is as by default.

        Keys: ``nucleic_acid_hours`` (1 to 336, or null), ``fresh_minutes`` (an object by
        provider), ``answer_within_seconds`` (1 to 900), ``on_unknown`` (``check`` or
        ``admit_recorded``), ``grace_hours`` (1 to 168), ``vaccination_required``,
        ``travel_card_required`` and ``pass_while_pending`` (true or false), ``manual_phone``
        (``no``, ``optional`` or ``required``), ``manual_staff_day``, ``manual_venue_hour``,
        ``manual_subject_day`` (1 to 10,000). Raises ValueError, naming the key.
        """
        default = cls()
        unknown = rules.keys() - _RULES
        if unknown:
            raise ValueError(f"unknown rule: {', '.join(sorted(unknown))}")
        hours = rules.get("nucleic_acid_hours", default.nucleic_acid_hours)
        if hours is not None:
            _check("nucleic_acid_hours", hours, 336)
        fresh = dict(default.fresh)
        minutes_of = rules.get("fresh_minutes", {})
        if not isinstance(minutes_of, Mapping) or minutes_of.keys() - fresh.keys():
            raise ValueError(f"fresh_minutes must be an object by {', '.join(fresh)}")
        for name, minutes in minutes_of.items():
            _check(f"fresh_minutes.{name}", minutes, 1440)
            fresh[ProviderName(name)] = timedelta(minutes=minutes)
        seconds = rules.get("answer_within_seconds", int(default.answer_within.total_seconds()))
        _check("answer_within_seconds", seconds, 900)
        on_unknown = rules.get("on_unknown", default.on_unknown)
        if on_unknown not in [*OnUnknown]:
            raise ValueError(f"on_unknown must be one of {', '.join(OnUnknown)}")
        grace = rules.get("grace_hours", default.grace // timedelta(hours=1))
        _check("grace_hours", grace, 168)
        switches = {name: rules.get(name, False) for name in _SWITCHES}
        for name, value in switches.items():
            if not isinstance(value, bool):
                raise ValueError(f"{name} must be true or false")
        manual_phone = rules.get("manual_phone", default.manual_phone)
        if manual_phone not in [*ManualPhone]:
            raise ValueError(f"manual_phone must be one of {', '.join(ManualPhone)}")
        quota = asdict(default.manual_quota)
        for name in quota:
            quota[name] = rules.get(f"manual_{name}", quota[name])
            _check(f"manual_{name}", quota[name], 10_000)
        return cls(
            version, hours, fresh, timedelta(seconds=seconds),
            OnUnknown(on_unknown), timedelta(hours=grace), **switches,
            manual_phone=ManualPhone(manual_phone), manual_quota=ManualQuota(**quota),
        )  # fmt: skip


_SWITCHES = ("vaccination_required", "travel_card_required", "pass_while_pending")
_RULES = frozenset(
    {
        "nucleic_acid_hours",
        "fresh_minutes",
        "answer_within_seconds",
        "on_unknown",
        "grace_hours",
        "manual_phone",
        "manual_staff_day",
        "manual_venue_hour",
        "manual_subject_day",
    }
) | frozenset(_SWITCHES)


class Policies(Protocol):
    """Where policies come from; `store.PolicyStore` is the real one."""

    def of(self, region: str, now: datetime) -> Policy:
        """The policy of the longest prefix of `region` that has one; at most 60 s old."""


def prefixes(region: str) -> tuple[str, ...]:
    """The prefixes of a GB/T 2260 code from the longest to ``*``: county, city, province.

    `region` may be a prefix itself: an operator looks at the policy of a city, or at ``*``.
    """
    return tuple(dict.fromkeys((region, region[:4], region[:2], "*")))


def _check(name: str, value: object, most: int) -> None:
    if type(value) is not int or not 1 <= value <= most:
        raise ValueError(f"{name} must be a whole number from 1 to {most}")
