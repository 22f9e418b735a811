"""What is kept of sources and imports, followed once for all pages of the process."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from streams.config.model import Config
from streams.kafka.errors import KafkaUnreachableError
from streams.settings import Settings
from streams.sources.directory import ConnectionDirectory, following
from streams.sources.sealing import Sealer
from streams.sources.source_log import SourceBook


class SourceState:
    """The topic of sources as a page sees it. One per process."""

    def __init__(self, settings: Settings, config: Config) -> None:
        self._settings, self._config = settings, config
        #: None before the page is served
        self.directory: ConnectionDirectory | None = None

    @asynccontextmanager
    async def followed(self) -> AsyncIterator[None]:
        """Follow it while the page is served. The page opens no secret, so it needs no key."""
        async with following(self._settings, self._config, sealer=Sealer(())) as directory:
            self.directory = directory
            yield

    async def book(self) -> SourceBook:
        """What is there now.

        Raises:
            KafkaUnreachableError: it cannot be read.
        """
        if self.directory is None:
            raise KafkaUnreachableError("the page is not served yet")
        await self.directory.caught_up()
        return self.directory.book
