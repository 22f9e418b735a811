"""The page as a running server over the real engine, with seeded rows in a database of its own."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
from aiohttp import web
from pydantic import SecretStr

from streams.clickhouse import migrate
from streams.settings import Settings
from streams.web import make_app
from tests.fixtures_clickhouse import Store
from tests.web_seed import CONFIG, seed


@dataclass
class RunningPage:
    """A page that serves in a thread of its own, and the moment for which its rows were made."""

    url: str
    now_ms: int

    def get(self, path: str, **more: Any) -> httpx.Response:
        return httpx.get(self.url + path, timeout=20, **more)

    def json(self, path: str) -> Any:
        answer = self.get(f"/api/v1{path}")
        assert answer.status_code == 200, answer.text
        return answer.json()


def serve(settings: Settings, now_ms: int = 0) -> Iterator[RunningPage]:
    """Serve the page in a thread until the generator is closed."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()

    def wait(work: Any) -> Any:
        return asyncio.run_coroutine_threadsafe(work, loop).result(30)

    async def start() -> web.AppRunner:
        runner = web.AppRunner(make_app(settings, CONFIG), access_log=None, shutdown_timeout=0.2)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        return runner

    runner = wait(start())
    yield RunningPage(f"http://127.0.0.1:{runner.addresses[0][1]}", now_ms)
    wait(runner.cleanup())
    loop.call_soon_threadsafe(loop.stop)
    thread.join(5)
    loop.close()


def page_settings(store: Store, data: Path, **more: Any) -> Settings:
    """Settings of a page over ``store``."""
    return Settings(
        data=data,
        clickhouse_url=store.url,
        clickhouse_password=SecretStr(store.password),
        clickhouse_reader_password=SecretStr(store.reader_password),
        **more,
    )


@pytest.fixture(scope="module")
def page(clickhouse: Store, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningPage]:
    """The page over eight seeded stores, one with a fall of payments. One a file: what it calls recent must still be so."""
    settings = page_settings(
        clickhouse, tmp_path_factory.mktemp("page"), clickhouse_database="funnelwatch_page"
    )
    with ThreadPoolExecutor(1) as apart:  # a browser's loop may already run in this thread
        apart.submit(asyncio.run, migrate(settings)).result()
    client = clickhouse.client("funnelwatch_page")
    now_ms = time.time_ns() // 1_000_000
    seed(client, now_ms)
    yield from serve(settings, now_ms)
    client.command("DROP DATABASE funnelwatch_page")


@pytest.fixture
def serve_page() -> Iterator[Callable[[Settings], RunningPage]]:
    """Serve further pages, with other settings."""
    started: list[Iterator[RunningPage]] = []

    def start(settings: Settings) -> RunningPage:
        started.append(serve(settings))
        return next(started[-1])

    yield start
    for running in started:
        next(running, None)
