"""``funnelwatch up``: every process of an instance under one parent, started in order, kept running, ended in order.

Before it: ``plan.py`` (what to start). With it: ``child.py`` (one process), ``console.py`` (what is printed).
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
from collections.abc import Mapping
from pathlib import Path

from streams.clock import monotonic, now_ms
from streams.embedded.alert_tail import follow_alerts
from streams.embedded.child import FIRST_PAUSE_S, Child
from streams.embedded.console import Console
from streams.embedded.plan import Plan
from streams.embedded.preloaded import Preloader
from streams.embedded.reloading import ConfigChange, ConfigWatch
from streams.errors import StateError
from streams.instance.config_file import config_mark
from streams.instance.files import Instance, read_states, write_instance
from streams.instance.processes import end_all, is_ours
from streams.instance.scraping import write_targets
from streams.kafka.servers import servers_of
from streams.kafka.topics import EVENTS
from streams.roles import ROLES
from streams.settings import retention_of

#: how long what an earlier run left may take to end
_LEFTOVER_S = 30.0
_AGAIN_S = 1.0
#: how often the configuration is looked at; a file that is being written is at rest for this long before it is read
_CONFIG_LOOK_S = 2.0
#: without Kafka for this long the collector starts all the same: it keeps what comes on its disk
_COLLECT_S = 15.0
#: what a role says of a batch of records that the disk has changed, and how often the broker is started again for it
_DAMAGED, _REPAIRED_S = "CorruptRecord", 60.0


def clear_leftovers(data: Path, console: Console) -> None:
    """End what an earlier run left and remove its state files. Call it with the lock held."""
    left = [state.pid for state in read_states(data) if state.pid != os.getpid() and is_ours(state.pid)]
    if left:
        console.line(f"{console.word('left')}: {', '.join(map(str, left))}")
        end_all(left, _LEFTOVER_S)
    for path in (data / "run").glob("*.json"):
        path.unlink(missing_ok=True)


class CannotRunError(StateError):
    """A start failed for a reason that does not go away; everything has been ended. The command line prints it."""


def _root(failure: BaseException) -> BaseException:
    """The first failure of a group of tasks: the others were only cancelled."""
    while isinstance(failure, BaseExceptionGroup):
        failure = failure.exceptions[0]
    return failure


def _preloader(plan: Plan) -> Preloader | None:
    """One for all roles of the plan; for a single process it would save nothing."""
    if len(plan.roles) < 2:
        return None
    modules = dict.fromkeys(ROLES[command.role].module for command in plan.roles)
    return Preloader(list(modules), plan.roles[0].environment)


class Supervisor:
    """Runs a plan until asked to stop.

    ``later`` names roles whose processes start only when their event is set (the demo lays a past before it is watched).
    """

    def __init__(
        self,
        plan: Plan,
        console: Console,
        first_pause_s: float = FIRST_PAUSE_S,
        later: Mapping[str, asyncio.Event] | None = None,
    ) -> None:
        self._plan = plan
        self._later = dict(later or {})
        self._console = console
        self._settings = plan.settings
        self._data = plan.settings.data
        self._preloader = _preloader(plan)
        self._parts, self._roles = (
            {
                command.name: Child(command, self._data, self._change, first_pause_s, self._preloader)
                for command in commands
            }
            for commands in (plan.parts, plan.roles)
        )
        self._started_at_ms = now_ms()
        #: of the configuration in use
        self._config_mark = config_mark(plan.settings.config)
        self._asked_to_stop = asyncio.Event()
        self._topics_made = asyncio.Event()
        self._migrated = asyncio.Event()
        self._listening = asyncio.Event()
        self._repairing: asyncio.Task[None] | None = None
        self._repaired_at_s = float("-inf")

    def _change(self, name: str, what: str, details: str) -> None:
        """Print it; where a process that is ready serves its metrics is written down for Prometheus."""
        self._console.change(name, what, details)
        if what == "ready":
            with contextlib.suppress(OSError):  # a full disk: the next change writes it
                write_targets(self._data)
        if (
            _DAMAGED in details
            and "broker" in self._parts
            and monotonic() > self._repaired_at_s + _REPAIRED_S
        ):
            self._repaired_at_s = monotonic()
            # it looks through its log before it starts
            self._repairing = asyncio.create_task(self._parts["broker"].restart())

    async def wait_tables(self) -> None:
        """Return once the store's tables are up to date."""
        await self._migrated.wait()

    async def wait_ready(self, role: str) -> None:
        """Return once every process of ``role`` has been ready for the first time."""
        for child in self._processes_of(role):
            await child.wait_ready()

    def _processes_of(self, role: str) -> list[Child]:
        return [child for child in self._roles.values() if child.role == role]

    def ask_to_stop(self) -> None:
        """Stop in order; asked again, end everything at once."""
        if self._asked_to_stop.is_set():
            for child in (*self._roles.values(), *self._parts.values()):
                child.kill()
            return
        self._console.line(self._console.word("stop"))
        self._asked_to_stop.set()

    async def run(self) -> None:
        """Start everything, keep it running, and end it once asked to.

        Raises:
            CannotRunError: the tables were made by files that have been edited since.
        """
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            loop.add_signal_handler(number, self.ask_to_stop)
        work = asyncio.create_task(self._start_all(), name="start")
        stop = asyncio.create_task(self._asked_to_stop.wait())
        try:
            await asyncio.wait({stop, work}, return_when=asyncio.FIRST_COMPLETED)
            if work.done() and (failure := work.exception()) is not None:
                raise _root(failure)
        finally:
            stop.cancel()
            work.cancel()
            await asyncio.gather(work, return_exceptions=True)
            await self._end_all()

    async def _start_all(self) -> None:
        self._publish(self._config_mark)
        for part in self._parts.values():
            part.start()
        if self._preloader is not None:
            await self._preloader.open(self._data / "logs" / "preloaded.log")
        async with asyncio.TaskGroup() as group:
            group.create_task(self._make_topics())
            group.create_task(self._migrate())
            group.create_task(self._follow_alerts())
            group.create_task(self._start_roles())
            group.create_task(self._follow_config())
            for role, begin in self._later.items():
                for child in self._processes_of(role):
                    group.create_task(self._start_later(child, begin))

    async def _follow_config(self) -> None:
        """Take up a changed configuration once everything has started; keep the one that was read where it has errors."""
        path = self._settings.config
        if path is None:
            return
        watch = await asyncio.to_thread(ConfigWatch, path, self._config_mark)
        for child in (*self._parts.values(), *self._roles.values()):
            await child.wait_ready()
        while True:
            await asyncio.sleep(_CONFIG_LOOK_S)
            change = await asyncio.to_thread(watch.look)
            if change is not None:
                await self._take_up(change)

    async def _take_up(self, change: ConfigChange) -> None:
        if change.problems:
            more = f" (+{len(change.problems) - 1})" if len(change.problems) > 1 else ""
            self._console.change("config", "kept", f"{change.problems[0]}{more}")
            self._publish(self._config_mark, "\n".join(change.problems))
            return
        concerned = [child for child in self._roles.values() if change.concerns(child.role)]
        names = ", ".join(child.name for child in concerned)
        self._console.change("config", "taken", f"{', '.join(change.changed) or '='}: {names or '-'}")
        for child in concerned:  # one after the other: the others go on
            await child.restart()
        self._config_mark = change.mark
        self._publish(change.mark)
        if concerned:
            self._console.change("config", "ready")

    def _publish(self, mark: str, problems: str = "") -> None:
        settings, roles = self._settings, tuple(self._roles)
        instance = Instance(
            pid=os.getpid(),
            started_at_ms=self._started_at_ms,
            kafka=settings.kafka,
            clickhouse_url=settings.clickhouse_url,
            collector_url=self._plan.collector_url if "collector" in roles else "",
            page_url=self._plan.page_url if "page" in roles else "",
            config=str(settings.config or ""),
            roles=roles,
            parts=tuple(self._parts),
            config_mark=mark,
            config_problems=problems,
        )
        write_instance(self._data, instance)

    async def _make_topics(self) -> None:
        from aiokafka.errors import KafkaError

        from streams.kafka.admin import TopicsNotReadyError, create_topics, partitions_of
        from streams.kafka.reaching import reason

        settings, reported = self._settings, ""
        monitors = len(self._processes_of("monitor"))
        if "broker" in self._parts:
            await self._parts["broker"].wait_ready()
        while True:
            try:
                made = await create_topics(
                    servers_of(settings),
                    partitions=settings.partitions,
                    replication=settings.replication,
                    keep_days=retention_of(settings)[1],
                )
                # one monitor always has something to do: no need to ask
                partitions = len(await partitions_of(servers_of(settings), EVENTS)) if monitors > 1 else 1
                break
            except (KafkaError, TopicsNotReadyError, OSError) as error:
                reported = self._trouble("kafka", await reason(servers_of(settings), error), reported)
                await asyncio.sleep(_AGAIN_S)
        if made:
            self._console.change("topics", "made", str(len(made)))
        if monitors > partitions:
            self._console.line(
                self._console.word("idle").format(
                    idle=monitors - partitions, monitors=monitors, partitions=partitions
                )
            )
        self._topics_made.set()

    async def _migrate(self) -> None:
        if "store" in self._parts:
            await self._parts["store"].wait_ready()
        from streams.clickhouse.errors import ClickHouseError
        from streams.clickhouse.migrations import MigrationChangedError, migrate

        reported = ""
        while True:
            try:
                await migrate(self._settings)
                break
            except MigrationChangedError as error:
                raise CannotRunError(str(error)) from error
            except ClickHouseError as error:
                reported = self._trouble("clickhouse", f"{self._settings.clickhouse_url}: {error}", reported)
                await asyncio.sleep(_AGAIN_S)
        self._migrated.set()

    def _trouble(self, name: str, text: str, reported: str) -> str:
        """Say ``text`` once, not at every attempt; what was said."""
        text = " ".join(text.split())[:300]
        if text != reported:
            self._console.change(name, "degraded", text)
        return text

    async def _follow_alerts(self) -> None:
        await self._topics_made.wait()
        await follow_alerts(self._settings, self._console.alert, self._listening)

    async def _start_later(self, child: Child, begin: asyncio.Event) -> None:
        await begin.wait()
        child.start()

    async def _start_roles(self) -> None:
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._topics_made.wait(), _COLLECT_S)
        at_once = [child for child in self._roles.values() if child.role not in self._later]
        for child in at_once:
            if child.role == "collector":
                child.start()
        await self._topics_made.wait()
        await self._listening.wait()  # so that the first alert is not missed
        for child in at_once:
            if child.role != "collector" and not ROLES[child.role].needs_store:
                child.start()
        await self._migrated.wait()
        for child in at_once:
            if ROLES[child.role].needs_store:
                child.start()
        for child in self._roles.values():
            await child.wait_ready()
        console = self._console
        if "collector" in self._roles:
            console.line(f"{console.word('collector')} {self._plan.collector_url}")
        if "page" in self._roles:
            console.line(f"{console.word('page')} {self._plan.page_url}")
        console.line(console.word("up"))
        for line in self._plan.first_steps:
            console.line(line)

    async def _end_all(self) -> None:
        """The collector first, so that nothing new comes in; then who works on it; last the parts they depend on."""
        for child in self._processes_of("collector"):
            await child.stop()
        await asyncio.gather(*(child.stop() for child in self._roles.values()))
        await asyncio.gather(*(part.stop() for part in self._parts.values()))
        if self._preloader is not None:
            await self._preloader.close()
        self._console.line(self._console.word("down"))


def supervise(plan: Plan, console: Console, first_pause_s: float = FIRST_PAUSE_S) -> None:
    """Run ``plan`` in this process until SIGINT or SIGTERM. Call it with the lock held and no leftovers."""
    for note in plan.notes:
        console.line(note)

    async def run() -> None:
        await Supervisor(plan, console, first_pause_s).run()

    asyncio.run(run())
