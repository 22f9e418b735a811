"""Ways of orders: found by ClickHouse and by the pure core, the same; and what follows from them leads back to rows."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import pytest
from pydantic import SecretStr

from scoring.evaluation.attribution.attributing import attribute
from scoring.evaluation.attribution.credits import AttributionModel
from scoring.evaluation.attribution.journeys import (
    LostPath,
    OrderPath,
    channel_of,
    channel_sql,
    lost_paths,
    order_paths,
    visits_of,
)
from scoring.evaluation.attribution.lines import Attribution, AttributionFacts, AttributionLack
from scoring.evaluation.spans import SpanLength, last_spans
from streams.clickhouse.reader import Database
from streams.evaluation import attributed
from streams.evaluation.attributed import given_rates, read_attributions
from streams.settings import Settings, load_settings
from tests.fixtures.clickhouse import Databases
from tests.fixtures.journeys_seed import WRITTEN, Journeys, ad_rows, insert_journeys, journeys_of

ZONE = "America/New_York"
#: clocks go back on the first of November
SPAN = last_spans(1_764_600_000_000, ZONE, SpanLength.MONTH, 1)[0]
ADS = {
    "spring_sale": ("20.00", "3", "90.10"),
    "Brand": ("10.01", "1", "33.30"),
    "untagged": ("5.00", "0", "0"),
}


@dataclass(frozen=True)
class Seeded:
    """A database with three stores, and what was made up for them."""

    settings: Settings
    made: dict[str, Journeys]
    client: Any


@pytest.fixture(scope="module")
def seeded(clickhouse: Any, databases: Databases) -> Iterator[Seeded]:
    with databases.lent(clickhouse) as database:
        yield filled(clickhouse, database)


def filled(clickhouse: Any, database: str) -> Seeded:
    settings = load_settings(
        clickhouse_url=clickhouse.url,
        clickhouse_password=SecretStr(clickhouse.password),
        clickhouse_reader_password=SecretStr(clickhouse.reader_password),
        clickhouse_database=database,
    )
    client = clickhouse.client(database)
    made = {
        "s1": journeys_of(SPAN, "s1", 900, 5),
        "it's": journeys_of(SPAN, "it's", 80, 6),
        "s2": journeys_of(SPAN, "s2", 900, 8),
    }
    for store, days in (("s1", 2), ("s2", 10)):
        insert_journeys(client, made[store], ad_rows(SPAN, store, ADS, left_out=days))
    insert_journeys(client, made["it's"], [])
    return Seeded(settings, made, client)


async def read(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, stores: tuple[str, ...] = ("s1",)
) -> tuple[dict[str, Attribution], dict[str, AttributionFacts]]:
    """The attribution of stores, and the facts it was made of."""
    seen: dict[str, AttributionFacts] = {}

    def noted(facts: AttributionFacts) -> Attribution:
        seen[facts.store] = facts
        return attribute(facts)

    monkeypatch.setattr(attributed, "attribute", noted)
    monkeypatch.setattr(attributed, "LEAST_CONVERSIONS", 1)
    monkeypatch.setattr(attributed, "LEAST_INTERACTIONS", 1)
    database = Database(settings, 30.0)
    try:
        return await read_attributions(database, stores, SPAN, given_rates(())), seen
    finally:
        await database.close()


def of_core(made: Journeys, ads: tuple[int, int] | None) -> tuple[list[OrderPath], list[LostPath]]:
    visits, buyers = visits_of(made.events, ZONE), frozenset(made.buyers)
    within = [one for one in visits if one.began_ms >= SPAN.start_ms]
    return order_paths(visits, made.orders, ads), lost_paths(within, buyers, SPAN.start_ms, SPAN.end_ms)


async def test_store_and_core_find_the_same_ways(seeded: Seeded, monkeypatch: pytest.MonkeyPatch) -> None:
    made, other = seeded.made["s1"], seeded.made["it's"]
    found, facts = await read(seeded.settings, monkeypatch, ("s1", "it's"))
    assert set(found) == {"s1", "it's"}
    paths, lost = of_core(made, facts["s1"].ads.window)
    assert sorted(facts["s1"].paths, key=repr) == sorted(paths, key=repr)
    assert sorted(facts["s1"].lost, key=repr) == sorted(lost, key=repr)
    assert any(len(one.places) > 2 for one in paths)
    assert any(one.is_in_ads for one in paths)
    assert not all(one.is_in_ads for one in paths)
    paths, _ = of_core(other, None)
    assert sorted(facts["it's"].paths, key=repr) == sorted(paths, key=repr)


async def test_every_number_leads_back_to_as_many_rows(
    seeded: Seeded, monkeypatch: pytest.MonkeyPatch
) -> None:
    found, _ = await read(seeded.settings, monkeypatch)
    lines = [*found["s1"].channels, *found["s1"].campaigns, *found["s1"].sources]
    rows = [row for line in lines for row in line.rows]
    assert {row.relation.split("(")[0] for row in rows} == {"order_journeys", "report_rows"}
    counts = seeded.client.query(
        " UNION ALL ".join(
            f"SELECT {at}, count() FROM {row.relation} WHERE {row.condition}" for at, row in enumerate(rows)
        )
    ).result_rows
    assert dict(counts) == {at: row.count for at, row in enumerate(rows)}
    by_channel = {
        line.channel: line.credits[AttributionModel.LAST] for line in found["s1"].channels if line.credits
    }
    asked = seeded.client.query(
        f"SELECT channel, count(), sum(money) FROM {rows[0].relation} WHERE store_id = 's1' AND notEmpty(touches) GROUP BY channel"
    ).result_rows
    assert {name: (credit.orders, credit.money) for name, credit in by_channel.items() if credit.orders} == {
        name: (Decimal(count), money) for name, count, money in asked
    }


async def test_a_store_without_orders_and_ads_has_no_attribution(
    seeded: Seeded, monkeypatch: pytest.MonkeyPatch
) -> None:
    found, _ = await read(seeded.settings, monkeypatch, ("nobody",))
    assert found == {}


async def test_the_days_of_spend_and_of_orders_are_the_same(
    seeded: Seeded, monkeypatch: pytest.MonkeyPatch
) -> None:
    found, _ = await read(seeded.settings, monkeypatch, ("s2",))
    paid = next(line for line in found["s2"].channels if line.channel == "paid")
    assert found["s2"].window == (SPAN.start_ms, SPAN.end_ms - 10 * 86_400_000)
    assert paid.compared is not None
    assert paid.compared.orders is not None
    assert 0 < paid.compared.orders < paid.credits[AttributionModel.LAST].orders
    assert paid.compared.spend == Decimal("35.01") * 20
    lacks = {line.campaign: line.compared.cost for line in found["s2"].campaigns if line.compared}
    assert lacks["untagged"].lack is AttributionLack.NO_TAG  # type: ignore[union-attr]


def test_a_channel_is_named_alike_in_sql_and_in_the_core(clickhouse: Any) -> None:
    texts = sorted(
        {text for text, _ in WRITTEN}
        | {"E-Mail", " PPC ", "(not set)", "Social-Ads", "ads", "downloads", "None"}
    )
    asked = clickhouse.client("default").query(
        f"SELECT text, {channel_sql('text')} FROM (SELECT arrayJoin({{texts:Array(String)}}) AS text)",
        parameters={"texts": texts},
    )
    assert dict(asked.result_rows) == {text: channel_of(text) for text in texts}
