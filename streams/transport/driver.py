"""The transport class and its registration with Faust."""

from __future__ import annotations

from faust.transport.drivers import TRANSPORTS
from faust.transport.drivers import aiokafka as driver

from streams.transport.consumer import BatchConsumer
from streams.transport.options import BatchOptions

SCHEME = "batch"


class Transport(driver.Transport):
    """Faust's aiokafka transport with a consumer that delivers chunks."""

    Consumer = BatchConsumer

    @property
    def options(self) -> BatchOptions:
        """What the app asked for."""
        options: BatchOptions = getattr(self.app, "batch", None) or BatchOptions()
        return options


def install() -> None:
    """Teach Faust the URL scheme ``batch://host:port``. Repeating it does nothing."""
    TRANSPORTS.aliases[SCHEME] = f"{Transport.__module__}:{Transport.__qualname__}"
