"""What becomes a pool, and how it is called."""

from __future__ import annotations

import msgspec
import numpy as np
import pytest

from scoring.alerts.alert import AlertKind
from scoring.baselines import Kernel
from scoring.baselines.pooled import PoolSums
from scoring.funnel.pools import PoolRules, StoreTraits
from scoring.wording.card import LineKind
from scoring.wording.cards import build_card
from scoring.wording.catalogue import pool_name
from streams.incidents.reader import ReaderWording
from tests.fixtures.alert_card import ALERT, AROUND

BINS = 12 * 24 * 14
TRAITS = {f"s{number}": StoreTraits("shopify", "", "DE" if number < 3 else "FR") for number in range(5)}


def sums(days: dict[str, float]) -> PoolSums:
    rng = np.random.default_rng(2)
    made = PoolSums(PoolRules(TRAITS), BINS, 5)
    for number, (store, length) in enumerate(days.items()):
        expected = np.full(BINS, 1.0 + number)
        arrivals = rng.poisson(expected).astype(float)
        made.add(store, "order_to_payment", "", arrivals, expected, 0.5, Kernel((1.0,)), length)
    return made


def members(days: dict[str, float]) -> dict[str, tuple[str, ...]]:
    return {b.store_id: b.members for b in sums(days).baselines(1, 60_000 * 5 * BINS)}


def test_three_stores_make_a_pool_and_two_do_not() -> None:
    grown = dict.fromkeys(TRAITS, 28.0)
    assert members(grown) == {
        "pool:platform=shopify": ("s0", "s1", "s2", "s3", "s4"),
        "pool:country=DE": ("s0", "s1", "s2"),
    }


def test_a_store_in_its_first_week_is_in_no_pool() -> None:
    assert members(dict.fromkeys(TRAITS, 28.0) | {"s0": 6.9}) == {
        "pool:platform=shopify": ("s1", "s2", "s3", "s4")
    }


def test_a_pool_expects_what_its_members_do_together() -> None:
    step = sums(dict.fromkeys(TRAITS, 28.0)).baselines(1, 0)[0].steps["order_to_payment"]
    assert step.arrivals_per_hour == pytest.approx(12 * (1 + 2 + 3 + 4 + 5), rel=0.02)
    assert step.level_arrivals / step.level_expected == pytest.approx(1, abs=0.02)
    assert step.rate == pytest.approx(0.5)


@pytest.mark.parametrize(
    ("identifier", "chinese", "english"),
    [
        ("pool:platform=tiktok_shop", "TikTok Shop 各店", "TikTok Shop stores"),
        ("pool:payment_method=paypal", "用 PayPal 支付的各店", "Stores paid by PayPal"),
        ("pool:country=DE", "德国各店", "Stores in Germany"),
        ("us-shop", None, None),
    ],
)
def test_a_pool_has_a_name_in_both_languages(
    identifier: str, chinese: str | None, english: str | None
) -> None:
    assert (pool_name(identifier, "zh"), pool_name(identifier, "en")) == (chinese, english)


def test_the_card_of_a_pool_names_the_pool_and_its_stores() -> None:
    pooled = msgspec.structs.replace(
        ALERT, store_id="pool:platform=shopify", kind=AlertKind.POOLED, members=("s2", "s0", "s1")
    )
    card = build_card(pooled, AROUND, ReaderWording("zh"), "Asia/Shanghai")
    assert "Shopify 各店" in card.headline
    where = next(line.text for line in card.lines if line.kind is LineKind.WHERE)
    assert "3 家店" in where
    assert "s2、s0、s1" in where
