"""The connections there are, from funnelwatch.yaml and from the topic, kept up to date while a process runs.

The collector keeps a copy of those of the topic on disk (secrets in it are sealed), so that it knows them after a restart without Kafka.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path

import msgspec
import structlog
from aiokafka.errors import KafkaError
from pydantic import ValidationError

from scoring.errors import UNDECODABLE
from streams.config.model import Config
from streams.instance.files import write_atomically
from streams.kafka.errors import KafkaUnreachableError
from streams.kafka.followers import POLL_MS
from streams.kafka.servers import servers_of
from streams.settings import Settings
from streams.sources.configs import CONNECTION
from streams.sources.connection import Connection, connection_of
from streams.sources.sealing import Sealer, open_sealer, resolve
from streams.sources.source_log import SourceBook, SourceFollower, StoredConnection

_log = structlog.get_logger()

#: under ``data``: the connections of the topic as they were last
COPY = Path("sources") / "connections.json"
_RETRY_S = 2.0
#: seconds after which nobody waits any longer for the topic to be read
CAUGHT_UP_S = 12.0


def place_of(name: str) -> str:
    """What a connection's secrets are sealed for."""
    return f"connection/{name}"


class ConnectionDirectory:
    """The connections by name.

    Args:
        config: those of the file, and the stores.
        sealer: opens the secrets of those that were added at run time.
        book: where those are; the caller keeps it up to date.
    """

    def __init__(self, config: Config, sealer: Sealer, book: SourceBook) -> None:
        self._config, self._sealer, self.book = config, sealer, book
        self._seen = -1
        self._found: dict[str, Connection] = {}
        #: whether all of the topic has been read
        self.is_whole = False
        #: those who wait until everything that is there now has been read
        self.wanted: list[asyncio.Future[None]] = []
        self._is_wanted = asyncio.Event()

    def __iter__(self) -> Iterator[Connection]:
        self._look()
        return iter(self._found.values())

    async def caught_up(self, patience_s: float = CAUGHT_UP_S) -> None:
        """Wait until everything has been read that is there now. Whoever follows the topic answers.

        Raises:
            KafkaUnreachableError: the broker does not answer, or not within ``patience_s``.
        """
        read: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.wanted.append(read)
        self._is_wanted.set()
        try:
            async with asyncio.timeout(patience_s):
                await read
        except TimeoutError as error:
            raise KafkaUnreachableError(
                f"what is kept of sources was not read within {patience_s:g} s"
            ) from error

    async def asked(self, patience_s: float) -> None:
        """Wait until somebody wants to know what is there now, for so long."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(patience_s):
                await self._is_wanted.wait()

    def answer(self, count: int, error: KafkaUnreachableError | None = None) -> None:
        """Let the first ``count`` of those go on who wait: everything is read that was there when they asked, or it cannot be read."""
        waiting, self.wanted = self.wanted[:count], self.wanted[count:]
        if not self.wanted:
            self._is_wanted.clear()
        for one in waiting:
            if one.done():  # it waits no longer
                continue
            if error is None:
                one.set_result(None)
            else:
                one.set_exception(error)

    def get(self, name: str, source: str = "") -> Connection | None:
        """The connection of that name (and source); None if there is none."""
        self._look()
        found = self._found.get(name)
        return found if found is not None and source in ("", found.source) else None

    def _look(self) -> None:
        """Read the connections again if one has changed. Of two with one name the file's holds."""
        if self._seen == self.book.changes:
            return
        self._seen = self.book.changes
        found: dict[str, Connection] = {}
        for name, stored in self.book.under(StoredConnection, "connection"):
            try:
                settings = CONNECTION.validate_python(stored.settings)
            except ValidationError as error:
                _log.error("connection_unusable", connection=name, error=str(error.errors()[0]["msg"]))
                continue
            found[name] = connection_of(self._config, settings, self._secret(name), is_in_file=False)
        for settings in self._config.connections:
            found[settings.name] = connection_of(
                self._config, settings, self._secret(settings.name), is_in_file=True
            )
        known = {store.id for store in self._config.stores}
        self._found = {name: one for name, one in found.items() if known.issuperset(one.stores)}

    def _secret(self, name: str) -> Callable[[str], str]:
        return partial(resolve, sealer=self._sealer, place=place_of(name))


def save_copy(data: Path, book: SourceBook) -> None:
    """Keep the connections of the topic on disk; a full disk costs the copy only."""
    records = {key: (book.raw(key) or b"").decode() for key in book.keys("connection")}
    with contextlib.suppress(OSError):
        write_atomically(data / COPY, msgspec.json.encode(records), 0o600)


def load_copy(data: Path, book: SourceBook) -> None:
    """Take up the connections that an earlier process knew."""
    with contextlib.suppress(OSError, *UNDECODABLE):
        for key, value in msgspec.json.decode((data / COPY).read_bytes(), type=dict[str, str]).items():
            book.take(key, value.encode())


@asynccontextmanager
async def following(
    settings: Settings, config: Config, rename: Callable[[str], str] = str, sealer: Sealer | None = None
) -> AsyncIterator[ConnectionDirectory]:
    """A directory that follows the topic in the background; while Kafka is unreachable, what is known holds.

    Who needs no secrets gives a ``sealer`` without keys.
    """
    book = SourceBook()
    load_copy(settings.data, book)
    directory = ConnectionDirectory(config, sealer or open_sealer(settings), book)
    task = asyncio.create_task(_follow_forever(settings, directory, rename), name="connections")
    try:
        yield directory
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def _follow_forever(
    settings: Settings, directory: ConnectionDirectory, rename: Callable[[str], str]
) -> None:
    while True:
        fresh = SourceBook()
        follower = SourceFollower(servers_of(settings), fresh, rename)
        try:
            await follower.open()
            fresh.changes += directory.book.changes + 1
            directory.book, directory.is_whole = fresh, True
            saved = -1
            while True:
                if waiting := len(directory.wanted):
                    await follower.catch_up()
                    directory.answer(waiting)
                if saved != fresh.changes:
                    saved = fresh.changes
                    await asyncio.to_thread(save_copy, settings.data, fresh)
                await follower.follow(POLL_MS)
        except (KafkaError, OSError) as error:
            _log.info("kafka_unreachable", error=type(error).__name__, retry_in_s=_RETRY_S)
            away = KafkaUnreachableError(f"Kafka does not answer ({type(error).__name__})")
            directory.answer(len(directory.wanted), away)
        finally:
            await follower.close()
        # whoever asks is not kept waiting for the next attempt
        await directory.asked(_RETRY_S)
