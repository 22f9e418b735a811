"""What an evaluation says, in both languages: numbers with their interval, their lack in words, and where they come from."""

from __future__ import annotations

import dataclasses
import re
from decimal import Decimal

import numpy as np
import pytest

from scoring.evaluation import sentences as say
from scoring.evaluation.comparator import ComparatorKind
from scoring.evaluation.comparing import MeasureDefinition, NoRank, RankedGroup, Ranking, differences
from scoring.evaluation.dimensions.registry import INDICATOR_BY_ID
from scoring.evaluation.duties import Duty
from scoring.evaluation.evaluating import evaluate_store
from scoring.evaluation.figure import SourceRows, rate_figure
from scoring.evaluation.findings import DecoyEvidence, find_all
from scoring.evaluation.health import change_since
from scoring.evaluation.indicator import Direction
from scoring.evaluation.judging import AdviceOutcome, AdviceVerdict, HitRate
from scoring.evaluation.readings import GAPS, NO_BASIS, STEP, VOLUME, Reading, Readings
from scoring.evaluation.rules import Condition, DecoyKind, Ground, ReadingLevel, Truth
from scoring.evaluation.said_numbers import say_target
from scoring.evaluation.score import Score, ScoreLack, Unscored, against_target
from scoring.evaluation.steps import Loss
from scoring.evaluation.texts import DUTY_NAMES
from scoring.evaluation.weights import INDICATOR_WEIGHTS
from scoring.wording.text import LANGUAGES, Language
from tests.fixtures.evaluation import rows, store_of

END = 1_767_139_200_000
LOW, FINE = Score(2, 0, 10, 5), Score(50, 42, 58, 5)


class PlainWording:
    """Numbers as plain as can be."""

    def __init__(self, language: Language) -> None:
        self.language = language

    def count(self, value: float) -> str:
        return f"{value:,.0f}"

    def percent(self, value: float) -> str:
        return f"{value:.0%}"

    def money(self, amount: float, currency: str) -> str:
        return f"{currency} {amount:.0f}"

    def clock(self, at_ms: int, zone: str) -> str:
        return f"{at_ms} {zone}"

    def span(self, minutes: float) -> str:
        return f"{minutes:.0f} min"

    def decimal(self, value: float) -> str:
        return f"{value:.1f}"

    def calendar_day(self, at_ms: int, zone: str) -> str:
        return str(np.datetime64(at_ms, "ms").astype("datetime64[D]"))


ZH, EN = PlainWording("zh"), PlainWording("en")
SHIPPED = INDICATOR_BY_ID["logistics.shipped_in_time"]


def test_a_score_is_said_with_its_interval() -> None:
    score = Score(62.4, 55.1, 69.0, 4.2)
    assert say.say_score(score, ZH) == "62 分（55–69）"
    assert say.say_score(score, EN) == "62 points (55–69)"


def test_what_has_no_score_says_what_is_missing_and_how_long_it_takes() -> None:
    few = ScoreLack(Unscored.BELOW_FLOOR, 11, 30, 9)
    assert say.say_lack(SHIPPED, few, ZH) == "样本不够：11/30 例，按现在的量大约还要 9 天"
    assert say.say_lack(SHIPPED, few, EN) == "too few cases: 11 of 30; about 9 more days at this rate"
    none = say.say_lack(SHIPPED, ScoreLack(Unscored.NO_SOURCE), EN)
    assert none == (
        "not measured: no data. Payment and shipping times of orders, and the store's promise (ship_within_days of its "
        "configuration) would supply it"
    )


@pytest.mark.parametrize("reason", Unscored)
@pytest.mark.parametrize("language", LANGUAGES)
def test_every_lack_is_said_of_indicators_and_of_the_whole(reason: Unscored, language: Language) -> None:
    wording = PlainWording(language)
    for indicator in (SHIPPED, None):
        said = say.say_lack(indicator, ScoreLack(reason, 1, 2), wording)
        assert said
        assert "{" not in said


def test_a_number_leads_to_its_rows_and_rows_of_one_query_are_added_up() -> None:
    found = [
        SourceRows("orders.xlsx", "支付时间在本期", 200),
        SourceRows("reviews.csv", "all", 3),
        SourceRows("orders.xlsx", "支付时间在本期", 50),
    ]
    assert say.say_rows(found, ZH) == ("orders.xlsx（支付时间在本期，250 行）", "reviews.csv（all，3 行）")
    assert say.say_rows(found[1:2], EN) == ("reviews.csv (all; 3 rows)",)


def test_coverage_is_said_with_the_bounds_of_what_is_missing() -> None:
    store = store_of(1)
    left = {name: one for name, one in store.figures.items() if name != "service.satisfaction"}
    evaluation = evaluate_store(dataclasses.replace(store, figures=left))
    service = next(one for one in evaluation.dimensions[ComparatorKind.OWN] if one.id == "service")
    assert re.fullmatch(
        r"80% of the weights are measured; whatever the rest shows, between \d+ and \d+ points",
        say.say_coverage(service, EN),
    )
    full = next(one for one in evaluation.dimensions[ComparatorKind.OWN] if one.id == "logistics")
    assert say.say_coverage(full, ZH) == "测到的部分占权重 100%"
    assert "dimensions with a score" in say.say_coverage(evaluation.health[ComparatorKind.OWN], EN)


def test_a_change_names_what_took_no_part_in_it() -> None:
    store = store_of(1)
    left = {name: one for name, one in store.figures.items() if name != "service.satisfaction"}
    then, now = (
        next(one for one in evaluate_store(known).dimensions[ComparatorKind.OWN] if one.id == "service")
        for known in (store, dataclasses.replace(store, figures=left))
    )
    change = change_since(now, then, {name: one.weight for name, one in INDICATOR_WEIGHTS.items()})
    assert change is not None
    assert say.say_change(change, ZH).endswith("；未参与比较：客服满意度")
    assert say.say_change(change, EN).startswith("0.0 points (")


def test_a_target_is_said_met_or_missed_and_when_it_is_not_sure() -> None:
    result = against_target(rate_figure(9, 10, rows()), 0.95, 2.94, Direction.HIGHER, "amazon")
    assert (
        say_target("logistics.shipped_in_time", result, EN)
        == "missed: 90%, target 95%, 5.0 pp short (too few cases to be sure)"
    )
    sure = against_target(rate_figure(900, 1000, rows()), 0.95, 2.94, Direction.HIGHER, "amazon")
    assert say_target("logistics.shipped_in_time", sure, ZH) == "未达标：90%，目标 95%，差 5.0 个百分点"


def test_a_loss_within_noise_is_as_usual_and_no_money_is_named() -> None:
    noise = Loss(Decimal("3.0"), -5.0, 11.0, Decimal("120.00"), {}, {})
    assert say.say_loss(noise, "CNY", ZH) == "和平常差不多（-11.0 至 5.0）"
    loss = Loss(Decimal("30.5"), 12.0, 49.0, Decimal("1220.00"), {}, {})
    assert say.say_loss(loss, "CNY", ZH) == "比平常少约 30.5（12.0–49.0），约 CNY 1220"
    gain = Loss(Decimal("-30.5"), -49.0, -12.0, None, {}, {})
    assert say.say_loss(gain, "CNY", EN) == "about 30.5 more than usual (12.0–49.0)"


def paid_less() -> Readings:
    scores = {STEP + "click_to_add_to_cart": FINE, STEP + "order_to_payment": LOW}
    return Readings(
        ComparatorKind.OWN, {name: Reading(name, score, None, rows(name)) for name, score in scores.items()}
    )


def test_a_finding_says_what_is_seen_what_else_it_may_be_and_what_would_disprove_it() -> None:
    outage = DecoyEvidence(DecoyKind.OUTAGE, 0.05, END, 0, "Stripe", rows("signals"))
    checked = frozenset(DecoyKind) - {DecoyKind.BOT_WAVE}
    finding = next(
        one
        for one in find_all("s1", paid_less(), (outage,), checked, END)
        if one.scenario.id == "carts_not_paid"
    )
    zh, en = say.say_finding(finding, ZH), say.say_finding(finding, EN)
    assert zh[0] == "看到了：加购正常，加购之后到付款明显低了"
    assert "点击 → 加购没有偏低" in zh
    assert "下单 → 支付明显偏低" in zh
    assert "也可能是：平台或支付故障「Stripe」（5%，本期处于故障中的时间）。" in zh
    assert "没法排除（缺数据）：机器流量涌入。" in zh
    assert en[-1].startswith("What would disprove it: If every device")
    assert len(zh) == len(en)
    owner, check, record = say.say_action(finding.actions[0], "Asia/Shanghai", HitRate(3, 4, 2), ZH)
    assert owner.startswith("技术 · 用主要机型走一遍结账到付款")
    assert check == "2026-01-07 复查下单 → 支付"
    assert record == "这条建议用过 4 次能判断的，3 次有改善；另有 2 次说不准"
    assert say.say_action(finding.actions[0], "UTC", None, EN)[2] == "this advice has no record yet"


def test_a_low_score_of_shipping_time_was_said_as_a_short_shipping_time() -> None:
    ground = Ground(
        Condition(("logistics.time_to_ship",), ReadingLevel.CLEARLY_LOW),
        "logistics.time_to_ship",
        Truth.HOLDS,
    )
    assert say.say_ground(ground, "zh") == "发货用时明显变差"
    assert say.say_ground(ground, "en") == "Time to ship: clearly worse"


def test_a_fact_did_not_name_what_it_is_about() -> None:
    facts = {
        GAPS: Reading(GAPS, None, True, rows("indicators"), ("price", "logistics")),
        NO_BASIS: Reading(NO_BASIS, None, True, rows("targets"), ("logistics",)),
    }
    found = find_all("s1", Readings(ComparatorKind.OWN, facts), (), (), END)
    lines = {one.scenario.id: (say.say_finding(one, ZH), say.say_finding(one, EN)) for one in found}
    assert "没有测到的维度：价格竞争力、物流时效" in lines["report_has_gaps"][0]
    assert "dimensions that are not measured: Price, Logistics" in lines["report_has_gaps"][1]
    assert "没有目标的岗位：物流" in lines["no_basis_for_kpi"][0]


def test_a_decoy_that_takes_the_place_is_said_first() -> None:
    late = DecoyEvidence(DecoyKind.REPORT_LATE, 0.3, END, 0, "", rows("report_rows"))
    finding = next(
        one
        for one in find_all("s1", paid_less(), (late,), frozenset(DecoyKind), END)
        if one.scenario.id == "carts_not_paid"
    )
    lines = say.say_finding(finding, ZH)
    assert lines[0].startswith("另有解释，先处理它")
    assert lines[1].startswith("先看：报表还没到齐（30%")


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_finding_of_a_store_without_data_says_so_and_fills_in_everything(language: Language) -> None:
    for finding in find_all("s1", Readings(ComparatorKind.OWN), (), (), END):
        lines = say.say_finding(finding, PlainWording(language))
        assert len(lines) > 1
        assert not [line for line in lines if "{" in line or "_" in line]


def test_readings_have_the_names_that_people_use() -> None:
    assert say.reading_name(VOLUME + "order", "zh") == "下单的量"
    assert say.reading_name("logistics", "zh") == "物流时效"
    assert DUTY_NAMES[Duty.LOGISTICS]("zh") == "物流"  # a role and a dimension share the id
    assert say.reading_name("returns.refunds", "en") == "Refunds"


def test_a_verdict_on_advice_is_said_with_its_interval_or_that_nobody_can_say() -> None:
    helped = AdviceVerdict(AdviceOutcome.HELPED, 12.0, 3.0, 21.0)
    assert say.say_verdict(helped, ZH) == "有改善：比放着不管预计高 12.0 分（3.0–21.0）"
    assert say.say_verdict(AdviceVerdict(AdviceOutcome.CANNOT_SAY), EN).startswith("cannot say")


def test_a_rank_is_said_in_groups_and_its_absence_difference_by_difference() -> None:
    groups = (RankedGroup(1, 1, ("a",)), RankedGroup(2, 3, ("b", "c")))
    assert say.say_ranking(Ranking(groups, None, (), (), ()), "zh") == (
        "第 1：a",
        "第 2–3（分不出先后）：b、c",
    )
    assert say.say_ranking(Ranking(groups[:1], None, (), (), ()), "en")[0].startswith("All equal")
    base = MeasureDefinition("sessions", "orders", "shopify", "sessions", "orders")
    unlike = differences({"a": base, "b": dataclasses.replace(base, unit_down="order_items", window="7d")})
    said = say.say_ranking(Ranking((), NoRank.DEFINITIONS_DIFFER, unlike, (), ()), "zh")
    assert said[0] == "不排名：口径不一样，比了会误导"
    assert any("终点怎么数" in line and "order_items" in line for line in said)
    assert any("没有说明" in line for line in said)
