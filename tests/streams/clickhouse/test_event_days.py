"""What events add up to: counted by ClickHouse and by the pure core, the same."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from pydantic import SecretStr

from scoring.evaluation.event_facts import EventFact, FactEvent, FactSum, facts_by_day
from scoring.events.event import EventType
from streams.clickhouse.clients import open_writer
from streams.clickhouse.event_days import changed_days, count_days
from streams.settings import Settings, load_settings

COLUMNS = [
    "store_id", "event_time", "type", "event_id", "received_at", "visitor", "session", "product", "quantity", "channel",
    "device_class", "set_apart", "attributes", "version",
]  # fmt: skip
ZONE = "America/New_York"
#: clocks go back on the first of November
FIRST, LAST = date(2026, 10, 30), date(2026, 11, 3)
_START = datetime(2026, 10, 30, tzinfo=ZoneInfo(ZONE))


def made_up(count: int, seed: int) -> list[FactEvent]:
    """Events of few visitors and products, so that everything meets everything; odd values among them."""
    chance = np.random.default_rng(seed)

    def one_of(*some: Any) -> Any:
        return some[int(chance.integers(len(some)))]

    types = list(EventType)
    return [
        FactEvent(
            one_of(*types),
            round(_START.timestamp() * 1000) + int(chance.integers(0, 5 * 86_400_000 + 3_600_000)) // 3000 * 3000,
            visitor=one_of("", *(f"v{n}" for n in range(40))),
            session=one_of("", "", *(f"s{n}" for n in range(40))),
            product=one_of("", "p1", "p2", "p3"),
            quantity=one_of(0, 0, 1, 5),
            channel=one_of("", "direct", "Paid", "search_ads", "social", "downloads"),
            device_class=one_of("desktop", "ios", "", "bot") if chance.random() < 0.3 else "ios",
            set_apart=one_of("", "few_sources:net", "too_fast", "excluded") if chance.random() < 0.2 else "",
            attributes={
                name: value
                for name, value in {
                    "metric": one_of("", "LCP", "CLS", "INP", "TTFB"),
                    "value": one_of("", "2500", "0.1", "0.1001", "1e9", "nan", "-3", "201"),
                    "page": one_of("", "/a", "/b"),
                    "rating": one_of("", "1", "2", "5", "6", "4.5"),
                    "answered_min": one_of("", "0", "59", "60", "1440.5", "4320", "4321", "soon"),
                    "results": one_of("", "0", "0.0", "7", "-1"),
                    "error": one_of("", "", "declined"),
                }.items()
                if value
            },
        )
        for _ in range(count)
    ]  # fmt: skip


def rows_of(events: list[FactEvent], store: str = "s1") -> list[list[Any]]:
    return [
        [
            store, datetime.fromtimestamp(one.at_ms / 1000, UTC), one.type.value, f"{store}-e{number}", datetime.now(UTC),
            one.visitor, one.session, one.product, one.quantity, one.channel, one.device_class, one.set_apart,
            dict(one.attributes), 1,
        ]
        for number, one in enumerate(events)
    ]  # fmt: skip


@pytest.fixture
async def settings(clickhouse: Any, ready_database: str) -> Settings:
    return load_settings(
        clickhouse_url=clickhouse.url,
        clickhouse_password=SecretStr(clickhouse.password),
        clickhouse_database=ready_database,
    )


async def look(settings: Settings) -> int:
    client = await open_writer(settings)
    try:
        changed = await changed_days(client, settings, ["s1", "it's"], ZONE, FIRST, LAST)
        return await count_days(client, settings, ZONE, changed)
    finally:
        await client.close()


def counted(client: Any, store: str = "s1") -> dict[tuple[str, str], FactSum]:
    rows = client.query(
        "SELECT toString(day), fact, hits, cases, toFloat64(total), toFloat64(squares) FROM event_days "
        "WHERE store_id = {store:String} AND cases > 0",
        parameters={"store": store},
    ).result_rows
    return {(day, fact): FactSum(*sums) for day, fact, *sums in rows}


async def test_store_and_core_count_the_same_of_the_same_events(settings: Settings, clickhouse: Any) -> None:
    events, client = made_up(6000, 7), clickhouse.client(settings.clickhouse_database)
    client.insert("events_raw", rows_of(events), column_names=COLUMNS)
    assert await look(settings) == 5
    found = counted(client)
    expected = {
        (day, fact.value): one
        for day, facts in facts_by_day(events, ZONE).items()
        for fact, one in facts.items()
    }
    assert {fact for _, fact in expected} == {fact.value for fact in EventFact}
    assert found.keys() == expected.keys()
    for key, one in expected.items():
        assert (found[key].hits, found[key].cases) == (one.hits, one.cases), key
        assert found[key].total == pytest.approx(one.total), key
        assert found[key].squares == pytest.approx(one.squares), key


async def test_only_days_that_changed_are_counted_again_and_what_was_taken_back_is_gone(
    settings: Settings, clickhouse: Any
) -> None:
    client = clickhouse.client(settings.clickhouse_database)
    rows = rows_of(made_up(400, 8), "it's")
    client.insert("events_raw", rows, column_names=COLUMNS)
    assert await look(settings) == 5
    assert await look(settings) == 0
    before = counted(client, "it's")
    late = [*rows[0][:3], "late", *rows[0][4:]]
    late[2], late[12] = "review", {"rating": "1"}
    late[10], late[11] = "ios", ""
    client.insert("events_raw", [late], column_names=COLUMNS)
    assert await look(settings) == 1
    changed = {key for key, one in counted(client, "it's").items() if before.get(key) != one}
    assert {fact for _, fact in changed} == {"negative_reviews", "ratings"}
    client.command(
        "INSERT INTO events_raw SELECT * REPLACE ('excluded' AS set_apart, 2 AS version) FROM events_raw FINAL"
    )
    await look(settings)
    assert counted(client, "it's") == {}


async def test_a_day_before_clocks_change_ends_at_its_own_midnight(
    settings: Settings, clickhouse: Any
) -> None:
    """At 23:30 of the first of November, five hours behind UTC, it is 04:30 of the second there."""
    client = clickhouse.client(settings.clickhouse_database)
    at = datetime(2026, 11, 1, 23, 30, tzinfo=ZoneInfo(ZONE)) + timedelta(0)
    event = FactEvent(EventType.REVIEW, round(at.timestamp() * 1000), attributes={"rating": "4"})
    client.insert("events_raw", rows_of([event]), column_names=COLUMNS)
    await look(settings)
    assert {day for day, _ in counted(client)} == {"2026-11-01"} == set(facts_by_day([event], ZONE))
