"""The whole lives of orders at each marketplace, whatever is lost, late, repeated, out of order or a lie."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.streams.sources.market_ledger import LIES, compare, compare_with_file, lived
from tests.streams.sources.markets import MARKETS

pytestmark = pytest.mark.usefixtures("quiet")


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
