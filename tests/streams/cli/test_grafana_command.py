"""``funnelwatch grafana``: files that Grafana and Prometheus accept, with the instance's own addresses and no password."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path

import pytest
import yaml
from typer.testing import CliRunner

from streams.cli.main import app
from streams.instance.files import Instance, StateReport, secret, write_instance
from streams.instance.scraping import targets_path, write_targets
from tests.deadlines import within


@pytest.fixture
def instance(tmp_path: Path) -> Path:
    """The folder of an instance that is up, with two monitors."""
    data = tmp_path / "data"
    write_instance(
        data,
        Instance(
            1, 2, "127.0.0.1:9", "http://127.0.0.1:18199", "", "http://127.0.0.1:8799", "", ("monitor",)
        ),
    )
    secret(data, "clickhouse_reader_password")
    for name, metrics in (("monitor", "http://127.0.0.1:5001/metrics"), ("monitor-2", "http://0.0.0.0:5002/metrics"),
                          ("page", "http://::1:5003/metrics"), ("broker", "")):  # fmt: skip
        StateReport(data, name, {"metrics": metrics} if metrics else {}).ready()
    write_targets(data)
    return data


def asked(data: Path, *more: str) -> str:
    result = CliRunner().invoke(app, ["grafana", "--data", str(data), *more], env={"COLUMNS": "300"})
    assert result.exit_code == 0, result.output
    assert (data / "secrets" / "clickhouse_reader_password").read_text() not in result.output
    return result.output


def test_it_prints_what_to_paste_and_writes_nothing(instance: Path) -> None:
    before = sorted(instance.rglob("*"))
    printed = list(yaml.safe_load_all("\n---\n".join(asked(instance).split("\n\n"))))
    sources, provider, scrape = printed[:3]
    assert sources["datasources"][0]["jsonData"]["port"] == 18199
    settings = {
        one["setting"]: one["value"] for one in sources["datasources"][0]["jsonData"]["customSettings"]
    }
    assert (
        settings["use_query_cache"] == "1"
    )  # six browsers ask each question once (tests/contracts/test_store_sharing.py)
    password = sources["datasources"][0]["secureJsonData"]["password"]
    assert password == f"$__file{{{instance}/secrets/clickhouse_reader_password}}"
    assert provider["providers"][0]["folder"] == "Funnelwatch"
    assert scrape["scrape_configs"][0]["file_sd_configs"] == [{"files": [str(targets_path(instance))]}]
    assert sorted(instance.rglob("*")) == before


@pytest.mark.parametrize(("language", "shown"), [("zh", "中文"), ("en", "English")])
def test_it_writes_dashboards_that_open_in_the_language_and_lead_to_the_page(
    instance: Path, tmp_path: Path, language: str, shown: str
) -> None:
    folder = tmp_path / "for grafana"
    asked(instance, "--to", str(folder), "--language", language)
    boards = [json.loads(path.read_text(encoding="utf-8")) for path in (folder / "dashboards").glob("*.json")]
    assert len(boards) == 5
    for board in boards:
        chosen = {v["name"]: v["current"]["text"] for v in board["templating"]["list"] if "current" in v}
        assert (chosen["language"], chosen["page"]) == (shown, "http://127.0.0.1:8799")
    provider = yaml.safe_load(
        (folder / "provisioning/dashboards/funnelwatch.yaml").read_text(encoding="utf-8")
    )
    assert Path(provider["providers"][0]["options"]["path"]) == folder / "dashboards"
    assert "groups" in yaml.safe_load((folder / "prometheus/rules.yml").read_text(encoding="utf-8"))


def test_prometheus_finds_each_process_that_serves_metrics(instance: Path) -> None:
    found = json.loads(targets_path(instance).read_text())
    assert [(one["targets"], one["labels"]) for one in found] == [
        (["127.0.0.1:5001"], {"role": "monitor", "process": "monitor"}),
        (["127.0.0.1:5002"], {"role": "monitor", "process": "monitor-2"}),
        (["[::1]:5003"], {"role": "page", "process": "page"}),
    ]


@pytest.mark.skipif(shutil.which("promtool") is None, reason="promtool is not installed (Debian: prometheus)")
def test_promtool_takes_the_scrape_configuration(instance: Path, tmp_path: Path) -> None:
    asked(instance, "--to", str(tmp_path))
    done = subprocess.run(
        ["promtool", "check", "config", "prometheus/scrape.yml"],
        capture_output=True,
        text=True,
        cwd=tmp_path,
        timeout=within(30),
        check=False,
    )
    assert (done.returncode, "SUCCESS" in done.stdout) == (0, True), done.stdout + done.stderr


def test_without_an_instance_or_a_folder_to_write_to_it_says_so(instance: Path, tmp_path: Path) -> None:
    nowhere = CliRunner().invoke(app, ["grafana", "--data", str(tmp_path / "none")])
    assert (nowhere.exit_code, "funnelwatch up" in nowhere.output) == (1, True)
    (tmp_path / "file").write_text("x")
    taken = CliRunner().invoke(app, ["grafana", "--data", str(instance), "--to", str(tmp_path / "file")])
    assert (taken.exit_code, "cannot write to" in taken.output) == (1, True)


def test_a_password_that_is_elsewhere_is_named_there(instance: Path) -> None:
    assert "$__file{/etc/grafana/reader}" in asked(instance, "--password-file", "/etc/grafana/reader")
