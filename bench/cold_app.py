"""A cold start of the API: a new interpreter, the package, one scan. Run as a script.

Prints the CPU seconds from process start to answer.
"""

import json
import sys
import time

sys.path[0] = sys.argv[1]

import app

with open(sys.argv[2]) as event:
    answer = app.app(json.load(event), None)
if answer["statusCode"] != 201:
    sys.exit(answer["body"])
print(time.process_time())
