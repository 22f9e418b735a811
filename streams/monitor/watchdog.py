"""Ends the process, with the reason in its last log line, when it looks alive and is not.

The supervisor starts it again; the state is in the log. Three ways to be stuck are looked for: the event loop does
not turn, partitions do not advance although there is something to read (a dead agent is one of the causes), recovery
does not end.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Iterable, Mapping

from aiokafka import AIOKafkaConsumer, TopicPartition

from streams import metrics
from streams.clock import monotonic
from streams.kafka.servers import Servers, connection

#: seconds that the loop may be blocked
BLOCKED_S = 30.0
#: seconds that a partition may not advance while its end is ahead
STALLED_S = 60.0
#: seconds that may pass without being active
INACTIVE_S = 600.0
LOOK_S = 0.5


class Stall:
    """Finds when a partition's position stops although its end is ahead. Pure: time is an argument."""

    def __init__(self, limit_s: float = STALLED_S) -> None:
        self._limit_s = limit_s
        self._moved: dict[int, tuple[int, float]] = {}

    def look(self, positions: Mapping[int, int], ends: Mapping[int, int], at_s: float) -> str | None:
        """The reason to end the process, None if there is none.

        Args:
            positions: partition → offset of the last record counted.
            ends: partition → an offset known to exist in it.
            at_s: the monotonic clock.
        """
        for number in set(self._moved) - set(positions):
            del self._moved[number]
        for number, position in positions.items():
            known, since = self._moved.get(number, (None, at_s))
            if known != position or ends.get(number, -1) <= position:
                self._moved[number] = (position, at_s)
            elif at_s - since > self._limit_s:
                return (
                    f"partition {number} has been stuck at offset {position} for {at_s - since:.0f} s "
                    f"although offset {ends[number]} exists: the agent or the fetcher is dead"
                )
        return None

    def forget(self) -> None:
        """Start over: a rebalance is going on."""
        self._moved.clear()


async def readable_ends(bootstrap: Servers, topic: str, partitions: Iterable[int]) -> dict[int, int]:
    """Partition → the last offset that a reader of committed records may be given now.

    An open transaction of another producer holds back everything after it; a worker that waits for its end is
    not stuck.

    Raises:
        aiokafka.errors.KafkaError: no broker answers.
    """
    consumer = AIOKafkaConsumer(
        **connection(bootstrap), isolation_level="read_committed", enable_auto_commit=False
    )
    await consumer.start()
    try:
        ends = await consumer.end_offsets([TopicPartition(topic, number) for number in partitions])
    finally:
        await consumer.stop()
    return {tp.partition: end - 1 for tp, end in ends.items()}


class LoopWatch:
    """A thread that sees whether the event loop turns.

    Args:
        fatal: ends the process; called in the thread.
        limit_s: how long the loop may be blocked.
    """

    def __init__(
        self, fatal: Callable[[str, BaseException | None], None], limit_s: float = BLOCKED_S
    ) -> None:
        self._fatal = fatal
        self._limit_s = limit_s
        self._beat = monotonic()
        self._worst = 0.0
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="loop-watch", daemon=True)

    def start(self) -> None:
        """Begin to watch."""
        self._beat = monotonic()
        self._thread.start()

    def beat(self, loop: asyncio.AbstractEventLoop) -> None:
        """The loop turned; it calls this again every ``LOOK_S`` seconds."""
        present = monotonic()
        self._worst = max(self._worst, present - self._beat - LOOK_S)
        self._beat = present
        if not self._stop.is_set():
            loop.call_later(LOOK_S, self.beat, loop)

    def measure(self) -> None:
        """Set the gauge of the loop's delay to the worst since the last call."""
        metrics.MONITOR_LOOP_DELAY.set(max(0.0, self._worst))
        self._worst = 0.0

    def stop(self) -> None:
        """Watch no more."""
        self._stop.set()

    def _watch(self) -> None:
        while not self._stop.wait(LOOK_S):
            still = monotonic() - self._beat
            if still > self._limit_s:
                self._fatal(f"the event loop has been blocked for {still:.0f} s", None)
                return
