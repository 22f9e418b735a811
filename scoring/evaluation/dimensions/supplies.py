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
