"""Prints the rules of a policy into ``docs/operations.md``, from the fields of `Policy`.

    python -m infra.policy_table

What stands between the two marks of the document is made anew; drift fails the gate.
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
    """Return `document` with the table made anew. Raises ValueError where the marks are missing."""
    return between(document, BEGIN, END, render())


if __name__ == "__main__":
    TARGET.write_text(printed(TARGET.read_text(encoding="utf-8")), encoding="utf-8")
