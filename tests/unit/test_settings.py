"""Settings: one variable a field, and nothing else of the environment."""

import dataclasses
import json
import re

import pytest

from chalicelib.core.settings import Settings
from tests.support import ROOT

FIELDS = [field.name for field in dataclasses.fields(Settings)]
VARIABLES = {f"VC_{name.upper()}" for name in FIELDS}


@pytest.mark.parametrize("name", FIELDS)
def test_a_variable_sets_its_field_alone(name: str) -> None:
    value = "1" if name in ("demo", "sms_a_day", "absence_days") else "VALUE"
    default = Settings.from_environment({})
    changed = Settings.from_environment({f"VC_{name.upper()}": value})
    different = {f for f in FIELDS if getattr(changed, f) != getattr(default, f)}
    assert different == {name}


def test_what_is_absent_is_empty_or_safe() -> None:
    settings = Settings.from_environment({})
    assert not settings.demo
    assert settings.fonts == "/opt/fonts"
    assert settings.table == ""


@pytest.mark.parametrize(
    ("text", "demo"), [("1", True), ("0", False), ("", False), ("true", False)]
)
def test_a_demonstration_is_said_to_be_one(text: str, demo: bool) -> None:
    assert Settings.from_environment({"VC_DEMO": text}).demo is demo


def test_the_printed_host_is_in_capitals() -> None:
    assert Settings.from_environment({"VC_CODE_HOST": "v.test"}).code_host == "V.TEST"


def test_deployments_set_these_variables_and_no_others() -> None:
    stages = json.loads((ROOT / ".chalice/config.json").read_text())["stages"]
    by_stage = [set(stage["environment_variables"]) for stage in stages.values()]
    in_template = set(re.findall(r"\bVC_[A-Z_]+", (ROOT / "infra/resources.yaml").read_text()))
    # Where the layer puts the fonts is the default; only the local cloud has them elsewhere.
    assert set.union(*by_stage) | in_template == VARIABLES - {"VC_FONTS"}
    for variables in by_stage:
        assert variables | in_template == VARIABLES - {"VC_FONTS"}


def test_only_settings_reads_the_environment() -> None:
    readers = {
        path.relative_to(ROOT).as_posix()
        for path in [ROOT / "app.py", *(ROOT / "chalicelib").rglob("*.py")]
        if re.search(r"\benviron\b|\bgetenv\b", path.read_text())
    }
    assert readers == {"chalicelib/core/settings.py"}
