"""What a digest judges and says, from facts written by hand."""

from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from scoring.alerts.alert import AlertKind, Level
from scoring.digest.judging import build_digest, expected_funnel
from scoring.digest.schedule import DigestForm
from scoring.digest.values import (
    MAX_ROWS,
    DigestFigure,
    DigestGroup,
    DigestIncident,
    DigestStore,
    Verdict,
)
from scoring.funnel.trade import Trade, TradeFigures, trade_figures
from streams.digests.wording import DigestReaderWording
from tests.fixtures.digest_facts import (
    EMPTY,
    SILENT,
    WORTH,
    ZONE,
    alert,
    facts,
    parcels,
    said,
    shop,
    sums,
    with_parcels,
)


def test_the_subject_carries_the_result_and_the_day_it_covers() -> None:
    given = facts(
        shop("a", 40), SILENT, shop("c"), shop("d"), shop("e", judged=0.1), shop("f"), alerts=(alert("a"), alert("f", is_open=False))
    )  # fmt: skip
    assert said(given).subject == "漏斗日报 3月4日：2 家需处理 · 1 家已恢复 · 2 家正常 · 1 家数据不足"
    assert (
        said(given, "en").subject
        == "Funnel, Mar 4: 2 stores need action · 1 recovered · 2 normal · 1 not enough data"
    )
    assert said(given, "en", DigestForm.WEEKLY).subject.startswith("Funnel, week Mar 4–Mar 4: ")


def test_stores_are_listed_worst_first_by_verdict_then_money_then_their_own_change() -> None:
    given = facts(
        EMPTY, shop("small", judged=0.1), shop("better", 79), shop("worse", 76), shop("cheap", 60), SILENT, shop("dear", 70),
        alerts=(alert("cheap", lost=5), alert("dear", lost=50)),
    )  # fmt: skip
    digest = build_digest(given)
    assert [row.store.store_id for row in digest.rows] == [
        "dear",
        "cheap",
        "silent",
        "worse",
        "better",
        "small",
        "closed",
    ]
    assert [row.verdict for row in digest.rows] == [
        Verdict.ATTENTION, Verdict.ATTENTION, Verdict.SILENT, Verdict.NORMAL, Verdict.NORMAL, Verdict.NOT_JUDGED, Verdict.NO_DATA,
    ]  # fmt: skip
    assert digest.pictured is not None
    assert digest.pictured.store.store_id == "dear"


def test_a_quiet_day_says_that_it_is_quiet() -> None:
    text = said(facts(shop("a"), shop("b")))
    assert text.subject == "漏斗日报 3月4日：2 家正常"
    assert text.matters == ()
    assert text.matters_note == "一切正常：2 家店各环节都在预期内。"
    assert text.incidents_note == "没有。"
    assert text.funnel_title


def test_a_day_without_any_judgement_claims_nothing() -> None:
    text = said(facts(shop("a", judged=0.1), EMPTY), "en")
    assert text.matters_note == "No alert; but no store has enough data to be judged."
    assert text.rows[0].change == "sample too small"
    assert text.rows[0].expected == ""


def test_three_things_matter_with_money_place_age_and_owner() -> None:
    names = ["a", "b", "c", "d"]
    given = facts(
        *(shop(name) for name in names), alerts=tuple(alert(name, lost=10.0 * (i + 1)) for i, name in enumerate(names))
    )  # fmt: skip
    text = said(given)
    assert [matter.title for matter in text.matters] == [
        "D · 转化下降 · 下单 → 支付",
        "C · 转化下降 · 下单 → 支付",
        "B · 转化下降 · 下单 → 支付",
    ]
    assert text.matters_note == "另有 1 条，见下方。"
    lines = text.matters[0].lines
    assert lines[0] == "少约 40 笔支付（20–80），约损失 US$2,400（US$1,200–US$4,800）"
    assert "iOS × 付费（占 70%）" in lines[1]
    assert lines[2] == "自 3月5日 05:00 起，已 3 小时；无人认领"
    assert lines[3].startswith("支付：")


def test_people_who_took_an_alert_on_are_named() -> None:
    given = facts(shop("a"), alerts=(replace(alert("a"), acknowledged_by="li", assignee="wang"),))
    assert "assigned to wang" in said(given, "en").incidents[0].lines[0]


def test_an_alert_closed_by_a_person_needs_no_action_any_more() -> None:
    given = facts(shop("a"), alerts=(replace(alert("a"), is_open=False),))
    digest = build_digest(given)
    assert digest.counts[DigestGroup.ACTION] == 0
    assert digest.rows[0].verdict is Verdict.RECOVERED


def test_the_change_of_a_store_is_the_product_of_its_steps() -> None:
    """x0.9 clicks, x0.8 payments: the outcome is 28 % below what would have come."""
    store = shop("a", 64)
    store = replace(store, steps={**store.steps, "impression_to_click": sums(1800, 2000)})
    (row,) = build_digest(facts(store)).rows
    assert row.change == pytest.approx(0.9 * 0.8 - 1)
    assert row.expected == pytest.approx(64 / 0.72)
    assert row.step == "impression_to_click"  # 4.5 standard deviations, against 1.8


def test_the_expected_funnel_follows_the_expected_rates_from_the_first_supplied_stage() -> None:
    store = shop("a", 40)
    bars = {bar.stage.value: bar for bar in expected_funnel(store)}
    assert bars["impression"].expected is None
    assert bars["payment"].expected == pytest.approx(80)
    assert bars["fulfilment"] == replace(bars["fulfilment"], count=None, expected=None)
    without = replace(store, counts={k: v for k, v in store.counts.items() if k != "impression"})
    bars = {bar.stage.value: bar for bar in expected_funnel(without)}
    assert bars["impression"].count is None
    assert bars["click"].expected is None
    assert bars["add_to_cart"].expected == pytest.approx(500)


def test_a_day_of_which_only_an_hour_was_judged_had_the_expectation_of_that_hour() -> None:
    store = shop("a", 40)
    hour = {name: replace(one, observed=one.observed / 24, expected=one.expected / 24, judged_expected=one.judged_expected / 24)
            for name, one in store.steps.items()}  # fmt: skip
    partly = replace(store, steps=hour)
    bars = [bar for bar in expected_funnel(partly) if bar.expected is not None]
    assert bars == []
    (row,) = build_digest(facts(partly)).rows
    assert row.change == pytest.approx(-0.5)
    assert row.expected is None


def test_a_dimension_without_data_is_empty_and_never_zero() -> None:
    digest = build_digest(facts(shop("a")))
    values = {axis.name: axis.value for axis in digest.radar}
    assert values["payment_to_fulfilment"] is None
    assert values["order_to_payment"] == pytest.approx(1.0)
    assert "发货 未测" in said(facts(shop("a"))).radar_alt


def test_money_of_another_currency_is_shown_in_the_base_currency_too() -> None:
    """So that what matters can be compared between stores that sell in different money."""
    shops = (shop("a", 40, currency="CNY"), shop("b", 40))
    yuan = replace(WORTH, currency="CNY", base_rate=0.14, base_currency="USD")
    dollars = replace(WORTH, base_currency="USD")
    alerts = (replace(alert("a"), worth=yuan), replace(alert("b"), worth=dollars))
    matters = said(facts(*shops, alerts=alerts), "en").matters
    assert [m.lines[0] for m in matters] == [
        "about 20 fewer payments (10–40), about $1,200 ($600–$2,400)",
        "about 20 fewer payments (10–40), about CN¥1,200 (CN¥600–CN¥2,400; ≈ $170)",
    ]


def test_sales_in_dong_or_yen_were_rounded_to_two_digits_as_if_they_were_estimated() -> None:
    zh, en = (DigestReaderWording(language, "UTC") for language in ("zh", "en"))
    assert zh.money_exactly(1_033_123_456, "VND") == "₫10.33亿"
    assert en.money_exactly(19_123_456, "JPY") == "¥19.12M"
    assert en.money_exactly(9_999_999, "USD") == "$9,999,999"
    assert en.money(19_123_456, "JPY") == "¥19M"  # an estimate


def test_a_store_that_was_not_scored_is_not_called_too_small() -> None:
    unscored = shop("a", steps={}, lines={}, scored_minutes=0)
    assert said(facts(unscored)).rows[0].change == "未检测"


def test_numbers_out_of_all_proportion_stay_short() -> None:
    wording = DigestReaderWording("zh", ZONE)
    assert wording.signed_percent(6.5e15) == ">+999%"
    assert [wording.count(n) for n in (99_999, 999_999, 9.9999e11)] == ["99,999", "100万", "1万亿"]
    assert wording.money(3e15, "VND") == "₫3,000万亿"
    assert DigestReaderWording("en", ZONE).count(999_999) == "1M"


def test_a_digest_sent_late_says_when_it_was_due() -> None:
    assert said(facts(shop("a"))).late == ""
    assert said(facts(shop("a"), late_ms=5 * 3_600_000)).late == "原定 3月5日 08:00 发出，因故延迟，现补发。"


def test_gaps_and_rejected_records_are_named_in_the_data_lines() -> None:
    gap = shop("gap", silent_hours=2)
    given = replace(facts(shop("a"), gap, SILENT, EMPTY), rejected={"broken_json": 9, "unknown_store": 2})
    lines = said(given).data
    assert lines[0] == "4 家店中 1 家数据完整；检测至 3月5日 00:00。"
    assert lines[1] == "Gap 有 2 小时没有数据。"
    assert lines[2:] == (
        "没有数据：Silent。",
        "尚未接入：Closed。",
        "拒收 11 条（JSON 损坏 9、未知店铺 2）。",
    )


def test_very_many_stores_are_cut_and_the_rest_counted() -> None:
    text = said(facts(*(shop(f"s{i:03}") for i in range(MAX_ROWS + 60))))
    assert len(text.rows) == MAX_ROWS
    assert text.rows_note == "另有 60 家：正常 60"


def test_the_seven_days_ahead_name_sales_and_holidays_of_the_stores_countries() -> None:
    text = said(facts(shop("a", country="CN"), shop("b", country="DE")))
    reported = {day.title: day.lines for day in text.calendar}
    assert "38 女神节大促（中国）" in reported["3月8日 周日"]
    assert text.calendar_note == ""
    (quiet,) = [said(facts(shop("a", country="")))]
    assert (quiet.calendar, quiet.calendar_note) == ((), "没有节假日，也没有大促。")


def test_an_alert_of_several_stores_is_reported_for_each_of_them() -> None:
    pooled = alert("", kind=AlertKind.POOLED, members=("a", "b"), level=Level.NOTICE)
    digest = build_digest(facts(shop("a"), shop("b"), shop("c"), alerts=(pooled,)))
    assert digest.counts[DigestGroup.ACTION] == 2
    (matter,) = digest.matters
    assert isinstance(matter, DigestIncident)


def test_a_store_that_is_behind_with_parcels_is_reported_though_no_alert_is_open() -> None:
    given = facts(
        shop("none"), with_parcels("fine", parcels(78, 80)), with_parcels("behind", parcels(40, 80, 4)),
        with_parcels("breached", parcels(70, 80, 1)), with_parcels("tiny", parcels(0, 2, judged=0.0)),
        with_parcels("orders", parcels(20, 80), "order_to_fulfilment"),
    )  # fmt: skip
    text = said(given, "en")
    assert [item.title for item in text.slow] == [
        "Orders · fulfilment −75%", "Behind · fulfilment −50%", "Breached · fulfilment −12%"
    ]  # fmt: skip
    assert text.slow[1].lines == (
        "40 fulfilled, 80 due of the payments before (business hours: 10)",
        "hours in which that was judged too few: 4",
    )
    assert text.slow_note == "Stores as expected: 1. Stores with too small a sample to judge: 1."
    assert text.matters_note == "No alert; but stores that are behind with fulfilment: 3, see below."
    details = {row.name: row.detail for row in text.rows}
    assert "fulfilment −50%" in details["Behind"]
    assert "fulfilment" not in details["Fine"]
    chinese = said(given)
    assert chinese.slow[1].title == "Behind · 发货 −50%"
    assert chinese.slow_note == "1 家按预期发货。1 家样本不足。"
    assert chinese.matters_note == "没有告警；但有 3 家店发货落后，见下方。"


def test_where_no_store_s_parcels_are_measured_nothing_is_said_of_them() -> None:
    text = said(facts(shop("a"), shop("b")))
    assert (text.slow, text.slow_note) == ((), "")


def test_what_was_due_of_fulfilment_is_that_of_its_own_hours_not_of_the_day_s_payments() -> None:
    store = with_parcels("a", parcels(40, 80))
    store = replace(store, counts={**store.counts, "payment": 20, "fulfilment": 40})
    bar = {bar.stage.value: bar for bar in expected_funnel(store)}["fulfilment"]
    assert (bar.count, bar.expected) == (40, 80)
    store = replace(store, counts={**store.counts, "fulfilment": 60})
    assert [bar.expected for bar in expected_funnel(store) if bar.stage.value == "fulfilment"] == [None]


def test_fulfilment_measured_from_orders_has_its_axis() -> None:
    digest = build_digest(facts(with_parcels("a", parcels(60, 80), "order_to_fulfilment")))
    axes = {axis.name: axis.value for axis in digest.radar}
    assert axes["payment_to_fulfilment"] == pytest.approx(0.75)


def figure(measure: str, value: str, day: date, **more: Any) -> DigestFigure:
    known: dict[str, Any] = {
        "store_id": "a",
        "source": "shopee",
        "currency": "",
        "zone": "Asia/Singapore",
        **more,
    }
    return DigestFigure(measure=measure, value=value, day=day, **known)


def test_the_newest_complete_day_of_each_source_is_reported_by_measure_and_named() -> None:
    yesterday, before = date(2026, 3, 3), date(2026, 3, 2)
    given = replace(
        facts(shop("a")),
        reports=(
            figure("orders", "34", yesterday, is_restated=True),
            figure("visitors", "1020", yesterday),
            figure("visitors", "999", before),
            figure("revenue", "731.50", yesterday, currency="SGD"),
            figure("sessions", "500", before, source="amazon", zone="America/Los_Angeles"),
            figure("luck", "7", yesterday),
        ),
    )
    english = said(given, "en")
    assert [(item.title, item.lines) for item in english.reports] == [
        ("A · Amazon · Mon, Mar 2 (Los Angeles)", ("Sessions 500",)),
        (
            "A · Shopee · Tue, Mar 3 (Singapore)",
            ("Visitors 1,020 · Orders 34 (restated) · Revenue 732 SGD",),
        ),
    ]
    assert "never added" in english.reports_note
    chinese = said(given, "zh")
    assert "访客数" in chinese.reports[1].lines[0]
    assert "已修订" in chinese.reports[1].lines[0]


def test_a_digest_without_reports_says_nothing_of_them() -> None:
    assert (said(facts(shop("a"))).reports, said(facts(shop("a"))).reports_note) == ((), "")


def without_carts(name: str, orders: int = 100) -> DigestStore:
    """A marketplace's shop: it reports no carts, so orders are expected from clicks."""
    return shop(
        name,
        counts={"impression": 10_000, "click": 2000, "order": orders, "payment": 80},
        steps={
            "impression_to_click": sums(2000, 2000),
            "click_to_order": sums(orders, 100),
            "order_to_payment": sums(80, 80),
        },
    )


def test_a_store_without_carts_is_judged_by_its_step_from_click_to_order() -> None:
    digest = build_digest(facts(without_carts("a", 60)))
    (row,) = digest.rows
    assert row.verdict is Verdict.NORMAL
    assert (row.steps_judged, row.steps_supplied) == (3, 3)
    assert row.step == "click_to_order"
    assert row.change == pytest.approx(-0.4)
    by_stage = {bar.stage: (bar.count, bar.expected) for bar in digest.funnel}
    assert "add_to_cart" not in by_stage
    assert by_stage["order"] == (60, pytest.approx(100))
    axes = {axis.name: axis.value for axis in digest.radar}
    assert axes["click_to_order"] == pytest.approx(0.6)
    assert len(axes) == 6
    text = said(facts(without_carts("a", 60)))
    assert "click_to_order" not in " ".join((text.radar_alt, *text.axes, text.rows[0].change))
    assert any("下单" in axis and "60%" in axis for axis in text.axes)


DAY = {"x": Trade(2000, 100, 9000.0, 90)}


def traded(*, day: float = 1.0, week: float = 1.0) -> TradeFigures:
    """A shop that sold ``day`` of the day before and ``week`` of the week before."""
    before, earlier = ({"x": Trade(2000, 100 / part, 9000.0 / part, 90 / part)} for part in (day, week))
    return trade_figures(DAY, before, earlier, {"x"}, {"x"})


def test_each_store_and_all_together_have_the_five_numbers_with_their_changes() -> None:
    sold = traded(day=0.9, week=1.1)
    given = replace(facts(shop("a", trade=sold)), trade=sold, without_rate=("AED",))
    text = said(given)
    numbers = [(figure.name, figure.value) for figure in text.rows[0].figures]
    assert numbers == [
        ("销售额", "US$9,000"), ("订单", "100"), ("访问", "2,000"), ("转化率", "5%"), ("客单价", "US$100"),
    ]  # fmt: skip
    assert text.figures == text.rows[0].figures
    assert text.against == ("较前一日", "较上周同日")
    assert "AED" in text.figures_note
    assert said(given, "zh", DigestForm.WEEKLY).against == ("较前一周",)
    assert [len(f.changes) for f in said(given, "zh", DigestForm.WEEKLY).figures] == [1] * 5
    assert (said(facts(shop("a"))).figures, said(facts(shop("a"))).figures_note) == ((), "")


def test_a_change_has_the_colour_of_its_sign_whatever_the_verdict() -> None:
    given = facts(shop("a", 40, trade=traded(day=1.088, week=1.002)), alerts=(alert("a"),))
    (row,) = said(given).rows
    assert row.tone == "bad"
    assert [(one.text, one.tone) for one in row.figures[0].changes] == [("+8.8%", "good"), ("+0.2%", "dim")]
    down = said(facts(shop("a", trade=traded(day=0.5)))).rows[0]
    assert (down.tone, down.figures[0].changes[0].tone) == ("good", "bad")
    alone = trade_figures(DAY, {}, {}, set(), set())
    assert [one.text for one in said(facts(shop("a", trade=alone))).rows[0].figures[0].changes] == ["–", "–"]


def test_of_many_stores_the_quiet_ones_have_one_line() -> None:
    few = [shop(f"q{n}", trade=traded()) for n in range(3)]
    assert all(row.is_full for row in said(facts(*few)).rows)
    many = [shop(f"q{n}", trade=traded()) for n in range(9)]
    rows = said(facts(*many, shop("bad", 40), SILENT, alerts=(alert("bad"),))).rows
    assert [row.name for row in rows if row.is_full] == ["Bad", "Silent"]


def test_a_store_of_a_pool_says_which_alert_concerns_it() -> None:
    pool = alert("pool:platform=shopee", kind=AlertKind.POOLED, members=("a", "b"))
    rows = said(facts(shop("a"), shop("b"), alerts=(pool,))).rows
    assert {row.matter for row in rows} == {"Shopee 各店 · 多店同时下降 · 下单 → 支付"}
