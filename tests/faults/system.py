"""The product as shipped, every role a process of its own, with proxies between them, on a broker and a store of its own.

A process that ends is started again, as the supervisor would, unless it is kept down.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
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
from streams.embedded.ports import free_ports
from streams.kafka.admin import create_topics
from streams.kafka.topics import COUNTS_CHANGELOG, TOPICS, TopicSpec
from streams.settings import Settings, load_settings
from tests.deadlines import within
from tests.faults.proxy import Proxy
from tests.fixtures.forking import start_python
from tests.places import ROOT

KEY, PIXEL_KEY = "key-of-the-fault-tests", "pixel-key-of-the-fault-tests"
RESTART_S = 0.5
READY_S = 240.0
#: who comes to the broker, each by a listener and a proxy of its own
LINKS = ("load", "collector", "landing", "monitor-0", "monitors")
#: so little that a broker unreachable for some seconds fills it
SPOOL_BYTES = 300_000
#: the changelog is compacted all the time
COMPACTED = {
    "segment.ms": "1000",
    "min.cleanable.dirty.ratio": "0.01",
    "delete.retention.ms": "1000",
    "max.compaction.lag.ms": "2000",
}
#: roles that can be made to fail in their midst, or whose clock can be wrong
_MODULES = {
    "monitor": "tests.faults.monitor_part",
    **dict.fromkeys(("collector", "landing"), "tests.faults.clocked_part"),
}
_CLEANER = "log.cleaner.backoff.ms=500\nlog.segment.delete.delay.ms=1000\n"


class Part:
    """One process and how it is started; ``is_wanted`` is False while it is meant to be down."""

    def __init__(self, name: str, command: list[str], environment: dict[str, str], log: Path) -> None:
        self.name = name
        self._command, self._environment, self._log, self._cwd = command, environment, log, ROOT
        self.process: subprocess.Popen[bytes] | None = None
        self.is_wanted = True
        #: whether it is forked from a process that has imported what roles import
        self.is_forked = False
        #: ends that nobody asked for: exit code and last line of the log
        self.ends: list[str] = []
        #: most memory that it held at any look, in MB
        self.peak_mb = 0

    def start(self) -> None:
        with self._log.open("ab") as log:
            if self.is_forked:
                self.process = start_python(*self._command[1:], env=self._environment, stdout=log)
                return
            self.process = subprocess.Popen(
                self._command,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env=self._environment,
                cwd=self._cwd,
            )

    @property
    def is_running(self) -> bool:
        return self.process is not None and self.process.poll() is None

    @property
    def is_stopped(self) -> bool:
        """Whether SIGSTOP holds it."""
        assert self.process is not None
        with contextlib.suppress(OSError):
            return Path(f"/proc/{self.process.pid}/stat").read_text().rpartition(")")[2].split()[0] == "T"
        return False

    def look(self) -> None:
        """Note how much memory it holds."""
        self.peak_mb = max(self.peak_mb, self.memory_mb())

    def memory_mb(self) -> int:
        """Resident memory now; 0 while it is not there."""
        return resident_mb(self.process.pid if self.process is not None else None)

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
                self.process.wait(within(limit_s))
            except subprocess.TimeoutExpired:
                self.kill()


def resident_mb(pid: int | None) -> int:
    """Resident memory of a process in megabytes; 0 if there is none."""
    with contextlib.suppress(OSError):
        pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
        return pages * os.sysconf("SC_PAGE_SIZE") // 1_000_000
    return 0


class System:
    """Broker, store, proxies and roles under ``folder``."""

    def __init__(self, folder: Path, stores: list[str], monitors: int, partitions: int) -> None:
        self.folder, self.partitions = folder, partitions
        (folder / "logs").mkdir(parents=True, exist_ok=True)
        ports = iter(free_ports(5 + 2 * len(LINKS)))
        kafka_port, controller_port, store_port, store_proxy_port, collector_port = itertools.islice(ports, 5)
        self.store_port = store_port
        #: proxy and port behind it of each link to the broker
        self.links = {name: Proxy(next(ports), next(ports)) for name in LINKS}
        config = folder / "funnelwatch.yaml"
        lines = [
            f"  - {{id: {store}, platform: own_site, keys: ['env:FAULTS_KEY'], pixel_keys: ['env:FAULTS_PIXEL']}}"
            for store in stores
        ]
        config.write_text("stores:\n" + "\n".join(lines) + "\n")
        self.settings = load_settings(
            data=folder,
            config=config,
            kafka=f"127.0.0.1:{self.links['load'].port}",
            clickhouse_url=f"http://127.0.0.1:{store_proxy_port}",
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
            spool_bytes=SPOOL_BYTES,
        )
        self.collector_url = f"http://127.0.0.1:{collector_port}"
        self.broker = _broker_behind(self.links, self.settings, folder, kafka_port, controller_port)
        self.store_proxy = Proxy(store_proxy_port, store_port)
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
        #: False while everything is meant to be down
        self.is_kept = True

    @property
    def monitors(self) -> list[Part]:
        return [part for name, part in self.parts.items() if name.startswith("monitor")]

    def _add(self, name: str, arguments: list[str], settings: Settings) -> Part:
        environment = {
            **environment_of(settings),
            "FAULTS_KEY": KEY,
            "FAULTS_PIXEL": PIXEL_KEY,
            "PYTHONPATH": str(ROOT),
        }
        part = Part(name, [sys.executable, *arguments], environment, self.folder / "logs" / f"{name}.log")
        self.parts[name] = part
        return part

    def _add_role(self, name: str, role: str) -> Part:
        data = self.folder / name
        data.mkdir(exist_ok=True)
        link = self.links.get(name, self.links["monitors"])
        settings = self.settings.model_copy(update={"data": data, "kafka": f"127.0.0.1:{link.port}"})
        module = _MODULES.get(role, "streams.roles")
        part = self._add(name, ["-m", module, role, "--parent", str(os.getpid())], settings)
        part.is_forked = True
        return part

    def add_monitor(self) -> Part:
        """One worker more, started."""
        part = self._add_role(f"monitor-{len(self.parts)}", "monitor")
        part.start()
        return part

    async def start(self, prepare: Callable[[str], Awaitable[None]]) -> None:
        """Start everything and wait until the collector takes events; ``prepare`` is called between broker and roles."""
        for proxy in (*self.links.values(), self.store_proxy):
            await proxy.start()
        self.broker.start()
        await until(lambda: _answers(self.broker), READY_S, "the broker to answer")
        await self.make_topics()
        await prepare(self.settings.kafka)
        for part in self.parts.values():
            part.start()
        self._keeper = asyncio.create_task(self._keep())
        await until(self._collector_is_ready, READY_S, "the collector to answer")

    async def make_topics(self) -> None:
        """Make the topics that do not exist."""
        specs = [
            TopicSpec(spec.name, spec.per_partition, {**spec.configs, **COMPACTED})
            if spec.name == COUNTS_CHANGELOG
            else spec
            for spec in TOPICS
        ]
        await create_topics(self.settings.kafka, partitions=self.partitions, topics=specs)

    async def end_parts(self) -> None:
        """End every part and the broker in order, as ``up`` does at Ctrl-C."""
        await asyncio.gather(
            *(asyncio.to_thread(part.end) for name, part in self.parts.items() if name != "store")
        )
        await asyncio.to_thread(self.parts["store"].end)
        await asyncio.to_thread(self.broker.stop)

    async def stop(self) -> None:
        """End everything."""
        if self._keeper is not None:
            self._keeper.cancel()
        await self.end_parts()
        for proxy in (*self.links.values(), self.store_proxy):
            await proxy.stop()

    async def _keep(self) -> None:
        while True:
            if not self.is_kept:
                await asyncio.sleep(0.1)
                continue
            for part in list(self.parts.values()):
                part.look()
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
        limit = aiohttp.ClientTimeout(total=within(2))
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


def _broker_behind(
    links: dict[str, Proxy], settings: Settings, folder: Path, port: int, controller_port: int
) -> Broker:
    """A broker with a listener for each link, which asks whoever comes by it to come by its proxy again."""
    broker = broker_of(settings, folder, port=port, controller_port=controller_port)
    names = {name: name.upper().replace("-", "") for name in links}
    own = [f"PLAINTEXT://127.0.0.1:{broker.port}", f"CONTROLLER://127.0.0.1:{broker.controller_port}"]
    listeners = [*own, *(f"{names[name]}://127.0.0.1:{link.target}" for name, link in links.items())]
    advertised = [own[0], *(f"{names[name]}://127.0.0.1:{link.port}" for name, link in links.items())]
    protocols = [f"{name}:PLAINTEXT" for name in ("PLAINTEXT", "CONTROLLER", *names.values())]
    broker.more_properties = (
        f"listeners={','.join(listeners)}\n"
        f"advertised.listeners={','.join(advertised)}\n"
        f"listener.security.protocol.map={','.join(protocols)}\n{_CLEANER}"
    )
    return broker


async def until(is_so: Callable[[], Awaitable[Any]], limit_s: float, what: str) -> None:
    """Wait until ``is_so``; after ``limit_s`` say what was waited for."""
    deadline = time.monotonic() + within(limit_s)
    while not await is_so():
        if time.monotonic() > deadline:
            raise TimeoutError(f"waited {limit_s:.0f} s for {what}")
        await asyncio.sleep(0.2)
