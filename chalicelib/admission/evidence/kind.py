"""The description of a kind of provider."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from chalicelib.identity.providers import ProviderName

if TYPE_CHECKING:
    from chalicelib.admission.judge import Evidence
    from chalicelib.admission.policy import Policy

Field = tuple[Any, str, Any]
"""A component's field: its type, its description (empty if the name suffices), and an example."""


class Kind:
    """A kind of provider: its answers, how it is asked, and how its answer is shown.

    `letter` is its code in items: in lists of providers to ask and before its evidence. No two
    kinds share one.

    `states` are its possible answers, the first as an `example`; any other answer is a fault.
    `reads` are further members of its answers, of ``reason``, ``group``, ``lifting``,
    ``report_to`` and ``doses`` (`http.read_answer`).

    A kind that `verifies` confirms that name and number match, and shows nothing. A kind `by_code`
    is asked during the request, with a code that the person enters; its answer is valid for the
    local day. All others are asked from the queue.

    `fresh` is how long an answer counts before the provider is asked again; a region's policy may
    change it (``fresh_minutes``). A kind without it is never asked again. `good` returns whether an
    answer is good news at a time, by default its first state: of a kind that policy requires, any
    other answer is asked for again at each scan. `shown_for` is how long
    after `observed_at` an answer is shown. `required` returns whether policy makes a scan wait for
    a missing or stale answer.

    Screens show a component with the state, its text ``state.<state>`` and its times. `fields` are
    further fields, unless `schemas` has a class for the component. `show` returns their values as
    of a time; it may replace ``text`` by the key of another text. `in_health`:
    ``GET /v1/me/health`` shows the kind.
    """

    __slots__ = (
        "by_code",
        "example",
        "fields",
        "fresh",
        "good",
        "in_health",
        "letter",
        "name",
        "reads",
        "required",
        "show",
        "shown_for",
        "states",
        "verifies",
    )

    def __init__(
        self,
        name: ProviderName,
        letter: str,
        states: Sequence[str],
        *,
        reads: Iterable[str] = (),
        verifies: bool = False,
        by_code: bool = False,
        fresh: timedelta | None = None,
        shown_for: timedelta | None = None,
        good: "Callable[[Evidence, Policy, datetime], bool] | None" = None,
        required: "Callable[[Policy], bool]" = lambda _: False,
        fields: Mapping[str, Field] | None = None,
        show: "Callable[[Evidence, datetime], dict[str, Any]]" = lambda *_: {},
        in_health: bool = True,
    ) -> None:
        """Describe a kind. It has many parameters because each is one property of the kind."""
        self.name = name
        self.letter = letter
        self.states = frozenset(states)
        self.example = states[0]
        self.reads = frozenset(reads)
        self.verifies = verifies
        self.by_code = by_code
        self.fresh = fresh
        self.good = good or self._is_first
        self.shown_for = shown_for
        self.required = required
        self.fields = fields or {}
        self.show = show
        self.in_health = in_health

    def _is_first(self, evidence: "Evidence", _policy: "Policy", _at: datetime) -> bool:
        return evidence.state == self.example
