"""The rules on Funnelwatch itself: they hold under promtool, name metrics that exist and have a runbook entry each."""

import contextlib
import re
import shutil
import socket
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml

from streams import metrics, metrics_server
from streams.settings import Settings
from tests.deadlines import within
from tests.places import ROOT

PROMETHEUS = ROOT / "deploy" / "prometheus"
RULES = [
    rule
    for group in yaml.safe_load((PROMETHEUS / "rules.yml").read_text(encoding="utf-8"))["groups"]
    for rule in group["rules"]
]


@pytest.mark.skipif(shutil.which("promtool") is None, reason="promtool is not installed (Debian: prometheus)")
@pytest.mark.slow
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


@pytest.mark.skipif(
    shutil.which("prometheus") is None, reason="prometheus is not installed (Debian: prometheus)"
)
@pytest.mark.slow
def test_prometheus_itself_scrapes_a_role_by_our_configuration_and_evaluates_every_rule(
    tmp_path: Path,
) -> None:
    config = yaml.safe_load((PROMETHEUS / "prometheus.yml").read_text(encoding="utf-8"))
    role = metrics_server.serve(Settings(data=tmp_path, metrics_port=0)).split("/")[2]
    config["scrape_configs"][0]["static_configs"] = [{"targets": [role]}]
    config["scrape_configs"][0]["dns_sd_configs"] = []  # no name of Compose's network is known here
    config["global"] = {"scrape_interval": "1s", "evaluation_interval": "1s"}
    config["rule_files"] = [str(PROMETHEUS / "rules.yml")]
    (tmp_path / "prometheus.yml").write_text(yaml.safe_dump(config))
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{probe.getsockname()[1]}"
    arguments = [f"--config.file={tmp_path}/prometheus.yml", f"--storage.tsdb.path={tmp_path}/data"]
    process = subprocess.Popen(
        ["prometheus", *arguments, f"--web.listen-address={address}"],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        asked = f"http://{address}/api/v1"
        up = eventually(
            lambda: httpx.get(f"{asked}/query?query=up", timeout=within(5)).json()["data"]["result"]
        )
        assert [one["value"][1] for one in up] == ["1"]
        groups = eventually(
            lambda: evaluated(httpx.get(f"{asked}/rules", timeout=within(5)).json()["data"]["groups"])
        )
        assert {rule["name"]: rule["health"] for rule in groups[0]["rules"]} == {
            r["alert"]: "ok" for r in RULES
        }
    finally:
        process.terminate()
        process.wait(within(20))


def evaluated(groups: list[Any]) -> list[Any]:
    """The groups, once every rule was evaluated; none before."""
    return groups * all(rule["health"] != "unknown" for group in groups for rule in group["rules"])


def eventually(ask: Callable[[], list[Any]], wait_s: float = 60.0) -> list[Any]:
    """The first answer that is not empty; Prometheus takes a moment to listen, to scrape and to evaluate."""
    deadline = time.monotonic() + within(wait_s)
    answer: list[Any] = []
    while not answer:
        assert time.monotonic() < deadline
        with contextlib.suppress(httpx.TransportError, KeyError, ValueError):
            answer = ask()
        time.sleep(0.1)
    return answer
