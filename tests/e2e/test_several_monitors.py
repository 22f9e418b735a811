"""Two monitors under one ``up``: one is killed under load, the other takes over, and nothing is lost or counted twice."""

from __future__ import annotations

import itertools
import json
import random
import threading
import time
import urllib.request
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from streams.clock import now
from streams.instance.files import read_states
from streams.instance.processes import is_ours
from tests.deadlines import within
from tests.e2e.instance import Instance

#: a busy machine starts an instance slowly; nothing here depends on how long it takes
pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]

PARTITIONS = 4
KEY = "key-of-the-load"
#: enough for every partition to have some
STORES = [f"shop-{number}" for number in range(11)]
STAGES = ("impression", "click", "order")
DEADLINE_S = 120

Counts = Counter[tuple[str, int, str]]


@pytest.fixture
def instance(tmp_path: Path) -> Iterator[Instance]:
    data = tmp_path / "data"
    data.mkdir()
    stores = "\n".join(f"  - {{id: {store}, platform: own_site, keys: ['env:LOAD_KEY']}}" for store in STORES)
    (data / "funnelwatch.yaml").write_text(f"stores:\n{stores}\n")
    made = Instance(
        data,
        "collector,monitor,landing",
        LOAD_KEY=KEY,
        FUNNELWATCH_MONITORS="2",
        FUNNELWATCH_PARTITIONS=str(PARTITIONS),
    )
    made.start()
    yield made
    made.stop()


def until(holds: Callable[[], bool], what: str, meanwhile: Callable[[], object] = lambda: None) -> None:
    deadline = time.monotonic() + within(DEADLINE_S)
    while not holds():
        assert time.monotonic() < deadline, f"waited in vain for {what}"
        meanwhile()
        time.sleep(0.1)


def held(instance: Instance) -> dict[str, int]:
    """How many partitions each monitor counts that lives and is ready."""
    return {
        state.name: int(state.detail.split()[0])
        for state in read_states(instance.data)
        if state.name.startswith("monitor") and state.state == "ready" and is_ours(state.pid)
    }


class Load:
    """Sends batches through the collector until asked to stop, and keeps a count of what it acknowledged."""

    def __init__(self, url: str) -> None:
        self.acknowledged: Counts = Counter()
        self._url = f"{url}/v1/events"
        self._is_over = threading.Event()
        self._failed: list[Exception] = []

    @contextmanager
    def sending(self) -> Iterator[None]:
        thread = threading.Thread(target=self._send)
        thread.start()
        try:
            yield
        finally:
            self._is_over.set()
            thread.join()

    def count(self) -> int:
        """How many events are acknowledged; raises what ended the sending."""
        for error in self._failed:
            raise error
        return self.acknowledged.total()

    def _send(self) -> None:
        numbers = itertools.count()
        try:
            while not self._is_over.wait(0.05):
                batch = [self._event(next(numbers)) for _ in range(100)]
                for _ in range(random.choice((1, 1, 1, 2))):  # some are sent twice
                    self._post(batch)
                self.acknowledged.update(
                    (event["store_id"], event["event_time_ms"] // 60_000 * 60, event["type"])
                    for event in batch
                )
        except Exception as error:
            self._failed.append(error)

    @staticmethod
    def _event(number: int) -> dict[str, Any]:
        stage = STAGES[number % len(STAGES)]
        event = {"event_id": f"e{number}", "store_id": STORES[number % len(STORES)], "type": stage}
        return {**event, "order_id": f"o{number}", "event_time_ms": time.time_ns() // 1_000_000}

    def _post(self, batch: list[dict[str, Any]]) -> None:
        headers = {"Authorization": f"Bearer {KEY}", "Content-Type": "application/json"}
        request = urllib.request.Request(self._url, json.dumps(batch).encode(), headers)
        with urllib.request.urlopen(request, timeout=within(30)) as answer:
            answered = json.load(answer)
        assert answered["accepted"] == len(batch), answered


def counted(instance: Instance) -> Counts:
    rows = instance.sql(
        "SELECT store_id, toUnixTimestamp(minute) AS at, stage, sum(count) AS counted FROM stage_counts GROUP BY ALL"
    )
    return Counter({(row["store_id"], int(row["at"]), row["stage"]): int(row["counted"]) for row in rows})


def test_when_one_of_two_monitors_is_killed_the_other_counts_its_partitions_and_each_event_once(
    instance: Instance,
) -> None:
    shared = {"monitor": PARTITIONS // 2, "monitor-2": PARTITIONS // 2}
    until(lambda: held(instance) == shared, "the partitions to be shared")
    answered = instance.status()
    metrics = {answered["processes"][name]["addresses"]["metrics"] for name in shared}
    assert len(metrics) == 2
    load = Load(answered["addresses"]["collector"])
    with load.sending():
        until(lambda: load.count() > 2000, "some events")
        first = instance.kill("monitor-2")
        # killed again as soon as it comes back, it has no time to join: the other must take over
        until(
            lambda: held(instance) == {"monitor": PARTITIONS},
            "the other monitor to have all partitions",
            meanwhile=lambda: instance.kill("monitor-2"),
        )
        at_takeover = load.count()
        until(lambda: held(instance) == shared, "the partitions to be shared again")
        until(lambda: load.count() > at_takeover + 2000, "some more events")
    assert instance.status()["processes"]["monitor-2"]["pid"] != first
    until(
        lambda: counted(instance).total() >= load.acknowledged.total(), "all events to be counted and landed"
    )
    assert counted(instance) == load.acknowledged
    found = instance.reconcile("--to", now().isoformat())
    assert found["differences"] == []
    assert found["from_events"] == found["stored"] == load.acknowledged.total()
    instance.stop()
    lines = [line.split()[1:] for line in instance.said().splitlines()]
    assert ["monitor-2", "ended,", "with", "signal", "SIGKILL"] in [line[:5] for line in lines]
    stopped = [words[0] for words in lines if words[1:] == ["stopped"]]
    assert stopped[0] == "collector"
    assert set(stopped[1:4]) == {"monitor", "monitor-2", "landing"}
    assert set(stopped[4:6]) == {"store", "broker"}
