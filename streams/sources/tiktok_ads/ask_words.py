"""The words in which a TikTok Ads advertiser's settings are asked for."""

from __future__ import annotations

from collections.abc import Mapping

from streams.sources.ask_words import Asked, asked

ASK_WORDS: Mapping[str, Asked] = {
    "advertiser": asked(
        "广告主编号", "Advertiser", "TikTok Ads Manager 右上角的广告主 ID。", "The advertiser's id in TikTok Ads Manager."
    ),
    "token": asked(
        "访问令牌", "Access token", "授权 TikTok API for Business 应用时得到。",
        "From authorising an app of TikTok API for Business.",
    ),
    "shop_id": asked(
        "GMV Max 的店铺编号", "Shop of GMV Max", "GMV Max 里的 store_id；不用 GMV Max 时留空。",
        "The store_id in GMV Max; empty without it.",
    ),
}  # fmt: skip
