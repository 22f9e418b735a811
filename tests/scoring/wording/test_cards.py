"""The alert card: what it says, in which order, in both languages."""

import re
from dataclasses import replace

import msgspec
import pytest

from scoring.alerts.actions import CloseReason
from scoring.alerts.alert import AlertKind, AlertLabel, AlertState, AlertTransition
from scoring.funnel.money import UNKNOWN_WORTH, Worth
from scoring.wording.card import ActionKind, Card, CardContext, CardStore, Health, LineKind
from scoring.wording.cards import (
    MAX_LINES,
    build_card,
)
from scoring.wording.text import LANGUAGES, Language
from streams.incidents.reader import ReaderWording
from tests.fixtures.alert_card import ALERT, AROUND, OPENED


def card(alert: AlertTransition = ALERT, around: CardContext = AROUND, language: Language = "zh") -> Card:
    return build_card(alert, around, ReaderWording(language), "Asia/Shanghai")


def line(made: Card, kind: LineKind) -> str:
    return next(row.text for row in made.lines if row.kind is kind)


def test_the_first_line_is_the_verdict_with_its_expectation() -> None:
    assert card().headline == "严重 · US-独立站 · 支付率 71.4%（预期 83.0%–88.1%）"
    assert (
        card(language="en").headline
        == "Critical · US-独立站 · Orders → Payments 71.4% (expected 83.0%–88.1%)"
    )


def test_size_is_shown_with_money_and_a_range() -> None:
    text = line(card(language="en"), LineKind.SIZE)
    assert "about 61 fewer than the 355 expected" in text
    assert "about $2,900 (range $1,900–$3,900)" in text


def test_money_is_left_out_where_the_worth_of_an_event_is_unknown() -> None:
    unknown = replace(AROUND, store=replace(AROUND.store, worth=UNKNOWN_WORTH))
    assert "$" not in card(around=unknown, language="en").text


def test_where_names_the_segment_and_its_share_and_leaves_small_shares_out() -> None:
    assert line(card(), LineKind.WHERE) == "主要在 iOS × paypal（占缺口 74%）"


def test_the_reader_s_clock_comes_first_and_the_store_s_follows() -> None:
    assert line(card(), LineKind.SINCE).startswith(
        "自 3月4日 12:53 Shanghai（店铺 3月3日 20:53 Los Angeles）"
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


def test_a_resolved_card_says_how_long_it_lasted_and_offers_only_details() -> None:
    alert = msgspec.structs.replace(ALERT, state=AlertState.RESOLVED, resolved_at_ms=OPENED + 95 * 60_000)
    made = card(alert, language="en")
    assert made.headline.startswith("Resolved")
    assert "after 1 h 35 min" in line(made, LineKind.SINCE)
    assert [action.kind for action in made.actions] == [ActionKind.DETAILS]


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
    assert "about $2,900 (range $1,900–$3,900, CN¥21,000 in all)" in text


def test_a_loss_s_range_never_begins_below_nothing() -> None:
    alert = msgspec.structs.replace(ALERT, lost_low=-12.0)
    assert "（0–82）" in line(card(alert), LineKind.SIZE)
    assert "区间 US$0–" in line(card(alert), LineKind.SIZE)


def test_the_calendar_is_named_and_nothing_is_claimed_where_it_is_not_known() -> None:
    named = card(around=replace(AROUND, calendar=("双11", "会员日")))
    assert "日历：双11、会员日" in line(named, LineKind.NOT_THE_CAUSE)
    assert "日历上无活动" in line(card(), LineKind.NOT_THE_CAUSE)
    assert "日历" not in line(card(around=replace(AROUND, calendar=None)), LineKind.NOT_THE_CAUSE)


def test_a_closed_card_says_who_closed_it_and_as_what() -> None:
    around = replace(
        AROUND, acknowledged_by="li", assignee="wang", closed_by="wang", closed_as=CloseReason.FALSE_ALARM
    )
    made = card(around=around)
    assert (made.is_firing, made.headline.split(" · ")[0]) == (False, "已关闭")
    assert line(made, LineKind.PEOPLE) == "li 已认领；转交 wang；wang 关闭：误报"
    assert [action.kind for action in made.actions] == [ActionKind.DETAILS]


def test_a_pixel_that_loses_orders_is_shown_with_its_usual_share() -> None:
    losing = Health(age_s=4, pixel_share=0.0, usual_pixel_share=0.97)
    made = card(around=replace(AROUND, health=losing), language="en")
    assert "pixel/orders 0% (usually 97%: the pixel is losing orders" in line(made, LineKind.NOT_THE_CAUSE)
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
