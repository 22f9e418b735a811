"""``funnelwatch prepare``: topics and tables for roles that are run one by one; ``up`` does this itself."""

from __future__ import annotations

import asyncio
import contextlib
from typing import Annotated

import typer

from streams.cli.starting import checked_settings, data_option, fail
from streams.cli.terminal import say
from streams.kafka.servers import servers_of
from streams.settings import Settings, retention_of

_AGAIN_S = 2.0
#: seconds for one attempt at Kafka
_MIN_TRY_S, _MAX_TRY_S = 5.0, 30.0


def prepare(
    data: data_option = None,
    patience: Annotated[
        float, typer.Option("--patience", help="Seconds to wait for Kafka and ClickHouse.")
    ] = 120.0,
) -> None:
    """Create missing Kafka topics and ClickHouse tables, then exit.

    For production, before `funnelwatch run ROLE`. What exists is left unchanged, so it can run on every deployment.
    `funnelwatch up` does this itself; it needs `prepare` only to recreate a topic that was deleted while it runs.
    """
    from streams.instance.files import NoInstanceError, connect_settings

    settings = checked_settings(data=data)
    with contextlib.suppress(NoInstanceError):  # the defaults may be right
        settings = connect_settings(settings)
    for line in asyncio.run(_prepared(settings, patience)):
        say(line)


async def _prepared(settings: Settings, patience_s: float) -> list[str]:
    from aiokafka.errors import KafkaError

    from streams.clickhouse.errors import ClickHouseError, ClickHouseUnreachableError
    from streams.clickhouse.migrations import migrate
    from streams.clickhouse.reaching import why_unreachable
    from streams.clock import monotonic
    from streams.kafka.admin import TopicsNotReadyError, create_topics
    from streams.kafka.reaching import reason

    deadline = monotonic() + patience_s
    lines = []
    while True:
        try:
            made = await create_topics(
                servers_of(settings),
                partitions=settings.partitions,
                replication=settings.replication,
                keep_days=retention_of(settings)[1],
                timeout_s=min(_MAX_TRY_S, max(_MIN_TRY_S, deadline - monotonic())),
            )
            break
        except (KafkaError, TopicsNotReadyError, OSError) as error:
            if monotonic() > deadline:
                why = await reason(servers_of(settings), error)
                fail(f"the topics cannot be created in Kafka at {why}", 69)
            await asyncio.sleep(_AGAIN_S)
    lines.append(f"topics created: {', '.join(made)}" if made else "all topics exist")
    while True:
        try:
            await migrate(settings)
            break
        except ClickHouseUnreachableError as error:
            if monotonic() > deadline:
                problem, advice = await why_unreachable(settings, error)
                fail(f"ClickHouse does not answer at {settings.clickhouse_url}: {problem}; {advice}", 69)
            await asyncio.sleep(_AGAIN_S)
        except ClickHouseError as error:
            problem, _ = await why_unreachable(settings, error)
            fail(f"ClickHouse at {settings.clickhouse_url} rejected the migrations: {problem}", 69)
    lines.append(f"tables of database {settings.clickhouse_database} are up to date")
    return lines


def register(app: typer.Typer) -> None:
    """Add ``prepare``."""
    app.command()(prepare)
