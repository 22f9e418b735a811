"""The registry of scenarios: what shops ask about, as rules. A title says what is seen; none says why.

A new rule is one entry here. Advice is written for the person who does it on Monday, and names how it will be judged.
"""

from __future__ import annotations

from collections.abc import Mapping

from scoring.evaluation.duties import Duty
from scoring.evaluation.readings import DIFFER, GAPS, NO_BASIS, VOLUME, steps_into
from scoring.evaluation.rules import Advice, Condition, DecoyKind, Effort, ReadingLevel, Scenario
from scoring.funnel.stages import Stage
from scoring.wording.text import Text

_INTO = {stage: steps_into(stage) for stage in Stage}
_DATA = (DecoyKind.REPORT_LATE, DecoyKind.TRACKING_BROKEN, DecoyKind.RESTATED)
_ALL = tuple(DecoyKind)
_CLICKS = ("traffic_quality.click_through", *_INTO[Stage.CLICK])
_ADS_PAY = ("traffic_quality.orders_per_spend",)
_SHIPPING = ("logistics.shipped_in_time", "logistics.time_to_deliver", "logistics.time_to_ship")
_OPINION = ("returns.negative_reviews", "returns.rating")
_CHECKOUT = (*_INTO[Stage.ORDER], *_INTO[Stage.PAYMENT])
_TO_PAY = (*_INTO[Stage.ADD_TO_CART], *_CHECKOUT)
_AS_MANY_CARTS = Condition((VOLUME + Stage.ADD_TO_CART,), ReadingLevel.NOT_LOW)

SCENARIOS: tuple[Scenario, ...] = (
    Scenario(
        "shown_not_clicked",
        Text("曝光明显多了，点击率明显低了", "Shown clearly more often, clicked clearly less"),
        Text("多出来的曝光没有换来点击。可能是人群不对，也可能是素材不行，单看这两个数分不出来。",
             "The additional impressions bring no clicks. Wrong audience or weak creative: these two numbers cannot say which."),
        (Condition((VOLUME + Stage.IMPRESSION,), ReadingLevel.CLEARLY_HIGH), Condition(_CLICKS, ReadingLevel.CLEARLY_LOW)),
        Text("如果老计划（没有改动过的）点击率也同样下降，就不是新增投放的问题。",
             "If campaigns that nobody changed fell just as much, it is not the additional advertising."),
        (
            Advice("split_campaigns", Duty.OPERATIONS, Effort.HOURS,
                   Text("按计划拆开看点击率，把近期新增、点击率垫底的计划先降一半预算。",
                        "Look at click-through by campaign; halve the budget of new campaigns with the lowest."), _CLICKS, 14),
            Advice("test_pictures", Duty.DESIGN, Effort.DAYS,
                   Text("主推款换一版主图，新旧同时投、各占一半，跑满一周再看。",
                        "Make another main picture for the leading product; run both, half each, for a full week."), _CLICKS, 14),
        ),
        (*_DATA, DecoyKind.BOT_WAVE, DecoyKind.MIX_SHIFT, DecoyKind.CALENDAR),
    ),
    Scenario(
        "carts_not_paid",
        Text("加购正常，加购之后到付款明显低了", "Carts as usual, clearly fewer of them paid"),
        Text("问题出在加购之后。运费、优惠券、报错、支付方式都在这一段，要逐个看。",
             "It happens after the cart: shipping fee, coupons, errors and payment methods are all there, to be looked at one by one."),
        (
            Condition(_INTO[Stage.ADD_TO_CART], ReadingLevel.NOT_LOW, _AS_MANY_CARTS),
            Condition(_CHECKOUT, ReadingLevel.CLEARLY_LOW),
        ),
        Text("如果各设备、各支付方式、各国家都同样下降，就不是某一个支付方式或页面的问题。",
             "If every device, payment method and country fell alike, it is not one method or page."),
        (
            Advice("walk_checkout", Duty.ENGINEERING, Effort.HOURS,
                   Text("用主要机型走一遍结账到付款，记下每一步的报错和多出来的费用。",
                        "Walk through checkout to payment on the main devices; note every error and added fee."), _CHECKOUT, 7),
            Advice("ask_leavers", Duty.SUPPORT, Effort.HOURS,
                   Text("找最近三天下单未付的买家，问 20 位没付的原因，记下原话。",
                        "Ask 20 buyers of the last three days who ordered and did not pay why; write down their words."), _CHECKOUT, 14),
            Advice("show_shipping", Duty.OPERATIONS, Effort.DAYS,
                   Text("把运费和税提前到商品页显示，先放一半流量试一周。",
                        "Show shipping and tax on the product page already; for half the traffic, for a week."), _CHECKOUT, 14),
        ),
        _ALL,
    ),
    Scenario(
        "late_and_disliked",
        Text("发货或配送明显慢了，差评也明显多了", "Shipping or delivery clearly slower, and reviews clearly worse"),
        Text("两件事同时发生。差评里有没有提到物流，要看原文才知道。",
             "Both at the same time. Whether the reviews speak of delivery only their words can say."),
        (Condition(_SHIPPING, ReadingLevel.CLEARLY_LOW), Condition(_OPINION, ReadingLevel.CLEARLY_LOW)),
        Text("如果按时收到货的订单，差评也一样多，就和物流慢无关。",
             "If orders that arrived in time have as many bad reviews, slow delivery is not what they are about."),
        (
            Advice("read_reviews", Duty.SUPPORT, Effort.HOURS,
                   Text("把本期差评逐条标上原因（物流、质量、描述不符、其他），按订单号对上发货时间。",
                        "Tag each bad review of the period by reason and match it with its order's shipping time."), _OPINION, 30),
            Advice("oldest_first", Duty.LOGISTICS, Effort.DAYS,
                   Text("每天上午先发最早付款、快到承诺时限的订单；不够人手就先停次日达承诺。",
                        "Every morning ship first what was paid first and is due soonest; short of hands, stop promising next day."), _SHIPPING, 14),
        ),
        (*_DATA, DecoyKind.OUTAGE, DecoyKind.SHOP_CLOSED, DecoyKind.CALENDAR),
    ),
    Scenario(
        "dear_and_once",
        Text("同样的花费换来的订单明显少了，复购也明显低了", "Clearly fewer orders for the money spent, and clearly fewer come back"),
        Text("拉新变贵，老客也没补上。单期的数不能说明这些客人值不值。",
             "New customers cost more and old ones do not make up for it. One period cannot say what these customers are worth."),
        (Condition(_ADS_PAY, ReadingLevel.CLEARLY_LOW), Condition(_INTO[Stage.REPURCHASE], ReadingLevel.CLEARLY_LOW)),
        Text("如果自然流量来的新客复购同样下降，就不是投放带来的人不对。",
             "If new customers who came without ads return less as well, it is not whom the ads bring."),
        (
            Advice("by_channel", Duty.OPERATIONS, Effort.HOURS,
                   Text("按渠道列出每单花费和 60 天复购，停掉两项都垫底的渠道，留两周看。",
                        "List cost per order and repurchase within 60 days by channel; pause those last in both for two weeks."), _ADS_PAY, 28),
            Advice("second_order", Duty.SUPPORT, Effort.DAYS,
                   Text("给签收满 14 天、没有售后的新客发一次二单券，留一半不发作对照。",
                        "Send new customers, 14 days after delivery without complaint, a coupon for a second order; hold half of them out."),
                   _INTO[Stage.REPURCHASE], 60),
        ),
        (*_DATA, DecoyKind.MIX_SHIFT, DecoyKind.CALENDAR, DecoyKind.STOCK_OR_LISTING),
    ),
    Scenario(
        "stores_differ",
        Text("同口径的店（站点）之间差距是真的，不是波动", "Stores (sites) of the same definitions truly differ: it is not noise"),
        Text("差距超出了波动。是店的问题还是市场本来就不同，比不出来。",
             "They differ by more than noise. Whether that is the shop or its market, comparing cannot say."),
        (Condition((DIFFER,), ReadingLevel.TRUE),),
        Text("如果换成各店与自己过去相比，差距就没有了，那是市场不同，不是做得不同。",
             "If it is gone once each is compared with its own past, the markets differ and not the work."),
        (
            Advice("copy_one_thing", Duty.OPERATIONS, Effort.DAYS,
                   Text("从领先的店挑一件具体做法（一张图、一条运费规则），只在一家落后的店试，其他店不动。",
                        "Take one concrete thing of the leading store (a picture, a shipping rule) to one store behind; leave the others."),
                   (*_CLICKS, *_CHECKOUT), 28),
        ),
        (*_DATA, DecoyKind.MIX_SHIFT, DecoyKind.CALENDAR, DecoyKind.STOCK_OR_LISTING),
    ),
    Scenario(
        "no_basis_for_kpi",
        Text("有的岗位背着损失，却没有定过目标", "Losses are put down to roles for which nobody set a target"),
        Text("没有目标就没法考核。损失按约定的比例分摊，是谁能改善，不是谁的错。",
             "Without a target there is nothing to judge by. Losses are shared as agreed: by who can improve it, not by whose fault it is."),
        (Condition((NO_BASIS,), ReadingLevel.TRUE),),
        Text("如果目标已经定了，只是没有录进来，补录即可。", "If targets are set and only not entered, enter them."),
        (
            Advice("set_targets", Duty.OPERATIONS, Effort.HOURS,
                   Text("给每个岗位挑一个它占比最大的步骤，用自己过去 13 期的平常水平加上能做到的改善定目标。",
                        "For each role take the step in which its share is largest; set the target from the usual of the last 13 periods and what can be done."),
                   (NO_BASIS,), 30),
        ),
        (),
    ),
    Scenario(
        "report_has_gaps",
        Text("对外的报告里，有的维度说不了话", "A report for others can say nothing about some dimensions"),
        Text("没有数据的维度写“未测”，不写零，也不写满分。", "A dimension without data is written as not measured: not as nothing, not as full marks."),
        (Condition((GAPS,), ReadingLevel.TRUE),),
        Text("如果数据在别的系统里，接入或导出后重新评价即可。", "If the data is in another system, connect or export it and evaluate again."),
        (
            Advice("close_gaps", Duty.OPERATIONS, Effort.HOURS,
                   Text("按缺口清单补导出：每个没测的指标都写了缺哪一份。", "Export what the list of gaps names: each indicator that is not measured says what it lacks."),
                   (GAPS,), 30),
        ),
        (),
    ),
    Scenario(
        "fewer_orders_as_usual_rate",
        Text("订单明显少了，各步转化没有明显变低", "Clearly fewer orders, while no step converts clearly worse"),
        Text("少的是来的人，不是转化。平台规则、搜索排名、投放都可能，只凭店内数据看不出是哪一个。",
             "Fewer came; those who came bought as usual. Platform rules, search rank, advertising: the shop's own data cannot say which."),
        (
            Condition((VOLUME + Stage.ORDER, VOLUME + Stage.PAYMENT), ReadingLevel.CLEARLY_LOW),
            Condition((VOLUME + Stage.CLICK, VOLUME + Stage.IMPRESSION), ReadingLevel.CLEARLY_LOW, Condition(_TO_PAY, ReadingLevel.NOT_LOW)),
            Condition(_TO_PAY, ReadingLevel.NOT_CLEARLY_LOW),
        ),
        Text("如果同平台同类目的其他店没有变少，就不是平台的普遍变化。",
             "If other stores of the same platform and category did not lose, the platform did not change for everybody."),
        (
            Advice("read_notices", Duty.OPERATIONS, Effort.HOURS,
                   Text("查平台公告与账号健康页，对上下降开始的那一天；再看主推款的搜索排名和收录。",
                        "Read the platform's notices and the account health page for the day on which it began; then rank and listing of leading products."),
                   (VOLUME + Stage.ORDER, VOLUME + Stage.CLICK), 14),
        ),
        _ALL,
    ),
)  # fmt: skip
SCENARIO_BY_ID: Mapping[str, Scenario] = {scenario.id: scenario for scenario in SCENARIOS}
ADVICE_BY_ID: Mapping[str, Advice] = {
    advice.id: advice for scenario in SCENARIOS for advice in scenario.advice
}
