"""The four marketplaces with their fakes: how each is connected, asked, and pushes."""

from streams.sources.amazon.source import SOURCE as AMAZON
from streams.sources.lazada.source import SOURCE as LAZADA
from streams.sources.shopee.source import SOURCE as SHOPEE
from streams.sources.tiktok_shop.source import SOURCE as TIKTOK_SHOP
from tests.fakes import lying_amazon, lying_lazada, lying_shopee, lying_tiktok_shop
from tests.streams.sources.market_ledger import Market

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
