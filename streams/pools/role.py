"""The role ``pools``: waits to lead, takes its log over, and judges each minute that all partitions have scored, what reports give, and
what ads cost while a step is broken.

Any number may run; one leads. It reads ``funnel.scores.v1`` (committed rows only) of the last nine hours again when it
takes over, so that every window is full, and reports nothing of the minutes that were reported before (``log.py``).

On the path of an event: next to it, from ``streams/monitor`` to ``funnel.alerts.v1`` like the monitor's own alerts.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from typing import Any

import msgspec
import structlog
from aiokafka.errors import KafkaError

from scoring.baselines.baseline import StoreBaseline
from scoring.detection.policy import WINDOWS
from scoring.detection.pool_minutes import PoolMinutes
from scoring.detection.pools import PoolDetector
from scoring.detection.tracked_alert import ClosedAlerts
from scoring.funnel.scores import ScoreRow
from scoring.funnel.units import MINUTE_MS
from streams import metrics
from streams.clock import now_ms
from streams.config.core import day_rules, detection_policy
from streams.config.model import Config
from streams.config.pooling import pool_rules
from streams.instance.files import StateReport
from streams.kafka import topics
from streams.kafka.baselines import BaselineFollower
from streams.kafka.closings import ClosingFollower
from streams.kafka.errors import KafkaUnreachableError
from streams.kafka.followers import POLL_MS, TopicFollower
from streams.kafka.leadership import lead_in_turn
from streams.kafka.servers import servers_of
from streams.kafka.topics import Rename
from streams.pools.ad_spend import SpendTurns
from streams.pools.log import PoolLog
from streams.pools.periods import PeriodTurns
from streams.settings import Settings

_log = structlog.get_logger()
ROLE = "pools"
#: minutes read again on taking over: the longest window, twice over so that the filter has run in
WARM_MINUTES = 2 * max(WINDOWS)
BASELINES_WAIT_S = 30.0


async def run(settings: Settings, config: Config, report: StateReport) -> None:
    """Judge pools until cancelled."""
    report.say("starting")
    await lead_in_turn(
        settings,
        ROLE,
        report,
        lambda leadership: lead(settings, config, leadership.is_held, report),
        lambda: report.say("ready", "standby"),
    )


async def lead(
    settings: Settings,
    config: Config,
    is_held: Callable[[], Awaitable[bool]],
    report: StateReport,
    rename: Rename = str,
) -> None:
    """Judge pools as long as ``is_held`` says so and the scores keep their number of partitions.

    Raises:
        LogFencedError: another process leads now.
        KafkaUnreachableError: the baselines were not read in time.
    """
    pool_log, leader = PoolLog(settings, rename), _Leader(settings, config, rename)
    periods = PeriodTurns(settings, config, rename)
    spend = SpendTurns(settings, config, leader.closed, rename)
    judging: asyncio.Task[object] = asyncio.create_task(asyncio.sleep(0))
    guarding: asyncio.Task[None] = asyncio.create_task(asyncio.sleep(0))
    try:
        await pool_log.take_over()
        await periods.open()
        await spend.open()
        guarding = asyncio.create_task(spend.run(), name="ad spend")
        await leader.open(pool_log)
        _log.info("leadership_taken", role=ROLE, pools=len(leader.detector.pools), scored=pool_log.scored)
        while await is_held() and not leader.has_more_to_read():
            if guarding.done():
                guarding.result()
            if judging.done():  # reports of hours take seconds to judge, and pools do not wait for that
                judging.result()
                judging = asyncio.create_task(periods.turn(), name="periods")
            await leader.turn(pool_log)
            report.say("ready", leader.detail())
    finally:
        judging.cancel()
        guarding.cancel()
        await asyncio.gather(judging, guarding, return_exceptions=True)
        await leader.close()
        await periods.close()
        await spend.close()
        await pool_log.close()


class _Leader:
    """The pools of the process that leads."""

    def __init__(self, settings: Settings, config: Config, rename: Rename) -> None:
        self._settings, self._rename = settings, rename
        policy = detection_policy(config)
        self._closings = ClosingFollower(servers_of(settings), rename(topics.ACTIONS))
        self.detector = PoolDetector(policy, pool_rules(config), day_rules(config), self._closings.closed)
        self._minutes = PoolMinutes(self.detector, ())
        self._scores: TopicFollower | None = None
        self._following: asyncio.Future[Any] | None = None
        self._decode = msgspec.json.Decoder(ScoreRow).decode

    async def open(self, pool_log: PoolLog) -> None:
        """Read the baselines, and go to where the rows of the last hours begin."""
        kafka, scored = servers_of(self._settings), pool_log.scored
        since = (scored if scored is not None else now_ms() // MINUTE_MS) - WARM_MINUTES
        self._scores = TopicFollower(
            kafka, (self._rename(topics.SCORES),), since_ms=since * MINUTE_MS, reads_new=False
        )
        await self._scores.open()
        numbers = self._scores.partitions
        follower = BaselineFollower(
            kafka,
            self._rename(topics.BASELINES),
            len(numbers),
            lambda number, baseline: self._learn(baseline),
        )
        self._following = asyncio.gather(follower.follow(), self._closings.follow())
        both = asyncio.gather(follower.is_read.wait(), self._closings.is_read.wait())
        try:
            await asyncio.wait_for(both, BASELINES_WAIT_S)
        except TimeoutError as error:
            raise KafkaUnreachableError(
                f"the baselines were not read within {BASELINES_WAIT_S:.0f} s"
            ) from error
        for number in numbers:
            for baseline in follower.of_partition(number):
                self._learn(baseline)
        self._minutes = PoolMinutes(self.detector, numbers, scored, pool_log.snapshots)

    @property
    def closed(self) -> ClosedAlerts:
        """Alerts that people have closed."""
        return self._closings.closed

    def _learn(self, baseline: StoreBaseline) -> None:
        if baseline.members:
            self.detector.set_baseline(baseline)

    def has_more_to_read(self) -> bool:
        """True once the scores have more partitions than are read here: whoever leads has to reopen."""
        return self._scores is not None and self._scores.has_new_partitions()

    async def turn(self, pool_log: PoolLog) -> None:
        """Take what has come, judge the minutes that are whole, and publish what comes of them."""
        assert self._scores is not None
        assert self._following is not None
        if self._following.done():
            self._following.result()
        minutes = self._minutes
        before = minutes.scored
        for record in await self._scores.take(POLL_MS):
            minutes.take(record.partition, self._decode(record.value))
        for tp in await self._scores.read_to_end():
            minutes.at_end(tp.partition)
        found = minutes.close()
        changed, scored = self.detector.changed(), minutes.scored
        if scored is not None and scored != before:
            snapshots = {pool: self.detector.snapshot(pool) for pool in changed}
            await pool_log.write(scored, snapshots, found)
            metrics.POOLS_AGE.set(max(0.0, now_ms() / 1000 - (scored + 1) * 60))
        metrics.POOLS_JUDGED.set(len(self.detector.pools))
        for transition in found:
            metrics.POOLS_TRANSITIONS.labels(transition.state).inc()
            _log.info(
                "alert_changed",
                state=transition.state,
                store=transition.store_id,
                step=transition.step,
                level=transition.level,
                surprise=round(transition.surprise, 2),
                stores=len(transition.members),
            )

    def detail(self) -> str:
        """What the role reports about its state."""
        return f"leading; {len(self.detector.pools)} pools"

    async def close(self) -> None:
        """Give the connections back."""
        if self._following is not None:
            self._following.cancel()
            with contextlib.suppress(asyncio.CancelledError, KafkaError, OSError):
                await self._following
        if self._scores is not None:
            await self._scores.close()
