"""The evaluation of a store from its own tables: the same numbers as from its orders, on the page and by API, with their rows."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from html import unescape
from pathlib import Path

import pytest
from typer.testing import CliRunner

from scoring.evaluation.comparator import ComparatorKind
from scoring.evaluation.comparing import NoRank
from scoring.evaluation.evaluating import StoreFigures, evaluate_store
from scoring.evaluation.order_figures import OrderFigures, order_steps
from scoring.evaluation.rules import DecoyKind
from scoring.evaluation.spans import SpanLength, last_spans, span_name
from scoring.evaluation.suppliers import StorePromises, StoreSources, supplied
from scoring.funnel.units import DAY_MS
from scoring.records.order_life import OrderLife
from streams.cli import report
from streams.cli.main import app
from streams.clickhouse.reader import Database
from streams.config.model import Config, StoreConfig
from streams.evaluation.grouped import store_groups
from streams.evaluation.knowing import known_store
from streams.evaluation.page import stored_view
from streams.evaluation.stored import stored_store, stores_alike
from streams.evaluation.wording import EvaluationReader
from tests.fixtures.clickhouse import Store
from tests.fixtures.evaluation_seed import MONTHS, STORE, ZONE, insert_year, months
from tests.fixtures.page import PAGE_DATABASE, RunningPage, page_settings
from tests.fixtures.report_seed import COLUMNS, report_row
from tests.fixtures.web_seed import CONFIG, insert_foreign_alert


@pytest.fixture(scope="module")
def lives(page: RunningPage, clickhouse: Store) -> list[OrderLife]:
    return insert_year(clickhouse.client(PAGE_DATABASE), page.now_ms)


async def test_tables_give_the_numbers_that_the_orders_themselves_give(
    page: RunningPage, clickhouse: Store, lives: list[OrderLife], tmp_path: Path
) -> None:
    database = Database(page_settings(clickhouse, tmp_path, clickhouse_database=PAGE_DATABASE))
    known = await stored_store(
        database, StoreConfig(id=STORE, zone=ZONE, ship_within_days=2), SpanLength.MONTH, page.now_ms
    )
    await database.close()
    assert known is not None
    spans = last_spans(page.now_ms, ZONE, SpanLength.MONTH, MONTHS)
    assert known.spans == spans
    orders = OrderFigures(lives, "orders", known.known_until_ms, ZONE)
    lines = supplied(StoreSources(STORE, orders, promises=StorePromises(ship_within_days=2)), spans)
    indicators, steps = {name: line.figures for name, line in lines.items()}, order_steps(orders, spans)
    figures: StoreFigures = known.figures
    assert set(indicators) >= {"logistics.time_to_ship", "logistics.shipped_in_time", "returns.refunds"}
    for name, line in indicators.items():
        assert line[0] is not None
        stored = [
            figures.figures[name],
            *(figures.own[name][one] for one in sorted(figures.own[name], reverse=True)),
        ]
        assert [(one.n, pytest.approx(one.g)) for one in line if one] == [(one.n, one.g) for one in stored], (
            name
        )
    by_step = {one.step: one for one in figures.steps}
    for name, line_of_step in steps.items():
        now = line_of_step[0]
        assert now is not None
        assert (by_step[name].entered, by_step[name].advanced) == (now.entered, now.advanced)
    assert {"click_to_add_to_cart", "order_to_payment", "payment_to_fulfilment"} <= set(by_step)
    assert figures.figures["traffic_quality.click_through"].rows[0].counted_by == "meta: impressions, clicks"


@pytest.mark.parametrize("language", ["zh", "en"])
def test_the_page_says_what_is_low_whose_it_is_and_leads_to_the_rows(
    page: RunningPage, lives: list[OrderLife], language: str
) -> None:
    answer = page.get(f"/stores/{STORE}/evaluation?lang={language}")
    assert answer.status_code == 200
    for words in {
        "zh": ("六个维度", "先做什么", "发货用时", "按岗位看损失", "和自己过去比"),
        "en": (
            "Six dimensions",
            "What to do first",
            "Time to ship",
            "Losses by role",
            "against its own past",
        ),
    }[language]:
        assert words in answer.text
    rows = page.get(f"/stores/{STORE}/evaluation/rows?of=logistics.time_to_ship&lang={language}")
    assert rows.status_code == 200
    assert "FROM orders" in rows.text
    assert "E-0-" in rows.text


def test_the_api_gives_every_number_with_its_rows_and_roles_add_up(
    page: RunningPage, lives: list[OrderLife]
) -> None:
    answer = page.json(f"/stores/{STORE}/evaluation?against=own")
    assert answer["against"] == "own"
    steps = {one["step"]: one for one in answer["steps"]}
    paying = steps["order_to_payment"]
    assert paying["score"]["high"] < 35
    assert Decimal(paying["lost"]) == sum(map(Decimal, paying["by_duty"].values()))
    assert Decimal(answer["lost"]) == sum(Decimal(one["lost"]) for one in steps.values() if one["lost"])
    ship = next(one for one in answer["indicators"] if one["id"] == "logistics.time_to_ship")
    found = page.json(f"/stores/{STORE}/evaluation/rows?of=logistics.time_to_ship&limit=1000")
    assert len(found["rows"]) >= ship["n"] > 100
    assert page.json(f"/stores/{STORE}/evaluation/inputs")["weights_version"] == answer["weights_version"]


@pytest.mark.parametrize(
    ("language", "said"),
    [
        ("zh", ("未达标：10.04%，平台要求低于 10%，相差 0.04 个百分点", "达标：4.8，平台要求不低于 4.5", "平台没说高好还是低好")),
        ("en", ("missed: 10.04%, the platform asks for below 10%; 0.04 percentage points apart", "met: 4.8, the platform asks for at least 4.5", "does not say which way is better")),
    ],
)  # fmt: skip
def test_a_platform_s_own_targets_have_their_own_lines_with_their_rows(
    page: RunningPage, lives: list[OrderLife], language: str, said: tuple[str, ...]
) -> None:
    shown = page.get(f"/stores/{STORE}/evaluation?period=month&lang={language}").text
    assert [one for one in said if one not in shown] == []
    found = page.json(f"/stores/{STORE}/evaluation?period=month&lang={language}")["platform_targets"]
    by_metric = {one["of"].split(":")[2]: one for one in found}
    assert {name: one["met"] for name, one in by_metric.items()} == {
        "late_shipment_rate": False,
        "shop_rating": True,
        "a_new_one": None,
    }
    late = by_metric["late_shipment_rate"]
    assert (late["value"], late["comparator"], late["target"], late["gap"]) == ("10.04", "<", "10", "0.04")
    assert late["day_ms"] == months(page.now_ms)[0].end_ms - DAY_MS
    rows = page.json(f"/stores/{STORE}/evaluation/rows?period=month&of={late['of']}")
    assert len(rows["rows"]) == late["rows"][0]["count"] == 2
    behind = page.get(f"/stores/{STORE}/evaluation/rows?period=month&of={late['of']}&lang={language}").text
    assert late["name"] in behind


def test_the_api_names_everything_in_the_language_that_is_asked_for(
    page: RunningPage, lives: list[OrderLife]
) -> None:
    said: dict[str, list[str]] = {}
    for language in ("zh", "en"):
        answer = page.json(f"/stores/{STORE}/evaluation?lang={language}")
        parts = [answer["health"], *answer["dimensions"], *answer["indicators"], *answer["steps"], *answer["findings"]]  # fmt: skip
        advice = page.json(f"/stores/{STORE}/evaluation/advice?lang={language}")
        said[language] = [one["name"] for one in parts] + [one["text"] for one in advice]
    assert {"健康分" in said["zh"][0], said["en"][0]} == {True, "Store health"}
    assert [one for one, other in zip(said["zh"], said["en"], strict=True) if one == other or not one] == []
    assert page.get(f"/api/v1/stores/{STORE}/evaluation?lang=fr").status_code == 400


@pytest.mark.parametrize(
    ("path", "status", "words"),
    [
        (f"/stores/{STORE}/evaluation?period=year", 400, "period: unknown value"),
        (f"/stores/{STORE}/evaluation?against=target", 400, "against: unknown value"),
        (f"/stores/{STORE}/evaluation/rows?of=x'; DROP TABLE orders", 404, "no number"),
        ("/stores/nobody/evaluation", 404, "unknown store"),
        ("/stores/new-store/evaluation", 404, "no complete day"),
    ],
)
def test_a_question_that_cannot_be_answered_says_why(
    page: RunningPage, path: str, status: int, words: str
) -> None:
    answer = page.get(f"/api/v1{path}")
    assert (answer.status_code, words in answer.text) == (status, True), answer.text


def test_a_store_of_which_nothing_is_known_has_a_page_that_says_so(page: RunningPage) -> None:
    answer = page.get("/stores/new-store/evaluation?lang=en")
    assert answer.status_code == 200
    assert "No period is complete yet" in answer.text


def kind(number: int) -> StoreConfig:
    return StoreConfig(
        id=f"alike-{number}", name=f"Alike {number}", platform="lazada", country="TH", zone=ZONE
    )


async def test_reports_that_are_late_or_restated_are_named_next_to_a_finding(
    page: RunningPage, clickhouse: Store, tmp_path: Path
) -> None:
    span, client = months(page.now_ms)[0], clickhouse.client(PAGE_DATABASE)
    insert_year(client, page.now_ms, "restated", back=5, seed=60)
    days = [datetime.fromtimestamp((span.start_ms + n * DAY_MS) / 1000, UTC) for n in range(4)]
    later = timedelta(days=9)
    changed = [report_row("clicks", day, "7", source="meta", store="restated", delay=later) for day in days]
    client.insert("report_versions_raw", changed, column_names=COLUMNS)
    database = Database(page_settings(clickhouse, tmp_path, clickhouse_database=PAGE_DATABASE))
    config = StoreConfig(id="restated", zone=ZONE)
    known = await stored_store(database, config, SpanLength.MONTH, page.now_ms)
    await database.close()
    assert known is not None
    seen = {one.kind: one for one in known.decoys}[DecoyKind.RESTATED]
    assert seen.rows[0].count == 4
    assert seen.share == pytest.approx(4 / (2 * round((span.end_ms - span.start_ms) / DAY_MS)))
    assert known.checked >= {DecoyKind.REPORT_LATE, DecoyKind.RESTATED}


async def test_a_slow_decline_was_an_alert_and_not_on_the_line_of_its_step(
    page: RunningPage, clickhouse: Store, lives: list[OrderLife], tmp_path: Path
) -> None:
    assert lives
    client = clickhouse.client(PAGE_DATABASE)
    (span, *_) = last_spans(page.now_ms, ZONE, SpanLength.MONTH, 1)
    since_ms = span.start_ms + 3 * DAY_MS
    insert_foreign_alert(client, "slow", STORE, since_ms, "drift", "notice", "")
    insert_foreign_alert(client, "later", STORE, span.end_ms + DAY_MS, "drift", "notice", "")
    database = Database(page_settings(clickhouse, tmp_path, clickhouse_database=PAGE_DATABASE))
    store = StoreConfig(id=STORE, zone=ZONE)
    known = await known_store(database, Config(stores=(store,)), store, SpanLength.MONTH, page.now_ms)
    await database.close()
    assert known is not None
    assert known.read.drifts == {"order_to_payment": since_ms}
    said = {one.id: one.said for one in stored_view(known, "zh").steps}
    assert [name for name, text in said.items() if "缓慢走低" in text] == ["step:order_to_payment"]
    day = EvaluationReader("en").calendar_day(since_ms, ZONE)
    assert (
        f"slow decline since {day}"
        in {one.id: one.said for one in stored_view(known, "en").steps}["step:order_to_payment"]
    )


async def test_only_what_is_counted_alike_is_compared(
    page: RunningPage, clickhouse: Store, tmp_path: Path
) -> None:
    stores = tuple(kind(number) for number in range(7))
    client = clickhouse.client(PAGE_DATABASE)
    for number, store in enumerate(stores):
        ads = "ga4" if number == 6 else "meta"
        insert_year(client, page.now_ms, store.id, back=2, seed=40 + number, ads=ads)
    database = Database(page_settings(clickhouse, tmp_path, clickhouse_database=PAGE_DATABASE))
    everyone, alike = Config(stores=stores), Config(stores=stores[:6])
    known = await stored_store(
        database, stores[0], SpanLength.MONTH, page.now_ms, stores_alike(everyone, stores[0])
    )
    (mixed,) = await store_groups(database, everyone, SpanLength.MONTH, page.now_ms)
    (group,) = await store_groups(database, alike, SpanLength.MONTH, page.now_ms)
    await database.close()

    assert known is not None
    assert len(known.peers) == 6
    assert set(known.figures.peers["traffic_quality.click_through"]) == {f"alike-{n}" for n in range(1, 6)}
    assert len(known.figures.peers["logistics.time_to_ship"]) == 6
    evaluation = evaluate_store(known.figures)
    assert evaluation.headline is ComparatorKind.PEERS
    assert evaluation.funnel[ComparatorKind.PEERS].steps[-1].comparator is not None

    clicks = next(one for one in mixed.numbers if one.id == "traffic_quality.click_through")
    assert [(one.aspect, one.other, one.of_other) for one in clicks.differences] == [
        ("counted_by", "alike-6", "ga4")
    ]
    assert mixed.ranking is not None
    assert mixed.ranking.reason is NoRank.DEFINITIONS_DIFFER
    assert group.ranking is not None
    assert group.ranking.reason is None
    assert sum(len(one.stores) for one in group.ranking.groups) == 6


def test_stores_of_different_platforms_are_never_in_one_table(
    page: RunningPage, lives: list[OrderLife]
) -> None:
    groups = page.json("/evaluations?period=month")["groups"]
    assert sum(STORE in one["stores"] for one in groups) == 1
    assert all(len(one["stores"]) <= 1 for one in groups)
    for language, words in (("zh", "没有两家数据齐全的同类店"), ("en", "No two stores with a known period")):
        answer = page.get(f"/evaluation?lang={language}&period=month")
        assert (answer.status_code, words in answer.text) == (200, True)


def test_a_store_that_is_alone_in_its_kind_had_no_health_on_the_page_of_groups(
    page: RunningPage, clickhouse: Store, lives: list[OrderLife]
) -> None:
    span = months(page.now_ms)[0]
    begun, ended = (datetime.fromtimestamp(ms / 1000, UTC) for ms in (span.start_ms, span.end_ms))
    row = [
        STORE,
        "month",
        begun,
        ended,
        ZONE,
        span_name(span),
        "health",
        "health",
        "own",
        61.0,
        57.0,
        66.0,
        0.7,
        "",
        1,
        1,
        begun,
    ]
    columns = ["store_id", "period", "period_start", "period_end", "zone", "days", "kind", "name", "comparator", "score", "low", "high",
               "coverage", "reason", "is_headline", "weights_version", "evaluated_at"]  # fmt: skip
    clickhouse.client(PAGE_DATABASE).insert("evaluations_raw", [row], column_names=columns)
    asked = f"period=month&at={page.now_ms}"
    found = {
        one["store_id"]: one
        for group in page.json(f"/evaluations?{asked}")["groups"]
        for one in group["health"]
    }
    assert {store: (one["score"]["value"], one["against"]) for store, one in found.items()} == {
        STORE: (61.0, "own")
    }
    for language, words in (
        ("zh", "61 分（57–66） · 和自己过去比"),
        ("en", "61 points (57–66) · against its own past"),
    ):
        text = page.get(f"/evaluation?lang={language}&{asked}").text
        (row,) = re.findall(rf'<tr data-key="{STORE}">.*?</tr>', text, re.DOTALL)
        assert words in " ".join(unescape(re.sub(r"<[^>]+>", " ", row)).split())


def test_a_report_as_files_has_the_inputs_that_the_api_has(
    page: RunningPage,
    clickhouse: Store,
    lives: list[OrderLife],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    settings = page_settings(clickhouse, tmp_path, clickhouse_database=PAGE_DATABASE)
    monkeypatch.setattr(report, "running_instance", lambda _: settings)
    monkeypatch.setattr(report, "configuration", lambda _: CONFIG)
    out = tmp_path / "out"
    asked = [
        "report",
        "--store",
        STORE,
        "--format",
        "html",
        "--format",
        "json",
        "--language",
        "en",
        "--out",
        str(out),
    ]
    result = CliRunner().invoke(app, asked)
    assert result.exit_code == 0, result.output
    inputs = json.loads((out / f"{STORE}.json").read_text("utf-8"))
    assert inputs.pop("way_back")["store"] == STORE
    assert inputs == page.json(f"/stores/{STORE}/evaluation/inputs")
    assert "Losses by role" in (out / f"{STORE}.html").read_text("utf-8")
    result = CliRunner().invoke(app, ["report", "--store", "nobody"])
    assert (result.exit_code, "unknown store 'nobody'; expected one of: us-own" in result.output) == (1, True)
