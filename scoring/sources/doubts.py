"""What cannot be believed of a source's figures: what was said, what was to be expected, and who else says so; with its words for people."""

from __future__ import annotations

from decimal import Decimal
from enum import StrEnum

import msgspec

from scoring.wording.text import Language, Text


class DoubtKind(StrEnum):
    """What is not to be believed. Closed: a new one is a new member here, with its sentence."""

    VALUE = "value"
    MISSING = "missing"
    MIX = "mix"
    PAID = "paid"
    TIMES = "times"
    AHEAD = "ahead"
    COUNT = "count"
    SALES = "sales"


class Witness(StrEnum):
    """Who says otherwise."""

    RULE = "rule"
    PAST = "past"
    FILE = "file"
    PIXEL = "pixel"
    REPORT = "report"


#: what is wrong for every figure made of it; the others are a notice
_GRAVE = frozenset(
    {DoubtKind.VALUE, DoubtKind.TIMES, DoubtKind.AHEAD, DoubtKind.COUNT, DoubtKind.SALES, DoubtKind.PAID}
)
_GRAVE_FIELDS = frozenset({"amount", "currency", "placed"})

_WITNESSES: dict[Witness, Text] = {
    Witness.RULE: Text("每个订单都应有", "every order has it"),
    Witness.PAST: Text("本连接以往", "this connection's own past"),
    Witness.FILE: Text("导入的文件", "imported files"),
    Witness.PIXEL: Text("页面像素", "the page's pixel"),
    Witness.REPORT: Text("平台自己的报表", "the platform's own report"),
}
_FIELDS: dict[str, Text] = {
    "amount": Text("金额", "the amount"),
    "currency": Text("币种", "the currency"),
    "placed": Text("下单时间", "the time of the order"),
    "buyer": Text("买家标识", "the buyer"),
    "units": Text("件数", "the number of units"),
    "country": Text("国家", "the country"),
    "payment_method": Text("支付方式", "the payment method"),
    "on_delivery": Text("是否货到付款", "whether it is paid on delivery"),
}
_SENTENCES: dict[DoubtKind, Text] = {
    DoubtKind.VALUE: Text(
        "{about} 订单金额约为平时的 {factor} 倍：中位数 {now}，{witness}为 {usual}（{orders} 单）",
        "Amounts in {about} are about {factor} times the usual: the median is {now}, by {witness} it is {usual} ({orders} orders)",
    ),
    DoubtKind.MISSING: Text(
        "最近 {orders} 单中 {now} 有{field}，而{witness}为 {usual}",
        "Of the last {orders} orders, {now} have {field}; by {witness} it is {usual}",
    ),
    DoubtKind.MIX: Text(
        "{field}与以往几乎没有交集：现在多为 {now}，{witness}多为 {usual}（{orders} 单）",
        "Values of {field} are unlike before: mostly {now} now, mostly {usual} by {witness} ({orders} orders)",
    ),
    DoubtKind.PAID: Text(
        "下单满一天的 {orders} 单没有一单已支付，{witness}为 {usual}：要么没人能付款，要么来源不再给出付款",
        "None of {orders} orders older than a day is paid, by {witness} {usual} are: nobody can pay, or the source no longer says it",
    ),
    DoubtKind.TIMES: Text(
        "{orders} 单的下单时间变了（例如 {usual} 变成 {now}）：下单时间不会变，多半是时区",
        "The time at which {orders} orders were placed has changed (such as {usual} to {now}): it never changes; look at the zone",
    ),
    DoubtKind.AHEAD: Text(
        "{orders} 单的下单时间在未来（最多超前 {now} 分钟）：检查时区和时钟",
        "{orders} orders were placed in the future (up to {now} minutes ahead): look at the zone and the clock",
    ),
    DoubtKind.COUNT: Text(
        "完整日的订单数为 {now}，{witness}为 {usual}", "Closed days have {now} orders; {witness} says {usual}"
    ),
    DoubtKind.SALES: Text(
        "完整日的销售额（{about}）为 {now}，{witness}为 {usual}，相差约 {factor} 倍",
        "Closed days have sales of {now} {about}; {witness} says {usual}, apart by a factor of about {factor}",
    ),
}


class Doubt(msgspec.Struct, frozen=True, omit_defaults=True):
    """One thing that cannot be believed.

    Attributes:
        kind, witness: what, and who says otherwise.
        about: a currency, or a field.
        now, usual: what is said, and what was to be expected, as text.
        orders: from how many orders it follows.
    """

    kind: DoubtKind
    witness: Witness
    about: str = ""
    now: str = ""
    usual: str = ""
    orders: int = 0

    @property
    def key(self) -> str:
        """What it is recognised by, however its figures change."""
        return f"{self.kind}/{self.witness}/{self.about}"

    @property
    def is_grave(self) -> bool:
        """Whether figures that are made of it are wrong; otherwise it is a notice."""
        return self.kind in _GRAVE or self.about in _GRAVE_FIELDS

    def __str__(self) -> str:
        return " ".join(part for part in (self.kind.value, self.about, f"{self.usual} → {self.now}") if part)[
            :200
        ]


class DoubtCheck(msgspec.Struct, frozen=True, omit_defaults=True):
    """What is known, as it is kept.

    Attributes:
        checked_ms: when it was last looked at.
        since_ms: what was said before is the past that the present is judged by, as long as there are doubts; 0 without.
        doubts: that there are now.
    """

    checked_ms: int = 0
    since_ms: int = 0
    doubts: tuple[Doubt, ...] = ()


def doubt_in_words(doubt: Doubt, language: Language) -> str:
    """A sentence for people."""
    field = _FIELDS.get(doubt.about)
    return _SENTENCES[doubt.kind](
        language,
        about=doubt.about,
        field=field(language) if field else doubt.about,
        now=doubt.now,
        usual=doubt.usual,
        orders=doubt.orders,
        witness=_WITNESSES[doubt.witness](language),
        factor=_factor(doubt) if doubt.kind in (DoubtKind.VALUE, DoubtKind.SALES) else "",
    )


def _factor(doubt: Doubt) -> str:
    """How far apart two sums are, with two digits that count."""
    now, usual = Decimal(doubt.now), Decimal(doubt.usual)
    if not now or not usual:
        return "∞"
    factor = now / usual
    return f"{float(factor):.2g}" if factor < 10 else f"{float(factor):,.0f}"  # noqa: RUF100
