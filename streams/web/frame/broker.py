"""A request that asks the broker waits so long and no longer, and then says which broker gave no answer."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from streams.kafka.errors import KafkaUnreachableError
from streams.settings import Settings


@asynccontextmanager
async def broker_within(settings: Settings, patience_s: float) -> AsyncIterator[None]:
    """Gives what is done in it ``patience_s`` to end.

    Raises:
        KafkaUnreachableError: it has not.
    """
    try:
        async with asyncio.timeout(patience_s):
            yield
    except TimeoutError as error:
        raise KafkaUnreachableError(
            f"The broker at {settings.kafka} gave no answer within {patience_s:g} s."
        ) from error
