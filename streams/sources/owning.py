"""The connections of one partition, owned by this process: their workers, and the one producer that may write what they keep."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

import structlog

from scoring.records.raw_delivery import RawDelivery
from scoring.sources.health import ConnectionHealth
from streams.errors import FunnelwatchError
from streams.kafka.admin import partition_of
from streams.kafka.servers import Servers
from streams.sources.asking import HttpSender
from streams.sources.budgets import Budgets
from streams.sources.comparing import StoredDays
from streams.sources.connection import Connection
from streams.sources.controlling import with_past
from streams.sources.directory import ConnectionDirectory
from streams.sources.doubting import OrderStatements
from streams.sources.health_keeping import DeliveryNotes
from streams.sources.health_metrics import forget_state, show_state
from streams.sources.polling import Pseudonym
from streams.sources.publishing import RecordPublisher
from streams.sources.sealing import Sealer
from streams.sources.source import SourceSpec
from streams.sources.source_log import (
    ConnectionControl,
    ConnectionLease,
    OwnershipLostError,
    OwnerWriter,
    log_key,
)
from streams.sources.worker import ConnectionWorker
from streams.sources.worker_tools import WorkerTools

_log = structlog.get_logger()

#: a connection whose work ended with an error begins again after this long
_REST_S = 30.0


@dataclass(slots=True)
class SharedTools:
    """What the owners of one process share; see ``WorkerTools``."""

    kafka: Servers
    directory: ConnectionDirectory
    specs: Callable[[str], SourceSpec | None]
    records: RecordPublisher
    sender: HttpSender
    budgets: Budgets
    sealer: Sealer
    pseudonym: Pseudonym
    stored: StoredDays
    orders: OrderStatements
    now_ms: Callable[[], int]
    clock_s: Callable[[], float]
    notes_of: Callable[[str], DeliveryNotes]
    process: str
    rename: Callable[[str], str] = str
    _parts: dict[str, float] = field(default_factory=dict)

    async def deliver(self, deliveries: Sequence[RawDelivery]) -> None:
        """Keep raw deliveries (``DeliverySink``)."""
        await self.records.publish(raw=deliveries)

    def share_budgets(self, connections: Iterable[Connection], own: set[int], partitions: int) -> None:
        """Give each app's budget the part of it that our connections are of all that use the app."""
        of_all: dict[str, int] = {}
        of_us: dict[str, int] = {}
        for connection in connections:
            spec = self.specs(connection.source)
            if spec is None or spec.asking is None:
                continue
            app = spec.asking(connection).app
            of_all[app] = of_all.get(app, 0) + 1
            of_us[app] = of_us.get(app, 0) + (partition_of(connection.key, partitions) in own)
        for app, count in of_us.items():
            part = max(count, 1) / of_all[app]
            if self._parts.get(app) != part:
                self._parts[app] = part
                self.budgets.share(app, part)


class PartitionOwner:
    """The connections of one partition.

    Args:
        number: of the partition.
        transactional_id: the same for every process that owns it.
        shared: of the process.
        lag: deliveries of a partition that wait to be translated.
    """

    def __init__(
        self, number: int, transactional_id: str, shared: SharedTools, lag: Callable[[int], int]
    ) -> None:
        self.number, self._shared, self._lag = number, shared, lag
        self._writer = OwnerWriter(shared.kafka, transactional_id, shared.rename)
        self._tasks: dict[str, tuple[ConnectionWorker, asyncio.Task[None]]] = {}
        #: not before this moment: a connection whose work ended on its own
        self._rests: dict[str, float] = {}
        #: another process may own the partition by now, or the broker did not take a write
        self.is_lost = False

    @property
    def workers(self) -> list[ConnectionWorker]:
        """Of the connections that are worked on."""
        return [worker for worker, _ in self._tasks.values()]

    async def open(self) -> None:
        """Fence the former owner, then read what it kept.

        Raises:
            KafkaError, KafkaUnreachableError: no broker answers.
        """
        await self._writer.open()
        await self._shared.directory.caught_up()

    async def close(self) -> None:
        """Stop all work and let go."""
        await self._stop(list(self._tasks))
        await self._writer.close()

    def keep_to(self, connections: Iterable[Connection]) -> None:
        """Work on these connections and no others; one whose settings have changed begins again."""
        wanted = {connection.name: connection for connection in connections}
        for name, (worker, task) in list(self._tasks.items()):
            if task.done():
                self._tasks.pop(name)
                self._rests[name] = self._shared.clock_s() + _REST_S
            elif wanted.get(name) is None or wanted[name].config != worker.connection.config:
                task.cancel()
                self._tasks.pop(name)
                forget_state(worker.connection)
        now_s = self._shared.clock_s()
        for name, connection in wanted.items():
            if name not in self._tasks and not self.is_lost and now_s >= self._rests.get(name, 0.0):
                self._start(connection)

    def _start(self, connection: Connection) -> None:
        spec = self._shared.specs(connection.source)
        if spec is None or spec.config is None:
            return
        shared = self._shared
        tools = WorkerTools(
            sender=shared.sender,
            budgets=shared.budgets,
            sealer=shared.sealer,
            sink=shared,
            write=self._writer.write,
            pseudonym=shared.pseudonym,
            stored=shared.stored,
            orders=shared.orders,
            now_ms=shared.now_ms,
            clock_s=shared.clock_s,
            lag=lambda: self._lag(self.number),
            process=shared.process,
            report=_reported,
        )
        worker = ConnectionWorker(
            connection, spec, tools, shared.notes_of(connection.name), lambda: shared.directory.book
        )
        task = asyncio.create_task(self._work(worker), name=f"connection {connection.name}")
        self._tasks[connection.name] = (worker, task)

    async def _work(self, worker: ConnectionWorker) -> None:
        lease = ConnectionLease(self._shared.process, self.number, self._shared.now_ms())
        try:
            past = self._first_past(worker.connection)
            await self._writer.write({log_key("lease", worker.name): lease, **past})
            _log.info("connection_owned", connection=worker.name, partition=self.number)
            await worker.run()
        except OwnershipLostError as lost:
            _log.warning("ownership_lost", connection=worker.name, error=str(lost))
            self.is_lost = True
        except FunnelwatchError as error:
            _log.error("connection_failed", connection=worker.name, error=str(error))

    def _first_past(self, connection: Connection) -> dict[str, ConnectionControl]:
        """A new connection of funnelwatch.yaml reads its past, as one that is added does; once, for nobody else wishes for it."""
        book, key = self._shared.directory.book, log_key("control", connection.name)
        is_new = book.raw(key) is None and not book.keys(f"cursor/{connection.name}")
        if not (connection.is_in_file and is_new):
            return {}
        none = ConnectionControl()
        wished = with_past(
            none, connection, connection.config.past_days, "funnelwatch.yaml", self._shared.now_ms()
        )
        return {} if wished is none else {key: wished}

    async def _stop(self, names: Sequence[str]) -> None:
        going = [self._tasks.pop(name) for name in names]
        for worker, task in going:
            task.cancel()
            forget_state(worker.connection)
        await asyncio.gather(*(task for _, task in going), return_exceptions=True)


async def _reported(health: ConnectionHealth) -> None:
    show_state(health)
