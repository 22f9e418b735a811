"""Alerts on days: on a platform's report and on a slow change; their pages, prices and figures, in both languages."""

from __future__ import annotations

import re
from datetime import date, datetime, timedelta
from html import unescape
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from scoring.alerts.spend_note import SpendInto, SpendNote, write_spend_note
from scoring.funnel.drift_notes import DriftNote
from scoring.funnel.period_notes import PeriodNote
from streams.web.reports.queries import day_of
from tests.fixtures.clickhouse import Store
from tests.fixtures.page import PAGE_DATABASE, RunningPage
from tests.fixtures.report_seed import STORE, ZONE, insert_reports, midnight
from tests.fixtures.web_seed import ALERT_COLUMNS, moment

ALERT, STEP = "al-report", "shopee:visitors_to_orders"
DAY_MS = 86_400_000


@pytest.fixture(scope="module")
def reported(page: RunningPage, clickhouse: Store) -> RunningPage:
    """The page with a shop's reports and an alert on the day three days ago."""
    client = clickhouse.client(PAGE_DATABASE)
    insert_reports(client, page.now_ms)
    start = round(midnight(page.now_ms, 3).timestamp() * 1000)
    day = day_of(start, ZONE)
    note = PeriodNote(date.fromisoformat(day), date.fromisoformat(day), ZONE).text()
    at = moment(start + 2 * DAY_MS)
    row: list[Any] = [
        ALERT, STORE, STEP, "", "conversion", "page", "firing", 0, at, moment(start), at, None, 8.1, 9.0, 34.0, 20.0, 50.0,
        1440, 1020.0, 25.0, 15.0, 35.0, "unknown", [], [], note, 1,
    ]  # fmt: skip
    client.insert("alert_transitions_raw", [row], column_names=ALERT_COLUMNS)
    return page


def test_it_is_priced_by_the_report_s_own_revenue(reported: RunningPage) -> None:
    found = reported.json(f"/alerts/{ALERT}")
    assert found["alert"]["note"].startswith("report 20")
    assert found["alert"]["money"]["currency"] == "SGD"
    assert found["alert"]["money"]["amount"] == pytest.approx(25 * 21.5, rel=0.05)
    assert "report_versions" in found["rows_sql"]


def test_its_sql_runs_and_finds_every_version(reported: RunningPage, clickhouse: Store) -> None:
    sql = reported.json(f"/alerts/{ALERT}")["rows_sql"]
    found = list(clickhouse.client(PAGE_DATABASE).query(sql).named_results())
    assert {row["measure"] for row in found} == {"visitors", "orders"}
    assert len([row for row in found if row["measure"] == "orders"]) == 16  # 15 days, one of them restated


@pytest.mark.parametrize(
    ("language", "name", "words"),
    [
        ("en", "Shopee&#39;s report: visitors → orders", ("The report of 20", "9 orders, expected 34", "never added over days")),
        ("zh", "Shopee 报表：访客 → 订单", ("报表日 20", "订单 9 笔，预期 34", "不跨天相加", "修订后重新判断")),
    ],
)  # fmt: skip
def test_its_page_says_which_days_it_is_about(
    reported: RunningPage, language: str, name: str, words: tuple[str, ...]
) -> None:
    text = reported.get(f"/alerts/{ALERT}?lang={language}").text
    assert name in text
    assert all(word in text for word in words)
    assert STEP not in text.replace(f"step = '{STEP}'", "")


@pytest.mark.parametrize(
    ("language", "word"),
    [("en", "Report by day (orders)"), ("zh", "逐日订单")],
)
def test_its_page_had_no_picture_of_its_days(reported: RunningPage, language: str, word: str) -> None:
    text = unescape(reported.get(f"/alerts/{ALERT}?lang={language}").text)
    assert word in text
    assert text.count('class="alertday"') == 1
    assert text.count('class="came"') + text.count('class="dot"') == 18  # complete days only
    start = round(midnight(reported.now_ms, 3).timestamp() * 1000)
    (marked,) = [row for row in text.split("<tr") if row.startswith(' class="compared"')]
    assert day_of(start, ZONE) in marked
    assert "–</td>" not in marked  # fourteen days are known before it: something is expected
    assert text.count('<td class="n">–</td>') == 28  # of the fourteen days before, nothing


@pytest.mark.parametrize(
    ("language", "said"), [("en", ("Visitors", "restated")), ("zh", ("访客数", "已修订"))]
)
def test_the_figures_behind_it_are_shown(reported: RunningPage, language: str, said: tuple[str, ...]) -> None:
    text = reported.get(f"/alerts/{ALERT}/rows?lang={language}").text
    assert all(word in text for word in said)
    assert text.count("<tr>") >= 30


def test_the_list_can_be_asked_for_its_step(reported: RunningPage) -> None:
    assert [a["alert_id"] for a in reported.json(f"/alerts?step={STEP}")["alerts"]] == [ALERT]
    assert reported.get(f"/alerts?step={STEP}&lang=zh").status_code == 200


@pytest.mark.parametrize(
    ("language", "said"),
    [
        ("en", ("Shopee&#39;s report: visitors → orders", "<b>3.3", "Judged once a day is complete.")),
        ("zh", ("Shopee 报表：访客 → 订单", "<b>3.3", "数字完整后判断。")),
    ],
)
def test_the_store_s_page_has_the_judged_step_with_its_newest_complete_day(
    reported: RunningPage, language: str, said: tuple[str, ...]
) -> None:
    text = reported.get(f"/stores/{STORE}?lang={language}").text
    assert all(one in text for one in said)
    assert f"/alerts?store={STORE}&amp;step=shopee%3Avisitors_to_orders" in text


# ---------------------------------------------------------------- a slow change: whole days that we counted ourselves


@pytest.fixture(scope="module")
def drifting(page: RunningPage, clickhouse: Store) -> str:
    """An alert on a slow change of a shop in Berlin; its last day is today, of which there are counts."""
    today = datetime.fromtimestamp(page.now_ms / 1000, ZoneInfo("Europe/Berlin")).date()
    note = DriftNote(today - timedelta(days=6), today).text()
    at = moment(page.now_ms - 3_600_000)
    row: list[Any] = [
        "al-drift", "de-shopify", "click_to_add_to_cart", "", "drift", "notice", "firing", 0, at, at, at, None, 4.2, 700.0, 900.0, 800.0, 1000.0,
        7 * 1440, 9000.0, 200.0, 150.0, 250.0, "unknown", [], [], note, 1,
    ]  # fmt: skip
    clickhouse.client(PAGE_DATABASE).insert("alert_transitions_raw", [row], column_names=ALERT_COLUMNS)
    return "al-drift"


@pytest.mark.parametrize(
    ("language", "words"),
    [
        (
            "en",
            ("Slow decline", "against the four weeks before", "weekday against weekday", "Figures by day"),
        ),
        ("zh", ("转化缓慢走低", "对照之前四周", "同星期几比同星期几", "逐日数字")),
    ],
)
def test_a_slow_change_shows_its_days_and_no_line_of_minutes(
    page: RunningPage, drifting: str, language: str, words: tuple[str, ...]
) -> None:
    text = page.get(f"/alerts/{drifting}?lang={language}").text
    assert all(word in text for word in words)
    assert text.count("<rect x=") == 35
    assert text.count('class="compared"><title>') == 7
    assert 'class="plot' not in text


def test_the_days_of_a_slow_change_are_what_was_counted(
    page: RunningPage, drifting: str, clickhouse: Store
) -> None:
    (total,) = (
        clickhouse.client(PAGE_DATABASE)
        .query(
            "SELECT sum(count) FROM stage_counts WHERE store_id = 'de-shopify' AND stage = 'add_to_cart' "
            "AND toDate(minute, 'Europe/Berlin') = toDate(now(), 'Europe/Berlin')"
        )
        .result_rows[0]
    )
    text = page.get(f"/alerts/{drifting}?lang=en").text
    first_row = text.split('<tr class="compared">')[1]
    assert f'<td class="n">{int(total):,}</td>' in first_row


# ---------------------------------------------------------------- ad spend into a broken step


@pytest.mark.parametrize(
    ("language", "words"),
    [
        ("en", ("Ad spend burning", "about $36 an hour", "Orders → Payments is at 10% of its usual, while ads go on at $40 an hour", "about $90 burnt so far", "The alert on the broken step", "Nothing here touches a budget")),
        ("zh", ("广告费空烧", "每小时约 US$36", "“下单 → 支付”只剩平常的 10%", "已约烧掉 US$90", "打开坏掉的环节的告警", "本系统不动预算")),
    ],
)  # fmt: skip
def test_ad_spend_says_what_an_hour_burns_into_what_and_leads_to_its_rows(
    page: RunningPage, clickhouse: Store, language: str, words: tuple[str, ...]
) -> None:
    note = write_spend_note(SpendNote(SpendInto.STEP, "order_to_payment", "al-us-payments", 40.0, 0.9, "USD"))
    at = moment(page.now_ms - 3_600_000)
    row: list[Any] = [
        "al-spend", "us-own", "ad_spend", "", "ad_spend", "notice", "firing", 0, at, at, at, None, 0.0, 0.0, 0.0, 0.0, 0.0,
        0, 0.0, 90.0, 80.0, 95.0, "unknown", [], [], note, 1,
    ]  # fmt: skip
    clickhouse.client(PAGE_DATABASE).insert("alert_transitions_raw", [row], column_names=ALERT_COLUMNS)
    text = unescape(page.get(f"/alerts/al-spend?lang={language}").text)
    assert [one for one in words if one not in text] == []
    assert "/alerts/al-us-payments" in text
    assert "measure = 'spend'" in text
    answer = page.json("/alerts/al-spend")
    assert (answer["alert"]["kind"], answer["alert"]["money"]["amount"]) == ("ad_spend", 90.0)
    listed = unescape(page.get(f"/alerts?lang={language}").text)
    assert words[1] in listed


def test_the_last_day_under_the_picture_ran_out_of_its_card_on_a_phone(reported: RunningPage) -> None:
    text = reported.get(f"/alerts/{ALERT}?lang=en").text
    labels = re.findall(r'x="([\d.]+)%" y="288"\s+text-anchor="(\w+)">([^<]+)<', text)
    assert [anchor for _, anchor, _ in labels[:-1]] == ["middle"] * (len(labels) - 1)
    assert float(labels[-1][0]) > 90
    assert labels[-1][1] == "end"
    assert all(re.fullmatch(r"\d\d-\d\d", said) for *_, said in labels)
