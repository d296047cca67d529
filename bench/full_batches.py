"""Full batches of lookups, one after another in one process. A script.

Arguments: the unpacked package, the file of the batches' events. Prints the seconds of each batch.
"""

import json
import sys
import time

sys.path[0] = sys.argv[1]

from chalicelib.workers.lookups import lookups

with open(sys.argv[2]) as file:
    events = json.load(file)

for event in events:
    began = time.perf_counter()
    answer = lookups(event, None)
    took = time.perf_counter() - began
    if answer["batchItemFailures"]:
        raise RuntimeError("a lookup failed")
    print(took)
