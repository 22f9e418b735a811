"""The words in which a TikTok Shop's settings are asked for."""

from __future__ import annotations

from collections.abc import Mapping

from streams.sources.ask_words import Asked, asked

ASK_WORDS: Mapping[str, Asked] = {
    "app_key": asked(
        "App Key", "App key", "TikTok Shop Partner Center → App & Service。", "TikTok Shop Partner Center, App & Service."
    ),
    "secret": asked(
        "App Secret", "App secret", "与 App Key 在同一页；请求和推送都用它签名。",
        "On the same page; it signs requests and pushes.",
    ),
    "service_id": asked(
        "服务编号", "Service id", "Partner Center → App & Service，应用的授权链接里的 service_id；授权链接由它生成。",
        "Partner Center, App & Service: the service_id in the app's authorisation link, which is made of it.",
    ),
    "seller": asked(
        "店铺所在市场", "Where the shop is", "美国店铺选 us，其他选 global：授权页面不同。",
        "us for a shop in the United States, else global: the page to approve on differs.",
    ),
    "shop_id": asked(
        "店铺编号", "Shop id", "授权店铺列表里的 id；多家店时填第一家。",
        "The id in the list of authorised shops; of several the first.",
    ),
}  # fmt: skip
