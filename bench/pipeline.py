"""The lookup worker with full batches: lookups a second over what its providers would allow.

One invocation after another, as in one of the function's instances, which has a processor of its
own here. Ten lookups of a batch go side by side; a provider answers after 50 ms. So an instance
that did nothing but wait would finish 200 a second.
"""

import json
import tempfile
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from statistics import median

from bench import providers, scene, template
from bench.figures import Figure
from bench.stub import Stub, run_script
from chalicelib.admission.lookup_requests import Lookup, encode
from chalicelib.identity.providers import ProviderName

_LATENCY_MS = 50
_BATCHES = 40

Step = Callable[[str], None]


def figure(stub: Stub, package: Path, step: Step) -> Figure:
    """Measure full batches of lookups of one provider."""
    step("Batches of lookups")
    (size,) = [one.batch_size for one in template.mappings() if one.function == "lookups"]
    stub.forget()
    container = scene.new_container(scene.environment(stub))
    records = []
    for person in range((_BATCHES + 1) * size):
        scene.visitor(container, person, (ProviderName.HEALTH_CODE,))
        records.append(_record(person, container.clock.now()))
    batches = [records[start : start + size] for start in range(0, len(records), size)]
    with tempfile.TemporaryDirectory() as scratch, providers.running(_LATENCY_MS) as stand_in:
        events = Path(scratch) / "events.json"
        events.write_text(json.dumps([{"Records": batch} for batch in batches]))
        variables = scene.environment(stub) | {"VC_PROVIDERS_URL": stand_in.url}
        output = run_script("full_batches.py", package, events, variables=variables)
    times = [*map(float, output.split())][1:]  # the first opens the connections
    ideal = 1000 * size / _LATENCY_MS
    return Figure(
        "lookup_pipeline",
        size / median(times) / ideal,
        "",
        0.9,
        note=f"{size / median(times):.0f} of {ideal:.0f} lookups a second, one batch of {size}",
        at_least=True,
    )


def _record(person: int, now: datetime) -> dict[str, str]:
    lookup = Lookup((ProviderName.HEALTH_CODE,), scene.visitor_id(person), now, "bench")
    return {"messageId": str(person), "body": encode(lookup)}
