"""Every query of every dashboard runs on the real engine as the plug-in would send it, and gives rows."""

import asyncio
import json
import re
import time
from typing import Any

import pytest
from pydantic import SecretStr

from deploy.grafana.generate import FOLDER, rendered
from streams import metrics
from streams.clickhouse.migrations import migrate
from streams.settings import load_settings
from tests.contracts.grafana_queries import PanelQuery, clickhouse_queries, expanded, fill

STORES, MINUTES = 20, 600
VARIABLES = {
    "store": [f"shop-{n:03}" for n in range(STORES)],
    "platform": ["shopify", "amazon"],
    "country": ["US", "DE", "SG"],
    "step": ["order_to_payment"],
    "segment": [""],
    "zone": ["Asia/Shanghai"],
    "page": ["http://127.0.0.1:8711"],
}


@pytest.fixture(scope="module")
def reader(clickhouse: Any) -> Any:
    settings = load_settings(
        clickhouse_url=clickhouse.url,
        clickhouse_password=SecretStr(clickhouse.password),
        clickhouse_database="funnelwatch_grafana",
    )
    asyncio.run(migrate(settings))
    fill(clickhouse.client("funnelwatch_grafana"), STORES, MINUTES)
    return clickhouse.read_client("funnelwatch_grafana")


@pytest.mark.parametrize("language", ["en", "zh"])
@pytest.mark.parametrize("query", clickhouse_queries(), ids=lambda q: q.name)
def test_a_panel_s_query_gives_rows(reader: Any, query: PanelQuery, language: str) -> None:
    now = int(time.time())
    sql = expanded(query.sql, now - 6 * 3600, now + 60, {**VARIABLES, "language": [language]})
    assert reader.query(sql).result_rows != []


def test_the_committed_dashboards_are_what_the_code_makes() -> None:
    written = {path.name: path.read_text(encoding="utf-8") for path in FOLDER.glob("*.json")}
    assert written == rendered()


def test_every_prometheus_query_names_a_metric_that_exists() -> None:
    known = {
        collector._name  # type: ignore[attr-defined]
        for collector in vars(metrics).values()
        if hasattr(collector, "_name")
    }
    named = set(re.findall(r"funnelwatch_\w+", (FOLDER / "pipeline.json").read_text(encoding="utf-8")))
    bare = {re.sub(r"_(total|bucket|sum|count)$", "", name) for name in named}
    assert bare - known == set()


def test_every_panel_says_what_it_shows_and_links_lead_to_dashboards_that_exist() -> None:
    boards = [json.loads(path.read_text(encoding="utf-8")) for path in FOLDER.glob("*.json")]
    uids = {board["uid"] for board in boards}
    panels = [panel for board in boards for panel in board["panels"] if panel["type"] != "row"]
    assert [panel["title"] for panel in panels if not panel.get("description")] == []
    leads = {found for board in boards for found in re.findall(r"/d/([\w-]+)", json.dumps(board))}
    assert leads - uids == set()
    chinese = re.compile(r"[\u4e00-\u9fff]")
    assert [panel["title"] for panel in panels if not chinese.search(panel["title"])] == []
