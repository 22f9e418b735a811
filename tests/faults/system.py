"""The product as shipped, every role a process of its own, with proxies between them, on a broker and a store of its own.

A process that ends is started again, as the supervisor would, unless it is kept down.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import aiohttp
from pydantic import SecretStr

from streams.embedded.broker import Broker, answers_requests, broker_of
from streams.embedded.plan import environment_of
from streams.embedded.ports import free_port
from streams.kafka_topics import create_topics
from streams.settings import Settings, load_settings
from tests.faults.proxy import Proxy

ROOT = Path(__file__).parents[2]
KEY = "key-of-the-fault-tests"
RESTART_S = 0.5
READY_S = 60.0


class Part:
    """One process and how it is started; ``is_wanted`` is False while it is meant to be down."""

    def __init__(self, name: str, command: list[str], environment: dict[str, str], log: Path) -> None:
        self.name = name
        self._command, self._environment, self._log = command, environment, log
        self.process: subprocess.Popen[bytes] | None = None
        self.is_wanted = True
        #: ends that nobody asked for: exit code and last line of the log
        self.ends: list[str] = []

    def start(self) -> None:
        with self._log.open("ab") as log:
            self.process = subprocess.Popen(
                self._command,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env=self._environment,
                cwd=ROOT,
            )

    @property
    def is_running(self) -> bool:
        return self.process is not None and self.process.poll() is None

    def last_line(self) -> str:
        """The last thing it logged."""
        lines = self._log.read_text(errors="replace").strip().splitlines()
        return lines[-1][:400] if lines else ""

    def signal(self, number: signal.Signals) -> None:
        if self.is_running:
            assert self.process is not None
            self.process.send_signal(number)

    def kill(self) -> None:
        """End it as ``kill -9`` does."""
        self.signal(signal.SIGKILL)
        if self.process is not None:
            self.process.wait()

    def end(self, limit_s: float = 15) -> None:
        """End it in order."""
        self.signal(signal.SIGCONT)
        self.signal(signal.SIGTERM)
        if self.process is not None:
            try:
                self.process.wait(limit_s)
            except subprocess.TimeoutExpired:
                self.kill()


class System:
    """Broker, store, proxies and roles under ``folder``."""

    def __init__(self, folder: Path, stores: list[str], monitors: int, partitions: int) -> None:
        self.folder, self._partitions = folder, partitions
        (folder / "logs").mkdir(parents=True, exist_ok=True)
        kafka_port, store_port = free_port(), free_port()
        self.store_proxy_port, self.kafka_proxy_port, collector_port = free_port(), free_port(), free_port()
        self.store_port = store_port
        config = folder / "funnelwatch.yaml"
        lines = [f"  - {{id: {store}, platform: own_site, keys: ['env:FAULTS_KEY']}}" for store in stores]
        config.write_text("stores:\n" + "\n".join(lines) + "\n")
        self.settings = load_settings(
            data=folder,
            config=config,
            kafka=f"127.0.0.1:{self.kafka_proxy_port}",
            clickhouse_url=f"http://127.0.0.1:{self.store_proxy_port}",
            clickhouse_password=SecretStr("writer-password-of-tests"),
            clickhouse_reader_password=SecretStr("reader-password-of-tests"),
            hash_key=SecretStr("hash-key-of-tests"),
            collector_port=collector_port,
            partitions=partitions,
            monitor_flush_s=0.3,
            monitor_tick_s=1.0,
            monitor_grace_s=2.0,
            duplicate_horizon_minutes=120.0,
            landing_flush_s=0.4,
        )
        self.collector_url = f"http://127.0.0.1:{collector_port}"
        self.broker = _broker_behind(self.kafka_proxy_port, self.settings, folder, kafka_port)
        self.kafka_proxy = Proxy(self.kafka_proxy_port, kafka_port)
        self.store_proxy = Proxy(self.store_proxy_port, store_port)
        self.parts: dict[str, Part] = {}
        store_command = [
            "-m",
            "streams.embedded.store",
            "--data",
            str(folder / "store"),
            "--port",
            str(store_port),
        ]
        self._add("store", store_command, self.settings)
        self._add_role("collector", "collector")
        self._add_role("landing", "landing")
        for number in range(monitors):
            self._add_role(f"monitor-{number}", "monitor")
        self._keeper: asyncio.Task[None] | None = None
        self._restarted: dict[str, float] = {}
        self.broker_is_wanted = True

    @property
    def monitors(self) -> list[Part]:
        return [part for name, part in self.parts.items() if name.startswith("monitor")]

    def _add(self, name: str, arguments: list[str], settings: Settings) -> Part:
        environment = {**environment_of(settings), "FAULTS_KEY": KEY, "PYTHONPATH": str(ROOT)}
        part = Part(name, [sys.executable, *arguments], environment, self.folder / "logs" / f"{name}.log")
        self.parts[name] = part
        return part

    def _add_role(self, name: str, role: str) -> Part:
        data = self.folder / name
        data.mkdir(exist_ok=True)
        settings = self.settings.model_copy(update={"data": data})
        return self._add(name, ["-m", "streams.roles", role, "--parent", str(os.getpid())], settings)

    def add_monitor(self) -> Part:
        """One worker more, started."""
        part = self._add_role(f"monitor-{len(self.parts)}", "monitor")
        part.start()
        return part

    async def start(self, prepare: Callable[[str], Awaitable[None]]) -> None:
        """Start everything and wait until the collector takes events; ``prepare`` is called between broker and roles."""
        await self.kafka_proxy.start()
        await self.store_proxy.start()
        self.broker.start()
        await until(lambda: _answers(self.broker), READY_S, "the broker to answer")
        await create_topics(self.settings.kafka, partitions=self._partitions)
        await prepare(self.settings.kafka)
        for part in self.parts.values():
            part.start()
        self._keeper = asyncio.create_task(self._keep())
        await until(self._collector_is_ready, READY_S, "the collector to answer")

    async def stop(self) -> None:
        """End everything."""
        if self._keeper is not None:
            self._keeper.cancel()
        for part in reversed(self.parts.values()):
            await asyncio.to_thread(part.end)
        await asyncio.to_thread(self.broker.stop)
        await self.kafka_proxy.stop()
        await self.store_proxy.stop()

    async def _keep(self) -> None:
        while True:
            for part in list(self.parts.values()):
                if part.is_wanted and not part.is_running:
                    code = part.process.returncode if part.process is not None else 0
                    if code != -signal.SIGKILL:
                        part.ends.append(f"{code}: {part.last_line()}")
                    await asyncio.sleep(RESTART_S)
                    part.start()
            if self.broker_is_wanted and self.broker.pid is None:
                await asyncio.sleep(RESTART_S)
                self.broker.start()
            await asyncio.sleep(0.1)

    async def _collector_is_ready(self) -> bool:
        limit = aiohttp.ClientTimeout(total=2)
        with contextlib.suppress(aiohttp.ClientError, OSError, TimeoutError):
            async with (
                aiohttp.ClientSession(timeout=limit) as session,
                session.get(f"{self.collector_url}/healthz") as answer,
            ):
                return answer.status == 200
        return False


async def _answers(broker: Broker) -> bool:
    broker.check()
    return await asyncio.to_thread(answers_requests, broker.port)


def _broker_behind(proxy_port: int, settings: Settings, folder: Path, port: int) -> Broker:
    """A broker that tells its clients to come by the proxy."""
    broker = broker_of(settings, folder, port=port, quick=True)
    broker.advertised_port = proxy_port
    return broker


async def until(is_so: Callable[[], Awaitable[Any]], limit_s: float, what: str) -> None:
    """Wait until ``is_so``; after ``limit_s`` say what was waited for."""
    deadline = time.monotonic() + limit_s
    while not await is_so():
        if time.monotonic() > deadline:
            raise TimeoutError(f"waited {limit_s:.0f} s for {what}")
        await asyncio.sleep(0.2)
