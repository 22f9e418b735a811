"""The words in which a Shopify shop's settings are asked for."""

from __future__ import annotations

from collections.abc import Mapping

from streams.sources.ask_words import Asked, asked

ASK_WORDS: Mapping[str, Asked] = {
    "shop": asked(
        "店铺域名", "Shop domain",
        "后台“设置 → 域名”里的 myshopify.com 域名，例如 my-shop.myshopify.com。",
        "The myshopify.com domain (Settings, Domains), such as my-shop.myshopify.com.",
    ),
    "access": asked(
        "访问方式", "Access",
        "client_credentials：自己的应用（Dev Dashboard）；refresh_token：公开应用的会过期令牌；token：不过期的令牌；none：只收 Webhook。",
        "client_credentials: an app of your own (Dev Dashboard); refresh_token: a public app's expiring token; token: one that does not expire; "
        "none: webhooks alone.",
    ),
    "client_id": asked(
        "应用的 Client ID", "Client id", "Dev Dashboard → 应用 → Settings。", "Dev Dashboard, the app, Settings."
    ),
    "secret": asked(
        "应用的 Client secret", "Client secret",
        "与 Client ID 在同一页；Webhook 也用它签名。", "On the same page as the client id; it signs the webhooks, too.",
    ),
    "refresh_token": asked(
        "刷新令牌", "Refresh token", "安装公开应用时得到的第一个刷新令牌。", "The first one, from installing the public app."
    ),
    "token": asked(
        "访问令牌", "Access token", "以 shpat_ 开头，不会过期的那种。", "Begins with shpat_; one that does not expire."
    ),
}  # fmt: skip
