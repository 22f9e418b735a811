"""The ground of all measurements: a broker, a store on demand, and roles as processes of their own."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import time
import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec
from confluent_kafka import Consumer, TopicPartition

from streams.embedded.broker import Broker
from streams.embedded.plan import environment_of
from streams.instance.files import read_state
from streams.settings import Settings
from tests.faults.system import ROOT, Part
from tests.fixtures.clickhouse import Store, start_store
from tests.fixtures.kafka_tools import make_topics

PARTITIONS = 16
LIMIT_S = 300.0
LOOK_S = 0.02


@dataclass(frozen=True, slots=True)
class Figure:
    """One measured number: of what, under which condition, its unit, and the bar it has to keep to, if any."""

    part: str
    what: str
    value: float
    unit: str
    bar: str = ""
    reached: bool | None = None


class TookTooLong(Exception):
    """Something measured did not come about; the text says what."""


def wait_until(
    is_so: Callable[[], Any], what: str, limit_s: float = LIMIT_S, look_s: float = LOOK_S
) -> float:
    """Wait until ``is_so`` and give the monotonic time at which it was seen."""
    deadline = time.monotonic() + limit_s
    while not is_so():
        if time.monotonic() > deadline:
            raise TookTooLong(f"waited {limit_s:.0f} s for {what}")
        time.sleep(look_s)
    return time.monotonic()


@dataclass
class Ground:
    """What the measurements share."""

    broker: Broker
    folder: Path
    settings: Settings
    quick: bool = False
    parts: list[Part] = field(default_factory=list)
    _store: Store | None = None

    @property
    def kafka(self) -> str:
        return self.broker.address

    def store(self) -> Store:
        """The ClickHouse engine, started when first asked for."""
        if self._store is None:
            self._store = start_store(self.folder / "store")
        return self._store

    def topics(self) -> str:
        """A fresh set of all topics; gives their prefix."""
        prefix = f"b{uuid.uuid4().hex[:8]}-"
        asyncio.run(make_topics(self.kafka, prefix, PARTITIONS))
        return prefix

    def monitor(self, prefix: str, name: str = "monitor", **more: object) -> Part:
        """A monitor as shipped on the topics with this prefix."""
        data = self.folder / f"{prefix}{name}"
        settings = {"kafka": self.kafka, "data": str(data), "group_prefix": prefix, "metrics_port": 0, **more}
        command = [
            "-m",
            "tests.streams.monitor.monitor_process",
            msgspec.json.encode(settings).decode(),
            prefix,
            "detector",
        ]
        return self.start(name, command, data)

    def start(
        self, name: str, arguments: Sequence[str], data: Path, settings: Settings | None = None, **more: str
    ) -> Part:
        """A Python process of its own."""
        data.mkdir(parents=True, exist_ok=True)
        environment = {**(environment_of(settings) if settings is not None else os.environ), **more}
        part = Part(
            name,
            [sys.executable, *arguments],
            {**environment, "PYTHONPATH": str(ROOT)},
            self.folder / f"{data.name}.log",
        )
        part.start()
        self.parts.append(part)
        return part

    def is_ready(self, prefix: str, name: str = "monitor") -> bool:
        """True once a monitor has said that its partitions are recovered."""
        state = read_state(self.folder / f"{prefix}{name}", "monitor")
        return state is not None and state.state == "ready"

    def end_parts(self) -> None:
        """End what was started since the last call."""
        for part in self.parts:
            part.kill()
        self.parts.clear()

    def stop(self) -> None:
        """End everything but the broker."""
        self.end_parts()
        if self._store is not None:
            self._store.stop()


class Committed:
    """How many records a monitor's group has made durable, by the offsets it commits after each flush."""

    def __init__(self, kafka: str, prefix: str, topic: str) -> None:
        group = f"{prefix}-monitor"
        self._consumer = Consumer(
            {"bootstrap.servers": kafka, "group.id": group, "enable.auto.commit": False}
        )
        self._partitions = [TopicPartition(topic, number) for number in range(PARTITIONS)]

    def total(self) -> int:
        """The sum of all partitions' committed offsets."""
        return sum(max(0, one.offset) for one in self._consumer.committed(self._partitions, timeout=20))

    def close(self) -> None:
        """Give the connection back."""
        self._consumer.close()


def memory_mb(pid: int) -> float:
    """Resident memory of a process in megabytes."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) / 1024
    return 0.0


def run_tool(module: str, *arguments: str, is_heard: bool = True) -> subprocess.Popen[bytes]:
    """A process of this package, begun; ``communicate`` gives the JSON line it ends with if it ``is_heard``."""
    output = subprocess.PIPE if is_heard else subprocess.DEVNULL
    command = [sys.executable, "-m", f"tests.bench.whole_path.{module}", *arguments]
    return subprocess.Popen(command, stdout=output, cwd=ROOT)
