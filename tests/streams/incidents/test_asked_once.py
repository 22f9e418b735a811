"""What several parts of a page need to know of alerts is asked of the real engine once, and no more of the past is read than they need."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from scoring.alerts.alert import AlertTransition
from scoring.funnel.money import WORTH_DAYS
from streams.clickhouse.reader import Database, Row
from streams.config.loading import load_config
from streams.incidents.present import PresentReader, present_figures
from streams.incidents.worth import Priced, WorthReader
from tests.fixtures.alert_card import ALERT
from tests.fixtures.clickhouse import Store
from tests.fixtures.page import page_settings
from tests.fixtures.web_seed import moment

DAY_MS, MINUTE_MS = 86_400_000, 60_000
NOW_MS = ALERT.at_ms // DAY_MS * DAY_MS + 43_200_000
SCORES = ["store_id", "minute", "step", "segment", "observed", "expected", "low", "high", "state", "version"]


class Asking:
    """The page's reader of ClickHouse, which remembers what it was asked with."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self.asked: list[dict[str, Any]] = []

    async def rows(self, sql: str, **parameters: Any) -> list[Row]:
        self.asked.append(parameters)
        return await self._database.rows(sql, **parameters)


@pytest.fixture
async def asking(clickhouse: Store, ready_database: str, tmp_path: Path) -> AsyncIterator[Asking]:
    database = Database(page_settings(clickhouse, tmp_path, clickhouse_database=ready_database))
    yield Asking(database)
    await database.close()


def firing(alert_id: str, store: str) -> AlertTransition:
    return msgspec.structs.replace(
        ALERT,
        alert_id=alert_id,
        store_id=store,
        members=(),
        segment="",
        opened_at_ms=NOW_MS - 120 * MINUTE_MS,
    )


async def test_grid_and_list_of_one_page_each_asked_for_the_present_of_the_same_alerts(
    asking: Asking, clickhouse: Store, ready_database: str
) -> None:
    rows = [
        [store, moment(NOW_MS - back * MINUTE_MS), ALERT.step, "", came, 4.0, 1.0, 8.0, "normal", 1]
        for store, came in (("north", 3.0), ("south", 1.0))
        for back in range(2, 80)
    ]
    clickhouse.client(ready_database).insert("scores_raw", rows, column_names=SCORES)
    north, south, silent = firing("a", "north"), firing("b", "south"), firing("c", "nowhere")
    present = PresentReader(asking.rows)
    of_grid = await present.of([north, silent], NOW_MS)
    of_list = await present.of([north, south, silent], NOW_MS)
    assert [sorted(asked["asks"]) for asked in asking.asked] == [["a", "c"], ["b"]]
    assert of_grid == {"a": of_list["a"]}
    assert of_list == await present_figures(asking.rows, [north, south, silent], NOW_MS)


async def test_an_alert_of_last_quarter_made_the_price_of_a_new_one_read_all_events_between(
    asking: Asking, clickhouse: Store, ready_database: str, tmp_path: Path
) -> None:
    path = tmp_path / "funnelwatch.yaml"
    path.write_text(
        "stores: [{id: north, currency: EUR, zone: Europe/Berlin}]\n"
        "alerting: {receivers: [{name: ops, channel: console}], route: {receiver: ops}}\n"
    )
    opened = {"old": NOW_MS - 80 * DAY_MS, "new": NOW_MS - DAY_MS, "newest": NOW_MS}
    columns = ["store_id", "event_time", "received_at", "type", "event_id", "order_id", "amount", "currency", "source"]  # fmt: skip
    orders = [
        ["north", moment(at - MINUTE_MS), moment(at), "order", name, name, amount, "EUR", "webhook"]
        for (name, at), amount in zip(opened.items(), ("10.00", "30.00", "50.00"), strict=True)
    ]
    clickhouse.client(ready_database).insert("events_raw", orders, column_names=columns)
    worth = WorthReader(asking.rows, load_config(path))
    found = await worth.of([Priced(name, "north", at) for name, at in opened.items()])
    assert {name: one.amounts["order"] for name, one in found.items()} == {
        "old": 10.0,
        "new": 30.0,
        "newest": 40.0,
    }
    spans_days = [(asked["last_s"] - asked["first_s"]) / 86_400 for asked in asking.asked]
    assert max(spans_days) < WORTH_DAYS + 3
    assert len(spans_days) == 2
