"""The reference of a cold start: a new interpreter, stock botocore, one BatchGet. A script.

Prints the CPU seconds from process start to answer.
"""

import sys
import time

sys.path[0] = sys.argv[1]

import botocore.session

client = botocore.session.get_session().create_client("dynamodb")
keys = [{"pk": {"S": "PER#per_0000000000000001"}, "sk": {"S": "HOT#PROFILE"}}]
client.batch_get_item(RequestItems={"table": {"Keys": keys}})
print(time.process_time())
