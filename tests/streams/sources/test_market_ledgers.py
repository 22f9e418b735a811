"""The whole lives of orders at each marketplace, whatever is lost, late, repeated, out of order or a lie."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import stamina
from structlog.testing import capture_logs

from streams.sources.amazon.source import SOURCE as AMAZON
from streams.sources.lazada.source import SOURCE as LAZADA
from streams.sources.shopee.source import SOURCE as SHOPEE
from streams.sources.tiktok_shop.source import SOURCE as TIKTOK_SHOP
from tests.fakes import lying_amazon, lying_lazada, lying_shopee, lying_tiktok_shop
from tests.streams.sources.market_ledger import LIES, Market, compare, compare_with_file, lived

MARKETS = {
    "amazon": Market(
        AMAZON, lying_amazon.LyingAmazon, lying_amazon.amazon_connection, has_time_of_payment=False
    ),
    "lazada": Market(
        LAZADA,
        lying_lazada.LyingLazada,
        lying_lazada.lazada_connection,
        lying_lazada.push_of,
        lying_lazada.signed_push,
        has_time_of_payment=False,
        paged=lambda most: {"page_size": most},
    ),
    "shopee": Market(
        SHOPEE,
        lying_shopee.LyingShopee,
        lying_shopee.shopee_connection,
        lying_shopee.push_of,
        lying_shopee.signed_push,
    ),
    "tiktok_shop": Market(
        TIKTOK_SHOP,
        lying_tiktok_shop.LyingTiktokShop,
        lying_tiktok_shop.tiktok_connection,
        lying_tiktok_shop.push_of,
        lying_tiktok_shop.signed_push,
    ),
}


@pytest.fixture(autouse=True)
def quiet() -> Iterator[None]:
    stamina.instrumentation.set_on_retry_hooks(())
    with capture_logs():
        yield
    stamina.instrumentation.set_on_retry_hooks(None)


@pytest.mark.parametrize("name", sorted(MARKETS))
def test_stages_money_and_states_equal_the_ledger_whatever_is_lost_late_or_a_lie(
    name: str, tmp_path: Path
) -> None:
    bench, shop = lived(MARKETS[name], orders=200, days=1, seed=15)
    compare(MARKETS[name], bench, shop)
    compare_with_file(MARKETS[name], bench, shop, tmp_path)
    assert set(LIES) <= set(shop.lied)


@pytest.mark.long
@pytest.mark.parametrize("name", sorted(MARKETS))
def test_ten_thousand_lives_equal_the_ledger(name: str, tmp_path: Path) -> None:
    bench, shop = lived(MARKETS[name], orders=10_000, days=2, seed=16, most=100)
    compare(MARKETS[name], bench, shop)
    compare_with_file(MARKETS[name], bench, shop, tmp_path)
