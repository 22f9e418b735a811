"""Platforms whose shop has just approved an app: the code that they gave, and the address that it came in."""

from __future__ import annotations

from typing import Any

from streams.clock import now_ms
from tests.fakes import lying_lazada, lying_shopee, lying_tiktok_shop
from tests.fakes.ledger import DAY_MS, Ledger
from tests.fakes.lies import Lie, ScriptedLie
from tests.streams.sources.markets import MARKETS

CODE = "0_100132_2DL4DV3jcU1UOT7WGI1A4rY91"
#: what a code is of, as the fakes' ledger keeps it, and the address that approving leads to
OF = {"shopee": lying_shopee.SHOP, "lazada": lying_lazada.APP, "tiktok_shop": lying_tiktok_shop.APP}
LANDED = {
    "shopee": f"https://seller.example/back?code={CODE}&shop_id={lying_shopee.SHOP}",
    "lazada": f"https://seller.example/back?code={CODE}",
    "tiktok_shop": f"https://seller.example/back?app_key={lying_tiktok_shop.APP}&code={CODE}&locale=en&shop_region=SG",
}
NAMES = sorted(OF)


def platform(name: str, *lies: Lie) -> Any:
    """The platform, with one code that was given by approving."""
    at_ms = now_ms()
    ledger = Ledger.drawn(5, at_ms - DAY_MS, 1, per_day=4)
    found = MARKETS[name].platform(
        ledger, now_ms, [ScriptedLie(lie, 0, at_ms + DAY_MS) for lie in lies], True
    )
    found.tokens.is_on = True
    found.tokens.codes[CODE] = OF[name]
    return found
