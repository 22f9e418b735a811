"""The work of one owner on one connection: polls, backfills, tokens, days compared, and the state that all of it adds up to.

Each kind of work is a task of its own, and none of them ends another: what fails waits and tries again, what needs a person pauses this
connection only. Ownership is the exception: whoever lost it stops at once.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import structlog

from scoring.funnel.stages import Stage
from scoring.funnel.units import DAY_MS, HOUR_MS, MINUTE_MS
from scoring.sources.backfills import BackfillProgress
from scoring.sources.budget import Urgency
from scoring.sources.cursors import CursorState, IncompleteWalkError
from scoring.sources.doubts import DoubtCheck
from scoring.sources.health import ConnectionHealth
from scoring.sources.second_way import DayCheck
from scoring.sources.source_alerts import SourceAlert
from scoring.sources.tokens import TokenPair
from scoring.wording.troubles import Trouble
from streams.collector.spool import SpoolFullError
from streams.kafka.errors import KafkaUnreachableError
from streams.schema import ConfigError
from streams.sources.api import ConnectionApi
from streams.sources.asking import PlatformError
from streams.sources.backfilling import Backfiller
from streams.sources.comparing import DayComparer
from streams.sources.connection import Connection
from streams.sources.doubting import Doubter
from streams.sources.health_keeping import DeliveryNotes, HealthKeeper
from streams.sources.polling import ResourcePoller, backoff_s
from streams.sources.sealing import SealedUnreadableError
from streams.sources.source import SourceSpec, Supply
from streams.sources.source_log import (
    ConnectionControl,
    OwnershipLostError,
    SourceBook,
    StoredTrial,
    log_key,
)
from streams.sources.token_keeping import TokenKeeper, TokenRecord
from streams.sources.trying import tried
from streams.sources.worker_tools import WorkerTools

_log = structlog.get_logger()

#: a connection that was rejected is tried again after this long, for platforms reject by mistake
PROBE_MS = HOUR_MS
#: rejections in a row that pause a connection whose key cannot be renewed
_MAX_REJECTIONS = 3
#: deliveries that wait to be translated, above which a backfill pauses: live ones come by the same log
_MAX_WAITING = 2000
#: what could not be compared is tried again sooner
_COMPARE_MS, _COMPARE_AGAIN_MS, _FIRST_COMPARE_S = 6 * HOUR_MS, HOUR_MS, 600.0
_UPKEEP_S, _PAUSED_S, _RETRY_S, _BUG_S = 30.0, 1.0, 5.0, 60.0


class ConnectionWorker:
    """One connection, worked on by its owner.

    Args:
        connection: which.
        spec: its source.
        tools: of the process.
        notes: what is translated of it.
        book: what the former owner kept, and what people want.
    """

    def __init__(
        self,
        connection: Connection,
        spec: SourceSpec,
        tools: WorkerTools,
        notes: DeliveryNotes,
        book: Callable[[], SourceBook],
    ) -> None:
        self.connection, self.spec = connection, spec
        self._tools, self._book, self._notes = tools, book, notes
        self.pausing, self._paused_why, self._paused_ms = Trouble.NONE, "", 0
        self.pollers: dict[str, ResourcePoller] = {}
        self.keeper: TokenKeeper | None = None
        self.backfiller: Backfiller | None = None
        self.comparer: DayComparer | None = None
        self.check, self.doubts = DayCheck(), DoubtCheck()
        self.doubter: Doubter | None = None
        self._tested_ms = self._restated_failures = 0
        self._bugs: dict[str, str] = {}
        self.health = HealthKeeper(self)

    @property
    def name(self) -> str:
        """Of the connection."""
        return self.connection.name

    @property
    def tools(self) -> WorkerTools:
        """Of the process."""
        return self._tools

    @property
    def notes(self) -> DeliveryNotes:
        """What is translated of it."""
        return self._notes

    @property
    def control(self) -> ConnectionControl:
        """What people want of it."""
        return self._book().control(self.name)

    @property
    def paused_why(self) -> str:
        """Why it is paused."""
        return self._paused_why or self.control.why

    @property
    def is_paused_by_person(self) -> bool:
        """Whether somebody, or the configuration, wants it paused."""
        return self.control.paused or bool(self.connection.config.paused)

    @property
    def bug(self) -> str:
        """What our own code failed with last; empty if nothing."""
        return next(iter(self._bugs.values()), "")

    async def run(self) -> None:
        """Work until cancelled.

        Raises:
            OwnershipLostError: another process owns it.
        """
        await self._take_up()
        try:
            async with asyncio.TaskGroup() as group:
                for name, work in self._work().items():
                    group.create_task(self._forever(name, work), name=f"{self.name} {name}")
        except* OwnershipLostError as lost:
            raise OwnershipLostError(str(lost.exceptions[0])) from None

    def _work(self) -> dict[str, Callable[[], Awaitable[float]]]:
        """Every kind of work: each does one turn and says how many seconds the next may wait."""
        work: dict[str, Callable[[], Awaitable[float]]] = {"state": self._beat, "test": self._test}
        for poller in self.pollers.values():
            work[f"poll {poller.poll.resource}"] = self._poll_turn(poller)
        if self.keeper is not None:
            work["token"] = self._upkeep
        if self.backfiller is not None:
            work["backfill"] = self._backfill
        if any(poller.poll.restated_days for poller in self.pollers.values()):
            work["restated days"] = self._restated
        if self.comparer is not None:
            work["days"] = self._compare
        if self.doubter is not None:
            work["doubts"] = self._doubt
        return work

    # ---------------------------------------------------------------- taking over

    async def _take_up(self) -> None:
        """Load what the former owner kept; while a secret is missing, say so and wait for it."""
        while True:
            try:
                self._load()
            except (ConfigError, SealedUnreadableError) as error:
                self.hold(Trouble.SECRET_MISSING, str(error))
                await self.health.publish()
                await asyncio.sleep(_UPKEEP_S)
            else:
                return

    def _load(self) -> None:
        """Go on where the former owner was."""
        book, name = self._book(), self.name
        alert = book.get(SourceAlert, log_key("alert", name))
        self.health.load(book.get(ConnectionHealth, log_key("health", name)), alert)
        trial = book.get(StoredTrial, log_key("trial", name))
        self._tested_ms = trial.asked_ms if trial is not None else 0
        spec, connection, tools = self.spec, self.connection, self._tools
        if spec.supply(Stage.ORDER) in (Supply.EVENT, Supply.STATUS):
            is_polled = any(spec.polls(connection.config))
            self.doubter = Doubter(connection, tools.orders, is_polled=is_polled)
        if spec.asking is None:
            return
        asking = spec.asking(connection)
        if asking.new_pair is not None:
            self.keeper = self._keeper(asking.first_pair, asking.new_pair, book)
        api = ConnectionApi(name, asking, tools.sender, tools.budgets, self.keeper, tools.now_ms)
        self._api = api
        for poll in spec.polls(connection.config):
            keep = self._keeping("cursor", poll.resource)
            poller = ResourcePoller(connection, poll, api, tools.sink, keep, tools.pseudonym)
            poller.cursor = book.get(CursorState, log_key("cursor", name, poll.resource)) or CursorState()
            self.pollers[poll.resource] = poller
        slow = api.with_urgency(Urgency.BACKFILL)
        with_past = {key: one for key, one in self.pollers.items() if one.poll.has_past}
        if with_past:
            self.backfiller = Backfiller(name, with_past, slow, self._keep_progress, tools.clock_s)
            for _, progress in book.under(BackfillProgress, log_key("backfill", name)):
                self.backfiller.progress[progress.backfill_id, progress.resource] = progress
        if spec.second_way is not None and spec.has_second_way(connection.config):
            self.comparer = DayComparer(
                connection, spec.second_way, tools.stored, slow, self.pollers.values()
            )

    def _keeper(
        self,
        first: Callable[[], TokenPair | None],
        new_pair: Callable[[Any, TokenPair | None], Awaitable[TokenPair]],
        book: SourceBook,
    ) -> TokenKeeper:
        """The tokens, as the former owner left them."""

        async def ask(old: TokenPair | None) -> TokenPair:
            return await new_pair(self._api.for_pairs(), old)

        key, tools = log_key("token", self.name), self._tools
        keeper = TokenKeeper(
            self.name, ask, first(), TokenRecord(tools.write, key), tools.sealer, tools.now_ms
        )
        keeper.load(book.get(str, key))
        return keeper

    def _keeping(self, kind: str, *names: str) -> Callable[[Any], Awaitable[None]]:
        key = log_key(kind, self.name, *names)

        async def keep(record: Any) -> None:
            await self._tools.write({key: record})

        return keep

    async def _keep_progress(self, progress: BackfillProgress) -> None:
        key = log_key("backfill", self.name, progress.backfill_id, progress.resource)
        await self._tools.write({key: progress})

    # ---------------------------------------------------------------- what keeps the work going

    async def _forever(self, name: str, work: Callable[[], Awaitable[float]]) -> None:
        while True:
            try:
                wait_s = await work()
                self._bugs.pop(name, None)
            except OwnershipLostError:
                raise
            except (KafkaUnreachableError, SpoolFullError) as error:
                _log.warning("kafka_unreachable", connection=self.name, error=str(error), retry_in_s=_RETRY_S)
                wait_s = _RETRY_S
            except (ConfigError, SealedUnreadableError) as error:
                self.hold(Trouble.SECRET_MISSING, str(error))
                wait_s = _RETRY_S
            except Exception as error:  # a fault of one source must not end the others
                _log.exception("source_failed", connection=self.name, work=name)
                self._bugs[name] = f"{name}: {type(error).__name__}"
                wait_s = _BUG_S
            await asyncio.sleep(wait_s)

    def hold(self, trouble: Trouble, why: str) -> None:
        """Ask nothing until a person says that it is fixed, or the next probe succeeds."""
        if self.pausing is not trouble:
            _log.error("connection_paused", connection=self.name, trouble=trouble.value, why=why)
        self.pausing, self._paused_why, self._paused_ms = trouble, why[:300], self._tools.now_ms()

    async def _may_ask(self) -> None:
        """Return once the connection is not paused."""
        while True:
            if self.pausing is not Trouble.NONE and self._may_probe():
                self.pausing, self._paused_why = Trouble.NONE, ""
                if self.keeper is not None:
                    await self.keeper.retry_rejected()
            if self.pausing is Trouble.NONE and not self.is_paused_by_person:
                return
            await asyncio.sleep(_PAUSED_S)

    def _may_probe(self) -> bool:
        since_ms = self._tools.now_ms() - self._paused_ms
        patience_ms = MINUTE_MS if self.pausing is Trouble.SECRET_MISSING else PROBE_MS
        return since_ms >= patience_ms or self.control.resumed_ms > self._paused_ms

    # ---------------------------------------------------------------- the kinds of work

    def _poll_turn(self, poller: ResourcePoller) -> Callable[[], Awaitable[float]]:
        async def turn() -> float:
            await self._may_ask()
            wait_s = await poller.turn()
            health = poller.health
            if health.trouble is Trouble.ACCESS_DENIED and (
                self.keeper is not None or health.failures >= _MAX_REJECTIONS
            ):
                self.hold(Trouble.ACCESS_DENIED, health.detail)
            return wait_s

        return turn

    async def _upkeep(self) -> float:
        """Renew the token in time, and seal it again after the key was replaced, paused or not."""
        assert self.keeper is not None
        await self.keeper.reseal()
        await self._may_ask()
        try:
            await self.keeper.upkeep()
        except PlatformError as error:
            _log.warning("token_not_renewed", connection=self.name, error=str(error))
        if self.keeper.state.rejection:
            self.hold(Trouble.ACCESS_DENIED, self.keeper.state.rejection)
        return _UPKEEP_S

    async def _backfill(self) -> float:
        assert self.backfiller is not None
        wishes = self.control.backfills
        await self._forget_withdrawn({wish.backfill_id for wish in wishes})
        if not wishes:
            return self._tools.pace_s
        await self._may_ask()
        if self._tools.lag() > _MAX_WAITING:
            return _RETRY_S
        return 0.0 if await self.backfiller.turn(wishes) else self._tools.pace_s

    async def _forget_withdrawn(self, wanted: set[str]) -> None:
        assert self.backfiller is not None
        gone = [key for key in self.backfiller.progress if key[0] not in wanted]
        for key in gone:
            await self._tools.write({log_key("backfill", self.name, *key): None})
            del self.backfiller.progress[key]

    async def _restated(self) -> float:
        """Ask once a day for the days that the source still restates."""
        await self._may_ask()
        slow = self._api.with_urgency(Urgency.BACKFILL)
        for poller in self.pollers.values():
            cursor = poller.cursor
            if not poller.poll.restated_days or not cursor.until_ms:
                continue
            if self._tools.now_ms() - cursor.restated_ms < DAY_MS:
                continue
            try:
                await poller.read_restated(slow)
            except (IncompleteWalkError, *PlatformError) as error:
                _log.warning("restated_days_not_read", connection=self.name, error=str(error))
                self._restated_failures += 1
                return backoff_s(_BUG_S, self._restated_failures)
        self._restated_failures = 0
        return float(MINUTE_MS // 1000)

    async def _compare(self) -> float:
        """Compare closed days, four times a day; the first time once the beginning has been read."""
        assert self.comparer is not None
        due_ms = self.check.checked_ms + (_COMPARE_AGAIN_MS if self.check.unknown else _COMPARE_MS)
        if self._tools.now_ms() < due_ms:
            return min(float(due_ms - self._tools.now_ms()) / 1000, _FIRST_COMPARE_S)
        if any(not poller.cursor.until_ms or poller.health.behind for poller in self.pollers.values()):
            return _BUG_S
        await self._may_ask()
        self.check = await self.comparer.check(self.check)
        await self.health.publish()
        return _BUG_S

    async def _doubt(self) -> float:
        """See once an hour whether what was reported can be true."""
        assert self.doubter is not None
        now_ms, control = self._tools.now_ms(), self.control
        if control.accepted_ms > self.doubts.checked_ms or now_ms - self.doubts.checked_ms >= HOUR_MS:
            self.doubts = await self.doubter.check(self.doubts, now_ms, control.accepted, control.accepted_ms)
            await self.health.publish()
        return float(MINUTE_MS // 1000)

    async def _test(self) -> float:
        """Test the connection when somebody asks for it, paused or not."""
        asked_ms = self.control.tested_ms
        if asked_ms > self._tested_ms:
            tools, book = self._tools, self._book()
            trial = await tried(
                self.connection, self.spec, tools.sealer, book, tools.now_ms, tools.sender, self.keeper
            )
            record = StoredTrial(asked_ms, tools.now_ms(), tuple(trial.lines))
            await tools.write({log_key("trial", self.name): record})
            self._tested_ms = asked_ms
        return self._tools.pace_s

    async def _beat(self) -> float:
        await self.health.beat()
        return self._tools.pace_s
