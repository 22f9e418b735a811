"""The words of attribution in both languages: channels, models, why a figure is not given, and what the numbers are."""

from __future__ import annotations

from collections.abc import Mapping

from scoring.evaluation.attribution.credits import AttributionModel
from scoring.evaluation.attribution.journeys import DIRECT, EMAIL, PAID, SEARCH, SOCIAL, UNKNOWN
from scoring.evaluation.attribution.lines import AttributionLack
from scoring.funnel.segment_names import OTHER
from scoring.wording.text import Text

CHANNEL_NAMES: Mapping[str, Text] = {
    PAID: Text("付费广告", "Paid ads"),
    EMAIL: Text("邮件", "Email"),
    SOCIAL: Text("社交（未付费）", "Social, unpaid"),
    SEARCH: Text("自然搜索", "Organic search"),
    DIRECT: Text("直接访问", "Direct"),
    "referral": Text("外站链接", "Referral"),
    OTHER: Text("其他渠道", "Other channels"),
    UNKNOWN: Text("来源不明", "Unknown"),
}
NO_CAMPAIGN = Text("（没有活动名）", "(no campaign named)")
MODEL_NAMES: Mapping[AttributionModel, Text] = {
    AttributionModel.LAST: Text("末次非直接点击", "Last non-direct click"),
    AttributionModel.LINEAR: Text("线性", "Linear"),
    AttributionModel.POSITION: Text("首末 40%", "Position, 40/20/40"),
    AttributionModel.MARKOV: Text("马尔可夫移除", "Markov removal"),
    AttributionModel.SHAPLEY: Text("沙普利值", "Shapley value"),
}
ATTRIBUTION_LACKS: Mapping[AttributionLack, Text] = {
    AttributionLack.NO_WAYS: Text("没有一单知道是从哪里来的；装上像素，或让订单带上访客号", "of no order is it known by which way it came; install the pixel, or send orders with their visitor"),
    AttributionLack.FEW_WAYS: Text("来路不够：{have}，至少要 {need}", "too few ways are known: {have} of {need}"),
    AttributionLack.BELOW_FLOOR: Text("样本不够：{have}/{need} 单", "too few orders: {have} of {need}"),
    AttributionLack.NO_SPEND: Text("没有广告花费的报表", "no report of ad spend"),
    AttributionLack.NO_AMOUNTS: Text("只有 {have}/{need} 单有金额", "only {have} of {need} orders have an amount"),
    AttributionLack.NO_RATE: Text("币种不同，又没有带日期的汇率", "in another currency, and no rate with its day is known"),
    AttributionLack.NO_TAG: Text("没有一次访问带着这个活动名；请在广告链接上加 utm_campaign", "no visit names this campaign; add utm_campaign to the links of the ads"),
    AttributionLack.NOT_BY_SOURCE: Text("有几家广告平台，访问里看不出是哪家带来的；看各活动", "several platforms advertise, and visits do not say which one they came from; look at the campaigns"),
    AttributionLack.SAME_NAME: Text("几个广告活动同名，分不开", "several ad campaigns have this name and cannot be separated"),
    AttributionLack.NO_CLAIM: Text("平台没有报", "the platform reports none"),
}  # fmt: skip
KIND_NAMES: Mapping[str, Text] = {
    "channel": Text("渠道", "Channel"),
    "campaign": Text("活动", "Campaign"),
    "source": Text("广告平台", "Ads platform"),
}


def plain_lack(lack: AttributionLack) -> Text:
    """Why a figure is not given, without how much there was."""
    return _PLAIN.get(lack) or ATTRIBUTION_LACKS[lack]


_PLAIN: Mapping[AttributionLack, Text] = {
    AttributionLack.FEW_WAYS: Text("来路不够", "too few ways are known"),
    AttributionLack.BELOW_FLOOR: Text("订单样本不够", "too few orders"),
    AttributionLack.NO_AMOUNTS: Text("有的订单没有金额", "some orders have no amount"),
}
#: of models that need many ways, within thirty days
MODEL_FLOOR = Text(
    "不给马尔可夫与沙普利：30 天内知道来路的订单 {orders}（至少 {least_orders}），访问 {visits}（至少 {least_visits}）。",
    "Markov removal and the Shapley value are not given: within 30 days {orders} orders whose way is known (it takes {least_orders}) and {visits} visits (it takes {least_visits}).",
)
KNOWN_WAYS = Text(
    "{orders} 单，其中 {known} 单（{share}）知道来路；其余不分给任何渠道。",
    "{orders} orders; of {known} of them ({share}) the way is known. The others are put down to no channel.",
)
NO_ORDERS = Text(
    "本期没有已知的订单，花费没有可比的。",
    "No order of the period is known: there is nothing to hold the spend against.",
)
KNOWN_MONEY = Text(
    "金额 {money}，其中知道来路的 {known}。", "They brought {money}; those whose way is known, {known}."
)
UNPRICED = Text("{n} 单没有金额。", "{n} orders have no amount.")
IN_BASE = Text("按 {day} 的汇率约合 {money}。", "That is about {money} at the rate of {day}.")
RATE_USED = Text(
    "{currency} 按 {day} 的汇率 {rate} 折成 {into}。", "{currency} at {rate} {into}, the rate of {day}."
)
AD_DAYS = Text(
    "花费与同几天的订单比：{first} 至 {last}。",
    "Spend is held against the orders of the same days: {first} to {last}.",
)
#: what the numbers are, and what they are not
ATTRIBUTION_NOTES = (
    Text(
        "订单是店铺自己的：下单、未取消、不是测试；金额减去了到现在为止的退款。来路是下单前 30 天里的访问，按最后一次说得清来源的访问记。",
        "Orders are the shop's own: placed, not cancelled, no tests; money is less what was refunded until now. A way is the visits of the 30 days before the order; it counts for the last visit that says where it came from.",
    ),
    Text(
        "金额照来源给的：店铺订单一般含税（VAT），广告花费一般不含税。平台自报的订单按平台自己的规则算（含看过未点、含后来取消的），几家平台可能各报同一单；两种口径并排放，从不相加。",
        "Amounts are as the sources give them: orders usually with VAT, ad spend usually without. What platforms claim follows their own rules (views without a click, orders cancelled later), and several may claim one order; the two are shown side by side and never added.",
    ),
    Text(
        "90% 区间只含订单来多来少的偶然；渠道分到一单，不等于没有这个渠道就没有这一单。",
        "The 90 % intervals carry only the chance by which orders come. An order put down to a channel would not necessarily be missing without it.",
    ),
)  # fmt: skip
