"""The words in which a Lazada account's settings are asked for."""

from __future__ import annotations

from collections.abc import Mapping

from streams.sources.ask_words import Asked, asked

ASK_WORDS: Mapping[str, Asked] = {
    "app_key": asked(
        "App Key", "App key", "Lazada 开放平台 → App Console。", "Lazada Open Platform, App Console."
    ),
    "secret": asked(
        "App Secret", "App secret", "与 App Key 在同一页；请求和推送都用它签名。",
        "On the same page; it signs requests and pushes.",
    ),
    "redirect": asked(
        "授权回调地址", "Callback address",
        "与 App Console 里的 Callback URL 完全一致；页面打不开也没关系，只要它的地址。",
        "Exactly the callback URL in App Console. The page need not exist, only its address counts.",
    ),
    "products": asked(
        "商品编号", "Item ids", "读取哪些商品的评价，用逗号分开。", "Whose reviews are read, with commas between."
    ),
    "country": asked(
        "站点", "Site", "多个站点时填第一个。", "Of several the first."
    ),
}  # fmt: skip
