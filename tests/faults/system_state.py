"""How far the system has come: what the groups still have to read, who is in them, what waits in the spool.

A comparison says something only when nothing is on its way any more. ``Watch`` looks on during a whole run, so that a report
can show that memory, lag and spool stay bounded while a part is unreachable.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import KafkaError

from streams.kafka.topics import ALERTS, EVENTS, MINUTES
from tests.deadlines import within
from tests.faults.system import System, resident_mb

#: what each group reads and the checker looks at
READS = {"monitor": (EVENTS,), "landing": (EVENTS, MINUTES, ALERTS)}
#: records that are always on their way while everything runs: some seconds of ticks and their minutes
ON_THEIR_WAY = 200
#: a transaction's last marker, which no consumer is given
_MARKER = 1
#: place of the members in what a broker answers of a group: error, id, state, protocol type, protocol, members
_MEMBERS = 5
_ASK_S = 10.0
LOOK_S = 5.0


@dataclass(frozen=True, slots=True)
class SystemState:
    """Records that each group has not committed yet, members of each group, bytes in the collector's spool."""

    lag: Mapping[str, int]
    members: Mapping[str, int]
    spooled: int
    #: why the broker could not say, if so
    unknown: str = ""

    @property
    def is_settled(self) -> bool:
        """Whether all that was sent has been through the roles, and the roles are there."""
        return (
            not self.unknown
            and not self.spooled
            and all(self.members.values())
            and all(lag <= ON_THEIR_WAY for lag in self.lag.values())
        )

    def __str__(self) -> str:
        if self.unknown:
            return f"lag unknown ({self.unknown}), {self.spooled:,} bytes spooled"
        groups = (f"{name} {self.lag[name]:,} behind, {self.members[name]} in its group" for name in self.lag)
        return f"{', '.join(groups)}, {self.spooled:,} bytes spooled"


async def state_of(system: System) -> SystemState:
    """How far the system has come by now."""
    spooled = 0
    for path in (system.folder / "collector").glob("**/*.seg"):
        with contextlib.suppress(OSError):
            spooled += path.stat().st_size
    admin = AIOKafkaAdminClient(bootstrap_servers=system.settings.kafka, request_timeout_ms=5000)
    consumer = AIOKafkaConsumer(bootstrap_servers=system.settings.kafka, request_timeout_ms=5000)
    try:
        async with asyncio.timeout(within(_ASK_S)):
            await asyncio.gather(admin.start(), consumer.start())
            parts = [
                TopicPartition(topic, number)
                for topic in (EVENTS, MINUTES, ALERTS)
                for number in range(system.partitions)
            ]
            lag, members = {}, {}
            for name, topics in READS.items():
                group = f"{system.settings.group_prefix}-{name}"
                committed = await admin.list_consumer_group_offsets(group)
                ends = await consumer.end_offsets([part for part in parts if part.topic in topics])
                lag[name] = sum(_behind(part, end, committed.get(part)) for part, end in ends.items())
                (answer,) = await admin.describe_consumer_groups([group])
                members[name] = len(answer.groups[0][_MEMBERS])
        return SystemState(lag, members, spooled)
    except (KafkaError, OSError, TimeoutError) as error:
        return SystemState({}, {}, spooled, repr(error))
    finally:
        with contextlib.suppress(Exception):  # the broker may be unreachable
            await asyncio.wait_for(asyncio.gather(admin.close(), consumer.stop()), within(2))


def _behind(part: TopicPartition, end: int, committed: Any) -> int:
    """Records of a partition that are not committed; the marker that ends a transaction is none."""
    offset = max(0, committed.offset) if committed is not None else 0
    return max(0, end - offset - (0 if part.topic == EVENTS else _MARKER))


@dataclass
class Sample:
    """One look: seconds since the run began, resident megabytes of each process, the state of the system."""

    at_s: float
    memory_mb: dict[str, int]
    state: SystemState


@dataclass
class Watch:
    """Looks at a system every few seconds until stopped."""

    system: System
    samples: list[Sample] = field(default_factory=list)
    _began: float = field(default_factory=time.monotonic)
    _task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin to look."""
        self._task = asyncio.create_task(self._look())

    async def stop(self) -> None:
        """Look no more."""
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task

    async def _look(self) -> None:
        while True:
            found = await state_of(self.system)
            memory = {"broker": resident_mb(self.system.broker.pid)}
            memory |= {name: part.memory_mb() for name, part in self.system.parts.items()}
            self.samples.append(Sample(time.monotonic() - self._began, memory, found))
            await asyncio.sleep(LOOK_S)

    def summary(self, lines: int = 12) -> str:
        """Some evenly spaced samples and the most of everything, a line each."""
        if not self.samples:
            return "no samples"
        step = max(1, len(self.samples) // lines)
        chosen = self.samples[::step]
        shown = [f"{one.at_s:7.0f} s  MB {one.memory_mb}  {one.state}" for one in chosen]
        names = {name for one in self.samples for name in one.memory_mb}
        most = {name: max(one.memory_mb.get(name, 0) for one in self.samples) for name in sorted(names)}
        lags = {name: max((one.state.lag.get(name, 0) for one in self.samples), default=0) for name in READS}
        spooled = max(one.state.spooled for one in self.samples)
        shown.append(f"   most    MB {most}  lag {lags}  spooled {spooled:,} bytes")
        return "\n".join(shown)

    def write(self, path: Path) -> None:
        """All samples as a file, a line each."""
        path.write_text("".join(f"{one.at_s:.1f}\t{one.memory_mb}\t{one.state}\n" for one in self.samples))
