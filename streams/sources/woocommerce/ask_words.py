"""The words in which a WooCommerce shop's settings are asked for."""

from __future__ import annotations

from collections.abc import Mapping

from streams.sources.ask_words import Asked, asked

ASK_WORDS: Mapping[str, Asked] = {
    "url": asked(
        "店铺网址", "Address of the shop", "例如 https://shop.example。", "Such as https://shop.example."
    ),
    "secret": asked(
        "Webhook 密钥", "Secret of the webhooks",
        "WooCommerce → 设置 → 高级 → Webhooks 里填的密钥，各个 Webhook 填同一个。",
        "As entered in WooCommerce, Settings, Advanced, Webhooks; the same for all of them.",
    ),
    "consumer_key": asked(
        "REST API 的 Consumer key", "Consumer key",
        "WooCommerce → 设置 → 高级 → REST API，新建只读密钥；以 ck_ 开头。只收 Webhook 时留空。",
        "WooCommerce, Settings, Advanced, REST API: a new key that may read; begins with ck_. Empty for webhooks alone.",
    ),
    "consumer_secret": asked(
        "REST API 的 Consumer secret", "Consumer secret", "与上面的密钥同时给出；以 cs_ 开头。",
        "Given together with the key; begins with cs_.",
    ),
}  # fmt: skip
