"""The measures of reports: a closed list, each with its unit and whether its figures may be added.

A figure without its measure means nothing: Amazon counts order items where Shopee counts orders, and sessions are not visitors.
What one platform calls by several names is one measure here; what two platforms count differently is two.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from scoring.errors import ScoringError
from scoring.funnel.stages import Stage
from scoring.wording.text import Text


class Unit(StrEnum):
    """What is counted. A rate of two units needs a definition that says what it means."""

    EVENTS = "events"
    SESSIONS = "sessions"
    VISITORS = "visitors"
    ORDERS = "orders"
    ORDER_ITEMS = "order_items"
    UNITS = "units"
    MONEY = "money"
    ACTIONS = "actions"
    SHARE = "share"
    VALUE = "value"


UNIT_NAMES: Mapping[Unit, Text] = {
    Unit.EVENTS: Text("次", "events"),
    Unit.SESSIONS: Text("会话", "sessions"),
    Unit.VISITORS: Text("人", "people"),
    Unit.ORDERS: Text("单", "orders"),
    Unit.ORDER_ITEMS: Text("订单商品行", "order items"),
    Unit.UNITS: Text("件", "units"),
    Unit.MONEY: Text("金额", "money"),
    Unit.ACTIONS: Text("次行为", "actions"),
    Unit.SHARE: Text("占比", "share"),
    Unit.VALUE: Text("指标值", "value of a metric"),
}


class UnknownMeasureError(ScoringError):
    """Raised for a report row whose measure is not on the list; whoever lands or publishes it keeps it as a dead letter."""


@dataclass(frozen=True, slots=True)
class Measure:
    """One measure.

    Attributes:
        name: as in ``report_rows.measure``.
        unit: what is counted.
        stage: the stage of the funnel that it stands for; None if it is none.
        is_unique: counts people (or is a share), so that figures of two periods, or of two parts, must never be added.
        words: its name for people.
    """

    name: str
    unit: Unit
    words: Text
    stage: Stage | None = None
    is_unique: bool = False


def _people(name: str, zh: str, en: str, stage: Stage | None = None) -> Measure:
    return Measure(name, Unit.VISITORS, Text(zh, en), stage, is_unique=True)


def _money(name: str, zh: str, en: str) -> Measure:
    return Measure(name, Unit.MONEY, Text(zh, en))


MEASURES: tuple[Measure, ...] = (
    Measure("impressions", Unit.EVENTS, Text("曝光次数", "Impressions"), Stage.IMPRESSION),
    _people("unique_impressions", "曝光人数", "People shown", Stage.IMPRESSION),
    _people("reach", "覆盖人数", "Reach", Stage.IMPRESSION),
    Measure("sessions", Unit.SESSIONS, Text("会话数", "Sessions"), Stage.CLICK),
    Measure("engaged_sessions", Unit.SESSIONS, Text("有效会话数", "Engaged sessions")),
    _people("visitors", "访客数", "Visitors", Stage.CLICK),
    _people("new_visitors", "新访客数", "New visitors"),
    _people("existing_visitors", "老访客数", "Returning visitors"),
    _people("viewers", "浏览人数", "Viewers", Stage.CLICK),
    Measure("page_views", Unit.EVENTS, Text("浏览量", "Page views"), Stage.CLICK),
    Measure("views", Unit.EVENTS, Text("内容浏览量", "Content views")),
    Measure("clicks", Unit.EVENTS, Text("点击次数", "Clicks"), Stage.CLICK),
    Measure("link_clicks", Unit.EVENTS, Text("链接点击次数", "Link clicks"), Stage.CLICK),
    _people("unique_clicks", "点击人数", "People who clicked", Stage.CLICK),
    Measure("add_to_cart", Unit.EVENTS, Text("加购次数", "Adds to cart"), Stage.ADD_TO_CART),
    Measure("add_to_cart_clicks", Unit.EVENTS, Text("加购点击次数", "Add-to-cart clicks"), Stage.ADD_TO_CART),
    Measure("add_to_cart_units", Unit.UNITS, Text("加购件数", "Units added to cart"), Stage.ADD_TO_CART),
    _people("add_to_cart_users", "加购人数", "People who added to cart", Stage.ADD_TO_CART),
    Measure("wishlists", Unit.EVENTS, Text("收藏次数", "Wishlist adds")),
    _people("wishlist_users", "收藏人数", "People who added to a wishlist"),
    Measure("new_followers", Unit.EVENTS, Text("新增关注", "New followers")),
    Measure("checkouts", Unit.EVENTS, Text("结账次数", "Checkouts")),
    Measure("orders", Unit.ORDERS, Text("订单数", "Orders"), Stage.ORDER),
    Measure("sku_orders", Unit.ORDERS, Text("SKU 订单数", "SKU orders"), Stage.ORDER),
    Measure("order_items", Unit.ORDER_ITEMS, Text("订单商品行数", "Order items"), Stage.ORDER),
    Measure("units", Unit.UNITS, Text("商品件数", "Units"), Stage.ORDER),
    _people("buyers", "买家数", "Buyers", Stage.ORDER),
    Measure("paid_orders", Unit.ORDERS, Text("支付订单数", "Paid orders"), Stage.PAYMENT),
    Measure("purchases", Unit.ORDERS, Text("广告订单数", "Purchases from ads"), Stage.ORDER),
    Measure("shipped_orders", Unit.ORDERS, Text("发货订单数", "Shipped orders"), Stage.FULFILMENT),
    Measure("shipped_units", Unit.UNITS, Text("发货件数", "Shipped units"), Stage.FULFILMENT),
    Measure("refunded_units", Unit.UNITS, Text("退款件数", "Refunded units")),
    _money("revenue", "销售额", "Revenue"),
    _money("gross_revenue", "总销售额", "Gross revenue"),
    _money("content_revenue", "内容销售额", "Content revenue"),
    _money("shipped_revenue", "发货销售额", "Shipped revenue"),
    _money("cancelled_amount", "取消金额", "Cancelled amount"),
    _money("refunded_amount", "退款金额", "Refunded amount"),
    _money("spend", "广告花费", "Ad spend"),
    _money("cost", "成本", "Cost"),
    # the figures of different kinds of action are not of one kind, and a share is not a count
    Measure("results", Unit.ACTIONS, Text("成效", "Results"), is_unique=True),
    Measure("action_value", Unit.ACTIONS, Text("行为数值", "Action value"), is_unique=True),
    Measure("featured_offer_share", Unit.SHARE, Text("购物车占比", "Featured offer share"), is_unique=True),
    # what reviews speak of: the spans of two reports overlap
    Measure("review_mentions", Unit.VALUE, Text("评价提及次数", "Mentions in reviews"), is_unique=True),
    Measure(
        "review_topic_share", Unit.SHARE, Text("评价话题占比", "Share of a topic in reviews"), is_unique=True
    ),
    # how a platform scores a seller: the metric is a dimension, and each has a unit of its own
    Measure("seller_metric", Unit.VALUE, Text("店铺指标", "Seller metric"), is_unique=True),
    Measure(
        "seller_metric_target", Unit.VALUE, Text("店铺指标目标", "Target of a seller metric"), is_unique=True
    ),
)
#: names of the measures that are money: their figures have a currency
IN_MONEY = frozenset(measure.name for measure in MEASURES if measure.unit is Unit.MONEY)
MEASURE_BY_NAME: Mapping[str, Measure] = {measure.name: measure for measure in MEASURES}


def measure_of(name: str) -> Measure:
    """The measure of that name.

    Raises:
        UnknownMeasureError: it is not on the list.
    """
    try:
        return MEASURE_BY_NAME[name]
    except KeyError:
        raise UnknownMeasureError(
            f"unknown measure {name[:64]!r}; the list is in the reference of reports"
        ) from None
