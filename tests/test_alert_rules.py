"""The rules on Funnelwatch itself: they hold under promtool, name metrics that exist and have a runbook entry each."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest
import yaml

from streams import metrics

ROOT = Path(__file__).parents[1]
PROMETHEUS = ROOT / "deploy" / "prometheus"
RULES = [
    rule
    for group in yaml.safe_load((PROMETHEUS / "rules.yml").read_text(encoding="utf-8"))["groups"]
    for rule in group["rules"]
]


@pytest.mark.skipif(shutil.which("promtool") is None, reason="promtool is not installed (Debian: prometheus)")
def test_promtool_agrees_with_every_rule_s_own_test() -> None:
    done = subprocess.run(
        ["promtool", "test", "rules", "rules_test.yml"],
        cwd=PROMETHEUS,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_every_rule_is_tested_and_has_a_runbook_entry() -> None:
    tested = (PROMETHEUS / "rules_test.yml").read_text(encoding="utf-8")
    entries = re.findall(
        r"^## (\w+)", (ROOT / "deploy" / "runbook.md").read_text(encoding="utf-8"), re.MULTILINE
    )
    names = [rule["alert"] for rule in RULES]
    assert [name for name in names if f"alertname: {name}\n" not in tested] == []
    assert sorted(names) == sorted(entry for entry in entries if entry.startswith("Funnelwatch"))
    assert [
        r["alert"] for r in RULES if not r["annotations"]["runbook"].endswith("#" + r["alert"].lower())
    ] == []


def test_every_rule_names_metrics_that_exist() -> None:
    known = {value._name for value in vars(metrics).values() if hasattr(value, "_name")}
    named = {name for rule in RULES for name in re.findall(r"funnelwatch_\w+", rule["expr"])}
    assert {re.sub(r"_total$", "", name) for name in named} - known == set()
