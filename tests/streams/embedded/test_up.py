"""``funnelwatch up`` with the real broker and store: it restarts what dies, prints alerts, and leaves nothing behind."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import msgspec
import pytest
from aiokafka import AIOKafkaProducer

from scoring.alerts.alert import AlertKind, AlertState, AlertTransition, Level
from streams.instance.files import read_states
from streams.instance.processes import command_of
from streams.instance.scraping import targets_path
from streams.instance.state import instance_state
from streams.kafka.topics import ALERTS
from tests.deadlines import within
from tests.fixtures.forking import run_python

pytestmark = pytest.mark.slow
PROGRAM = [sys.executable, "-c", "import sys; from streams.cli.main import main; sys.exit(main())"]


STORES = "stores: [{id: a}]\n"


def wait_for(holds: Callable[[], Any], what: str, timeout_s: float = 90.0) -> Any:
    deadline = time.monotonic() + within(timeout_s)
    while not (found := holds()):
        assert time.monotonic() < deadline, f"waited in vain for {what}"
        time.sleep(0.1)
    return found


class Up:
    """A running ``funnelwatch up``."""

    def __init__(self, data: Path, *arguments: str, **variables: str) -> None:
        self.data = data
        self.output = data.parent / f"{data.name}.out"
        ports = ("BROKER", "STORE", "COLLECTOR", "PAGE")
        self.environment = {
            **{key: value for key, value in os.environ.items() if not key.startswith("FUNNELWATCH_")},
            **{f"FUNNELWATCH_{name}_PORT": "0" for name in ports},
            **variables,
        }
        with self.output.open("ab") as output:
            self.process = subprocess.Popen(
                [*PROGRAM, "up", "--data", str(data), *arguments],
                stdout=output,
                stderr=output,
                env=self.environment,
                cwd=data.parent,
            )

    def command(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        command = (*PROGRAM[1:], *arguments, "--data", str(self.data))
        return run_python(*command, env=self.environment, cwd=self.data.parent, quiet_s=60)

    def status(self) -> dict[str, Any]:
        """What ``funnelwatch status --json`` prints, without a process for it."""
        return dict(json.loads(instance_state(self.data).as_json()))

    def wait_ready(self) -> dict[str, Any]:
        wait_for(lambda: "everything is ready" in self.text(), f"readiness; it printed: {self.text()}")
        return dict(wait_for(lambda: (state := self.status())["ready"] and state, "status ready"))

    def text(self) -> str:
        return self.output.read_text()

    def pids(self) -> list[int]:
        broker = self.data / "kafka" / "broker.pid"
        java = [int(broker.read_text())] if broker.exists() else []
        return [state.pid for state in read_states(self.data)] + java

    def end(self) -> None:
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGINT)
            self.process.wait(within(60))


def none_of(pids: list[int]) -> bool:
    return not [pid for pid in pids if command_of(pid)]


@pytest.fixture(scope="module")
def up(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Up]:
    data = tmp_path_factory.mktemp("up") / "data"
    data.mkdir()
    (data / "funnelwatch.yaml").write_text(STORES)
    running = Up(data, "--roles", "collector,notifier")
    try:
        running.wait_ready()
        yield running
    finally:
        running.end()


def test_status_names_addresses_and_states(up: Up) -> None:
    state = up.status()
    assert set(state["processes"]) == {"broker", "store", "collector", "notifier"}
    assert {process["state"] for process in state["processes"].values()} == {"ready"}
    assert state["addresses"]["collector"].startswith("http://127.0.0.1:")
    printed = up.command("status", "--json")
    assert printed.returncode == 0
    assert json.loads(printed.stdout).keys() == state.keys()


def test_prometheus_finds_each_role_where_it_serves_now(up: Up) -> None:
    found = json.loads(targets_path(up.data).read_text())
    assert {one["labels"]["role"] for one in found} == {"collector", "notifier"}
    for one in found:
        metrics = httpx.get(f"http://{one['targets'][0]}/metrics", timeout=within(10)).text
        assert f"funnelwatch_{one['labels']['role']}_" in metrics


def test_doctor_finds_nothing_bad(up: Up) -> None:
    done = up.command("doctor", "--json")
    findings = {finding["what"]: finding for finding in json.loads(done.stdout)}
    assert [finding for finding in findings.values() if finding["level"] == "bad"] == []
    assert done.returncode == 0
    assert {"kafka", "clickhouse", "migrations", "spool"} <= set(findings)
    assert "1 store" in findings["configuration"]["found"]


def test_a_second_start_on_the_same_folder_fails(up: Up) -> None:
    done = up.command("up")
    assert done.returncode == 73
    assert str(up.process.pid) in done.stderr
    assert up.status()["ready"]


def test_a_killed_role_is_started_again(up: Up) -> None:
    first = up.status()["processes"]["collector"]["pid"]
    listed = targets_path(up.data).read_text()
    os.kill(first, signal.SIGKILL)

    def is_back() -> bool:
        (found,) = [state for state in read_states(up.data) if state.name == "collector"] or [None]
        return found is not None and found.state == "ready" and found.pid != first

    wait_for(is_back, "another collector")
    reported = up.status()["processes"]["collector"]
    assert reported["state"] == "ready"
    assert reported["pid"] != first
    assert "collector  ended, with signal SIGKILL" in up.text()
    wait_for(lambda: targets_path(up.data).read_text() != listed, "its new metrics port among the targets")


def test_a_changed_configuration_is_taken_up_by_who_reads_it_and_one_with_errors_is_not(up: Up) -> None:
    path, before = up.data / "funnelwatch.yaml", up.status()["processes"]
    path.write_text("stores: [{id: a, zone: Mars/Base}]\n")
    problems = wait_for(lambda: up.status()["config_problems"], "the errors in the status")
    assert "Mars/Base" in problems
    assert "config     has errors, the one in use is kept" in up.text()
    receiver = "alerting: {receivers: [{name: ops, channel: console}], route: {receiver: ops}}\n"
    path.write_text(STORES + receiver)
    wait_for(lambda: "config     ready" in up.text(), "the configuration in use")
    assert "config     taken up, alerting: notifier" in up.text()
    state = wait_for(lambda: (found := up.status())["ready"] and found, "status ready")
    pids = {name: (before[name]["pid"], one["pid"]) for name, one in state["processes"].items()}
    assert {name for name, (then, now) in pids.items() if then != now} == {"notifier"}
    assert not any(state[key] for key in ("restart_needed", "config_pending", "config_problems"))
    assert "1 receivers" in state["processes"]["notifier"]["detail"]


async def test_an_alert_prints_one_line_when_it_fires_and_one_when_it_resolves(up: Up) -> None:
    now_ms = round(time.time() * 1000)
    fired = AlertTransition(
        alert_id="a1b2", store_id="us-shop", step="order_to_payment", segment="ios/paypal", kind=AlertKind.CONVERSION,
        level=Level.PAGE, state=AlertState.FIRING, sequence=1, at_ms=now_ms, opened_at_ms=now_ms - 600_000,
        fired_at_ms=now_ms, resolved_at_ms=None, surprise=8.42, observed=71, expected=103, low=80, high=130,
        window_minutes=30, sample=200, lost=32, lost_low=10, lost_high=50,
    )  # fmt: skip
    resolved = msgspec.structs.replace(fired, state=AlertState.RESOLVED, sequence=2, resolved_at_ms=now_ms)
    pending = msgspec.structs.replace(fired, state=AlertState.PENDING, sequence=0)
    producer = AIOKafkaProducer(bootstrap_servers=up.status()["addresses"]["kafka"])
    await producer.start()
    try:
        for transition in (pending, fired, resolved):
            await producer.send_and_wait(ALERTS, msgspec.json.encode(transition), key=b"us-shop")
    finally:
        await producer.stop()
    wait_for(lambda: "RESOLVED" in up.text(), "the line of the resolved alert")
    lines = [line for line in up.text().splitlines() if "a1b2" in line]
    assert len(lines) == 2
    assert (
        "FIRING page us-shop conversion order_to_payment ios/paypal 71 → expected 103 (−31 %), anomaly score 8.4"
        in lines[0]
    )
    assert "RESOLVED page us-shop" in lines[1]


def test_ctrl_c_stops_all_in_order(up: Up) -> None:
    pids = up.pids()
    assert len(pids) == 5
    up.process.send_signal(signal.SIGINT)
    assert up.process.wait(within(60)) == 0
    wait_for(lambda: none_of(pids), "the end of every process", 5)
    stopped = [line.split()[1] for line in up.text().splitlines() if line.endswith(" stopped")]
    assert stopped[:2] == ["collector", "notifier"]
    assert set(stopped[2:4]) == {"store", "broker"}
    assert up.command("status").returncode == 2


def test_nothing_outlives_an_up_that_is_killed_and_the_next_start_has_the_same_ports(tmp_path: Path) -> None:
    up = Up(tmp_path / "数据 übung", "--roles", "collector", LC_ALL="C")
    try:
        before = up.wait_ready()["addresses"]
        pids = up.pids()
        up.process.kill()
        up.process.wait(within(10))
        again = Up(tmp_path / "数据 übung", "--roles", "collector")
        try:
            wait_for(lambda: none_of(pids), "the end of what the killed one started", 40)
            after = again.wait_ready()["addresses"]
        finally:
            again.end()
    finally:
        up.end()
    assert after == before
    assert "is taken" not in again.text()
    assert again.process.returncode == 0


def test_without_a_kafka_the_trouble_is_reported_once_and_the_collector_still_accepts_events(
    tmp_path: Path,
) -> None:
    addresses = {"FUNNELWATCH_KAFKA": "127.0.0.1:9", "FUNNELWATCH_CLICKHOUSE_URL": "http://127.0.0.1:9"}
    up = Up(tmp_path / "data", "--no-parts", "--roles", "collector,landing", **addresses)
    try:
        wait_for(lambda: "collector  starts" in up.text(), "the collector", 60)
        wait_for(lambda: "127.0.0.1:9: the connection is refused" in up.text(), "the trouble with Kafka", 60)
        assert up.text().count("127.0.0.1:9: the connection is refused") == 1
        assert up.text().count("http://127.0.0.1:9:") == 1
        assert "landing    starts" not in up.text()
        assert up.command("doctor").returncode == 1
    finally:
        up.end()
    assert up.process.returncode == 0
