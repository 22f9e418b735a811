"""The weights, in one place, with the reason of each. Change one and ``VERSION`` grows: it is another definition, and lines break there.

Within a dimension an indicator's weight is 3 where it is what the buyer meets, 2 where it leads to that, 1 where it only hints at it.
Between dimensions all weights are equal: nobody has shown that one is worth more, and a rank that needs unequal weights is not shown
(``comparing.py`` draws them within a quarter of what they are).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from scoring.wording.text import Text

VERSION = 1
#: less than this part of the weights measured: no score of a dimension, no health
LEAST_COVERAGE, LEAST_HEALTH_COVERAGE = 0.5, 0.6


@dataclass(frozen=True, slots=True)
class Weight:
    """A weight and why it is what it is."""

    weight: int
    reason: Text


_MET = Text("买家直接感受到的结果", "what the buyer meets")
_LEADS = Text("直接影响结果的过程", "leads to what the buyer meets")
_HINTS = Text("只是旁证", "only a hint")
_EQUAL = Text(
    "没有证据说明哪个维度更重要，六个维度等权",
    "no evidence that one dimension matters more: all weigh the same",
)

DIMENSION_WEIGHTS: Mapping[str, Weight] = {
    name: Weight(1, _EQUAL)
    for name in ("traffic_quality", "page_experience", "price", "logistics", "service", "returns")
}
INDICATOR_WEIGHTS: Mapping[str, Weight] = {
    "traffic_quality.click_through": Weight(3, Text("流量是否对路，第一眼就看点击", "whether traffic fits shows first in clicks")),
    "traffic_quality.engaged_sessions": Weight(2, _LEADS),
    "traffic_quality.bot_share": Weight(2, Text("机器流量会稀释后面每一步", "bots dilute every step that follows")),
    "traffic_quality.orders_per_spend": Weight(3, Text("花的钱换来多少单", "what the money spent brings")),
    "page_experience.fast_pages": Weight(3, _MET),
    "page_experience.stable_pages": Weight(1, _HINTS),
    "page_experience.responsive_pages": Weight(2, _LEADS),
    "page_experience.view_to_cart": Weight(3, Text("商品页留不留得住人", "whether the product page convinces")),
    "page_experience.checkout_errors": Weight(3, _MET),
    "page_experience.empty_searches": Weight(2, _LEADS),
    "page_experience.out_of_stock_views": Weight(2, _MET),
    "price.featured_offer": Weight(3, Text("没有购物车，大多数买家看不到价格", "without the featured offer most buyers never see the price")),
    "price.price_index": Weight(3, _MET),
    "price.coupon_errors": Weight(2, _MET),
    "price.cart_to_order": Weight(2, Text("运费与税在这一步才看到", "shipping and tax are first seen here")),
    "logistics.shipped_in_time": Weight(3, Text("平台考核的就是它", "what platforms hold sellers to")),
    "logistics.time_to_ship": Weight(2, _LEADS),
    "logistics.time_to_deliver": Weight(3, _MET),
    "logistics.seller_cancellations": Weight(3, _MET),
    "service.answered_in_time": Weight(3, Text("平台考核的就是它", "what platforms hold sellers to")),
    "service.time_to_answer": Weight(2, _MET),
    "service.unanswered": Weight(3, _MET),
    "service.satisfaction": Weight(2, Text("只有一部分买家会打分", "only some buyers rate")),
    "returns.refunds": Weight(3, _MET),
    "returns.disputes": Weight(3, Text("少，但每一起都贵，还影响账号", "few, but each is costly and counts against the account")),
    "returns.negative_reviews": Weight(3, Text("后来的买家会看到", "later buyers read them")),
    "returns.rating": Weight(2, Text("变化慢，多为过去的结果", "slow to move: mostly the past")),
}  # fmt: skip
