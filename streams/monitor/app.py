"""The monitor role: the Faust app, its timers, and the process around it.

On the path of an event: the agent here takes record batches from ``funnel.events.v1`` (written by the collector) and
gives them to ``monitor.py``.
"""

from __future__ import annotations

import asyncio
import logging
import os
import signal
import sys
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Any, NoReturn

import faust
import structlog
from aiokafka.errors import KafkaError
from faust.types import TP

from scoring.counting.partition import PartitionCounts
from scoring.counting.segments import Segmenter
from scoring.detection.detector import Detector
from scoring.detection.tracked_alert import ClosedAlerts
from streams.clock import monotonic, now_ms
from streams.config.core import day_rules, detection_policy
from streams.config.model import Config
from streams.errors import StateError
from streams.instance.files import StateReport
from streams.instance.processes import collect_rarely
from streams.kafka.admin import partition_counts
from streams.kafka.baselines import BaselineFollower
from streams.kafka.closings import ClosingFollower
from streams.kafka.reaching import reason
from streams.kafka.servers import Servers, servers_of
from streams.kafka.topic_ids import KEYS_MOVED, PartitionsChangedError
from streams.kafka.topics import (
    ACTIONS,
    ALERTS,
    BASELINES,
    COUNTS_CHANGELOG,
    DEADLETTERS,
    EVENTS,
    METADATA_AGE_MS,
    MINUTES,
    SCORES,
    WINDOWS,
    Rename,
)
from streams.monitor import table
from streams.monitor.monitor import Monitor
from streams.monitor.partition import MinuteDetector, Partition
from streams.monitor.ticks import TickSender
from streams.monitor.watchdog import INACTIVE_S, STALLED_S, LoopWatch, Stall, readable_ends
from streams.monitor.writer import PartitionWriter
from streams.settings import Settings
from streams.transport import BatchOptions, BatchTopic, install
from streams.transport.credentials import credentials_of

_log = structlog.get_logger()

ROLE = "monitor"
#: topics that have a partition for each one of the events topic
PER_PARTITION = (EVENTS, COUNTS_CHANGELOG, MINUTES, SCORES, WINDOWS, ALERTS)
SINGLE = frozenset({DEADLETTERS})
#: chunks that may wait for the agent, each of up to a megabyte as it came from the broker
WAITING_CHUNKS = 16
#: seconds after which a counting thread lets another one go on, Python's own being 0.005: the thread that fetches waits
#: so long after each piece that it reads, and with 5 ms it reads more slowly than is counted
SWITCH_S = 0.001
TOPICS_WAIT_S = 60.0
BASELINES_WAIT_S = 20.0
EXIT_FAILED = 70

Fatal = Callable[[str, BaseException | None], None]


class MonitorError(StateError):
    """The monitor cannot start; its text says what is missing. The command line prints it."""


def exit_now(reason: str, error: BaseException | None) -> NoReturn:
    """End the process at once, with the reason as its last log line. What is durable is in the log, the rest is not."""
    detail = f"{type(error).__name__}: {error}" if error is not None else ""
    if error is not None:
        _log.error("role_failed", role=ROLE, exc_info=error)
    _log.critical("monitor_ended", reason=reason, error=detail)
    with suppress(Exception):
        sys.stdout.flush()
        sys.stderr.flush()
    os._exit(EXIT_FAILED)


def default_detector(config: Config, closed: ClosedAlerts | None = None) -> MinuteDetector:
    """The detector with the thresholds and the calendar of the configuration; ``closed`` are alerts that people closed."""
    policy = detection_policy(config)
    return Detector(policy, day_rules(config), closed=closed)


class MonitorApp:
    """One monitor process: the Faust app with everything it drives.

    Args:
        settings: addresses and intervals.
        config: segments and thresholds.
        partitions: how many partitions the events topic has.
        report: through which the process reports its state.
        fatal: ends the process.
        make_detector: an empty detector for one partition; None: ``default_detector``.
        rename: topic names on this broker (tests use their own).
        path: see ``BatchOptions.path``.
    """

    def __init__(
        self,
        settings: Settings,
        config: Config,
        partitions: int,
        report: StateReport,
        fatal: Fatal = exit_now,
        make_detector: Callable[[Config], MinuteDetector] | None = None,
        rename: Rename = str,
        path: str = "auto",
    ) -> None:
        self.settings, self.config = settings, config
        self.partition_count = partitions
        self._fatal, self._rename, self._make_detector = fatal, rename, make_detector
        self._app_id = f"{settings.group_prefix}-{ROLE}"
        self.report = report
        topic, changelog = rename(EVENTS), rename(COUNTS_CHANGELOG)
        kafka = servers_of(settings)
        self.monitor = Monitor(
            kafka, topic, changelog, self._make_partition, self._make_writer, self._group, fatal
        )
        self.monitor.prepare = self._prepare
        self.ticks = TickSender(kafka, topic)
        self.baselines = BaselineFollower(kafka, rename(BASELINES), partitions, self._learn)
        self.closings = ClosingFollower(kafka, rename(ACTIONS))
        self.loop_watch = LoopWatch(fatal)
        self._stall = Stall()
        self._missing_since: float | None = None
        self._following: asyncio.Future[None] | None = None
        install()
        table.install()
        self.app = self._make_app(topic, changelog, path)

    def _make_app(self, topic: str, changelog: str, path: str) -> Any:
        settings = self.settings
        app: Any = faust.App(
            self._app_id,
            broker=[f"batch://{address.strip()}" for address in settings.kafka.split(",")],
            broker_credentials=credentials_of(servers_of(settings)),
            store=f"{table.SCHEME}://",
            datadir=settings.data / "faust",
            topic_allow_declare=False,
            topic_disable_leader=True,
            topic_partitions=self.partition_count,
            table_standby_replicas=0,
            recovery_consistency_check=False,
            consumer_auto_offset_reset="earliest",
            consumer_metadata_max_age_ms=METADATA_AGE_MS,
            broker_session_timeout=settings.session_timeout_s,
            broker_heartbeat_interval=settings.session_timeout_s / 4,
            broker_commit_interval=0.5,
            stream_wait_empty=True,
            web_enabled=False,
        )
        app.boot_strategy.enable_web = False
        app.batch = BatchOptions(
            drain=self.monitor.drain,
            positions=self._positions,
            self_recovering=frozenset({changelog}),
            isolation_level="read_committed",
            path=path,  # type: ignore[arg-type]
        )
        events = BatchTopic(app, topics=[topic], value_type=bytes, key_type=bytes, maxsize=WAITING_CHUNKS)
        app.Table(
            "counts",
            partitions=self.partition_count,
            key_type=None,
            changelog_topic=app.topic(changelog, partitions=self.partition_count),
            options={"monitor": self.monitor},
        )
        app.agent(events, name="count")(self._count)
        app.on_before_shutdown.connect(self._close)
        self._every(app, settings.monitor_flush_s, self.monitor.flush_if_due, "the flush failed")
        self._every(app, settings.monitor_tick_s, self._tick, "sending ticks failed")
        self._every(app, 2.0, self._look, "the watchdog failed")
        return app

    def _every(self, app: Any, interval_s: float, work: Callable[[], Awaitable[Any]], failed: str) -> None:
        async def timer() -> None:
            try:
                await work()
            except Exception as error:
                self._fatal(failed, error)

        timer.__name__ = timer.__qualname__ = work.__name__
        app.timer(interval_s)(timer)

    async def _count(self, stream: Any) -> None:
        stream = stream.noack()
        try:
            async for chunk in stream:
                event = stream.current_event
                self.monitor.receive(event.message, chunk)
                event.value = event.message.value = None  # do not keep the records until the flush
        except Exception as error:
            self._fatal("the counting agent died", error)
            raise

    # parts

    def _make_partition(self, number: int) -> Partition:
        if number >= self.partition_count:  # it is given out before a flush can see that there are more
            raise PartitionsChangedError(
                f"{self.monitor.topic} has {number + 1} partitions or more and had {self.partition_count}: {KEYS_MOVED}"
            )
        settings, segments = self.settings, self.config.segments
        counts = PartitionCounts(
            Segmenter(segments.dimensions, segments.most),
            int(settings.monitor_horizon_hours * 3_600_000),
            int(settings.duplicate_horizon_minutes * 60_000),
        )
        make = self._make_detector
        detector = make(self.config) if make else default_detector(self.config, self.closings.closed)
        return Partition(number, counts, detector, int(settings.monitor_grace_s * 1000))

    def _make_writer(self, number: int) -> PartitionWriter:
        return PartitionWriter(
            servers_of(self.settings), f"{self._app_id}-{number}", number, SINGLE, self._rename
        )

    def _group(self) -> Any:
        return self.app.consumer

    def _positions(self) -> dict[Any, int]:
        topic = self.monitor.topic
        return {TP(topic, number): offset for number, offset in self.monitor.positions().items()}

    # baselines

    async def _follow(self) -> None:
        try:
            await asyncio.gather(self.baselines.follow(), self.closings.follow())
        except (KafkaError, OSError) as error:
            self._fatal("following baselines and closings failed", error)

    async def _prepare(self, partition: Partition) -> None:
        if self._following is None:  # Faust begins an app's tasks after recovery only: too late
            self._following = asyncio.ensure_future(self._follow())
        try:
            both = asyncio.gather(self.baselines.is_read.wait(), self.closings.is_read.wait())
            await asyncio.wait_for(both, BASELINES_WAIT_S)
        except TimeoutError:
            _log.warning("baselines_not_read", waited_s=BASELINES_WAIT_S, partition=partition.number)
        for baseline in self.baselines.of_partition(partition.number):
            if not baseline.members:  # those of pools are for the role of that name
                partition.learn(baseline)

    def _learn(self, number: int, baseline: Any) -> None:
        partition = self.monitor.partitions.get(number)
        if partition is not None and not baseline.members:
            partition.learn(baseline)

    # timers

    async def _tick(self) -> None:
        if self.monitor.is_active:
            await self.ticks.send(sorted(self.monitor.partitions), now_ms())

    async def _look(self) -> None:
        monitor, present = self.monitor, monotonic()
        self.loop_watch.measure()
        monitor.measure()
        if not monitor.is_active:
            self._stall.forget()
            self._missing_since = None
            await asyncio.to_thread(self.report.say, "starting", "taking partitions over")
            if present - monitor.active_since > INACTIVE_S:
                self._fatal(f"no recovery ended for {INACTIVE_S:.0f} s", None)
            return
        replaced = await monitor.replaced_topic()
        if replaced is not None:
            self._fatal(replaced, None)
        loaded = {n: part for n, part in monitor.partitions.items() if part.is_loaded}
        positions = {number: partition.offset for number, partition in loaded.items()}
        reason = self._stall.look(positions, self.ticks.offsets, present)
        if reason is not None:
            ends = await readable_ends(servers_of(self.settings), monitor.topic, positions)
            reason = self._stall.look(positions, ends, present)
            if reason is not None:
                self._fatal(reason, None)
            _log.warning("transaction_open", topic=monitor.topic, detail="records after it wait for its end")
        if monitor.owned - set(loaded):
            self._missing_since = self._missing_since or present
            if present - self._missing_since > STALLED_S:
                self._fatal(f"partitions {sorted(monitor.owned - set(loaded))} must be recovered again", None)
        else:
            self._missing_since = None
        rows = sum(partition.counts.rows for partition in loaded.values())
        shown = f"{len(loaded)} partitions, {rows} rows" if monitor.owned else "0 partitions, standby"
        await asyncio.to_thread(self.report.ready, shown)  # it waits for the disk

    async def _close(self, app: Any, **kwargs: Any) -> None:
        self.loop_watch.stop()
        if self._following is not None:
            self._following.cancel()
        await self.ticks.close()
        await self.monitor.close()


class Worker(faust.Worker):
    """Faust's worker without its console output and without its second of waiting at the end."""

    async def _sentinel_task(self) -> None:
        return None

    def _on_sigint(self) -> None:
        self._flag_as_shutdown_by_signal()
        self._schedule_shutdown(signal.SIGINT)


async def find_partitions(bootstrap: Servers, rename: Rename = str, wait_s: float = TOPICS_WAIT_S) -> int:
    """How many partitions the events topic has, once all topics exist.

    Raises:
        MonitorError: topics are missing after ``wait_s``, or their partitions do not match.
    """
    until = monotonic() + wait_s
    wanted = [*PER_PARTITION, *SINGLE, BASELINES, ACTIONS]
    problem = ""
    while True:
        try:
            counts = await partition_counts(bootstrap, [rename(topic) for topic in wanted])
            missing = [topic for topic, count in counts.items() if not count]
            if not missing:
                break
            problem = "topics are missing: " + ", ".join(missing)
        except (KafkaError, OSError) as error:
            problem = f"Kafka does not answer: {await reason(bootstrap, error)}"
        if monotonic() > until:
            raise MonitorError(problem)
        await asyncio.sleep(0.5)
    matched = {rename(topic): counts[rename(topic)] for topic in PER_PARTITION}
    if len(set(matched.values())) != 1:
        shown = ", ".join(f"{topic} {count}" for topic, count in matched.items())
        raise MonitorError(
            f"these topics must have the same number of partitions: {shown}; "
            "run `funnelwatch repartition` (deploy/runbook.md, 'The number of partitions changed')"
        )
    return matched[rename(EVENTS)]


def run(role: MonitorApp, loop: asyncio.AbstractEventLoop) -> None:
    """Run the app until SIGTERM or SIGINT; ends the process (exit code 0)."""
    role.report.say("starting", "joining the group")
    logging.getLogger("mode.timers").setLevel(logging.ERROR)  # a long flush skips a turn; that is meant
    for name in ("streams.transport", "streams.monitor.table"):
        logging.getLogger(name).setLevel(logging.WARNING)  # Faust logs every service that starts or stops
    sys.setswitchinterval(SWITCH_S)
    collect_rarely()
    role.loop_watch.start()
    worker = Worker(
        role.app, loop=loop, quiet=True, override_logging=False, redirect_stdouts=False, loglevel="WARN"
    )
    worker.spinner = None
    loop.call_soon(role.loop_watch.beat, loop)  # no timer of Faust's: those begin after the first recovery
    try:
        worker.execute_from_commandline()
    finally:
        role.report.clear()


def main(settings: Settings, config: Config, report: StateReport) -> None:
    """Entry of the role; see ``streams/roles.py``."""
    for number in (signal.SIGTERM, signal.SIGINT):  # until the worker handles them: nothing to drain yet
        signal.signal(number, lambda *_: sys.exit(0))
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    try:
        partitions = loop.run_until_complete(find_partitions(servers_of(settings)))
    except MonitorError as error:
        exit_now(str(error), None)
    role = MonitorApp(settings, config, partitions, report)
    run(role, loop)
