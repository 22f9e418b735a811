"""The words for people, zh and en: names of stages, steps, states, sources, roles; what to check is in ``checks.py``.

Pure data, read by the live page, the alert cards and the digests, so that one thing has one name everywhere. Words of one surface only (buttons, headings) live with that surface.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Mapping
from typing import NamedTuple

from scoring.events.event import DeviceClass, Platform, RejectReason, Source
from scoring.funnel.pools import PoolDimension, parse_pool
from scoring.funnel.scores import ScoreState
from scoring.funnel.segment_names import AGENTS, JOINT, MISSING, NO_PAGE, OTHER
from scoring.funnel.stages import STEP_BY_ID, Stage
from scoring.wording.countries import COUNTRY_NAMES
from scoring.wording.period_words import PERIOD_STEP_WORDS
from scoring.wording.text import Language, Text

STAGE_NAMES: Mapping[Stage, Text] = {
    Stage.IMPRESSION: Text("曝光", "Impressions"),
    Stage.CLICK: Text("点击", "Clicks"),
    Stage.ADD_TO_CART: Text("加购", "Add to cart"),
    Stage.ORDER: Text("下单", "Orders"),
    Stage.PAYMENT: Text("支付", "Payments"),
    Stage.FULFILMENT: Text("发货", "Fulfilment"),
    Stage.REPURCHASE: Text("复购", "Repurchase"),
}

#: what is counted at a stage, in the plural and within a sentence
STAGE_UNITS: Mapping[Stage, Text] = {
    Stage.IMPRESSION: Text("曝光", "impressions"),
    Stage.CLICK: Text("点击", "clicks"),
    Stage.ADD_TO_CART: Text("加购", "adds to cart"),
    Stage.ORDER: Text("下单", "orders"),
    Stage.PAYMENT: Text("支付", "payments"),
    Stage.FULFILMENT: Text("发货", "fulfilments"),
    Stage.REPURCHASE: Text("复购", "repurchases"),
}

#: one of them, in English
_ONE: Mapping[Stage, str] = {
    Stage.IMPRESSION: "impression",
    Stage.CLICK: "click",
    Stage.ADD_TO_CART: "add to cart",
    Stage.ORDER: "order",
    Stage.PAYMENT: "payment",
    Stage.FULFILMENT: "fulfilment",
    Stage.REPURCHASE: "repurchase",
}
#: what each is counted in, in Chinese
_MEASURES: Mapping[Stage, str] = {
    Stage.IMPRESSION: "次",
    Stage.CLICK: "次",
    Stage.ADD_TO_CART: "次",
    Stage.ORDER: "笔",
    Stage.PAYMENT: "笔",
    Stage.FULFILMENT: "单",
    Stage.REPURCHASE: "笔",
}


class Arrivals(NamedTuple):
    """What arrives at the end of a step, with its measure word: 支付 12 笔, 1 payment.

    Attributes:
        name: its name, for a rate (支付率).
        unit: what is counted, in the plural.
        one: one of them, in English.
        measure: its measure word in Chinese; may be empty.
    """

    name: Text
    unit: Text
    one: str
    measure: str = ""

    def counted(self, shown: str, language: Language) -> str:
        """That many of them, as a statement; ``shown`` is the number as the reader writes it."""
        if language == "zh":
            return f"{self.unit.zh} {shown} {self.measure}".rstrip()
        return f"{shown} {self.one if shown == '1' else self.unit.en}"

    def missing(self, shown: str, language: Language) -> str:
        """That many of them, as what is missing."""
        if language == "zh":
            return f"{shown} {self.measure}{self.unit.zh}" if self.measure else f"{shown} {self.unit.zh}"
        return f"{shown} fewer {self.one if shown == '1' else self.unit.en}"


def arrivals_of(step: str) -> Arrivals:
    """What arrives at the end of a step, or at a single stage; the id itself for an unknown one."""
    reported = PERIOD_STEP_WORDS.get(step)
    if reported is not None:
        return Arrivals(reported.unit, reported.unit, reported.unit.en.removesuffix("s"), reported.measure)
    known = STEP_BY_ID.get(step)
    stage = known.downstream if known else next((stage for stage in STAGE_NAMES if stage == step), None)
    if stage is None:
        return Arrivals(Text(step, step), Text(step, step), step)
    return Arrivals(STAGE_NAMES[stage], STAGE_UNITS[stage], _ONE[stage], _MEASURES[stage])


STATE_NAMES: Mapping[ScoreState, Text] = {
    ScoreState.NORMAL: Text("正常", "Normal"),
    ScoreState.BREACH: Text("偏离", "Off baseline"),
    ScoreState.NOT_ENOUGH_DATA: Text("数据不足", "Not enough data"),
    ScoreState.NO_BASELINE: Text("基线学习中", "Learning"),
    ScoreState.MISSING_STAGE: Text("未接入", "No data source"),
    ScoreState.DATA_LATE: Text("数据延迟", "Data late"),
}

STATE_MEANINGS: Mapping[ScoreState, Text] = {
    ScoreState.NORMAL: Text("到达数在预期区间内。", "Arrivals are within what is expected."),
    ScoreState.BREACH: Text(
        "到达数超出预期，已过告警阈值。",
        "Arrivals are further from the expectation than the threshold allows.",
    ),
    ScoreState.NOT_ENOUGH_DATA: Text(
        "样本太少，暂不判断。", "The sample is too small to judge; no verdict is given."
    ),
    ScoreState.NO_BASELINE: Text(
        "历史不够，基线还在学习中。", "There is too little history; the baseline is still being learned."
    ),
    ScoreState.MISSING_STAGE: Text(
        "该环节没有接入数据，不是零。", "No source supplies this stage; that is not zero."
    ),
    ScoreState.DATA_LATE: Text(
        "数据未按时到达，等到齐后再判断。", "Data is arriving late; judged when it is complete."
    ),
}

PLATFORM_NAMES: Mapping[Platform, Text] = {
    Platform.SHOPIFY: Text("Shopify", "Shopify"),
    Platform.AMAZON: Text("亚马逊", "Amazon"),
    Platform.SHOPEE: Text("Shopee", "Shopee"),
    Platform.LAZADA: Text("Lazada", "Lazada"),
    Platform.TIKTOK_SHOP: Text("TikTok Shop", "TikTok Shop"),
    Platform.OWN_SITE: Text("独立站", "Own site"),
    Platform.TAOBAO: Text("淘宝", "Taobao"),
    Platform.OTHER: Text("其他", "Other"),
}

SOURCE_NAMES: Mapping[Source, Text] = {
    Source.PIXEL: Text("像素", "Pixel"),
    Source.API: Text("接口", "API"),
    Source.WEBHOOK: Text("Webhook", "Webhook"),
    Source.POLL: Text("定时读取", "Poll"),
    Source.REPLAY: Text("回放", "Replay"),
    Source.DEMO: Text("演示", "Demo"),
}

DEVICE_NAMES: Mapping[DeviceClass, Text] = {
    DeviceClass.IOS: Text("iOS", "iOS"),
    DeviceClass.ANDROID: Text("安卓", "Android"),
    DeviceClass.OTHER_MOBILE: Text("其他移动端", "Other mobile"),
    DeviceClass.DESKTOP: Text("桌面端", "Desktop"),
    DeviceClass.BOT: Text("爬虫", "Bot"),
    DeviceClass.AGENT: Text("签名智能体", "Signed agent"),
    DeviceClass.UNKNOWN: Text("未知设备", "Unknown device"),
}

REASON_NAMES: Mapping[RejectReason, Text] = {
    RejectReason.BROKEN_JSON: Text("JSON 损坏", "Broken JSON"),
    RejectReason.NOT_UTF8: Text("不是 UTF-8", "Not UTF-8"),
    RejectReason.NOT_AN_OBJECT: Text("不是对象", "Not an object"),
    RejectReason.EMPTY: Text("空内容", "Empty"),
    RejectReason.TOO_LARGE: Text("内容过大", "Too large"),
    RejectReason.UNREADABLE_BODY: Text("正文无法解压", "Body cannot be decompressed"),
    RejectReason.MISSING_FIELD: Text("缺少字段", "Missing field"),
    RejectReason.UNKNOWN_FIELD: Text("未知字段", "Unknown field"),
    RejectReason.WRONG_TYPE: Text("类型错误", "Wrong type"),
    RejectReason.UNKNOWN_TYPE: Text("未知事件类型", "Unknown event type"),
    RejectReason.UNKNOWN_STORE: Text("未知店铺", "Unknown store"),
    RejectReason.BAD_VALUE: Text("取值无效", "Bad value"),
    RejectReason.BAD_MONEY: Text("金额无效", "Bad money"),
    RejectReason.TIME_IN_FUTURE: Text("时间在未来", "Time in the future"),
    RejectReason.TIME_ABSURD: Text("时间不合理", "Absurd time"),
    RejectReason.TIME_TOO_OLD: Text("页面事件过旧", "Too old for a page"),
    RejectReason.BAD_ROW: Text("行格式错误", "Bad row"),
    RejectReason.UNTRANSLATABLE: Text("无法转换", "Cannot be translated"),
}

OWNERS: Mapping[str, Text] = {
    "operations": Text("运营", "Operations"),
    "ads": Text("投放", "Advertising"),
    "design": Text("美工", "Design"),
    "engineering": Text("技术", "Engineering"),
    "payments": Text("支付", "Payments"),
    "logistics": Text("物流", "Logistics"),
    "supply": Text("供应链", "Supply chain"),
    "support": Text("客服", "Customer support"),
}


#: steps of alerts that are of none of the funnel's: on a connection, on ad spend
_OTHER_STEPS: Mapping[str, Text] = {
    "source": Text("数据源", "Source"),
    "ad_spend": Text("广告花费", "Ad spend"),
}


def step_name(step: str, language: Language) -> str:
    """The name of a step (or of a single stage) for people, for example ``下单 → 支付``; the id itself for an unknown one."""
    reported = PERIOD_STEP_WORDS.get(step)
    if reported is not None:
        return reported.name(language)
    known = STEP_BY_ID.get(step)
    if known is None:
        if step in _OTHER_STEPS:
            return _OTHER_STEPS[step](language)
        return next((name(language) for stage, name in STAGE_NAMES.items() if stage == step), step)
    return f"{STAGE_NAMES[known.upstream](language)} → {STAGE_NAMES[known.downstream](language)}"


#: every step that ``step_name`` knows: what dashboards have to know the name of
NAMED_STEPS: tuple[str, ...] = (*STEP_BY_ID, *PERIOD_STEP_WORDS, *_OTHER_STEPS)

#: names of channels that many shops use; any other is shown as it is written
_CHANNELS: Mapping[str, Text] = {
    "organic": Text("自然", "organic"),
    "paid": Text("付费", "paid"),
    "social": Text("社媒", "social"),
    "direct": Text("直接访问", "direct"),
    "referral": Text("外链", "referral"),
    "email": Text("邮件", "email"),
}


#: names of payment methods that many shops use, in small letters; any other is shown as it is written
_METHODS: Mapping[str, Text] = {
    "card": Text("银行卡", "card"),
    "credit_card": Text("信用卡", "credit card"),
    "debit_card": Text("借记卡", "debit card"),
    "paypal": Text("PayPal", "PayPal"),
    "cod": Text("货到付款", "cash on delivery"),
    "cash_on_delivery": Text("货到付款", "cash on delivery"),
    "bank_transfer": Text("银行转账", "bank transfer"),
    "wallet": Text("电子钱包", "wallet"),
    "gift_card": Text("礼品卡", "gift card"),
    "alipay": Text("支付宝", "Alipay"),
    "wechat_pay": Text("微信支付", "WeChat Pay"),
    "apple_pay": Text("Apple Pay", "Apple Pay"),
    "google_pay": Text("Google Pay", "Google Pay"),
    "klarna": Text("Klarna", "Klarna"),
}


def _method_name(value: str, language: Language) -> str | None:
    known = _METHODS.get(value.lower().replace(" ", "_").replace("-", "_"))
    return known(language) if known else None


_NAMED_SEGMENTS: Mapping[str, Text] = {
    OTHER: Text("其他分群", "Other segments"),
    NO_PAGE: Text("不经过页面的订单", "Orders without a page"),
    AGENTS: Text("智能体下单", "Agents' orders"),
}


def segment_name(segment: str, language: Language, among: Iterable[str] = ()) -> str:
    """A segment for people: ``ios/paid`` as ``iOS × paid``, the empty one as the whole store.

    ``among`` are those it is named with: what none of them gives (clicks have no payment method yet) is left out.
    """
    if not segment:
        return Text("全店", "Whole store")(language)
    if segment in _NAMED_SEGMENTS:
        return _NAMED_SEGMENTS[segment](language)
    known = {
        **{device.value: name for device, name in DEVICE_NAMES.items()},
        **_CHANNELS,
        **COUNTRY_NAMES,
        "-": Text("未标明", "unspecified"),
    }
    rows = [one.split(JOINT) for one in among if JOINT in one]
    given = [set(column) != {MISSING} for column in zip(*rows, strict=False)]
    parts = segment.split(JOINT)
    if len(given) == len(parts) and any(given):
        parts = list(itertools.compress(parts, given))
    return " × ".join(
        known[part](language) if part in known else _method_name(part, language) or part for part in parts
    )


_POOLS: Mapping[PoolDimension, Text] = {
    PoolDimension.PLATFORM: Text("{value}各店", "{value} stores"),
    PoolDimension.PAYMENT_METHOD: Text("用 {value} 支付的各店", "Stores paid by {value}"),
    PoolDimension.COUNTRY: Text("{value}各店", "Stores in {value}"),
}


def pool_name(identifier: str, language: Language) -> str | None:
    """A pool of stores for people: ``pool:platform=shopify`` as ``Stores on Shopify``; None for the id of a store."""
    parsed = parse_pool(identifier)
    if parsed is None:
        return None
    dimension, value = parsed
    platforms = {platform.value: name for platform, name in PLATFORM_NAMES.items()}
    names = COUNTRY_NAMES if dimension is PoolDimension.COUNTRY else platforms
    shown = names[value](language) if value in names else _method_name(value, language) or value
    if language == "zh" and dimension is not PoolDimension.PAYMENT_METHOD and shown[-1:].isascii():
        shown += " "  # as Chinese is set next to Latin letters
    return _POOLS[dimension](language, value=shown)
