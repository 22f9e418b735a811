"""What to look at first when a step falls, and whose it is, zh and en. A check is a place to look, never a cause."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from scoring.alerts.alert import AlertKind, AlertLabel
from scoring.funnel.period_steps import PERIOD_STEPS
from scoring.funnel.stages import STAGE_INDEX, STAGES, STEPS_OVER, Stage, Step
from scoring.wording.text import Text


class Check(NamedTuple):
    """One place to look, and the id of the role that owns it (``OWNERS`` of ``catalogue.py``)."""

    owner: str
    text: Text


_NEIGHBOUR_CHECKS: Mapping[str, tuple[Check, ...]] = {
    "impression_to_click": (
        Check(
            "ads",
            Text(
                "检查计划、素材、出价、定向近期有无改动。",
                "Check recent changes to campaigns, creatives, bids and targeting.",
            ),
        ),
        Check(
            "design",
            Text(
                "检查主图与标题近期是否更换，手机上是否正常显示。",
                "Check main picture and title: changed lately, shown well on phones?",
            ),
        ),
        Check(
            "operations",
            Text(
                "检查搜索排名、价格与标签（包邮、优惠）是否变化。",
                "Check search rank, price and badges (free shipping, discount).",
            ),
        ),
    ),
    "click_to_add_to_cart": (
        Check(
            "operations",
            Text(
                "查主推商品的库存、价格与优惠是否有变。",
                "Check stock, price and offers of the leading products.",
            ),
        ),
        Check(
            "engineering",
            Text(
                "在主要机型上打开商品页，试一次加购，看报错与加载时间。",
                "Open a product page on the main devices, add to cart once, watch errors and load time.",
            ),
        ),
        Check(
            "ads",
            Text(
                "检查流量构成：是否有新计划带来意向较低的访问。",
                "Look at the traffic mix: does a new campaign bring visits with less intent?",
            ),
        ),
    ),
    "add_to_cart_to_order": (
        Check(
            "engineering",
            Text(
                "走一遍购物车到下单，查报错、弹窗与近期发布。",
                "Walk from cart to order; look for errors, overlays and recent releases.",
            ),
        ),
        Check(
            "operations",
            Text(
                "查运费、税费、优惠券与起订门槛是否有变。",
                "Check shipping fee, tax, coupons and minimum order value.",
            ),
        ),
        Check(
            "supply",
            Text("查购物车里常见商品是否缺货或限购。", "Check whether products often in carts are out of stock or limited."),
        ),
    ),
    "order_to_payment": (
        Check(
            "payments",
            Text(
                "按支付方式看成功率与失败码，查支付渠道状态页。",
                "Look at success rate and failure codes per payment method; see the provider's status page.",
            ),
        ),
        Check(
            "engineering",
            Text(
                "在占缺口最大的设备上试付一单，查支付回调与近期发布。",
                "Pay a test order on the device with the largest share; check payment callbacks and recent releases.",
            ),
        ),
        Check(
            "operations",
            Text(
                "查币种、税费与风控拒付规则是否有变。",
                "Check currency, tax and fraud-screening rules for changes.",
            ),
        ),
    ),
    "payment_to_fulfilment": (
        Check(
            "logistics",
            Text(
                "查仓库与承运商：是否停收、爆仓或未回传单号。",
                "Check warehouse and carrier: collection stopped, backlog, tracking numbers not returned?",
            ),
        ),
        Check("supply", Text("查已付款订单中的缺货商品。", "Check paid orders for products out of stock.")),
        Check(
            "engineering",
            Text("查发货数据接口是否中断。", "Check whether the shipping data feed is interrupted."),
        ),
    ),
    "fulfilment_to_repurchase": (
        Check(
            "support",
            Text("看近期评价、退货与客诉主题。", "Look at recent reviews, returns and complaint topics."),
        ),
        Check(
            "operations",
            Text("查老客触达（短信、邮件、会员券）是否照常发送。", "Check that messages and coupons to past buyers still go out."),
        ),
    ),
}  # fmt: skip

#: of steps that pass over the cart: what a platform without carts can have changed
_ON_THE_PRODUCT = Check(
    "operations",
    Text(
        "查主推商品的库存、价格、优惠，以及是否被下架、限流或失去推荐位。",
        "Check the leading products: stock, price, offers, and whether a listing was taken down or lost its featured place.",
    ),
)
_ON_THE_ORDER = Check(
    "engineering",
    Text(
        "在主要机型上从商品页试下一单，查报错、加载时间与近期发布。",
        "Place a test order from a product page on the main devices; look for errors, load time and recent releases.",
    ),
)
_ON_THE_FEES = _NEIGHBOUR_CHECKS["add_to_cart_to_order"][1]


def _checks_over(step: Step) -> tuple[Check, ...]:
    """What to look at first when a step that passes over stages falls: of each part the first check, the one nearest to its end first."""
    passed = STAGES[STAGE_INDEX[step.upstream] : STAGE_INDEX[step.downstream] + 1]
    if step.downstream is Stage.FULFILMENT:
        return _NEIGHBOUR_CHECKS["payment_to_fulfilment"]
    own: list[Check] = []
    if step.downstream is Stage.PAYMENT:
        own.append(_NEIGHBOUR_CHECKS["order_to_payment"][0])
    if Stage.ORDER in passed and step.upstream is not Stage.ADD_TO_CART:
        own += [_ON_THE_PRODUCT, _ON_THE_ORDER, _ON_THE_FEES]
    elif Stage.ORDER in passed:
        own += _NEIGHBOUR_CHECKS["add_to_cart_to_order"][:2]
    else:
        own += _NEIGHBOUR_CHECKS["click_to_add_to_cart"][:2]
    if step.upstream is Stage.IMPRESSION:
        own.append(_NEIGHBOUR_CHECKS["impression_to_click"][0])
    elif Stage.ORDER in passed and step.upstream is Stage.CLICK:
        own.append(_NEIGHBOUR_CHECKS["click_to_add_to_cart"][2])
    return tuple(own)


#: what to look at first when this step falls, most informative check first
STEP_CHECKS: Mapping[str, tuple[Check, ...]] = {
    **_NEIGHBOUR_CHECKS,
    **{step.id: _checks_over(step) for step in STEPS_OVER},
    # the pages of a marketplace are not the seller's: nobody of theirs can look into them
    **{
        step.id: (_ON_THE_PRODUCT, _ON_THE_FEES, _NEIGHBOUR_CHECKS["click_to_add_to_cart"][2])
        for step in PERIOD_STEPS
    },
}

#: checks for alerts whose kind says more than their step
KIND_CHECKS: Mapping[str, tuple[Check, ...]] = {
    AlertKind.TRAFFIC: (
        Check(
            "ads",
            Text(
                "查投放预算、账户余额与计划是否暂停。",
                "Check budget, account balance and paused campaigns.",
            ),
        ),
        Check(
            "engineering",
            Text(
                "检查网站能否打开、域名解析、证书、采集服务。",
                "Check that the site opens, its DNS, certificate and the collector.",
            ),
        ),
    ),
    AlertKind.TRACKING: (
        Check(
            "engineering",
            Text(
                "查像素是否加载、同意弹窗与标签管理器的近期改动。",
                "Check that the pixel loads, and recent changes of consent banner and tag manager.",
            ),
        ),
        Check(
            "operations",
            Text(
                "拿后台订单数核对：订单照常则更像埋点问题。",
                "Compare with orders in the shop's own back office: if they go on as usual, it suggests tracking.",
            ),
        ),
    ),
    AlertKind.SURGE: (
        Check(
            "operations",
            Text(
                "核对价格、折扣与优惠券叠加，防止标错价。",
                "Check prices, discounts and stacked coupons for a pricing mistake.",
            ),
        ),
        Check("engineering", Text("查是否有爬虫或重复上报。", "Look for bots or repeated reports.")),
    ),
    AlertKind.SOURCE: (
        Check(
            "engineering",
            Text(
                "在“数据源”页面查看该连接的状态、原因和处理办法。",
                "See the connection's state, why, and what to do on the page Sources.",
            ),
        ),
    ),
    AlertKind.AD_SPEND: (
        Check(
            "ads",
            Text(
                "先降或暂停指向这个环节（商品）的计划，恢复后再开；本系统不动预算。",
                "Lower or pause what leads there until it works again. Nothing here touches a budget.",
            ),
        ),
        Check(
            "operations",
            Text(
                "打开坏掉的环节（或缺货商品）看处理进度。",
                "See how the broken step (or the empty shelf) is coming along.",
            ),
        ),
    ),
    AlertKind.DRIFT: (
        Check(
            "operations",
            Text(
                "按天对照这几周的改动：价格、运费、页面、商品结构、投放人群。",
                "Set the weeks' changes against it day by day: prices, shipping, pages, range of products, audiences.",
            ),
        ),
        Check(
            "ads",
            Text(
                "看流量来源占比是否变了：新人群转化低，总转化率也会走低。",
                "See whether the mix of traffic changed: a new audience that converts less lowers the whole rate.",
            ),
        ),
    ),
    AlertKind.POOLED: (
        Check(
            "engineering",
            Text(
                "多店同时变化，先查共用的支付、主题与采集端。",
                "Several stores moved together: first check what they share (payment, theme, collector).",
            ),
        ),
    ),
}


#: what to look at first where other visitors came
_MIX_CHECK = Check(
    "ads",
    Text(
        "看多出来的访客来自哪个渠道或投放：人群、落地页与价格是否合适。",
        "Look at which channel or campaign the additional visitors come from: do audience, landing page and price fit?",
    ),
)


def checks_for(step: str, kind: str, label: str) -> tuple[Check, ...]:
    """The likely checks for an alert, most informative first: evidence for lost tracking puts tracking's checks in front.

    A kind or label that is not of ``AlertKind`` or ``AlertLabel`` (of another release, or empty) says nothing.
    """
    own = KIND_CHECKS.get(kind, STEP_CHECKS.get(step, ()))
    if label == AlertLabel.MIX:
        return (_MIX_CHECK, *own[:2])
    if label == AlertLabel.INFLATED:
        return KIND_CHECKS[AlertKind.SURGE][1:] + own[:1]
    if label == AlertLabel.TRACKING and kind != AlertKind.TRACKING:
        return KIND_CHECKS[AlertKind.TRACKING] + own[:1]
    return own
