"""A request that asks the broker waits so long and no longer, and then says which broker gave no answer."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from scoring.wording.text import Text
from streams.kafka.errors import KafkaUnreachableError
from streams.settings import Settings

_NO_ANSWER = Text(
    "{broker} 上的 Kafka 在 {seconds} 秒内没有响应。",
    "The broker at {broker} gave no answer within {seconds} s.",
)


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
        said = _NO_ANSWER.both(broker=settings.kafka, seconds=f"{patience_s:g}")
        raise KafkaUnreachableError(said) from error
