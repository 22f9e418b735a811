"""``funnelwatch alerts``: what fires and what people's reasons teach, run as a person runs it, on the real engine."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import typer
import yaml
from click.testing import Result
from typer.testing import CliRunner

from streams.cli import alerts
from streams.clock import now_ms
from streams.config.model import Config
from streams.instance.files import Instance, write_instance
from tests.contracts.grafana_queries import fill

Run = Callable[..., Result]


@pytest.fixture
async def run(clickhouse: Any, ready_database: str, tmp_path: Path) -> Run:
    client = clickhouse.client(ready_database)
    fill(client, 3, 5)
    for alert, reason, surprise in (("f1", "false_alarm", 6.1), ("e1", "expected", 9.0)):
        client.command(
            "INSERT INTO alert_transitions_raw (alert_id, store_id, step, kind, level, state, sequence, at, opened_at, fired_at, "
            f"resolved_at, surprise, version) SELECT '{alert}', 'shop-000', 'order_to_payment', 'conversion', 'page', 'resolved', 1, "
            f"now64(3), now64(3) - 60, now64(3) - 60, now64(3), {surprise}, 1"
        )
        client.command(
            f'INSERT INTO actions_raw SELECT now64(3), 0, 10 + number, \'\', concat(\'{{"action_id":"x-{alert}","kind":"close",\''
            f', \'"at_ms":\', toString(toUnixTimestamp64Milli(now64(3))), \',"who":"li","alert_id":"{alert}",'
            f'"reason":"{reason}","text":"flash sale"}}\') FROM numbers(1)'
        )
    write_instance(tmp_path, Instance(1, now_ms(), "127.0.0.1:1", clickhouse.url, "", "", "", ()))
    (tmp_path / "secrets").mkdir(exist_ok=True)
    (tmp_path / "secrets" / "clickhouse_password").write_text(clickhouse.password)
    (tmp_path / "secrets" / "clickhouse_reader_password").write_text(clickhouse.reader_password)
    app = typer.Typer()
    alerts.register(app)
    environment = {"FUNNELWATCH_CLICKHOUSE_DATABASE": ready_database}

    def command(*arguments: str) -> Result:
        return CliRunner().invoke(app, [*arguments, "--data", str(tmp_path)], env=environment)

    return command


def test_the_list_has_firing_alerts_first(run: Run) -> None:
    done = run("alerts", "list", "--state", "all", "--json")
    assert done.exit_code == 0, done.output
    states = [json.loads(line)["state"] for line in done.stdout.splitlines()]
    assert len(states) == 5
    assert states == sorted(states, key=lambda state: state != "firing")
    assert set(states) == {"firing", "resolved"}


def test_the_report_proposes_a_threshold_and_a_calendar_entry_that_the_configuration_takes(run: Run) -> None:
    done = run("alerts", "report")
    assert done.exit_code == 0, done.output
    assert "4 alerts closed" in done.stdout
    assert "Try thresholds.notice: 6.25" in done.stdout
    entry = yaml.safe_load(done.stdout.partition("funnelwatch.yaml:\n")[2])
    (proposed,) = Config.model_validate(entry).calendar.entries
    assert (proposed.name, proposed.stores, proposed.effect) == ("flash sale", ("shop-000",), "suppress")
