"""Every query of every dashboard runs on the real engine as the plug-in would send it, and gives rows."""

import asyncio
import json
import math
import re
import time
from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Any

import pytest
from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.models.dashboard import Dashboard
from pydantic import SecretStr

from deploy.grafana.generate import FOLDER, rendered
from scoring.evaluation.dimensions.registry import DIMENSIONS
from scoring.evaluation.scenarios import ADVICE_BY_ID, SCENARIO_BY_ID
from scoring.evaluation.texts import ADVICE_STATES
from scoring.wording.text import Language
from streams import metrics
from streams.jobs.rollups import once
from streams.settings import load_settings
from tests.contracts.grafana_queries import Asked, Choice, PanelQuery, choices, clickhouse_queries, fill
from tests.fixtures.clickhouse import Databases

BOARDS = {path.stem: json.loads(path.read_text(encoding="utf-8")) for path in sorted(FOLDER.glob("*.json"))}
STORES, MINUTES = 20, 8 * 1440
STORE, HOURS = 1, 6
#: what ``fill`` makes of one minute of a store, by the number of its row
OBSERVED: dict[str, Callable[[int], float]] = {
    "impression": lambda n: 900, "click": lambda n: 100 - n % 7, "add_to_cart": lambda n: 20, "order": lambda n: 6,
    "payment": lambda n: 5 - n % 3, "fulfilment": lambda n: 4, "repurchase": lambda n: 1,
}  # fmt: skip
EXPECTED = {
    "impression_to_click": 100, "click_to_add_to_cart": 20, "add_to_cart_to_order": 6, "order_to_payment": 5,
}  # fmt: skip


@pytest.fixture(scope="module")
def reader(clickhouse: Any, databases: Databases) -> Iterator[Any]:
    with databases.lent(clickhouse) as database:
        yield filled(clickhouse, database)


def filled(clickhouse: Any, database: str) -> Any:
    settings = load_settings(
        clickhouse_url=clickhouse.url,
        clickhouse_password=SecretStr(clickhouse.password),
        clickhouse_database=database,
    )
    client = clickhouse.client(database)
    fill(client, STORES, MINUTES)
    for table in ("minutes_raw", "scores_raw"):  # landed long enough ago to be summed up at the first run
        client.command(
            f"ALTER TABLE {table} UPDATE landed_at = now() - 600 WHERE 1 SETTINGS mutations_sync = 2"
        )
    asyncio.run(once(settings))
    return clickhouse.read_client(database)


@pytest.fixture(scope="module")
def panel(reader: Any) -> Callable[..., list[dict[str, Any]]]:
    """The rows of a panel of a dashboard, for one store and the last hours."""
    newest = reader.query("SELECT toUnixTimestamp(max(minute)) FROM stage_counts").result_rows[0][0]

    def rows(dashboard: str, title: str, **chosen: Choice) -> list[dict[str, Any]]:
        query = next(q for q in clickhouse_queries() if (q.dashboard, q.title) == (dashboard, title))
        asked = Asked(newest - HOURS * 3600 + 60, newest, {**choices(STORES, one=True), **chosen})
        return list(reader.query(asked.expanded(query.sql)).named_results())

    return rows


#: the numbers of the store's rows in those hours
ROWS = [STORE + STORES * back for back in range(HOURS * 60)]


@pytest.mark.parametrize("language", ["en", "zh"])
@pytest.mark.parametrize("query", clickhouse_queries(), ids=lambda q: q.name)
def test_a_panel_s_query_gives_rows(reader: Any, query: PanelQuery, language: str) -> None:
    now = int(time.time())
    asked = Asked(now - 6 * 3600, now + 60, choices(STORES, language=language))
    assert reader.query(asked.expanded(query.sql)).result_rows != []


OF_STORES = [query for query in clickhouse_queries() if "${store:" in query.sql]


@pytest.mark.parametrize("query", OF_STORES, ids=lambda q: q.name)
def test_values_with_quotes_choose_nothing_and_break_nothing(reader: Any, query: PanelQuery) -> None:
    now = int(time.time())
    odd = Choice(["o'clock", "x' OR '1' = '1"])
    chosen = {**choices(STORES), **dict.fromkeys(("store", "platform", "country"), odd)}
    one = Choice(["x' OR '1' = '1"])
    asked = Asked(now - 6 * 3600, now, {**chosen, "segment": one, "row_channel": one})
    rows = reader.query(asked.expanded(query.sql)).result_rows
    # a median of nothing is a row that says nothing, and a day without an alert is its time and zeros
    said = [
        value for row in rows for value in row if value and value == value and not isinstance(value, datetime)
    ]
    assert said == []


SUMMED = [query for query in clickhouse_queries() if "_sums(" in query.sql]


@pytest.mark.parametrize("one", [True, False], ids=["one store", "all"])
@pytest.mark.parametrize("hours", [6, 24, 7 * 24])
@pytest.mark.parametrize("query", SUMMED, ids=lambda q: q.name)
def test_a_panel_shows_the_same_from_summed_hours_as_from_minutes(
    reader: Any, clickhouse: Any, query: PanelQuery, hours: int, one: bool
) -> None:
    writer = clickhouse.client(reader.database)
    now = int(time.time())
    sql = Asked(now - hours * 3600, now, choices(STORES, one=one)).expanded(query.sql)
    summed = reader.query(sql).result_rows
    marks = writer.query("SELECT * FROM rollup_marks_raw").result_rows
    writer.command("TRUNCATE TABLE rollup_marks_raw")
    plain = reader.query(sql).result_rows
    writer.insert("rollup_marks_raw", marks)
    assert summed != []
    assert [list(row) for row in summed] == [
        [pytest.approx(value, rel=1e-9) if isinstance(value, float) else value for value in row] for row in plain
    ]  # fmt: skip


def test_the_funnel_s_numbers_are_those_of_its_rows(panel: Any) -> None:
    total = {stage: sum(made(n) for n in ROWS) for stage, made in OBSERVED.items()}
    numbers = panel("live", "In numbers 数字")
    assert [row["observed"] for row in numbers] == list(total.values())
    # what is compared is of the minutes that have an expectation: the scores' own, here all of them
    judged = [sum(e - n % 3 for n in ROWS) for e in EXPECTED.values()]
    assert [row["compared"] for row in numbers] == [
        total["impression"],
        *judged,
        total["fulfilment"],
        total["repurchase"],
    ]
    assert [row["expected"] for row in numbers] == [
        None,
        *(len(ROWS) * e for e in EXPECTED.values()),
        None,
        None,
    ]
    payment = numbers[4]
    mean, spread = len(ROWS) * 5, math.sqrt(len(ROWS) * 2.0**2)  # bounds of a minute: 0.6 and 1.4 times 5
    assert (payment["low"], payment["high"]) == (round(mean - spread), round(mean + spread))
    assert payment["change"] == pytest.approx(judged[3] / mean - 1)
    assert payment["covered_share"] == 1
    assert payment["drop_off"] == pytest.approx(1 - total["payment"] / total["order"])


def test_the_stages_are_drawn_from_the_answer_that_the_numbers_have() -> None:
    panels = {panel["title"]: panel for panel in BOARDS["live"]["panels"]}
    (target,) = panels["Stages 阶段"]["targets"]
    assert (target["panelId"], "rawSql" in target) == (panels["In numbers 数字"]["id"], False)
    names = panels["Stages 阶段"]["transformations"][0]["options"]["include"]["names"]
    assert all(f" AS {name}" in panels["In numbers 数字"]["targets"][0]["rawSql"] for name in names)


@pytest.mark.parametrize("name", BOARDS)
def test_no_two_panels_of_a_dashboard_have_one_id(name: str) -> None:
    ids = [panel["id"] for panel in BOARDS[name]["panels"]]
    assert len(ids) == len(set(ids))
    assert min(ids) > 0


def test_a_store_without_scores_is_counted_and_compared_with_nothing(panel: Any) -> None:
    unscored = panel("live", "In numbers 数字", store=Choice([f"shop-{STORES - 1:03}"]))
    assert [row["observed"] > 0 for row in unscored] == [True] * 7
    assert {(row["expected"], row["change"], row["covered_share"]) for row in unscored} == {
        (None, None, None)
    }


def test_minutes_that_are_not_judged_neither_hide_the_band_nor_look_like_a_surge(
    reader: Any, clickhouse: Any, panel: Any
) -> None:
    """A new store, most of its minutes without a baseline, next to one that is judged: counts of both, like with like."""
    writer = clickhouse.client(reader.database)
    writer.command("INSERT INTO stores_raw VALUES ('late', 'Late', 'shopify', 'UTC', 'USD', 'US', '', 1, 0)")
    writer.command(
        "INSERT INTO scores_raw (store_id, minute, step, segment, observed, expected, low, high, state, version) "
        "SELECT 'late', minute, step, '', 1000, 0, 0, 0, 'no_baseline', 1 FROM scores WHERE store_id = 'shop-001'"
    )
    writer.command(
        "INSERT INTO minutes_raw (store_id, minute, segment, counts, version) "
        "SELECT 'late', minute, 'ios/paid', [0, 0, 0, 0, 1000, 0, 0], 1000 FROM scores "
        "WHERE store_id = 'shop-001' AND step = 'order_to_payment'"
    )
    both = {"store": Choice(["shop-001", "late"])}
    alone = panel("live", "In numbers 数字")[4]
    payment = panel("live", "In numbers 数字", **both)[4]
    assert payment["observed"] == alone["observed"] + 1000 * len(ROWS)
    assert [payment[name] for name in ("compared", "expected", "change")] == [
        alone[name] for name in ("compared", "expected", "change")
    ]
    assert payment["covered_share"] == pytest.approx(0.5, abs=0.01)
    line = panel("live", "Step over time 环节走势", **both)
    assert [row["observed"] for row in line] == [5 - n % 3 for n in reversed(ROWS)]
    assert {(row["expected"], row["low"], row["high"]) for row in line} == {(5.0, 3.0, 7.0)}
    for table in ("scores_raw", "minutes_raw", "stores_raw"):
        writer.command(f"DELETE FROM {table} WHERE store_id = 'late'")


def test_the_waterfall_leads_from_the_expected_to_the_observed(panel: Any) -> None:
    shares = [sum(e - n % 3 for n in ROWS) / (len(ROWS) * e) for e in EXPECTED.values()]
    found = panel("live", "Which step carried it 哪一步造成")
    assert [row["step_name"] for row in found] == [
        "Expected", "Impressions → Clicks", "Clicks → Add to cart", "Add to cart → Orders", "Orders → Payments", "Observed",
    ]  # fmt: skip
    assert (found[0]["whole"], found[-1]["whole"]) == (100, pytest.approx(100 * math.prod(shares), abs=0.1))
    level = 100.0
    for row, share in zip(found[1:-1], shares, strict=True):
        assert (row["base"], row["fall"], row["rise"]) == pytest.approx(
            (level * share, level * (1 - share), 0), abs=0.1
        )
        level *= share


def test_a_step_that_stops_falls_to_nothing_in_the_waterfall(
    reader: Any, clickhouse: Any, panel: Any
) -> None:
    writer = clickhouse.client(reader.database)
    writer.command(
        "INSERT INTO stores_raw VALUES ('still', 'Still', 'shopify', 'UTC', 'USD', 'US', '', 1, 0)"
    )
    writer.command(
        "INSERT INTO scores_raw (store_id, minute, step, segment, observed, expected, low, high, state, version) "
        "SELECT 'still', minute, step, '', if(step = 'order_to_payment', 0, expected), expected, low, high, 'breach', 1 "
        "FROM scores WHERE store_id = 'shop-001'"
    )
    found = panel("live", "Which step carried it 哪一步造成", store=Choice(["still"]))
    assert (found[-2]["base"], found[-2]["fall"], found[-1]["whole"]) == (0, 100, 0)
    writer.command("DELETE FROM scores_raw WHERE store_id = 'still'")
    writer.command("DELETE FROM stores_raw WHERE store_id = 'still'")


def test_the_line_and_the_comparison_are_sums_of_the_scores(panel: Any) -> None:
    line = panel("live", "Step over time 环节走势")
    assert [row["observed"] for row in line] == [5 - n % 3 for n in reversed(ROWS)]
    assert {(row["expected"], row["low"], row["high"]) for row in line} == {(5.0, 3.0, 7.0)}
    compared = panel("stores", "Against own expectation 与自身预期相比")
    assert [(row["store"], row["covered"]) for row in compared] == [("shop-001", len(ROWS))]
    assert compared[0]["of_expected"] == pytest.approx(sum(5 - n % 3 for n in ROWS) / (5 * len(ROWS)))


def test_the_index_is_of_the_twelve_stores_farthest_from_their_expectation(panel: Any) -> None:
    index = panel("stores", "Index, expectation = 100 指数", store=choices(STORES)["store"])
    assert len({row["store"] for row in index}) == 12
    ours = panel("stores", "Index, expectation = 100 指数")
    assert [row["index"] for row in ours] == [20 * (5 - n % 3) for n in reversed(ROWS)]


def test_the_health_strip_shows_pixel_and_orders_repeats_and_bots_of_each_door(panel: Any) -> None:
    doors = {row["source"]: row for row in panel("live", "Sources 来源", store=Choice(["shop-003"]))}
    assert set(doors) == {"pixel", "webhook", "api"}
    seeded = [(doors[source]["events"], doors[source]["repeats"]) for source in ("pixel", "webhook")]
    assert seeded == [(30, 0), (39, 6)]
    assert (doors["pixel"]["bots"], doors["webhook"]["bots"]) == (pytest.approx(0.1), 0)
    assert 0 < doors["pixel"]["pixel_orders"] < 1
    assert (doors["webhook"]["pixel_orders"], doors["webhook"]["letters"]) == (None, 0)


def test_the_grid_names_every_store_and_the_one_without_scores_has_no_data(panel: Any) -> None:
    grid = panel("live", "Stores 店铺", store=choices(STORES)["store"])
    assert len(grid) == STORES
    assert (grid[0]["store"], grid[0]["alert_level"], grid[0]["lost"]) == ("shop-001", "Critical", 30)
    silent = next(row for row in grid if row["store"] == f"shop-{STORES - 1:03}")
    assert (silent["state_name"], silent["surprise"], silent["age"]) == ("No recent data", None, None)


def test_a_cell_of_the_heat_map_leads_to_its_own_raw_events(panel: Any) -> None:
    cells = panel("live", "Dimensions 维度")
    assert {(c["country"], c["device"]) for c in cells} <= {
        (x, y) for x in ("US", "—") for y in ("ios", "desktop")
    }
    assert [c["order_to_payment"] for c in cells] == pytest.approx([1.0] * len(cells), abs=0.1)
    cell = {"row_country": Choice([cells[0]["country"]]), "row_device": Choice([cells[0]["device"]])}
    rows = panel("live", "Events 事件", **cell)
    assert {("—" if row["country"] == "" else row["country"], row["device"]) for row in rows} == {
        (cells[0]["country"], cells[0]["device"])
    }


def test_a_reported_figure_keeps_its_day_zone_and_whether_it_is_complete(reader: Any, panel: Any) -> None:
    found = panel("stores", "Report rows 报表明细")
    assert {(row["store"], row["measure_name"], row["value"], row["report_zone"]) for row in found} == {
        ("shop-001", "Visitors", 100, "Asia/Shanghai"),
        ("shop-001", "Orders", 102, "Asia/Shanghai"),
    }
    lines = panel("stores", "Reported by platforms 平台上报")
    assert {row["line"] for row in lines} == {"shop-001 · Visitors", "shop-001 · Orders"}


def test_what_was_left_out_is_named_and_counted(panel: Any) -> None:
    left_out = panel("stores", "What was left out 未计入的数据", store=Choice(["shop-003"]))
    assert {(row["reason_name"], row["left_out"]) for row in left_out} >= {("Known bots", 3)}


def test_scores_are_shown_with_their_interval_and_what_is_not_measured_has_none(panel: Any) -> None:
    (health,) = panel("evaluation", "Health 健康分")
    assert (health["score"], health["score_low"], health["score_high"], health["coverage"]) == (
        40,
        30,
        50,
        0.7,
    )
    (peers,) = panel("evaluation", "Health 健康分", against=Choice(["peers"]))
    assert (peers["score"], peers["against_name"]) == (60, "against stores alike")
    newest = panel("evaluation", "Dimensions by period 各期维度分")[0]
    assert [newest[one.id] for one in DIMENSIONS] == [41, 42, 43, 44, 45, None]
    figures = {row["indicator_name"]: row for row in panel("evaluation", "Indicators 指标")}
    assert [row["figure"] for row in figures.values()] == ["30.2 h", "5.2%"]
    assert [row["goal"] for row in figures.values()] == ["", "10%"]  # the other was taken back
    assert [row["goal_reached"] for row in figures.values()] == ["", "missed (too few cases to be sure)"]
    assert panel("evaluation", "Health 健康分", length=Choice(["month"])) == []


@pytest.mark.parametrize("language", ["en", "zh"])
def test_findings_and_advice_are_named_as_on_the_page(panel: Any, language: Language) -> None:
    chosen = {"language": Choice([language]), "store": Choice(["shop-001"])}
    findings = panel("evaluation", "Findings 看到了什么", **chosen)
    assert {row["finding"] for row in findings} == {SCENARIO_BY_ID["carts_not_paid"].title(language)}
    advice = panel("evaluation", "Advice 建议", **chosen)
    assert {row["advice_text"] for row in advice} == {ADVICE_BY_ID["walk_checkout"].text(language)}
    assert advice[0]["advice_state"] == ADVICE_STATES["decline"](language)
    assert {row["hit_rate"] for row in advice} == {"1/1"}


def test_response_times_are_those_between_firing_and_acting(panel: Any) -> None:
    history = {row["alert"]: row for row in panel("incidents", "History 历史")}
    # fired 3,500 s ago; acknowledged 1,000 s ago, resolved 600 s ago and closed after that
    assert history["a2"]["minutes_to_acknowledge"] == pytest.approx(2500 / 60, abs=0.2)
    assert history["a2"]["minutes_to_resolve"] == pytest.approx(2900 / 60, abs=0.2)
    assert (history["a2"]["closed_as"], history["a1"]["closed_as"]) == ("Real drop", "Not closed")
    median = panel("incidents", "Median to resolve 结束中位数")
    assert median[0]["minutes"] == history["a2"]["minutes_to_resolve"]


def test_a_day_without_an_alert_has_its_zero(panel: Any) -> None:
    days = panel("incidents", "Alerts per day 每日告警")
    assert {(row["time"].hour, row["time"].minute) for row in days} == {(0, 0)}
    assert sum(row["page"] + row["notice"] for row in days) == 2
    assert len({row["time"] for row in days}) == len(days)


def test_an_alert_that_somebody_closed_is_over_although_it_still_fires(panel: Any) -> None:
    other = {"store": Choice(["shop-002"])}
    (closed,) = panel("incidents", "History 历史", **other)
    # fired 3,500 s ago; closed 1,000 s ago, and never resolved
    assert (closed["alert"], closed["alert_state"], closed["until"] != "") == ("a3", "Firing", True)
    assert closed["minutes_to_resolve"] == pytest.approx(2500 / 60, abs=0.2)
    median = panel("incidents", "Median to resolve 结束中位数", **other)
    assert median[0]["minutes"] == closed["minutes_to_resolve"]


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


@pytest.mark.parametrize("name", BOARDS)
def test_a_dashboard_fits_the_schema_and_its_panels_do_not_overlap(name: str) -> None:
    board = BOARDS[name]
    again = json.loads(JSONEncoder(sort_keys=True).encode(Dashboard.from_json(board)))
    assert [panel["title"] for panel in again["panels"]] == [panel["title"] for panel in board["panels"]]
    assert again["uid"] == board["uid"]
    cells = [
        (x, y)
        for place in (panel["gridPos"] for panel in board["panels"])
        for x in range(place["x"], place["x"] + place["w"])
        for y in range(place["y"], place["y"] + place["h"])
    ]
    assert len(cells) == len(set(cells))
    assert {x for x, _ in cells} == set(range(24))


@pytest.mark.parametrize("name", BOARDS)
def test_a_dashboard_defines_what_its_queries_and_links_name(name: str) -> None:
    board = BOARDS[name]
    defined = {variable["name"] for variable in board["templating"]["list"]}
    assert {"store", "platform", "country", "segment", "zone", "language"} <= defined
    named = set(re.findall(r"\$\{(\w+)[:}]", json.dumps(board))) | set(
        re.findall(r", \$(\w+)\)", json.dumps(board))
    )
    assert {one for one in named if not one.startswith("__")} - defined == set()


def test_every_column_of_a_table_has_its_name_in_both_languages(reader: Any) -> None:
    now = int(time.time())
    asked = Asked(now - 6 * 3600, now + 60, choices(STORES))
    tables = [panel for board in BOARDS.values() for panel in board["panels"] if panel["type"] == "table"]
    assert len(tables) == 19
    for table in tables:
        named = {
            override["matcher"]["options"]
            for override in table["fieldConfig"]["overrides"]
            if any(p["id"] == "displayName" for p in override["properties"])
        }
        columns = reader.query(asked.expanded(table["targets"][0]["rawSql"])).column_names
        assert (table["title"], set(columns)) == (table["title"], named)
