"""The checks of ``funnelwatch doctor`` that ask the broker, the store and the spool of an instance."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from streams.doctor.finding import Finding
from streams.kafka.topics import COUNTS_CHANGELOG, TOPICS
from streams.settings import Settings

_ASK_S = 8.0
#: records behind which a consumer counts as late
_LAG_WARNING = 100_000
_CLOCK_OFF_MS = 5_000


async def broker(settings: Settings) -> list[Finding]:
    """Whether the broker answers, has every topic with a leader, and how far behind the consumers are."""
    from aiokafka.admin import AIOKafkaAdminClient
    from aiokafka.errors import KafkaError

    admin = AIOKafkaAdminClient(bootstrap_servers=settings.kafka, request_timeout_ms=int(_ASK_S * 1000))
    try:
        async with asyncio.timeout(_ASK_S):
            await admin.start()
            described = await admin.describe_topics([spec.name for spec in TOPICS])
    except (KafkaError, OSError, TimeoutError) as error:
        await admin.close()
        advice = "is it running? `funnelwatch status`; with a Kafka of your own check FUNNELWATCH_KAFKA"
        return [Finding("bad", "kafka", f"{settings.kafka} does not answer ({type(error).__name__})", advice)]
    try:
        missing = [topic["topic"] for topic in described if topic["error_code"]]
        leaderless = [
            f"{topic['topic']}/{part['partition']}"
            for topic in described
            for part in topic["partitions"]
            if part["leader"] < 0
        ]
        if missing:
            return [
                Finding(
                    "bad",
                    "topics",
                    f"missing: {', '.join(missing)}",
                    "make them: funnelwatch prepare",
                )
            ]
        if leaderless:
            advice = "a broker of the cluster is away; bring it back"
            return [Finding("bad", "topics", f"no leader for {', '.join(leaderless[:5])}", advice)]
        found = [
            Finding("good", "kafka", f"{settings.kafka}, {len(described)} topics"),
            *_partitions({topic["topic"]: len(topic["partitions"]) for topic in described}),
        ]
        async with asyncio.timeout(_ASK_S):
            return [*found, *await _lags(settings, admin)]
    except (KafkaError, OSError, TimeoutError) as error:
        return [Finding("warning", "kafka", f"lags could not be read ({type(error).__name__})", "try again")]
    finally:
        await admin.close()


def _partitions(counts: Mapping[str, int]) -> Iterator[Finding]:
    """Whether the topics by store have the same number of partitions: else no monitor starts."""
    by_store = {spec.name: counts[spec.name] for spec in TOPICS if spec.per_partition}
    if len(set(by_store.values())) > 1:
        told = ", ".join(f"{topic} {count}" for topic, count in by_store.items())
        advice = f"carry the monitor's state over: funnelwatch repartition {max(by_store.values())}"
        yield Finding("bad", "partitions", f"not the same everywhere: {told}", advice)


async def _lags(settings: Settings, admin: Any) -> Sequence[Finding]:
    from aiokafka import AIOKafkaConsumer

    groups = sorted(
        group for group, *_ in await admin.list_consumer_groups() if group.startswith(settings.group_prefix)
    )
    findings = []
    consumer = AIOKafkaConsumer(bootstrap_servers=settings.kafka)
    await consumer.start()
    try:
        for group in groups:
            committed = {
                part: at.offset
                for part, at in (await admin.list_consumer_group_offsets(group)).items()
                if at.offset >= 0 and part.topic != COUNTS_CHANGELOG
            }
            ends = await consumer.end_offsets(list(committed)) if committed else {}
            lag = sum(max(ends[part] - offset, 0) for part, offset in committed.items())
            if lag > _LAG_WARNING:
                advice = "it catches up if the number falls; if not, start another process of this role"
                findings.append(Finding("warning", "lag", f"{group} is {lag:,} records behind", advice))
            else:
                findings.append(Finding("good", "lag", f"{group} is {lag:,} records behind"))
    finally:
        await consumer.stop()
    return findings


async def store(settings: Settings) -> list[Finding]:
    """Whether ClickHouse answers, has the tables of this release and the same time, and what was refused of late."""
    from streams.clickhouse.clients import open_writer
    from streams.clickhouse.errors import ClickHouseError, mapped
    from streams.clickhouse.migrations import find_migrations
    from streams.clock import now_ms

    database, where = settings.clickhouse_database, settings.clickhouse_url
    try:
        async with asyncio.timeout(_ASK_S):
            client = await open_writer(settings, database="default")
            try:
                with mapped():
                    version, there_ms = (
                        await client.query("SELECT version(), toUnixTimestamp64Milli(now64(3))")
                    ).result_rows[0]
                    applied = {
                        int(number)
                        for (number,) in (
                            await client.query(f"SELECT DISTINCT number FROM {database}.schema_migrations")
                        ).result_rows
                    }
                    refused = (
                        await client.query(
                            f"SELECT reason, count() FROM {database}.dead_letters "
                            "WHERE received_at > now() - INTERVAL 1 DAY GROUP BY reason ORDER BY 2 DESC"
                        )
                    ).result_rows
            finally:
                await client.close()
    except (ClickHouseError, OSError, TimeoutError) as error:
        told = " ".join(str(error).split())[:200] or type(error).__name__
        if "UNKNOWN_TABLE" in told or "UNKNOWN_DATABASE" in told:
            return [
                Finding(
                    "bad", "clickhouse", "its tables are missing", "landing makes them; see logs/landing.log"
                )
            ]
        advice = "is it running? `funnelwatch status`; with one of your own check FUNNELWATCH_CLICKHOUSE_URL and _PASSWORD"
        return [Finding("bad", "clickhouse", f"{where}: {told}", advice)]
    findings = [Finding("good", "clickhouse", f"{where}, version {version}")]
    wanted = {m.number for m in find_migrations() if settings.clickhouse_cluster or not m.only_on_cluster}
    if wanted - applied:
        numbers = ", ".join(map(str, sorted(wanted - applied)))
        findings.append(
            Finding(
                "bad", "migrations", f"not applied: {numbers}", "restart landing or `up`; they apply them"
            )
        )
    else:
        findings.append(Finding("good", "migrations", f"{len(applied)} applied"))
    off_ms = abs(now_ms() - int(there_ms))
    if off_ms > _CLOCK_OFF_MS:
        findings.append(
            Finding("warning", "clocks", f"{off_ms / 1000:.0f} s apart from ClickHouse", "set up NTP on both")
        )
    if refused:
        told = ", ".join(f"{reason} {count:,}" for reason, count in refused[:5])
        findings.append(
            Finding(
                "warning",
                "dead letters",
                f"in the last day: {told}",
                "see them: funnelwatch deadletters list",
            )
        )
    else:
        findings.append(Finding("good", "dead letters", "none in the last day"))
    return findings


def spool(settings: Settings) -> list[Finding]:
    """How much waits on the collector's disk for the broker."""
    folder = settings.data / "spool"
    size = sum(path.stat().st_size for path in folder.rglob("*") if path.is_file()) if folder.exists() else 0
    found = f"{size / 1e6:.1f} of {settings.spool_bytes / 1e6:.0f} MB wait"
    if settings.spool_bytes and size > 0.8 * settings.spool_bytes:
        advice = "the broker is away or too slow; the collector refuses events when it is full"
        return [Finding("bad", "spool", found, advice)]
    if size > 1_000_000:
        return [Finding("warning", "spool", found, "they are sent on when the broker is back")]
    return [Finding("good", "spool", found)]
