"""Waits until the broker and the store answer, for as long as it takes. Used by ``streams/landing/role.py``."""

from __future__ import annotations

import asyncio
from typing import Any

import structlog
from aiokafka.errors import KafkaError

from streams.clickhouse.errors import ClickHouseError
from streams.clickhouse.migrations import MigrationChangedError, migrate
from streams.clickhouse.stores import register_stores
from streams.config.model import Config
from streams.landing.writer import Writer
from streams.settings import Settings

_log = structlog.get_logger()


async def started(part: Any) -> None:
    """Start a Kafka client; retried until a broker answers."""
    wait_s = 0.5
    while True:
        try:
            await part.start()
        except (KafkaError, OSError) as error:
            _log.warning("kafka_unreachable", error=str(error), retry_in_s=wait_s)
            await asyncio.sleep(wait_s)
            wait_s = min(wait_s * 2, 5.0)
        else:
            return


async def migrated(settings: Settings, config: Config, writer: Writer) -> None:
    """Bring the tables up to date; retried until ClickHouse answers.

    Raises:
        MigrationChangedError: the tables were made by files that have been edited since.
    """
    wait_s = 0.5
    while True:
        try:
            await migrate(settings)
            await register_stores(settings, config)
        except MigrationChangedError:
            raise
        except ClickHouseError as error:
            writer.trouble = " ".join(str(error).split())[:300]
            _log.warning("clickhouse_unreachable", error=writer.trouble, retry_in_s=wait_s)
            await asyncio.sleep(wait_s)
            wait_s = min(wait_s * 2, 5.0)
        else:
            writer.trouble = ""
            return
