"""The alert card: what it says, in which order, in both languages."""

import re
from dataclasses import replace
from datetime import date

import msgspec
import pytest

from scoring.alerts.actions import CloseReason
from scoring.alerts.alert import (
    AGED,
    AlertContribution,
    AlertKind,
    AlertLabel,
    AlertState,
    AlertTransition,
    WindowFigures,
)
from scoring.funnel.drift_notes import DriftNote
from scoring.funnel.mix_notes import MixNote
from scoring.funnel.money import UNKNOWN_WORTH, Worth
from scoring.funnel.period_notes import PeriodChange, PeriodNote
from scoring.funnel.period_steps import PERIOD_STEP_BY_ID
from scoring.funnel.spread_notes import SpreadNote
from scoring.wording.alert_words import alert_name
from scoring.wording.card import PLACES, ActionKind, Card, CardContext, CardStore, Health, LineKind
from scoring.wording.cards import (
    MAX_LINES,
    build_card,
)
from scoring.wording.catalogue import pool_name, segment_name, step_name
from scoring.wording.checks import STEP_CHECKS, checks_for
from scoring.wording.period_words import PERIOD_STEP_WORDS
from scoring.wording.text import LANGUAGES, Language
from streams.incidents.reader import ReaderWording
from tests.fixtures.alert_card import ALERT, AROUND, OPENED


def card(alert: AlertTransition = ALERT, around: CardContext = AROUND, language: Language = "zh") -> Card:
    return build_card(alert, around, ReaderWording(language), "Asia/Shanghai")


def line(made: Card, kind: LineKind) -> str:
    return next(row.text for row in made.lines if row.kind is kind)


def test_the_first_line_is_the_verdict_with_its_expectation() -> None:
    assert card().headline == "严重 · US-独立站 · 转化下降：支付率 71.4%（预期 83.0%–88.1%）"
    assert (
        card(language="en").headline
        == "Critical · US-独立站 · Conversion drop: Orders → Payments 71.4% (expected 83.0%–88.1%)"
    )


def test_a_slow_change_is_said_by_its_days_and_not_as_if_it_had_begun_then() -> None:
    note = DriftNote(date(2026, 2, 25), date(2026, 3, 3)).text()
    drift = changed(kind=AlertKind.DRIFT, note=note, window_minutes=7 * 1440)
    english, chinese = card(drift, language="en"), card(drift)
    assert english.headline.startswith("Critical · US-独立站 · Slow decline: Orders → Payments 71.4%")
    assert line(english, LineKind.SINCE) == "Feb 25 to Mar 3 against the four weeks before"
    assert line(chinese, LineKind.SINCE) == "2月25日 至 3月3日，对照之前四周"
    assert "between 40 and 82" in line(english, LineKind.SIZE)
    assert "since it began" not in english.text
    assert "普遍偏低" not in chinese.text


def test_size_is_shown_with_money_and_a_range() -> None:
    text = line(card(language="en"), LineKind.SIZE)
    assert "about 61 fewer than the 355 expected" in text
    assert "about $2,900 ($1,900–$3,900)" in text


def test_a_reminder_said_the_minutes_and_the_age_of_the_first_message() -> None:
    """Four hours after it fired the card said "1 min so far" and the figures of then."""
    hours_later = replace(
        AROUND, now_ms=OPENED + 4 * 3_600_000, present=WindowFigures(310.0, 350.0, 340.0, 360.0, 30, 0.0)
    )
    made = card(around=hours_later, language="en")
    assert line(made, LineKind.SIZE).startswith(
        "Last 30 min: 310 payments, about 40 fewer than the 350 expected"
    )
    assert line(made, LineKind.SINCE).endswith("4 h so far")


def test_money_is_left_out_where_the_worth_of_an_event_is_unknown() -> None:
    unknown = replace(AROUND, store=replace(AROUND.store, worth=UNKNOWN_WORTH))
    assert "$" not in card(around=unknown, language="en").text


def test_where_names_the_segment_and_its_share_and_leaves_small_shares_out() -> None:
    assert line(card(), LineKind.WHERE) == "主要在 iOS × PayPal（占缺口 74%）"


def test_the_reader_s_clock_comes_first_and_the_store_s_follows() -> None:
    assert line(card(), LineKind.SINCE).startswith(
        "北京时间 3月4日 12:53 开始（店铺：洛杉矶时间 3月3日 20:53）"
    )


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("kind", list(AlertKind))
@pytest.mark.parametrize("state", [AlertState.FIRING, AlertState.RESOLVED])
def test_every_card_is_at_most_twelve_lines_in_the_fixed_order(
    language: Language, kind: AlertKind, state: AlertState
) -> None:
    ended = OPENED + 3_600_000 if state is AlertState.RESOLVED else None
    alert = msgspec.structs.replace(ALERT, kind=kind, state=state, resolved_at_ms=ended, members=("a", "b"))
    made = card(alert, replace(AROUND, acknowledged_by="Li", calendar=("双11",)), language)
    order = [list(LineKind).index(row.kind) for row in made.lines]
    assert order == sorted(order)
    assert len(made.text.splitlines()) <= MAX_LINES
    assert all(row.text for row in made.lines)


def test_a_card_in_english_holds_no_chinese_but_names() -> None:
    nameless = replace(AROUND, store=replace(AROUND.store, name="US shop"))
    assert re.findall(r"[\u4e00-\u9fff；，：（）]", card(around=nameless, language="en").text) == []


ENDED = msgspec.structs.replace(
    ALERT,
    state=AlertState.RESOLVED,
    resolved_at_ms=OPENED + 95 * 60_000,
    end_figures=(WindowFigures(82.0, 84.0, 70.0, 95.0, 8, 98.0),),
)
REASONS = [ActionKind.REAL, ActionKind.EXPECTED, ActionKind.TRACKING, ActionKind.FALSE_ALARM]


def test_a_resolved_card_repeated_the_bad_minutes_as_the_present() -> None:
    made = card(ENDED, replace(AROUND, acknowledged_by="李娜"))
    assert made.headline == "已恢复 · US-独立站 · 支付率回到 83.7%（预期 71.4%–96.9%）"
    assert "71.4%" not in made.text.replace(made.headline, "")
    size = line(made, LineKind.SIZE)
    assert size.startswith("共少约 61 笔支付（40–82），约损失 US$2,900")
    assert size.endswith("；告警时近 30 分钟支付 294 笔（预期 355）")
    assert "历时 1 小时 35 分钟" in line(made, LineKind.SINCE)
    assert line(made, LineKind.PEOPLE) == "李娜 已认领"
    # how sure it was that something is wrong says nothing of now
    assert [row for row in made.lines if row.kind is LineKind.SURENESS] == []
    english = card(ENDED, language="en")
    assert english.headline == "Resolved · US-独立站 · Orders → Payments back at 83.7% (expected 71.4%–96.9%)"
    assert line(english, LineKind.SIZE).startswith("About 61 fewer payments in total (40–82), about $2,900")
    assert line(english, LineKind.SIZE).endswith("; when it fired: 294 payments in 30 min (355 expected)")
    assert "after 1 h 35 min" in line(english, LineKind.SINCE)
    assert line(english, LineKind.PEOPLE) == "Nobody acknowledged it"


def test_a_resolved_card_could_not_be_closed_with_a_reason() -> None:
    made = card(ENDED)
    assert [action.kind for action in made.actions] == [*REASONS, *PLACES]
    assert line(made, LineKind.CHECK) == "请选择原因并关闭："
    closed = card(ENDED, replace(AROUND, closed_by="wang", closed_as=CloseReason.REAL))
    assert [action.kind for action in closed.actions] == list(PLACES)
    assert "请选择" not in closed.text
    assert "请选择" not in card(ENDED, replace(AROUND, links={})).text
    firing = [action.kind for action in card().actions]
    assert firing[:2] == [ActionKind.ACKNOWLEDGE, ActionKind.SILENCE]
    assert ActionKind.REAL not in firing


def test_an_alert_that_was_only_too_old_was_said_to_have_recovered() -> None:
    low = WindowFigures(30.0, 84.0, 70.0, 95.0, 5, 98.0)
    made = card(msgspec.structs.replace(ENDED, note=f"{AGED}: taken as the new normal", end_figures=(low,)))
    assert made.headline == "视为新常态 · US-独立站 · 支付率仍为 30.6%（预期 71.4%–96.9%）"


def test_the_end_of_a_traffic_alert_counts_what_comes_now() -> None:
    one = WindowFigures(1.0, 1.5, 0.0, 4.0, 5, 1.5)
    traffic = msgspec.structs.replace(
        ENDED, kind=AlertKind.TRAFFIC, step="impression_to_click", end_figures=(one,)
    )
    assert card(traffic).headline == "已恢复 · US-独立站 · 近 5 分钟点击 1 次（预期 0–4）"
    assert card(traffic, language="en").headline == "Resolved · US-独立站 · 1 click in 5 min (expected 0–4)"
    surge = msgspec.structs.replace(traffic, kind=AlertKind.SURGE, lost=0.0)
    assert line(card(surge), LineKind.SIZE).startswith("告警时近 30 分钟点击 294 次")


def test_an_end_without_figures_of_its_own_is_worded_as_before() -> None:
    made = card(msgspec.structs.replace(ENDED, end_figures=()), language="en")
    assert made.headline.startswith("Resolved · US-独立站 · Conversion drop: Orders → Payments 71.4%")
    assert line(made, LineKind.SURENESS)


def test_two_alerts_of_one_step_had_the_same_headline() -> None:
    headlines = {
        kind: card(changed(kind=kind, sample=0.0, step="impression_to_click")).headline for kind in AlertKind
    }
    assert len(set(headlines.values())) == len(AlertKind)
    assert (
        headlines[AlertKind.TRAFFIC] == "严重 · US-独立站 · 流量下降：近 30 分钟点击 294 次（预期 342–363）"
    )
    names = {alert_name(kind, "impression_to_click", "en") for kind in AlertKind}
    assert len(names) == len(AlertKind)
    assert {"Traffic drop · Clicks", "Conversion drop · Impressions → Clicks"} < names
    assert alert_name("mine", "x", "en") == "mine · x"


def test_a_card_never_claims_a_cause() -> None:
    for language in LANGUAGES:
        text = card(language=language).text
        assert re.search(r"because|caused by|due to|root cause|因为|导致|原因是", text) is None


def test_late_data_is_said_on_the_card() -> None:
    late = replace(AROUND, health=Health(is_late=True))
    assert "arriving late" in line(card(around=late, language="en"), LineKind.NOT_THE_CAUSE)


def test_another_currency_is_shown_in_the_base_currency_too() -> None:
    store = CardStore("US", "America/Los_Angeles", "USD", Worth({}, {"payment": 47.5}, "USD", 7.1, "CNY"))
    text = line(card(around=replace(AROUND, store=store), language="en"), LineKind.SIZE)
    assert "about $2,900 ($1,900–$3,900; ≈ CN¥21,000)" in text


def test_a_pool_s_card_named_its_stores_by_their_ids_and_gave_no_rate() -> None:
    pooled = changed(
        kind=AlertKind.POOLED,
        store_id="pool:platform=shopify",
        members=("uk", "us", "ca"),
        contributions=(AlertContribution("us", 0.56), AlertContribution("uk", 0.3)),
    )
    around = replace(AROUND, member_names={"us": "官网美国站", "uk": "官网英国站"})
    made = card(pooled, around)
    assert made.headline == "严重 · Shopify 各店 · 多店同时下降：支付率 71.4%（预期 83.0%–88.1%）"
    assert line(made, LineKind.WHERE) == "涉及 3 家店：官网美国站 56%、官网英国站 30%、ca"
    # its stores have many clocks: none is the pool's
    assert "店铺" not in line(made, LineKind.SINCE)


def test_the_day_of_a_rate_of_exchange_was_not_shown() -> None:
    worth = Worth({}, {"payment": 47.5}, "USD", 7.1, "CNY", date(2026, 10, 30))
    store = replace(AROUND.store, worth=worth)
    around = replace(AROUND, store=store)
    assert line(card(around=around), LineKind.SIZE).endswith("，折合 ¥21,000（10月30日汇率）")
    assert line(card(around=around, language="en"), LineKind.SIZE).endswith(
        "; ≈ CN¥21,000 at the rate of Oct 30)"
    )


def test_a_loss_s_range_never_begins_below_nothing() -> None:
    alert = msgspec.structs.replace(ALERT, lost_low=-12.0)
    assert "（0–82）" in line(card(alert), LineKind.SIZE)
    assert "（US$0–" in line(card(alert), LineKind.SIZE)


def test_the_calendar_is_named_and_nothing_is_claimed_where_it_is_not_known() -> None:
    named = card(around=replace(AROUND, calendar=("双11", "会员日")))
    assert "日历：双11、会员日" in line(named, LineKind.NOT_THE_CAUSE)
    assert "当天无大促、节假日" in line(card(), LineKind.NOT_THE_CAUSE)
    assert "日历" not in line(card(around=replace(AROUND, calendar=None)), LineKind.NOT_THE_CAUSE)


def test_a_closed_card_says_who_closed_it_and_as_what() -> None:
    around = replace(
        AROUND, acknowledged_by="li", assignee="wang", closed_by="wang", closed_as=CloseReason.FALSE_ALARM
    )
    made = card(around=around)
    assert (made.is_firing, made.headline.split(" · ")[0]) == (False, "已关闭")
    assert line(made, LineKind.PEOPLE) == "li 已认领；转交 wang；wang 关闭：误报"
    assert [action.kind for action in made.actions] == list(PLACES)


def test_a_pixel_that_loses_orders_is_shown_with_its_usual_share() -> None:
    losing = Health(age_s=4, pixel_share=0.0, usual_pixel_share=0.97)
    made = card(around=replace(AROUND, health=losing), language="en")
    assert "the pixel sees 0% of orders (usually 97%: the pixel is losing orders" in line(
        made, LineKind.NOT_THE_CAUSE
    )
    assert not replace(losing, pixel_share=0.9).pixel_is_losing
    assert not Health(pixel_share=0.1).pixel_is_losing


def test_a_slow_step_is_described_in_business_time_and_a_traffic_alert_says_what_is_missing() -> None:
    slow = msgspec.structs.replace(ALERT, step="payment_to_fulfilment", window_minutes=180)
    assert "Last 3 h of business time" in line(card(slow, language="en"), LineKind.SIZE)
    assert "3 小时工作时间" in line(card(slow), LineKind.SIZE)
    traffic = msgspec.structs.replace(ALERT, kind=AlertKind.TRAFFIC, label=AlertLabel.TRACKING)
    assert "lost tracking" in line(card(traffic, language="en"), LineKind.NOT_THE_CAUSE)
    bots = msgspec.structs.replace(ALERT, label=AlertLabel.INFLATED)
    assert "inflated" in line(card(bots, language="en"), LineKind.NOT_THE_CAUSE)
    mix = changed(label=AlertLabel.MIX, note=MixNote("ios/paid").text())
    assert "more visitors came who convert worse" in line(card(mix, language="en"), LineKind.NOT_THE_CAUSE)
    assert "most of them" in line(card(mix, language="en"), LineKind.NOT_THE_CAUSE)
    assert "流量结构变了" in line(card(mix), LineKind.NOT_THE_CAUSE)
    assert "多在" in line(card(mix), LineKind.NOT_THE_CAUSE)


def test_the_card_of_a_drop_that_spread_names_where_else() -> None:
    spread = changed(note=SpreadNote(("android/paid", "web")).text())
    assert "; later also in " in line(card(spread, language="en"), LineKind.WHERE)
    assert "；之后也出现在" in line(card(spread), LineKind.WHERE)
    assert "later also" not in line(card(ALERT, language="en"), LineKind.WHERE)


def changed(**fields: object) -> AlertTransition:
    return msgspec.structs.replace(ALERT, **fields)


def test_a_headline_gave_the_worst_minutes_of_before_as_the_present() -> None:
    worse = msgspec.structs.replace(ALERT, observed=20.0, expected=350.0)
    now = replace(AROUND, present=WindowFigures(310.0, 350.0, 330.0, 370.0, 30, 0.0))
    assert card(worse, now).headline == "严重 · US-独立站 · 转化下降：近 30 分钟支付 310 笔（预期 330–370）"
    assert card(worse, now, "en").headline.endswith(
        "Conversion drop: 310 payments in 30 min (expected 330–370)"
    )
    same = replace(AROUND, present=WindowFigures(294.0, 355.0, 340.0, 370.0, 30, 0.0))
    assert card(ALERT, same).headline == card().headline


def test_a_card_holds_nothing_but_this() -> None:
    assert card(language="en").text.splitlines()[:9] == [
        "Critical · US-独立站 · Conversion drop: Orders → Payments 71.4% (expected 83.0%–88.1%)",
        "Last 30 min: 294 payments, about 61 fewer than the 355 expected; about 61 fewer payments since it began (40–82), "
        "about $2,900 ($1,900–$3,900)",
        "Anomaly score 8.4 (alerts from 7, sample 412): chance if nothing were wrong about 1 in 251M",
        "Mainly in iOS × PayPal (74% of the shortfall)",
        "Data is live (last event 4 s ago), the pixel sees 98% of orders; no sale or holiday that day; more like a real drop",
        "Since Mar 4, 12:53 Shanghai (store time Mar 3, 20:53 Los Angeles), 9 min so far",
        "Payments: Look at success rate and failure codes per payment method; see the provider's status page.",
        "Engineering: Pay a test order on the device with the largest share; check payment callbacks and recent releases.",
        "Operations: Check currency, tax and fraud-screening rules for changes.",
    ]
    assert "最近一条 4 秒前，像素单占比 98%；当天无大促、节假日；" in card().text


@pytest.mark.parametrize(
    ("surprise", "odds"),
    [
        (2.0, "about 1 in 100"),
        (8.9, "about 1 in 794M"),
        (9.0, "less than 1 in a billion"),
        (30.0, "less than 1 in a billion"),
    ],
)
def test_how_sure_is_said_in_times_out_of_how_many(surprise: float, odds: str) -> None:
    text = line(card(changed(surprise=surprise), language="en"), LineKind.SURENESS)
    assert (
        text == f"Anomaly score {surprise} (alerts from 7, sample 412): chance if nothing were wrong {odds}"
    )


@pytest.mark.parametrize(
    ("alert", "result"),
    [
        (changed(sample=0.0), "Conversion drop: 294 payments in 30 min (expected 342–363)"),
        (changed(sample=362.0), "Conversion drop: 294 payments in 30 min (expected 342–363)"),
        (changed(sample=363.0), "Conversion drop: Orders → Payments 81.0% (expected 94.2%–100%)"),
        (changed(sample=0.0, high=0.0, low=0.0), "Conversion drop: 294 payments in 30 min (expected 0–0)"),
        (changed(kind=AlertKind.TRAFFIC), "Traffic drop: 294 payments in 30 min (expected 342–363)"),
    ],
)
def test_a_rate_is_given_only_where_no_more_arrived_than_set_out(alert: AlertTransition, result: str) -> None:
    assert card(alert, language="en").headline == f"Critical · US-独立站 · {result}"


@pytest.mark.parametrize(
    ("alert", "size"),
    [
        (changed(observed=355.0, lost=0.0), "about 0 fewer than the 355 expected"),
        (changed(observed=400.0, lost=0.0), "about 45 more than the 355 expected"),
        (changed(lost=0.0), "about 61 fewer than the 355 expected"),
        (
            changed(lost=0.6, lost_low=0.1, lost_high=1.6),
            "about 61 fewer than the 355 expected; about 1 fewer payment since it began (0–2), about $28 ($5–$76)",
        ),
    ],
)
def test_what_is_missing_is_the_difference_and_what_was_lost_follows_if_anything_was(
    alert: AlertTransition, size: str
) -> None:
    text = line(card(alert, language="en"), LineKind.SIZE)
    assert text.split("payments, ", 1)[1] == size


@pytest.mark.parametrize(
    ("rate", "currency", "is_named"),
    [(None, "", False), (None, "CNY", False), (1.0, "USD", False), (7.1, "CNY", True), (7.1, "", False)],
)
def test_the_base_currency_is_named_where_it_is_another(
    rate: float | None, currency: str, is_named: bool
) -> None:
    worth = Worth({}, {"payment": 47.5}, "USD", rate, currency)
    text = line(
        card(around=replace(AROUND, store=replace(AROUND.store, worth=worth)), language="en"), LineKind.SIZE
    )
    assert ("≈" in text) == is_named


C = AlertContribution


@pytest.mark.parametrize(
    ("alert", "where"),
    [
        (changed(contributions=()), "Down across all segments"),
        (changed(contributions=(C("a", 0.19),)), "Down across all segments"),
        (changed(contributions=(C("a", 0.19),), segment="android/ads"), "Mainly in Android × ads"),
        (
            changed(contributions=(C("ios/-", 0.2), C("b", 0.1), C("other", 0.3), C("x", 0.4)), segment="android"),
            "Mainly in iOS (20% of the shortfall), Other segments (30% of the shortfall)",
        ),
        (
            changed(contributions=(C("ios/-", 0.2), C("-/card", 0.3))),
            "Mainly in iOS × unspecified (20% of the shortfall), unspecified × card (30% of the shortfall)",
        ),
        (changed(members=("a", "b")), "Mainly in iOS × PayPal (74% of the shortfall)"),
        (changed(kind=AlertKind.POOLED), "Mainly in iOS × PayPal (74% of the shortfall)"),
        (changed(kind=AlertKind.POOLED, members=tuple("abcde")), "5 stores: a, b, c, d, e"),
        (changed(kind=AlertKind.POOLED, members=tuple("abcdef")), "6 stores: a, b, c, d, e, …"),
    ],
)  # fmt: skip
def test_where_it_is_names_at_most_two_large_segments_or_five_stores(
    alert: AlertTransition, where: str
) -> None:
    assert line(card(alert, language="en"), LineKind.WHERE) == where


@pytest.mark.parametrize(
    ("health", "said"),
    [
        (Health(age_s=89.4), "Data is live (last event 89 s ago); no sale or holiday that day"),
        (Health(age_s=90.0), "Data is live (last event 2 min ago); no sale or holiday that day"),
        (Health(age_s=3600.0), "Last event 1 h ago; no sale or holiday that day"),
        (Health(pixel_share=0.98), "The pixel sees 98% of orders; no sale or holiday that day"),
        (Health(), "No sale or holiday that day"),
    ],
)
def test_the_data_s_health_is_said_as_far_as_it_is_known(health: Health, said: str) -> None:
    plain = changed(label=AlertLabel.UNKNOWN)
    around = replace(AROUND, health=health)
    assert line(card(plain, around, "en"), LineKind.NOT_THE_CAUSE) == said
    unknown = replace(AROUND, health=Health(), calendar=None)
    assert (
        line(card(plain, unknown, "en"), LineKind.NOT_THE_CAUSE)
        == "Whether the data is complete is not known right now"
    )


def test_a_pixel_loses_below_half_of_its_usual_share() -> None:
    assert not Health(pixel_share=0.5, usual_pixel_share=1.0).pixel_is_losing
    assert Health(pixel_share=0.49, usual_pixel_share=1.0).pixel_is_losing
    assert not Health(usual_pixel_share=1.0).pixel_is_losing


def test_whether_visitors_or_events_are_missing_is_said_of_drops_of_a_store_and_once_there_is_evidence() -> (
    None
):
    said = {
        (kind, label)
        for kind in AlertKind
        for label in AlertLabel
        if "more like" in card(changed(kind=kind, label=label), language="en").text
        or "tracking" in line(card(changed(kind=kind, label=label), language="en"), LineKind.NOT_THE_CAUSE)
        or "inflated" in line(card(changed(kind=kind, label=label), language="en"), LineKind.NOT_THE_CAUSE)
        or "another mix" in line(card(changed(kind=kind, label=label), language="en"), LineKind.NOT_THE_CAUSE)
    }
    kinds = (AlertKind.CONVERSION, AlertKind.TRAFFIC, AlertKind.TRACKING)
    assert said == {
        (kind, label) for kind in kinds for label in AlertLabel if label is not AlertLabel.UNKNOWN
    }


def test_evidence_for_lost_tracking_or_bots_puts_their_checks_first() -> None:
    own, step = STEP_CHECKS["order_to_payment"], "order_to_payment"
    tracking = checks_for(step, AlertKind.TRACKING, AlertLabel.UNKNOWN)
    surge = checks_for(step, AlertKind.SURGE, AlertLabel.UNKNOWN)
    assert checks_for(step, AlertKind.CONVERSION, AlertLabel.REAL) == own
    assert checks_for(step, AlertKind.CONVERSION, AlertLabel.TRACKING) == (*tracking, own[0])
    assert checks_for(step, AlertKind.CONVERSION, AlertLabel.INFLATED) == (*surge[1:], own[0])
    assert checks_for(step, AlertKind.CONVERSION, AlertLabel.MIX)[1:] == own[:2]
    assert checks_for(step, AlertKind.CONVERSION, AlertLabel.MIX)[0].owner == "ads"
    assert checks_for(step, AlertKind.TRACKING, AlertLabel.TRACKING) == tracking
    assert checks_for("unknown", "unknown", "unknown") == ()
    lines = [row for row in card(language="en").lines if row.kind is LineKind.CHECK]
    assert len(lines) == 3


def test_steps_segments_and_pools_have_names_and_what_is_unknown_keeps_its_own() -> None:
    assert [step_name(name, "en") for name in ("order", "order_to_payment", "x")] == [
        "Orders", "Orders → Payments", "x",
    ]  # fmt: skip
    assert [segment_name(name, "en") for name in ("", "other", "ios/-", "mine/ads")] == [
        "Whole store", "Other segments", "iOS × unspecified", "mine × ads",
    ]  # fmt: skip
    assert pool_name("pool:country=DE", "en") == "Stores in Germany"
    assert pool_name("pool:country=SG", "zh") == "新加坡各店"
    assert pool_name("pool:platform=shopify", "zh") == "Shopify 各店"
    assert pool_name("pool:platform=amazon", "zh") == "亚马逊各店"
    assert pool_name("pool:platform=mine", "en") == "mine stores"
    assert pool_name("us", "en") is None


@pytest.mark.parametrize(
    ("language", "headline", "check"),
    [
        ("zh", "严重 · US-独立站 · 转化下降：点击 → 下单 转化率 71.4%（预期 83.0%–88.1%）", "运营"),
        (
            "en",
            "Critical · US-独立站 · Conversion drop: Clicks → Orders 71.4% (expected 83.0%–88.1%)",
            "Operations",
        ),
    ],
)
def test_a_step_over_a_stage_has_a_name_and_says_what_to_look_at(
    language: Language, headline: str, check: str
) -> None:
    made = card(msgspec.structs.replace(ALERT, step="click_to_order"), language=language)
    assert made.headline == headline
    assert "click_to_order" not in made.text
    assert check in line(made, LineKind.CHECK)


REPORTED = msgspec.structs.replace(
    ALERT, step="amazon:sessions_to_order_items", window_minutes=1440, observed=31, expected=96, low=70, high=124, sample=1204
)  # fmt: skip


def of_report(change: PeriodChange, last: date = date(2026, 3, 3), **fields: object) -> AlertTransition:
    note = PeriodNote(date(2026, 3, 3), last, "America/Los_Angeles", change).text()
    return msgspec.structs.replace(REPORTED, note=note, **fields)


def test_a_card_on_a_report_speaks_of_its_day_and_not_of_minutes() -> None:
    made = card(of_report(PeriodChange.NONE), language="en")
    assert made.headline == (
        "Critical · US-独立站 · Conversion drop: Amazon's report: sessions → order items 2.6% (expected 5.8%–10.3%)"
    )
    assert line(made, LineKind.SIZE).startswith(
        "The report of 2026-03-03: 31 order items, about 65 fewer than the 96 expected"
    )
    assert line(made, LineKind.SINCE) == "This is about the report of 2026-03-03"
    assert "by days of America/Los_Angeles" in line(made, LineKind.NOT_THE_CAUSE)
    assert "min" not in line(made, LineKind.SIZE)
    chinese = card(of_report(PeriodChange.NONE))
    assert chinese.headline.startswith(
        "严重 · US-独立站 · 转化下降：亚马逊报表：会话 → 订单商品行 转化率 2.6%"
    )
    assert line(chinese, LineKind.SIZE).startswith("报表日 2026-03-03：订单商品行 31 条（预期 96，少约 65）")
    assert "不分群" in line(chinese, LineKind.WHERE)
    assert any("运营" in row.text for row in chinese.lines)


def test_a_report_of_several_days_has_no_sample_for_people_are_not_added() -> None:
    made = card(of_report(PeriodChange.NONE, date(2026, 3, 5), sample=0.0))
    assert line(made, LineKind.SURENESS).startswith("异常指数")
    assert line(made, LineKind.SINCE) == "说的是报表日 2026-03-03 至 2026-03-05"
    english = card(of_report(PeriodChange.NONE, date(2026, 3, 5), sample=0.0), language="en")
    assert line(english, LineKind.SURENESS).startswith("Anomaly score 8.4")


@pytest.mark.parametrize(
    ("change", "zh", "en"),
    [
        (PeriodChange.RESTATED, "平台修订了数字，重新判断后仍低于预期", "still below expectation"),
        (PeriodChange.TAKEN_BACK, "告警撤回", "the alert is taken back"),
        (PeriodChange.WITHDRAWN, "撤销了导入", "an import was undone"),
        (PeriodChange.NEW_NORMAL, "新的常态", "the new normal"),
    ],
)
def test_a_restated_day_is_said_to_have_been_judged_again(change: PeriodChange, zh: str, en: str) -> None:
    assert zh in line(card(of_report(change)), LineKind.SINCE)
    assert en in line(card(of_report(change), language="en"), LineKind.SINCE)


def test_every_step_of_a_report_has_words_and_every_change_a_sentence() -> None:
    assert set(PERIOD_STEP_WORDS) == set(PERIOD_STEP_BY_ID)
    for step in PERIOD_STEP_BY_ID:
        for language in LANGUAGES:
            assert step not in step_name(step, language)
