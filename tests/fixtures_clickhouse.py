"""The real ClickHouse engine for tests: the embedded store as a process of its own, one for the whole test session."""

from __future__ import annotations

import os
import re
import select
import subprocess
import sys
import time
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import clickhouse_connect
import pytest


@dataclass
class Store:
    """A running store. ``client()`` and ``read_client()`` are clickhouse-connect clients of the writer and the reader."""

    url: str
    process: subprocess.Popen[str]
    data: Path
    user: str = "funnelwatch"
    password: str = "writer-password-of-tests"
    reader: str = "funnelwatch_reader"
    reader_password: str = "reader-password-of-tests"
    _clients: list[Any] = field(default_factory=list)

    @property
    def port(self) -> int:
        return int(self.url.rpartition(":")[2])

    def client(self, database: str = "funnelwatch", **more: Any) -> Any:
        return self._connect(self.user, self.password, database, more)

    def read_client(self, database: str = "funnelwatch", **more: Any) -> Any:
        return self._connect(self.reader, self.reader_password, database, more)

    def _connect(self, user: str, password: str, database: str, more: dict[str, Any]) -> Any:
        client = clickhouse_connect.get_client(
            host="127.0.0.1", port=self.port, username=user, password=password, database=database, **more
        )
        self._clients.append(client)
        return client

    def stop(self) -> None:
        for client in self._clients:
            client.close()
        self.process.terminate()
        if self.process.stdout is not None:
            self.process.stdout.close()
        try:
            self.process.wait(20)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait(10)


def start_store(data: Path, *arguments: str) -> Store:
    """Start a store over ``data`` and wait until it says that it is ready."""
    store = Store("", None, data)  # type: ignore[arg-type]
    environment = {
        **os.environ,
        "FUNNELWATCH_CLICKHOUSE_PASSWORD": store.password,
        "FUNNELWATCH_CLICKHOUSE_READER_PASSWORD": store.reader_password,
    }
    process = subprocess.Popen(
        [sys.executable, "-m", "streams.embedded.store", "--data", str(data), "--port", "0", *arguments],
        stdout=subprocess.PIPE,
        text=True,
        env=environment,
        cwd=Path(__file__).parents[1],
    )
    store.process = process
    assert process.stdout is not None
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline and process.poll() is None:
        if not select.select([process.stdout], [], [], 0.5)[0]:
            continue
        if found := re.search(r"ready at (http://\S+?),", process.stdout.readline()):
            store.url = found[1]
            return store
    process.kill()
    raise RuntimeError(f"the embedded store did not start (exit code {process.wait()})")


@pytest.fixture(scope="session")
def clickhouse(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    """The embedded store, with an empty database ``funnelwatch``."""
    store = start_store(tmp_path_factory.mktemp("store"))
    yield store
    store.stop()


@pytest.fixture
def fresh_database(clickhouse: Store) -> Iterator[str]:
    """The name of a new empty database that the reader may read; it is dropped after the test."""
    name = f"funnelwatch_{uuid.uuid4().hex[:10]}"
    client = clickhouse.client()
    client.command(f"CREATE DATABASE {name}")
    yield name
    client.command(f"DROP DATABASE {name}")


@pytest.fixture
def launch_store(tmp_path: Path) -> Iterator[Callable[..., Store]]:
    """Start further stores, for tests that stop or kill one."""
    started: list[Store] = []

    def launch(*arguments: str, data: Path | None = None) -> Store:
        started.append(start_store(data or tmp_path / "data", *arguments))
        return started[-1]

    yield launch
    for store in started:
        store.stop()
