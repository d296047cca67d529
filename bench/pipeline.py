"""The lookup worker with full batches: lookups a second over what its providers would allow.

One invocation after another, as in one of the function's instances, which has a processor of its
own here. Ten lookups of a batch go side by side; a provider answers after 50 ms. So an instance
that did nothing but wait would finish 200 a second.
"""

import time
from collections.abc import Callable
from datetime import datetime
from statistics import median

from bench import providers, scene, template
from bench.figures import Figure
from bench.stub import Stub
from chalicelib.admission.lookup_requests import Lookup, encode
from chalicelib.bootstrap import install
from chalicelib.identity.providers import ProviderName

_LATENCY_MS = 50
_BATCHES = 40

Step = Callable[[str], None]


def figure(stub: Stub, step: Step) -> Figure:
    """Measure full batches of lookups of one provider."""
    from chalicelib.workers.lookups import lookups

    (size,) = [one.batch_size for one in template.mappings() if one.function == "lookups"]
    stub.forget()
    with providers.running(_LATENCY_MS) as stand_in:
        environment = {**scene.environment(stub), "VC_PROVIDERS_URL": stand_in.url}
        container = scene.new_container(environment)
        install(container)
        times = []
        for number in range(_BATCHES + 1):
            step(f"Batches of lookups ({number} of {_BATCHES})")
            people = [*range(number * size, (number + 1) * size)]
            for person in people:
                scene.visitor(container, person, (ProviderName.HEALTH_CODE,))
            records = [_record(person, container.clock.now()) for person in people]
            began = time.perf_counter()
            answer = lookups({"Records": records}, None)
            times.append(time.perf_counter() - began)
            if answer["batchItemFailures"]:
                raise RuntimeError("a lookup failed")
    del times[0]  # it opens the connections
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
