"""How a question to Shopee is put."""

from __future__ import annotations

from collections.abc import Mapping

from streams.sources.asking import HttpRequest
from streams.sources.market_asking import get_request
from streams.sources.shopee.config import ShopeeConnection

#: rows of a page
PAGE_SIZE = 100


def question(config: ShopeeConnection, path: str, query: Mapping[str, object]) -> HttpRequest:
    return get_request(f"{config.base}/api/v2/{path}", query)


def store_of(config: ShopeeConnection) -> str:
    return config.stores_of_shops[config.shop_id]
