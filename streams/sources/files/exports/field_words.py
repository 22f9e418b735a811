"""What the fields of an export, the parts that a row of a report may be of, and the reasons for leaving rows out are called."""

from __future__ import annotations

from collections.abc import Mapping

from scoring.records.measures import MEASURE_BY_NAME
from scoring.wording.text import Text

_FIELD_NAMES: Mapping[str, Text] = {
    "order": Text("订单号", "Order number"), "own_id": Text("平台订单 ID", "Platform's own order id"), "line": Text("行号", "Line number"), "parcel": Text("包裹号", "Parcel"),
    "placed": Text("下单时间", "Time of the order"), "paid": Text("付款时间", "Time of payment"), "shipped": Text("发货时间", "Time of shipping"),
    "shipping_arranged": Text("安排发货时间", "Time shipping was arranged"), "delivered": Text("送达时间", "Time of delivery"),
    "completed": Text("完成时间", "Time of completion"), "cancelled": Text("取消时间", "Time of cancelling"), "status": Text("状态", "Status"),
    "substatus": Text("子状态", "Substatus"), "line_status": Text("行状态", "Status of the line"), "financial": Text("付款状态", "Payment status"),
    "fulfilment": Text("发货状态", "Shipping status"), "payment_method": Text("付款方式", "Payment method"), "quantity": Text("数量", "Quantity"),
    "total": Text("金额", "Amount"), "currency": Text("币种", "Currency"), "refund_amount": Text("退款金额", "Refunded amount"),
    "unit_price": Text("单价", "Price of a unit"), "discount": Text("折扣", "Discount"), "paid_by_buyer": Text("买家支付", "Paid by the buyer"),
    "buyer_currency": Text("买家币种", "Currency of the buyer"), "country": Text("国家", "Country"), "buyer": Text("买家", "Buyer"),
    "channel": Text("流量来源", "Traffic source"), "campaign": Text("推广活动", "Campaign"), "medium": Text("流量媒介", "Traffic medium"),
    "landing": Text("落地页", "Landing page"), "referrer": Text("来源网址", "Referrer"),
    "product": Text("商品编号", "Product"), "item_name": Text("商品名称", "Name of the item"), "shop": Text("店铺", "Shop"),
    "replacement": Text("补发单", "Replacement order"), "test": Text("测试订单", "Test order"), "day": Text("日期", "Day"),
    "until": Text("截止日期", "Last day"), "action": Text("操作", "Action"), "time": Text("时间", "Time"), "event": Text("事件名", "Name of the event"),
    "visitor": Text("访客", "Visitor"), "details": Text("详情", "Details"), "page": Text("页面", "Page"), "amount": Text("事件金额", "Amount of the event"),
}  # fmt: skip
_PART_NAMES: Mapping[str, Text] = {
    "campaign": Text("广告系列", "Campaign"), "ad_group": Text("广告组", "Ad group"), "ad": Text("广告", "Ad"), "term": Text("搜索词", "Search term"),
    "product": Text("商品", "Product"), "device": Text("设备", "Device"), "channel": Text("渠道", "Channel"), "page": Text("页面", "Page"), "audience": Text("人群", "Audience"),
    "hour": Text("小时", "Hour"), "country": Text("国家", "Country"),
}  # fmt: skip
_LEFT_OUT: Mapping[str, Text] = {
    "total": Text("合计行", "totals"), "repeated_header": Text("重复的表头", "headers again"), "damaged_id": Text("单号被表格软件截断", "order numbers cut by a spreadsheet"),
    "bad_number": Text("有不是数字的值", "a value that cannot be read as a number"), "no_day": Text("没有日期", "no day"), "no_id": Text("没有单号", "no order number"), "no_time": Text("没有时间", "no time"), "test": Text("测试订单", "test orders"),
    "replacement": Text("补发订单", "replacement orders"), "other_width": Text("列数不同", "another number of columns"), "exchange": Text("换货订单", "exchange orders"),
}  # fmt: skip


def _name(names: Mapping[str, Text], identifier: str) -> Text:
    plain = identifier.replace("_", " ")
    return names.get(identifier, Text(plain, plain))


def part_name(part: str) -> Text:
    """What a row of a report may be of."""
    return _name(_PART_NAMES, part)


def field_name(field: str) -> Text:
    """What a field of an export is called."""
    return _name(_FIELD_NAMES, field)


def left_out_name(reason: str) -> Text:
    """Why rows were left out."""
    return _name(_LEFT_OUT, reason)


def column_name(name: str) -> Text:
    """What a column is read as: a figure, what a row is of, or a field."""
    if name in MEASURE_BY_NAME:
        return MEASURE_BY_NAME[name].words
    return part_name(name) if name in _PART_NAMES else field_name(name)
