"""Those who wait for the topic to be read are answered: when it was, when it cannot be, or after a while."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from streams.config.model import Config
from streams.kafka.errors import KafkaUnreachableError
from streams.settings import load_settings
from streams.sources import directory as sources_directory
from streams.sources.directory import ConnectionDirectory
from streams.sources.sealing import Sealer
from streams.sources.source_log import SourceBook
from tests.deadlines import within


def directory() -> ConnectionDirectory:
    return ConnectionDirectory(Config(), Sealer(()), SourceBook())


async def test_a_page_waited_for_ever_where_nobody_followed_the_topic() -> None:
    with pytest.raises(KafkaUnreachableError, match="was not read within"):
        await directory().caught_up(0.01)


async def test_who_asks_while_the_topic_is_read_waits_for_the_next_reading() -> None:
    found = directory()
    early = asyncio.ensure_future(found.caught_up())
    await asyncio.sleep(0)
    count = len(found.wanted)
    late = asyncio.ensure_future(found.caught_up())
    await asyncio.sleep(0)
    found.answer(count)
    await early
    assert not late.done()
    found.answer(len(found.wanted), KafkaUnreachableError("away"))
    with pytest.raises(KafkaUnreachableError, match="away"):
        await late
    assert found.wanted == []


async def test_while_kafka_did_not_answer_each_page_waited_for_the_next_attempt(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sources_directory, "_RETRY_S", within(300))
    settings = load_settings(data=tmp_path, kafka="127.0.0.1:9")
    async with sources_directory.following(settings, Config(), sealer=Sealer(())) as found:
        for _ in range(2):
            with pytest.raises(KafkaUnreachableError, match="does not answer"):
                await found.caught_up(within(60))
