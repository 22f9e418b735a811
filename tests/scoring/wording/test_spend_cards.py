"""The card of an alert on ad spend: what an hour burns, into what, on which figures, and that nothing touches a budget."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import msgspec
import pytest

from scoring.alerts.alert import AlertKind, AlertLabel, AlertState, AlertTransition
from scoring.alerts.spend_note import SpendInto, SpendNote, note_of_spend, write_spend_note
from scoring.funnel.money import Worth
from scoring.wording.card import Card
from scoring.wording.cards import build_card
from scoring.wording.text import Language
from streams.incidents.reader import ReaderWording
from tests.fixtures.alert_card import ALERT, AROUND

STEP = SpendNote(SpendInto.STEP, "order_to_payment", "a1", 40.0, 0.9, "USD")


def spending(note: SpendNote = STEP, **more: Any) -> AlertTransition:
    fields: dict[str, Any] = {
        "kind": AlertKind.AD_SPEND, "step": "ad_spend", "note": write_spend_note(note), "surprise": 0.0, "observed": 0.0, "expected": 0.0,
        "sample": 0.0, "lost": 90.0, "lost_low": 80.0, "lost_high": 95.0, "label": AlertLabel.UNKNOWN, "contributions": (),
    }  # fmt: skip
    return msgspec.structs.replace(ALERT, **{**fields, **more})


def card(alert: AlertTransition, language: Language = "en") -> Card:
    store = replace(AROUND.store, worth=Worth(currency="USD", base_rate=0.9, base_currency="EUR"))
    return build_card(alert, replace(AROUND, store=store), ReaderWording(language), "Asia/Shanghai")


def test_it_says_what_an_hour_burns_what_has_burnt_and_what_to_look_at() -> None:
    made = card(spending())
    assert made.headline == "Critical · US-独立站 · Ad spend is burning: about $36 an hour"
    assert "Orders → Payments is at 10% of its usual, while ads go on at $40 an hour" in made.text
    assert "about $90 ($80–$95" in made.text
    assert "€81" in made.text
    assert "Anomaly score" not in made.text
    assert "Nothing here touches a budget" in made.text
    chinese = card(spending(), "zh")
    assert chinese.headline == "严重 · US-独立站 · 广告费在空烧：每小时约 US$36"
    assert "只剩平常的 10%" in chinese.text


@pytest.mark.parametrize(
    ("note", "said"),
    [
        (SpendNote(SpendInto.STOCK_OUT, "3", "", 40.0, 0.6, "USD"), "Products out of stock (3) had 60% of the product views of two weeks"),
        (SpendNote(SpendInto.CLOSED, "", "", 40.0, 1.0, "USD"), "The shop is closed, while ads go on at $40 an hour"),
        (msgspec.structs.replace(STEP, is_about=True), "an hour is its part of the newest complete day"),
        (STEP, "Spend as the platform reported it for the last hours"),
    ],
)  # fmt: skip
def test_an_empty_shelf_a_closed_shop_and_a_spend_by_day_are_said(note: SpendNote, said: str) -> None:
    assert said in card(spending(note)).text


def test_one_that_is_over_and_one_of_another_release_have_a_card() -> None:
    over = card(spending(state=AlertState.RESOLVED, resolved_at_ms=ALERT.at_ms))
    assert over.headline.startswith("Resolved · US-独立站")
    assert note_of_spend(AlertKind.AD_SPEND, "{}") is None
    assert card(msgspec.structs.replace(spending(), note="x")).lines
