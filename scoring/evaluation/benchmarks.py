"""Published figures as a comparator: which rows of a table are taken, and which are rejected in words.

A row says what an indicator came to at a percentile of somebody's sample. It is taken only if it says over what it was counted, and that
is what the indicator is counted over: a share of all sessions says nothing of a share of those that saw a product.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import NormalDist

from scoring.evaluation.comparator import BenchmarkFigure, Comparator, benchmark_comparator
from scoring.evaluation.dimensions.registry import INDICATOR_BY_ID
from scoring.evaluation.errors import EvaluationError
from scoring.evaluation.figure import SourceRows
from scoring.evaluation.targets import StoreTarget, target_g
from scoring.wording.text import Text

#: columns of a table: what every row needs, and what it may say besides
NEEDED = ("of", "value", "percentile", "denominator", "sample", "publisher", "licence")
OPTIONAL = ("market", "device", "period", "source")
_PAID = Text("已付款订单", "paid orders")
_VIEWS = Text("页面浏览", "page views")
_PRODUCT_VIEWS = Text("商品页浏览", "product page views")
_TALKS = Text("会话", "conversations")
#: over what each indicator is counted; what is not here has no published counterpart (its unit is a currency, or the shop's own promise)
DENOMINATORS: Mapping[str, Text] = {
    "traffic_quality.click_through": Text("曝光", "impressions"),
    "traffic_quality.engaged_sessions": Text("访问", "sessions"),
    "traffic_quality.bot_share": Text("访问", "sessions"),
    "page_experience.fast_pages": _VIEWS,
    "page_experience.stable_pages": _VIEWS,
    "page_experience.responsive_pages": _VIEWS,
    "page_experience.view_to_cart": Text("看过商品页的访问", "sessions that saw a product page"),
    "page_experience.checkout_errors": Text("结账", "checkouts"),
    "page_experience.empty_searches": Text("站内搜索", "searches"),
    "page_experience.out_of_stock_views": _PRODUCT_VIEWS,
    "price.featured_offer": _PRODUCT_VIEWS,
    "price.coupon_errors": Text("优惠券提交", "coupon attempts"),
    "price.cart_to_order": Text("加购访问", "sessions with an add to cart"),
    "logistics.time_to_ship": _PAID,
    "logistics.time_to_deliver": Text("已发货订单", "shipped orders"),
    "logistics.seller_cancellations": _PAID,
    "service.time_to_answer": _TALKS,
    "service.unanswered": _TALKS,
    "service.satisfaction": Text("评分", "ratings"),
    "returns.refunds": _PAID,
    "returns.disputes": _PAID,
    "returns.negative_reviews": Text("评价", "reviews"),
    "returns.rating": Text("评价", "reviews"),
}
_NORMAL = NormalDist()


@dataclass(frozen=True, slots=True)
class BenchmarkRow:
    """One row that was taken: of which indicator, its figure, and where it is."""

    of: str
    figure: BenchmarkFigure
    place: int


def benchmark_row(values: Mapping[str, str], place: int) -> BenchmarkRow:
    """A row of a table.

    Args:
        values: by column, as text.
        place: its line.

    Raises:
        EvaluationError: it cannot be taken; the text says why and what would do.
    """
    of = values.get("of", "")
    if of not in INDICATOR_BY_ID:
        raise EvaluationError(f"unknown indicator {of[:64]!r}; `funnelwatch ask definition` lists all")
    if of not in DENOMINATORS:
        raise EvaluationError(f"{of}: no published figure is counted like it")
    for name in NEEDED:
        if not values.get(name):
            more = "; without it a figure means nothing" if name == "denominator" else ""
            raise EvaluationError(f"{of}: {name} is missing{more}")
    counted_over = DENOMINATORS[of]
    if values["denominator"].casefold() not in (counted_over("en").casefold(), counted_over("zh")):
        raise EvaluationError(
            f"{of} is counted over {counted_over('en')} ({counted_over('zh')}), not over {values['denominator'][:64]!r}: the two cannot be compared"
        )
    if values.get("device", "").casefold() not in ("", "all"):
        raise EvaluationError(
            f"{of}: a figure of one device ({values['device'][:32]}) is not one of the shop; expected all"
        )
    value, percentile = _share(of, "value", values["value"]), _share(of, "percentile", values["percentile"])
    if not 0 < percentile < 1:
        raise EvaluationError(
            f"{of}: percentile must lie between 0 and 1 (or 0% and 100%), not {values['percentile'][:32]}"
        )
    sample = _share(of, "sample", values["sample"])
    if sample < 2 or sample != int(sample):
        raise EvaluationError(
            f"{of}: sample must be a number of stores from 2 on, not {values['sample'][:32]}"
        )
    target_g(StoreTarget(of, value))
    figure = BenchmarkFigure(
        value,
        percentile,
        values["denominator"][:200],
        int(sample),
        values["publisher"][:200],
        values["licence"][:200],
        values.get("market", "")[:200],
        values.get("device", "")[:200],
        values.get("period", "")[:200],
    )
    return BenchmarkRow(of, figure, place)


def _share(of: str, name: str, text: str) -> float:
    try:
        return float(text.removesuffix("%")) / (100 if text.endswith("%") else 1)
    except ValueError:
        raise EvaluationError(f"{of}: {name}: expected a number, not {text[:32]!r}") from None


def benchmark_comparators(rows: Sequence[BenchmarkRow], table: str) -> dict[str, Comparator]:
    """What is usual by published figures, by indicator.

    Args:
        rows: of one table.
        table: its name.

    Raises:
        EvaluationError: the rows of an indicator do not make a comparator; the text says why.
    """
    found = {}
    for of in sorted({row.of for row in rows}):
        own = [row for row in rows if row.of == of]
        sources = {(row.figure.publisher, row.figure.market, row.figure.period) for row in own}
        if len(sources) > 1:
            raise EvaluationError(
                f"{of}: figures of different publishers, markets or periods are never mixed; leave one of them in"
            )
        if len({row.figure.percentile for row in own}) < 2:
            raise EvaluationError(
                f"{of}: one percentile does not say how far stores lie apart; a second is needed"
            )
        points = [
            (row.figure, target_g(StoreTarget(of, row.figure.value)), _NORMAL.inv_cdf(row.figure.percentile))
            for row in own
        ]
        lines = ", ".join(str(row.place) for row in own)
        behind = SourceRows(table, f"lines {lines}", len(own), own[0].figure.publisher)
        comparator = benchmark_comparator(points, (behind,))
        if comparator is None:
            raise EvaluationError(f"{of}: a higher percentile must have a higher value")
        found[of] = comparator
    return found
