"""A cold start of the API: a fresh interpreter, the package, one scan. Run as a script."""

import json
import sys

sys.path[0] = sys.argv[1]

import app

with open(sys.argv[2]) as event:
    answer = app.app(json.load(event), None)
if answer["statusCode"] != 201:
    sys.exit(answer["body"])
