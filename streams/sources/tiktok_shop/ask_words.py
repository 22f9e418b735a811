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
    "shop_id": asked(
        "店铺编号", "Shop id", "授权店铺列表里的 id；多家店时填第一家。",
        "The id in the list of authorised shops; of several the first.",
    ),
}  # fmt: skip
