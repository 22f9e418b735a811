"""A rolling upgrade under load, and back again: every process is replaced one at a time, and nothing is lost, repeated or unreachable.

``python -m tests.faults.rolling --old REF`` installs the release at REF of this repository in an environment of its own, starts the
whole system with it (collector, landing, two monitors, two pages), loads it, and replaces one process after the other: by this release,
then by the old one again. A reader asks the two pages in turn all the while, as a load balancer does: one of them has
to answer at every moment. Then what was acknowledged is compared with what readers see. Ends with 1 if anything differs.
"""

from __future__ import annotations

import argparse
import asyncio
import logging
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import aiohttp

from streams.embedded.ports import free_ports
from tests.deadlines import within
from tests.faults.checker import Checker, Report
from tests.faults.load import Load
from tests.faults.run import ACKNOWLEDGED_S, SETTLE_S, STORES, publish_baselines
from tests.faults.system import KEY, Part, System, until
from tests.places import ROOT

#: in which order processes are replaced: who makes the tables first, who shows them last; on the way back the other way round
ORDER = ("landing", "collector", "monitor-0", "monitor-1", "page-0", "page-1")
#: seconds under load before the first process is replaced, and after each
CALM_S = 6.0
#: a page is asked this often; what a reader waits for the other page of the two
ASKED_EVERY_S = 0.2
_COMMAND = "from streams.cli.main import main; main()"
READ = ("/", "/api/v1/alerts", f"/stores/{STORES[0]}")


@dataclass(frozen=True, slots=True)
class Release:
    """A release in an environment of its own."""

    name: str
    python: Path
    root: Path


def installed(ref: str, folder: Path) -> Release:
    """The release at ``ref``, with the libraries that it locked."""
    root = folder / "old"
    root.mkdir()
    content = subprocess.run(["git", "archive", ref], cwd=ROOT, capture_output=True, check=True).stdout
    subprocess.run(["tar", "-x", "-C", str(root)], input=content, check=True)
    uv = Path(sys.executable).with_name("uv")
    command = [str(uv), "sync", "-q", "--frozen", "--no-default-groups", "--extra", "embedded"]
    environment = {name: value for name, value in os.environ.items() if name != "VIRTUAL_ENV"}
    subprocess.run([*command, "--python", sys.executable], cwd=root, env=environment, check=True)
    return Release(ref, root / ".venv" / "bin" / "python", root)


class ReleasedPart(Part):
    """A role of one release or the other."""

    def become(self, release: Release) -> None:
        """Be of ``release`` from the next start on."""
        self._command[0] = str(release.python)
        self._environment["PYTHONPATH"] = str(release.root)
        self._cwd = release.root


@dataclass(slots=True)
class Reader:
    """Asks the pages in turn, and the other one where one does not answer, as a load balancer does."""

    urls: list[str]
    asked: int = 0
    #: answers of 500 and above, and times at which neither page answered
    failed: list[str] = field(default_factory=list)
    passed_on: int = 0

    async def run(self) -> None:
        limit = aiohttp.ClientTimeout(total=within(10))
        async with aiohttp.ClientSession(timeout=limit) as session:
            while True:
                path = READ[self.asked % len(READ)]
                first, second = self.urls[self.asked % 2], self.urls[1 - self.asked % 2]
                self.asked += 1
                said = await self._ask(session, first + path)
                if said:
                    self.passed_on += 1
                    again = await self._ask(session, second + path)
                    if again:
                        self.failed.append(f"{time.strftime('%H:%M:%S')} {path}: {said}; {again}")
                        print(self.failed[-1], flush=True)
                await asyncio.sleep(ASKED_EVERY_S)

    async def _ask(self, session: aiohttp.ClientSession, url: str) -> str:
        """What was wrong; empty if it answered."""
        try:
            async with session.get(url) as answer:
                await answer.read()
                return "" if answer.status < 500 else f"{answer.status}"
        except (aiohttp.ClientError, OSError, TimeoutError) as error:
            return type(error).__name__


class RollingSystem(System):
    """The system with two pages, all of whose roles may be of another release."""

    def __init__(self, folder: Path, release: Release) -> None:
        super().__init__(folder, STORES, monitors=2, partitions=6)
        self.pages = [f"http://127.0.0.1:{port}" for port in free_ports(2)]
        for number, url in enumerate(self.pages):
            part = self._add_role(f"page-{number}", "page")
            part._environment["FUNNELWATCH_PAGE_PORT"] = url.rpartition(":")[2]
        for name in ORDER:
            plain = self.parts[name]
            role = name.partition("-")[0]
            data = plain._environment["FUNNELWATCH_DATA"]
            command = [sys.executable, "-c", _COMMAND, "run", role, "--data", data]
            self.parts[name] = ReleasedPart(name, command, plain._environment, plain._log)
        self.become(release)

    def become(self, release: Release) -> None:
        for name in ORDER:
            part = self.parts[name]
            assert isinstance(part, ReleasedPart)
            part.become(release)

    async def replace(self, name: str, release: Release) -> None:
        """End a process in order, start it of ``release``, and return once it is ready."""
        part = self.parts[name]
        assert isinstance(part, ReleasedPart)
        part.is_wanted = False
        await asyncio.to_thread(part.end, 30)
        part.become(release)
        part.start()
        part.is_wanted = True
        state = Path(part._environment["FUNNELWATCH_DATA"]) / "run" / f"{name.partition('-')[0]}.json"
        began = time.time()

        async def is_ready() -> bool:
            return (
                state.exists()
                and state.stat().st_mtime > began
                and f'"pid":{part.process.pid if part.process else 0}' in state.read_text().replace(" ", "")
                and '"state":"ready"' in state.read_text().replace(" ", "")
            )

        await until(is_ready, 120, f"{name} of {release.name} to be ready")


async def run(old: Release, folder: Path, rate: int, say: Callable[[str], None]) -> tuple[Report, Reader]:
    """Do it."""
    for name in ("aiokafka", "clickhouse_connect", "urllib3"):
        logging.getLogger(name).setLevel(logging.CRITICAL)
    new = Release("this", Path(sys.executable), ROOT)
    system = RollingSystem(folder / "system", old)
    reader = Reader(system.pages)
    asking: asyncio.Task[None] | None = None
    try:
        await system.start(publish_baselines)
        load = Load(system.settings.kafka, system.collector_url, KEY, STORES, rate, seed=int(time.time()))
        load.start()

        async def pages_answer() -> bool:
            async with aiohttp.ClientSession() as session:
                return not any([await reader._ask(session, url + "/") for url in system.pages])

        await until(pages_answer, 120, "the pages to answer")
        asking = asyncio.create_task(reader.run())
        say(f"everything runs on {old.name}")
        for release, order in ((new, ORDER), (old, tuple(reversed(ORDER)))):
            for name in order:
                await asyncio.sleep(CALM_S)
                await system.replace(name, release)
                load.check()
                say(
                    f"{name} is of {release.name}; {len(load.ledger.events):,} events, {reader.asked} reads, {len(reader.failed)} failed"
                )
        await asyncio.sleep(CALM_S)
        await load.stop(ACKNOWLEDGED_S)
        asking.cancel()
        report = await Checker(system).wait(load.ledger, SETTLE_S, say)
        for name, part in system.parts.items():
            for end in part.ends:
                say(f"{name} ended unasked: {end}")
        return report, reader
    finally:
        if asking is not None:
            asking.cancel()
        await asyncio.shield(system.stop())


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.faults.rolling", description=__doc__)
    parser.add_argument("--old", default="HEAD~100", help="the release to begin with, as git names it")
    parser.add_argument("--rate", type=int, default=200, help="events a second")
    asked = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="funnelwatch-rolling-"))
    print(f"logs in {folder}/system/logs", flush=True)
    old = installed(asked.old, folder)
    report, reader = asyncio.run(run(old, folder, asked.rate, lambda line: print(line, flush=True)))
    print(report)
    print(
        f"{reader.asked:,} reads, {reader.passed_on} passed on to the other page, {len(reader.failed)} without an answer"
    )
    print(*reader.failed[:20], sep="\n")
    if report.differences or report.not_settled or reader.failed:
        return 1
    shutil.rmtree(folder, ignore_errors=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
