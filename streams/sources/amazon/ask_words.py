"""The words in which an Amazon seller's settings are asked for."""

from __future__ import annotations

from collections.abc import Mapping

from streams.sources.ask_words import Asked, asked

ASK_WORDS: Mapping[str, Asked] = {
    "client_id": asked(
        "LWA Client ID", "LWA client id", "Solution Provider Portal（原 Developer Central）→ 应用 → View。",
        "Solution Provider Portal (Developer Central), the app, View.",
    ),
    "secret": asked(
        "LWA Client secret", "LWA client secret", "与 Client ID 在同一处。", "Next to the client id."
    ),
    "marketplace": asked(
        "站点 ID", "Marketplace id", "例如美国站 ATVPDKIKX0DER；多个站点时填第一个。",
        "Such as ATVPDKIKX0DER for the US; of several the first.",
    ),
    "refresh_token": asked(
        "刷新令牌", "Refresh token", "授权应用时得到，以 Atzr| 开头。", "From authorising the app; begins with Atzr|."
    ),
    "reads": asked(
        "要读取的内容", "What is read",
        "去掉应用没有角色的项。kiosk：按商品按天的销售与流量；health：账户状况；feedback：评论主题。",
        "Leave out what the app has no role for. kiosk: sales and traffic by product and day; health: the account's; feedback: topics of reviews.",
    ),
    "products": asked(
        "商品 ASIN", "ASINs", "读取哪些商品的评论主题，用逗号分开。", "Whose topics of reviews are read, with commas between."
    ),
    "queue": asked(
        "SQS 队列地址", "SQS queue", "通知发到的队列；没有就留空，只靠轮询。",
        "Where notifications are sent; empty for polls alone.",
    ),
}  # fmt: skip
