"""The checks of ``funnelwatch doctor`` that ask the broker, the store and the spool of an instance."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from scoring.funnel.units import DAY_MS
from streams.config.loading import read_config
from streams.doctor.finding import Finding
from streams.embedded.log_repair import set_aside
from streams.embedded.store.damage import damaged_parts
from streams.instance.config_file import find_config
from streams.kafka.topics import COUNTS_CHANGELOG, TOPICS
from streams.printable import counted
from streams.settings import Settings

_ASK_S = 8.0
#: records behind which a consumer counts as late
_LAG_WARNING = 100_000
_CLOCK_OFF_MS = 5_000
_SEEN_DAYS = 30
_STOPPED_DAYS = 2


async def broker(settings: Settings) -> list[Finding]:
    """Whether the broker answers, has every topic with a leader, and how far behind the consumers are."""
    from aiokafka.admin import AIOKafkaAdminClient
    from aiokafka.errors import KafkaError

    from streams.kafka.reaching import why_unreachable
    from streams.kafka.servers import connection, servers_of

    servers = servers_of(settings)
    problem, advice = await why_unreachable(servers)
    if problem:
        return [Finding("bad", "kafka", problem, advice)]
    admin = AIOKafkaAdminClient(**connection(servers), request_timeout_ms=int(_ASK_S * 1000))
    try:
        async with asyncio.timeout(_ASK_S):
            await admin.start()
            described = await admin.describe_topics([spec.name for spec in TOPICS])
    except (KafkaError, OSError, TimeoutError) as error:
        await admin.close()
        advice = "is it running? `funnelwatch status`; for your own Kafka, check FUNNELWATCH_KAFKA"
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
                    "create them: funnelwatch prepare",
                )
            ]
        if leaderless:
            advice = "a broker of the cluster is down; bring it back"
            return [Finding("bad", "topics", f"no leader for {', '.join(leaderless[:5])}", advice)]
        found = [
            Finding("good", "kafka", f"{settings.kafka}, {counted(len(described), 'topic')}"),
            *_partitions({topic["topic"]: len(topic["partitions"]) for topic in described}),
        ]
        async with asyncio.timeout(_ASK_S):
            return [*found, *await _lags(settings, admin)]
    except (KafkaError, OSError, TimeoutError) as error:
        return [Finding("warning", "kafka", f"cannot read the lags ({type(error).__name__})", "try again")]
    finally:
        await admin.close()


def _partitions(counts: Mapping[str, int]) -> Iterator[Finding]:
    """Whether the topics by store have the same number of partitions: else no monitor starts."""
    by_store = {spec.name: counts[spec.name] for spec in TOPICS if spec.per_partition}
    if len(set(by_store.values())) > 1:
        numbers = ", ".join(f"{topic} {count}" for topic, count in by_store.items())
        advice = f"carry the monitor's state over: funnelwatch repartition {max(by_store.values())}"
        yield Finding("bad", "partitions", f"topics differ: {numbers}", advice)


async def _lags(settings: Settings, admin: Any) -> Sequence[Finding]:
    from aiokafka import AIOKafkaConsumer

    from streams.kafka.servers import connection, servers_of

    groups = sorted(
        group for group, *_ in await admin.list_consumer_groups() if group.startswith(settings.group_prefix)
    )
    findings = []
    consumer = AIOKafkaConsumer(**connection(servers_of(settings)))
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
                advice = "if the number falls, it is catching up; if not, start another process of this role"
                findings.append(
                    Finding("warning", "lag", f"{group} is {counted(lag, 'record')} behind", advice)
                )
            else:
                findings.append(Finding("good", "lag", f"{group} is {counted(lag, 'record')} behind"))
    finally:
        await consumer.stop()
    return findings


@dataclass(frozen=True, slots=True)
class _StoreAnswers:
    """What ClickHouse answered: its version and clock, migrations applied, reasons of the last day's dead letters."""

    version: str
    clock_ms: int
    applied: frozenset[int]
    rejected: Sequence[tuple[str, int]]
    last_seen_ms: Mapping[str, int]


async def _ask_store(settings: Settings) -> _StoreAnswers:
    from streams.clickhouse.clients import open_writer
    from streams.clickhouse.errors import mapped

    database = settings.clickhouse_database
    client = await open_writer(settings, database="default")
    try:
        with mapped():
            ((version, clock_ms),) = (
                await client.query("SELECT version(), toUnixTimestamp64Milli(now64(3))")
            ).result_rows
            applied = (
                await client.query(f"SELECT DISTINCT number FROM {database}.schema_migrations")
            ).result_rows
            rejected = (
                await client.query(
                    f"SELECT reason, count() FROM {database}.dead_letters "
                    "WHERE received_at > now() - INTERVAL 1 DAY GROUP BY reason ORDER BY 2 DESC"
                )
            ).result_rows
            seen = await _last_seen(client, settings)
    finally:
        await client.close()
    return _StoreAnswers(
        version,
        int(clock_ms),
        frozenset(int(number) for (number,) in applied),
        [(r, n) for r, n in rejected],
        seen,
    )


async def _last_seen(client: Any, settings: Settings) -> Mapping[str, int]:
    """The moment (ms) of the last event of each store that has one in the last ``_SEEN_DAYS``.

    Minutes are counted a while after their events have landed, and some events are in no count (those set apart, or of files):
    stores without a count lately are looked up among the events themselves, which are many, but not those of such a store.
    """
    database = settings.clickhouse_database
    counted_rows = await client.query(
        f"SELECT store_id, toUnixTimestamp(max(minute)) FROM {database}.stage_counts "
        f"WHERE minute > now() - INTERVAL {_SEEN_DAYS} DAY GROUP BY store_id"
    )
    landed_rows = await client.query(
        f"SELECT store_id, toUnixTimestamp(max(event_time)) FROM {database}.event_records "
        f"WHERE event_time > now() - INTERVAL {_SEEN_DAYS} DAY AND store_id NOT IN "
        f"(SELECT store_id FROM {database}.stage_counts WHERE minute > now() - INTERVAL {_STOPPED_DAYS} DAY) "
        "GROUP BY store_id"
    )
    seen: dict[str, int] = {}
    for store_id, last_s in (*counted_rows.result_rows, *landed_rows.result_rows):
        seen[store_id] = max(seen.get(store_id, 0), int(last_s) * 1000)
    return seen


async def store(settings: Settings) -> list[Finding]:
    """Whether ClickHouse answers, has this release's tables and the same time, and what was rejected lately."""
    from streams.clickhouse.errors import ClickHouseError
    from streams.clickhouse.reaching import why_unreachable

    where = settings.clickhouse_url
    try:
        async with asyncio.timeout(_ASK_S):
            answers = await _ask_store(settings)
    except (ClickHouseError, OSError, TimeoutError) as error:
        if "UNKNOWN_TABLE" in str(error) or "UNKNOWN_DATABASE" in str(error):
            advice = "landing creates them; see logs/landing.log"
            return [Finding("bad", "clickhouse", "its tables are missing", advice)]
        problem, advice = await why_unreachable(settings, error)
        return [Finding("bad", "clickhouse", f"{where}: {problem}", advice)]
    return [
        Finding("good", "clickhouse", f"{where}, version {answers.version}"),
        _migrations(settings, answers),
        *_store_clock(answers),
        _dead_letters(answers),
        *_silent_stores(settings, answers),
    ]


def _migrations(settings: Settings, answers: _StoreAnswers) -> Finding:
    from streams.clickhouse.migrations import find_migrations

    wanted = {m.number for m in find_migrations() if settings.clickhouse_cluster or not m.only_on_cluster}
    if wanted - answers.applied:
        numbers = ", ".join(map(str, sorted(wanted - answers.applied)))
        return Finding(
            "bad", "migrations", f"not applied: {numbers}", "restart landing or `up`; they apply them"
        )
    return Finding("good", "migrations", f"{len(answers.applied)} applied")


def _store_clock(answers: _StoreAnswers) -> Iterator[Finding]:
    from streams.clock import now_ms

    off_ms = abs(now_ms() - answers.clock_ms)
    if off_ms > _CLOCK_OFF_MS:
        yield Finding(
            "warning", "clocks", f"{off_ms / 1000:.0f} s apart from ClickHouse", "set up NTP on both"
        )


def _dead_letters(answers: _StoreAnswers) -> Finding:
    if not answers.rejected:
        return Finding("good", "dead letters", "none in the last day")
    reasons = ", ".join(f"{reason} {count:,}" for reason, count in answers.rejected[:5])
    advice = "list them: funnelwatch deadletters list"
    return Finding("warning", "dead letters", f"in the last day: {reasons}", advice)


def _silent_stores(settings: Settings, answers: _StoreAnswers) -> Iterator[Finding]:
    """The configured stores that never sent anything, and those that stopped."""
    from streams.clock import now_ms

    path = find_config(settings.data, settings.config)
    stores = read_config(path)[0].stores if path is not None else ()
    never = [store.id for store in stores if store.id not in answers.last_seen_ms]
    at_ms = now_ms()
    stopped = [
        store.id
        for store in stores
        if at_ms - answers.last_seen_ms.get(store.id, at_ms) > _STOPPED_DAYS * DAY_MS
    ]
    if never:
        advice = "install the pixel, send orders, connect a source or import its files"
        yield Finding("warning", "stores", f"nothing came within {_SEEN_DAYS} days of {_few(never)}", advice)
    if stopped:
        advice = "if it still sells: look at its key, its pixel and its source"
        yield Finding("warning", "stores", f"nothing for {_STOPPED_DAYS} days from {_few(stopped)}", advice)
    if stores and not never and not stopped:
        yield Finding("good", "stores", f"events of {counted(len(stores), 'store')} lately")


def _few(stores: Sequence[str]) -> str:
    return ", ".join(stores[:5]) + (f" and {len(stores) - 5} more" if len(stores) > 5 else "")


def tables(settings: Settings) -> list[Finding]:
    """Whether the embedded store answers without rows that it had."""
    found = damaged_parts(settings.data)
    if not found:
        return []
    text = f"damaged parts of tables are set apart ({len(found)}), and their rows are missing: {found[0]}"
    advice = "see the runbook, 'A part of a table is damaged'; delete the folders once they are dealt with"
    return [Finding("bad", "tables", text, advice)]


def log(settings: Settings) -> list[Finding]:
    """Whether the embedded broker answers without records that it had."""
    found = set_aside(settings.data / "kafka")
    if not found:
        return []
    text = f"damaged parts of the broker's log are set aside ({len(found)}), and their records are missing: {found[0]}"
    advice = (
        "see the runbook, 'A part of the broker's log is damaged'; delete the files once they are dealt with"
    )
    return [Finding("bad", "log", text, advice)]


def spool(settings: Settings) -> list[Finding]:
    """How much waits on the collector's disk for Kafka, and what was set aside there."""
    folder = settings.data / "spool"
    size = sum(path.stat().st_size for path in folder.glob("*/*.seg"))
    found = f"{size / 1e6:.1f} of {settings.spool_bytes / 1e6:.0f} MB waiting"
    if settings.spool_bytes and size > 0.8 * settings.spool_bytes:
        advice = "Kafka is unreachable or too slow; once the spool is full, the collector answers 503"
        findings = [Finding("bad", "spool", found, advice)]
    elif size > 1_000_000:
        findings = [Finding("warning", "spool", found, "it is sent once Kafka is reachable")]
    else:
        findings = [Finding("good", "spool", found)]
    aside = sorted(folder.glob("*/aside/*"))
    if aside:
        found = f"{len(aside)} damaged or rejected parts are set aside in {aside[0].parent}; their events are not counted"
        advice = "see the runbook, FunnelwatchSetAside; delete the files once they are dealt with"
        findings.append(Finding("bad", "spool", found, advice))
    return findings
