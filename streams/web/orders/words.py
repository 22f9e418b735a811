"""The words of an order's way, zh and en."""

from __future__ import annotations

from collections.abc import Mapping

from scoring.wording.text import Text

#: why an order cannot be looked for
NO_HASH_KEY = Text(
    "这个订单号含有个人信息，只以化名保存；本页进程没有化名所用的密钥（FUNNELWATCH_HASH_KEY），查不到。",
    "this number holds personal data and is kept as a pseudonym only; this page has no key of the pseudonyms "
    "(FUNNELWATCH_HASH_KEY), so it cannot look for it",
)

ORDER_WORDS: Mapping[str, Text] = {
    "order_way": Text("订单来路", "Where an order comes from"),
    "order_way_note": Text(
        "谁在什么时候从哪个入口报告了这个订单，每次改变了什么，以及收到的原文（个人信息已去除）。",
        "Who reported this order by which door and when, what each report changed, and what came (personal fields removed).",
    ),
    "order_number": Text("订单号", "Order number"),
    "order_find": Text("查找", "Find"),
    "order_find_title": Text("查一个订单的来路", "Find where an order comes from"),
    "order_none": Text(
        "没有哪个店铺有这个订单号。请核对号码；只有 90 天内的事件和 400 天内的订单记录可查。",
        "No store has an order of this number. Check the number; events of 90 days and records of orders of 400 days are searched.",
    ),
    "order_several": Text("几个店铺都有这个订单号：", "Several stores have an order of this number:"),
    "order_reports": Text("共 {n} 次报告", "{n} reports"),
    "order_cut": Text("只显示最早的 {n} 次。", "The first {n} are shown."),
    "order_platform_time": Text("平台时间", "Platform's time"),
    "order_received": Text("收到", "Received"),
    "order_changed": Text("改变", "Changed"),
    "order_unchanged": Text(
        "没有改变什么：已经知道，或比已知的更旧。", "Changed nothing: it was known already, or is older than what was known."
    ),
    "order_unknown_before": Text("未知", "unknown"),
    "order_event": Text("事件", "Event"),
    "order_event_repeat": Text("重复，已计过一次", "a repeat, counted once already"),
    "order_withdrawn": Text("撤回：这次导入已被撤销", "Withdrawn: the import was undone"),
    "order_import": Text("导入", "Import"),
    "order_raw": Text("收到的原文", "What came"),
    "order_raw_cut": Text("（只显示开头）", "(only its beginning)"),
    "order_kept_expired": Text(
        "原文已不再保留：只保留 {n} 天，当时改变了什么仍在这里。",
        "What came is no longer kept: it is kept for {n} days. What it changed remains here.",
    ),
    "order_kept_missing": Text(
        "没有找到原文：可能还没写入，或其中不再含有这个订单号。",
        "What came was not found: it may not have been written yet, or it does not name this number.",
    ),
    "order_door_hook": Text("Webhook 推送", "Webhook"),
    "order_door_poll": Text("定时读取", "Poll"),
    "order_door_backfill": Text("回填", "Backfill"),
    "order_door_file": Text("文件导入", "File"),
    "order_door_connection": Text("连接（推送或读取）", "Connection (webhook or poll)"),
    "order_door_pixel": Text("网页像素", "Pixel"),
    "order_door_api": Text("接口", "API"),
    "order_door_replay": Text("回放", "Replay"),
    "order_door_demo": Text("演示", "Demo"),
    "order_state_placed": Text("已下单", "placed"),
    "order_state_payment_on_delivery": Text("货到付款，未收款", "payment on delivery"),
    "order_state_on_hold": Text("暂停", "on hold"),
    "order_state_authorised": Text("已授权", "authorised"),
    "order_state_paid": Text("已支付", "paid"),
    "order_state_shipped": Text("已发货", "shipped"),
    "order_state_delivered": Text("已送达", "delivered"),
    "order_state_cancelled": Text("已取消", "cancelled"),
    "order_state_cancelled_unpaid": Text("未付款取消", "cancelled before payment"),
    "order_state_refunded": Text("已退款", "refunded"),
    "order_field_state": Text("状态", "State"),
    "order_field_placed_ms": Text("下单时间", "Placed"),
    "order_field_authorised_ms": Text("授权时间", "Authorised"),
    "order_field_paid_ms": Text("支付时间", "Paid"),
    "order_field_shipped_ms": Text("发货时间", "Shipped"),
    "order_field_delivered_ms": Text("送达时间", "Delivered"),
    "order_field_cancelled_ms": Text("取消时间", "Cancelled"),
    "order_field_amount": Text("金额", "Amount"),
    "order_field_currency": Text("币种", "Currency"),
    "order_field_refunded": Text("退款", "Refunded"),
    "order_field_units": Text("件数", "Units"),
    "order_field_parcels": Text("包裹数", "Parcels"),
    "order_field_kind": Text("类别", "Kind"),
    "order_field_channel": Text("下单渠道", "Made in"),
    "order_field_country": Text("国家", "Country"),
    "order_field_payment_method": Text("支付方式", "Payment method"),
    "order_field_on_hold": Text("是否暂停", "On hold"),
    "order_field_is_paid": Text("是否已付", "Is paid"),
    "order_field_is_shipped": Text("是否已发货", "Is shipped"),
    "order_field_is_delivered": Text("是否已送达", "Is delivered"),
    "order_field_is_cancelled": Text("是否已取消", "Is cancelled"),
    "order_field_cod": Text("货到付款", "Payment on delivery"),
    "order_field_test": Text("测试订单", "Test order"),
}  # fmt: skip
