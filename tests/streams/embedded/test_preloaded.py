"""Roles forked from a preloaded process end, are killed and report as processes that were started the ordinary way."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from streams.embedded.preloaded import ForkedProcess, Preloader
from streams.instance.processes import command_of
from streams.roles import ROLES
from tests.deadlines import within

JOBS = ("jobs", "--parent", str(os.getpid()))


@asynccontextmanager
async def preloader(tmp_path: Path, *modules: str) -> AsyncIterator[Preloader]:
    made = Preloader(list(modules), dict(os.environ))
    await made.open(tmp_path / "logs" / "preloaded.log")
    try:
        yield made
    finally:
        await made.close()


async def start(made: Preloader, tmp_path: Path, *arguments: str, **environment: str) -> ForkedProcess | None:
    with (tmp_path / "role.log").open("ab") as output:
        return await made.start(
            arguments, {**os.environ, "FUNNELWATCH_DATA": str(tmp_path), **environment}, output
        )


async def end_of(process: ForkedProcess) -> int:
    async with asyncio.timeout(within(20)):
        return await process.wait()


@pytest.mark.slow
async def test_a_forked_role_has_its_own_environment_command_line_and_end(tmp_path: Path) -> None:
    """With what every role imports: a library that starts a thread would make all roles start the ordinary way, unnoticed."""
    async with preloader(tmp_path, *(role.module for role in ROLES.values())) as made:
        unknown = await start(made, tmp_path, "nobody", "--parent", "1")
        assert unknown is not None, (tmp_path / "logs" / "preloaded.log").read_text()
        assert await end_of(unknown) == 2
        assert "invalid choice: 'nobody'" in (tmp_path / "role.log").read_text()
        wrong = await start(made, tmp_path, *JOBS, FUNNELWATCH_PARTITIONS="many")
        assert wrong is not None
        assert await end_of(wrong) == 78
        assert "input_value='many'" in (tmp_path / "role.log").read_text()
        waits = await start(made, tmp_path, *JOBS, FUNNELWATCH_CLICKHOUSE_URL="http://127.0.0.1:9")
        assert waits is not None
        async with asyncio.timeout(within(20)):
            while "streams.roles jobs --parent" not in command_of(waits.pid):
                await asyncio.sleep(0.02)
        await made.close()  # which harms nobody
        assert waits.returncode is None
        waits.kill()
        assert await end_of(waits) == -signal.SIGKILL
        assert await start(made, tmp_path, *JOBS) is None


async def test_without_a_preloaded_process_roles_are_started_the_ordinary_way(tmp_path: Path) -> None:
    async with preloader(tmp_path, "pyarrow") as made:  # which starts a thread
        assert await start(made, tmp_path, *JOBS) is None
        assert await start(made, tmp_path, *JOBS) is None  # nor is it asked again
    assert "1 threads of libraries" in (tmp_path / "logs" / "preloaded.log").read_text()
