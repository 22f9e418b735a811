"""A worker on a fake platform in virtual time, put together once."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from scoring.sources.health import ConnectionHealth
from streams.config.model import Config
from streams.sources.asking import HttpSender
from streams.sources.budgets import Budgets
from streams.sources.configs import CONNECTION
from streams.sources.connection import Connection, connection_of
from streams.sources.sealing import Sealer
from streams.sources.source import SourceSpec
from streams.sources.worker import ConnectionWorker
from streams.sources.worker_tools import WorkerTools
from tests.fakes.memory_store import DurableBook, MemoryStore
from tests.fakes.virtual import VirtualClock

SECRETS = {
    "env:LYING_SHOP": "first-refresh",
    "env:NEW": "new-secret-of-contract",
    "env:OLD": "old-secret-of-contract",
}
STORES = {"stores": [{"id": "cn", "zone": "Asia/Shanghai", "currency": "CNY"}]}


def connection_from(settings: dict[str, Any], stores: dict[str, Any] | None = None) -> Connection:
    """The connection of some settings, its secrets from ``SECRETS``; ``stores`` are those of the configuration."""
    config = CONNECTION.validate_python(settings)
    return connection_of(
        Config.model_validate(stores or STORES), config, SECRETS.__getitem__, is_in_file=True
    )


@dataclass
class Workbench:
    """A connection, its platform, and what lies behind both."""

    connection: Connection
    spec: SourceSpec
    sender: HttpSender
    clock: VirtualClock
    store: MemoryStore
    durable: DurableBook = field(default_factory=DurableBook)
    reported: list[ConnectionHealth] = field(default_factory=list)
    lag: int = 0

    def worker(self) -> ConnectionWorker:
        """A new owner: all it knows is what is durable."""
        tools = WorkerTools(
            sender=self.sender,
            budgets=Budgets(),
            sealer=Sealer(["k" * 20]),
            sink=self.store,
            write=self.durable.write,
            pseudonym=lambda store, raw: f"~{raw[:16]:a<16}",
            stored=self.store,
            orders=self.store,
            now_ms=self.clock.now_ms,
            clock_s=self.clock.now_s,
            lag=lambda: self.lag,
            process="test",
            report=self._report,
            pace_s=300.0,
        )
        return ConnectionWorker(
            self.connection, self.spec, tools, self.store.notes, lambda: self.durable.book
        )

    async def _report(self, health: ConnectionHealth) -> None:
        self.reported.append(health)

    async def run_for(self, seconds: float, worker: ConnectionWorker | None = None) -> ConnectionWorker:
        """Let a worker work for so long."""
        worker = worker or self.worker()
        task = asyncio.create_task(worker.run())
        over = asyncio.create_task(asyncio.sleep(seconds))  # of virtual time
        await asyncio.wait({task, over}, return_when=asyncio.FIRST_COMPLETED)
        over.cancel()
        if task.done():
            task.result()
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        return worker


def workbench(
    settings: dict[str, Any],
    spec: SourceSpec,
    sender: HttpSender,
    clock: VirtualClock,
    step: Callable[[str], None] = lambda name: None,
) -> Workbench:
    """All of it."""
    connection = connection_from(settings)
    store = MemoryStore(connection, spec, step)
    return Workbench(connection, spec, sender, clock, store, DurableBook(step))
