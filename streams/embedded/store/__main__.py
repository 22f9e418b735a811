"""Run the embedded store: ``python -m streams.embedded.store --data DIR --host 127.0.0.1 --port N``."""

from __future__ import annotations

import argparse
import asyncio
import fcntl
import os
import signal
import sys
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from aiohttp import web

from streams.connections import Connections, LimitedSite
from streams.embedded.store.damage import damaged_parts
from streams.embedded.store.errors import StoreError
from streams.instance.files import StateReport, secret
from streams.instance.processes import open_files
from streams.printable import printable
from streams.settings import Settings, load_settings

if TYPE_CHECKING:
    from streams.embedded.store.rescue import Repaired, Rescue, SetApart

_DRAIN_S = 8.0
#: between two looks for parts that the disk has changed
_LOOK_S = 5.0


def arguments() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(prog="python -m streams.embedded.store", description=__doc__)
    parser.add_argument(
        "--data", type=Path, required=True, help="the instance's folder; the store keeps to DATA/clickhouse"
    )
    parser.add_argument("--host", default="127.0.0.1", help="where to listen")
    parser.add_argument("--port", type=int, default=0, help="the port; 0 takes a free one")
    parser.add_argument(
        "--threads",
        type=int,
        default=6,
        help="queries that run at a time, for the writer, for roles that read and for people who read",
    )
    parser.add_argument(
        "--waiting",
        type=int,
        default=100,
        help="queries that may wait; further ones are rejected with code 202",
    )
    parser.add_argument("--body-bytes", type=int, default=1 << 30, help="largest body of a request, as sent")
    parser.add_argument(
        "--query-s", type=float, default=600.0, help="longest query of the writer, in seconds"
    )
    parser.add_argument(
        "--reader-query-s", type=float, default=60.0, help="longest query of the reader, in seconds"
    )
    parser.add_argument(
        "--detached", action="store_true", help="go on when the process that started this one ends"
    )
    return parser.parse_args()


async def serve(asked: argparse.Namespace, settings: Settings, parent: int) -> None:
    """Serve until SIGTERM or SIGINT, or until the process ``parent`` has gone."""
    from streams.embedded.store.engine import Limits, StoreEngine
    from streams.embedded.store.protocol import Users
    from streams.embedded.store.rescue import Rescue
    from streams.embedded.store.server import StoreServer
    from streams.embedded.store.token_readers import TokenReaders

    asked_to_stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, asked_to_stop.set)
    data: Path = asked.data
    report = StateReport(data, "store")
    report.say("starting")
    limits = Limits(query_s=asked.query_s, reader_query_s=asked.reader_query_s)
    engine = StoreEngine(data / "clickhouse", settings.clickhouse_database, limits)
    users = Users(
        settings.clickhouse_user,
        settings.clickhouse_password.get_secret_value() or secret(data, "clickhouse_password"),
        settings.clickhouse_reader,
        settings.clickhouse_reader_password.get_secret_value() or secret(data, "clickhouse_reader_password"),
        secret(data, "clickhouse_roles_password"),
        TokenReaders(settings).find,
    )
    server = StoreServer(
        engine, users, threads=asked.threads, waiting=asked.waiting, body_bytes=asked.body_bytes
    )
    app, connections = server.app(), Connections.within(open_files())
    app.middlewares.insert(0, connections.middleware)
    runner = web.AppRunner(app, auto_decompress=False, access_log=None, handler_cancellation=True)
    await runner.setup()
    site = LimitedSite(runner, asked.host, asked.port, connections, auto_decompress=False)
    await site.start()
    host, port = runner.addresses[0][:2]
    address = f"http://{host}:{port}"
    detail = _state(engine.version, data)
    rescue = Rescue(engine)
    rescuing = asyncio.create_task(_rescued(rescue))
    sys.stdout.write(f"store ready at {address}, ClickHouse {engine.version}\n")
    sys.stdout.flush()

    while not asked_to_stop.is_set():
        if rescuing.done():
            detail, rescuing = _state(engine.version, data), asyncio.create_task(_rescued(rescue))
        with suppress(OSError):  # a full disk fails inserts, not reads
            report.ready(detail, {"http": address})
        try:
            await asyncio.wait_for(asked_to_stop.wait(), 1.0)
        except TimeoutError:
            if not asked.detached and os.getppid() != parent:
                break
    report.say("stopping")
    rescuing.cancel()
    await site.stop()
    await server.drain(_DRAIN_S)
    await runner.cleanup()
    server.close()
    engine.close()
    report.clear()


def _state(version: str, data: Path) -> str:
    """The store's state in one line; parts that are set apart are named in its log, too."""
    detail = f"ClickHouse {version}"
    if damaged := damaged_parts(data):
        detail += (
            f"; {len(damaged)} damaged parts are set apart, and their rows are missing (funnelwatch doctor)"
        )
        _log(f"{detail}: {', '.join(map(str, damaged[:20]))}")
    return detail


async def _rescued(rescue: Rescue) -> None:
    """Wait until damaged parts of tables have been set apart."""
    found: list[SetApart | Repaired] = []
    while not found:
        await asyncio.sleep(_LOOK_S)
        try:
            found = await asyncio.to_thread(rescue.look)
        except (StoreError, OSError) as error:  # a full disk, say: the part is met again
            _log(f"a damaged part cannot be set apart yet: {error}")
    for one in found:
        _log(str(one))


def _log(text: str) -> None:
    sys.stderr.write(printable(text) + "\n")
    sys.stderr.flush()


def main() -> int:
    """Lock the folder and serve."""
    parent = os.getppid()  # before the seconds that the engine takes to load: the parent may end in them
    os.environ["TZ"] = "UTC"  # before the engine is loaded: its zone must not depend on the machine
    asked = arguments()
    asked.data = asked.data.absolute()
    folder: Path = asked.data / "clickhouse"
    folder.mkdir(parents=True, exist_ok=True)
    lock = (folder / "lock").open("a+")
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        lock.seek(0)
        holder = lock.read().strip() or "unknown"
        sys.stderr.write(
            printable(
                f"{folder} is in use by another store (process {holder}): stop it first, or give another --data"
            )
            + "\n"
        )
        return 73
    lock.truncate(0)
    lock.write(str(os.getpid()))
    lock.flush()
    settings = load_settings(data=asked.data)
    os.chdir(folder)  # the engine takes a config.xml from the working folder, as soon as it is imported
    asyncio.run(serve(asked, settings, parent))
    # The engine's own threads may take seconds to end; everything is on disk, so do not wait for them.
    sys.stdout.flush()
    os._exit(0)


if __name__ == "__main__":
    sys.exit(main())
