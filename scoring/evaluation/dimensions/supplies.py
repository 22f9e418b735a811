"""Which export or connection supplies an indicator: what somebody who lacks it can do."""

from __future__ import annotations

from scoring.wording.text import Text

ADS = Text("广告导出（花费）与订单导出", "an export of ads with spend, and one of orders")
ORDERS = Text(
    "带发货、签收、取消时间的订单导出",
    "an export of orders with their shipping, delivery and cancellation times",
)
PROMISE = Text(
    "订单的付款与发货时间，加上店铺配置里的承诺天数 ship_within_days",
    "payment and shipping times of orders, and the store's promise (ship_within_days of its configuration)",
)
PIXEL = Text("页面像素或带会话的埋点数据", "the page pixel, or events with sessions")
PAGE_EVENTS = Text(
    "页面或服务器发来的 search、coupon、checkout 事件", "events of the types search, coupon and checkout"
)
STOCKS = Text(
    "商品浏览与库存变化（stock 事件）", "views of products, and their stock (events of the type stock)"
)
ANSWER_PROMISE = Text(
    "客服会话导出，加上店铺配置里的时限 answer_within_hours",
    "an export of customer conversations, and the store's limit (answer_within_hours of its configuration)",
)
DISPUTES = Text(
    "接入会报告拒付的平台（如 Shopify）", "a connected platform that reports disputes, such as Shopify"
)
PRICES = Text(
    "比价表或 price 事件（商品、到手价、参考价）",
    "a table or events (price) of products with the price to the buyer and a reference",
)
PRICE = Text("平台价格或购物车报表", "the platform's report of prices or of the featured offer")
REFUNDS = Text("带退款时间与金额的订单导出", "an export of orders with refunds and their times")
REVIEWS = Text("评价导出", "an export of reviews")
SERVICE = Text(
    "客服会话导出（首次人工回复时间）",
    "an export of customer conversations with the first answer by a person",
)
TRAFFIC = Text(
    "平台流量报表（曝光、点击）或广告导出",
    "the platform's traffic report (impressions, clicks) or an export of ads",
)
VITALS = Text("真实用户测速数据（CrUX 或埋点）", "page speed of real visitors (CrUX or the pixel)")
