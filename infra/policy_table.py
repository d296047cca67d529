"""Print the rules of a policy into ``docs/operations.md``, from the fields of `Policy`.

    python -m infra.policy_table

It replaces what stands between the two marks of the document; `make verify` fails on drift.
"""

import json
from pathlib import Path

from chalicelib.admission import policy
from infra.decision_table import between, table

TARGET = Path(__file__).parent.parent / "docs" / "operations.md"
BEGIN, END = "<!-- policy rules: begin -->", "<!-- policy rules: end -->"


def render() -> str:
    """Return the table: a row per rule, with its values, what it decides, and its default."""
    defaults = policy.Policy().as_rules()
    rows = [
        [f"`{key}`", rule.values, rule.text, f"`{json.dumps(defaults[key])}`"]
        for key, rule in policy.Policy.rules().items()
    ]
    return table(["Rule", "Values", "Decides", "Default"], rows) + "\n"


def printed(document: str) -> str:
    """Return `document` with a new table. Raises ValueError if it lacks the marks."""
    return between(document, BEGIN, END, render())


if __name__ == "__main__":
    TARGET.write_text(printed(TARGET.read_text(encoding="utf-8")), encoding="utf-8")
