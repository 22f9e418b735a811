"""Orders that no page led to: page, API and Grafana count them in their stages, and in no step that begins with what a page reports."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from pathlib import Path

import pytest

from deploy.grafana.live_queries import NUMBERS
from scoring.funnel.stages import STAGES
from scoring.funnel.units import HOUR_MS, MINUTE_MS
from streams.clickhouse.reader import Database
from streams.config.model import Config
from streams.web.comparison.queries import StageTotals, compared_step
from streams.web.store.change_queries import ChangeQueries
from streams.web.store.queries import StoreQueries
from tests.contracts.grafana_queries import Asked, choices
from tests.fixtures.clickhouse import Store
from tests.fixtures.page import page_settings

#: events in a minute, by segment
COUNTED = {
    "ios/-": {"click": 200, "order": 20, "payment": 15},
    "[no page]": {"order": 50, "payment": 40, "fulfilment": 3},
    "[agents]": {"order": 10, "payment": 5},
}
CONFIG = Config.model_validate({"stores": [{"id": "shop"}]})


async def test_one_minute_says_the_same_everywhere(
    clickhouse: Store, ready_database: str, tmp_path: Path
) -> None:
    settings = page_settings(clickhouse, tmp_path, clickhouse_database=ready_database)
    at_ms = time.time_ns() // 1_000_000 // MINUTE_MS * MINUTE_MS
    minute = datetime.fromtimestamp((at_ms - MINUTE_MS) / 1000, UTC)
    client = clickhouse.client(ready_database)
    client.insert(
        "minutes_raw",
        [
            ["shop", minute, name, [counts.get(stage, 0) for stage in STAGES], 1]
            for name, counts in COUNTED.items()
        ],
        column_names=["store_id", "minute", "segment", "counts", "version"],
    )
    database = Database(settings, timeout_s=60)
    try:
        stores = StoreQueries(database)
        funnel = await stores.funnel("shop", 60, "", at_ms)
        of_agents = await stores.funnel("shop", 60, "[agents]", at_ms)
        line, paid = [
            await stores.series("shop", step, "", 1, at_ms) for step in ("click_to_order", "order_to_payment")
        ]
        change = await ChangeQueries(database, CONFIG, stores)._counts("shop", at_ms - HOUR_MS, at_ms)
        (sums,) = await database.rows(
            "SELECT sumForEach(counts) AS counts, sumForEach(pageless) AS pageless "
            f"FROM count_sums(first = {at_ms // 1000 - 3600}, last = {at_ms // 1000})"
        )
    finally:
        await database.close()
    stages = {
        stage.stage: (stage.count, stage.pageless) for stage in funnel.stages if stage.count is not None
    }
    assert stages == {"click": (200, 0), "order": (80, 60), "payment": (60, 45), "fulfilment": (3, 3)}
    rates = {step.step: step.conversion_rate for step in funnel.steps if step.conversion_rate is not None}
    assert rates == {"click_to_order": 0.1, "order_to_payment": 0.75, "payment_to_fulfilment": 0.05}
    shown = {stage.stage: stage.count for stage in of_agents.stages}
    assert (shown["order"], shown["payment"]) == (10, 5)
    assert sum(point.observed for point in line.points) == 20
    assert sum(point.observed for point in paid.points) == 60
    assert change == {"click": {"ios/-": 200.0}, "order": {"ios/-": 20.0}, "payment": {"ios/-": 15.0}}
    assert (sums["counts"], sums["pageless"]) == ([0, 200, 0, 80, 60, 3, 0], [0, 0, 0, 60, 45, 3, 0])
    totals = StageTotals({"click": 200, "order": 80}, {"order": 60})
    row = {"seen": 1, "mean": 1.0, "covered": 1, "minutes": 1, "missing": 0, "newest": "normal"}
    assert compared_step("click_to_order", row, totals, 60, None).conversion_rate == 0.1
    asked = Asked(at_ms // 1000 - 3600, at_ms // 1000, choices(1))
    found = {
        row["observed"]: row["drop_off"] for row in client.query(asked.expanded(NUMBERS)).named_results()
    }
    assert found == {200: None, 80: pytest.approx(0.9), 60: pytest.approx(0.25), 3: pytest.approx(0.95)}
