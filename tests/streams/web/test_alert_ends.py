"""What a list says of an alert that is over."""

from __future__ import annotations

import msgspec

from scoring.alerts.alert import AGED, AlertState, WindowFigures
from streams.incidents.present import PresentFigures
from streams.web.grid.answers import MoneyEstimate
from tests.fixtures.alert_card import ALERT, OPENED
from tests.fixtures.alert_page import answer_of, row_of

ENDED = msgspec.structs.replace(
    ALERT,
    state=AlertState.RESOLVED,
    resolved_at_ms=OPENED + 12 * 60_000,
    end_figures=(WindowFigures(82.0, 84.0, 70.0, 95.0, 8, 98.0),),
)
NOW = OPENED + 3_600_000


def test_the_list_gave_the_bad_minutes_of_an_alert_that_is_over() -> None:
    row = row_of(answer_of(ENDED), NOW)
    assert "At its end: 82 payments in 8 min, expected 84 (70–95) −2%" in row
    assert "about 61 fewer payments in total (40–82)" in row
    assert "294" not in row
    assert "结束时：近 8 分钟支付 82 笔，预期 84（70–95）" in row_of(answer_of(ENDED), NOW, "zh")


def test_an_alert_that_fires_is_shown_with_what_it_fired_on_and_when_that_was() -> None:
    """Its present is not known here: the list said the figures of an hour ago as "last 30 minutes"."""
    assert ": 294 payments in 30 min, expected 355 (342–363)" in row_of(answer_of(ALERT), NOW)
    assert "：前 30 分钟支付 294 笔" in row_of(answer_of(ALERT), NOW, "zh")
    now = PresentFigures(330.0, 350.0, 338.0, 362.0, 30, NOW)
    row = row_of(msgspec.structs.replace(answer_of(ALERT), now=now), NOW, "zh")
    assert "近 30 分钟支付 330 笔，预期 350（338–362）" in row
    assert "294" not in row


def test_an_alert_that_was_only_too_old_was_listed_as_recovered() -> None:
    aged = answer_of(msgspec.structs.replace(ENDED, note=AGED))
    assert "视为新常态" in row_of(aged, NOW, "zh")
    assert "已恢复" not in row_of(aged, NOW, "zh")
    assert "Resolved" in row_of(answer_of(ENDED), NOW)


def test_the_page_gave_no_money_in_the_base_currency() -> None:
    money = MoneyEstimate(2900.0, 1900.0, 3900.0, "USD", 20_600.0, "CNY", "2026-10-30")
    row = row_of(answer_of(ALERT, money=money), NOW, "zh")
    assert "（US$1,900–US$3,900），折合 ¥21,000（10月30日汇率）" in row
    english = row_of(answer_of(ALERT, money=money), NOW)
    assert "; CN¥21,000 in the base currency at the rate of Oct 30" in english
    same = msgspec.structs.replace(money, base_currency="USD", base_day="")
    assert "base currency" not in row_of(answer_of(ALERT, money=same), NOW)
