"""The embedded store on its own, for commands that work on the folder of an instance that does not run."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

from pydantic import SecretStr

from streams.clock import monotonic
from streams.errors import StateError
from streams.instance.files import read_state, secret
from streams.instance.processes import killed_with_us
from streams.settings import Settings

_READY_S = 120.0
_STOP_S = 60.0


class StoreFailedError(StateError):
    """The embedded store did not start over a folder; the text quotes it. The command line prints it."""


@asynccontextmanager
async def store_alone(settings: Settings) -> AsyncIterator[Settings]:
    """Settings by which the store over ``settings.data`` answers while the block runs.

    Raises:
        StoreFailedError: it did not start.
    """
    data = settings.data.absolute()
    log = data / "logs" / "store-alone.log"
    process = _started(data, log)
    try:
        url = await _address(process, data, log)
        given = settings.model_fields_set
        update: dict[str, object] = {"clickhouse_url": url, "clickhouse_cluster": ""}
        for name in ("clickhouse_password", "clickhouse_reader_password"):
            if name not in given or not getattr(settings, name).get_secret_value():
                update[name] = SecretStr(secret(data, name))
        yield settings.model_copy(update=update)
    finally:
        process.terminate()
        with suppress(subprocess.TimeoutExpired):
            await asyncio.to_thread(process.wait, _STOP_S)
        if process.poll() is None:
            process.kill()
            process.wait()
        log.unlink(missing_ok=True)


async def _address(process: subprocess.Popen[bytes], data: Path, log: Path) -> str:
    until = monotonic() + _READY_S
    while process.poll() is None and monotonic() < until:
        state = read_state(data, "store")
        if state is not None and state.pid == process.pid and state.state == "ready":
            return state.addresses["http"]
        await asyncio.sleep(0.05)
    raise StoreFailedError(f"the store over {data} did not start: {_said(log)[-800:] or 'it said nothing'}")


def _started(data: Path, log: Path) -> subprocess.Popen[bytes]:
    log.parent.mkdir(parents=True, exist_ok=True)
    command = [sys.executable, "-m", "streams.embedded.store", "--data", str(data), "--port", "0"]
    with log.open("wb") as output:
        return subprocess.Popen(killed_with_us(command), stdout=output, stderr=output)


def _said(log: Path) -> str:
    return log.read_text(encoding="utf-8", errors="replace").strip()
